"""pyxform's English messages as sentences in French and English that say where, what and what to do.

pyxform's own text always travels along in details["error"]. A message no rule knows is shown as it is: an English
sentence with sheet and row is worth more to a form's author than a polite one without.
"""

import re
from collections.abc import Mapping
from typing import Any

from config.problem import Problem
from forms.errors import workbook_refused
from forms.places import Place

# What Python raises when memory ends, depending on where: while importing or inside an extension it is not MemoryError.
_EXHAUSTED = ("MemoryError", "RecursionError", "SystemError", "ImportError")
_ROW = re.compile(r"\[row : (\d+)\]")
_SHEET = re.compile(r"(?:On the|for sheet:) '(\w+)'")
_COLUMN = re.compile(r"the '([^']+)' value")

# (pattern in pyxform's message, English, French); {0}, {1} are the pattern's groups. The first match speaks.
_RULES: tuple[tuple[str, str, str], ...] = (
    (
        r"Unknown question type '(.+?)'",
        "the question type « {0} » does not exist. Correct the type column.",
        "le type de question « {0} » n'existe pas. Corrigez la colonne type.",
    ),
    (
        r"Question with no type",
        "this row has no type. Fill the type column or empty the row.",
        "cette ligne n'a pas de type. Remplissez la colonne type ou videz la ligne.",
    ),
    (
        r"Question or group with no name",
        "this row has no name. Fill the name column.",
        "cette ligne n'a pas de nom. Remplissez la colonne name.",
    ),
    (
        r"Names must begin with a letter",
        "a name begins with a letter or _ and holds only letters, digits, _ - and . (no spaces).",
        "un nom commence par une lettre ou _ et ne contient que lettres, chiffres, _ - et . (pas d'espace).",
    ),
    (
        r"(?:Could not find the name|no survey element named) '(.+?)'",
        "${{{0}}} refers to a question that does not exist. Check the spelling.",
        "${{{0}}} désigne une question qui n'existe pas. Vérifiez l'orthographe.",
    ),
    (
        r"(?:The name|multiple survey elements named) '(.+?)'(?: appears more than once|\.$)",
        "${{{0}}} is ambiguous: several questions have this name. Rename one of them.",
        "${{{0}}} est ambigu : plusieurs questions portent ce nom. Renommez-en une.",
    ),
    (
        r"Reference variables? ",
        "a reference is written ${{name}}, with both braces.",
        "une référence s'écrit ${{nom}}, avec les deux accolades.",
    ),
    (
        r"List name not in (?:external )?choices sheet: (.+)",
        "the choice list « {0} » does not exist. Add it to the choices sheet or correct its name.",
        "la liste de choix « {0} » n'existe pas. Ajoutez-la à la feuille choices ou corrigez son nom.",
    ),
    (
        r"There should be an? (?:external_)?choices sheet",
        "a question asks for choices but there is no choices sheet. Add it: list_name, name, label.",
        "une question demande des choix, mais la feuille choices manque. Ajoutez-la : list_name, name, label.",
    ),
    (
        r"The name 'meta' is reserved",
        "the name « meta » is reserved. Choose another one.",
        "le nom « meta » est réservé. Choisissez-en un autre.",
    ),
    (
        r"'name' value '(.+?)' is invalid",
        "the name « {0} » is already used at this place or by the form itself. Choose another one.",
        "le nom « {0} » est déjà pris à cet endroit ou par le formulaire. Choisissez-en un autre.",
    ),
    (
        r"Choice names must be unique",
        "this choice name appears twice in its list. Change one of them.",
        "ce nom de choix figure deux fois dans sa liste. Changez-en un.",
    ),
    (
        r"Choices must have a name",
        "this choice has no name. Fill the name column.",
        "ce choix n'a pas de nom. Remplissez la colonne name.",
    ),
    (
        r"Choice names with spaces .*?See \[(.+?)\] in \[(.+?)\]",
        "the choice name « {0} » of the list « {1} » holds a space. Replace it by _.",
        "le nom de choix « {0} » de la liste « {1} » contient une espace. Remplacez-la par _.",
    ),
    (
        r"Unmatched 'end_(\w+)'",
        "end_{0} without its begin_{0}. Remove it or add the beginning.",
        "end_{0} sans son begin_{0}. Retirez-le ou ajoutez le début.",
    ),
    (
        r"Unmatched 'begin_(\w+)'.*'(.*?)'",
        "begin_{0} « {1} » is never closed. Add end_{0} where it ends.",
        "begin_{0} « {1} » n'est jamais fermé. Ajoutez end_{0} là où il finit.",
    ),
    (
        r"One or more required column headers were not found: (.+?)\. ",
        "required columns are missing: {0}. Add them in the first row.",
        "des colonnes obligatoires manquent : {0}. Ajoutez-les à la première ligne.",
    ),
    (
        r"must have a sheet named '(\w+)'",
        "there is no sheet named « {0} ». Rename or add it.",
        "il n'y a pas de feuille nommée « {0} ». Renommez-la ou ajoutez-la.",
    ),
    (
        r"Headers that are different names for the same column were found: '(.+?)', '(.+?)'",
        "the columns « {0} » and « {1} » mean the same. Keep one.",
        "les colonnes « {0} » et « {1} » désignent la même chose. Gardez-en une.",
    ),
    (
        r"Duplicate column header: (.+)",
        "the column « {0} » appears twice. Rename or delete one.",
        "la colonne « {0} » figure deux fois. Renommez-en ou supprimez-en une.",
    ),
    (
        r"missing header row|Column headers must not be empty",
        "the first row must hold the column names, without spaces or gaps.",
        "la première ligne doit contenir les noms de colonnes, sans espaces ni trous.",
    ),
    (
        r"Missing calculation",
        "a calculate row needs a calculation. Fill the calculation column.",
        "une ligne calculate a besoin d'un calcul. Remplissez la colonne calculation.",
    ),
    (
        r"named '(.+?)' has no label or hint",
        "« {0} » has neither label nor hint. Fill the label column.",
        "« {0} » n'a ni label ni hint. Remplissez la colonne label.",
    ),
    (
        r"question \$\{(.+?)\} is not user-visible so it can't be used as a calculation trigger",
        "« {0} » is not shown to anyone, so it cannot be a trigger. Choose a visible question.",
        "« {0} » n'est montrée à personne et ne peut donc rien déclencher. Choisissez une question visible.",
    ),
    (
        r"Parameters must be in the form",
        "parameters are written key=value key=value.",
        "les paramètres s'écrivent clé=valeur clé=valeur.",
    ),
    (
        r"accepted parameter keys for this question type are '(.+?)'.*: '(.+?)'",
        "the parameter « {1} » is not accepted here; these are: {0}.",
        "le paramètre « {1} » n'est pas accepté ici ; ceux-ci le sont : {0}.",
    ),
    (
        r"should end with one of the supported file extensions: (.+)",
        "the file name must end with one of: {0}.",
        "le nom du fichier doit finir par l'un de : {0}.",
    ),
    (
        r"[Ee]ncrypted|password",
        "the workbook is protected by a password. Remove the password and send it again.",
        "le classeur est protégé par un mot de passe. Retirez-le et renvoyez le classeur.",
    ),
    (
        r"^Error reading \.xlsx? file",
        "the workbook is damaged. Open it in Excel or LibreOffice, save it as .xlsx and send it again.",
        "le classeur est abîmé. Ouvrez-le dans Excel ou LibreOffice, enregistrez-le en .xlsx et renvoyez-le.",
    ),
)
_COMPILED_RULES = tuple((re.compile(pattern, re.DOTALL), en, fr) for pattern, en, fr in _RULES)


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
    where = {key: value for key, value in place._asdict().items() if value is not None}
    problem = workbook_refused(place.sentence(en, "en"), place.sentence(fr, "fr"), message, **where)
    problem.details["warnings"] = list(facts.get("warnings", []))
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
    for pattern, en, fr in _COMPILED_RULES:
        match = pattern.search(message)
        if match:
            groups = [(group or "").strip() for group in match.groups()]
            return en.format(*groups), fr.format(*groups)
    text = _ROW.sub("", message).strip()
    return text, f"le classeur n'est pas valide (message de pyxform) : {text}"
