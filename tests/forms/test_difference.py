"""What a new version changes for people who have data."""

import pytest

from forms.compiler import compile_form
from forms.difference import Change, ColumnChanges, Difference, difference
from forms.difference_words import column_sentence, sentence
from forms.meaning import means_something_else
from forms.outline import Outline, outline
from tests.forms import workbook

SURVEY = """
| survey   |                 |        |                |                 |          |
|          | type            | name   | label::fr      | label::en       | relevant |
|          | text            | chief  | Nom du chef    | Name of chief   |          |
|          | integer         | age    | Âge            | Age             |          |
|          | select_one yn   | ok     | D'accord ?     | Do you agree?   |          |
|          | select_one yn   | again  | Encore ?       | Once more?      | ${ok} = 'y' |
|          | begin group     | home   | Logement       | Housing         |          |
|          | geopoint        | where  | Où ?           | Where?          |          |
|          | text            | roof   | Toit           | Roof            |          |
|          | end group       |        |                |                 |          |
|          | begin repeat    | child  | Enfant         | Child           |          |
|          | text            | first  | Prénom         | First name      |          |
|          | end repeat      |        |                |                 |          |
| choices  |                 |        |                |                 |          |
|          | list_name       | name   | label::fr      | label::en       |          |
|          | yn              | y      | Oui            | Yes             |          |
|          | yn              | n      | Non            | No              |          |
| settings |                 |        |                |                 |          |
|          | form_id         | version | form_title    |                 |          |
|          | visit           | 1      | Visite         |                 |          |
"""
_OUTLINES: dict[str, Outline] = {}


def read(table: str) -> Outline:
    if table not in _OUTLINES:
        _OUTLINES[table] = outline(compile_form(workbook(table), "visit.xlsx").xform)
    return _OUTLINES[table]


def between(*replacements: tuple[str, str], earlier: tuple[str, ...] = ()) -> Difference:
    """From the survey to what replacements make of it."""
    table = SURVEY
    for old, new in replacements:
        assert old in table
        table = table.replace(old, new)
    return difference(read(SURVEY), read(table), [read(each) for each in earlier])


def facts(found: Difference) -> list[tuple[str, str, str, str]]:
    return [(each.kind, each.path, each.old, each.new) for each in found.changes]


def test_nothing_changes_between_equal_forms() -> None:
    found = between()
    assert (found.changes, found.columns) == ((), ())


def test_questions_come_and_go() -> None:
    found = between(
        (
            "| text            | roof   | Toit           | Roof ",
            "| date            | built  | Construit le   | Built on ",
        )
    )
    assert facts(found) == [("removed", "/home/roof", "text", ""), ("added", "/home/built", "", "date")]
    assert found.columns == (ColumnChanges("", ("home-built",), ("home-roof",)),)
    assert found.to_confirm == ()


def test_a_question_under_another_name_is_renamed_and_logic_follows() -> None:
    found = between(("| ok     |", "| agreed |"), ("${ok}", "${agreed}"))
    assert facts(found) == [("renamed", "/agreed", "/ok", "/agreed")]
    assert found.columns == (ColumnChanges("", renamed=(("ok", "agreed"),)),)


def test_a_question_in_another_group_has_moved() -> None:
    line = "|          | integer         | age    | Âge            | Age             |          |\n"
    group = "|          | begin group     | home   | Logement       | Housing         |          |\n"
    found = between((line, ""), (group, group + line))
    assert facts(found) == [("moved", "/home/age", "/age", "/home/age")]
    assert found.columns == (ColumnChanges("", renamed=(("age", "home-age"),)),)


def test_a_renamed_group_is_one_change_and_all_its_columns_follow() -> None:
    found = between(("| home   |", "| house  |"))
    assert facts(found) == [("renamed", "/house", "/home", "/house")]
    places = ("-where-Latitude", "-where-Longitude", "-where-Altitude", "-where-Accuracy", "-roof")
    assert found.columns == (ColumnChanges("", renamed=tuple((f"home{each}", f"house{each}") for each in places)),)
    assert between(("| child  |", "| kid    |")).columns == ()


def test_a_group_that_goes_says_how_much_was_in_it() -> None:
    table = SURVEY
    start, end = table.index("|          | begin group"), table.index("|          | begin repeat")
    found = between((table[start:end], ""))
    (change,) = found.changes
    assert (change.kind, change.path, change.aspect) == ("removed", "/home", "2")
    assert len(found.columns[0].removed) == 5


def test_another_type_must_be_confirmed() -> None:
    found = between(("| integer         | age ", "| text            | age "))
    assert facts(found) == [("retyped", "/age", "integer", "text")]
    assert found.to_confirm == found.changes


def test_a_name_used_for_another_question_must_be_confirmed() -> None:
    found = between(("| Nom du chef    | Name of chief   |", "| Téléphone      | Phone number    |"))
    assert facts(found) == [("reused", "/chief", "Nom du chef", "Téléphone")]
    assert found.to_confirm == found.changes


def test_better_words_for_the_same_question_need_no_word() -> None:
    found = between(("| Nom du chef    |", "| Nom du chef de ménage |"), ("| Age  ", "| Age in years "))
    assert [(each.kind, each.path, each.confirm) for each in found.changes] == [
        ("label", "/chief", False),
        ("label", "/age", False),
    ]


