"""The rules are found, documented, and silent about the bundled surveys where they should be."""

import re
from pathlib import Path

from forms.lint import check, rules
from forms.places import Place
from tests.forms import hand_written
from tests.forms.lint import findings

DOCUMENT = Path(__file__).parents[3] / "docs" / "form-lint.md"
SURVEY = "| survey |\n"


def test_every_rule_is_documented_with_its_severity_and_none_besides() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)` \| (error|loss|warning|advice) \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(rows) == sorted((rule.name, rule.severity) for rule in rules().values())


def test_every_rule_says_why_in_both_languages() -> None:
    for rule in rules().values():
        assert rule.why_en.endswith(".")
        assert rule.why_fr.endswith(".")
        assert rule.why_en != rule.why_fr


def test_an_uploaded_xform_is_read_without_a_workbook() -> None:
    found = check(hand_written('<data id="a"><x/></data>'))
    assert [each.rule for each in found] == ["no-version", "no-instance-id"]
    assert {each.place for each in found} == {Place()}


def test_a_remark_names_its_cell_in_both_languages() -> None:
    (found,) = findings(
        SURVEY + "| | type | name | label | constraint |\n| | integer | n | N | . > 1 |\n", "constraint-without-message"
    )
    assert found.place == Place("survey", 2, "constraint")
    assert found.path == "/n"
    assert found.sentence("en").startswith("Sheet survey, row 2, column constraint: « n » has a constraint")
    assert found.sentence("fr").startswith("Feuille survey, ligne 2, colonne constraint : « n » a une contrainte")
