"""The XML documents a phone reads: form list, manifest and the answer to a submission (C6-C13, C21-C23, C49).

Every function returns UTF-8 bytes that begin with `<?xml`: a byte order mark or a space before it is a syntax error to
Collect (C8). One bad entry would make a phone reject the whole document, or crash (C10, C11, C22), so a bad one is a
ValueError here: the phone then hears 5xx and keeps what it has (C17).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
LIST_NAMESPACE = "http://openrosa.org/xforms/xformsList"
MANIFEST_NAMESPACE = "http://openrosa.org/xforms/xformsManifest"
RESPONSE_NAMESPACE = "http://openrosa.org/http/response"
# C6: anything else is taken for a network proxy's page. C7: needed on list and manifest, harmless elsewhere.
CONTENT_TYPE = "text/xml; charset=utf-8"
OPENROSA_HEADERS = (("X-OpenRosa-Version", "1.0"),)

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MD5 = re.compile("[0-9a-f]{32}")
_URL = re.compile(r"https?://[A-Za-z0-9\[][!#-;=?-\[\]_a-z~]*")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\r": "&#13;"})


@dataclass(frozen=True, slots=True)
class ListEntry:
    """One form as a phone sees it; `md5` is that of the exact bytes behind `download_url` (C11, C15)."""

    form_id: str
    name: str
    version: str
    md5: str
    download_url: str
    manifest_url: str | None = None


@dataclass(frozen=True, slots=True)
class MediaEntry:
    """One form attachment; `filename` is what the form's `jr://` URL says (C23), `type` may be `entityList` (C27)."""

    filename: str
    md5: str
    download_url: str
    type: str | None = None


def form_list(entries: Iterable[ListEntry]) -> bytes:
    """The OpenRosa form list (https://docs.getodk.org/openrosa-form-list/)."""
    forms = "".join(
        f"<xform>{_element('formID', entry.form_id)}{_element('name', entry.name)}"
        # A blank version means none (C10).
        + (_element("version", entry.version) if entry.version.strip() else "")
        + _hash(entry.md5)
        + _url("downloadUrl", entry.download_url)
        + (_url("manifestUrl", entry.manifest_url) if entry.manifest_url is not None else "")
        + "</xform>"
        for entry in entries
    )
    return f'{DECLARATION}<xforms xmlns="{LIST_NAMESPACE}">{forms}</xforms>'.encode()


def manifest(entries: Iterable[MediaEntry]) -> bytes:
    """The OpenRosa manifest of one form (https://docs.getodk.org/openrosa-form-list/#the-manifest-document)."""
    seen: set[str] = set()
    files = []
    for entry in entries:
        if "/" in entry.filename or entry.filename in seen:
            raise ValueError(f"A phone would overwrite another form attachment with {entry.filename!r}.")
        seen.add(entry.filename)
        opening = f'<mediaFile type="{escape(entry.type)}">' if entry.type else "<mediaFile>"
        files.append(
            opening
            + _element("filename", entry.filename)
            + _hash(entry.md5)
            + _url("downloadUrl", entry.download_url)
            + "</mediaFile>"
        )
    return f'{DECLARATION}<manifest xmlns="{MANIFEST_NAMESPACE}">{"".join(files)}</manifest>'.encode()


def response(message: str, nature: Literal["submit_success", "error"]) -> bytes:
    """The body of an answer; Collect shows `message` to the enumerator whatever the status (C47, C49)."""
    return (
        f'{DECLARATION}<OpenRosaResponse xmlns="{RESPONSE_NAMESPACE}">'
        f'<message nature="{nature}">{escape(message)}</message></OpenRosaResponse>'
    ).encode()


def escape(text: str) -> str:
    """`text` for an XML element or attribute, without the characters XML 1.0 cannot carry."""
    return _ILLEGAL.sub("", text).translate(_ESCAPES)


def path_segment(text: str) -> str:
    """`text` as one segment of a URL path, everything but unreserved ASCII percent-encoded as UTF-8, the slash too.

    ValueError for text that no URL can carry: empty, or `.` and `..`, which every client resolves away even encoded.
    """
    if text in ("", ".", ".."):
        raise ValueError(f"{text!r} cannot be a part of a URL.")
    return quote(text, safe="")


def _element(name: str, text: str) -> str:
    content = escape(text)
    if not content.strip():
        raise ValueError(f"<{name}> would be empty, and a phone would reject the whole document.")
    return f"<{name}>{content}</{name}>"


def _hash(md5: str) -> str:
    if not _MD5.fullmatch(md5):
        raise ValueError(f"{md5!r} is not the lower-case hexadecimal MD5 that phones compare with.")
    return f"<hash>md5:{md5}</hash>"


def _url(name: str, url: str) -> str:
    if not _URL.fullmatch(url):
        raise ValueError(f"<{name}> must be absolute and percent-encoded, which {url!r} is not.")
    return f"<{name}>{escape(url)}</{name}>"


def draft_address(base: str, project_id: int, xml_form_id: str, token: str) -> str:
    """The server URL of a phone that tries a draft."""
    return f"{base}/v1/test/{token}/projects/{project_id}/forms/{path_segment(xml_form_id)}/draft"
