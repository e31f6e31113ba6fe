"""Which answers of a form are laid beside each other to find interviews that agree too much, and what an interview says there. Pure.

Questions with choices that the form itself lists, in the root table: neither calculations, which follow from other answers, nor what says
who or where (a role), nor lists in files, which are places and people. A question that takes several choices is one column for each of
them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from forms.labels import Labels
from forms.match_roles import roles_of
from forms.xform import FormDefinition

MOST_COLUMNS = 1000
# A longer list to tick from is left out.
MOST_TICKS = 30


class Column(NamedTuple):
    """One question, or one `choice` of a question that takes several."""

    path: str
    choice: str | None = None


def columns_of(definition: FormDefinition, labels: Labels) -> list[Column]:
    """The columns of a form version, in the order of its questions."""
    roles = roles_of(definition, labels)
    found: list[Column] = []
    for field in definition.fields:
        choices = labels.choices_of(field.path)
        if field.table_no or field.column_no is None or field.path in roles or labels.choice_file(field.path):
            continue
        if field.multiple:
            if 1 < len(choices) <= MOST_TICKS:
                found += [Column(field.path, choice) for choice in choices]
        elif len(choices) > 1:
            found.append(Column(field.path))
    return found[:MOST_COLUMNS]


def answers_in(columns: Sequence[Column], answers: Mapping[str, str | None]) -> list[str | None]:
    """What an interview says in each column; of a tick "1" or "0". None where nothing is said."""
    ticked: dict[str, frozenset[str]] = {}
    said: list[str | None] = []
    for path, choice in columns:
        answer = (answers.get(path) or "").strip()
        if not answer:
            said.append(None)
        elif choice is None:
            said.append(answer)
        else:
            if path not in ticked:
                ticked[path] = frozenset(answer.split())
            said.append("1" if choice in ticked[path] else "0")
    return said
