"""Where pyxform stumbles without saying where, the cell is found; numbers in row 1 and doubled headers too."""

from io import BytesIO

import pytest
from openpyxl import Workbook
from pyxform.errors import PyXFormError

from config.problem import Problem
from forms.compile_child import compile_workbook, place_of
from forms.compiler import compile_form
from forms.culprit import culprit
from tests.forms import sheets_as_read, workbook
from tests.forms.binary_workbook import binary_workbook

SURVEY = "| survey |\n| | type | name | label"
GROUP = "| | begin group | g | G | x |\n| | text | b | B | |\n| | end group | | | |\n"


def refused(content: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        compile_form(content, "a.xlsx")
    assert caught.value.code == 400.15
    return caught.value


@pytest.mark.parametrize(
    ("table", "place"),
    [
        (SURVEY + " | instance::tag |\n| | text | a | A | |\n" + GROUP, ["survey", 3, "instance::tag"]),
        (SURVEY + " | label::en::fr |\n| | text | a | A | B |\n", ["survey", 2, "label::en::fr"]),
        (SURVEY + " | parameters |\n| | photo | a | A | max-pixels=1 |\n| | photo | b | B | max-pixels=x |\n", ["survey", 3, "parameters"]),
        (SURVEY + " |\n| | text | a | A |\n| | include | b | B |\n", ["survey", 3, None]),
    ],
)  # fmt: skip
def test_the_cell_is_found_by_leaving_out(table: str, place: list[object]) -> None:
    sheets = sheets_as_read(table)
    with pytest.raises((PyXFormError, TypeError)) as caught:
        compile_workbook(sheets, "form", [])
    assert place_of(caught.value, sheets, "form", 10) == place


def test_a_search_that_runs_out_of_time_finds_nothing() -> None:
    assert culprit(sheets_as_read(SURVEY + " |\n| | text | a | A |\n"), lambda _: "always", 0) is None


def test_what_pyxform_stumbles_over_is_a_sentence_with_its_cell() -> None:
    problem = refused(workbook(SURVEY + " | instance::tag |\n" + GROUP))
    assert problem.en.startswith("Sheet survey, row 2, column instance::tag: the form cannot be read")
    assert problem.fr.startswith("Feuille survey, ligne 2, colonne instance::tag : le formulaire est illisible")
    assert problem.details["error"].startswith("TypeError")


@pytest.mark.parametrize(
    ("header", "words"),
    [(["type", "name", "label", "label"], "column label: the column « label » appears twice"), (["type", "name", 2026], "column 2026")],
)  # fmt: skip
def test_a_header_that_cannot_be_read_is_named_with_its_sheet(header: list[object], words: str) -> None:
    book = Workbook()
    book.active.title = "survey"
    book.active.append(header)
    content = BytesIO()
    book.save(content)
    problem = refused(content.getvalue())
    assert problem.en.startswith("Sheet survey, row 1, ")
    assert words in problem.en


def test_the_same_of_an_old_workbook() -> None:
    problem = refused(binary_workbook({"survey": [["type", "name", "label", "label"], ["text", "a", "A", "A"]]}))
    assert problem.en.startswith("Sheet survey, row 1, column label: the column « label » appears twice")


def test_several_rows_with_the_same_mistake_are_all_named() -> None:
    choices = "| choices |\n| | list_name | name | label |\n" + "| | yn | y | Y |\n" * 3
    problem = refused(workbook(SURVEY + " |\n| | select_one yn | a | A |\n" + choices))
    assert problem.en.startswith("Sheet choices, row 3, column name: this choice name appears twice")
    assert problem.en.endswith("The same in row 4.")
    assert problem.fr.endswith("De même ligne 4.")


def test_the_column_is_named_as_its_author_wrote_it() -> None:
    problem = refused(
        workbook("| survey |\n| | type | name | label | Calculate |\n| | calculate | a | | ${nobody} |\n")
    )
    assert "column Calculate" in problem.en


def test_the_note_excel_leaves_beside_an_open_workbook_says_what_it_is() -> None:
    with pytest.raises(Problem) as caught:
        compile_form(b"\x05Salif" + b" " * 159, "~$enquete.xlsx")
    assert "Close Excel" in caught.value.en
