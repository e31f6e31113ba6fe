"""What a new version of a form changes for people who have data: questions, choices, logic, words, columns of exports. Pure.

Nodes of the two versions are paired first (forms.node_pairs); whatever is left has gone or is new.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from forms.labels import Texts
from forms.languages import pick
from forms.meaning import means_something_else, same_words
from forms.node_pairs import node_pairs
from forms.outline import Node, Outline

Kind = Literal[
    "added",
    "removed",
    "renamed",
    "moved",
    "retyped",
    "reused",
    "choice_added",
    "choice_removed",
    "choice_renamed",
    "choice_reused",
    "logic",
    "label",
    "setting",
]
# What would put two meanings into one column, or lose what an answer meant: a person must say yes to each.
TO_CONFIRM: frozenset[Kind] = frozenset({"retyped", "reused", "choice_reused"})


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `path` is where it is in the new version (in the old one for what is gone), `aspect` what of it: the column
    of logic, the value of a choice, the setting, how many nodes are in a group. `also` are other questions with the same list of choices."""

    kind: Kind
    path: str
    label: str = ""
    old: str = ""
    new: str = ""
    aspect: str = ""
    also: tuple[str, ...] = ()

    @property
    def confirm(self) -> bool:
        """Whether somebody must agree before it is published over data."""
        return self.kind in TO_CONFIRM


@dataclass(frozen=True, slots=True)
class ColumnChanges:
    """What becomes of one table of the exports: `table` is its path, "" for the root's."""

    table: str
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Difference:
    """Everything between two versions, in the order of the new form."""

    changes: tuple[Change, ...]
    columns: tuple[ColumnChanges, ...]

    @property
    def to_confirm(self) -> tuple[Change, ...]:
        """What somebody must agree to."""
        return tuple(change for change in self.changes if change.confirm)


def difference(old: Outline, new: Outline, earlier: Sequence[Outline] = (), language: str = "fr") -> Difference:
    """`earlier` are versions before `old`: a question that comes back must mean what it meant. Labels are quoted in
    `language` where the form has it."""
    pairs = node_pairs(old, new)
    found = [
        *_of_settings(old, new),
        *_of_gone(old, pairs, language),
        *_of_nodes(old, new, pairs, earlier, language),
        *_of_choices(old, new, pairs, language),
    ]
    return Difference(tuple(found), tuple(_of_columns(old, new, pairs)))


Pairs = Mapping[str, str]


def _label(outline: Outline, texts: Texts, language: str) -> str:
    return pick(texts, language, outline.definition.languages) or ""


def _of_settings(old: Outline, new: Outline) -> Iterator[Change]:
    for name, value in new.settings.items():
        before = old.settings.get(name, "")
        if value != before:
            yield Change("setting", "", old=before, new=value, aspect=name)


def _of_gone(old: Outline, pairs: Pairs, language: str) -> Iterator[Change]:
    kept = set(pairs.values())
    for path, node in old.nodes.items():
        # What was in a group that is gone went with it; the group says so.
        if path not in kept and (node.parent not in old.nodes or node.parent in kept):
            inside = sum(other.startswith(f"{path}/") for other in old.nodes)
            yield Change("removed", path, _label(old, node.label, language), old=node.kind, aspect=str(inside or ""))


def _of_nodes(old: Outline, new: Outline, pairs: Pairs, earlier: Sequence[Outline], language: str) -> Iterator[Change]:
    for path, node in new.nodes.items():
        before = old.nodes.get(pairs.get(path, ""))
        label = _label(new, node.label, language)
        if before is None:
            yield from _of_new(new, node, pairs, earlier, language)
            continue
        # Whoever follows a group that moved has not moved by itself.
        if before.path != path and pairs.get(node.parent, node.parent) != before.parent:
            yield Change("moved", path, label, old=before.path, new=path)
        elif before.name != node.name:
            yield Change("renamed", path, label, old=before.path, new=path)
        if before.kind != node.kind:
            yield Change("retyped", path, label, old=before.kind, new=node.kind)
        elif before.storage != node.storage:
            # Worked out as before, kept as something else.
            yield Change("retyped", path, label, old=before.storage, new=node.storage)
        yield from _of_words(old, new, before, node, language)
        if before.choice_file != node.choice_file:
            yield Change("logic", path, label, before.choice_file or "", node.choice_file or "", "choices_from")
        yield from _of_logic(before, node, label, pairs)


def _of_words(old: Outline, new: Outline, before: Node, node: Node, language: str) -> Iterator[Change]:
    label = _label(new, node.label, language)
    for column in dict.fromkeys(("label", *before.words, *node.words)):
        was = before.label if column == "label" else before.words.get(column, {})
        is_now = node.label if column == "label" else node.words.get(column, {})
        if column == "label" and _same_kind(before, node) and means_something_else(was, is_now):
            yield Change("reused", node.path, label, _label(old, was, language), label)
        elif dict(was) != dict(is_now):
            yield Change("label", node.path, label, _label(old, was, language), _label(new, is_now, language), column)


