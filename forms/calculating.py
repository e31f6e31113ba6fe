"""What expressions of a form say of answers, as phones calculate it, where there is no doubt. Pure.

Only a part of what phones know: logic, numbers, texts and choices of one submission. Dates, chance, other files and whatever else phones
might read in another way are refused (`Beyond`), never guessed.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from forms.calculated_values import NUMBERS, Beyond, Node, Value, number_of, text_of, truth_of, value_of
from forms.expressions import resolve
from forms.xpath import Binary, Call, Expression, Filter, Literal, Negative, Path, walk

Look = Callable[[str], Sequence[Node]]
"""All nodes of an absolute path without its root (`/group/age`) that are asked for; raises Beyond where that is not known."""


def paths_read(expression: Expression, node: str) -> frozenset[str] | None:
    """The paths (without the root) that an expression at `node` (with it) reads; None where that cannot be told."""
    found = set()
    for each in walk(expression):
        if not isinstance(each, Path):
            continue
        if isinstance(each.start, Call) and each.start.name not in ("current", "instance"):
            return None
        if isinstance(each.start, Call) and each.start.name == "instance":
            # What stands in its predicates is walked through as well.
            continue
        names = resolve(each, node)
        if names is None:
            return None
        found.add("/" + "/".join(names[1:]))
    return frozenset(found)


def uses(expression: Expression, *functions: str) -> bool:
    """Whether one of these functions is called in it."""
    return any(isinstance(each, Call) and each.name in functions for each in walk(expression))


def calculate(expression: Expression, node: str, look: Look) -> Value:
    """The value of an expression at `node` (an absolute path); raises Beyond."""
    try:
        return _Calculation(node, look).value(expression)
    except (OverflowError, RecursionError):
        raise Beyond("too large or too deep") from None


def holds(expression: Expression, node: str, look: Look) -> bool:
    """Whether a condition is true; raises Beyond."""
    try:
        return truth_of(_Calculation(node, look).value(expression))
    except (OverflowError, RecursionError):
        raise Beyond("too large or too deep") from None


@dataclass(frozen=True, slots=True)
class _Calculation:
    node: str
    look: Look

    def value(self, expression: Expression) -> Value:
        match expression:
            case Literal(value):
                return value
            case Negative(inner):
                return -number_of(self.value(inner))
            case Binary(operator, left, right):
                return self.binary(operator, left, right)
            case Call(name, arguments):
                function = _FUNCTIONS.get(name)
                if function is None:
                    raise Beyond(f"{name}()")
                least, most, call = function
                if not least <= len(arguments) <= most:
                    raise Beyond(f"{name}() of {len(arguments)}")
                return call(self, arguments)
            case Path():
                return self.single(expression)
            case Filter():
                raise Beyond("a filter")
        raise Beyond("an unknown expression")

    def binary(self, operator: str, left: Expression, right: Expression) -> Value:
        if operator == "and":
            return truth_of(self.value(left)) and truth_of(self.value(right))
        if operator == "or":
            return truth_of(self.value(left)) or truth_of(self.value(right))
        if operator in ("=", "!="):
            return self.equal(left, right) == (operator == "=")
        if operator not in _ARITHMETIC:
            raise Beyond(operator)
        return _ARITHMETIC[operator](number_of(self.value(left)), number_of(self.value(right)))

    def equal(self, left: Expression, right: Expression) -> bool:
        one, other = self.blank_or_value(left, right), self.blank_or_value(right, left)
        if isinstance(one, bool) or isinstance(other, bool):
            return truth_of(one) == truth_of(other)
        if isinstance(one, float) or isinstance(other, float):
            return number_of(one) == number_of(other)
        return one == other

    def blank_or_value(self, expression: Expression, other: Expression) -> Value:
        """Whether something was answered at all can be asked of every type, dates and places included."""
        if isinstance(expression, Path) and other == Literal(""):
            found = self.nodes(expression)
            if len(found) == 1 and found[0].type not in NUMBERS:
                return found[0].text.strip()
        return self.value(expression)

    def nodes(self, path: Expression) -> Sequence[Node]:
        if not isinstance(path, Path) or any(step.predicates for step in path.steps):
            raise Beyond("something other than a plain path")
        if isinstance(path.start, Call) and path.start.name != "current":
            raise Beyond(f"{path.start.name}()")
        names = resolve(path, self.node)
        if names is None:
            raise Beyond("a path with wildcards")
        return self.look("/" + "/".join(names[1:]))

    def single(self, path: Path) -> Value:
        found = self.nodes(path)
        if len(found) > 1:
            raise Beyond("one value of several")
        return value_of(found[0]) if found else ""

    def several(self, arguments: Sequence[Expression]) -> list[Value]:
        """The values of all arguments, every node of a path among them."""
        found: list[Value] = []
        for each in arguments:
            found += [value_of(node) for node in self.nodes(each)] if isinstance(each, Path) else [self.value(each)]
        return found

    def text(self, expression: Expression) -> str:
        return text_of(self.value(expression))

    def number(self, expression: Expression) -> float:
        return number_of(self.value(expression))


def _divided(left: float, right: float) -> float:
    if right == 0:
        raise Beyond("division by nothing")
    return left / right


def _remainder(left: float, right: float) -> float:
    if right == 0 or math.isinf(left):
        raise Beyond("division by nothing")
    return math.fmod(left, right)


_ARITHMETIC: Mapping[str, Callable[[float, float], Value]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "div": _divided,
    "mod": _remainder,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}

_Arguments = Sequence[Expression]
_Function = Callable[[_Calculation, _Arguments], Value]


def _if(at: _Calculation, given: _Arguments) -> Value:
    return at.value(given[1] if truth_of(at.value(given[0])) else given[2])


def _coalesce(at: _Calculation, given: _Arguments) -> Value:
    first = at.value(given[0])
    blank = first == "" or (isinstance(first, float) and math.isnan(first))
    return at.value(given[1]) if blank else first


_HALF, _NEAR = Decimal("0.5"), Decimal("1e-9")


def _round(at: _Calculation, given: _Arguments) -> Value:
    number, places = at.number(given[0]), at.number(given[1]) if len(given) > 1 else 0.0
    if math.isnan(number):
        return number
    if places != math.trunc(places) or not 0 <= places <= 6 or math.isinf(number):
        raise Beyond("rounding")
    scaled = Decimal(number).scaleb(int(places))
    rest = abs(scaled - int(scaled))
    # Beside a half, phones of different age round what is written in binary in different ways; and below nothing a half itself.
    if abs(rest - _HALF) < _NEAR and (rest != _HALF or number < 0):
        raise Beyond("rounding a half")
    return float(scaled.to_integral_value(ROUND_HALF_UP).scaleb(-int(places))) + 0.0


def _of_number(function: Callable[[float], float]) -> _Function:
    def call(at: _Calculation, given: _Arguments) -> Value:
        number = at.number(given[0])
        return number if math.isnan(number) or math.isinf(number) else float(function(number))

    return call


def _sum(at: _Calculation, given: _Arguments) -> Value:
    return float(sum(number_of(each) for each in at.several(given) if each != ""))


def _extreme(choose: Callable[[Sequence[float]], float]) -> _Function:
    def call(at: _Calculation, given: _Arguments) -> Value:
        numbers = [number_of(each) for each in at.several(given)]
        if not numbers or any(math.isnan(each) for each in numbers):
            raise Beyond("the least or most of nothing")
        return choose(numbers)

    return call


def _count(at: _Calculation, given: _Arguments) -> Value:
    return float(len(at.nodes(given[0])))


def _join(at: _Calculation, given: _Arguments) -> Value:
    return at.text(given[0]).join(text_of(each) for each in at.several(given[1:]))


def _selected(at: _Calculation, given: _Arguments) -> Value:
    return at.text(given[1]).strip() in at.text(given[0]).split()


def _selected_at(at: _Calculation, given: _Arguments) -> Value:
    chosen, place = at.text(given[0]).split(), at.number(given[1])
    return chosen[int(place)] if 0 <= place < len(chosen) else ""


def _substr(at: _Calculation, given: _Arguments) -> Value:
    text = at.text(given[0])
    ends = [at.number(each) for each in given[1:]]
    if any(end < 0 or end != math.trunc(end) for end in ends):
        raise Beyond("a part of a text from its end")
    return text[slice(*(int(end) for end in ([*ends, float(len(text))] if len(ends) == 1 else ends)))]


_FUNCTIONS: Mapping[str, tuple[int, int, _Function]] = {
    "true": (0, 0, lambda at, given: True),
    "false": (0, 0, lambda at, given: False),
    "not": (1, 1, lambda at, given: not truth_of(at.value(given[0]))),
    "boolean": (1, 1, lambda at, given: truth_of(at.value(given[0]))),
    "if": (3, 3, _if),
    "coalesce": (2, 2, _coalesce),
    "string": (1, 1, lambda at, given: at.text(given[0])),
    "concat": (1, 99, lambda at, given: "".join(text_of(each) for each in at.several(given))),
    "join": (2, 99, _join),
    "string-length": (1, 1, lambda at, given: float(len(at.text(given[0])))),
    "substr": (2, 3, _substr),
    "contains": (2, 2, lambda at, given: at.text(given[1]) in at.text(given[0])),
    "starts-with": (2, 2, lambda at, given: at.text(given[0]).startswith(at.text(given[1]))),
    "ends-with": (2, 2, lambda at, given: at.text(given[0]).endswith(at.text(given[1]))),
    "normalize-space": (1, 1, lambda at, given: " ".join(at.text(given[0]).split())),
    "selected": (2, 2, _selected),
    "count-selected": (1, 1, lambda at, given: float(len(at.text(given[0]).split()))),
    "selected-at": (2, 2, _selected_at),
    "number": (1, 1, lambda at, given: at.number(given[0])),
    "int": (1, 1, _of_number(math.trunc)),
    "abs": (1, 1, _of_number(abs)),
    "round": (1, 2, _round),
    "sum": (1, 99, _sum),
    "min": (1, 99, _extreme(min)),
    "max": (1, 99, _extreme(max)),
    "count": (1, 1, _count),
}
