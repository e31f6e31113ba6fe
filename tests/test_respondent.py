"""The respondents are tested: what they fill is valid, as JavaRosa judges, and looks as Collect writes it."""

import csv
import io
import random
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.forms.surveys import MEDIA, SURVEYS, compiled
from tests.respondent import Filled, FormError, JavaRespondent, Respondent, Unfillable, available
from tests.respondent.candidates import matching
from tests.respondent.photos import photo
from tests.skips import require_tool

HEAD = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>Passage</h:title><model><instance>'
)


@pytest.fixture(scope="session")
def surveys() -> dict[str, bytes]:
    """The bundled surveys as XForms, compiled by pyxform without the server."""
    return {name: compiled(name) for name in SURVEYS}


def xform(nodes: str, binds: str, body: str) -> bytes:
    """A form `passage` with these nodes, binds and body."""
    instance = f'<data id="passage" version="1">{nodes}<meta><instanceID/></meta></data></instance>'
    uid = '<bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/>'
    return f"{HEAD}{instance}{binds}{uid}</model></h:head><h:body>{body}</h:body></h:html>".encode()


def calculated(expression: str, kind: str = "string") -> str | None:
    """What a node holds that is calculated so, beside typed nodes to read."""
    typed = (
        "<t>10:22:03.000+01:00</t><t2>09:00:00.000+01:00</t2><d>2026-11-20</d><dt>2026-11-20T23:30:05.439+01:00</dt>"
        "<blank/><i>7</i><dec>2.50</dec><r><n>4</n></r><r><n>6</n></r><r><n>5</n></r><c/>"
    )
    kinds = {"t": "time", "t2": "time", "d": "date", "dt": "dateTime", "i": "int", "dec": "decimal", "r/n": "int"}
    binds = "".join(f'<bind nodeset="/data/{name}" type="{kind}"/>' for name, kind in kinds.items())
    escaped = expression.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    binds += f'<bind nodeset="/data/c" type="{kind}" calculate="{escaped}"/>'
    form = xform(typed, binds, '<group ref="/data/r"><repeat nodeset="/data/r" jr:count="3"/></group>')
    return ET.fromstring(Respondent.of(form).fill().xml).findtext("c")


def leaves(xml: bytes) -> dict[str, str]:
    """Every value and attribute by its path with positions."""
    found: dict[str, str] = {}

    def visit(element: ET.Element, path: str) -> None:
        found.update({f"{path}/@{name}": value for name, value in element.attrib.items()})
        if not len(element):
            found[path] = element.text or ""
        positions: Counter[str] = Counter()
        for child in element:
            name = child.tag.rpartition("}")[2]
            positions[name] += 1
            visit(child, f"{path}/{name}[{positions[name]}]")

    visit(ET.fromstring(xml), "")
    return found


@pytest.mark.parametrize("survey", SURVEYS)
def test_the_bundled_surveys_can_be_filled_without_java(surveys: dict[str, bytes], survey: str) -> None:
    respondent = Respondent.of(surveys[survey], MEDIA)
    filled = list(respondent.fills(4))
    assert len({one.xml for one in filled}) == 4
    assert not respondent.rejected


def test_the_same_seed_fills_the_same_form(surveys: dict[str, bytes]) -> None:
    now = Respondent.of(surveys["incident_alert"], MEDIA).fill().finalized_at
    filled = []
    for _ in range(2):
        respondent = Respondent.of(surveys["incident_alert"], MEDIA, seed=5)
        respondent.now = now
        filled.append(respondent.fill())
    assert filled[0] == filled[1]


@pytest.fixture(params=SURVEYS)
def java(request: pytest.FixtureRequest, surveys: dict[str, bytes]) -> Iterator[JavaRespondent]:
    require_tool("a JDK", available(), "apt install openjdk-17-jdk-headless")
    with JavaRespondent(surveys[request.param], MEDIA, seed=100) as respondent:
        yield respondent


@pytest.mark.java
@pytest.mark.slow
def test_javarosa_accepts_what_ours_fills_and_calculates_the_same(java: JavaRespondent) -> None:
    """Not compared: clocks, random identifiers, and what is derived from them."""
    own_chance = re.compile(r"/(start|end|instanceID|new_uuid)\[1\]$")
    for _ in range(3):
        proposal = java.proposer.fill()
        finished = java.finish(proposal)
        assert isinstance(finished, Filled), finished
        ours, theirs = leaves(proposal.xml), leaves(finished.xml)
        made = {ours[path] for path in ours if own_chance.search(path)}
        assert set(ours) == set(theirs)
        different = [path for path in ours if ours[path] != theirs[path] and ours[path] not in made]
        assert different == []


