"""Answers worth trying for one question: by its type, its choices, and the bounds its constraint names."""

import math
import random
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from re import _parser as patterns  # type: ignore[attr-defined]  # the only parser of patterns there is
from typing import Any

from tests.respondent.form import Control, literals
from tests.respondent.session import Session
from tests.respondent.tree import Node
from tests.respondent.values import EPOCH, date_time_text, number_text, scalar, time_text, to_number
from tests.respondent.xpath import Binary, Call, Expression, Literal

WORDS = (
    "Assamaka", "passage à gué", "N’Guigmi", "marché du jeudi", "كيدال", "القرية القديمة", "=1+1", "@SUM(A1)", "l'eau",
    '"cité"', "a;b,c\td", "ligne une\nligne deux", "<balise> & co", "🐪 caravane", "Ɗan Ƙasa", "  ", "\u200fمرحبا",
    "-7", "00123",
)  # fmt: skip
COMPARISONS = {"=", "!=", "<", "<=", ">", ">="}


def candidates(session: Session, control: Control, node: Node) -> Iterator[str]:
    """Texts to try as the answer, none of them blank; finite, and not all of them valid."""
    kind = control.name
    if kind in {"select1", "select", "rank"}:
        yield from _choices(session, control, node)
    elif kind == "trigger":
        yield "OK"
    elif kind == "range":
        yield from _range(session.random, control)
    elif kind != "upload":
        yield from _typed(session, node)


def bounds(session: Session, expression: Expression, node: Node) -> Iterator[float]:
    """Numbers an expression compares with, and the differences that would make its sides equal."""
    for part in _walk(expression):
        if isinstance(part, Binary) and part.operator in COMPARISONS:
            for side in (part.left, part.right):
                try:
                    number = to_number(scalar(session.evaluate(side, node)))
                except ValueError:
                    continue
                if not math.isnan(number) and not math.isinf(number):
                    yield number
    yield from (value for value in literals(expression) if isinstance(value, float))


def _walk(expression: Expression) -> Iterator[Expression]:
    yield expression
    for part in expression.parts():
        yield from _walk(part)


def _choices(session: Session, control: Control, node: Node) -> Iterator[str]:
    values = [value for value, _ in session.choices(control, node)]
    if not values:
        return
    chance = session.random
    if control.name == "rank":
        yield " ".join(chance.sample(values, len(values)))
    elif control.name == "select1":
        yield from chance.sample(values, len(values))
    else:
        for _ in range(8):
            size = min(len(values), chance.choice((1, 1, 2, 2, 3, 4)))
            chosen = set(chance.sample(values, size))
            yield " ".join(value for value in values if value in chosen)
        yield from chance.sample(values, len(values))


def _range(chance: random.Random, control: Control) -> Iterator[str]:
    start, end, step = (float(control.attributes[name]) for name in ("start", "end", "step"))
    count = round((end - start) / step)
    for at in chance.sample(range(count + 1), min(count + 1, 12)):
        yield number_text(round(start + at * step, 6))


def _typed(session: Session, node: Node) -> Iterator[str]:
    maker = _MAKERS.get(node.kind, _texts)
    yield from maker(session, node)


def _constraint_bounds(session: Session, node: Node) -> list[float]:
    bind = session.form.binds.get(node.path)
    if bind is None or bind.constraint is None:
        return []
    return sorted(set(bounds(session, bind.constraint, node)))


def _numbers(session: Session, node: Node) -> Iterator[float]:
    chance = session.random
    limits = _constraint_bounds(session, node)
    if limits:
        low, high = limits[0], limits[-1]
        span = [chance.uniform(low, min(high, low + 12)) for _ in range(3)]
        span += [chance.uniform(low, high) for _ in range(3)]
        chance.shuffle(span)
        yield from span
        edges = [limit + shift for limit in limits for shift in (0, 1, -1)]
        yield from chance.sample(edges, len(edges))
    yield from (float(chance.randrange(0, top)) for top in (10, 10, 100, 1000))


def _integers(session: Session, node: Node) -> Iterator[str]:
    for number in _numbers(session, node):
        yield str(round(number))


def _decimals(session: Session, node: Node) -> Iterator[str]:
    for number in _numbers(session, node):
        text = number_text(round(number, session.random.choice((0, 1, 2, 3))))
        yield text if "." in text else f"{text}.0"


def _dates(session: Session, node: Node) -> Iterator[str]:
    today = session.now.date()
    for number in _constraint_bounds(session, node):
        if 1 <= number <= 100_000:
            for shift in (0, 1, -1):
                yield (EPOCH + timedelta(days=int(number) + shift)).isoformat()
    for days in (0, 1, 3, 10, 200, 2000):
        yield (today - timedelta(days=session.random.randint(0, days))).isoformat()
    yield (today + timedelta(days=session.random.randint(1, 30))).isoformat()
    yield date(2024, 2, 29).isoformat()


