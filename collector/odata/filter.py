"""`$filter` expressions, read into a tree. Pure.

The grammar is OData's (4.01 ABNF), with its order of precedence; what a literal or a name is, and where a text that cannot
be read is said to be wrong, follows the parser ODK Central uses (odata-v4-parser).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from collector.odata.errors import unparseable_filter

DEEPEST = 50
# SQLite allows expressions of 1,000 levels.
MOST_COMPARISONS = 400

_SPACE = re.compile(r"[ \t]+")
_LITERALS = (
    ("null", re.compile(r"null\b")),
    ("boolean", re.compile(r"(?:true|false)\b")),
    ("text", re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")),
    (
        "moment",
        re.compile(
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
        ),
    ),
    ("date", re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?!T)")),
    ("time", re.compile(r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?")),
    ("number", re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?")),
    ("number", re.compile(r"NaN|-?INF")),
    ("string", re.compile(r"'(?:[^']|'')*'")),
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_ROOT = re.compile(r"\$root(?:/[A-Za-z_][A-Za-z0-9_]{0,127})+")
_IT = re.compile(r"\$it(?:/[A-Za-z_][A-Za-z0-9_]{0,127})*")
# How many arguments each takes, at least and at most.
_FUNCTIONS = {
    **dict.fromkeys(("now", "mindatetime", "maxdatetime"), (0, 0)),
    **dict.fromkeys(
        (
            *("length", "tolower", "toupper", "trim", "year", "month", "day", "hour", "minute", "second"),
            *("fractionalseconds", "totalseconds", "date", "time", "totaloffsetminutes", "round", "floor", "ceiling"),
            "geo.length",
        ),
        (1, 1),
    ),
    **dict.fromkeys(
        ("contains", "startswith", "endswith", "indexof", "substringof", "concat", "geo.distance", "geo.intersects"),
        (2, 2),
    ),
    "substring": (2, 3),
}
_CALL = re.compile(f"({'|'.join(re.escape(name) for name in sorted(_FUNCTIONS, key=len, reverse=True))})\\(")
_COMPARISONS = {
    "eq": "EqualsExpression",
    "ne": "NotEqualsExpression",
    "lt": "LesserThanExpression",
    "le": "LesserOrEqualsExpression",
    "gt": "GreaterThanExpression",
    "ge": "GreaterOrEqualsExpression",
    "has": "HasExpression",
}
_ARITHMETIC = {word: f"{word.capitalize()}Expression" for word in ("add", "sub", "mul", "div", "mod")}


@dataclass(frozen=True, slots=True)
class Node:
    """Part of an expression: what it is, where it begins, as written. `kind` is Central's word for it."""

    kind: str
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """`type` is null, boolean, text, moment, date, time, number or string (`value` without its quotes)."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Member(Node):
    """A field; `text` is its path."""


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function and what it is given."""

    name: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """`left operator right`"""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Two or more operands with the same `and`, `or` or (nothing is done with those) arithmetic between them."""

    operator: str
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`not` or `-`."""

    operator: str
    operand: Node


_Rule = Callable[[], Node | None]


def parse_filter(text: str) -> Node:
    """The tree of an expression; Problem 400.18 when it is none."""
    text = text.strip()
    reader = _Reader(text)
    node = reader.either()
    if node is None:
        raise unparseable_filter("Fail at 0")
    if reader.at < len(text):
        raise unparseable_filter(f"Unexpected character at {reader.at}")
    return node


