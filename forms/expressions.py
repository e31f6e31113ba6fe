"""The expressions of a form: each with what it is for and the node it is evaluated at."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lxml.etree import _Element

from forms.xform_document import XFormDocument, attribute, children, descendants, local_name
from forms.xpath import Call, Expression, Path, Step, walk
from forms.xpath_parser import parse
from forms.xpath_tokens import XPathFault

# What decides about nodes: phones order it by what needs what, and evaluate it as soon as the form opens.
_LOGIC = ("relevant", "calculation", "required", "read_only")
_BIND_ATTRIBUTES = {
    "relevant": "relevant",
    "calculate": "calculation",
    "required": "required",
    "readonly": "read_only",
    "constraint": "constraint",
}
_ITEXT_QUESTION = re.compile(r"^/[^/:]+/(.+):(?:label|hint|guidance_hint|jr:constraintMsg|jr:requiredMsg)$")
_REFERENCE = re.compile(r"\s?(?:current\(\)/)?(?:/[\w.-]+|\.\.)(?:/(?:[\w.-]+|\.\.))*/([\w.-]+)\s?")


@dataclass(frozen=True)
class Written:
    """An expression as it stands in the form. `kind` is the workbook's column; `node` the absolute path of its node.

    `action` is set for what an event does once (a default, a trigger); everything else holds all the time.
    """

    kind: str
    node: str
    source: str
    action: str = ""

    @property
    def is_logic(self) -> bool:
        """Whether phones keep it true all the time: relevant, calculation, required, read_only."""
        return self.kind in _LOGIC and not self.action

    @property
    def is_at_load(self) -> bool:
        """Whether it is evaluated when the form opens. A constraint waits for an answer, a filter for its question."""
        return self.is_logic or "odk-instance-first-load" in self.action

    @cached_property
    def tree(self) -> Expression | XPathFault:
        """The expression, or why it cannot be read."""
        try:
            return parse(self.source)
        except XPathFault as fault:
            return fault

    def calls(self, name: str) -> Iterator[Call]:
        """The calls of one function in it."""
        if not isinstance(self.tree, XPathFault):
            yield from (each for each in walk(self.tree) if isinstance(each, Call) and each.name == name)


def expressions(document: XFormDocument) -> tuple[Written, ...]:
    """Every expression of a form; constants such as true() included."""
    return tuple(_all(document))


def readable(text: str) -> str:
    """Paths turned back into `${name}`, as authors write them."""
    return _REFERENCE.sub(lambda match: f"${{{match[1]}}}", text).strip()


def resolve(path: Path, node: str) -> tuple[str, ...] | None:
    """The names of the absolute path that `path` means at `node`; None when it leads out of the primary instance."""
    match path.start:
        case None:
            names = node.strip("/").split("/")
        case "/":
            names = []
        case _ if getattr(path.start, "name", "") == "current":
            names = node.strip("/").split("/")
        case _:
            return None
    for step in path.steps:
        if step.name == "..":
            del names[-1:]
        elif step.name in ("*", "//") or "::" in step.name or step.name.endswith("()"):
            return None
        elif step.name != ".":
            names.append(_plain(step))
    return tuple(names)


def _plain(step: Step) -> str:
    return step.name if step.name.startswith(("@", "$")) else step.name.rpartition(":")[2]


def _all(document: XFormDocument) -> Iterator[Written]:
    for bind in descendants(document.model, "bind"):
        node = document.absolute(attribute(bind, "nodeset") or attribute(bind, "ref") or "")
        for name, kind in _BIND_ATTRIBUTES.items():
            source = bind.get(name)
            if source is not None:
                yield Written(kind, node, source)
    for parent in (document.model, document.body):
        yield from _actions(document, parent)
    for control in document.body.iterdescendants():
        yield from _of_control(document, control)
    for itext in children(document.model, "itext"):
        for translation in children(itext, "translation"):
            for text in children(translation, "text"):
                yield from _outputs_of_text(document, text)


def _actions(document: XFormDocument, parent: _Element) -> Iterator[Written]:
    for action in descendants(parent, "setvalue"):
        source = attribute(action, "value")
        if source:
            event = attribute(action, "event") or ""
            kind = "calculation" if "xforms-value-changed" in event else "default"
            yield Written(kind, document.absolute(attribute(action, "ref") or ""), source, event)


def _of_control(document: XFormDocument, control: _Element) -> Iterator[Written]:
    name = local_name(control)
    if name == "itemset":
        parent = control.getparent()
        node = _node_of(document, parent) if parent is not None else ""
        yield Written("choice_filter", node, attribute(control, "nodeset") or "")
    elif name == "output":
        node = next((_node_of(document, each) for each in control.iterancestors() if _has_node(each)), "")
        yield Written("label", node, attribute(control, "value") or attribute(control, "ref") or "")
    elif attribute(control, "query"):
        yield Written("choice_filter", _node_of(document, control), attribute(control, "query") or "")


def _outputs_of_text(document: XFormDocument, text: _Element) -> Iterator[Written]:
    match = _ITEXT_QUESTION.match(attribute(text, "id") or "")
    node = f"/{document.root_name}/{match[1]}" if match else ""
    for output in descendants(text, "output"):
        yield Written("label", node, attribute(output, "value") or attribute(output, "ref") or "")


def _has_node(element: _Element) -> bool:
    return bool(attribute(element, "ref") or attribute(element, "nodeset")) and local_name(element) != "itemset"


def _node_of(document: XFormDocument, element: _Element) -> str:
    return document.absolute(attribute(element, "ref") or attribute(element, "nodeset") or "")
