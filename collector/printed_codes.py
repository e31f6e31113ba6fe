"""Codes to print or to scan from a screen, and the address inside them."""

from urllib.parse import urlsplit

from markupsafe import Markup

from accounts import qr
from config.address import base_url, configured_url


def drawing(text: str, label: str) -> Markup:
    """The code as a drawing for a page; `label` is what it is, for those who do not see it."""
    return Markup(qr.svg(text).replace("<svg ", Markup('<svg role="img" aria-label="{}" ').format(label), 1))  # noqa: S704 - drawn here


def printed_base() -> str:
    """The address to print: never this machine's own name for itself, since phones would look inside themselves."""
    base = base_url()
    return configured_url() if is_loopback(base) else base


def is_loopback(url: str) -> bool:
    """Whether an address leads every machine to itself."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
