"""What an XForm defines: its fields and tables as ODK Central lists them, the files it needs, its identity.

Order and types follow ODK Central's `getFormFields` (its lib/data/schema.js), so that `fields`, CSV columns and OData
agree with it. Three differences, all on forms XLSForm cannot make: namespaces never matter when binds are matched; a
node with children is a structure even when a typed bind points at it; a second sibling of the same name is ignored.
"""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from lxml.etree import _Element

from forms.entity_declarations import EntityDeclarations, read_entities
from forms.errors import field_twice, form_id_like_a_file, form_id_not_usable, xform_part_missing
from forms.slots import Slot, find_slots
from forms.xform_document import XFormDocument, attribute, children, descendants, local_name, open_xform

__all__ = ["ROLES", "Field", "FormDefinition", "Slot", "Table", "parse_xform"]

# What an answer tells about who, where and when; docs/matching-roles.md says how each is written in a workbook.
ROLES = frozenset(
    ("name", "person_id", "phone", "place", "post", "date", "age", "sex", "gps", "enumerator", "household", "ignore")
)


@dataclass(frozen=True, slots=True)
class Field:
    """One node of the primary instance.

    `position` counts all nodes in document order, groups and repeats included; `path` is `/group/age`, without the
    root. `type` is the bind's type as written, or `structure`, `repeat`, `unknown` (no typed bind). `table_no` is 0
    for the root table, else the repeat's number (a repeat carries the number of the table it opens); `column_no`
    counts the leaves of that table and is None for structures and repeats. `sensitivity` is the class declared on the
    bind or on the nearest enclosing group. `match_role` is what the bind says the answer tells about identity, one of
    ROLES; never taken from the group.
    """

    position: int
    path: str
    name: str
    type: str
    table_no: int
    column_no: int | None
    binary: bool
    multiple: bool
    sensitivity: str | None
    match_role: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """The root table (number 0, path "" and name "", no parent) or one repeat, in document order."""

    number: int
    path: str
    name: str
    parent: int | None


@dataclass(frozen=True)
class FormDefinition:
    """Everything the server knows about one form version from its XML alone.

    `version` and `title` are "" when the form has none. `languages` are those of the translations, default first, () when the form
    has only unnamed texts. `submission_url` is where the form itself sends its submissions, None for this server. `corroborates`: its
    submissions are reports that confirm each other, never duplicates (docs/matching-roles.md).
    """

    xml_form_id: str
    version: str
    title: str
    root_name: str
    fields: tuple[Field, ...]
    tables: tuple[Table, ...]
    slots: tuple[Slot, ...]
    languages: tuple[str, ...]
    public_key: str | None
    client_editable: bool
    entities: EntityDeclarations | None = None
    submission_url: str | None = None
    corroborates: bool = False

    @property
    def entity_dataset(self) -> str | None:
        """The entity list the form first writes to, None without entities."""
        return self.entities.lists[0].name if self.entities else None

    @cached_property
    def schema_sha256(self) -> bytes:
        """32 bytes, equal for versions whose fields are equal (order, paths, types, classes, roles)."""
        facts = [
            # A role is added rather than always present: forms without roles keep the hash they were stored under.
            [field.path, field.type, field.multiple, field.sensitivity, *filter(None, [field.match_role])]
            for field in self.fields
        ]
        return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).digest()


def parse_xform(xform: bytes) -> FormDefinition:
    """Read a form; raises Problem 400.1, 400.2, 400.8 or 400.25 for one that phones could not use."""
    document = open_xform(xform)
    fields, tables = _walk(document)
    submission = next(children(document.model, "submission"), None)
    public_key = _submission_setting(submission, "base64RsaPublicKey")
    return FormDefinition(
        xml_form_id=_form_id(document),
        version=attribute(document.instance, "version") or "",
        title=document.title,
        root_name=document.root_name,
        fields=tuple(fields),
        tables=tuple(tables),
        slots=find_slots(document),
        languages=translation_languages(document),
        public_key=public_key,
        client_editable=_submission_setting(submission, "client-editable") == "true",
        # Encrypted answers cannot become entities.
        entities=None if public_key else read_entities(document, fields),
        submission_url=_submission_setting(submission, "action"),
        corroborates=(attribute(document.instance, "match") or "").strip().lower() == "corroborate",
    )


def translation_languages(document: XFormDocument) -> tuple[str, ...]:
    """The languages of the form, the one phones show first in front; pyxform calls an unnamed one `default`."""
    translations = [each for itext in children(document.model, "itext") for each in children(itext, "translation")]
    # Stable: the order of the form stays, the (first) marked one moves to the front.
    translations.sort(key=lambda each: attribute(each, "default") is None)
    names = tuple(dict.fromkeys(attribute(each, "lang") or "default" for each in translations))
    return () if names == ("default",) else names


