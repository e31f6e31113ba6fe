"""What a merged version says that was calculated: taken, calculated again, or left to a person; and what its form says of it."""

from contextlib import suppress

import pytest

from collector.recalculating import Follows, Original, Texts, choosable_alone, follow
from forms.calculated_values import Beyond, Node, stored
from forms.calculating import calculate
from forms.logic import read_logic
from forms.xform import parse_xform
from forms.xpath_parser import parse
from forms.xpath_tokens import XPathFault
from tests.forms.surveys import MEDIA, compiled
from tests.respondent import Respondent
from tests.respondent.form import XForm

CALCULATED = {
    "total": ("int", "/data/men + /data/women"),
    "label": ("string", "concat(/data/name, ' (', /data/total, ')')"),
    "share": ("decimal", "round(/data/men div /data/total, 2)"),
    "group": ("string", "if(/data/total &gt; 5, 'large', 'small')"),
    "initials": ("string", "substr(/data/name, 0, 1)"),
    "day": ("string", "format-date(/data/date, '%d') + /data/men"),
    "stamp": ("string", "concat(now(), /data/men)"),
}
ANSWERS = ("name", "men", "women", "date", "kids", "ages")
TYPES = {"men": "int", "women": "int", "date": "date", "ages": "int"}


def form() -> bytes:
    names = (*ANSWERS, *CALCULATED)
    binds = "".join(
        f'<bind nodeset="/data/{name}" type="{kind}" calculate="{source}"/>'
        for name, (kind, source) in CALCULATED.items()
    )
    more = {
        "ages": ' relevant="/data/kids = \'yes\'" constraint=". &lt; 18"',
        "women": ' constraint=". &lt;= /data/men * 3"',
    }
    binds += "".join(
        f'<bind nodeset="/data/{name}" type="{TYPES.get(name, "string")}"{more.get(name, "")}/>' for name in ANSWERS
    )
    inputs = "".join(f'<input ref="/data/{name}"><label>{name}</label></input>' for name in ANSWERS)
    return (
        '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>t</h:title><model>'
        f'<instance><data id="t">{"".join(f"<{name}/>" for name in names)}<meta><instanceID/></meta></data></instance>{binds}'
        f"</model></h:head><h:body>{inputs}</h:body></h:html>"
    ).encode()


FORM = form()
LOGIC, DEFINITION = read_logic(FORM), parse_xform(FORM)
ONE = {"name": "Awa", "men": "2", "women": "2", "date": "2026-11-25", "kids": "no",
       "total": "4", "label": "Awa (4)", "share": "0.5", "group": "small", "initials": "A", "day": "27", "stamp": "x2"}  # fmt: skip
OTHER = {**ONE, "name": "Hawa", "men": "3", "women": "5", "total": "8", "label": "Hawa (8)", "share": "0.38", "group": "large", "initials": "H",
         "day": "28", "stamp": "y3", "kids": "yes", "ages": "12"}  # fmt: skip


def filled(answers: dict[str, str]) -> Texts:
    return Texts(
        f"<data id='t'>{''.join(f'<{name}>{text}</{name}>' for name, text in answers.items())}</data>".encode()
    )


def follows(
    *taken: str, one: dict[str, str] = ONE, other: dict[str, str] = OTHER, said: tuple[str, ...] = (), **written: str
) -> Follows:
    merged = {**one, **{name: other[name] for name in taken}, **written}
    originals = [Original(filled(each), LOGIC) for each in (one, other)]
    said_paths = [f"/{name}" for name in (*taken, *said, *written)]
    return follow(DEFINITION, originals[0], originals[1:], filled(merged), said_paths)


def test_what_rests_on_one_of_them_alone_is_taken_of_it_whatever_calculates_it() -> None:
    found = follows("men", "women", "date")
    assert found.settled == {"/total": "8", "/share": "0.38", "/group": "large", "/label": "Awa (8)", "/day": "28"}
    assert found.calculated == ("/label",)
    # What is never the same twice is nobody's but a person's.
    assert found.unsettled == ("/stamp",)


def test_what_rests_on_several_is_calculated_as_phones_do_or_left_to_a_person() -> None:
    found = follows("women")
    assert found.settled == {"/total": "7", "/label": "Awa (7)", "/share": "0.29", "/group": "large"}
    assert set(found.calculated) == {"/total", "/label", "/share", "/group"}
    assert follows("men", other={**OTHER, "date": "2026-11-26"}).unsettled == ("/day", "/stamp")


def test_nothing_changes_where_nothing_it_rests_on_was_taken() -> None:
    assert follows() == Follows()
    assert follows("name").settled == {"/label": "Hawa (4)", "/initials": "H"}


