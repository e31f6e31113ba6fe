"""XPath 1.0 as XForms use it: small expression trees that evaluate themselves against instance trees."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from tests.respondent.tree import Node
from tests.respondent.values import Result, Value, scalar, to_boolean, to_number, to_text


class Scope(Protocol):
    """What an expression needs from the form being filled."""

    root: Node
    now: datetime
    random: random.Random

    def instance(self, name: str) -> Node | None:
        """The secondary instance's root, None when the phone has none."""

    def function(self, name: str) -> "Callable[[Context, Sequence[Expression]], Result]":
        """The function of that name; KeyError when unknown."""

    def uuid(self) -> str:
        """A new version 4 UUID."""

    def itext(self, text_id: str) -> str:
        """A translated text."""

    def choice_label(self, value: str, path: str, context: "Context") -> str:
        """The label of a choice of the question at `path`."""


@dataclass(frozen=True)
class Context:
    """Where an expression is evaluated: `node` is `.`, `origin` the node whose bind it belongs to, `current()`."""

    scope: Scope
    node: Node
    origin: Node
    position: int = 1
    size: int = 1


class Expression:
    """A parsed expression."""

    def evaluate(self, context: Context) -> Result:
        """Its value."""
        raise NotImplementedError

    def parts(self) -> "Sequence[Expression]":
        """Direct sub-expressions."""
        return ()


@dataclass
class Literal(Expression):
    """A number or a text."""

    value: Value

    def evaluate(self, context: Context) -> Result:  # noqa: ARG002 - the same signature for all
        return self.value


@dataclass
class Negative(Expression):
    """Unary minus."""

    inner: Expression

    def evaluate(self, context: Context) -> Result:
        return -to_number(self.inner.evaluate(context))

    def parts(self) -> Sequence[Expression]:
        return (self.inner,)


@dataclass
class Binary(Expression):
    """Two operands and what is between them."""

    operator: str
    left: Expression
    right: Expression

    def evaluate(self, context: Context) -> Result:
        if self.operator == "or":
            return to_boolean(self.left.evaluate(context)) or to_boolean(self.right.evaluate(context))
        if self.operator == "and":
            return to_boolean(self.left.evaluate(context)) and to_boolean(self.right.evaluate(context))
        left, right = self.left.evaluate(context), self.right.evaluate(context)
        if self.operator in {"=", "!="}:
            return equal(left, right) == (self.operator == "=")
        return _ARITHMETIC[self.operator](to_number(left), to_number(right))

    def parts(self) -> Sequence[Expression]:
        return (self.left, self.right)


@dataclass
class Call(Expression):
    """A function call."""

    name: str
    arguments: list[Expression]

    def evaluate(self, context: Context) -> Result:
        return context.scope.function(self.name)(context, self.arguments)

    def parts(self) -> Sequence[Expression]:
        return self.arguments


@dataclass
class Step:
    """`name`, `@name`, `*`, `.` or `..`, with predicates."""

    name: str
    predicates: list[Expression] = field(default_factory=list)


@dataclass
class Path(Expression):
    """A location path; `start` is None for a relative one, "/" for an absolute one, or an expression."""

    start: Expression | str | None
    steps: list[Step]

    def evaluate(self, context: Context) -> Result:
        if self.start == "/":
            nodes: list[Node] = [Node("", children=[context.scope.root])]
            pinned = _ancestry(context.origin)
        else:
            first = self.start.evaluate(context) if isinstance(self.start, Expression) else [context.node]
            nodes = list(first) if isinstance(first, list | tuple) else []
            pinned = {}
        for step in self.steps:
            nodes = [found for node in nodes for found in _step(node, step, context, pinned)]
        return [node for node in nodes if node.is_relevant()]

    def parts(self) -> Sequence[Expression]:
        inner = [one for step in self.steps for one in step.predicates]
        return [self.start, *inner] if isinstance(self.start, Expression) else inner


def _ancestry(node: Node) -> dict[str, Node]:
    """Repeat instances above a node by path: an absolute path inside a repeat stays inside this instance."""
    pinned = {}
    above: Node | None = node
    while above is not None:
        if above.repeat:
            pinned[above.path] = above
        above = above.parent
    return pinned


def _step(node: Node, step: Step, context: Context, pinned: dict[str, Node]) -> list[Node]:
    if step.name == ".":
        found = [node]
    elif step.name == "..":
        found = [node.parent] if node.parent is not None else []
    else:
        if len(step.predicates) == 1 and (hit := _by_index(node, step, context)) is not None:
            return hit
        found = node.named(step.name)
    if found and not step.predicates and found[0].path in pinned and found[0].repeat:
        return [pinned[found[0].path]]
    for predicate in step.predicates:
        size = len(found)
        found = [one for at, one in enumerate(found, 1) if _holds(predicate, context, one, at, size)]
    return found


def _holds(predicate: Expression, context: Context, node: Node, position: int, size: int) -> bool:
    value = predicate.evaluate(replace(context, node=node, position=position, size=size))
    if isinstance(value, float) and not isinstance(value, bool):
        return value == position
    return to_boolean(value)


def _by_index(node: Node, step: Step, context: Context) -> list[Node] | None:
    """`item[column = expression]` in a secondary instance without reading every row; None when it is another case."""
    test = step.predicates[0]
    if node.kind or node.path or not isinstance(test, Binary) or test.operator != "=":
        return None
    left, right = test.left, test.right
    if not (isinstance(left, Path) and left.start is None and len(left.steps) == 1 and not left.steps[0].predicates):
        return None
    if not isinstance(right, Literal) and not (isinstance(right, Path) and right.start is not None):
        return None
    wanted = scalar(right.evaluate(context))
    if not isinstance(wanted, str):
        return None
    column = left.steps[0].name
    index = node.index.get(f"{step.name}/{column}")
    if index is None:
        index = node.index[f"{step.name}/{column}"] = {}
        for item in node.named(step.name):
            for cell in item.named(column):
                index.setdefault(cell.text, []).append(item)
    return (
        index.get(wanted, [])
        if wanted or "" in index
        else [one for one in node.named(step.name) if not one.named(column)]
    )


def equal(left: Result, right: Result) -> bool:
    """`=` of two single values: as booleans, else as numbers, else as texts."""
    one, other = scalar(left), scalar(right)
    if isinstance(one, bool) or isinstance(other, bool):
        return to_boolean(one) == to_boolean(other)
    if isinstance(one, float | int) or isinstance(other, float | int):
        return abs(to_number(one) - to_number(other)) < 1e-12
    return to_text(one) == to_text(other)


def _divide(left: float, right: float) -> float:
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
    return left / right


_ARITHMETIC: dict[str, Callable[[float, float], float | bool]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "div": _divide,
    "mod": lambda left, right: math.fmod(left, right) if right else math.nan,
}
