"""One form per rule that has the mistake, and one beside it that has not. Places are (sheet, row, column)."""

import pytest

from forms.lint import rules
from tests.forms.lint import findings

S = "| survey |\n"
C = "| choices |\n"
PLAIN = S + "| | type | name | label |\n"
CONSTRAINED = S + "| | type | name | label | constraint | constraint_message |\n"
BILINGUAL = S + "| | type | name | label::Français (fr) | label::English (en) |\n"
CASCADE = (
    S + "| | type | name | label | choice_filter | required | relevant |\n"
    "| | select_one region | adm1 | R | | yes | |\n| | select_one dep | adm2 | D | adm1=${adm1} | yes | |\n"
)
REGIONS = (
    C
    + "| | list_name | name | label | adm1 |\n| | region | a | A | |\n| | region | b | B | |\n| | dep | a1 | A1 | a |\n"
)

# rule: (form with the mistake, its places, a form without)
CASES: dict[str, tuple[str, list[tuple[str | None, int | None, str | None]], str]] = {
    "missing-translation": (
        BILINGUAL + "| | text | a | A | A |\n| | text | b | B | |\n| | text | c | C | |\n",
        [("survey", 3, "label::English (en)")],
        BILINGUAL + "| | text | a | A | A |\n",
    ),
    "language-without-code": (
        S + "| | type | name | label::Gulmancema |\n| | text | a | A |\n",
        [("survey", 1, "label::Gulmancema")],
        S + "| | type | name | label::Zarma (dje) | label::Français (fr) | label::english |\n| | text | a | A | A | A |\n",
    ),
    "same-language-twice": (
        S + "| | type | name | label::Français (fr) |\n| | select_one l | a | A |\n"
        + C + "| | list_name | name | label::French |\n| | l | x | X |\n",
        [("choices", 1, "label::French")],
        BILINGUAL + "| | text | a | A | A |\n",
    ),
    "default-language-unknown": (
        BILINGUAL + "| | text | a | A | A |\n| settings |\n| | default_language |\n| | French |\n",
        [("settings", 2, "default_language")],
        BILINGUAL + "| | text | a | A | A |\n| settings |\n| | default_language |\n| | English (en) |\n",
    ),
    "unused-list": (
        PLAIN + "| | text | a | A |\n" + C + "| | list_name | name | label |\n| | towns | x | X |\n",
        [("choices", 2, "list_name")],
        PLAIN + "| | select_one towns | a | A |\n" + C + "| | list_name | name | label |\n| | towns | x | X |\n",
    ),
    "choice-without-label": (
        PLAIN + "| | select_one l | a | A |\n" + C + "| | list_name | name | label |\n| | l | x | X |\n| | l | y | |\n",
        [("choices", 3, "label")],
        PLAIN + "| | select_one l | a | A |\n" + C + "| | list_name | name | label | image |\n| | l | x | X | |\n| | l | y | | y.png |\n",
    ),
    "same-label-twice": (
        PLAIN + "| | select_one l | a | A |\n" + C + "| | list_name | name | label |\n| | l | x | Élève |\n| | l | y | eleve |\n",
        [("choices", 3, "label")],
        CASCADE + REGIONS + "| | dep | b1 | A1 | b |\n",
    ),
    "text-where-list-exists": (
        PLAIN + "| | select_one districts | a | A |\n| | text | district | D |\n| | text | district_other | O |\n"
        + C + "| | list_name | name | label |\n| | districts | x | X |\n| | districts | y | Y |\n",
        [("survey", 3, "type")],
        PLAIN + "| | text | district | D |\n",
    ),
    "constraint-without-message": (
        CONSTRAINED + "| | integer | n | N | . > 1 | |\n",
        [("survey", 2, "constraint")],
        CONSTRAINED + "| | integer | n | N | . > 1 | Plus de 1 |\n",
    ),
    "unbounded-number": (
        CONSTRAINED + "| | integer | n | N | | |\n| | decimal | d | D | | |\n",
        [("survey", 2, "constraint"), ("survey", 3, "constraint")],
        CONSTRAINED + "| | integer | n | N | . > 1 | x |\n",
    ),
    "unbounded-date": (
        CONSTRAINED + "| | date | n | N | | |\n| | date | d | D | . <= today() | x |\n",
        [("survey", 2, "constraint"), ("survey", 3, "constraint")],
        CONSTRAINED + "| | date | n | N | . <= today() and . >= date('2020-01-01') | x |\n",
    ),
    "time-compared": (
        CONSTRAINED + "| | time | t | T | | |\n| | time | u | U | . > ${t} | x |\n",
        [("survey", 3, "constraint")],
        CONSTRAINED + "| | time | t | T | | |\n| | time | u | U | decimal-time(.) > decimal-time(${t}) | x |\n",
    ),
    "photo-without-max-pixels": (
        S + "| | type | name | label | parameters |\n| | image | p | P | |\n",
        [("survey", 2, "parameters")],
        S + "| | type | name | label | parameters |\n| | image | p | P | max-pixels=1280 |\n",
    ),
    "personal-without-class": (
        PLAIN + "| | text | respondent_name | N |\n| | text | village_name | V |\n| | text | phone | P |\n",
        [("survey", 2, "name"), ("survey", 4, "name")],
        S + "| | type | name | label | bind::ibg:sensitivity |\n| | begin group | g | G | P |\n| | text | phone | P | |\n"
        "| | end group | | | |\n| settings |\n| | namespaces |\n| | ibg=\"https://ns.example.org/ibg\" |\n",
    ),
    "no-consent": (
        PLAIN + "| | text | respondent_name | N |\n",
        [("survey", 2, "name")],
        PLAIN + "| | select_one yn | ok | Êtes-vous d’accord ? |\n| | text | respondent_name | N |\n"
        + C + "| | list_name | name | label |\n| | yn | y | Y |\n",
    ),
    "unknown-path": (
        S + "| | type | name | label | relevant |\n| | text | a | A | |\n| | text | b | B | ../c = 1 |\n| | text | d | D | ${a} = yes |\n",
        [("survey", 3, "relevant"), ("survey", 4, "relevant")],
        S + "| | type | name | label | relevant |\n| | text | a | A | |\n| | text | b | B | ../a = 'yes' |\n",
    ),
    "pulldata-arguments": (
        S + "| | type | name | label | calculation |\n| | text | a | A | |\n| | calculate | c | | pulldata('f', 'x', ${a}) |\n",
        [("survey", 3, "calculation")],
        S + "| | type | name | label | calculation |\n| | text | a | A | |\n| | calculate | c | | pulldata('f', 'x', 'k', ${a}) |\n",
    ),
    "dead-end": (
        CASCADE + REGIONS,
        [("survey", 3, "choice_filter")],
        CASCADE.replace("adm1=${adm1}", "adm1=${adm1} or name='other'") + REGIONS + "| | dep | other | Autre | |\n",
    ),
    "misspelt-column": (
        S + "| | type | name | label | relevent | remarks |\n| | text | a | A | | |\n",
        [("survey", 1, "relevent")],
        S + "| | type | name | label | Relevance | notes |\n| | text | a | A | | |\n",
    ),
    "no-version": (
        PLAIN + "| | text | a | A |\n",
        [("settings", None, "version")],
        PLAIN + "| | text | a | A |\n| settings |\n| | version |\n| | 1 |\n",
    ),
    "form-id-from-file": (
        PLAIN + "| | text | a | A |\n",
        [("settings", None, "form_id")],
        PLAIN + "| | text | a | A |\n| settings |\n| | id_string |\n| | a |\n",
    ),
    "sends-elsewhere": (
        PLAIN + "| | text | a | A |\n| settings |\n| | submission_url |\n| | https://x.example.org/s |\n",
        [("settings", 2, "submission_url")],
        PLAIN + "| | text | a | A |\n",
    ),
    "no-instance-id": (
        PLAIN + "| | text | a | A |\n| settings |\n| | omit_instanceID |\n| | yes |\n",
        [("settings", 2, "omit_instanceID")],
        PLAIN + "| | text | a | A |\n",
    ),
}  # fmt: skip
# These have files of their own.
ELSEWHERE = {
    "function-fails-later",
    "dead-end-in-file",
    "name-changed",
    "type-changed",
    "name-reused",
    "choice-name-reused",
}


