"""Requests of ours to addresses that people have typed: to the internet and not, unless a setting says so, to machines that
only this one can reach.

The name is resolved here and the connection made to what was found, so that a name cannot change its mind in between. Nothing
is followed and nothing but the status is read.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
from urllib.parse import urlsplit

LONGEST_URL = 2000
SECONDS = 10.0
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class OutgoingError(Exception):
    """No answer came; `code` says why: url, private, address, tls, connection or timeout."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def require_url(url: str, *, private: bool) -> None:
    """OutgoingError `url` or `private` for what could never be sent to."""
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        raise OutgoingError("url")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise OutgoingError("url") from None
    if parts.scheme not in ("https", "http") or not host or port == 0 or "@" in parts.netloc or parts.fragment:
        raise OutgoingError("url")
    if parts.scheme == "http" and not private:
        raise OutgoingError("private")
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return
    if not is_allowed(address, private=private):
        raise OutgoingError("private")


def is_allowed(address: Address, *, private: bool) -> bool:
    """Whether to connect there. `private`: local networks and this machine too, though never what answers without routes."""
    address = _embedded(address)
    if address.is_multicast or address.is_unspecified or address.is_link_local:
        return False
    return private or address.is_global


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def post(url: str, body: bytes, headers: dict[str, str], *, private: bool, seconds: float = SECONDS) -> int:
    """Send `body`; the status of the answer, or OutgoingError."""
    require_url(url, private=private)
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    connection = http.client.HTTPConnection(parts.hostname or "", port, timeout=seconds)
    ended = threading.Timer(2 * seconds, _cut, [connection])
    ended.daemon = True
    try:
        connection.sock = _connected(parts.hostname or "", port, private=private, seconds=seconds)
        ended.start()
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=parts.hostname)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": parts.netloc, **headers, "Content-Length": str(len(body))}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse().status
    except TimeoutError:
        raise OutgoingError("timeout") from None
    except ssl.SSLError:
        raise OutgoingError("tls") from None
    except (OSError, http.client.HTTPException, ValueError):
        raise OutgoingError("connection") from None
    finally:
        ended.cancel()
        connection.close()


def _connected(host: str, port: int, *, private: bool, seconds: float) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise OutgoingError("address") from None
    for *_, where in found:
        if not is_allowed(ipaddress.ip_address(str(where[0]).partition("%")[0]), private=private):
            raise OutgoingError("private")
    failure: OSError | None = None
    for family, kind, protocol, _, where in found:
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(seconds)
            sock.connect(where)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure or OutgoingError("address")


def _cut(connection: http.client.HTTPConnection) -> None:
    """Whoever answers a byte at a time has had its time."""
    sock = connection.sock
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