def _same_kind(before: Node, node: Node) -> bool:
    return (before.kind, before.storage) == (node.kind, node.storage)


def _of_new(new: Outline, node: Node, pairs: Pairs, earlier: Sequence[Outline], language: str) -> Iterator[Change]:
    label = _label(new, node.label, language)
    for outline in earlier:
        once = outline.nodes.get(node.path)
        if once is None:
            continue
        if once.kind != node.kind:
            yield Change("retyped", node.path, label, old=once.kind, new=node.kind)
            return
        if means_something_else(once.label, node.label):
            yield Change("reused", node.path, label, _label(outline, once.label, language), label)
            return
        break
    if node.parent not in new.nodes or node.parent in pairs:
        inside = sum(other.startswith(f"{node.path}/") for other in new.nodes)
        yield Change("added", node.path, label, new=node.kind, aspect=str(inside or ""))


def _of_logic(before: Node, node: Node, label: str, pairs: Pairs) -> Iterator[Change]:
    names = {old.rpartition("/")[2]: new.rpartition("/")[2] for new, old in pairs.items() if old != new}
    for column in dict.fromkeys((*before.logic, *node.logic)):
        was, is_now = before.logic.get(column, ""), node.logic.get(column, "")
        if _spaced(_renamed(was, names)) != _spaced(is_now):
            yield Change("logic", node.path, label, was, is_now, column)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        text = text.replace(f"${{{old}}}", f"${{{new}}}")
    return text


def _spaced(text: str) -> str:
    return " ".join(text.split())


def _of_choices(old: Outline, new: Outline, pairs: Pairs, language: str) -> Iterator[Change]:
    """Each list once, however many questions use it."""
    lists: dict[tuple[int, int], list[Node]] = {}
    for path, node in new.nodes.items():
        before = old.nodes.get(pairs.get(path, ""))
        if before is not None and before.choices and node.choices:
            # One list is one object, built once for all of its questions.
            lists.setdefault((id(before.choices), id(node.choices)), []).append(node)
    for nodes in lists.values():
        before = old.nodes[pairs[nodes[0].path]]
        for change in _of_list(old, new, before, nodes[0], language):
            yield replace(change, also=tuple(node.path for node in nodes[1:]))


def _of_list(old: Outline, new: Outline, before: Node, node: Node, language: str) -> Iterator[Change]:
    gone = {value: texts for value, texts in before.choices.items() if value not in node.choices}
    came = {value: texts for value, texts in node.choices.items() if value not in before.choices}
    words = {same_words(texts): value for value, texts in gone.items() if same_words(texts)}
    label = _label(new, node.label, language)
    for value, texts in came.items():
        same = words.get(same_words(texts))
        if same is not None and same in gone:
            del gone[same]
            yield Change("choice_renamed", node.path, label, same, value, _label(new, texts, language))
        else:
            yield Change("choice_added", node.path, label, new=_label(new, texts, language), aspect=value)
    for value, texts in gone.items():
        yield Change("choice_removed", node.path, label, old=_label(old, texts, language), aspect=value)
    for value, texts in node.choices.items():
        known = before.choices.get(value)
        if known is not None and means_something_else(known, texts):
            yield Change(
                "choice_reused",
                node.path,
                label,
                _label(old, known, language),
                _label(new, texts, language),
                value,
            )


def _of_columns(old: Outline, new: Outline, pairs: Pairs) -> Iterator[ColumnChanges]:
    before = {path: (table, names) for table, columns in old.columns.items() for path, names in columns.items()}
    seen: set[str] = set()
    for table, columns in new.columns.items():
        table_before = pairs.get(table, table)
        added: list[str] = []
        renamed: list[tuple[str, str]] = []
        for path, names in columns.items():
            known = before.get(pairs.get(path, path))
            if known is None or known[0] != table_before or len(known[1]) != len(names):
                added += names
                continue
            seen.add(pairs.get(path, path))
            renamed += [(was, name) for was, name in zip(known[1], names, strict=True) if was != name]
        old_columns = old.columns.get(table_before, {})
        removed = [name for path, names in old_columns.items() if path not in seen for name in names]
        if added or removed or renamed:
            yield ColumnChanges(table, tuple(added), tuple(removed), tuple(renamed))
    kept = {pairs.get(table, table) for table in new.columns}
    for table, columns in old.columns.items():
        if table not in kept:
            yield ColumnChanges(table, removed=tuple(name for names in columns.values() for name in names))
