"""The codebook: every question with its columns, type, versions, and how often it was answered; what it and its choices are called
in every language. As a page to read and print, and as a workbook.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from html import escape

from collector.codebook import Question
from collector.export_format import Export, Format
from collector.workbook import BOLD, Workbook

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#16211f}"
    "table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ccc;padding:.4rem;text-align:left;vertical-align:top}"
    "code{background:#eef2f1;padding:.1em .3em}td ul{margin:0;padding-left:1.2em}small{color:#5b6b67}"
)
_WORDS = {
    "fr": {
        "title": "Dictionnaire", "question": "Question", "columns": "Colonnes", "type": "Type", "choices": "Choix",
        "versions": "Versions", "answered": "Réponses", "empty": "Vides", "path": "Chemin", "table": "Table",
        "class": "Sensibilité", "label": "Libellé", "value": "Valeur",
        "about": "{count} fiches, dont {locked} chiffrées que rien de ceci ne compte",
    },
    "en": {
        "title": "Codebook", "question": "Question", "columns": "Columns", "type": "Type", "choices": "Choices",
        "versions": "Versions", "answered": "Answers", "empty": "Empty", "path": "Path", "table": "Table",
        "class": "Sensitivity", "label": "Label", "value": "Value",
        "about": "{count} submissions, {locked} of them encrypted and counted nowhere here",
    },
}  # fmt: skip


@dataclass
class Counts:
    """How often each question was answered, and how many rows its table has, by path of the question and of the table;
    `locked` submissions nobody can read."""

    answered: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    locked: int = 0

    def of(self, export: Export, question: Question) -> tuple[int, int]:
        """(answers, empty ones)."""
        table = next(each.table_no for each in export.definition.fields if each.path == question.path)
        answered = self.answered[question.path]
        return answered, self.rows[export.definition.tables[table].path] - answered


def count_answers(export: Export) -> Counts:
    """Read every submission; RowsLost if one is missing."""
    counts = Counts()
    answered = {table.number: Counter[int]() for table in export.definition.tables}
    for each in export.submissions():
        for table in export.definition.tables:
            rows, found = (each.tables or {}).get(table.number, ()), answered[table.number]
            counts.rows[table.path] += len(rows)
            for row in rows:
                for place, value in enumerate(row):
                    if value:
                        found[place] += 1
        for number, sheet in enumerate(export.sheets):
            export.ledger.wrote(number, sheet.row_count(each))
        counts.locked += each.tables is None
    for question in export.definition.fields:
        if question.column_no is not None:
            # Rows of repeats begin with two numbers.
            place = question.column_no + (2 if question.table_no else 0)
            counts.answered[question.path] = answered[question.table_no][place]
    export.verify()
    return counts


def write_page(export: Export) -> Iterator[bytes]:
    """A page that needs nothing else."""
    words, counts = _WORDS[export.spoken], count_answers(export)
    heads = ("question", "columns", "type", "choices", "versions", "answered", "empty")
    head = "".join(f"<th>{words[name]}</th>" for name in heads)
    about = words["about"].format(count=export.ledger.submissions, locked=counts.locked)
    yield (
        f'<!doctype html><html lang="{export.spoken}"><meta charset="utf-8"><title>{escape(export.title)} – {words["title"]}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style><h1>{escape(export.title)}</h1>'
        f"<p>{words['title']} · <code>{escape(export.xml_form_id)}</code> · {about}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>"
    ).encode()
    for each in export.codebook:
        listed = "".join(
            f"<li><code>{escape(value)}</code> {_said(label, labels)}</li>"
            for (value, label), labels in zip(each.choices, each.choice_labels, strict=True)
        )
        label = _said(each.label, each.labels) or f"<code>{escape(each.path)}</code>"
        sensitivity = f" <small>[{escape(each.sensitivity)}]</small>" if each.sensitivity else ""
        answered, empty = counts.of(export, each)
        yield (
            f"<tr><td>{label}{sensitivity}<br><small>{escape(each.path)}</small></td>"
            f"<td>{', '.join(f'<code>{escape(column)}</code>' for column in each.columns)}</td>"
            f"<td>{escape(each.type)}</td><td>{f'<ul>{listed}</ul>' if listed else ''}</td>"
            f"<td>{escape(', '.join(each.versions))}</td><td>{answered}</td><td>{empty}</td></tr>\n"
        ).encode()
    yield b"</tbody></table></html>\n"


def _said(label: str, labels: Sequence[tuple[str, str]]) -> str:
    """A text, and below it what it is in other languages."""
    others = [f"{escape(language)}: {escape(text)}" for language, text in labels if text and text != label]
    return escape(label) + "".join(f"<br><small>{other}</small>" for other in others)


def write_workbook(export: Export) -> Iterator[bytes]:
    """A workbook of two sheets: questions, and the choices of each."""
    with closing(Workbook(export.written_at)) as book:
        _make(export, book)
        yield from book.pieces()


def _make(export: Export, book: Workbook) -> None:
    words, counts = _WORDS[export.spoken], count_answers(export)
    languages = list(dict.fromkeys(language for each in export.codebook for language, _ in each.labels)) or [""]
    labels = [words["label"] + (f" [{language}]" if language and len(languages) > 1 else "") for language in languages]
    heads = [words["path"], words["table"], words["columns"], *labels]
    heads += [words[name] for name in ("type", "class", "versions", "answered", "empty")]
    _sheet(book, words["question"], heads, (_question_row(export, each, languages, counts) for each in export.codebook))
    _sheet(book, words["choices"], [words["path"], words["value"], *labels], _choice_rows(export.codebook, languages))


def _question_row(export: Export, each: Question, languages: Sequence[str], counts: Counts) -> list[str | int]:
    said = dict(each.labels) or {"": each.label}
    facts = [each.path, each.sheet, ", ".join(each.columns), *(said.get(language, "") for language in languages)]
    return [*facts, each.type, each.sensitivity, ", ".join(each.versions), *counts.of(export, each)]


def _choice_rows(questions: Sequence[Question], languages: Sequence[str]) -> Iterator[list[str | int]]:
    for each in questions:
        for (value, label), labels in zip(each.choices, each.choice_labels, strict=True):
            said = dict(labels) or {"": label}
            yield [each.path, value, *(said.get(language, "") for language in languages)]


def _sheet(book: Workbook, name: str, heads: Sequence[str], rows: Iterable[Sequence[str | int]]) -> None:
    at = book.page(name, frozen=1)
    at.add_values(heads, BOLD)
    for row in rows:
        at.add_values(row)


FORMATS = (
    Format(
        "codebook",
        "-codebook.html",
        "text/html; charset=utf-8",
        ("Dictionnaire des questions (page)", "Codebook (page)"),
        (
            "Questions, libellés, choix, versions et nombre de réponses.",
            "Questions, labels, choices, versions and counts.",
        ),
        write_page,
        typed=True,
    ),
    Format(
        "codebook.xlsx",
        "-codebook.xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ("Dictionnaire des questions (classeur)", "Codebook (workbook)"),
        (
            "Le même en deux feuilles : les questions, et leurs choix dans chaque langue.",
            "The same in two sheets: the questions, and their choices in each language.",
        ),
        write_workbook,
        typed=True,
    ),
)
