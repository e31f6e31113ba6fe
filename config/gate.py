"""What a server may decide about a request before its body has been read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that needs no body: wrong credentials, too large, no space. `Content-Length` and `Date` are added."""

    status: int
    headers: Headers
    body: bytes


# gate(method, raw_uri, headers, content_length, client_ip, scheme) -> Refusal, or None to let the request in.
#
# Asked when the headers of a request that has a body (or expects 100-continue) are complete, in the one thread that
# serves all sockets: it must answer from memory, in microseconds. `raw_uri` is the request target undecoded, with its
# query; header names are in lower case; `content_length` is -1 when the body comes in chunks.
Gate = Callable[[str, str, Mapping[str, str], int, str, str], Refusal | None]

# error_page(raw_path, status) -> headers and body of an answer the server itself must give (400, 413, 431, 500, 503).
ErrorPage = Callable[[str, int], tuple[Headers, bytes]]


def plain_error(raw_path: str, status: int) -> tuple[Headers, bytes]:  # noqa: ARG001 - an ErrorPage
    """One line of text, for whoever gives no page of their own."""
    return [("Content-Type", "text/plain; charset=utf-8")], f"{status} {reason(status)}\n".encode()


def reason(status: int) -> str:
    """The standard words for a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
