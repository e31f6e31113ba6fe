"""Expressions as trees: what forms.xpath_parser makes and the checks of a form walk through."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a text."""

    value: float | str


@dataclass(frozen=True, slots=True)
class Negative:
    """Unary minus."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands and what is between them, `|` included."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Call:
    """A function call."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Step:
    """`name`, `@name`, `*`, `.`, `..`, `axis::name`, `//` (as a step of its own) or a node test, with predicates."""

    name: str
    predicates: tuple["Expression", ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """A location path; `start` is None for a relative one, "/" for an absolute one, or an expression."""

    start: "Expression | str | None"
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    """An expression with predicates that is no path: `(…)[…]`."""

    inner: "Expression"
    predicates: tuple["Expression", ...]


Expression = Literal | Negative | Binary | Call | Path | Filter


def parts(expression: Expression) -> Iterator[Expression]:
    """The direct sub-expressions."""
    match expression:
        case Negative(inner):
            yield inner
        case Binary(_, left, right):
            yield from (left, right)
        case Call(_, arguments):
            yield from arguments
        case Filter(inner, predicates):
            yield from (inner, *predicates)
        case Path(start, steps):
            if start is not None and not isinstance(start, str):
                yield start
            yield from (predicate for step in steps for predicate in step.predicates)


def walk(expression: Expression) -> Iterator[Expression]:
    """The expression and everything in it, in reading order; a sum of a thousand terms is a thousand deep."""
    stack = [expression]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(list(parts(top))))


def names(steps: Sequence[Step]) -> tuple[str, ...]:
    """The steps' names without namespaces."""
    return tuple(step.name.rpartition(":")[2] for step in steps)
