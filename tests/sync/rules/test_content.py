"""The same content under another instanceID is recognised however a phone writes it; any other answer is seen."""

import random
from decimal import Decimal, InvalidOperation

import pytest

from forms.xform import Field, FormDefinition, Table
from sync.rules.content import ContentHashes, _number, xml_content_hashes

SECRET = b"sixteen bytes or more"
FIELDS = [
    ("/start", "dateTime", 0, False, False),
    ("/end", "dateTime", 0, False, False),
    ("/deviceid", "string", 0, False, False),
    ("/name", "string", 0, False, False),
    ("/weight", "decimal", 0, False, False),
    ("/where", "geopoint", 0, False, False),
    ("/crops", "string", 0, False, True),
    ("/photo", "binary", 0, True, False),
    ("/member", "repeat", 1, False, False),
    ("/member/age", "int", 1, False, False),
    ("/note", "string", 0, False, False),
    ("/meta", "structure", 0, False, False),
    ("/meta/instanceID", "string", 0, False, False),
]
XML = (
    '<data id="f" version="1"><start>2026-11-25T08:00:00.000+01:00</start><end>2026-11-25T08:20:00.000+01:00</end>'
    "<deviceid>phone:1</deviceid><name>Aïssa Zongo</name><weight>61.50</weight><where>13.50 2.10 0 5</where>"
    "<crops>millet sorghum</crops><photo>1700000000001.jpg</photo><member><age>7</age></member><member><age>31</age></member>"
    "<note/><meta><instanceID>uuid:1</instanceID></meta></data>"
)
PHOTO = bytes(32)


def definition() -> FormDefinition:
    counts = {0: 0, 1: 0}
    fields = []
    for position, (path, kind, table, binary, multiple) in enumerate(FIELDS):
        column = None
        if kind not in ("structure", "repeat"):
            column = counts[table]
            counts[table] += 1
        name = path.rpartition("/")[2]
        fields.append(Field(position, path, name, kind, table, column, binary, multiple, None))
    tables = (Table(0, "", "", None), Table(1, "/member", "member", 0))
    return FormDefinition("f", "1", "", "data", tuple(fields), tables, (), (), None, False)


def hashes(xml: str, files: dict[str, bytes] | None = None, secret: bytes = SECRET) -> ContentHashes:
    return xml_content_hashes(
        xml.encode(), definition(), secret, {"1700000000001.jpg": PHOTO} if files is None else files
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("uuid:1", "uuid:2"),
        ("phone:1", "phone:2"),
        ('id="f" version="1"', 'version="1"   id="f"'),
        ("><", ">\n  <"),
        ("<note/>", "<note></note>"),
        ("<note/>", ""),
        ("<note/>", "<note>  </note>"),
        ("Aïssa Zongo", "  Ai\u0308ssa \n Zongo "),
        ("61.50", "61.5"),
        ("13.50 2.10 0 5", "13.5 2.1 0.0 5.0"),
        ("millet sorghum", "sorghum millet"),
    ],
)
def test_what_is_no_answer_makes_no_difference(old: str, new: str) -> None:
    assert old in XML
    assert hashes(XML.replace(old, new)) == hashes(XML)


def test_a_renamed_photo_is_the_same_photo_and_another_one_is_not() -> None:
    renamed = XML.replace("1700000000001.jpg", "2.jpg")
    assert hashes(renamed, {"2.jpg": PHOTO}) == hashes(XML)
    assert hashes(renamed, {"2.jpg": b"x" * 32}).answers != hashes(XML).answers
    assert hashes(renamed, {}) == hashes(XML, {})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Zongo", "Zonga"),
        ("61.50", "61.51"),
        ("<age>7</age>", "<age/>"),
        ("<member><age>7</age></member>", ""),
        ("<age>7</age></member><member><age>31</age>", "<age>31</age></member><member><age>7</age>"),
        ("<note/>", "<note>7</note>"),
        ("millet sorghum", "millet"),
    ],
)
def test_another_answer_is_another_content(old: str, new: str) -> None:
    assert old in XML
    changed = hashes(XML.replace(old, new))
    assert changed.answers != hashes(XML).answers
    assert changed.exact != hashes(XML).exact


def test_the_same_answers_at_another_time_are_equal_but_not_exactly() -> None:
    later = hashes(XML.replace("08:20", "09:20"))
    assert later.answers == hashes(XML).answers
    assert later.exact != hashes(XML).exact


def test_the_hashes_are_another_installations_secret() -> None:
    other = hashes(XML, secret=b"a secret of somebody else")
    assert {other.exact, other.answers}.isdisjoint({hashes(XML).exact, hashes(XML).answers})
    assert hashes(XML).said == 7


def test_numbers_are_equal_however_they_are_written() -> None:
    chance = random.Random(1)
    for _ in range(3000):
        text = "".join(chance.choices("0001234567.-+e", k=chance.randrange(1, 9)))
        try:
            number = Decimal(text)
        except InvalidOperation:
            continue
        said = _number(text)
        assert Decimal(said) == number
        assert said == _number(said) == _number(f"{number:f}0" if "." in f"{number:f}" else f"{number:f}.0")
    assert _number("9e99999999999") == "9e99999999999"
