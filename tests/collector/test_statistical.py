"""SPSS and Stata as other people's readers understand them: labels, codes, texts of any length, days before the epoch."""

import io
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from collector.codebook import Question
from collector.export_format import Export, RowsLost
from collector.exports import formats
from collector.sheets import Look, Prepared, sheets_of
from collector.statistical import fit_name, pieces
from collector.typed_tables import TypedTable, typed_tables
from tests.collector.forms import define, question
from tests.collector.test_csv import NOON, row

CHOICES = {"/sex": {"1": "Femme", "2": "Homme"}, "/region": {"agadez": "Agadez", "d": "Diffa é"}, "/tick": {"y": "Oui"}}
FORM = define(*map(question, ("sex", "region", "tick", "note")), question("day", "date"))
LONG = "é" * 1_000, "x" * 70_000


class _Words:
    """What the choices of CHOICES are called."""

    def question(self, path: str) -> str:
        return f"Question {path} " + "é" * 300

    def is_choice(self, path: str) -> bool:
        return path in CHOICES

    def choice(self, path: str, value: str) -> str:
        return CHOICES[path].get(value, value)


def data_set(name: str, folder: Path) -> Path:
    """The root table of a few submissions in that format."""
    rows: list[list[Any]] = [
        ["1", "agadez", "y", LONG[0], "1582-10-15"],
        ["2", "no longer there", None, LONG[1], "1959-12-31"],
        [None, "", "", "", ""],
    ]
    found = [Prepared(row(instance_id=f"uuid:{number}"), {0: [cells]}) for number, cells in enumerate(rows)]
    codebook = [
        Question(path, "", (path[1:],), "", "select_one", "", tuple(known.items()), (), (), ())
        for path, known in CHOICES.items()
    ]
    sheets = sheets_of(FORM, Look(words=_Words()))
    export = Export("survey", "Enquête", FORM, sheets, iter([found]), NOON, codebook=codebook)
    with zipfile.ZipFile(io.BytesIO(b"".join(formats()[name].write(export)))) as archive:
        return Path(archive.extract(archive.namelist()[0], folder))


@pytest.mark.parametrize(("name", "ending"), [("spss", "sav"), ("stata", "dta")])
def test_codes_have_their_labels_and_texts_their_length(name: str, ending: str, tmp_path: Path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    frame, meta = getattr(pyreadstat, f"read_{ending}")(str(data_set(name, tmp_path)))
    assert meta.variable_value_labels["sex"] == {1: "Femme", 2: "Homme"}
    assert frame["sex"].fillna(0).tolist() == [1, 2, 0]
    assert frame["region"].tolist() == ["agadez", "no longer there", ""]
    assert [str(day) for day in frame["day"][:2]] == ["1582-10-15", "1959-12-31"]
    # A column with a day that SPSS would not show is one of texts.
    assert isinstance(frame["day"][0], str) == (name == "spss")
    assert meta.column_names_to_labels["sex"].startswith("Question /sex éé")
    texts = [each for each in frame if each.startswith("note")]
    assert ["".join(cells) for cells in frame[texts].to_numpy()] == [*LONG, ""]
    if name == "spss":
        # Texts of eight bytes and of more are labelled in two ways.
        assert meta.variable_value_labels["region"] == CHOICES["/region"]
        assert meta.variable_value_labels["tick"] == CHOICES["/tick"]
        assert texts == ["note", "note_2", "note_3"]
    else:
        assert texts == ["note"]


@pytest.mark.parametrize(("name", "known"), [("spss", "3beff36837435f61"), ("stata", "c140886e15940b3c")])
def test_the_bytes_are_those_that_the_readers_took(name: str, known: str, tmp_path: Path) -> None:
    """Where they are not installed; with them, take the new hash when they are content."""
    assert sha256(data_set(name, tmp_path).read_bytes()).hexdigest()[:16] == known


def test_pandas_reads_the_same_of_stata(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.read_stata(data_set("stata", tmp_path))
    assert frame["sex"].astype(object).fillna("").tolist() == ["Femme", "Homme", ""]
    assert frame["note"].tolist() == [*LONG, ""]
    assert frame["day"].dt.year.fillna(0).tolist() == [1582, 1959, 0]


def test_names_are_fit_for_both_languages() -> None:
    taken: set[str] = set()
    names = [fit_name(each, taken, 8) for each in ("by", "a-b", "A_b", "1st", "_n", "é", "str7", "x" * 9, "x" * 12)]
    assert names == ["v_by", "a_b", "A_b_2", "v_1st", "n", "v", "v_str7", "x" * 8, "x" * 6 + "_2"]


def test_a_text_is_never_cut_inside_a_character() -> None:
    text = "aéb🐪" * 50
    found = list(pieces(text.encode(), 7))
    assert "".join(each.decode() for each in found) == text
    assert max(map(len, found)) <= 7


def test_a_column_is_of_numbers_only_if_every_cell_is() -> None:
    sheets = sheets_of(define(question("a", "int"), question("b", "int")))
    cells: list[list[Any]] = [["1", "2"], ["2", "many"]]
    export = Export("survey", "", FORM, sheets, iter([[Prepared(row(), {0: [each]}) for each in cells]]), NOON)
    (table,) = typed_tables(export)
    assert isinstance(table, TypedTable)
    assert (table.kinds[1:3], table.whole[1], table.longest[2]) == (["number", "text"], True, 4)
    table.close()


def test_rows_that_do_not_come_back_are_missed() -> None:
    sheets = sheets_of(define(question("a")))
    (table,) = typed_tables(Export("survey", "", FORM, sheets, iter([[Prepared(row(), {0: [["x"]]})]]), NOON))
    table.count += 1
    with pytest.raises(RowsLost):
        list(table.texts())
    table.close()
