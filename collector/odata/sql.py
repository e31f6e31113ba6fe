"""Comparisons of a filter as the database makes them. What they say of null is in conditions.py."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, false, not_, null

from collector.odata.moments import Millisecond

MILLISECOND = timedelta(milliseconds=1)


def compared_with(operator: str, column: Any, constant: Any, *, moment: bool) -> Any:
    """A column against a constant, in a way that an index on the column serves."""
    if constant is None:
        return {"eq": column.is_(None), "ne": column.is_not(None)}.get(operator, null())
    if moment:
        return _moment_comparison(operator, column, constant)
    # A float is what both databases' drivers take for the whole numbers that functions give.
    constant = float(constant) if isinstance(constant, Decimal) else constant
    equal = and_(column.is_not(None), column == constant)
    return {
        "eq": equal,
        "ne": not_(equal),
        "lt": column < constant,
        "le": column <= constant,
        "gt": column > constant,
        "ge": column >= constant,
    }[operator]


def columns_compared(operator: str, left: Any, right: Any, *, moments: bool) -> Any:
    """Two columns of the same kind."""
    left, right = (Millisecond(left), Millisecond(right)) if moments else (left, right)
    return {
        "eq": left.is_not_distinct_from(right),
        "ne": left.is_distinct_from(right),
        "lt": left < right,
        "le": left <= right,
        "gt": left > right,
        "ge": left >= right,
    }[operator]


def _moment_comparison(operator: str, column: Any, moment: datetime) -> Any:
    """The column's millisecond against `moment`."""
    begin = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    exact = begin == moment
    after = begin + MILLISECOND
    within = and_(column.is_not(None), column >= begin, column < after) if exact else false()
    # A row shows the same millisecond from `begin` up to, not including, `after`.
    return {
        "eq": within,
        "ne": not_(within),
        "lt": column < (begin if exact else after),
        "le": column < after,
        "gt": column >= after,
        "ge": column >= (begin if exact else after),
    }[operator]
