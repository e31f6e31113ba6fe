"""Column types that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, String, TypeDecorator

# SQLite gives an INTEGER PRIMARY KEY only to the type INTEGER.
BigInt = BigInteger().with_variant(Integer(), "sqlite")
Bytes = LargeBinary


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment. SQLite: ISO text with microseconds, so that text order is time order; PostgreSQL: timestamptz."""

    impl = String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(String(32) if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name != "sqlite":
            return value
        return moment_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy\'s
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


def moment_text(value: datetime) -> str:
    """How a moment is written in SQLite: always 32 characters, `2026-11-23T10:22:03.439000+00:00`."""
    return (value if value.tzinfo is UTC else value.astimezone(UTC)).isoformat(timespec="microseconds")