def _times(session: Session, node: Node) -> Iterator[str]:  # noqa: ARG001 - one signature for all types
    for _ in range(6):
        moment = time(session.random.randrange(24), session.random.randrange(60), tzinfo=session.now.tzinfo)
        yield time_text(moment)
    yield time_text(time(0, 0, tzinfo=session.now.tzinfo))
    yield time_text(time(23, 59, tzinfo=session.now.tzinfo))


def _date_times(session: Session, node: Node) -> Iterator[str]:  # noqa: ARG001 - one signature for all types
    for days in (0, 1, 10, 300):
        moment: datetime = session.now - timedelta(days=session.random.uniform(0, days))
        yield date_time_text(moment.replace(second=0, microsecond=0))


def _place(chance: random.Random) -> str:
    point = (chance.uniform(10, 23), chance.uniform(-11, 15), chance.choice((0.0, chance.uniform(150, 900))))
    return " ".join(str(round(number, 7)) for number in (*point, chance.uniform(3, 9.9)))


def _points(session: Session, node: Node) -> Iterator[str]:  # noqa: ARG001 - one signature for all types
    for _ in range(3):
        yield _place(session.random)


def _traces(session: Session, node: Node) -> Iterator[str]:  # noqa: ARG001 - one signature for all types
    yield "; ".join(_place(session.random) for _ in range(session.random.randint(2, 6)))


def _shapes(session: Session, node: Node) -> Iterator[str]:  # noqa: ARG001 - one signature for all types
    corners = [_place(session.random) for _ in range(session.random.randint(3, 6))]
    yield "; ".join([*corners, corners[0]])


def _texts(session: Session, node: Node) -> Iterator[str]:
    chance = session.random
    bind = session.form.binds.get(node.path)
    patterns = [] if bind is None or bind.constraint is None else list(_patterns(bind.constraint))
    for pattern in patterns:
        for _ in range(4):
            yield matching(pattern, chance)
    for _ in range(4):
        yield " ".join(chance.choices(WORDS, k=chance.choice((1, 1, 2, 5))))
    yield chance.choice(WORDS[:4])
    yield str(chance.randrange(10**8))
    yield "x"


def _patterns(expression: Expression) -> Iterator[str]:
    for part in _walk(expression):
        if isinstance(part, Call) and part.name == "regex" and isinstance(part.arguments[1], Literal):
            yield str(part.arguments[1].value)


def matching(pattern: str, chance: random.Random) -> str:
    """A text the regular expression accepts as a whole, for the plain constructs forms use."""
    return "".join(_piece(one, chance) for one in patterns.parse(pattern))


def _piece(item: tuple[Any, Any], chance: random.Random) -> str:
    kind, detail = str(item[0]), item[1]
    if kind == "LITERAL":
        return chr(detail)
    if kind == "ANY":
        return chance.choice("abcxyz 019")
    if kind == "IN":
        return _member(detail, chance)
    if kind in {"MAX_REPEAT", "MIN_REPEAT"}:
        least, most, inner = detail
        times = chance.randint(least, min(int(most), least + 6))
        return "".join(_piece(one, chance) for _ in range(times) for one in inner)
    if kind == "SUBPATTERN":
        return "".join(_piece(one, chance) for one in detail[-1])
    if kind == "BRANCH":
        return "".join(_piece(one, chance) for one in chance.choice(detail[1]))
    return ""


def _member(options: list[tuple[Any, Any]], chance: random.Random) -> str:
    if str(options[0][0]) == "NEGATE":
        banned = re.compile("[" + "".join(_class_text(one) for one in options[1:]) + "]")
        return next(letter for letter in "abcdefxyz0123456789 _-.ABC" if not banned.match(letter))
    kind, detail = chance.choice(options)
    if str(kind) == "LITERAL":
        return chr(detail)
    if str(kind) == "RANGE":
        return chr(chance.randint(detail[0], detail[1]))
    return {"CATEGORY_DIGIT": "7", "CATEGORY_WORD": "w", "CATEGORY_SPACE": " "}.get(str(detail), "a")


def _class_text(option: tuple[Any, Any]) -> str:
    if str(option[0]) == "RANGE":
        return f"{re.escape(chr(option[1][0]))}-{re.escape(chr(option[1][1]))}"
    return re.escape(chr(option[1]))


_MAKERS: dict[str, Callable[[Session, Node], Iterator[str]]] = {
    "int": _integers, "integer": _integers, "decimal": _decimals, "double": _decimals, "date": _dates, "time": _times,
    "dateTime": _date_times, "geopoint": _points, "geotrace": _traces, "geoshape": _shapes,
}  # fmt: skip
