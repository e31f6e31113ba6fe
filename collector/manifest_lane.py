"""Manifests on key addresses, which is nearly everything phones ask, without the web framework around them.

A phone asks for the manifest of every form it holds at every refresh, one after the other, changed or not (C4): a thousand
phones with two hundred forms ask 222 times a second, and get 304 nearly every time. Anything unforeseen goes the ordinary
way (collector.openrosa), which answers the same.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from accounts.app_users import phone_by_token
from accounts.roles import APP_USER
from collector.openrosa_xml import CONTENT_TYPE, MediaEntry, manifest, path_segment
from config.address import base_url_for
from config.gate import Headers
from config.services import Services
from config.statements import Statement

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_ADDRESS = re.compile("/v1/key/([^/]+)/projects/([0-9]+)/forms/([^/]+)/manifest/?")
_FILES = Statement(
    "SELECT f.state, a.name, b.md5, EXISTS (SELECT 1 FROM assignment g WHERE g.actor_id = ? "  # noqa: S608 - our number
    f"AND g.role_id = {APP_USER} AND g.project_id = f.project_id AND g.form_id = f.id) FROM form f "
    "LEFT JOIN form_attachment a ON a.project_id = f.project_id AND a.form_version_id = f.current_version_id "
    "AND a.blob_sha256 IS NOT NULL LEFT JOIN blob b ON b.project_id = a.project_id AND b.sha256 = a.blob_sha256 "
    "WHERE f.project_id = ? AND f.xml_form_id = ? AND f.deleted_at IS NULL AND f.current_version_id IS NOT NULL "
    "ORDER BY a.name"
)
log = logging.getLogger("relais.phones")


def manifest_lane(app: Wsgi, services: Callable[[], Services]) -> Wsgi:
    """`app` with a shorter way in front of it for one question."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        address = _ADDRESS.fullmatch(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "GET" else None
        if address is None:
            return app(environ, start_response)
        try:
            body = _manifest(services(), address, environ)
        except Exception:
            # The ordinary way meets the same again, and says it.
            log.debug("a manifest goes the ordinary way", exc_info=True)
            body = None
        if body is None:
            return app(environ, start_response)
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        unchanged = etag in environ.get("HTTP_IF_NONE_MATCH", "")
        headers: Headers = [
            ("ETag", etag),
            ("Cache-Control", "private, no-cache"),
            ("X-OpenRosa-Version", "1.0"),
            ("X-OpenRosa-Accept-Content-Length", str(services().settings.accept_content_length)),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if not unchanged:
            headers += [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))]
        status = HTTPStatus.NOT_MODIFIED if unchanged else HTTPStatus.OK
        start_response(f"{status.value} {status.phrase}", headers)
        return [] if unchanged else [body]

    return serve


def _manifest(opened: Services, address: re.Match[str], environ: dict[str, Any]) -> bytes | None:
    """The document; None where it takes more than this to answer."""
    # An encoded slash was decoded with the rest, and a token in the query comes before the one in the path.
    if "%2f" in environ.get("REQUEST_URI", "").lower() or "st=" in environ.get("QUERY_STRING", ""):
        return None
    if environ.get("HTTP_X_OPENROSA_VERSION") != "1.0":
        return None
    token, number, name = address.groups()
    phone = phone_by_token(opened.database, token)
    if phone is None or phone.state != "active":
        return None
    xml_form_id = name.encode("latin-1").decode()
    rows = opened.database.look_up(_FILES, (phone.actor_id, phone.project_id, xml_form_id))
    if not rows or rows[0][0] == "closed" or not (phone.all_forms or rows[0][3]):
        return None
    base = base_url_for(opened.settings, environ["wsgi.url_scheme"], environ.get("HTTP_HOST", ""))
    url = f"{base}/v1/key/{token}/projects/{int(number)}/forms/{path_segment(xml_form_id)}/attachments"
    return manifest(
        MediaEntry(file, md5, f"{url}/{path_segment(file)}") for _, file, md5, _ in rows if file is not None
    )