def test_every_rule_has_its_case() -> None:
    assert set(CASES) | ELSEWHERE == {rule.name for rule in rules().values() if rule.severity != "error"}


@pytest.mark.parametrize("rule", CASES)
def test_the_mistake_is_found_at_its_place_and_nowhere_else(rule: str) -> None:
    wrong, places, right = CASES[rule]
    assert [tuple(each.place) for each in findings(wrong, rule)] == places
    assert findings(right, rule) == []


class TestDeadEnds:
    RELEVANT = CASCADE.replace(
        "| yes | |\n| | select_one dep | adm2 | D | adm1=${adm1} | yes | |",
        "| yes | |\n| | select_one dep | adm2 | D | adm1=${adm1} | yes | ${adm1} != 'b' |",
    )

    def test_a_question_that_is_not_asked_there_is_no_dead_end(self) -> None:
        assert findings(self.RELEVANT + REGIONS, "dead-end") == []

    def test_an_optional_question_is_no_dead_end(self) -> None:
        assert findings(CASCADE.replace("adm1=${adm1} | yes", "adm1=${adm1} | no") + REGIONS, "dead-end") == []

    def test_the_answers_that_lead_nowhere_are_named(self) -> None:
        (found,) = findings(CASCADE + REGIONS, "dead-end")
        assert "no choice for 1 of 2 answers to « adm1 » (b)" in found.en
        assert "aucun choix pour 1 des 2 réponses à « adm1 » (b)" in found.fr

    def test_a_filter_on_two_questions_is_judged_by_each(self) -> None:
        form = (
            S + "| | type | name | label | choice_filter | required |\n| | select_one a | x | X | | yes |\n"
            "| | select_one b | y | Y | | yes |\n| | select_multiple c | z | Z | a=${x} and selected(${y}, b) | yes |\n"
            + C + "| | list_name | name | label | a | b |\n| | a | 1 | 1 | | |\n| | a | 2 | 2 | | |\n| | b | 3 | 3 | | |\n"
            "| | b | 4 | 4 | | |\n| | c | 5 | 5 | 1 | 3 |\n| | c | 6 | 6 | 2 | 3 |\n"
        )  # fmt: skip
        (found,) = findings(form, "dead-end")
        assert "« y » (4)" in found.en

    FROM_FILE = CASCADE.replace("select_one dep", "select_one_from_file dep.csv") + REGIONS.replace(
        "| | dep | a1 | A1 | a |\n", ""
    )

    def test_lists_in_files_are_read_once_they_are_there(self) -> None:
        assert findings(self.FROM_FILE, "dead-end-in-file") == []
        (found,) = findings(self.FROM_FILE, "dead-end-in-file", files={"dep.csv": b"name,label,adm1\nb1,B1,b\n"})
        assert "« adm1 » (a)" in found.en
        whole = {"dep.csv": b"name;label;adm1\nb1;B1;b\na1;A1;a\n"}
        assert findings(self.FROM_FILE, "dead-end-in-file", files=whole) == []

    def test_what_depends_on_more_than_is_known_is_left_alone(self) -> None:
        form = CASCADE.replace("adm1=${adm1}", "contains(adm1, substr(${adm1}, 0, 1))") + REGIONS
        assert findings(form, "dead-end") == []

    def test_a_condition_of_a_thousand_terms_is_no_trouble(self) -> None:
        terms = " or ".join(f"${{adm1}} = 'x{number}'" for number in range(1500))
        assert findings(self.RELEVANT.replace("${adm1} != 'b'", terms) + REGIONS, "dead-end") == []


