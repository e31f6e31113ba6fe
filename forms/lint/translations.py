"""Rules about languages."""

from collections.abc import Iterator, Sequence

from forms.languages import code_of
from forms.lint.finding import Remark, Subject, rule
from forms.places import Place
from forms.tables import Row, Sheet

_TRANSLATED = (
    "label",
    "hint",
    "guidance_hint",
    "constraint_message",
    "required_message",
    "image",
    "audio",
    "video",
)
_MOST_ROWS = 15


@rule(
    "missing-translation",
    "warning",
    why_en="The phone shows « - » or nothing there, and each enumerator translates in another way.",
    why_fr="Le téléphone affiche alors « - » ou rien, et chaque enquêteur traduit à sa façon.",
)
def missing_translation(subject: Subject) -> Iterator[Remark]:
    """A text that is filled in one language and not in another, or a column missing for a language."""
    if subject.new.tables is None:
        return
    for name in ("survey", "choices"):
        sheet = subject.new.tables.sheet(name)
        languages = _languages(sheet)
        for key in _TRANSLATED:
            present = sheet.languages(key)
            if not any(present):
                continue
            for language in languages:
                yield from _missing(name, sheet, key, language, absent=language not in present)


def _missing(name: str, sheet: Sheet, key: str, language: str, *, absent: bool) -> Iterator[Remark]:
    rows = [row for row in sheet.rows if row.texts(key) and language not in row.texts(key)]
    if absent and rows:
        yield Remark(
            f"there is no column {key}::{language}, though {key} is translated. Add the column.",
            f"il n'y a pas de colonne {key}::{language}, alors que {key} est traduit. Ajoutez la colonne.",
            Place(name, 1, f"{key}::{language}"),
        )
    elif rows:
        column = next(each.written for each in sheet.columns if each.key == key and each.language == language)
        yield Remark(
            f"{_rows(rows)} {'is' if len(rows) == 1 else 'are'} not translated. Fill the column.",
            f"{_lignes(rows)} {'n’est pas traduite' if len(rows) == 1 else 'ne sont pas traduites'}. Remplissez la colonne.",
            Place(name, rows[0].number, column),
        )


def _languages(sheet: Sheet) -> list[str]:
    named = [each.language for each in sheet.columns if each.key in _TRANSLATED and each.language]
    return list(dict.fromkeys(named))


def _numbers(rows: Sequence[Row]) -> str:
    more = "" if len(rows) <= _MOST_ROWS else ", …"
    return ", ".join(str(row.number) for row in rows[:_MOST_ROWS]) + more


def _rows(rows: Sequence[Row]) -> str:
    return f"{len(rows)} row{'s' if len(rows) > 1 else ''} ({_numbers(rows)})"


def _lignes(rows: Sequence[Row]) -> str:
    return f"{len(rows)} ligne{'s' if len(rows) > 1 else ''} ({_numbers(rows)})"


@rule(
    "language-without-code",
    "advice",
    why_en="With a code, as in « Français (fr) », phones begin in their own language, and pages show the reader's.",
    why_fr="Avec un code, comme « Français (fr) », le téléphone s'ouvre dans sa langue et les pages dans celle du lecteur.",
)
def language_without_code(subject: Subject) -> Iterator[Remark]:
    """A language whose name tells nobody which one it is."""
    for language in subject.new.definition.languages:
        if code_of(language) is None and language != "default":
            yield Remark(
                f"the language « {language} » has no code. Write for example « {language} (xx) » in every column.",
                f"la langue « {language} » n'a pas de code. Écrivez par exemple « {language} (xx) » dans chaque colonne.",
                _column_of(subject, language),
            )


@rule(
    "same-language-twice",
    "warning",
    why_en="Phones offer both as different languages, each with holes: half of the texts are missing in either.",
    why_fr="Les téléphones proposent les deux comme langues différentes, chacune à moitié vide.",
)
def same_language_twice(subject: Subject) -> Iterator[Remark]:
    """Two spellings of one language, often one on each sheet."""
    seen: dict[str, str] = {}
    tables = subject.new.tables
    written = [each for sheet in tables.sheets.values() for each in _languages(sheet)] if tables else []
    for language in dict.fromkeys((*written, *subject.new.definition.languages)):
        code = code_of(language)
        if code is None:
            continue
        first = seen.setdefault(code, language)
        if first != language:
            yield Remark(
                f"« {first} » and « {language} » are one language to people, and two to phones. Use one spelling.",
                f"« {first} » et « {language} » sont une langue pour les gens, deux pour les téléphones. "
                "Gardez une seule graphie.",
                _column_of(subject, language),
            )


@rule(
    "default-language-unknown",
    "warning",
    why_en="Phones then begin in a language that has no texts.",
    why_fr="Les téléphones commencent alors dans une langue sans textes.",
)
def default_language_unknown(subject: Subject) -> Iterator[Remark]:
    """default_language names none of the form's languages."""
    tables = subject.new.tables
    wanted = tables.setting("default_language") if tables else ""
    if not tables or not wanted:
        return
    named = [language for name in ("survey", "choices") for language in _languages(tables.sheet(name))]
    if named and wanted not in named:
        listed = ", ".join(f"« {each} »" for each in dict.fromkeys(named))
        yield Remark(
            f"default_language is « {wanted} », but the columns say {listed}. Copy the spelling of the columns.",
            f"default_language est « {wanted} », mais les colonnes disent {listed}. Copiez la graphie des colonnes.",
            Place("settings", 2, "default_language"),
        )


def _column_of(subject: Subject, language: str) -> Place:
    for name, sheet in subject.new.tables.sheets.items() if subject.new.tables else ():
        for column in sheet.columns:
            if column.language == language:
                return Place(name, 1, column.written)
    return Place()
