"""A form read before it is used: what the phone will show, and when, in words."""

import pytest

from forms.conditions import said
from forms.labels import parse_labels
from forms.preview import preview
from forms.preview_items import Preview, ShownItem
from tests.forms import hand_written, xform

HOUSE = """
| survey |
| | type                | name  | label::Français (fr)   | label::English (en) | hint::Français (fr) | guidance_hint::Français (fr) | required | relevant | constraint | constraint_message::Français (fr) | appearance | image::Français (fr) | calculation |
| | text                | chief | Nom du **chef**        | Name of the head    | En majuscules | Lire à voix haute | yes | | | | | | |
| | integer             | age   | Âge de ${chief}        |                     | | | | | . >= 0 and . <= 120 | Entre 0 et 120 | | vieux.png | |
| | select_one yn       | well  | Un puits ?             | A well?             | | | ${age} > 5 | | | | | | |
| | calculate           | twice |                        |                     | | | | | | | | | ${age} * 2 |
| | begin group         | water | Eau                    | Water               | | | | ${well} = 'y' | | | field-list | | |
| | select_multiple_from_file sites.csv | sites | Lesquels ?     | Which?              | | | | | | | | | |
| | note                | bye   | Merci                  | Thanks              | | | | | | | | | |
| | end group           |       |                        |                     | | | | | | | | | |
| | begin repeat        | kid   | Enfant                 | Child               | | | | | | | | | |
| | image               | face  | Photo                  | Photo               | | | | | | | | | |
| | end repeat          |       |                        |                     | | | | | | | | | |
| choices |
| | list_name | name | label::Français (fr) | label::English (en) | image::Français (fr) |
| | yn        | y    | Oui                  | Yes                 | oui.png |
| | yn        | n    | Non                  | No                  | |
"""  # noqa: E501 - a table
SITES = b"name,label\nd,Diffa\nz,Zinder\n"


def shown(wanted: str = "fr", language: str = "fr") -> Preview:
    return preview(xform(HOUSE), wanted, language, {"sites.csv": SITES})


@pytest.fixture(scope="module")
def french() -> Preview:
    return shown()


def named(seen: Preview, name: str) -> ShownItem:
    def search(items: tuple[ShownItem, ...]) -> ShownItem | None:
        for item in items:
            found = item if item.name == name else search(item.inside)
            if found:
                return found
        return None

    found = search(seen.items)
    assert found
    return found


def test_questions_stand_in_their_groups_and_repeats_in_order(french: Preview) -> None:
    assert [(item.kind, item.name) for item in french.items] == [
        ("text", "chief"),
        ("integer", "age"),
        ("one", "well"),
        ("group", "water"),
        ("repeat", "kid"),
    ]
    assert [(item.kind, item.label) for item in named(french, "water").inside] == [
        ("several", "Lesquels ?"),
        ("note", "Merci"),
    ]
    assert [item.kind for item in named(french, "kid").inside] == ["photo"]
    assert named(french, "kid").label == "Enfant"
    assert (french.questions, french.unseen) == (5, ("twice",))


def test_a_question_says_everything_the_phone_will(french: Preview) -> None:
    chief, age = named(french, "chief"), named(french, "age")
    assert (chief.label, chief.hint, chief.guidance) == ("Nom du chef", "En majuscules", "Lire à voix haute")
    assert (chief.required, named(french, "well").required, age.required) == ("yes", "sometimes", "")
    assert age.limits is not None
    assert age.limits.text == "la réponse est entre 0 et 120"
    assert (age.message, age.media) == ("Entre 0 et 120", ("vieux.png",))
    assert named(french, "water").together


def test_choices_come_from_the_form_or_from_its_files(french: Preview) -> None:
    inside = named(french, "well").choices
    assert [(each.text, each.media) for each in inside.listed] == [("Oui", ("oui.png",)), ("Non", ())]
    beside = named(french, "sites").choices
    assert ([each.text for each in beside.listed], beside.total, beside.file) == (["Diffa", "Zinder"], 2, "sites.csv")
    assert not beside.missing
    assert named(preview(xform(HOUSE), "fr", "fr", {}), "sites").choices.missing


def test_another_language_shows_its_words_and_marks_what_it_lacks() -> None:
    english = shown("en", "en")
    assert english.language == "English (en)"
    assert named(english, "well").label == "A well?"
    assert named(english, "age").label == "Âge de {chief}"
    assert not named(english, "age").translated
    # The hint of the first question and the label of the second.
    assert english.untranslated == 2
    assert shown("ha").language == "Français (fr)"


def test_when_a_group_is_shown_is_said_in_the_words_of_its_question(french: Preview) -> None:
    condition = named(french, "water").shown_if
    assert condition is not None
    assert (condition.text, condition.code) == ("« Un puits ? » est « Oui »", False)


def test_a_form_without_labels_or_languages_is_shown_all_the_same() -> None:
    seen = preview(hand_written('<data id="a"><x/></data>', body='<input ref="/data/x"/>'), "fr", "fr", {})
    assert [(item.name, item.label) for item in seen.items] == [("x", "")]
    assert seen.language == ""


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("selected( /data/both , 'y')", "“Both” includes “Yes”"),
        ("not(selected(/data/both, 'y'))", "“Both” does not include “Yes”"),
        ("selected('y n', /data/well)", "“A well?” is “Yes” or “No”"),
        ("/data/chief != ''", "“Name” has an answer"),
        ("not(/data/chief != '' and /data/age > 5)", "“Name” has no answer or “Age” is at most 5"),
        ("18 <= /data/age", "“Age” is at least 18"),
        ("/data/well = 'y' and (/data/age < 3 or /data/age > 9)", "“A well?” is “Yes” and (“Age” is less than 3 or “Age” is more than 9)"),
        (". <= today() and . >= today() - 7", "the answer is not after today and the answer is not before today minus 7 days"),
        ("count-selected(.) <= 3", "the number of choices in the answer is at most 3"),
        ("false()", "never"),
    ],
)  # fmt: skip
def test_conditions_are_said_in_words(source: str, words: str) -> None:
    labels = parse_labels(
        xform(
            "| survey |\n| | type | name | label |\n| | text | chief | Name |\n| | integer | age | Age |\n"
            "| | select_one yn | well | A well? |\n| | select_multiple yn | both | Both |\n"
            "| choices |\n| | list_name | name | label |\n| | yn | y | Yes |\n| | yn | n | No |\n"
        )
    )
    assert said(source, "/data/day", labels, "", "en").text == words


@pytest.mark.parametrize(
    "source", ["regex(., '^a{2}$')", "position(..) > 1", "if(", " or ".join(["/data/x = '1'"] * 3000), "/data/x[1] = 2"]
)
def test_what_has_no_words_stays_as_its_author_wrote_it(source: str) -> None:
    labels = parse_labels(xform("| survey |\n| | type | name | label |\n| | text | x | X |\n"))
    condition = said(source, "/data/x", labels, "", "fr")
    assert condition.code
    assert "/data" not in condition.text.replace("${x}[1]", "")
