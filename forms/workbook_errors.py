"""pyxform's English messages as sentences in French and English that say where, what and what to do.

pyxform's own text always travels along in details["error"]. A message no rule knows is shown as it is: an English
sentence with sheet and row is worth more to a form's author than a polite one without.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.problem import Problem
from forms.errors import workbook_refused
from forms.lint import Finding
from forms.messages import explained
from forms.places import Place
from forms.tables import column_of

# What Python raises when memory ends, depending on where: while importing or inside an extension it is not MemoryError.
_EXHAUSTED = ("MemoryError", "RecursionError", "SystemError", "ImportError")
_ROW = re.compile(r"\[row : (\d+)\]")
_SHEET = re.compile(r"(?:On the|for sheet:) '(\w+)'")
_COLUMN = re.compile(r"the '([^']+)' value")
_SPEAKING = ("PyXFormError", "PyXFormReadError", "ValidationError", "ParseError", "BadZipFile")
# The column a message means without naming it.
_IMPLIED = (
    ("Question with no type", "type"),
    ("Unknown question type", "type"),
    ("no name.", "name"),
    ("Audits must always be named", "name"),
    ("has no label or hint", "label"),
    ("has no label: {", "label"),
    ("big-image", "big-image"),
    ("Missing calculation", "calculation"),
    ("'calculation' column must be empty", "calculation"),
    ("'trigger' column must not be empty", "trigger"),
    ("can't be used as a calculation trigger", "trigger"),
    ("Choice filter not supported", "choice_filter"),
    ("using 'search()'", "appearance"),
    ("List name not in", "type"),
    ("Unmatched '", "type"),
    ("Repeat loop without list name", "type"),
    ("Please specify choices for this 'or other'", "type"),
    ("Badly formatted table list", "type"),
    ("supported file extensions", "type"),
    ("parameter", "parameters"),
    ("Parameter", "parameters"),
    ("must be set to", "parameters"),
    ("seed value must be", "parameters"),
    ("Invalid value for quality", "parameters"),
)


def workbook_problem(facts: Mapping[str, Any]) -> Problem:
    """The child's failure (see forms.compile_child) as Problem 400.15: the first mistake, and those found behind it."""
    message, exception = str(facts["error"]), str(facts["exception"])
    if exception in _EXHAUSTED or "File too large" in message:
        return too_heavy(message or exception)
    first, *more = [_mistake(each) for each in (facts, *facts.get("more", ()))]
    problem = _refused([first, *more], list(facts.get("warnings", [])))
    problem.details["error"] = first.said
    return problem


@dataclass(frozen=True)
class _Mistake:
    """A place, what is wrong there, and the words of whoever found it."""

    place: Place
    en: str
    fr: str
    said: str
    rule: str = "converter"


def _mistake(facts: Mapping[str, Any]) -> _Mistake:
    message, exception = str(facts["error"]), str(facts["exception"])
    place = place_of(message, facts.get("cell"), facts.get("headers", {}))
    if exception in ("ParseError", "BadZipFile"):  # from the XML and zip readers below pyxform
        message = f"Error reading .xlsx file: {message}"
    en, fr = _explain(message) if exception in _SPEAKING else _stumbled(place, f"{exception}: {message}")
    if exception not in _SPEAKING:
        message = f"{exception}: {message}"
    other_rows = sorted({int(number) for number in _ROW.findall(message)} - {place.row})
    if other_rows:
        listed = ", ".join(map(str, other_rows[:20]))
        en, fr = f"{en} The same in row {listed}.", f"{fr} De même ligne {listed}."
    return _Mistake(place, place.sentence(en, "en"), place.sentence(fr, "fr"), message)


def _refused(mistakes: Sequence[_Mistake], warnings: list[str]) -> Problem:
    """The first mistake as the sentence, all of them in details["findings"]."""
    first, more = mistakes[0], len(mistakes) - 1
    en = f"{first.en} ({more} more mistake{'s' if more > 1 else ''} below.)" if more else first.en
    fr = (
        f"{first.fr} ({more} autre{'s' if more > 1 else ''} faute{'s' if more > 1 else ''} ci-dessous.)"
        if more
        else first.fr
    )
    problem = workbook_refused(en, fr, "\n".join(each.said for each in mistakes), **first.place.known())
    problem.details["warnings"] = warnings
    problem.details["findings"] = [
        {"rule": each.rule, "en": each.en, "fr": each.fr, **each.place.known()} for each in mistakes
    ]
    return problem


