"""Rules about what a new version changes for data that is there already."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from functools import lru_cache

from forms.languages import pick
from forms.lint.finding import Remark, Subject, Version, at, rule
from forms.places import Place
from forms.xform import Field

# Below this two labels say different things; a corrected spelling or a word more stays above.
_ANOTHER_MEANING = 0.4
# From here on they say the same.
_SAME = 0.85
_MOST_ADDED = 100


@rule(
    "name-changed",
    "warning",
    needs_more=True,
    why_en="The answers so far stay in the old column, the new ones go to another: every table is cut in two.",
    why_fr="Les réponses déjà reçues restent dans l'ancienne colonne, les nouvelles vont dans une autre.",
)
def name_changed(subject: Subject) -> Iterator[Remark]:
    """A question that is there under another name or in another group."""
    if subject.old is None:
        return
    old, new = _questions(subject.old), _questions(subject.new)
    candidates = _Candidates(subject.new, [field for path, field in new.items() if path not in old])
    for path, field in old.items():
        after = candidates.take(field, _label(subject.old, path)) if path not in new else None
        if after is not None:
            yield Remark(
                f"« {path[1:]} » is now « {after[1:]} ». Keep the old name and group unless you mean another question.",
                f"« {path[1:]} » est devenu « {after[1:]} ». Gardez l'ancien nom et l'ancien groupe, sauf si c'est une autre "
                "question.",
                subject.new.place(f"/{subject.new.definition.root_name}{after}", "name"),
                after,
            )


class _Candidates:
    """The questions a new version adds: each may be what became of one that is gone."""

    def __init__(self, version: Version, added: list[Field]) -> None:
        self.labels = {field.path: _label(version, field.path) for field in added}
        self.types = {field.path: field.type for field in added}
        self.by_name: dict[tuple[str, str], list[str]] = {}
        self.by_label: dict[tuple[str, str], list[str]] = {}
        for field in added:
            self.by_name.setdefault((field.name, field.type), []).append(field.path)
            self.by_label.setdefault((_words(self.labels[field.path]), field.type), []).append(field.path)

    def take(self, gone: Field, label: str) -> str | None:
        """The path of the one that `gone` became; no other question becomes the same."""
        known = [
            *self.by_name.get((gone.name, gone.type), ()),
            *(self.by_label.get((_words(label), gone.type), ()) if label else ()),
        ]
        after = next((path for path in known if path in self.labels), None)
        # Many added ones are another form, and likeness is dear.
        if after is None and label and len(self.labels) <= _MOST_ADDED:
            alike = (path for path in self.labels if self.types[path] == gone.type)
            after = next((path for path in alike if _likeness(label, self.labels[path]) >= _SAME), None)
        if after is not None:
            del self.labels[after]
        return after


@rule(
    "type-changed",
    "loss",
    needs_more=True,
    why_en="One column then holds two kinds of answers: a number among texts is no number to any program.",
    why_fr="Une même colonne contient alors deux sortes de réponses : un nombre parmi des textes n'est plus un nombre.",
)
def type_changed(subject: Subject) -> Iterator[Remark]:
    """A question that keeps its name and changes its type."""
    old = _questions(subject.old) if subject.old else {}
    for path, field in _questions(subject.new).items():
        before = old.get(path)
        if before is not None and (before.type, before.multiple) != (field.type, field.multiple):
            yield Remark(
                f"« {path[1:]} » was {_kind(before)} and is now {_kind(field)}. Give the new question a new name.",
                f"« {path[1:]} » était {_kind(before)} et devient {_kind(field)}. Donnez un nouveau nom à la nouvelle question.",
                subject.new.place(f"/{subject.new.definition.root_name}{path}", "type"),
                path,
            )


def _kind(field: Field) -> str:
    return f"{field.type} (multiple)" if field.multiple else field.type


@rule(
    "name-reused",
    "loss",
    needs_more=True,
    why_en="Answers to two different questions end in one column, and nobody can tell them apart later.",
    why_fr="Les réponses à deux questions différentes finissent dans une colonne, et plus personne ne les distingue.",
)
def name_reused(subject: Subject) -> Iterator[Remark]:
    """A question that keeps its name and asks something else."""
    old = _questions(subject.old) if subject.old else {}
    for path in _questions(subject.new):
        if path not in old or subject.old is None:
            continue
        before, after = _label(subject.old, path), _label(subject.new, path)
        if before and after and _likeness(before, after) < _ANOTHER_MEANING:
            yield Remark(
                f"« {path[1:]} » asked « {before} » and now asks « {after} ». If it is another question, give it a new name.",
                f"« {path[1:]} » demandait « {before} » et demande maintenant « {after} ». Si c'est une autre question, "
                "donnez-lui un nouveau nom.",
                subject.new.place(f"/{subject.new.definition.root_name}{path}", "label"),
                path,
            )


@rule(
    "choice-name-reused",
    "loss",
    needs_more=True,
    why_en="What people answered before will be read, shown and counted as the new choice.",
    why_fr="Ce que des gens ont répondu avant sera lu, affiché et compté comme le nouveau choix.",
)
def choice_name_reused(subject: Subject) -> Iterator[Remark]:
    """A choice that keeps its name and says something else."""
    if subject.old is None:
        return
    told: set[tuple[str, str]] = set()
    for path in _questions(subject.new):
        before, after = subject.old.labels.choices_of(path), subject.new.labels.choices_of(path)
        for value in before.keys() & after.keys():
            old, new = _first(subject.old, before[value]), _first(subject.new, after[value])
            # One list serves many questions: said once.
            if old == new or (value, new) in told:
                continue
            if old and new and _likeness(old, new) < _ANOTHER_MEANING:
                told.add((value, new))
                yield Remark(
                    f"the choice « {value} » of « {path[1:]} » meant « {old} » and now means « {new} ». "
                    "Give the new choice a new name.",
                    f"le choix « {value} » de « {path[1:]} » voulait dire « {old} » et dit maintenant « {new} ». "
                    "Donnez un nouveau nom au nouveau choix.",
                    _choice_place(subject, path, value),
                    path,
                )


def _choice_place(subject: Subject, path: str, value: str) -> Place:
    tables = subject.new.tables
    question = tables.by_path.get(path) if tables else None
    for row in tables.lists.get(question.list_name or "", ()) if tables and question else ():
        if row.text("name") == value:
            return at(row, "label", "choices")
    return Place()


def _questions(version: Version) -> dict[str, Field]:
    """Everything that has a column."""
    return {field.path: field for field in version.definition.fields if field.column_no is not None}


def _label(version: Version, path: str) -> str:
    return version.labels.question(path, "fr") or ""


def _first(version: Version, texts: Mapping[str, str]) -> str:
    return pick(texts, "fr", version.definition.languages) or ""


@lru_cache(maxsize=4096)
def _likeness(one: str, other: str) -> float:
    """0 to 1; numbers, accents, case and marks aside, and one inside the other is the same."""
    first, second = _words(one), _words(other)
    if not first or not second:
        return 1.0 if one.strip() == other.strip() else 0.0
    if first in second or second in first:
        return 1.0
    return SequenceMatcher(None, first, second, autojunk=False).ratio()


def _words(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join(re.findall(r"[^\W_]+", "".join(each for each in letters if not unicodedata.combining(each))))