def _form_id(document: XFormDocument) -> str:
    # The XForms specification falls back to the root's namespace; Collect does not, so such a form is refused.
    form_id = attribute(document.instance, "id") or ""
    if not form_id.strip():
        raise xform_part_missing("id")
    if form_id != form_id.strip():
        # The form list is trimmed by phones: they would delete and fetch this form at every refresh (C10, C15).
        raise form_id_not_usable(form_id, "it begins or ends with a space", "il commence ou finit par une espace")
    if form_id.endswith((".xls", ".xlsx", ".xml")):
        raise form_id_like_a_file(form_id)
    return form_id


def _submission_setting(submission: _Element | None, name: str) -> str | None:
    value = attribute(submission, name) if submission is not None else None
    return (value or "").strip() or None


@dataclass(frozen=True)
class _Declarations:
    """What binds and controls say about nodes, by absolute path `/root/group/name`."""

    types: dict[str, str]
    sensitivities: dict[str, str]
    roles: dict[str, str]
    repeats: frozenset[str]
    multiples: frozenset[str]


def _declarations(document: XFormDocument) -> _Declarations:
    types: dict[str, str] = {}
    sensitivities: dict[str, str] = {}
    roles: dict[str, str] = {}
    for bind in descendants(document.model, "bind"):
        path = document.absolute(attribute(bind, "nodeset") or attribute(bind, "ref") or "")
        if declared := (attribute(bind, "type") or "").strip():
            types.setdefault(path, declared)
        if sensitivity := (attribute(bind, "sensitivity") or "").strip():
            sensitivities.setdefault(path, sensitivity)
        if (role := (attribute(bind, "match") or "").strip().lower()) in ROLES:
            roles.setdefault(path, role)
    repeats = (attribute(each, "nodeset") for each in descendants(document.body, "repeat"))
    # An <odk:rank> is not a select multiple in Central's fields either.
    selects = (attribute(each, "nodeset") or attribute(each, "ref") for each in descendants(document.body, "select"))
    return _Declarations(
        types=types,
        sensitivities=sensitivities,
        roles=roles,
        repeats=frozenset(document.absolute(nodeset) for nodeset in repeats if nodeset),
        multiples=frozenset(document.absolute(nodeset) for nodeset in selects if nodeset),
    )


@dataclass(frozen=True, slots=True)
class _Visit:
    """A node still to be listed: its path without the root, the table it lies in, the class of its group."""

    node: _Element
    path: str
    table: int
    sensitivity: str | None


def _walk(document: XFormDocument) -> tuple[list[Field], list[Table]]:
    """Depth first with an explicit stack: a form's nesting must not meet Python's recursion limit."""
    declared = _declarations(document)
    root = f"/{document.root_name}"
    fields: list[Field] = []
    tables = [Table(0, "", "", None)]
    widths = [0]  # leaves seen so far, per table
    repeats = frozenset(path.removeprefix(root) for path in declared.repeats)
    stack = _visits(document.instance, "", 0, None, repeats)
    while stack:
        visit = stack.pop()
        kind = _type_of(visit, root, declared)
        table, column = visit.table, None
        sensitivity = declared.sensitivities.get(root + visit.path, visit.sensitivity)
        if kind == "repeat":
            table = len(tables)
            tables.append(Table(table, visit.path, local_name(visit.node), visit.table))
            widths.append(0)
        elif kind != "structure":
            column = widths[table]
            widths[table] += 1
        fields.append(
            Field(
                position=len(fields),
                path=visit.path,
                name=local_name(visit.node),
                type=kind,
                table_no=table,
                column_no=column,
                # Central marks the audit log of /meta as a file whatever its bind says.
                binary=kind == "binary" or visit.path == "/meta/audit",
                multiple=root + visit.path in declared.multiples,
                sensitivity=sensitivity,
                match_role=declared.roles.get(root + visit.path) if column is not None else None,
            )
        )
        if column is None:
            stack.extend(_visits(visit.node, visit.path, table, sensitivity, repeats))
    return fields, tables


def _visits(parent: _Element, path: str, table: int, sensitivity: str | None, repeats: frozenset[str]) -> list[_Visit]:
    """The children, last first, each name once: a repeat's jr:template is followed by a copy of the same fields.

    Problem 409.3 for two questions of one name: only the answers to one of them could be told.
    """
    distinct: dict[str, _Visit] = {}
    for child in parent:
        name = local_name(child)
        visit = _Visit(child, f"{path}/{name}", table, sensitivity)
        if distinct.setdefault(name, visit) is not visit and visit.path not in repeats:
            raise field_twice(visit.path)
    return list(reversed(distinct.values()))


def _type_of(visit: _Visit, root: str, declared: _Declarations) -> str:
    absolute = root + visit.path
    if absolute in declared.repeats:
        return "repeat"
    # An entity without a label is still a structure: its attributes carry the data.
    if len(visit.node) or visit.path.endswith("/meta/entity"):
        return "structure"
    return declared.types.get(absolute, "unknown")
