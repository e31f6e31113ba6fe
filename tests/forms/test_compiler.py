"""Workbooks become forms, or sentences. C… are the numbers of docs/collect-contract.md."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from pyxform.xls2xform import convert

import forms.compiler
from config.problem import Problem
from forms.compiler import PLACES, Compiled, CompileLimits, compile_form, fallback_form_id
from forms.xform import parse_xform
from tests.forms import DEFINITIONS, hand_written, with_member, workbook
from tests.forms.binary_workbook import binary_workbook

SURVEY = "| survey |\n| | type | name | label |\n"
SMALL = SURVEY + "| | text | a | A |\n"


def refused(content: bytes, limits: CompileLimits | None = None) -> Problem:
    with pytest.raises(Problem) as caught:
        compile_form(content, "form.xlsx", limits=limits or CompileLimits())
    problem = caught.value
    assert problem.code == 400.15
    assert problem.fr != problem.en
    assert "error" in problem.details
    return problem


class TestGoodWorkbooks:
    @pytest.mark.slow
    @pytest.mark.parametrize("path", sorted(DEFINITIONS.glob("*.xlsx")), ids=lambda path: path.stem)
    def test_bundled_surveys_compile_to_the_same_bytes_in_any_process(self, path: Path) -> None:
        compiled = compile_form(path.read_bytes(), path.name)
        assert parse_xform(compiled.xform).xml_form_id == path.stem
        assert compiled.itemsets is None
        # This process has another hash seed than the child, and ran at another moment.
        assert compiled.xform == convert(path.read_bytes(), file_type=".xlsx").xform.encode()

    def test_a_workbook_without_settings_takes_its_file_name_and_no_version(self) -> None:
        compiled = compile_form(workbook(SMALL), "C:\\Users\\../Mon formulaire.v2.xlsx")
        definition = parse_xform(compiled.xform)
        assert (definition.xml_form_id, definition.version) == ("Mon formulaire.v2", "")

    def test_an_old_xls_compiles(self) -> None:
        content = binary_workbook(
            {
                "survey": [["type", "name", "label"], ["select_one yn", "a", "Où ?"]],
                "choices": [["list_name", "name", "label"], ["yn", "y", "Oui"]],
                "settings": [["form_id", "version"], ["old", "7"]],
            }
        )
        definition = parse_xform(compile_form(content, "named.xlsx").xform)
        assert (definition.xml_form_id, definition.version) == ("old", "7")

    def test_warnings_come_back_and_macros_are_ignored(self) -> None:
        content = workbook(
            "| survey |\n| | type | name | label::fr | label::en | hint::fr |\n| | text | a | A | B | C |\n"
            "| settings |\n| | submission_url |\n| | https://x.example.org/s |\n"
        )
        warnings = compile_form(with_member(content, "xl/vbaProject.bin", b"x"), "a.xlsm").warnings
        assert any("'en'" in warning for warning in warnings)
        assert any("macros" in warning for warning in warnings)
        assert any("https://x.example.org/s" in warning for warning in warnings)

    def test_external_choices_come_back_as_itemsets(self) -> None:
        compiled = compile_form(
            workbook(
                "| survey |\n| | type | name | label | choice_filter |\n| | text | s | S | |\n"
                "| | select_one_external town | x | Ville | state=${s} |\n"
                "| external_choices |\n| | list_name | name | label | state |\n| | town | 1 | Tillabéri | n |\n"
            ),
            "a.xlsx",
        )
        assert compiled.itemsets is not None
        assert "Tillabéri" in compiled.itemsets.decode()
        assert [slot.name for slot in parse_xform(compiled.xform).slots] == ["itemsets.csv"]

    @pytest.mark.slow
    def test_a_form_of_three_thousand_questions_compiles(self) -> None:
        rows = "".join(f"| | text | q{number} | Question {number} |\n" for number in range(3000))
        definition = parse_xform(compile_form(workbook(SURVEY + rows), "wide.xlsx").xform)
        assert len(definition.fields) == 3002

    def test_it_works_from_another_folder_and_in_a_thread(self, tmp_path: Path) -> None:
        (tmp_path / "a.xlsx").write_bytes(workbook(SMALL))
        (tmp_path / "pyxform.py").write_text("raise SystemExit('the wrong pyxform')")
        script = (
            "import threading, pathlib; from forms.compiler import compile_form\n"
            "def work(): print(len(compile_form(pathlib.Path('a.xlsx').read_bytes(), 'a.xlsx').xform))\n"
            "thread = threading.Thread(target=work); thread.start(); thread.join()"
        )
        root = str(Path(forms.compiler.__file__).parents[1])
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": root},
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert int(done.stdout) > 500


class TestXForms:
    def test_an_xform_passes_byte_for_byte_c15(self) -> None:
        content = b"<?xml version='1.0'?>\r\n" + hand_written('<data id="a"><x/></data>') + b"\n<!-- end -->"
        compiled = compile_form(content, "a.xml")
        assert replace(compiled, findings=()) == Compiled(content, (), None)

    def test_an_xform_is_known_by_its_content(self) -> None:
        assert compile_form(hand_written('<data id="a"/>'), "a.xlsx").itemsets is None

    def test_an_xform_phones_cannot_use_is_refused_c33(self) -> None:
        with pytest.raises(Problem) as caught:
            compile_form(hand_written("<data/>"), "a.xml")
        assert caught.value.code == 400.2

    def test_a_form_that_sends_elsewhere_is_accepted_with_a_warning_c34(self) -> None:
        content = hand_written('<data id="a"/>', head='<submission action="https://x.example.org/s"/>')
        assert "https://x.example.org/s" in compile_form(content, "a.xml").warnings[0]


class TestSentences:
    """One workbook per way of failing; the rules themselves are held in test_workbook_errors.py, without a child."""

    def test_a_failure_names_sheet_row_and_column(self) -> None:
        problem = refused(workbook(SMALL + "| | text | b | Hello ${nobody} |\n"))
        assert problem.en.startswith("Sheet survey, row 3, column label: ${nobody}")
        assert problem.fr.startswith("Feuille survey, ligne 3, colonne label : ${nobody}")
        assert (problem.details["sheet"], problem.details["row"], problem.details["column"]) == ("survey", 3, "label")
        assert problem.details["error"].startswith("[row : 3]")

    def test_the_cell_is_found_where_pyxform_names_none(self) -> None:
        problem = refused(workbook(SMALL + "| | txet | b | B |\n"))
        assert problem.en.startswith("Sheet survey, row 3, column type: the question type « txet »")

    def test_what_makes_pyxform_stumble_is_a_sentence_too(self) -> None:
        content = workbook("| survey |\n| | type | name | label::a | label::a::b |\n| | text | a | B | C |\n")
        problem = refused(content)
        assert "TypeError" in problem.details["error"]

    def test_deep_nesting_is_refused(self) -> None:
        rows = "".join(f"| | begin group | g{n} | G |\n" for n in range(270)) + "| | text | a | A |\n"
        problem = refused(workbook(SURVEY + rows + "| | end group | | |\n" * 270))
        assert "nested" in problem.en


class TestLimitsOfTheChild:
    def test_time_ends_in_a_sentence_and_leaves_no_process(self, monkeypatch: pytest.MonkeyPatch) -> None:
        started: list[subprocess.Popen[bytes]] = []
        popen = subprocess.Popen

        def recorded(*arguments: object, **options: object) -> object:
            started.append(popen(*arguments, **options))  # type: ignore[call-overload]
            return started[-1]

        monkeypatch.setattr(subprocess, "Popen", recorded)
        assert "too long" in refused(workbook(SMALL), CompileLimits(seconds=0)).en
        assert [child.returncode for child in started] == [-9]

    def test_memory_ends_in_a_sentence(self) -> None:
        sheet = zipfile.ZipFile(BytesIO(workbook(SMALL))).read("xl/worksheets/sheet1.xml")
        content = with_member(
            workbook(SMALL), "xl/worksheets/sheet1.xml", sheet.replace(b">A<", b">" + b"A" * 40_000_000 + b"<")
        )
        assert "too large" in refused(content, CompileLimits(memory_bytes=96 << 20)).en

    def test_too_much_output_ends_in_a_sentence(self) -> None:
        assert "too large" in refused(workbook(SMALL), CompileLimits(output_bytes=100)).en

    def test_a_damaged_sheet_ends_in_a_sentence(self) -> None:
        content = with_member(workbook(SMALL), "xl/worksheets/sheet1.xml", b"<worksheet>")
        assert "damaged" in refused(content).en

    def test_a_file_of_the_server_cannot_be_read_through_a_workbook(self, tmp_path: Path) -> None:
        secret = tmp_path / "secret"
        secret.write_text("QUESTIONSECRET")
        sheet = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'.encode()
        original = zipfile.ZipFile(BytesIO(workbook(SMALL))).read("xl/worksheets/sheet1.xml")
        hostile = with_member(
            workbook(SMALL), "xl/worksheets/sheet1.xml", sheet + original.replace(b"<t>A</t>", b"<t>&x;</t>")
        )
        try:
            outcome = compile_form(hostile, "a.xlsx").xform.decode()
        except Problem as problem:
            outcome = str(problem.details)
        assert "QUESTIONSECRET" not in outcome

    def test_nothing_is_left_behind(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        compile_form(workbook(SMALL), "a.xlsx")
        refused(workbook(SMALL), CompileLimits(seconds=0))
        assert list(tmp_path.iterdir()) == []

    def test_the_child_sees_nothing_of_the_servers_secrets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: list[dict[str, str]] = []
        popen: Callable[..., subprocess.Popen[bytes]] = subprocess.Popen

        def recorded(*arguments: object, **options: dict[str, str]) -> subprocess.Popen[bytes]:
            seen.append(options["env"])
            return popen(*arguments, **options)

        monkeypatch.setenv("RELAIS_ADMIN_PASSWORD", "secret")
        monkeypatch.setattr(subprocess, "Popen", recorded)
        refused(workbook(SMALL), CompileLimits(seconds=0))
        assert "RELAIS_ADMIN_PASSWORD" not in seen[0]

    def test_a_third_compilation_waits_and_then_says_so(self) -> None:
        with PLACES.taken(0), PLACES.taken(0), pytest.raises(Problem) as caught:
            compile_form(workbook(SMALL), "a.xlsx", limits=CompileLimits(seconds=0))
        assert caught.value.status == 503


@pytest.mark.parametrize(
    ("filename", "form_id"),
    [
        ("form.xlsx", "form"),
        ("../../etc/passwd", "passwd"),
        ("C:\\forms\\my form.xls", "my form"),
        ("a\x00b\n.xlsx", "ab"),
        ("", "form"),
        ("   .xlsx", "form"),
        ("é" * 300 + ".xlsx", "é" * 100),
    ],
)
def test_a_file_name_gives_a_form_id_and_never_a_path(filename: str, form_id: str) -> None:
    assert fallback_form_id(filename) == form_id
