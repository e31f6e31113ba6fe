"""One submission made of several: where what is taken stands, and under which name its files come along."""

from lxml import etree

from collector.answers import read_answers
from collector.merging import OWN, Merged, Source, choosable, merge
from collector.submission_xml import parse
from forms.xform import FormDefinition, parse_xform

FORM = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>A</h:title><model>'
    '<instance><data id="a" version="{version}"><name/><g><age/><photo/></g>{more}<child><first/><face/></child><place/>'
    '<meta><instanceID/><instanceName/></meta></data></instance><bind nodeset="/data/g/age" type="{age}"/>'
    '<bind nodeset="/data/g/photo" type="binary"/><bind nodeset="/data/child/face" type="binary"/></model></h:head>'
    '<h:body><repeat nodeset="/data/child"/></h:body></h:html>'
)


def form(version: str = "1", more: str = "", age: str = "int") -> FormDefinition:
    return parse_xform(FORM.format(version=version, more=more, age=age).encode())


def filled(inner: str, name: str = "one") -> bytes:
    return f'<data id="a" version="1">{inner}<meta><instanceID>{name}</instanceID></meta></data>'.encode()


def merged(
    kept: str, other: str, *paths: str, here: dict[str, bytes] | None = None, theirs: dict[str, bytes] | None = None
) -> Merged:
    definition = form()
    offered = choosable(definition, definition)
    source = Source(filled(other, "two"), theirs or {}, [offered[path] for path in paths])
    return merge(filled(kept), definition, here or {}, [source])


def inner(xml: bytes) -> str:
    return "".join(etree.tostring(each, encoding="unicode") for each in parse(xml))


def test_an_answer_taken_stands_where_the_form_asks_it_also_where_its_group_was_not_there() -> None:
    made = merged("<name>A</name><place>Gao</place>", "<name>B</name><g><age>7</age></g>", "/name", "/g/age")
    assert inner(made.xml).startswith("<name>B</name><g><age>7</age></g><place>Gao</place><meta>")
    assert "<instanceID>one</instanceID>" in inner(made.xml)
    assert not read_answers(parse(made.xml), form()).unknown


def test_what_the_other_did_not_answer_is_not_answered_any_more() -> None:
    made = merged("<name>A</name><g><age>7</age></g>", "<name>B</name>", "/g/age")
    assert inner(made.xml).startswith("<name>A</name><g/><meta>")


def test_a_repeat_comes_as_a_whole() -> None:
    child = "<child><first>{}</first></child>"
    made = merged(child.format("x") + child.format("y"), "".join(child.format(each) for each in "pqr"), "/child")
    tables = read_answers(parse(made.xml), form()).tables
    assert [row[2] for row in tables[1]] == ["p", "q", "r"]
    assert merged(child.format("x"), "", "/child").xml.count(b"<child>") == 0


def test_files_come_along_and_change_their_name_only_where_it_means_another_file() -> None:
    photo, face = "<g><photo>a.jpg</photo></g>", "<child><face>a.jpg</face></child>"
    taken = merged(photo, photo, "/g/photo", here={"a.jpg": b"1"}, theirs={"a.jpg": b"2"})
    assert taken.files == ((0, "a.jpg", "a.jpg"),)
    beside = merged(photo, face, "/child", here={"a.jpg": b"1"}, theirs={"a.jpg": b"2"})
    assert beside.files == ((0, "a.jpg", "a-2.jpg"),)
    assert b"<photo>a.jpg</photo>" in beside.xml
    assert b"<face>a-2.jpg</face>" in beside.xml
    same = merged(photo, face, "/child", here={"a.jpg": b"1"}, theirs={"a.jpg": b"1"})
    assert same.files == ((0, "a.jpg", "a.jpg"),)
    # What has not come must not be taken for what is here.
    missing = merged(photo, photo, "/g/photo", here={"a.jpg": b"1"})
    assert b"<photo>a-2.jpg</photo>" in missing.xml


def test_only_what_both_versions_ask_alike_may_be_taken() -> None:
    offered = choosable(form(), form("2", "<new/>", "string"))
    assert set(offered) == {"/name", "/g/photo", "/child", "/place", "/meta/instanceName"}
    assert not OWN & set(choosable(form(), form()))
