"""Who the client is when a proxy stands before the server; only configured proxies are believed."""

import ipaddress
import re
from collections.abc import Collection, MutableMapping

SCHEME = "X_FORWARDED_PROTO"
HEADERS = (
    "X_FORWARDED_FOR",
    SCHEME,
    "X_FORWARDED_HOST",
    "X_FORWARDED_PORT",
    "X_FORWARDED_BY",
    "FORWARDED",
)

_HOST = re.compile(r"[A-Za-z0-9.-]+(?::\d{1,5})?|\[[0-9A-Fa-f:.]+\](?::\d{1,5})?")


def take_forwarding(headers: MutableMapping[str, str], peer: str, proxies: Collection[str]) -> tuple[str, str | None]:
    """The client's address, and the scheme it used if the proxy says so.

    All forwarding headers are taken out of `headers` (named as in WSGI, without `HTTP_`), and `HOST` becomes the one
    the client asked for. The last value of a list is what our own proxy added; those before it may be invented.
    `X-Forwarded-Proto` of anybody else stays: it proves nothing, but says whether a client means to show a password
    (accounts.signed_in).
    """
    taken = {name: headers.pop(name) for name in HEADERS if name in headers}
    if not taken or peer not in proxies:
        if SCHEME in taken:
            headers[SCHEME] = taken[SCHEME]
        return peer, None
    host = _last(taken.get("X_FORWARDED_HOST", ""))
    if _HOST.fullmatch(host):
        headers["HOST"] = host
    scheme = _last(taken.get(SCHEME, "")).lower()
    client = _client(taken.get("X_FORWARDED_FOR", ""), proxies)
    return client or peer, scheme if scheme in ("http", "https") else None


def _client(forwarded_for: str, proxies: Collection[str]) -> str | None:
    client = None
    for hop in reversed(forwarded_for.split(",")):
        client = _address(hop) or client
        if client not in proxies:
            return client
    return client


def _address(hop: str) -> str | None:
    hop = hop.strip().strip('"')
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        return None


def _last(values: str) -> str:
    return values.rpartition(",")[2].strip()