def test_a_question_that_comes_back_must_mean_what_it_meant() -> None:
    once = SURVEY.replace(
        "| text            | roof   | Toit           | Roof ", "| integer         | rooms  | Pièces         | Rooms "
    )
    back = (
        "| text            | roof   | Toit           | Roof ",
        "| text            | rooms  | Pièces         | Rooms ",
    )
    assert [each.kind for each in between(back, earlier=(once,)).changes] == ["removed", "retyped"]
    other = (
        "| text            | roof   | Toit           | Roof ",
        "| integer         | rooms  | Chèvres        | Goats ",
    )
    assert [each.kind for each in between(other, earlier=(once,)).changes] == ["removed", "reused"]
    same = (
        "| text            | roof   | Toit           | Roof ",
        "| integer         | rooms  | Pièces         | Rooms ",
    )
    assert [each.kind for each in between(same, earlier=(once,)).changes] == ["removed", "added"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("| yn              | n      | Non", "| yn              | no     | Non", ("choice_renamed", "n", "no", "Non")),
        ("| yn              | n      | Non            | No ", "| yn              | n      | Peut-être      | Maybe ",
         ("choice_reused", "Non", "Peut-être", "n")),
    ],
)  # fmt: skip
def test_choices_are_compared_once_for_all_questions_of_a_list(old: str, new: str, expected: tuple[str, ...]) -> None:
    (change,) = between((old, new)).changes
    assert (change.kind, change.old, change.new, change.aspect) == expected
    assert (change.path, change.also) == ("/ok", ("/again",))
    assert change.confirm is (change.kind == "choice_reused")


def test_new_and_dropped_choices_are_told() -> None:
    line = "|          | yn              | n      | Non            | No              |          |\n"
    new = line.replace("| n      | Non            | No ", "| dk     | Ne sait pas    | Unknown ")
    found = between((line, new))
    assert [(each.kind, each.aspect) for each in found.changes] == [("choice_added", "dk"), ("choice_removed", "n")]


def test_logic_and_settings_are_told() -> None:
    found = between(("${ok} = 'y'", "${ok} = 'n'"), ("| Visite  ", "| Visite 2 "))
    assert facts(found) == [
        ("setting", "", "Visite", "Visite 2"),
        ("logic", "/again", "${ok} = 'y'", "${ok} = 'n'"),
    ]


def test_hints_messages_and_files_of_choices_are_told() -> None:
    columns = SURVEY.replace("| relevant |", "| relevant | hint | constraint | constraint_message |")

    def said(hint: str, message: str) -> Outline:
        cells = f"| Name of chief | | {hint} | . != '' | {message} |"
        return read(columns.replace("| Name of chief   |          |", cells))

    old, new = said("En entier", "Nom !"), said("Sans titre", "Un nom !")
    found = difference(old, new)
    assert [(each.kind, each.path, each.old, each.new, each.aspect) for each in found.changes] == [
        ("label", "/chief", "En entier", "Sans titre", "hint"),
        ("label", "/chief", "Nom !", "Un nom !", "constraint_message"),
    ]
    assert sentence(found.changes[0], "fr") == "chief « Nom du chef » : l’aide change : « En entier » → « Sans titre »."
    one, other = (
        read(SURVEY.replace("select_one yn   | ok", f"select_one_from_file {name}.csv | ok")) for name in ("a", "b")
    )
    assert ("logic", "a.csv", "b.csv", "choices_from") in [
        (each.kind, each.old, each.new, each.aspect) for each in difference(one, other).changes
    ]


def test_every_kind_of_change_has_its_sentence_in_both_languages() -> None:
    kinds = Change.__annotations__["kind"].__args__
    for kind in kinds:
        change = Change(kind, "/home/age", "Âge", "integer", "text", "relevant", ("/x",))
        french, english = sentence(change, "fr"), sentence(change, "en")
        assert french != english
        assert "{" not in french + english
    retyped = Change("retyped", "/age", "Âge", "integer", "text")
    assert sentence(retyped, "fr").startswith("Change de type : age « Âge » passe de nombre entier à texte.")
    columns = ColumnChanges("/child", ("a", "b"), ("c",), (("d", "e"),))
    assert column_sentence(columns, "fr") == "child : ajoutées : a, b ; qui n’y sont plus : c ; renommées : d → e"
    assert column_sentence(columns, "en") == "child: added: a, b; no longer there: c; renamed: d → e"


@pytest.mark.parametrize(
    ("one", "other", "another_question"),
    [
        ("Âge", "Âge en années révolues", False),
        ("Nom du chef", "Nom du chef de ménage", False),
        ("Êtes-vous d’accord ?", "D'accord pour répondre ?", False),
        ("Village actuel", "Village actuelle", False),
        ("Nom du chef", "Nom du village", True),
        ("Âge", "Sexe", True),
        ("Pièces", "Chèvres", True),
        ("", "Sexe", False),
        ("?", "!", False),
    ],
)
def test_what_a_label_asks_is_told_by_its_words(one: str, other: str, another_question: bool) -> None:
    assert means_something_else({"fr": one}, {"fr": other}) is another_question
    # Another language that still says the same settles it.
    assert not means_something_else({"fr": one, "en": "Age"}, {"fr": other, "en": "Age"})
    assert means_something_else({"français": one}, {"French (fr)": other}) is another_question
