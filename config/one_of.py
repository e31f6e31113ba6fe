"""A condition for many numbers at once, on SQLite and PostgreSQL."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Boolean, String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class OneOf(FunctionElement[bool]):
    """Whether a column is one of these numbers. They go as one text: hundreds of parameters take longer to bind than what they
    name to be read."""

    inherit_cache = True
    type = Boolean()
    name = "one_of"

    def __init__(self, column: Any, numbers: Iterable[int]) -> None:
        super().__init__(column, literal(",".join(map(str, numbers)), String))

    def self_group(self, against: Any = None) -> Any:  # noqa: ARG002 - the signature is SQLAlchemy's
        """As it is: with the `= 1` that databases without booleans get behind one, no index would serve."""
        return self


@compiles(OneOf, "sqlite")
def _on_sqlite(element: OneOf, compiler: SQLCompiler, **choices: Any) -> str:
    column, numbers = (compiler.process(each, **choices) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each('[' || {numbers} || ']'))"  # noqa: S608 - of SQLAlchemy's own making


@compiles(OneOf, "postgresql")
def _on_postgresql(element: OneOf, compiler: SQLCompiler, **choices: Any) -> str:
    column, numbers = (compiler.process(each, **choices) for each in element.clauses)
    return f"{column} = ANY(CAST('{{' || {numbers} || '}}' AS BIGINT[]))"
