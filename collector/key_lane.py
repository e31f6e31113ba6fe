"""POSTs to key addresses, which is nearly everything phones send, without the web framework around them.

Flask's routing, contexts and response objects take a third of the CPU of such a request. Anything unforeseen here goes the
ordinary way from its beginning: receiving twice is safe, and errors look the same everywhere.
"""

import logging
import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from accounts.app_users import phone_by_token
from accounts.errors import insufficient_rights
from collector.openrosa_xml import CONTENT_TYPE
from collector.phone_access import access_of_phone
from collector.receiving import SUBMIT, Posted, receive_posted, regrets, thanks
from config.problem import Problem
from config.services import Services

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_ADDRESS = re.compile(r"/v1/key/([^/]+)/projects/[0-9]+/submission/?")
log = logging.getLogger("relais.receiving")


def key_lane(app: Wsgi, services: Callable[[], Services]) -> Wsgi:
    """`app` with this shorter way in front of it."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        address = _ADDRESS.fullmatch(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        if address is None:
            return app(environ, start_response)
        try:
            opened = services()
            status, more, body = _receive(opened, address[1], environ)
        except Exception:
            # The ordinary way meets the same again, and reports it.
            log.debug("a POST goes the ordinary way", exc_info=True)
            environ["wsgi.input"].seek(0)
            return app(environ, start_response)
        headers = [
            ("Content-Type", CONTENT_TYPE),
            ("Content-Length", str(len(body))),
            ("X-OpenRosa-Version", "1.0"),
            ("X-OpenRosa-Accept-Content-Length", str(opened.settings.accept_content_length)),
            ("X-Content-Type-Options", "nosniff"),
            *more,
        ]
        start_response(f"{status} {HTTPStatus(status).phrase}", headers)
        return [body]

    return serve


def _receive(opened: Services, token: str, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
    language = opened.settings.language
    try:
        phone = phone_by_token(opened.database, token)
        if phone is None:
            raise insufficient_rights()
        language = phone.language
        outcome = receive_posted(opened, access_of_phone(opened.database, phone, SUBMIT), _posted(environ))
    except Problem as problem:
        return problem.status, list(problem.headers.items()), regrets(problem, language)
    return outcome.status, [], thanks(outcome, language)


def _posted(environ: dict[str, Any]) -> Posted:
    length = environ.get("CONTENT_LENGTH") or ""
    return Posted(
        body=environ["wsgi.input"],
        content_type=environ.get("CONTENT_TYPE", ""),
        content_length=int(length) if length.isdecimal() else None,
        # Bytes that are not UTF-8 stay percent-encoded, as everywhere else (the handler is Werkzeug's).
        device_id=parse_qs(environ.get("QUERY_STRING", ""), errors="werkzeug.url_quote").get("deviceID", [None])[0],
        user_agent=environ.get("HTTP_USER_AGENT"),
    )
