"""What the function library is made of: registers of functions, and their arguments' values."""

from collections.abc import Callable, Sequence

from tests.respondent.tree import Node
from tests.respondent.values import Result, Value, to_number, to_text, typed
from tests.respondent.xpath import Context, Expression

Function = Callable[[Context, Sequence[Expression]], Result]


class Library(dict[str, Function]):
    """Functions by name."""

    def named(self, *names: str) -> Callable[[Function], Function]:
        """Register the decorated function under these names."""

        def register(function: Function) -> Function:
            self.update(dict.fromkeys(names, function))
            return function

        return register


def values_of(context: Context, arguments: Sequence[Expression]) -> list[Value]:
    """All values of arguments that may be node sets."""
    found: list[Value] = []
    for argument in arguments:
        result = argument.evaluate(context)
        found += [typed(node) for node in result] if isinstance(result, list | tuple) else [result]  # type: ignore[list-item]
    return found


def text_of(context: Context, argument: Expression) -> str:
    """One argument as a text."""
    return to_text(argument.evaluate(context))


def number_of(context: Context, argument: Expression) -> float:
    """One argument as a number, maybe NaN."""
    return to_number(argument.evaluate(context))


def nodes_of(context: Context, argument: Expression) -> list[Node]:
    """One argument's nodes; none when it is a plain value."""
    result = argument.evaluate(context)
    return list(result) if isinstance(result, list | tuple) else []