class TestChanges:
    BEFORE = (
        PLAIN + "| | text | village | Nom du village |\n| | integer | people | Combien de personnes ? |\n| | select_one yn | ok | D’accord ? |\n"
        + C + "| | list_name | name | label |\n| | yn | 1 | Oui |\n| | yn | 2 | Non |\n"
    )  # fmt: skip

    @pytest.mark.parametrize(
        ("rule", "old", "new", "place", "words"),
        [
            ("name-changed", "| village |", "| locality |", ("survey", 2, "name"), "« village » is now « locality »"),
            ("type-changed", "integer | people", "text | people", ("survey", 3, "type"), "was int and is now string"),
            ("type-changed", "select_one yn", "select_multiple yn", ("survey", 4, "type"), "string (multiple)"),
            ("name-reused", "Combien de personnes ?", "Distance au marché", ("survey", 3, "label"), "asked « Combien"),
            (
                "choice-name-reused",
                "| 2 | Non",
                "| 2 | Ne sait pas",
                ("choices", 3, "label"),
                "« 2 » of « ok » meant « Non »",
            ),
        ],
    )
    def test_a_change_is_found(self, rule: str, old: str, new: str, place: tuple[object, ...], words: str) -> None:
        (found,) = findings(self.BEFORE.replace(old, new), rule, before=self.BEFORE)
        assert tuple(found.place) == place
        assert words in found.en

    def test_a_move_into_a_group_is_a_changed_name(self) -> None:
        moved = self.BEFORE.replace(
            "| | text | village | Nom du village |",
            "| | begin group | g | G |\n| | text | village | Nom du village |\n| | end group | | |",
        )
        (found,) = findings(moved, "name-changed", before=self.BEFORE)
        assert "« village » is now « g/village »" in found.en

    @pytest.mark.parametrize("rule", ["name-changed", "type-changed", "name-reused", "choice-name-reused"])
    def test_corrections_and_additions_change_nothing(self, rule: str) -> None:
        after = self.BEFORE.replace("Nom du village", "nom du Village :").replace("| Oui |", "| OUI |")
        after = after.replace("| | integer", "| | text | new | Une question de plus |\n| | integer")
        assert findings(after, rule, before=self.BEFORE) == []


def test_remarks_of_the_converter_are_said_with_their_cell() -> None:
    from forms.converter_remarks import converter_remarks
    from tests.forms import compiled

    form = compiled(PLAIN + "| | begin repeat | r | |\n| | photo | a | A |\n| | end repeat | | |\n")
    (found,) = converter_remarks(form.warnings, form.tables)
    assert found.sentence("fr").startswith(
        "Feuille survey, ligne 2, colonne label : la répétition « r » n'a pas de label"
    )
