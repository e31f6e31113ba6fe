"""The one place where time comes from."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current moment, aware, UTC, microseconds."""
    return datetime.now(UTC)


def wire(moment: datetime) -> str:
    """A moment as ODK Central writes it: `2026-11-23T10:22:03.439Z` (UTC, milliseconds)."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat(timespec="milliseconds")[:-6] + "Z"
