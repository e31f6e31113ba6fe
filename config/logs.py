"""Logging: one line per thing worth knowing, to standard error; never a token, a password or an answer."""

import logging
import re
import sys

from config.settings import Settings

# Tokens travel in the paths of key and test addresses and of delivery pages (C88), and in parameters that name these.
_IN_ADDRESSES = re.compile(r"((?:/|%2F)(?:key|test|deliveries)(?:/|%2F)+)(?:(?!%2F)[^/\s\"?&])+", re.IGNORECASE)
# Anything else as long as a token and of its letters, but no SHA-256: those name the files a person has to look for.
_ANYWHERE = re.compile(r"(?<![\w!$-])(?![0-9a-f]{64})[\w!$-]{64}(?![\w!$-])", re.ASCII)


def without_tokens(text: str) -> str:
    """`text` with every token replaced by dots."""
    return _ANYWHERE.sub("…", _IN_ADDRESSES.sub(r"\1…", text))


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
