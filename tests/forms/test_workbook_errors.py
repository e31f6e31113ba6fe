"""pyxform's messages become sentences with sheet, row and column."""

import pytest

from forms.workbook_errors import workbook_problem


@pytest.mark.parametrize(
    ("message", "en", "fr"),
    [
        ("[row : 4] Question with no type.\n{'a': 1}", "Sheet survey, row 4: this row has no type", "ligne 4"),
        ("[row : 4] List name not in choices sheet: yn", "« yn » does not exist", "« yn » n'existe pas"),
        (
            "[row : 9] On the 'choices' sheet, the 'name' value is invalid. Choice names must be unique for",
            "Sheet choices, row 9, column name: this choice name appears twice",
            "Feuille choices, ligne 9, colonne name : ce nom de choix figure deux fois",
        ),
        (
            "On the 'survey' sheet. One or more required column headers were not found: 'type', 'name'. Learn more",
            "Sheet survey: required columns are missing: 'type', 'name'.",
            "Feuille survey : des colonnes obligatoires manquent : 'type', 'name'.",
        ),
        ("[row : 3] Unmatched 'end_repeat'. No matching", "end_repeat without its begin_repeat", "ligne 3"),
        ("Something new in pyxform 9 {braces}", "Something new in pyxform 9 {braces}", "(message de pyxform)"),
        ("", "", "pas valide"),
    ],
)
def test_messages_become_sentences(message: str, en: str, fr: str) -> None:
    problem = workbook_problem({"error": message, "exception": "PyXFormError", "warnings": ["w"]})
    assert en in problem.en
    assert fr in problem.fr
    assert problem.details["warnings"] == ["w"]
