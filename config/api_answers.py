"""What every answer of the API carries, as ODK Central's do: how long it may be kept, an ETag, and 304 for who has it.

Also the small readings of a request that every view of the API shares.
"""

import re
from urllib.parse import quote

from flask import Response, request

from config.json_body import json_body

__all__ = ["API", "content_disposition", "finish", "is_true", "json_body", "wants_extended"]

API = "/v1/"
SESSIONS = "/v1/sessions/"
# What no file system takes in a name, and the names it keeps for itself.
_NOT_IN_NAMES = re.compile(r'[/?<>\\:*|"\x00-\x1f\x80-\x9f]|^\.+$|[. ]+$')
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


def finish(response: Response) -> Response:
    """Cache headers on every answer of the API; an answer in JSON can be asked for again with If-None-Match."""
    if not request.path.startswith(API):
        return response
    reading = request.method in ("GET", "HEAD")
    # An answer is this reader's alone, and must be asked for again each time: rights and data change.
    kept = reading and not request.path.startswith(SESSIONS)
    response.headers.setdefault("Cache-Control", "private, no-cache" if kept else "no-store")
    response.headers.setdefault("Vary", "Accept-Encoding, Origin" if kept else "*")
    if response.mimetype == "application/json":
        if "charset" not in response.mimetype_params:
            response.headers["Content-Type"] = "application/json; charset=utf-8"
        whole = not response.is_streamed and not response.direct_passthrough
        if reading and response.status_code == 200 and whole and not response.get_etag()[0]:
            response.add_etag(weak=True)
            response.make_conditional(request)
    return response


def is_true(value: str | None) -> bool:
    """Whether a query parameter or header says `true`, in any case of letters; nothing else counts."""
    return (value or "").lower() == "true"


def wants_extended() -> bool:
    """Whether the caller asks for extended metadata."""
    return is_true(request.headers.get("X-Extended-Metadata"))


def content_disposition(filename: str, kind: str = "attachment") -> str:
    """The header that names a download; every name survives, and none can leave the reader's folder."""
    name = _NOT_IN_NAMES.sub("", filename)
    return f"{kind}; filename=\"{_NOT_ASCII.sub('-', name)}\"; filename*=UTF-8''{quote(name, safe='!~-._|`^')}"
