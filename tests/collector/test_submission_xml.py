"""Reading a submission without its form, and telling when two of them say the same.

Longer than other files: most of it is one list of hostile and odd documents, read by both.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.submission_xml import canonical, read_envelope
from config.problem import Problem

# As Collect writes it (C55): one line, single quotes in the declaration, namespaces nobody uses, plain meta.
COLLECT = (
    "<?xml version='1.0' encoding='UTF-8' ?>"
    '<data xmlns:ev="http://www.w3.org/2001/xml-events" xmlns:orx="http://openrosa.org/xforms" '
    'id="flow_monitoring" version="2026112301">'
    "<start>2026-11-22T10:22:03.439+03:00</start><end>2026-11-22T10:32:03.001+03:00</end>"
    "<deviceid>collect:abcdEFGH12345678</deviceid><name>Aïssata 🐪 O'Brien &amp; Cie</name>"
    "<meta><instanceID>uuid:0b5d2f0e-5c9c-4c4a-8ae1-1f44d0d1a111</instanceID><instanceName> Aïssata </instanceName>"
    "</meta></data>"
).encode()


def submission(inside: str = "", *, root: str = 'id="f"', meta: str = "<instanceID>uuid:1</instanceID>") -> bytes:
    return f"<data {root}>{inside}<meta>{meta}</meta></data>".encode()


def refused(xml: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        read_envelope(xml)
    return caught.value


def test_what_collect_sends_is_read() -> None:
    envelope = read_envelope(COLLECT)
    assert (envelope.xml_form_id, envelope.version) == ("flow_monitoring", "2026112301")
    assert envelope.instance_id == "uuid:0b5d2f0e-5c9c-4c4a-8ae1-1f44d0d1a111"
    assert envelope.deprecated_id is None
    assert envelope.instance_name == " Aïssata "
    assert envelope.encrypted is None
    assert envelope.collected_at == datetime(2026, 11, 22, 7, 32, 3, 1000, tzinfo=UTC)
    assert envelope.device_id_claimed == "collect:abcdEFGH12345678"


def test_meta_in_the_openrosa_namespace_is_read_with_a_plain_deprecated_id() -> None:  # C53
    xml = (
        b'<data id="f" xmlns:orx="http://openrosa.org/xforms"><orx:meta><orx:instanceID>uuid:2</orx:instanceID>'
        b"<orx:instanceName/><deprecatedID>uuid:1</deprecatedID></orx:meta></data>"
    )
    envelope = read_envelope(xml)
    assert (envelope.instance_id, envelope.deprecated_id, envelope.instance_name) == ("uuid:2", "uuid:1", None)


def test_meta_in_a_default_namespace_is_read() -> None:
    xml = b'<data id="f" xmlns="http://example.org/f"><meta><instanceID>uuid:1</instanceID></meta></data>'
    assert read_envelope(xml).instance_id == "uuid:1"


def test_a_version_in_the_openrosa_namespace_counts() -> None:
    root = 'id="f" orx:version="7" xmlns:orx="http://openrosa.org/xforms"'
    assert read_envelope(submission(root=root)).version == "7"


def test_a_plain_version_wins_over_one_in_a_namespace() -> None:
    root = 'id="f" orx:version="7" version="8" xmlns:orx="http://openrosa.org/xforms"'
    assert read_envelope(submission(root=root)).version == "8"


def test_a_missing_version_is_empty() -> None:
    assert read_envelope(submission()).version == ""


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "<!-- lost -->"])
def test_a_blank_instance_id_is_none(text: str) -> None:
    assert read_envelope(submission(meta=f"<instanceID>{text}</instanceID>")).instance_id is None


def test_an_instance_id_is_trimmed() -> None:
    assert read_envelope(submission(meta="<instanceID>\n uuid:1 \t</instanceID>")).instance_id == "uuid:1"


def test_an_instance_id_directly_below_the_root_counts_when_meta_has_none() -> None:
    assert read_envelope(b'<data id="f"><instanceID>uuid:9</instanceID></data>').instance_id == "uuid:9"


def test_a_question_called_instance_id_in_a_group_does_not_count() -> None:
    assert read_envelope(b'<data id="f"><g><instanceID>uuid:9</instanceID></g></data>').instance_id is None


@pytest.mark.parametrize("field", ["instanceID", "deprecatedID"])
def test_an_id_of_255_characters_is_kept_and_a_longer_one_refused(field: str) -> None:
    read_envelope(submission(meta=f"<{field}>{'é' * 255}</{field}>"))
    problem = refused(submission(meta=f"<{field}>{'é' * 256}</{field}>"))
    assert (problem.code, problem.details["field"]) == (400.13, field)


@pytest.mark.parametrize("inside", ["uuid:1\nuuid:2", "uuid:1&#9;2", "uuid:1\x7f2", "a\u2028b"])
def test_an_id_with_a_control_character_is_refused(inside: str) -> None:
    problem = refused(submission(meta=f"<instanceID>{inside}</instanceID>"))
    assert (problem.code, problem.details["field"]) == (400.8, "instanceID")


@pytest.mark.parametrize("root", ["", 'id=""', 'id="  "', 'name="f"'])
def test_a_submission_that_names_no_form_is_refused(root: str) -> None:
    assert refused(submission(root=root)).code == 400.2


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"   ",
        b"not xml",
        COLLECT[:-9],
        COLLECT + b"<data/>",
        COLLECT.replace(b"</name>", b"</nom>"),
        COLLECT.replace("Aïssata".encode(), b"A\xefssata"),
        COLLECT.replace(b"Brien", b"Br&#0;ien"),
        COLLECT.replace(b"Brien", b"&unknown;"),
        COLLECT.replace(b"UTF-8", b"no-such-encoding"),
    ],
    ids=["empty", "blank", "text", "cut", "twice", "tags", "bytes", "nul", "entity", "encoding"],
)
def test_what_is_not_well_formed_is_refused(xml: bytes) -> None:
    assert refused(xml).code == 400.1


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE data>",
        '<!DOCTYPE data SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE data PUBLIC "-//x//y" "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE data [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE data [<!ENTITY x "x"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]>',
        '<!DOCTYPE data [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
    ],
)
def test_a_doctype_is_refused(doctype: str) -> None:
    body = "<name>&x;</name>" if "ENTITY x" in doctype else "<name/>"
    assert refused(doctype.encode() + submission(body)).code == 400.1


def test_a_tower_of_entities_is_refused_quickly() -> None:
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30))
    xml = f'<!DOCTYPE data [<!ENTITY e0 "x">{entities}]>'.encode() + submission("<name>&e29;</name>")
    assert refused(xml).code == 400.1


def test_a_thousand_levels_are_refused() -> None:
    assert refused(submission("<g>" * 3000 + "</g>" * 3000)).code == 400.1


@pytest.mark.parametrize("markup", ["<a/>" * 600_000, "<a " + "b='' " * 600_000 + "/>"], ids=["elements", "attributes"])
def test_a_flood_of_markup_is_refused_before_it_fills_the_memory(markup: str) -> None:
    assert refused(submission(markup)).details["reason"] == "too many elements"


def test_a_thousand_copies_of_a_repeat_are_read() -> None:
    copy = "<member>" + "<question>an = answer</question>" * 60 + "</member>"
    assert read_envelope(submission(copy * 1000)).instance_id == "uuid:1"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1"])
def test_other_encodings_are_read_when_declared(encoding: str) -> None:
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    text = f'<?xml version="1.0" encoding="{declared}"?>' + submission("<deviceid>Aïssata</deviceid>").decode()
    assert read_envelope(text.encode(encoding)).device_id_claimed == "Aïssata"


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<start>2026-11-22T10:00:00Z</start>", "2026-11-22T10:00:00+00:00"),
        ("<start>2026-11-22T10:00:00Z</start><end/>", "2026-11-22T10:00:00+00:00"),
        ("<end>2026-11-22T10:00:00.5-01:00</end>", "2026-11-22T11:00:00.500000+00:00"),
        ("<g><end>2026-11-22T10:00:00Z</end></g>", "2026-11-22T10:00:00+00:00"),
        ("<g><end>2026-11-22T09:00:00Z</end></g><end>2026-11-22T10:00:00Z</end>", "2026-11-22T10:00:00+00:00"),
        ("<end>soon</end><g><end>2026-11-22T10:00:00Z</end></g>", "2026-11-22T10:00:00+00:00"),
        ("<end>2026-11-22T10:00:00</end>", None),
        ("<end>2026-11-22</end>", None),
        ("<end>10:00:00Z</end>", None),
        ("<end>0001-01-01T00:00:00+14:00</end>", None),
        ("<end>yes</end>", None),
        ("", None),
    ],
)
def test_the_time_a_phone_claims_is_read(inside: str, expected: str | None) -> None:
    claimed = read_envelope(submission(inside)).collected_at
    assert claimed == (expected and datetime.fromisoformat(expected))


def test_a_device_id_is_cut_to_what_can_be_stored() -> None:
    assert read_envelope(submission(f"<deviceid>{'x' * 900}</deviceid>")).device_id_claimed == "x" * 255


ENVELOPE = (
    b'<data id="f" version="3" encrypted="yes" xmlns="http://www.opendatakit.org/xforms/encrypted">'
    b"<base64EncryptedKey>a2V5</base64EncryptedKey>"
    b'<meta xmlns="http://openrosa.org/xforms"><instanceID>uuid:1</instanceID></meta>'
    b"<media><file>1.jpg.enc</file><file> 2.jpg.enc </file></media><media><file>1.jpg.enc</file><file/></media>"
    b"<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
    b"<base64EncryptedElementSignature>c2ln</base64EncryptedElementSignature></data>"
)


def test_an_encrypted_envelope_is_read() -> None:  # C57
    envelope = read_envelope(ENVELOPE)
    assert (envelope.xml_form_id, envelope.version, envelope.instance_id) == ("f", "3", "uuid:1")
    assert envelope.encrypted is not None
    assert (envelope.encrypted.local_key, envelope.encrypted.signature) == ("a2V5", "c2ln")
    assert envelope.encrypted.xml_file == "submission.xml.enc"
    assert envelope.encrypted.file_names == ("1.jpg.enc", "2.jpg.enc", "submission.xml.enc")


def test_an_encrypted_envelope_without_instance_id_is_refused() -> None:
    assert refused(ENVELOPE.replace(b"uuid:1", b"")).code == 400.2


def test_every_refusal_is_short_enough_for_a_phone() -> None:
    refusals = [
        refused(b""),
        refused(submission(root="")),
        refused(ENVELOPE.replace(b"uuid:1", b"")),
        refused(submission(meta=f"<instanceID>{'x' * 999}</instanceID>")),
        refused(submission(meta="<instanceID>a&#13;b</instanceID>")),
    ]
    assert max(len(problem.sentence(language)) for problem in refusals for language in ("fr", "en")) <= 120


# --- canonical ---


@pytest.mark.parametrize(
    "other",
    [
        COLLECT.replace(b"<?xml version='1.0' encoding='UTF-8' ?>", b""),
        COLLECT.replace(b"'1.0' encoding='UTF-8' ?>", b'"1.0"?>\n'),
        COLLECT.replace(b'id="flow_monitoring" version="2026112301"', b"version='2026112301'   id='flow_monitoring'"),
        COLLECT.replace(b' xmlns:ev="http://www.w3.org/2001/xml-events"', b""),
        COLLECT.replace(b"><", b">\n  <"),
        COLLECT.replace(b"<name>", b"<!-- a note --><name>"),
        COLLECT.replace(b"<name>A", b"<name>A<!-- a note -->"),
        COLLECT.replace("Aïssata 🐪 O'Brien &amp; Cie".encode(), "<![CDATA[Aïssata 🐪 O'Brien & Cie]]>".encode()),
        COLLECT.replace("🐪".encode(), b"&#x1F42A;"),
        COLLECT.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    ],
    ids=["declaration", "quotes", "order", "xmlns", "indented", "comment", "inside", "cdata", "reference", "encoding"],
)
def test_layout_makes_no_difference(other: bytes) -> None:
    assert other != COLLECT
    assert canonical(other) == canonical(COLLECT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<a>x</a><b/>", "<a>y</a><b/>"),
        ("<a>x</a><b/>", "<b/><a>x</a>"),
        ("<a>x</a>", "<a>x </a>"),
        ("<a> </a>", "<a/>"),
        ("<a> </a>", "<a>  </a>"),
        ("<a/>", ""),
        ("<a/>", "<a/><a/>"),
        ("<a/><b/>", "<a><b/></a>"),
        ("<a><b/></a><c/>", "<a><b/><c/></a>"),
        ("<a>1\n2</a>", "<a>1 2</a>"),
        ("<a>\u00a0<b/></a>", "<a><b/></a>"),
        ("<a>x<b/> </a>", "<a>x<b/></a>"),
        ("<a>&#13;</a>", "<a>\n</a>"),
        ("<a k='1'/>", "<a k='2'/>"),
        ("<a k=''/>", "<a/>"),
        ("<a>é</a>", "<a>e\u0301</a>"),
        ("<a>&lt;b/&gt;</a>", "<a><b/></a>"),
        ("<a xmlns='u'/>", "<a/>"),
    ],
)
def test_content_makes_a_difference(one: str, other: str) -> None:
    assert canonical(submission(one)) != canonical(submission(other))


@dataclass(frozen=True)
class Element:
    """Content as a reader understands it: an element has a text or children."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    text: str
    children: tuple["Element", ...]