class _Reader:
    """Reads forward; a rule that does not fit gives None and leaves the place where it was."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._depth = 0
        self._count = 0

    def either(self) -> Node | None:
        """`a or b`"""
        return self._chain("or", "OrExpression", self._both)

    def _both(self) -> Node | None:
        return self._chain("and", "AndExpression", self._negated)

    def _chain(self, word: str, kind: str, operand: _Rule) -> Node | None:
        start, first = self.at, operand()
        if first is None:
            return None
        operands = [first]
        while (following := self._after(word, operand)) is not None:
            operands.append(following)
        text = self.text[start : self.at]
        return first if len(operands) == 1 else Chain(kind, start, text, word, tuple(operands))

    def _negated(self) -> Node | None:
        start = self.at
        if self._mark("not") and self._space():
            operand = self._nested(self._negated)
            if operand is not None:
                return Unary("NotExpression", start, self.text[start : self.at], "not", operand)
        self.at = start
        return self._compared()

    def _compared(self) -> Node | None:
        start, left = self.at, self._sum()
        if left is None:
            return None
        self._count += 1
        if self._count > MOST_COMPARISONS:
            raise unparseable_filter(f"More than {MOST_COMPARISONS} comparisons")
        for word, kind in _COMPARISONS.items():
            right = self._after(word, self._sum)
            if right is not None:
                return Comparison(kind, start, self.text[start : self.at], word, left, right)
        return left

    def _sum(self) -> Node | None:
        start, first = self.at, self._single()
        if first is None:
            return None
        operands, operator = [first], ""
        while found := next(((word, each) for word in _ARITHMETIC if (each := self._after(word, self._single))), None):
            operator = operator or found[0]
            operands.append(found[1])
        text = self.text[start : self.at]
        return Chain(_ARITHMETIC[operator], start, text, operator, tuple(operands)) if operator else first

    def _single(self) -> Node | None:
        return self._literal() or self._call() or self._member() or self._minus() or self._parenthesis()

    def _literal(self) -> Node | None:
        for kind, pattern in _LITERALS:
            match = pattern.match(self.text, self.at)
            if match:
                start, self.at = self.at, match.end()
                value = match[0][1:-1].replace("''", "'") if kind == "string" else match[0]
                return Literal("Literal", start, match[0], kind, value)
        return None

    def _call(self) -> Node | None:
        match = _CALL.match(self.text, self.at)
        if match is None:
            return None
        start, self.at = self.at, match.end()
        arguments = self._arguments()
        fewest, most = _FUNCTIONS[match[1]]
        if arguments is None or not fewest <= len(arguments) <= most:
            self.at = start
            return None
        return Call("MethodCallExpression", start, self.text[start : self.at], match[1], tuple(arguments))

    def _arguments(self) -> list[Node] | None:
        found: list[Node] = []
        self._space()
        while not self._mark(")"):
            argument = self._nested(self._sum)
            if argument is None:
                return None
            found.append(argument)
            self._space()
            if self._mark(","):
                self._space()
            elif self.text[self.at : self.at + 1] != ")":
                return None
        return found

    def _member(self) -> Node | None:
        for pattern, kind in ((_ROOT, "RootExpression"), (_IT, "FirstMemberExpression")):
            if match := pattern.match(self.text, self.at):
                start, self.at = self.at, match.end()
                return Member(kind, start, match[0])
        start = self.at
        match = _NAME.match(self.text, self.at)
        while match is not None:
            self.at = match.end()
            match = _NAME.match(self.text, self.at + 1) if self.text[self.at : self.at + 1] == "/" else None
        return Member("FirstMemberExpression", start, self.text[start : self.at]) if self.at > start else None

    def _minus(self) -> Node | None:
        start = self.at
        if self._mark("-"):
            self._space()
            operand = self._nested(self._single)
            if operand is not None:
                return Unary("NegateExpression", start, self.text[start : self.at], "-", operand)
        self.at = start
        return None

    def _parenthesis(self) -> Node | None:
        start = self.at
        if self._mark("("):
            self._space()
            inside = self._nested(self.either)
            self._space()
            if inside is not None and self._mark(")"):
                return inside
        self.at = start
        return None

    def _after(self, word: str, operand: _Rule) -> Node | None:
        """` word operand`"""
        start = self.at
        if self._space() and self._mark(word) and self._space():
            found = operand()
            if found is not None:
                return found
        self.at = start
        return None

    def _nested(self, rule: _Rule) -> Node | None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise unparseable_filter(f"Nested too deeply at {self.at}")
        try:
            return rule()
        finally:
            self._depth -= 1

    def _space(self) -> bool:
        match = _SPACE.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match is not None

    def _mark(self, mark: str) -> bool:
        if not self.text.startswith(mark, self.at):
            return False
        self.at += len(mark)
        return True
