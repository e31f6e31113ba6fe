"""Percent-encoded words. Pure."""

import re
from urllib.parse import unquote_to_bytes

_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")


def percent_decoded(text: str) -> str | None:
    """The words behind their percent-encoding; None when it is broken or spells no UTF-8. NUL, which no database keeps, is left out."""
    if _BROKEN.search(text):
        return None
    try:
        return unquote_to_bytes(text.encode("latin-1", "replace")).decode().replace("\0", "")
    except UnicodeDecodeError:
        return None
