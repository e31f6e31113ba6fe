"""The functions ODK Collect knows, and how many arguments each takes.

From JavaRosa's XPathFuncExpr and the handlers Collect adds. Those it evaluates without looking at all arguments, or at
all, matter to whoever asks what happens when a form opens.
"""

from collections.abc import Iterator

from forms.xpath import Binary, Call, Expression, Literal, parts

_MANY = 1_000
_ARITIES: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("true", "false", "today", "now", "random", "pi", "version"), (0, 0)),
    **dict.fromkeys(
        ("boolean", "number", "int", "string", "date", "date-time", "decimal-date-time", "decimal-time", "not"), (1, 1)
    ),
    **dict.fromkeys(("boolean-from-string", "count-selected", "count", "count-non-empty", "sum", "once"), (1, 1)),
    **dict.fromkeys(("property", "enclosed-area", "area", "base64-decode", "intersects"), (1, 1)),
    **dict.fromkeys(
        ("abs", "acos", "asin", "atan", "cos", "exp", "exp10", "log", "log10", "sin", "sqrt", "tan"), (1, 1)
    ),
    **dict.fromkeys(("format-date", "format-date-time", "selected", "is-selected", "selected-at", "regex"), (2, 2)),
    **dict.fromkeys(("atan2", "pow", "coalesce", "geofence", "extract-signed"), (2, 2)),
    **dict.fromkeys(("substring-before", "substring-after", "contains", "starts-with", "ends-with"), (2, 2)),
    **dict.fromkeys(("round", "randomize"), (1, 2)),
    **dict.fromkeys(("position", "string-length", "normalize-space", "uuid"), (0, 1)),
    **dict.fromkeys(("max", "min", "concat"), (0, _MANY)),
    **dict.fromkeys(("join", "depend", "distance"), (1, _MANY)),
    **dict.fromkeys(("substr", "digest"), (2, 3)),
    **dict.fromkeys(("checklist", "weighted-checklist"), (2, _MANY)),
    "if": (3, 3),
    "translate": (3, 3),
    "indexed-repeat": (3, 11),
    "jr:choice-name": (2, 2),
    "jr:itext": (1, 1),
    "pulldata": (0, _MANY),  # with other than four Collect answers nothing, and opens the form
    "search": (1, 6),
    "instance": (1, 1),
    "current": (0, 0),
    **dict.fromkeys(("node", "text", "comment", "processing-instruction"), (0, 1)),
}

_OF_NODES = ("count", "count-non-empty", "sum", "randomize")


def knows(name: str) -> bool:
    """Whether ODK Collect knows the function."""
    return name in _ARITIES


def fault_of(call: Call) -> tuple[str, str] | None:
    """Why a phone cannot evaluate the call, in English and French; None when it can."""
    if call.name in _OF_NODES and any(isinstance(each, Literal) for each in call.arguments[:1]):
        return f"{call.name}() wants a question, ${{name}}", f"{call.name}() attend une question, ${{nom}}"
    arity = _ARITIES.get(call.name)
    if arity is None:
        return f"phones do not know the function {call.name}()", f"les téléphones ne connaissent pas {call.name}()"
    least, most = arity
    given = len(call.arguments)
    if least <= given <= most and not (call.name == "indexed-repeat" and given % 2 == 0):
        return None
    wanted = str(least) if least == most else f"{least}–{most}" if most < _MANY else f"≥ {least}"
    return (
        f"{call.name}() takes {wanted} argument(s), not {given}",
        f"{call.name}() prend {wanted} argument(s), pas {given}",
    )


def always_evaluated(expression: Expression) -> Iterator[Expression]:
    """The parts that are evaluated whatever the answers: not the branches of if(), nor what stands behind and, or."""
    stack = [expression]
    while stack:
        top = stack.pop()
        yield top
        match top:
            case Binary("and" | "or", left, _):
                stack.append(left)
            case Call("if" | "coalesce", arguments):
                stack.extend(arguments[:1])
            case Call("indexed-repeat", _):
                pass
            case Call() | Binary():
                stack.extend(parts(top))
            case _:
                # Predicates are evaluated only where there are nodes to choose from.
                pass
