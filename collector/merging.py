"""One submission made of several: what may be taken from another, and the XML with what was taken. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import PurePosixPath

from lxml import etree
from lxml.etree import _Element

from collector.submission_xml import parse, text_of
from forms.xform import Field, FormDefinition

# What belongs to the copy of a form and not to what it says.
OWN = frozenset({"/meta/instanceID", "/meta/deprecatedID", "/meta/audit"})

Files = Mapping[str, bytes]
"""SHA-256 of the files that have come, by name."""


def choosable(kept: FormDefinition, other: FormDefinition) -> dict[str, Field]:
    """What of the other may stand in place of what the kept one has, by path: answers of the main table, and repeats as a whole,
    that both versions of the form ask in the same way."""
    theirs = {field.path: field for field in other.fields}
    parents = {table.path: table.parent for table in kept.tables}
    found = {}
    for field in kept.fields:
        if field.path in OWN or field.path not in theirs or _kind(field) != _kind(theirs[field.path]):
            continue
        if field.type == "repeat":
            if parents[field.path] == 0 and _inside(kept, field) == _inside(other, field):
                found[field.path] = field
        elif field.table_no == 0 and field.column_no is not None:
            found[field.path] = field
    return found


def _kind(field: Field) -> tuple[str, bool, bool, bool]:
    return field.type, field.binary, field.multiple, field.column_no is None


def _inside(definition: FormDefinition, repeat: Field) -> list[tuple[str, tuple[str, bool, bool, bool]]]:
    return [(each.path, _kind(each)) for each in definition.fields if each.path.startswith(f"{repeat.path}/")]


@dataclass(frozen=True, slots=True)
class Source:
    """Another submission, and what is taken of it."""

    xml: bytes
    files: Files
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Merged:
    """`files`: (number of the source, name there, name here) of those that come along."""

    xml: bytes
    files: tuple[tuple[int, str, str], ...]


def merge(xml: bytes, definition: FormDefinition, files: Files, sources: Sequence[Source]) -> Merged:
    """The kept submission with what is taken of the others. A file whose name is another's here gets a name of its own."""
    root = parse(xml)
    taken: list[tuple[int, _Element]] = []
    for number, source in enumerate(sources):
        other = parse(source.xml)
        for field in source.fields:
            copies = _take(root, other, field, definition)
            taken += [(number, leaf) for leaf in _files_below(copies, field, definition)]
    names = _Names(files, root, definition, {leaf for _, leaf in taken})
    along = dict.fromkeys(
        (number, text_of(leaf).strip(), names.give(leaf, sources[number].files)) for number, leaf in taken
    )
    return Merged(
        etree.tostring(root, encoding="UTF-8", xml_declaration=True), tuple(each for each in along if each[1])
    )


def names_along(
    merged: bytes, other: bytes, definition: FormDefinition, fields: Sequence[Field]
) -> list[tuple[str, str]]:
    """(name there, name here) of the files that what was taken of another names, whether they have come or not."""
    found = []
    for field in fields:
        here, there = (
            [text_of(leaf).strip() for leaf in _leaves(parse(xml), field, definition)] for xml in (merged, other)
        )
        if len(here) == len(there):
            found += [pair for pair in zip(there, here, strict=True) if all(pair)]
    return list(dict.fromkeys(found))


def _leaves(root: _Element, field: Field, definition: FormDefinition) -> Iterator[_Element]:
    *around, name = field.path.strip("/").split("/")
    parent = _parent(root, around)
    nodes = [] if parent is None else list(_children(parent, name))
    return _files_below(nodes if field.type == "repeat" else nodes[:1], field, definition)


def write(xml: bytes, definition: FormDefinition, texts: Mapping[str, str]) -> bytes:
    """A submission with these texts by path, in place of what stands there."""
    root, order = parse(xml), _order(definition)
    for path, text in texts.items():
        *around, name = path.strip("/").split("/")
        parent = _parent(root, around, make=order)
        assert parent is not None
        node = next(_children(parent, name), None)
        if node is None:
            node = etree.Element(name)
            parent.insert(_place(parent, path, order), node)
        del node[:]
        node.text = text
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _take(root: _Element, other: _Element, field: Field, definition: FormDefinition) -> list[_Element]:
    """Replace the nodes of a field; the new ones."""
    *around, name = field.path.strip("/").split("/")
    theirs = _parent(other, around)
    copies = [deepcopy(each) for each in _children(theirs, name)] if theirs is not None else []
    if field.type != "repeat":
        # Where a question stands twice, the first counts.
        copies = copies[:1]
    parent = _parent(root, around, make=_order(definition) if copies else None)
    if parent is None:
        return []
    for old in list(_children(parent, name)):
        parent.remove(old)
    place = _place(parent, field.path, _order(definition))
    for copy in reversed(copies):
        copy.tail = None
        parent.insert(place, copy)
    return copies


def _order(definition: FormDefinition) -> dict[str, int]:
    return {field.path: field.position for field in definition.fields}


def _parent(root: _Element, around: Sequence[str], make: Mapping[str, int] | None = None) -> _Element | None:
    node, path = root, ""
    for name in around:
        path += f"/{name}"
        found = next(_children(node, name), None)
        if found is None:
            if make is None:
                return None
            found = etree.Element(name)
            node.insert(_place(node, path, make), found)
        node = found
    return node


def _place(parent: _Element, path: str, order: Mapping[str, int]) -> int:
    """Where a node belongs among those that are there: before the first that the form asks later."""
    around = path.rpartition("/")[0]
    for index, child in enumerate(parent):
        if isinstance(child.tag, str) and order.get(f"{around}/{_name(child)}", -1) > order[path]:
            return index
    return len(parent)


def _children(node: _Element, name: str) -> Iterator[_Element]:
    return (child for child in node if isinstance(child.tag, str) and _name(child) == name)


def _name(node: _Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _files_below(nodes: Sequence[_Element], field: Field, definition: FormDefinition) -> Iterator[_Element]:
    """The nodes that name files."""
    if field.binary:
        yield from nodes
    elif field.type == "repeat":
        for each in definition.fields:
            if each.binary and each.path.startswith(f"{field.path}/"):
                yield from _all(nodes, each.path.removeprefix(f"{field.path}/").split("/"))


def _all(nodes: Sequence[_Element], names: Sequence[str]) -> list[_Element]:
    found = list(nodes)
    for name in names:
        found = [child for node in found for child in _children(node, name)]
    return found


class _Names:
    """The names of files here: what the kept submission still names keeps its name."""

    def __init__(self, files: Files, root: _Element, definition: FormDefinition, taken: set[_Element]) -> None:
        self._here = files
        leaves = [leaf for each in definition.fields if each.binary for leaf in _all([root], each.path[1:].split("/"))]
        self._used = {name: files.get(name) for leaf in leaves if leaf not in taken and (name := text_of(leaf).strip())}

    def give(self, leaf: _Element, theirs: Files) -> str:
        """Name the file that a taken node names; "" for none."""
        name = text_of(leaf).strip()
        if not name:
            return ""
        sha256 = theirs.get(name)
        given, number = name, 1
        while not self._is_free(given, sha256):
            number += 1
            path = PurePosixPath(name)
            given = f"{path.stem}-{number}{path.suffix}"
        if given != name:
            leaf.text = given
        self._used[given] = sha256
        return given

    def _is_free(self, name: str, sha256: bytes | None) -> bool:
        """Whether nothing else has it. What has not come yet must not be taken for a file that is here."""
        if name in self._used:
            return sha256 is not None and self._used[name] == sha256
        return sha256 is not None or name not in self._here
