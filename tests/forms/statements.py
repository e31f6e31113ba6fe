"""How often something asks the database."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from tests.installation import Installation


def counted(relais: Installation, work: Callable[[], object]) -> int:
    """The number of statements that `work` sends."""
    engine = relais.services.database.engine
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        work()
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(statements)
