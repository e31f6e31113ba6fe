"""A form version as people think of it: questions with their kinds, words, choices and logic. Pure; one reading of the XForm."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lxml.etree import _Element

from forms.columns import columns_of
from forms.expressions import expressions, readable
from forms.labels import Labels, Texts, itext_reference, label_of, parse_labels, translations_of
from forms.xform import Field, FormDefinition, parse_xform
from forms.xform_document import XFormDocument, attribute, descendants, local_name, open_xform

_INPUTS = {
    "string": "text", "int": "integer", "decimal": "decimal", "date": "date", "time": "time", "dateTime": "dateTime",
    "geopoint": "geopoint", "geotrace": "geotrace", "geoshape": "geoshape", "barcode": "barcode", "boolean": "boolean",
}  # fmt: skip
_CONTROLS = {
    "select1": "select_one", "select": "select_multiple", "rank": "rank", "trigger": "acknowledge", "range": "range",
    "secret": "text",
}  # fmt: skip
# What an XLSForm calls the columns; a label's references are words, not logic.
_NOT_LOGIC = frozenset({"label"})


@dataclass(frozen=True)
class Node:
    """A question, group or repeat. `kind` is an XLSForm's type, `storage` that of its answers under the same names; `logic`
    by the workbook's column; `words` what is said besides the label, by the same."""

    path: str
    kind: str
    storage: str
    label: Texts
    words: Mapping[str, Texts]
    choices: Mapping[str, Texts]
    choice_file: str | None
    logic: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        """The path of the group or repeat around it, "" at the top."""
        return self.path.rpartition("/")[0]

    @property
    def is_container(self) -> bool:
        """Whether other nodes are in it."""
        return self.kind in ("group", "repeat")


@dataclass(frozen=True)
class Outline:
    """One version; `nodes` by path in document order, without what the form keeps for itself under `meta`."""

    definition: FormDefinition
    nodes: Mapping[str, Node]
    # Words of the form as a whole that a change should be told of, by what they are.
    settings: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def columns(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        """See forms.columns."""
        return columns_of(self.definition)


def outline(xform: bytes) -> Outline:
    """Read a version; raises what parse_xform raises."""
    definition = parse_xform(xform)
    document = open_xform(xform)
    labels = parse_labels(xform)
    controls = dict(reversed(list(_controls(document))))
    logic, words = _logic(document), _words(document)
    nodes = {
        each.path: Node(
            path=each.path,
            kind=_kind(each, controls.get(each.path), labels, calculated="calculation" in logic.get(each.path, {})),
            storage=_INPUTS.get(each.type, "text" if each.type == "unknown" else each.type),
            label=labels.texts(each.path),
            words=words.get(each.path, {}),
            choices=labels.choices_of(each.path),
            choice_file=labels.choice_file(each.path),
            logic=logic.get(each.path, {}),
        )
        for each in definition.fields
        if not _is_meta(each.path)
    }
    return Outline(definition, nodes, _settings(definition))


def _is_meta(path: str) -> bool:
    return path == "/meta" or path.startswith("/meta/")


def _settings(definition: FormDefinition) -> Mapping[str, str]:
    return {
        "title": definition.title,
        "languages": ", ".join(definition.languages),
        "files": ", ".join(sorted({slot.name for slot in definition.slots})),
        "encryption": "yes" if definition.public_key else "no",
        "editing": "yes" if definition.client_editable else "no",
        "entities": ", ".join(each.name for each in definition.entities.lists) if definition.entities else "",
    }


def _controls(document: XFormDocument) -> Iterator[tuple[str, _Element]]:
    root = f"/{document.root_name}"
    for control in document.body.iterdescendants():
        node = attribute(control, "ref") or attribute(control, "nodeset")
        if node and local_name(control) in ("input", "upload", *_CONTROLS):
            yield document.absolute(node).removeprefix(root), control


def _kind(each: Field, control: _Element | None, labels: Labels, *, calculated: bool) -> str:
    if each.type in ("structure", "repeat"):
        return "group" if each.type == "structure" else "repeat"
    if control is None:
        return "calculate" if calculated else "hidden"
    name = local_name(control)
    if name in _CONTROLS:
        return _CONTROLS[name]
    if name == "upload":
        return (attribute(control, "mediatype") or "").partition("/")[0].replace("*", "").strip() or "file"
    if labels.is_note(each.path):
        return "note"
    if attribute(control, "query"):
        return "select_one"
    return _INPUTS.get(each.type, "text" if each.type == "unknown" else each.type)


def _logic(document: XFormDocument) -> dict[str, dict[str, str]]:
    """Everything that is worked out, by node and column; constants and defaults too."""
    root = f"/{document.root_name}"
    found: dict[str, dict[str, list[str]]] = {}
    for written in expressions(document):
        if written.kind not in _NOT_LOGIC and written.node.startswith(root + "/"):
            by_column = found.setdefault(written.node.removeprefix(root), {})
            by_column.setdefault(written.kind, []).append(readable(written.source))
    for path, text in _defaults(document):
        found.setdefault(path, {}).setdefault("default", []).append(text)
    for repeat in descendants(document.body, "repeat"):
        count = attribute(repeat, "count")
        nodeset = attribute(repeat, "nodeset")
        if count and nodeset:
            path = document.absolute(nodeset).removeprefix(root)
            found.setdefault(path, {}).setdefault("repeat_count", []).append(readable(count))
    return {
        path: {kind: " ; ".join(dict.fromkeys(texts)) for kind, texts in written.items()}
        for path, written in found.items()
    }


def _words(document: XFormDocument) -> dict[str, dict[str, Texts]]:
    """Hints, and what is said of an answer that is wrong or missing."""
    root, itext = f"/{document.root_name}", translations_of(document)
    found: dict[str, dict[str, Texts]] = {}
    for path, control in _controls(document):
        hint = label_of(control, itext, "hint")
        if hint:
            found.setdefault(path, {})["hint"] = hint
    for bind in descendants(document.model, "bind"):
        path = document.absolute(attribute(bind, "nodeset") or attribute(bind, "ref") or "").removeprefix(root)
        for name, column in (("constraintMsg", "constraint_message"), ("requiredMsg", "required_message")):
            text = attribute(bind, name)
            if text:
                reference = itext_reference(text)
                found.setdefault(path, {})[column] = itext.get(reference, {}) if reference else {"": text}
    return found


def _defaults(document: XFormDocument) -> Iterator[tuple[str, str]]:
    """Answers a form begins with, as they stand in the primary instance."""
    stack = [(child, f"/{local_name(child)}") for child in document.instance]
    while stack:
        node, path = stack.pop()
        below = list(node)
        stack.extend((child, f"{path}/{local_name(child)}") for child in below)
        text = (node.text or "").strip()
        if text and not below:
            yield path, text