@pytest.mark.java
@pytest.mark.slow
def test_javarosa_refuses_a_choice_that_is_not_offered(surveys: dict[str, bytes]) -> None:
    require_tool("a JDK", available(), "apt install openjdk-17-jdk-headless")
    with JavaRespondent(surveys["incident_alert"], MEDIA) as java:
        proposal = java.proposer.fill()
        wrong = Filled(re.sub(rb"<safe_now>\w+", b"<safe_now>perhaps", proposal.xml), {}, proposal.finalized_at)
        assert java.finish(wrong) == ("/data[1]/safe_now[1]", "not offered: perhaps")


# Values below were read from JavaRosa 5.1.0 (ODK Validate 1.20.0).


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 = 1", "1"),
        ("string(1 = 1)", "true"),
        ("10 div 4", "2.5"),
        ("-5 mod 3", "-2"),
        ("2 * 3 + 4 - 1", "9"),
        ("round(-2.5)", "-2"),
        ("round(1.005, 2)", "1.01"),
        ("round(1234.567, -2)", "1200"),
        ("int(-2.9)", "-2"),
        ("/data/blank + 1", ""),
        ("/data/blank = 0", "0"),
        ("sum(/data/r/n)", "15"),
        ("sum(/data/blank)", "0"),
        ("count(/data/r[n > 4])", "2"),
        ("/data/r[position() = 2]/n", "6"),
        ("indexed-repeat(/data/r/n, /data/r, 2)", "6"),
        ("join('-', /data/r/n)", "4-6-5"),
        ("max(3, 5, 1)", "5"),
        ("selected('a b c', 'bb')", "0"),
        ("count-selected('a b  c')", "3"),
        ("selected-at('a b c', 1)", "b"),
        ("string-length('\U0001f42a')", "2"),
        ("substr('hello', -3)", "llo"),
        ("regex('xNE-123', '[A-Z]{2}-[0-9]{3}')", "0"),
        ("translate('abc', 'ab', 'x')", "xc"),
        ("coalesce('', 'z')", "z"),
        ("if(/data/i >= 7 and not(/data/blank = ''), 'a', 'b')", "b"),
        ("/data/dec", "2.5"),
        ("/data/d + 3", "20780"),
        ("/data/d > '2026-11-19'", "0"),
        ("/data/d > date('2026-11-19')", "1"),
        ("date('2026-01-05')", "2026-01-05T00:00:00.000+01:00"),
        ("string(/data/dt)", "2026-11-20"),
        ("/data/t > /data/t2", "0"),
        ("decimal-time(/data/t) > decimal-time(/data/t2)", "1"),
        ("decimal-date-time(/data/d)", "20776.958333333332"),
        ("format-date-time(/data/t, '%H:%M')", "10:22"),
        ("format-date(/data/d, '%d/%m/%Y %e %n')", "20/11/2026 20 11"),
        ("digest('abc', 'SHA-256', 'hex')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ],
)
def test_an_expression_has_javarosas_value(expression: str, value: str) -> None:
    assert calculated(expression) == value


@pytest.mark.parametrize(
    "expression", ["floor(2.5)", "coalesce('', '', 'z')", "decimal-time('10:22')", "/data/r/n + 1"]
)
def test_an_expression_javarosa_cannot_evaluate_names_the_node(expression: str) -> None:
    with pytest.raises(FormError) as failure:
        calculated(expression)
    assert failure.value.path == "/data/c"


def test_a_filled_form_looks_as_collect_writes_it() -> None:
    form = xform(
        "<a>x@y</a><b/><gone/>",
        '<bind nodeset="/data/b" readonly="true()" type="string"/><bind nodeset="/data/gone" relevant="false()"/>',
        '<input ref="/data/b"/>',
    )
    xml = Respondent.of(form).fill().xml.decode()
    assert re.sub(r"uuid:[0-9a-f-]{36}", "ID", xml) == (
        "<?xml version='1.0' encoding='UTF-8' ?>"
        '<data id="passage" version="1" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">'
        "<a>x&#64;y</a><b /><meta><instanceID>ID</instanceID></meta></data>"
    )


