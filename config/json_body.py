"""The JSON a request brings, read once and within limits; what is no JSON is a problem in ODK Central's words."""

import re
import zlib
from typing import Any

import orjson
from flask import g, request

from config.api_errors import encoding_not_supported, request_too_large, unparseable

# ODK Central's limits: entities come by the thousand, everything else is small.
LIMIT = 250 * 1024
LARGE_LIMIT = 100_000_000
_LARGE = re.compile(r"/v1/projects/[^/]+/datasets/[^/]+/entities/?")
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
# zlib's name for "whichever of gzip and zlib it is".
_AUTOMATIC = 32 + zlib.MAX_WBITS
# PostgreSQL cannot keep it.
_NUL = "\0"


def json_value() -> Any:
    """What was sent as application/json, and {} when nothing was; Problem 400.1, 400.36 or 400.37 otherwise."""
    if "json_body" not in g:
        g.json_body = _read() if request.method in WITH_BODY and request.mimetype == "application/json" else {}
    return g.json_body


def json_body() -> dict[str, Any]:
    """As `json_value`, for views that want an object: anything else has none of the keys they look for."""
    body = json_value()
    return body if isinstance(body, dict) else {}


def _read() -> Any:
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8"):
        raise encoding_not_supported()
    raw = _inflated(LARGE_LIMIT if _LARGE.fullmatch(request.path) else LIMIT)
    # Kept for those who compare requests: the stream is read once.
    g.json_raw = raw
    if not raw:
        return {}
    body = raw.removeprefix(b"\xef\xbb\xbf")
    # Only objects and arrays, as Central's parser has it.
    if body.lstrip(b" \t\r\n")[:1] not in (b"{", b"["):
        raise unparseable("json", len(raw.decode("utf-8", "replace")))
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise unparseable("json", len(raw.decode("utf-8", "replace"))) from None
    if b"\\u0000" in body and _has_nul(value):
        raise unparseable("json", len(raw.decode("utf-8", "replace")))
    return value


def _inflated(limit: int) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "deflate"):
        raise encoding_not_supported()
    if (request.content_length or 0) > limit:
        raise request_too_large()
    raw: bytes = request.stream.read(limit + 1)
    if encoding != "identity":
        try:
            raw = zlib.decompressobj(_AUTOMATIC).decompress(raw, limit + 1)
        except zlib.error:
            raise unparseable("json", len(raw)) from None
    if len(raw) > limit:
        raise request_too_large()
    return raw


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return _NUL in value
    if isinstance(value, list):
        return any(map(_has_nul, value))
    if isinstance(value, dict):
        return any(_NUL in key or _has_nul(each) for key, each in value.items())
    return False
