"""Addresses whose parts may hold a slash: form ids and file names are free text (`%2F` on the wire)."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from werkzeug.routing import BaseConverter

SLASH = "\ufdd0"  # a Unicode non-character: no id or name can hold it


class SegmentConverter(BaseConverter):
    """One segment of a path, any text, slashes included (see `keep_slashes`)."""

    regex = "[^/]+?"

    def to_python(self, value: str) -> str:
        return value.replace(SLASH, "/")

    def to_url(self, value: str) -> str:
        return str(super().to_url(value.replace("/", SLASH))).replace("%EF%B7%90", "%2F")


def keep_slashes(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """WSGI: PATH_INFO is decoded before Flask sees it, so an encoded slash would split a segment; keep it apart."""

    def keeping(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("REQUEST_URI", "").split("?", 1)[0]
        if "%2f" in path.lower() and path.startswith("/"):
            marked = path.replace("%2F", "%2f").replace("%2f", SLASH)
            environ["PATH_INFO"] = unquote_to_bytes(marked.encode()).decode("latin-1")
        return app(environ, start_response)

    return keeping