def test_a_time_constraint_that_can_never_hold_is_reported_with_its_question() -> None:
    form = xform(
        "<from/><to/>",
        '<bind nodeset="/data/from" type="time" required="true()"/>'
        '<bind nodeset="/data/to" type="time" required="true()" constraint=". &gt; /data/from"/>',
        '<input ref="/data/from"/><input ref="/data/to"/>',
    )
    with pytest.raises(Unfillable) as failure:
        Respondent.of(form).fill()
    assert failure.value.path == "/data/to"


def test_a_required_choice_without_choices_makes_the_respondent_change_the_answer_above() -> None:
    items = "".join(f"<item><name>{name}</name><of>{of}</of></item>" for name, of in (("a1", "a"), ("a2", "a")))
    form = xform(
        "<top/><sub/>",
        f'<instance id="sub"><root>{items}</root></instance><bind nodeset="/data/top" required="true()"/>'
        '<bind nodeset="/data/sub" required="true()"/>',
        '<select1 ref="/data/top"><item><value>a</value></item><item><value>b</value></item></select1>'
        '<select1 ref="/data/sub"><itemset nodeset="instance(\'sub\')/root/item[of = /data/top ]">'
        '<value ref="name"/><label ref="name"/></itemset></select1>',
    )
    filled = [ET.fromstring(one.xml) for one in Respondent.of(form).fills(8)]
    assert {one.findtext("top") for one in filled} == {"a"}
    assert {one.findtext("sub") for one in filled} <= {"a1", "a2"}


def test_a_note_that_blocks_is_got_round_by_making_the_sums_agree(surveys: dict[str, bytes]) -> None:
    for filled in Respondent.of(surveys["flow_monitoring"], MEDIA, seed=40).fills(6):
        root = ET.fromstring(filled.xml)
        if (total := root.findtext("s_group/g2/n_total")) is not None:
            counts = [int(one.text or 0) for one in root.iter("nat_cnt")]
            assert sum(counts) == int(total) > 0


def test_a_counted_repeat_has_as_many_instances_as_its_count() -> None:
    form = xform(
        "<n/><m><age/></m>",
        '<bind nodeset="/data/n" type="int" required="true()" constraint=". &gt;= 0 and . &lt;= 6"/>'
        '<bind nodeset="/data/m/age" type="int" required="true()"/>',
        '<input ref="/data/n"/><group ref="/data/m"><repeat nodeset="/data/m" jr:count=" /data/n ">'
        '<input ref="/data/m/age"/></repeat></group>',
    )
    for filled in Respondent.of(form).fills(10):
        root = ET.fromstring(filled.xml)
        assert len(root.findall("m")) == int(root.findtext("n") or 0)


def test_a_photo_is_named_by_the_clock_and_sent_along() -> None:
    form = xform(
        "<p/>",
        '<bind nodeset="/data/p" type="binary" required="true()"/>',
        '<upload ref="/data/p" mediatype="image/*"/>',
    )
    filled = Respondent.of(form).fill()
    name = ET.fromstring(filled.xml).findtext("p") or ""
    assert re.fullmatch(r"\d{13}\.jpg", name)
    assert set(filled.files) == {name}


@given(st.integers(0, 2**32), st.integers(200, 200_000))
def test_a_photo_is_a_jpeg_whose_segments_add_up(seed: int, size: int) -> None:
    content = photo(random.Random(seed), size)
    at = 2
    while content[at + 1] != 0xDA:
        assert content[at] == 0xFF
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    assert content[:2] + content[-2:] == b"\xff\xd8\xff\xd9"


def test_the_audit_log_has_the_columns_the_form_asks_for(surveys: dict[str, bytes]) -> None:
    headers = {}
    for survey in ("border_post_assessment", "community_resilience"):
        log = Respondent.of(surveys[survey], MEDIA).fill().files["audit.csv"].decode()
        headers[survey] = next(csv.reader(io.StringIO(log)))
    place, change = ["latitude", "longitude", "accuracy"], ["old-value", "new-value"]
    assert headers["border_post_assessment"] == ["event", "node", "start", "end", *place, *change]
    assert headers["community_resilience"] == ["event", "node", "start", "end"]


@pytest.mark.parametrize(
    "pattern", ["^[A-Z]{2}-[0-9]{3}$", "^(NE|ML|BF)[0-9]{4}$", r"\d{8}", "[a-z]+(@x)?", "[^0-9]{3}"]
)
def test_a_text_is_made_for_a_pattern(pattern: str) -> None:
    made = matching(pattern, random.Random(1))
    assert re.fullmatch(pattern, made)