def test_what_is_not_calculated_as_the_phone_did_is_not_calculated_again() -> None:
    """A version that reckons otherwise than the phone that filled it, however that came: nobody knows why."""
    odd = {**ONE, "total": "5"}
    found = follows("women", one=odd)
    assert "/total" not in found.settled
    assert {"/total", "/label", "/share", "/group"} <= set(found.unsettled)


def test_what_a_person_chose_or_wrote_stands_and_is_calculated_with() -> None:
    found = follows("women", total="9")
    assert found.settled == {"/label": "Awa (9)", "/share": "0.22", "/group": "large"}
    assert follows("women", "total").settled["/label"] == "Awa (8)"


def test_what_the_form_would_not_ask_not_accept_or_ask_now_is_told() -> None:
    assert follows("ages").irrelevant == ("/ages",)
    assert follows("kids").unanswered == ("/ages",)
    assert follows("kids", "ages") == follows("kids", "ages", said=("ages",))
    assert follows("kids", "ages").irrelevant == follows("kids", "ages").unanswered == ()
    assert follows("women", other={**OTHER, "women": "7"}).unmet == ("/women",)


def evaluated(source: str, **answers: str) -> str:
    kinds = {"n": "int", "d": "decimal", "day": "date", "place": "geopoint"}
    look = {
        f"/{name}": [Node(text, kinds.get(name[:5], kinds.get(name[:1], "string")))] for name, text in answers.items()
    }
    return stored(calculate(parse(source), "/data/x", lambda path: look.get(path, [])), "string")


@pytest.mark.parametrize(
    ("source", "answers", "value"),
    [
        ("/data/n1 + 1", {"n1": "2"}, "3"),
        ("/data/n1 + 1", {"n1": ""}, ""),
        ("/data/n1 div 4", {"n1": "1"}, "0.25"),
        ("-/data/n1 mod 3", {"n1": "7"}, "-1"),
        ("/data/n1 = '07'", {"n1": "7"}, "1"),
        ("/data/t = 7", {"t": "07"}, "1"),
        ("/data/t = '7'", {"t": "07"}, "0"),
        ("/data/day != ''", {"day": "2026-11-25"}, "1"),
        ("string-length(/data/t)", {"t": "été"}, "3"),
        ("selected(/data/t, 'b')", {"t": "a b"}, "1"),
        ("concat(count-selected(/data/t), selected-at(/data/t, 1))", {"t": "a b"}, "2b"),
        ("coalesce(/data/lost, 'z')", {}, "z"),
        ("if(/data/t = '' or not(true()), 'blank', /data/t)", {"t": " "}, "blank"),
        ("substr(/data/t, 1, 3)", {"t": "Niamey"}, "ia"),
        ("round(/data/d1, 1)", {"d1": "2.449"}, "2.4"),
        ("concat(/data/d1)", {"d1": "7.50"}, "7.5"),
    ],
)
def test_values_are_those_of_phones(source: str, answers: dict[str, str], value: str) -> None:
    assert evaluated(source, **answers) == value


@pytest.mark.parametrize(
    "source",
    ["today()", "/data/day + 1", "/data/n1 div 0", "round(-0.5)", "/data/place", "/data/*", "/data/n1[1]", "min(/data/lost)",
     "0.00001", "concat(12345678.5)", "instance('x')/root/item", "substr('a', -1)", "if(1, 2)"],
)  # fmt: skip
def test_what_phones_might_read_otherwise_is_refused(source: str) -> None:
    with pytest.raises(Beyond):
        evaluated(source, n1="1", day="2026-11-25", place="13.5 2.1 0 5")


@pytest.mark.parametrize(
    "survey", ["border_post_assessment", "community_resilience", "flow_monitoring", "incident_alert"]
)
def test_of_filled_surveys_everything_is_calculated_as_it_was_or_refused(survey: str) -> None:
    """By another engine, which JavaRosa has been held to."""
    xform = compiled(survey)
    logic, definition = read_logic(xform), parse_xform(xform)
    types = {each.path: each.type for each in definition.fields}
    agreed = 0
    for filled_form in Respondent(XForm(xform, MEDIA), seed=5).fills(2):
        texts = Texts(filled_form.xml)

        def look(path: str, texts: Texts = texts) -> list[Node]:
            return [Node(text, types.get(path, "unknown")) for text in texts.of(path)]

        for path in choosable_alone(definition, logic):
            tree, said = logic.calculations[path].tree, texts.of(path)
            assert not isinstance(tree, XPathFault)
            with suppress(Beyond):
                value = stored(calculate(tree, logic.calculations[path].node, look), types[path])
                assert not said or value == said[0], path
                agreed += bool(said)
    assert agreed >= 4
