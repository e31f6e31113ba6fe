"""Functions of ODK XForms on plain values, as far as published forms use them; results as JavaRosa 5.1 gives them."""

import base64
import hashlib
import math
import re
from collections.abc import Callable, Sequence
from functools import cache

from tests.respondent.library import Function, Library, number_of, text_of, values_of
from tests.respondent.values import Result, scalar, to_boolean, to_number, to_text
from tests.respondent.xpath import Context, Expression

LIBRARY = Library()

# Logic


@LIBRARY.named("if")
def _if(context: Context, arguments: Sequence[Expression]) -> Result:
    test, yes, no = arguments
    return scalar((yes if to_boolean(test.evaluate(context)) else no).evaluate(context))


@LIBRARY.named("coalesce")
def _coalesce(context: Context, arguments: Sequence[Expression]) -> Result:
    first, second = arguments  # more than two is an error in JavaRosa
    value = scalar(first.evaluate(context))
    return value if value != "" else scalar(second.evaluate(context))


@LIBRARY.named("once")
def _once(context: Context, arguments: Sequence[Expression]) -> Result:
    return context.origin.text or scalar(arguments[0].evaluate(context))


LIBRARY["true"] = lambda context, arguments: True
LIBRARY["false"] = lambda context, arguments: False
LIBRARY["not"] = lambda context, arguments: not to_boolean(arguments[0].evaluate(context))
LIBRARY["boolean"] = lambda context, arguments: to_boolean(arguments[0].evaluate(context))


@LIBRARY.named("boolean-from-string")
def _boolean_from_string(context: Context, arguments: Sequence[Expression]) -> Result:
    return text_of(context, arguments[0]).lower() in {"true", "1"}


@LIBRARY.named("checklist", "weighted-checklist")
def _checklist(context: Context, arguments: Sequence[Expression]) -> Result:
    least, most, *rest = arguments
    total = sum(to_boolean(value) for value in values_of(context, rest))
    return (
        number_of(context, least) <= total <= (math.inf if number_of(context, most) < 0 else number_of(context, most))
    )


# Selections


def _selected(text: str, wanted: str) -> bool:
    return wanted.strip() in text.split()


@LIBRARY.named("selected", "is-selected")
def _is_selected(context: Context, arguments: Sequence[Expression]) -> Result:
    return _selected(text_of(context, arguments[0]), text_of(context, arguments[1]))


@LIBRARY.named("count-selected")
def _count_selected(context: Context, arguments: Sequence[Expression]) -> Result:
    return float(len(text_of(context, arguments[0]).split()))


@LIBRARY.named("selected-at")
def _selected_at(context: Context, arguments: Sequence[Expression]) -> Result:
    chosen, at = text_of(context, arguments[0]).split(), number_of(context, arguments[1])
    return chosen[int(at)] if 0 <= at < len(chosen) else ""


# Numbers


@LIBRARY.named("round")
def _round(context: Context, arguments: Sequence[Expression]) -> Result:
    number = number_of(context, arguments[0])
    places = int(number_of(context, arguments[1])) if len(arguments) > 1 else 0
    if math.isnan(number) or math.isinf(number):
        return number
    return math.floor(number * 10.0**places + 0.5 + 1e-9) / 10.0**places + 0.0


def _of_number(function: Callable[[float], float]) -> Function:
    def call(context: Context, arguments: Sequence[Expression]) -> Result:
        number = number_of(context, arguments[0])
        try:
            return number if math.isnan(number) else float(function(number))
        except (ValueError, OverflowError):
            return math.nan

    return call


_PLAIN: dict[str, Callable[[float], float]] = {
    "number": float, "int": math.trunc, "abs": abs, "sqrt": math.sqrt,
    "exp": math.exp, "log": math.log, "log10": math.log10, "sin": math.sin, "cos": math.cos, "tan": math.tan,
    "asin": math.asin, "acos": math.acos, "atan": math.atan,
}  # fmt: skip
LIBRARY.update({name: _of_number(plain) for name, plain in _PLAIN.items()})
LIBRARY["pi"] = lambda context, arguments: math.pi
LIBRARY["pow"] = lambda context, arguments: number_of(context, arguments[0]) ** number_of(context, arguments[1])
LIBRARY["atan2"] = lambda context, arguments: math.atan2(
    number_of(context, arguments[0]), number_of(context, arguments[1])
)
LIBRARY["sum"] = lambda context, arguments: float(
    sum(to_number(one) for one in values_of(context, arguments) if one != "")
)


