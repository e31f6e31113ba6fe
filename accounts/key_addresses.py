"""Addresses that carry a token: /v1/key/TOKEN/… and …?st=TOKEN, as ODK Central has them for any part of the API.

The phones' part of them has views of its own (collector.openrosa); the rest is served by the views without a token, which
find it in the WSGI environment.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, unquote_plus

# Name of the token in the WSGI environment.
KEY = "relais.key"

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_KEY = re.compile("/v1/key/([^/]+)(/.*)")
_PHONE = re.compile(
    r"/projects/[^/]+/(formList|submission|forms/[^/]+/manifest|forms/[^/]+\.xml|forms/[^/]+/attachments/[^/]+)/?"
)
_IN_QUERY = re.compile("(?:^|&)st=([^&]*)")


def token_in_query(query: str) -> str | None:
    """The token of ?st=…"""
    found = _IN_QUERY.search(query)
    return unquote_plus(found[1]) if found else None


def _without_slash(path: str) -> str:
    """An address of the API means the same with a slash after it; phones' addresses are told apart by theirs (C90)."""
    is_ours = path.startswith("/v1/") and len(path) > len("/v1/") and path.endswith("/")
    return path[:-1] if is_ours and not _PHONE.fullmatch(path[3:]) else path


def read_keys(app: Wsgi) -> Wsgi:
    """`app`, whose views find the token under KEY and the address without it."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"]
        token = token_in_query(environ.get("QUERY_STRING", "")) if path.startswith("/v1/") else None
        if token is not None:
            environ["QUERY_STRING"] = _IN_QUERY.sub("", environ["QUERY_STRING"]).lstrip("&")
            if not token:
                # Given, and nobody's.
                environ[KEY] = ""
            elif not path.startswith("/v1/key/"):
                environ["PATH_INFO"] = path = f"/v1/key/{quote(token, safe='!$')}{path[3:]}"
        found = _KEY.fullmatch(path)
        if found is not None and not _PHONE.fullmatch(found[2]):
            environ[KEY], environ["PATH_INFO"] = found[1], "/v1" + found[2]
        environ["PATH_INFO"] = _without_slash(environ["PATH_INFO"])
        return app(environ, start_response)

    return serve