def _stumbled(place: Place, error: str) -> tuple[str, str]:
    """pyxform gave up without a sentence: the place is what helps."""
    known = explained(error)
    if known:
        return known
    if place.column and place.row == 1:
        return (
            "the form cannot be read because of this column. Correct its name in row 1, or delete it.",
            "le formulaire est illisible à cause de cette colonne. Corrigez son nom à la ligne 1, ou supprimez-la.",
        )
    if place.sheet:
        return (
            "the form cannot be read because of what stands here. Correct it or empty it.",
            "le formulaire est illisible à cause de ce qui est écrit ici. Corrigez-le ou videz-le.",
        )
    return (
        "something in the workbook could not be read. Check the last rows and columns you changed.",
        "quelque chose dans le classeur n'a pas pu être lu. Vérifiez les dernières lignes et colonnes modifiées.",
    )


def form_refused(faults: Sequence[Finding], warnings: Sequence[str]) -> Problem:
    """Findings that phones could not open the form with, as Problem 400.15."""
    mistakes = [
        _Mistake(each.place, each.sentence("en"), each.sentence("fr"), each.sentence("en"), each.rule)
        for each in faults
    ]
    return _refused(mistakes, list(warnings))


def took_too_long() -> Problem:
    """The child used up its time."""
    return workbook_refused(
        "The workbook took too long to read. Delete empty rows and columns that Excel kept, and unused sheets; put a list of "
        "more than 50,000 choices into a CSV file (select_one_from_file).",
        "La lecture du classeur a pris trop de temps. Supprimez les lignes et colonnes vides gardées par Excel et les feuilles "
        "inutiles ; mettez une liste de plus de 50 000 choix dans un fichier CSV (select_one_from_file).",
        "timeout",
    )


def child_died(status: int) -> Problem:
    """The child ended without an answer; `status` is its exit status, negative for a signal."""
    return too_heavy(f"exit status {status}")


def place_of(message: str, cell: list[Any] | None, headers: Mapping[str, Sequence[str]]) -> Place:
    """Sheet, row and column from pyxform's message, completed from the cell that was found for it."""
    row, sheet, column = (pattern.search(message) for pattern in (_ROW, _SHEET, _COLUMN))
    implied = next((name for words, name in _IMPLIED if words in message), None)
    if row is not None:
        # A message with a row and without a sheet always speaks of the survey sheet (pyxform's xls2json.py).
        named = Place(sheet[1] if sheet else "survey", int(row[1]), implied or (column[1] if column else None))
    elif cell:
        named = Place(cell[0], cell[1], implied or cell[2])
    else:
        named = Place(sheet[1] if sheet else None, None, column[1] if column and sheet else None)
    return named._replace(column=_as_written(named, headers))


def _as_written(place: Place, headers: Mapping[str, Sequence[str]]) -> str | None:
    """The author's own spelling of the column: pyxform says `calculation` for `Calculate`."""
    columns = headers.get(place.sheet or "", ())
    if place.column is None or place.column in columns:
        return place.column
    double = any("::" in header for header in columns)
    wanted = column_of(place.column, double_colon=double).key
    return next((each for each in columns if column_of(each, double_colon=double).key == wanted), place.column)


def too_heavy(error: str) -> Problem:
    """The workbook needs more memory, nesting or output than a form may."""
    return workbook_refused(
        "The workbook is too large or too deeply nested to read. Delete what the form does not need.",
        "Le classeur est trop grand ou trop imbriqué pour être lu. Supprimez ce dont le formulaire n'a pas besoin.",
        error,
    )


def _explain(message: str) -> tuple[str, str]:
    sentences = explained(message)
    if sentences is not None:
        return sentences
    text = _ROW.sub("", message).strip()
    return text, f"le classeur n'est pas valide (message de pyxform) : {text}"