# Few values, so that two drawn documents are equal often enough to test both answers.
TEXTS = st.one_of(
    st.sampled_from(["", " ", "\n", "x", "x ", "<&>\"'", "a\rb", "é", "]]>"]),
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=4),
)
PAIRS = st.dictionaries(st.sampled_from(["id", "version", "k"]), TEXTS, max_size=2).map(
    lambda pairs: tuple(sorted(pairs.items()))
)
LEAVES = st.builds(Element, st.sampled_from("ab"), PAIRS, TEXTS, st.just(()))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        Element, st.sampled_from("ab"), PAIRS, st.just(""), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=5,
)


# What a parser would turn into a space or a line feed survives only as a reference.
RETURN = {"\r": "&#13;"}
REFERENCES = {**RETURN, "\n": "&#10;", "\t": "&#9;"}


@st.composite
def written(draw: st.DrawFn, element: Element, depth: int = 0) -> str:
    """One of the many ways to write the same content."""
    pairs = draw(st.permutations(element.attributes))
    attributes = "".join(f" {key}={quoteattr(value, REFERENCES)}" for key, value in pairs)
    if draw(st.booleans()):
        attributes += f' xmlns:unused{depth}="urn:{draw(st.integers(0, 2))}"'
    blank = st.sampled_from(["", " ", "\n\t", "<!-- note -->", " <!---->\n"])
    comment = st.sampled_from(["", "<!-- note -->"])
    if element.children:
        inside = "".join(draw(blank) + draw(written(child, depth + 1)) for child in element.children) + draw(blank)
    else:
        inside = draw(comment) + escape(element.text, RETURN) + draw(comment)
    if not inside and draw(st.booleans()):
        return f"<{element.name}{attributes}/>"
    return f"<{element.name}{attributes}>{inside}</{element.name}>"


@given(st.data(), TREES, TREES)
def test_canonical_forms_are_equal_exactly_when_contents_are(data: st.DataObject, one: Element, other: Element) -> None:
    first, again, second = (canonical(data.draw(written(tree)).encode()) for tree in (one, one, other))
    assert first == again
    assert (first == second) == (one == other)


def test_a_namespace_that_is_only_a_name_is_compared_too() -> None:
    root = 'id="f" xmlns="my_form"'
    assert canonical(submission("<a/>", root=root)) == canonical(submission("<a></a>", root=root))
    assert canonical(submission("<a/>", root=root)) != canonical(submission("<a/>"))


def test_the_deepest_submission_that_is_read_is_compared_too() -> None:
    deepest = submission("<g>" * 250 + "</g>" * 250)
    assert canonical(deepest) != canonical(submission())
