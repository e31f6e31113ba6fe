"""Logging: one line per thing worth knowing, to standard error; never a token, a password or an answer."""

import logging
import re
import sys

from config.settings import Settings

# Tokens travel in the paths of key and test addresses and of delivery pages (C88).
_TOKENS = re.compile(r"(/key/|/test/|/deliveries/)[^/\s\"?]+")


def without_tokens(text: str) -> str:
    """`text` with every token of an address replaced by dots."""
    return _TOKENS.sub(r"\1…", text)


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return without_tokens(super().format(record))


def init_logging(settings: Settings) -> None:
    """Send the log to standard error at the chosen level; again is harmless."""
    root = logging.getLogger()
    root.setLevel(settings.log_level)
    if not any(isinstance(handler.formatter, _Formatter) for handler in root.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        root.addHandler(handler)
    # Waitress warns of every full queue; alembic tells every migration.
    logging.getLogger("waitress").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.WARNING)
