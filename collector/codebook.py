"""What the columns of an export mean: questions, types, labels, choices, versions. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from collector.sheets import Sheet, Words
from forms.xform import FormDefinition


class ChoiceWords(Words, Protocol):
    """Words that can also list the choices of a question, and say everything in another language."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Those of the form, its default first."""

    def spoken(self, language: str) -> "ChoiceWords":
        """The same words in that language."""

    def choices(self, path: str) -> dict[str, str]:
        """Value to text; empty when they are in a file."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the export: `columns` are those it fills in `sheet`, `versions` the form's that ask it, `hidden` whether
    the reader does not see its answers. `labels` and, for each choice, `choice_labels` say it in every language: (language, text)."""

    path: str
    sheet: str
    columns: tuple[str, ...]
    label: str
    type: str
    sensitivity: str
    choices: tuple[tuple[str, str], ...]
    versions: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    choice_labels: tuple[tuple[tuple[str, str], ...], ...]


def codebook_of(
    definition: FormDefinition,
    sheets: Sequence[Sheet],
    words: ChoiceWords,
    versions: Sequence[tuple[str, FormDefinition]],
) -> list[Question]:
    """The questions in the form's order; `versions` newest first."""
    columns: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for sheet in sheets:
        for column in sheet.columns:
            if column.path:
                columns.setdefault(column.path, []).append(column.name)
                names.setdefault(column.path, sheet.name)
    asked = [(name, {field.path for field in each.fields}) for name, each in versions]
    spoken = [(language, words.spoken(language)) for language in words.languages]
    return [
        Question(
            field.path,
            names.get(field.path, ""),
            tuple(columns.get(field.path, ())),
            words.question(field.path),
            "select_multiple" if field.multiple else "select_one" if words.is_choice(field.path) else field.type,
            field.sensitivity or "",
            tuple(words.choices(field.path).items()),
            tuple(name for name, paths in asked if field.path in paths),
            tuple((language, each.question(field.path)) for language, each in spoken),
            tuple(
                tuple((language, each.choice(field.path, value)) for language, each in spoken)
                for value in words.choices(field.path)
            ),
        )
        for field in definition.fields
        if field.column_no is not None
    ]
