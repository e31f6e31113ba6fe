"""What phones could not open is found without Java, and nothing else is."""

from pathlib import Path

import pytest

from config.problem import Problem
from forms import odk_validate
from forms.compiler import DEFAULT_LIMITS, compile_form
from forms.lint import check
from forms.places import Place
from tests.forms import compiled, workbook
from tests.forms.lint import findings
from tests.forms.lint.opening_cases import CASES, calculated, form, row, shown_if
from tests.respondent import java
from tests.skips import require_tool


@pytest.mark.parametrize("name", CASES)
def test_each_mistake_is_found_by_its_rule(name: str) -> None:
    table, rule = CASES[name]
    new = compiled(table)
    found = [each for each in check(new.xform, new.tables) if each.severity == "error"]
    assert {each.rule for each in found} >= ({rule} if rule else set())
    assert bool(found) == bool(rule)
    assert all(each.place.sheet for each in found)


@pytest.mark.slow
@pytest.mark.java
def test_odk_validate_is_of_the_same_opinion(tmp_path: Path) -> None:
    require_tool("ODK Validate", java.available(), "install a JDK 17")
    for name, (table, _) in CASES.items():
        (tmp_path / f"{name}.xml").write_bytes(compiled(table).xform)
    refused = java.validate(tmp_path)
    assert refused == {name for name, (_, rule) in CASES.items() if rule}


@pytest.mark.parametrize(
    ("expression", "en", "fr"),
    [
        ("${a} == 1", "write « = » instead of « == »", "écrivez « = » au lieu de « == »"),
        ("${a} = 'x", "a quotation mark is opened and never closed", "un guillemet est ouvert"),
        ("(${a} = 1", "missing at the end: « ) »", "il manque quelque chose à la fin : « ) »"),
        ("${a} / 2 = 1", "« / » does not divide: write « div »", "« / » ne divise pas"),
        ("$a > 1", "write ${a} instead of $a", "écrivez ${a} au lieu de $a"),
    ],
)
def test_the_sentence_says_what_to_write(expression: str, en: str, fr: str) -> None:
    (found,) = findings(shown_if(expression), "unreadable-expression")
    assert en in found.en
    assert fr in found.fr
    assert found.place == Place("survey", 3, "relevant")


def test_a_function_that_fails_only_later_is_no_reason_to_refuse() -> None:
    for name in ("function-behind-and", "function-in-branch", "function-in-constraint"):
        (found,) = findings(CASES[name][0], "function-fails-later")
        assert found.severity == "loss"


def test_a_repeat_count_is_found_on_the_row_of_its_repeat() -> None:
    (found,) = findings(CASES["count"][0], "unreadable-expression")
    assert found.place == Place("survey", 3, "repeat_count")


class TestRefusing:
    def test_a_workbook_phones_could_not_open_is_refused_with_every_mistake(self) -> None:
        table = form(row("text", "b", relevant="${a} == 1"), row("calculate", "c", "", calculation="nofunc(1)"))
        with pytest.raises(Problem) as caught:
            compile_form(workbook(table), "a.xlsx")
        problem = caught.value
        assert problem.code == 400.15
        assert problem.en.startswith("Sheet survey, row 3, column relevant: ")
        assert "1 more" in problem.en
        assert "1 autre" in problem.fr
        assert [each["rule"] for each in problem.details["findings"]] == ["unreadable-expression", "unknown-function"]
        assert problem.details["findings"][1]["row"] == 4

    def test_the_remarks_come_with_the_form(self) -> None:
        found = compile_form(workbook(form(row("integer", "n", constraint=". > 1"))), "a.xlsx").findings
        assert "constraint-without-message" in {each.rule for each in found}


class TestJudge:
    @pytest.fixture
    def judge(self, monkeypatch: pytest.MonkeyPatch) -> None:
        require_tool("ODK Validate", java.available(), "install a JDK 17")
        monkeypatch.setattr(odk_validate, "command", odk_validate.installed())

    @pytest.mark.java
    @pytest.mark.slow
    @pytest.mark.usefixtures("judge")
    def test_what_our_rules_do_not_know_is_refused_with_its_cell(self) -> None:
        table = calculated("count-non-empty(concat('x', 'y'))")
        with pytest.raises(Problem) as caught:
            compile_form(workbook(table), "a.xlsx")
        assert "wrong type" in caught.value.en
        assert (caught.value.details["row"], caught.value.details["column"]) == (3, "calculation")
        assert caught.value.fr.startswith(
            "Feuille survey, ligne 3, colonne calculation : une valeur n'a pas le bon type"
        )

    @pytest.mark.java
    @pytest.mark.slow
    @pytest.mark.usefixtures("judge")
    def test_a_good_form_passes_without_a_remark_about_it(self) -> None:
        found = compile_form(workbook(form()), "a.xlsx").findings
        assert "not-validated" not in {each.rule for each in found}

    @pytest.mark.java
    @pytest.mark.usefixtures("judge")
    def test_a_judge_without_time_is_no_reason_to_refuse(self, tmp_path: Path) -> None:
        limits = {each: getattr(DEFAULT_LIMITS, each) for each in DEFAULT_LIMITS.__slots__}
        assert odk_validate.run(compiled(form()).xform, limits, tmp_path, 1.05).faults == ()

    @pytest.mark.parametrize("end", ["exit 1", "echo 'Unrecognized VM option' >&2; exit 1", "kill -9 $$"])
    def test_a_judge_that_breaks_down_is_no_reason_to_refuse(
        self, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(odk_validate, "command", ("/bin/sh", "-c", end))
        limits = {each: getattr(DEFAULT_LIMITS, each) for each in DEFAULT_LIMITS.__slots__}
        assert odk_validate.run(compiled(form()).xform, limits, tmp_path, 10) == odk_validate.Verdict(checked=False)

    def test_without_java_the_form_says_what_was_not_checked(self) -> None:
        (found,) = [each for each in compile_form(workbook(form()), "a.xlsx").findings if each.rule == "not-validated"]
        assert "Not checked: types of values" in found.en
        assert "Non vérifiés" in found.fr
