"""A filter's tree as conditions: in SQL where the database can decide, as a function where only the answers can.

Comparisons mean what they mean in ODK Central, that is in PostgreSQL: `eq` and `ne` take null for a value, the others are
never true of it; moments are compared to the millisecond, which is what the wire shows of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, false, not_, null, or_, true

from collector.models import Submission
from collector.odata.errors import unsupported_expression, unsupported_field
from collector.odata.filter import Call, Chain, Comparison, Literal, Member, Node, Unary, parse_filter
from collector.odata.literals import converted
from collector.odata.moments import PARTS, MomentPart
from collector.odata.sql import columns_compared, compared_with
from config.clock import now

DELETED_AT = "__system/deletedAt"
ROOT = "$root/Submissions/"
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_TEXT_CHANGES: dict[str, Callable[[str], Any]] = {
    "tolower": str.lower,
    "toupper": str.upper,
    "trim": str.strip,
    "length": len,
}
Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """What a filter may name. `kind` is text, id, number, moment or date; `read` gives its value, of that kind or None, from
    whatever the caller filters; `sql` is the database's column, if it has one."""

    kind: str
    read: Read
    sql: Any = None


Columns = Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Condition:
    """`sql` holds of every row that the filter lets through; `holds` decides about those, None when nothing is left to decide."""

    sql: ColumnElement[bool]
    holds: Callable[[Any], bool] | None = None
    with_trash: bool = False


@dataclass(frozen=True, slots=True)
class _Value:
    """An operand: a constant (`read` is None), or read from a row."""

    kind: str
    constant: Any = None
    read: Read | None = None
    sql: Any = None
    of_answers: bool = False


@dataclass(frozen=True, slots=True)
class _Test:
    """A condition: `check` is True, False or None (unknown, as in SQL); `sql` says the same where it can be said."""

    check: Callable[[Any], bool | None]
    sql: Any = None


def metadata_columns(prefixed: bool) -> dict[str, Column]:
    """ODK Central's: those of a submission, alone and with `$root/Submissions/`, or only so (a repeat's table)."""
    named = {
        "__id": Column("text", lambda row: row.row.instance_id, Submission.instance_id),
        "__system/submissionDate": Column("moment", lambda row: row.row.created_at, Submission.created_at),
        "__system/updatedAt": Column("moment", lambda row: row.row.updated_at, Submission.updated_at),
        "__system/submitterId": Column("id", lambda row: row.row.submitter_id, Submission.submitter_id),
        "__system/reviewState": Column("text", lambda row: row.row.review_state, Submission.review_state),
        DELETED_AT: Column("moment", lambda row: row.row.deleted_at, Submission.deleted_at),
    }
    rooted = {ROOT + name: column for name, column in named.items()}
    return rooted if prefixed else {**named, **rooted}


def condition(expression: str | None, columns: Columns) -> Condition:
    """What `$filter` asks for; Problem 400.11, 400.18, 400.22, 501.4 or 501.5. None: everything that is not deleted."""
    if expression is None:
        return Condition(true())
    tree = parse_filter(expression)
    if isinstance(tree, Member) or (isinstance(tree, Call) and tree.name not in _TEXT_TESTS):
        # Central's parser has another word for what stands alone.
        raise unsupported_expression(tree.at, "CommonExpression", tree.text)
    parts = tree.operands if isinstance(tree, Chain) and tree.operator == "and" else (tree,)
    tests = [_test(part, columns) for part in parts]
    left = [test.check for test in tests if test.sql is None]
    return Condition(
        and_(true(), *(test.sql for test in tests if test.sql is not None)),
        (lambda row: all(check(row) for check in left)) if left else None,
        with_trash=_mentions_deleted(tree),
    )


def _mentions_deleted(node: Node) -> bool:
    match node:
        case Member():
            return node.text.removeprefix(ROOT) == DELETED_AT
        case Comparison():
            return _mentions_deleted(node.left) or _mentions_deleted(node.right)
        case Chain():
            return any(map(_mentions_deleted, node.operands))
        case Call():
            return any(map(_mentions_deleted, node.arguments))
        case Unary():
            return _mentions_deleted(node.operand)
    return False


def _test(node: Node, columns: Columns) -> _Test:
    match node:
        case Chain(operator="and" | "or"):
            return _joined(node.operator, [_test(each, columns) for each in node.operands])
        case Unary(operator="not"):
            return _negated(_test(node.operand, columns))
        case Comparison() if node.operator != "has":
            return _compared(node, columns)
        case Call() if node.name in _TEXT_TESTS:
            return _text_test(node, columns)
        case Literal(type="boolean"):
            truth = node.value == "true"
            return _Test(lambda row: truth, true() if truth else false())
    raise unsupported_expression(node.at, node.kind, node.text)


def _joined(operator: str, tests: list[_Test]) -> _Test:
    sql = None
    if all(test.sql is not None for test in tests):
        sql = (and_ if operator == "and" else or_)(*(test.sql for test in tests))
    checks, decisive = [test.check for test in tests], operator == "or"

    def check(row: Any) -> bool | None:
        unknown = False
        for each in checks:
            found = each(row)
            if found is decisive:
                return decisive
            unknown = unknown or found is None
        return None if unknown else not decisive

    return _Test(check, sql)


