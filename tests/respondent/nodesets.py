"""Functions of ODK XForms that ask for nodes, instances or the form's texts."""

from collections.abc import Sequence
from typing import Any

from tests.respondent.library import Library, nodes_of, number_of, text_of
from tests.respondent.tree import Node
from tests.respondent.values import Result
from tests.respondent.xpath import Context, Expression

LIBRARY = Library()

LIBRARY["count"] = lambda context, arguments: float(len(nodes_of(context, arguments[0])))
LIBRARY["count-non-empty"] = lambda context, arguments: float(
    sum(bool(node.text or node.children) for node in nodes_of(context, arguments[0]))
)
LIBRARY["current"] = lambda context, arguments: [context.origin]
LIBRARY["last"] = lambda context, arguments: float(context.size)
LIBRARY["randomize"] = lambda context, arguments: nodes_of(context, arguments[0])


@LIBRARY.named("position")
def _position(context: Context, arguments: Sequence[Expression]) -> Result:
    if not arguments:
        return float(context.position)
    (node,) = nodes_of(context, arguments[0])
    twins = node.parent.named(node.name) if node.parent is not None else [node]
    return float(twins.index(node) + 1)


@LIBRARY.named("instance")
def _instance(context: Context, arguments: Sequence[Expression]) -> Result:
    root = context.scope.instance(text_of(context, arguments[0]))
    return [Node("", children=[root])] if root is not None else []


@LIBRARY.named("indexed-repeat")
def _indexed_repeat(context: Context, arguments: Sequence[Expression]) -> Result:
    target: Any = arguments[0]
    nodes = [context.scope.root]
    repeats: Any = arguments[1::2]
    wanted = {
        "".join(f"/{step.name}" for step in repeat.steps): index
        for repeat, index in zip(repeats, arguments[2::2], strict=True)
    }
    walked = ""
    for step in target.steps:
        if walked:
            nodes = [child for node in nodes for child in node.named(step.name)]
        walked += f"/{step.name}"
        if walked in wanted:
            at = int(number_of(context, wanted[walked]))
            nodes = nodes[at - 1 : at]
    return [node for node in nodes if node.is_relevant()]


@LIBRARY.named("pulldata")
def _pulldata(context: Context, arguments: Sequence[Expression]) -> Result:
    name, wanted, key, value = (text_of(context, one) for one in arguments)
    root = context.scope.instance(name)
    for item in root.children if root is not None else []:
        if any(cell.text == value for cell in item.named(key)):
            return next((cell.text for cell in item.named(wanted)), "")
    return ""


@LIBRARY.named("jr:choice-name")
def _choice_name(context: Context, arguments: Sequence[Expression]) -> Result:
    return str(context.scope.choice_label(text_of(context, arguments[0]), text_of(context, arguments[1]), context))


@LIBRARY.named("jr:itext")
def _itext(context: Context, arguments: Sequence[Expression]) -> Result:
    return str(context.scope.itext(text_of(context, arguments[0])))
