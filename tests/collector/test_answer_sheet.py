"""Answers in the order and the words of their form, and what differs between two of them."""

from hypothesis import given
from hypothesis import strategies as st

from collector.answer_sheet import Sheet, Words, answer_sheet, changes, time_spent
from collector.answers import flatten
from collector.submission_xml import parse
from forms.labels import parse_labels
from forms.xform import parse_xform
from tests.forms import xform

FORM = xform(
    """
    | survey |                   |          |                               |                     |             |
    |        | type              | name     | label::Français (fr)          | label::English (en) | calculation |
    |        | start             | start    |                               |                     |             |
    |        | end               | end      |                               |                     |             |
    |        | text              | chief    | **Nom** du chef               | Name of the chief   |             |
    |        | begin_group       | house    | A. Maison                     | A. House            |             |
    |        | begin_group       | roof     | Toit                          | Roof                |             |
    |        | select_multiple m | material | Matériaux                     | Materials           |             |
    |        | end_group         |          |                               |                     |             |
    |        | integer           | rooms    | Pièces                        | Rooms               |             |
    |        | end_group         |          |                               |                     |             |
    |        | begin_repeat      | member   | Membre                        | Member              |             |
    |        | text              | name     | Prénom                        | First name          |             |
    |        | integer           | age      | Âge de ${name}, chez ${chief} | Age of ${name}      |             |
    |        | begin_repeat      | tooth    | Dent                          | Tooth               |             |
    |        | text              | colour   | Couleur                       | Colour              |             |
    |        | end_repeat        |          |                               |                     |             |
    |        | end_repeat        |          |                               |                     |             |
    |        | note              | thanks   | Merci ${chief}                | Thanks ${chief}     |             |
    |        | text              | last     | Remarques                     | Remarks             |             |
    |        | calculate         | total    |                               |                     | 1 + 1       |
    | choices |                  |          |                               |                     |             |
    |        | list_name         | name     | label::Français (fr)          | label::English (en) |             |
    |        | m                 | tin      | Tôle                          | Tin                 |             |
    |        | m                 | straw    | Paille                        | Straw               |             |
    """
)
DEFINITION = parse_xform(FORM)
LABELS = parse_labels(FORM)
FULL = (
    "<start>2026-11-02T08:00:00.000+01:00</start><end>2026-11-02T08:31:00.000+01:00</end><chief>Abdou</chief>"
    "<house><roof><material>tin straw</material></roof><rooms>3</rooms></house>"
    "<member><name>Aïcha</name><age>7</age><tooth><colour>blanc</colour></tooth></member>"
    "<member><name>Bako</name><age/></member><thanks/><last/><total>2</total>"
)


def sheet(answers: str, language: str = "fr") -> Sheet:
    xml = f'<data id="data">{answers}<meta><instanceID>uuid:1</instanceID></meta></data>'
    return answer_sheet(DEFINITION, flatten(parse(xml.encode()), DEFINITION), Words(LABELS, language, {}))


def outline(shown: Sheet) -> list[tuple[str, int, list[tuple[str, str]]]]:
    return [
        (section.title, section.level, [(each.question, each.text) for each in section.answers])
        for section in shown.sections
    ]


def test_groups_are_headings_and_copies_of_a_repeat_are_numbered() -> None:
    assert outline(sheet(FULL)) == [
        ("", 2, [("Nom du chef", "Abdou")]),
        ("A. Maison", 2, []),
        ("Toit", 3, [("Matériaux", "Tôle, Paille")]),
        ("", 3, [("Pièces", "3")]),
        ("Membre · 1", 2, [("Prénom", "Aïcha"), ("Âge de Aïcha, chez Abdou", "7")]),
        ("Dent · 1", 3, [("Couleur", "blanc")]),
        ("Membre · 2", 2, [("Prénom", "Bako"), ("Âge de Bako, chez Abdou", "")]),
        ("", 2, [("Remarques", "")]),
    ]


def test_the_sheet_speaks_the_readers_language() -> None:
    assert outline(sheet(FULL, "en"))[2] == ("Roof", 3, [("Materials", "Tin, Straw")])


def test_a_heading_without_anything_under_it_is_left_out() -> None:
    assert outline(sheet("<chief>Abdou</chief>")) == [("", 2, [("Nom du chef", "Abdou")])]


def test_what_was_not_asked_is_apart_from_what_was_left_blank() -> None:
    shown = sheet("<chief/><house><rooms/></house>")
    assert [each.question for each in shown.unasked] == ["Matériaux", "Remarques"]
    assert [each.question for section in shown.sections for each in section.answers] == ["Nom du chef", "Pièces"]


def test_what_the_phone_wrote_by_itself_is_apart() -> None:
    assert [each.key for each in sheet(FULL).technical] == ["/start", "/end", "/total", "/meta/instanceID"]


def test_a_text_that_only_was_shown_is_no_answer() -> None:
    assert not [each for each in sheet(FULL).everything() if each.key == "/thanks"]


def test_an_answer_that_is_not_there_yet_leaves_a_gap_in_the_question() -> None:
    assert outline(sheet("<member><name/><age>7</age></member>"))[0][2][1] == ("Âge de …, chez …", "7")


def test_what_a_person_wrote_keeps_its_stars_and_angles() -> None:
    assert outline(sheet("<chief>**A** &lt;b&gt;</chief>"))[0][2] == [("Nom du chef", "**A** <b>")]


def test_the_time_spent_is_from_the_first_screen_to_the_last() -> None:
    assert time_spent(sheet(FULL)) == 31 * 60
    assert time_spent(sheet("<chief>Abdou</chief>")) is None
    assert time_spent(sheet("<start>2026-11-02T08:00:00</start><end>2026-11-02T08:31:00+01:00</end>")) is None


# Changes


def test_changes_name_the_question_and_both_answers_in_words() -> None:
    after = sheet(FULL.replace("tin straw", "tin").replace("Bako", "Baki").replace("<total>2", "<total>3"))
    found = changes(sheet(FULL), after)
    assert [(each.key, each.question, each.before, each.after) for each in found.answers] == [
        ("/house/roof/material", "Matériaux", "Tôle, Paille", "Tôle"),
        ("/member[2]/name", "Prénom", "Bako", "Baki"),
    ]
    assert (found.technical, found.same) == (1, 5)


def test_a_copy_that_came_or_went_is_a_change() -> None:
    without = FULL.replace("<member><name>Bako</name><age/></member>", "")
    assert [(each.before, each.after) for each in changes(sheet(FULL), sheet(without)).answers] == [("Bako", "")]
    assert [(each.before, each.after) for each in changes(sheet(without), sheet(FULL)).answers] == [("", "Bako")]


def test_blank_and_not_asked_are_no_change() -> None:
    assert changes(sheet("<chief/>"), sheet("")).answers == ()


@given(st.text(alphabet="abc ", max_size=4), st.text(alphabet="abc ", max_size=4))
def test_a_change_seen_from_the_other_side_is_the_same_turned_round(one: str, other: str) -> None:
    here, there = sheet(f"<chief>{one}</chief>"), sheet(f"<chief>{other}</chief>")
    forth, back = changes(here, there).answers, changes(there, here).answers
    assert [(each.before, each.after) for each in forth] == [(each.after, each.before) for each in back]
    assert bool(forth) == (one != other)
