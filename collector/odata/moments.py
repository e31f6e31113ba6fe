"""Parts of moments in SQL, the same on both databases."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

PARTS = {"year": "%Y", "month": "%m", "day": "%d", "hour": "%H", "minute": "%M", "second": "%S"}


class MomentPart(FunctionElement[int]):
    """The year, month, day, hour, minute or second of a stored moment, in UTC, as a whole number."""

    inherit_cache = False
    type = Integer()

    def __init__(self, moment: ColumnElement[datetime], part: str) -> None:
        super().__init__(moment)
        self.part = part


class Millisecond(FunctionElement[datetime]):
    """A stored moment without what is below a millisecond; only to be compared with another one."""

    inherit_cache = True
    name = "millisecond"


@compiles(Millisecond, "sqlite")
def _text_on_sqlite(element: Millisecond, compiler: SQLCompiler, **choices: Any) -> str:
    return f"substr({compiler.process(element.clauses, **choices)}, 1, 23)"


@compiles(Millisecond, "postgresql")
def _truncated_on_postgresql(element: Millisecond, compiler: SQLCompiler, **choices: Any) -> str:
    return f"date_trunc('milliseconds', {compiler.process(element.clauses, **choices)})"


@compiles(MomentPart, "sqlite")
def _on_sqlite(element: MomentPart, compiler: SQLCompiler, **choices: Any) -> str:
    return f"CAST(strftime('{PARTS[element.part]}', {compiler.process(element.clauses, **choices)}) AS INTEGER)"


@compiles(MomentPart, "postgresql")
def _on_postgresql(element: MomentPart, compiler: SQLCompiler, **choices: Any) -> str:
    moment = compiler.process(element.clauses, **choices)
    return f"floor(extract({element.part} FROM ({moment}) AT TIME ZONE 'UTC'))"
