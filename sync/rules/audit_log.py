"""How long somebody was at work on a form, by the log that Collect keeps of it (audit.csv). Pure."""

import csv
import io

# A question left open longer than this was left alone.
LONGEST_MILLISECONDS = 30 * 60 * 1000
MOST_LINES = 50_000
MOST_BYTES = 5_000_000
_AT_WORK = ("question", "group questions")


def active_seconds(log: bytes) -> float | None:
    """The time that questions were on the screen; None for a log that does not tell."""
    reader = csv.DictReader(io.StringIO(log[:MOST_BYTES].decode("utf-8", "replace")))
    total, seen = 0, False
    try:
        for number, row in enumerate(reader):
            if number >= MOST_LINES:
                break
            start, end = _milliseconds(row.get("start")), _milliseconds(row.get("end"))
            if (row.get("event") or "").strip() in _AT_WORK and start is not None and end is not None and end >= start:
                total += min(end - start, LONGEST_MILLISECONDS)
                seen = True
    except csv.Error:
        return None
    return total / 1000 if seen else None


def _milliseconds(text: object) -> int | None:
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 16 else None
