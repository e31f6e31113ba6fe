"""What each version of a submission changed in the one before, as ODK Central tells it: old value, new value, path.

Versions become trees by the groups and repeats of the form. Rows of a repeat that differ are compared as sequences: rows
that came or went are told whole, rows that were changed leaf by leaf. Where as many came as went, they are taken to be the
same rows changed; otherwise those that resemble no other most are taken to be new or gone.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from lxml.etree import _Element

from collector.submission_xml import parse
from forms.xform import FormDefinition

Path = list[str | list[str | int]]
# Rows of one stretch compared each with each; more are told as gone and come.
MOST_COMPARED = 10_000
# Cells of the table that finds the longest common sequence of rows.
MOST_CELLS = 1_000_000


@dataclass
class Structure:
    """A group, or one row of a repeat: text and structures by tag (with its prefix), `tags` in document order."""

    values: dict[str, "str | Structure | Rows"] = field(default_factory=dict)
    tags: dict[str, None] = field(default_factory=dict)
    content: "hashlib._Hash" = field(default_factory=lambda: hashlib.sha1(usedforsecurity=False))
    digest: bytes = b""

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {tag: value if isinstance(value, str) else value.plain() for tag, value in self.values.items()}


@dataclass
class Rows:
    """The rows of a repeat under one parent."""

    rows: list[Structure] = field(default_factory=list)

    def plain(self) -> list[Any]:
        """As JSON."""
        return [row.plain() for row in self.rows]


Value = str | Structure | Rows
Change = dict[str, Any]


def changes_between(old: bytes, new: bytes, definition: FormDefinition) -> list[Change]:
    """What the XML `new` has made of `old`."""
    kinds = {each.path: each.type for each in definition.fields if each.type in ("structure", "repeat")}
    return list(_of_structure(_tree(old, kinds), _tree(new, kinds), []))


def _tree(xml: bytes, kinds: dict[str, str]) -> Structure:
    root = parse(xml)
    walk = _Walk(kinds)
    for event, node in etree.iterwalk(root, events=("start", "end")):
        if isinstance(node.tag, str) and node is not root:
            walk.open(node) if event == "start" else walk.close(node)
    return walk.root


class _Walk:
    """A document as a tree. What the form does not know as a group is text, and what lies in it lies beside it."""

    def __init__(self, kinds: dict[str, str]) -> None:
        self._kinds = kinds
        self.root = Structure()
        self._above = [self.root]
        self._path: list[str] = []
        self._text = ""

    def open(self, node: _Element) -> None:
        tag = _tag(node)
        self._path.append(tag.rpartition(":")[2])
        context = self._above[-1]
        context.tags[tag] = None
        self._text = node.text or ""
        kind = self._kind()
        if kind is None:
            return
        structure = Structure()
        self._above.append(structure)
        if kind == "structure":
            context.values[tag] = structure
        else:
            rows = context.values.setdefault(tag, Rows())
            if isinstance(rows, Rows):
                rows.rows.append(structure)

    def close(self, node: _Element) -> None:
        tag, kind = _tag(node), self._kind()
        self._path.pop()
        if kind is None:
            self._above[-1].values[tag] = self._text
            self._above[-1].content.update(f"{tag}\0{self._text}\0\0".encode())
        else:
            structure = self._above.pop()
            structure.digest = structure.content.digest()
            self._above[-1].content.update(structure.digest)
        self._text += node.tail or ""

    def _kind(self) -> str | None:
        return self._kinds.get("/" + "/".join(self._path))


def _tag(node: _Element) -> str:
    name = str(node.tag).rpartition("}")[2]
    return f"{node.prefix}:{name}" if node.prefix else name


def _of_structure(old: Structure, new: Structure, path: Path) -> Iterator[Change]:
    for tag in {**old.tags, **new.tags}:
        name = tag.rpartition(":")[2]
        before, after = old.values.get(tag), new.values.get(tag)
        if before is None or after is None:
            yield _told(before, after, [*path, name])
        elif isinstance(before, Rows) and isinstance(after, Rows):
            yield from _of_rows(before.rows, after.rows, path, name)
        elif isinstance(before, Structure) and isinstance(after, Structure):
            if before.digest != after.digest:
                yield from _of_structure(before, after, [*path, name])
        elif before != after:
            yield _told(before, after, [*path, name])


def _told(old: Value | None, new: Value | None, path: Path) -> Change:
    sides = (("old", old), ("new", new))
    told = {side: value if isinstance(value, str) else value.plain() for side, value in sides if value is not None}
    return {**told, "path": path}


def _of_rows(old: list[Structure], new: list[Structure], path: Path, name: str) -> Iterator[Change]:
    for start, end, new_start, new_end in _stretches([row.digest for row in old], [row.digest for row in new]):
        gone, come = old[start:end], new[new_start:new_end]
        if not gone or not come:
            side, rows, first = ("old", gone, start) if gone else ("new", come, new_start)
            yield from _whole(side, rows, first, path, name)
        elif len(gone) == len(come):
            for number, (before, after) in enumerate(zip(gone, come, strict=True), start):
                yield from _of_structure(before, after, [*path, [name, number]])
        elif len(gone) * len(come) > MOST_COMPARED:
            yield from _whole("old", gone, start, path, name)
            yield from _whole("new", come, new_start, path, name)
        else:
            yield from _of_unequal(gone, come, start, new_start, path, name)


def _whole(side: str, rows: Sequence[Structure], first: int, path: Path, name: str) -> Iterator[Change]:
    for number, row in enumerate(rows, first):
        yield {side: row.plain(), "path": [*path, [name, number]]}


def _of_unequal(
    gone: Sequence[Structure], come: Sequence[Structure], start: int, new_start: int, path: Path, name: str
) -> Iterator[Change]:
    """More rows on one side than on the other: those that resemble none of the other side most are told whole."""
    pairs = [
        [list(_of_structure(before, after, [*path, [name, number]])) for after in come]
        for number, before in enumerate(gone, start)
    ]
    if len(gone) > len(come):
        side, longer, first, candidates = "old", gone, start, pairs
    else:
        side, longer, first = "new", come, new_start
        candidates = [list(column) for column in zip(*pairs, strict=True)]
    alone = _least_alike([min(map(_weight, each)) for each in candidates], abs(len(gone) - len(come)))
    partner = 0
    for number, row in enumerate(longer):
        if number in alone:
            yield {side: row.plain(), "path": [*path, [name, first + number]]}
        else:
            yield from candidates[number][partner]
            partner += 1


def _least_alike(best: Sequence[int], wanted: int) -> set[int]:
    """The numbers of the `wanted` rows whose best match is worst; of equal ones the earlier place is given up first."""
    chosen = list(range(wanted))
    for number in range(wanted, len(best)):
        place = next((place for place, other in enumerate(chosen) if best[other] <= best[number]), None)
        if place is not None:
            chosen[place] = number
    return set(chosen)


def _weight(changes: Sequence[Change]) -> int:
    return 1 + sum(_size(change.get("old")) + _size(change.get("new")) for change in changes)


def _size(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, str):
        return 1
    parts = value if isinstance(value, list) else value.values()
    return sum(1 + _size(part) for part in parts)


def _stretches(old: Sequence[bytes], new: Sequence[bytes]) -> Iterator[tuple[int, int, int, int]]:
    """(start, end, start, end) of what differs between two sequences, by their longest common part."""
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end, new_end = len(old), len(new)
    while end > start and new_end > start and old[end - 1] == new[new_end - 1]:
        end, new_end = end - 1, new_end - 1
    at, new_at = start, start
    common = [(row + start, column + start) for row, column in _common(old[start:end], new[start:new_end])]
    for place, new_place in [*common, (end, new_end)]:
        if place > at or new_place > new_at:
            yield at, place, new_at, new_place
        at, new_at = place + 1, new_place + 1


def _common(old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int]]:
    """Places of a longest common subsequence; none when that would take too long to find."""
    if not old or not new or len(old) * len(new) > MOST_CELLS:
        return []
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for row in range(len(old) - 1, -1, -1):
        here, below = lengths[row], lengths[row + 1]
        for column in range(len(new) - 1, -1, -1):
            same = old[row] == new[column]
            here[column] = below[column + 1] + 1 if same else max(below[column], here[column + 1])
    found: list[tuple[int, int]] = []
    row = column = 0
    while row < len(old) and column < len(new):
        if old[row] == new[column]:
            found.append((row, column))
            row, column = row + 1, column + 1
        elif lengths[row + 1][column] >= lengths[row][column + 1]:
            row += 1
        else:
            column += 1
    return found