def _extreme(choose: Callable[[list[float]], float]) -> Function:
    def call(context: Context, arguments: Sequence[Expression]) -> Result:
        numbers = [to_number(one) for one in values_of(context, arguments) if one != ""]
        return math.nan if not numbers or any(map(math.isnan, numbers)) else choose(numbers)

    return call


LIBRARY["min"], LIBRARY["max"] = _extreme(min), _extreme(max)
LIBRARY["random"] = lambda context, arguments: context.scope.random.random()


# Texts

LIBRARY["string"] = lambda context, arguments: text_of(context, arguments[0])
LIBRARY["concat"] = lambda context, arguments: "".join(map(to_text, values_of(context, arguments)))
LIBRARY["string-length"] = lambda context, arguments: float(
    len((text_of(context, arguments[0]) if arguments else to_text([context.node])).encode("utf-16-le")) // 2
)
LIBRARY["contains"] = lambda context, arguments: text_of(context, arguments[1]) in text_of(context, arguments[0])
LIBRARY["starts-with"] = lambda context, arguments: text_of(context, arguments[0]).startswith(
    text_of(context, arguments[1])
)
LIBRARY["ends-with"] = lambda context, arguments: text_of(context, arguments[0]).endswith(
    text_of(context, arguments[1])
)
LIBRARY["normalize-space"] = lambda context, arguments: " ".join(text_of(context, arguments[0]).split())
LIBRARY["lower-case"] = lambda context, arguments: text_of(context, arguments[0]).lower()
LIBRARY["upper-case"] = lambda context, arguments: text_of(context, arguments[0]).upper()
LIBRARY["substring-before"] = lambda context, arguments: (
    text_of(context, arguments[0]).partition(text_of(context, arguments[1]))[0]
    if text_of(context, arguments[1]) in text_of(context, arguments[0])
    else ""
)
LIBRARY["substring-after"] = lambda context, arguments: text_of(context, arguments[0]).partition(
    text_of(context, arguments[1])
)[2]


@LIBRARY.named("join")
def _join(context: Context, arguments: Sequence[Expression]) -> Result:
    return text_of(context, arguments[0]).join(map(to_text, values_of(context, arguments[1:])))


@LIBRARY.named("substr")
def _substr(context: Context, arguments: Sequence[Expression]) -> Result:
    text, start = text_of(context, arguments[0]), int(number_of(context, arguments[1]))
    end = int(number_of(context, arguments[2])) if len(arguments) > 2 else len(text)
    start, end = (max(0, at + len(text) if at < 0 else at) for at in (start, end))
    return text[start : max(start, end)]


@LIBRARY.named("substring")
def _substring(context: Context, arguments: Sequence[Expression]) -> Result:
    text, start = text_of(context, arguments[0]), round(number_of(context, arguments[1]))
    end = start + round(number_of(context, arguments[2])) if len(arguments) > 2 else len(text) + 1
    return "".join(letter for at, letter in enumerate(text, 1) if start <= at < end)


@LIBRARY.named("translate")
def _translate(context: Context, arguments: Sequence[Expression]) -> Result:
    text, old, new = (text_of(context, one) for one in arguments)
    table = {ord(letter): new[at] if at < len(new) else None for at, letter in reversed(list(enumerate(old)))}
    return text.translate(table)


@LIBRARY.named("regex")
def _regex(context: Context, arguments: Sequence[Expression]) -> Result:
    return _compiled(text_of(context, arguments[1])).fullmatch(text_of(context, arguments[0])) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


@LIBRARY.named("digest")
def _digest(context: Context, arguments: Sequence[Expression]) -> Result:
    text, name = text_of(context, arguments[0]), text_of(context, arguments[1]).lower().replace("-", "")
    made = hashlib.new(name, text.encode()).digest()
    encoding = text_of(context, arguments[2]) if len(arguments) > 2 else "base64"
    return made.hex() if encoding == "hex" else base64.b64encode(made).decode()


@LIBRARY.named("uuid")
def _uuid(context: Context, arguments: Sequence[Expression]) -> Result:  # noqa: ARG001
    return context.scope.uuid()
