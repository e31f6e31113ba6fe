"""An XForm as a respondent needs it: binds, questions in order, choices, labels, defaults that are computed."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.respondent.tree import Node, from_csv, from_element
from tests.respondent.xpath import Call, Expression, Literal, Path
from tests.respondent.xpath_parser import parse

XFORMS = "{http://www.w3.org/2002/xforms}"
JR = "{http://openrosa.org/javarosa}"
CONDITIONS = ("relevant", "constraint", "required", "calculate", "readonly")
QUESTIONS = {"input", "select1", "select", "upload", "range", "trigger", "secret", "rank"}


@dataclass
class Bind:
    """What a form says of one node; expressions are None when absent."""

    path: str
    kind: str
    relevant: Expression | None = None
    constraint: Expression | None = None
    required: Expression | None = None
    calculate: Expression | None = None
    readonly: Expression | None = None
    preload: str = ""
    preload_parameters: str = ""


@dataclass
class Control:
    """A question, group or repeat of the form's body; `path` is "" for a group without a node."""

    name: str
    path: str
    children: list["Control"] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    nodeset: Expression | None = None
    value_ref: str = "name"
    label_ref: str = "label"
    choices: list[tuple[str, str]] = field(default_factory=list)
    count: Expression | None = None
    offered: list[tuple[str, str]] | None = None

    def questions(self) -> Iterator["Control"]:
        """All questions in and below this control."""
        if self.name in QUESTIONS:
            yield self
        for child in self.children:
            yield from child.questions()


@dataclass
class SetValue:
    """A `setvalue`; `trigger` is the question whose change runs it, "" for the events of the whole form."""

    events: list[str]
    target: str
    value: Expression | None
    text: str
    trigger: str


class XForm:
    """A parsed form; `external` holds the CSV files by name, as the manifest names them."""

    def __init__(self, xml: bytes, external: Mapping[str, bytes] | None = None) -> None:
        self.namespaces = dict(re.findall(r'xmlns:(\w+)="([^"]+)"', xml.decode("utf-8")))
        root = ET.fromstring(xml)
        model = next(one for one in root.iter(f"{XFORMS}model"))
        body = next(one for one in root if one.tag.endswith("}body"))
        self.title = next(one.text or "" for one in root.iter() if one.tag.endswith("}title"))
        self._external = external or {}
        primary, *secondary = model.findall(f"{XFORMS}instance")
        self.template_root = primary[0]
        self.instances = {str(one.get("id")): self._secondary(one) for one in secondary}
        self.audit = next(
            (one for one in model.iter(f"{XFORMS}bind") if str(one.get("nodeset")).endswith("/meta/audit")), None
        )
        self.binds = {bind.path: bind for bind in map(_bind, model.findall(f"{XFORMS}bind"))}
        self.set_values = _set_values(root, body)
        self.controls = [control for one in body if (control := _control(one)) is not None]
        self.by_path = {one.path: one for control in self.controls for one in control.questions()}
        self.repeats = {one.path: one for one in _repeats(self.controls)}
        self._itext = _itext(model)
        self.root = self._tree()
        self.templates = self._templates()
        self.plan: object = None

    @property
    def form_id(self) -> str:
        """The xmlFormId."""
        return self.template_root.get("id", "")

    def itext(self, text_id: str) -> str:
        """A translation in the form's default language; the id itself when there is none."""
        return self._itext.get(text_id, text_id)

    def _tree(self) -> Node:
        prefixes = {uri: prefix for prefix, uri in self.namespaces.items()}
        root = from_element(self.template_root, prefixes)
        for node in root.walk():
            self._mark(node)
        return root

    def _mark(self, node: Node) -> None:
        node.kind = self.binds[node.path].kind if node.path in self.binds else ""
        node.repeat = node.path in self.repeats

    def _templates(self) -> dict[str, Node]:
        """One fresh instance per repeat path; `jr:template` where the form has one, else the instance itself."""
        prefixes = {uri: prefix for prefix, uri in self.namespaces.items()}
        found: dict[str, Node] = {}

        def visit(element: ET.Element, path: str) -> None:
            for child in element:
                local = f"{path}/{child.tag.rpartition('}')[2]}"
                if local in self.repeats and (f"{JR}template" in child.attrib or local not in found):
                    found[local] = from_element(child, prefixes, path)
                visit(child, local)

        visit(self.template_root, f"/{self.template_root.tag.rpartition('}')[2]}")
        for template in found.values():
            for node in template.walk():
                self._mark(node)
        return found

    def _secondary(self, element: ET.Element) -> Node | None:
        source = element.get("src", "")
        name = source.rpartition("/")[2]
        if source == "jr://instance/last-saved":
            return None
        if not source:
            tree = from_element(element[0], {})
        elif name.endswith(".csv"):
            tree = from_csv(self._external[name])
        else:
            tree = from_element(ET.fromstring(self._external[name]), {})
        for node in tree.walk():
            node.path = ""
        return tree


