"""Every good workbook is published, fetched by a phone, filled, sent, stored and exported, and nothing is lost."""

import csv
import io
import uuid
import zipfile
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from lxml import etree

from collector.answers import read_answers
from collector.submission_xml import parse
from forms.publish import prepare, publish
from forms.xform import FormDefinition, Slot, parse_xform
from tests.forms.corpus import compile_here
from tests.forms.corpus.good import GOOD, content_of
from tests.installation import Installation, Template, copied
from tests.respondent import FormError, Respondent

XFORMS = "{http://www.w3.org/2002/xforms}"
FILES = {
    ".csv": b"list_name,name,label,code,nom,species\nd,a,A,7,Sept,acacia\n",
    ".xml": b"<root><item><name>a</name><label>A</label></item></root>",
    ".geojson": b'{"type":"FeatureCollection","features":[{"type":"Feature","id":"a","geometry":{"type":"Point",'
    b'"coordinates":[1,2]},"properties":{"title":"A"}}]}',
}


@pytest.fixture(scope="module")
def post(sqlite_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One installation for all of them."""
    yield from copied(sqlite_template, tmp_path_factory.mktemp("corpus") / "data")


def file_for(slot: Slot) -> bytes:
    return next((content for ending, content in FILES.items() if slot.name.endswith(ending)), b"a medium")


def every_leaf(xform: bytes) -> tuple[bytes, set[str]]:
    """A submission that answers everything a form has a place for, and its texts."""
    instance = next(etree.fromstring(xform).iter(f"{XFORMS}instance"))[0]
    root = etree.fromstring(etree.tostring(instance, encoding="utf-8"))
    texts: set[str] = set()
    for node in [each for each in root.iter("*") if not len(each) and etree.QName(each).localname != "entity"]:
        node.text = (
            f"uuid:{uuid.uuid4()}" if etree.QName(node).localname == "instanceID" else f"réponse {len(texts)} =1"
        )
        texts.add(node.text)
    for template in [each for each in root.iter("*") if any(str(key).endswith("}template") for key in each.attrib)]:
        parent = template.getparent()
        assert parent is not None
        parent.remove(template)
        texts -= {str(each.text) for each in template.iter("*")}
    return etree.tostring(root, encoding="utf-8"), texts


@pytest.mark.slow
@pytest.mark.parametrize("name", GOOD)
def test_a_good_workbook_is_collected_end_to_end(name: str, post: Installation) -> None:
    compiled = compile_here(content_of(name), f"{name}.xlsx")
    definition = parse_xform(compiled.xform)
    media = {slot.name: file_for(slot) for slot in definition.slots}
    prepared = prepare(post.services.storage, compiled, f"{name}.xlsx", content_of(name), media)
    with post.services.database.transaction() as session:
        publish(session, post.project_id, prepared)

    fetched_by_a_phone(post, compiled.xform, definition)
    if definition.public_key is not None:
        return  # phones send such a form sealed
    xml, texts = every_leaf(compiled.xform)
    assert post.post(xml).status_code == 201
    read = read_answers(parse(xml), definition)
    assert (read.unknown, read.repeated) == ((), ())
    assert texts == {value for rows in read.tables.values() for row in rows for value in row if isinstance(value, str)}
    assert filled_and_sent(post, compiled.xform, media)
    exported(post, definition, texts)


def fetched_by_a_phone(post: Installation, xform: bytes, definition: FormDefinition) -> None:
    address = f"{post.key_url}/forms/{quote(definition.xml_form_id, safe='')}"
    assert post.client.get(f"{address}.xml").data == xform
    manifest = etree.fromstring(post.client.get(f"{address}/manifest").data)
    assert {each.text for each in manifest.iter("{*}filename")} == {slot.name for slot in definition.slots}
    listed = etree.fromstring(post.client.get(f"{post.key_url}/formList").data)
    assert definition.xml_form_id in {each.text for each in listed.iter("{*}formID")}


def filled_and_sent(post: Installation, xform: bytes, media: dict[str, bytes]) -> bool:
    try:
        filled = Respondent.of(
            xform, {name: content for name, content in media.items() if name.endswith(".csv")}, 1
        ).fill()
    except (FormError, etree.ParseError, SyntaxError, KeyError):
        return True  # our respondent reads less than phones do; every leaf was sent above
    return post.post(filled.xml, filled.files).status_code == 201


def exported(post: Installation, definition: FormDefinition, texts: set[str]) -> None:
    address = f"/v1/projects/{post.project_id}/forms/{quote(definition.xml_form_id, safe='')}/submissions.csv.zip"
    with post.client.get(address, headers=post.admin) as answer:
        assert answer.status_code == 200
        content = answer.data
    cells: set[str] = set()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for file in filter(lambda name: name.endswith(".csv"), archive.namelist()):
            cells.update(cell for row in csv.reader(io.StringIO(archive.read(file).decode())) for cell in row)
    split = {"réponse"} if any(field.type == "geopoint" for field in definition.fields) else set()
    assert {text for text in texts if text not in cells and not split} == set()
