"""Codes to print, or to scan from a screen."""

from markupsafe import Markup

from accounts import qr


def drawing(text: str, label: str) -> Markup:
    """The code as a drawing for a page; `label` is what it is, for those who do not see it."""
    return Markup(qr.svg(text).replace("<svg ", Markup('<svg role="img" aria-label="{}" ').format(label), 1))  # noqa: S704 - drawn here