def _bind(element: ET.Element) -> Bind:
    bind = Bind(str(element.get("nodeset")), (element.get("type") or "string").rpartition(":")[2])
    for name in CONDITIONS:
        source = element.get(name)
        if source:
            setattr(bind, name, parse(source))
    bind.preload = element.get(f"{JR}preload") or ""
    bind.preload_parameters = element.get(f"{JR}preloadParams") or ""
    return bind


def _control(element: ET.Element) -> Control | None:
    name = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
    if name not in QUESTIONS | {"group", "repeat"}:
        return None
    path = element.get("ref") or element.get("nodeset") or ""
    control = Control(name, path, attributes={key.rpartition("}")[2]: value for key, value in element.attrib.items()})
    count = element.get(f"{JR}count")
    control.count = parse(count) if count else None
    for child in element:
        kind = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else ""
        if kind == "itemset":
            control.nodeset = parse(str(child.get("nodeset")))
            control.value_ref = str(child.find(f"{XFORMS}value").get("ref"))  # type: ignore[union-attr]
            control.label_ref = str(child.find(f"{XFORMS}label").get("ref"))  # type: ignore[union-attr]
        elif kind == "item":
            value, label = child.find(f"{XFORMS}value"), child.find(f"{XFORMS}label")
            shown = "" if label is None else label.get("ref") or label.text or ""
            control.choices.append(((value.text if value is not None else "") or "", shown))
        elif (inner := _control(child)) is not None:
            control.children.append(inner)
    return control


def _repeats(controls: list[Control]) -> Iterator[Control]:
    for control in controls:
        if control.name == "repeat":
            yield control
        yield from _repeats(control.children)


def _set_values(root: ET.Element, body: ET.Element) -> list[SetValue]:
    inside = {id(child): parent.get("ref", "") for parent in body.iter() for child in parent}
    found = []
    for element in root.iter(f"{XFORMS}setvalue"):
        value = element.get("value")
        trigger = inside.get(id(element), "")
        events = element.get("event", "").split()
        expression = parse(value) if value and value.strip() else None
        found.append(SetValue(events, str(element.get("ref")), expression, element.text or "", trigger))
    return found


def _itext(model: ET.Element) -> dict[str, str]:
    translations = list(model.iter(f"{XFORMS}translation"))
    if not translations:
        return {}
    chosen = next((one for one in translations if one.get("default") is not None), translations[0])
    return {str(text.get("id")): "".join(text[0].itertext()) if len(text) else "" for text in chosen}


def references(expression: Expression, path: str) -> set[str]:
    """Paths an expression at `path` reads, made absolute; `*` steps and predicates' own relative paths are left out."""
    found: set[str] = set()
    if isinstance(expression, Path):
        base = None
        if expression.start == "/":
            base = ""
        elif expression.start is None or (isinstance(expression.start, Call) and expression.start.name == "current"):
            base = path
        if base is not None:
            found.add(_resolved(base, expression))
        for step in expression.steps:
            for predicate in step.predicates:
                found |= references(predicate, path if base is None else _resolved(base, expression))
        if isinstance(expression.start, Expression):
            found |= references(expression.start, path)
        return found
    for part in expression.parts():
        found |= references(part, path)
    return found


def _resolved(base: str, path: Path) -> str:
    for step in path.steps:
        if step.name == "..":
            base = base.rpartition("/")[0]
        elif step.name != ".":
            base += f"/{step.name}"
    return base


def literals(expression: Expression) -> Iterator[float | str]:
    """Numbers and texts written in an expression."""
    if isinstance(expression, Literal):
        yield expression.value  # type: ignore[misc]
    for part in expression.parts():
        yield from literals(part)