def _negated(test: _Test) -> _Test:
    inner = test.check
    sql = None if test.sql is None else not_(test.sql)

    def check(row: Any) -> bool | None:
        found = inner(row)
        return None if found is None else not found

    return _Test(check, sql)


def _compared(node: Comparison, columns: Columns) -> _Test:
    left, right = _value(node.left, columns), _value(node.right, columns)
    left, right = _alike(left, right, node), _alike(right, left, node)
    compare = _ORDERS[node.operator]
    read_left, read_right = _reader(left), _reader(right)

    def check(row: Any) -> bool | None:
        return compare(read_left(row), read_right(row))

    return _Test(check, None if left.of_answers or right.of_answers else _sql_comparison(node.operator, left, right))


def _order(decide: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool | None]:
    return lambda left, right: None if left is None or right is None else decide(left, right)


_ORDERS: dict[str, Callable[[Any, Any], bool | None]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "lt": _order(lambda left, right: left < right),
    "le": _order(lambda left, right: left <= right),
    "gt": _order(lambda left, right: left > right),
    "ge": _order(lambda left, right: left >= right),
}
_MIRRORED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


def _reader(value: _Value) -> Read:
    read, constant = value.read, value.constant
    if read is None:
        return lambda row: constant
    if value.kind == "moment":
        return lambda row: _to_the_millisecond(read(row))
    return read


def _to_the_millisecond(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _value(node: Node, columns: Columns) -> _Value:
    match node:
        case Literal(type="null"):
            return _Value("null")
        case Literal(type="number" | "moment" | "date" | "string" | "text" | "time" | "boolean"):
            return _Value(node.type, node.value)
        case Member():
            column = columns.get(node.text)
            if column is None:
                raise unsupported_field(node.text, node.at)
            return _Value(column.kind, None, column.read, column.sql, of_answers=column.sql is None)
        case Call(name="now"):
            return _Value("moment", now())
        case Call() if node.name in PARTS:
            return _part(node, _value(node.arguments[0], columns))
        case Call() if node.name in _TEXT_CHANGES:
            return _text_change(node, columns)
    raise unsupported_expression(node.at, node.kind, node.text)


def _part(node: Call, of: _Value) -> _Value:
    """`year(…)` and the like, in UTC."""
    name, kind = node.name, "date" if of.kind == "date" and of.read is not None else "moment"
    if of.read is None:
        constant = of.constant if isinstance(of.constant, datetime) else converted(of.constant, "moment")
        return _Value("number", None if constant is None else Decimal(getattr(constant, name)))
    if of.kind != kind or (kind == "date" and name not in ("year", "month", "day")):
        raise unsupported_expression(node.at, node.kind, node.text)
    read = of.read

    def part(row: Any) -> Decimal | None:
        found = read(row)
        return None if found is None else Decimal(getattr(found, name))

    sql = None if of.sql is None else MomentPart(of.sql, name)
    return _Value("number", None, part, sql, of_answers=of.of_answers)


def _text_change(node: Call, columns: Columns) -> _Value:
    of, change = _value(node.arguments[0], columns), _TEXT_CHANGES[node.name]
    if not of.of_answers or of.kind != "text" or of.read is None:
        raise unsupported_expression(node.at, node.kind, node.text)
    read, counts = of.read, node.name == "length"

    def changed(row: Any) -> Any:
        found = read(row)
        return None if found is None else Decimal(change(found)) if counts else change(found)

    return _Value("number" if counts else "text", None, changed, of_answers=True)


def _text_test(node: Call, columns: Columns) -> _Test:
    texts = [_value(argument, columns) for argument in node.arguments]
    if not any(text.of_answers for text in texts) or any(text.kind not in ("text", "string") for text in texts):
        raise unsupported_expression(node.at, node.kind, node.text)
    decide, (text, part) = _order(_TEXT_TESTS[node.name]), map(_reader, texts)
    return _Test(lambda row: decide(text(row), part(row)))


def _alike(value: _Value, other: _Value, node: Comparison) -> _Value:
    """`value`, as something that can be compared with `other`."""
    if value.read is None:
        kind = other.kind if other.read is not None else _common(value, other)
        return _Value(kind, converted(value.constant, kind))
    if other.read is not None and {value.kind, other.kind} not in _COMPARABLE:
        raise unsupported_expression(node.at, node.kind, node.text)
    return value


_COMPARABLE = ({"text"}, {"moment"}, {"date"}, {"number"}, {"id"}, {"number", "id"})


def _common(one: _Value, other: _Value) -> str:
    """What two constants are compared as."""
    kinds = {one.kind, other.kind} - {"null"}
    if kinds <= {"number"}:
        return "number"
    return "moment" if kinds <= {"moment", "date"} or ("moment" in kinds and "string" in kinds) else "text"


def _sql_comparison(operator: str, left: _Value, right: _Value) -> Any:
    if left.read is None and right.read is not None:
        operator, left, right = _MIRRORED[operator], right, left
    if left.read is None:
        truth = _ORDERS[operator](left.constant, right.constant)
        return null() if truth is None else true() if truth else false()
    if right.read is not None:
        return columns_compared(operator, left.sql, right.sql, moments=left.kind == "moment")
    return compared_with(operator, left.sql, right.constant, moment=left.kind == "moment")
