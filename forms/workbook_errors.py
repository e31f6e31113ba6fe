"""pyxform's English messages as sentences in French and English that say where, what and what to do.

pyxform's own text always travels along in details["error"]. A message no rule knows is shown as it is: an English
sentence with sheet and row is worth more to a form's author than a polite one without.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from config.problem import Problem
from forms.errors import workbook_refused
from forms.lint import Finding
from forms.messages import explained
from forms.places import Place

# What Python raises when memory ends, depending on where: while importing or inside an extension it is not MemoryError.
_EXHAUSTED = ("MemoryError", "RecursionError", "SystemError", "ImportError")
_ROW = re.compile(r"\[row : (\d+)\]")
_SHEET = re.compile(r"(?:On the|for sheet:) '(\w+)'")
_COLUMN = re.compile(r"the '([^']+)' value")


def workbook_problem(facts: Mapping[str, Any]) -> Problem:
    """The child's failure (see forms.compile_child) as Problem 400.15."""
    message, exception = str(facts["error"]), str(facts["exception"])
    if exception in _EXHAUSTED or "File too large" in message:
        return too_heavy(message or exception)
    place = place_of(message, facts.get("cell"))
    if exception in ("ParseError", "BadZipFile"):  # from the XML and zip readers below pyxform
        message = f"Error reading .xlsx file: {message}"
        en, fr = _explain(message)
    elif exception in ("PyXFormError", "PyXFormReadError", "ValidationError"):
        en, fr = _explain(message)
    else:
        en = "something in the workbook could not be read. Check the last rows and columns you changed."
        fr = "quelque chose dans le classeur n'a pas pu être lu. Vérifiez les dernières lignes et colonnes modifiées."
        message = f"{exception}: {message}"
    problem = workbook_refused(place.sentence(en, "en"), place.sentence(fr, "fr"), message, **place.known())
    problem.details["warnings"] = list(facts.get("warnings", []))
    return problem


def form_refused(faults: Sequence[Finding], warnings: Sequence[str]) -> Problem:
    """Findings that phones could not open the form with, as Problem 400.15: the first as its sentence, all in details."""
    first = faults[0]
    more = len(faults) - 1
    en, fr = first.sentence("en"), first.sentence("fr")
    if more:
        en += f" ({more} more like this below.)"
        fr += f" ({more} autre(s) du même genre ci-dessous.)"
    problem = workbook_refused(en, fr, "\n".join(each.sentence("en") for each in faults), **first.place.known())
    problem.details["warnings"] = list(warnings)
    problem.details["findings"] = [
        {"rule": each.rule, "en": each.sentence("en"), "fr": each.sentence("fr"), **each.place.known()}
        for each in faults
    ]
    return problem


def took_too_long() -> Problem:
    """The child used up its time."""
    return workbook_refused(
        "The workbook took too long to read. Delete empty rows and columns that Excel kept, and unused sheets.",
        "La lecture du classeur a pris trop de temps. Supprimez les lignes et colonnes vides gardées par Excel, et "
        "les feuilles inutiles.",
        "timeout",
    )


def child_died(status: int) -> Problem:
    """The child ended without an answer; `status` is its exit status, negative for a signal."""
    return too_heavy(f"exit status {status}")


def place_of(message: str, cell: list[Any] | None) -> Place:
    """Sheet, row and column from pyxform's message, completed from the cell that holds the value it quotes."""
    row, sheet, column = (pattern.search(message) for pattern in (_ROW, _SHEET, _COLUMN))
    if row is None:
        found = Place(*cell) if cell else Place(None, None, None)
        return Place(sheet[1], None, column[1] if column else None) if sheet else found
    # A message with a row and without a sheet always speaks of the survey sheet (pyxform's xls2json.py).
    return Place(sheet[1] if sheet else "survey", int(row[1]), column[1] if column else None)


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
