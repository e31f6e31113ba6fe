"""The address this server is reached at, for every absolute URL it hands out (C13, C96)."""

import ipaddress
import re
import socket
from functools import lru_cache
from urllib.parse import urlsplit

from flask import request

from config.services import services
from config.settings import Settings

# What RELAIS_HOST says to listen on every address of this machine.
EVERYWHERE = ("0.0.0.0", "::", "")  # noqa: S104 - compared, not bound
# Anything else in a Host (a user name before an @, spaces) would end up in the addresses phones are given.
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


def base_url() -> str:
    """`https://host[:port]` without a slash for the request at work; see `base_url_for`."""
    return base_url_for(services().settings, request.scheme, request.host)


def base_url_for(settings: Settings, scheme: str, host: str) -> str:
    """The public URL, else the request's Host if it can be trusted to lead here.

    A Host that is neither an IP address, nor localhost, nor this machine's name could send phones elsewhere; the
    machine's own address on the network answers then.
    """
    if settings.public_url:
        return settings.public_url
    if _HOST.fullmatch(host) and _is_ours(urlsplit(f"//{host}").hostname or ""):
        return f"{scheme}://{host}"
    return configured_url_for(settings)


def configured_url() -> str:
    """The address to print where there is no request: the public URL, else this machine's on the local network."""
    return configured_url_for(services().settings)


def configured_url_for(settings: Settings) -> str:
    """As `configured_url`, where no application is at work."""
    host = own_address() if settings.host in EVERYWHERE else settings.host
    return settings.public_url or f"http://{host}:{settings.port}"


def printed_url() -> str:
    """The address to print or to send on: never this machine's own name for itself, since others would look inside themselves."""
    base = base_url()
    return configured_url() if is_loopback(base) else base


def is_loopback(url: str) -> bool:
    """Whether an address leads every machine to itself."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def _is_ours(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.lower() in _names()
    return True


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    name = socket.gethostname().lower()
    short = name.split(".", 1)[0]
    return frozenset({"localhost", name, short, f"{short}.local", f"{short}.lan"})


def own_address() -> str:
    """This machine's address on the local network; 127.0.0.1 without one. Nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket only asks the routing table (the address is for documentation, RFC 5737).
            probe.connect(("192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
