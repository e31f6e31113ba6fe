import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from collector.openrosa_xml import ListEntry, MediaEntry, form_list, manifest, path_segment, response

MD5 = "0123456789abcdef0123456789abcdef"
URL = "http://192.168.1.10:8000/v1/projects/1/forms/flow.xml"
LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
RESPONSE = "{http://openrosa.org/http/response}"


def entry(**changes: object) -> ListEntry:
    fields = {"form_id": "flow", "name": "Flow", "version": "2026112201", "md5": MD5, "download_url": URL} | changes
    return ListEntry(**fields)  # type: ignore[arg-type]


def media(**changes: object) -> MediaEntry:
    fields = {"filename": "adm1.csv", "md5": MD5, "download_url": URL} | changes
    return MediaEntry(**fields)  # type: ignore[arg-type]


def test_the_form_list_has_the_root_and_children_collect_looks_for_c9_c10_c11() -> None:
    root = etree.fromstring(form_list([entry(manifest_url=URL + "/manifest")]))
    assert root.tag == LIST + "xforms"
    assert [(child.tag, child.text) for child in root[0]] == [
        (LIST + "formID", "flow"),
        (LIST + "name", "Flow"),
        (LIST + "version", "2026112201"),
        (LIST + "hash", "md5:" + MD5),
        (LIST + "downloadUrl", URL),
        (LIST + "manifestUrl", URL + "/manifest"),
    ]


def test_a_form_without_attachments_has_no_manifest_url_and_a_blank_version_is_left_out_c10() -> None:
    root = etree.fromstring(form_list([entry(version=" ")]))
    assert [etree.QName(child).localname for child in root[0]] == ["formID", "name", "hash", "downloadUrl"]


@pytest.mark.parametrize("document", [form_list([]), form_list([entry()]), manifest([media()]), response("é", "error")])
def test_nothing_stands_before_the_declaration_c8(document: bytes) -> None:
    assert document.startswith(b'<?xml version="1.0" encoding="UTF-8"?><')


def test_an_empty_list_and_an_empty_manifest_are_documents_too() -> None:
    assert etree.fromstring(form_list([])).tag == LIST + "xforms"
    assert etree.fromstring(manifest([])).tag == MANIFEST + "manifest"


@pytest.mark.parametrize(
    "changes",
    [
        {"form_id": ""},
        {"form_id": " \n"},
        {"form_id": "\x00"},
        {"name": ""},
        {"md5": ""},
        {"md5": MD5.upper()},
        {"md5": "md5:" + MD5},
        {"md5": MD5 + "\n"},
        {"download_url": ""},
        {"download_url": "/v1/forms/flow.xml"},
        {"download_url": "http://host/a b"},
        {"download_url": "http://host/é"},
        {"download_url": "http:///flow.xml"},
        {"manifest_url": ""},
    ],
)
def test_an_entry_that_would_void_the_phones_list_is_refused_c10_c11_c13(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"phone|absolute"):
        form_list([entry(), entry(**changes)])


@pytest.mark.parametrize(
    "changes", [{"filename": ""}, {"filename": "media/a.png"}, {"md5": ""}, {"download_url": "adm1.csv"}]
)
def test_an_attachment_that_would_void_the_manifest_is_refused_c22_c23(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"phone|absolute"):
        manifest([media(**changes)])


def test_two_attachments_of_one_name_are_refused_but_names_differing_in_case_are_two_c23() -> None:
    with pytest.raises(ValueError, match=r"adm1\.csv"):
        manifest([media(), media()])
    assert len(etree.fromstring(manifest([media(), media(filename="ADM1.csv")]))) == 2


def test_an_entity_list_is_marked_by_its_type_c27() -> None:
    root = etree.fromstring(manifest([media(), media(filename="households.csv", type="entityList")]))
    assert [file.get("type") for file in root] == [None, "entityList"]


def test_a_message_with_every_xml_special_arrives_as_written_c49() -> None:
    text = """<b>"Tom" & 'Zoé'</b> ]]> 😀\rtab\tend"""
    root = etree.fromstring(response(text, "submit_success"))
    assert root.tag == RESPONSE + "OpenRosaResponse"
    assert (root[0].tag, root[0].get("nature"), root[0].text) == (RESPONSE + "message", "submit_success", text)


def test_collect_recognises_the_response_by_an_unprefixed_message_element_c49() -> None:
    body = response("Reçu", "submit_success")
    assert b"<OpenRosaResponse " in body
    assert b'<message nature="submit_success">Re\xc3\xa7u</message>' in body


@given(st.text())
def test_any_text_makes_a_readable_document_without_the_characters_xml_forbids(text: str) -> None:
    allowed = re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
    assert (etree.fromstring(response(text, "error"))[0].text or "") == allowed


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda text: text not in (".", ".."))
)
def test_any_name_fits_one_segment_of_a_listed_url_c13(text: str) -> None:
    segment = path_segment(text)
    assert re.fullmatch("[A-Za-z0-9%_.~-]+", segment)
    form_list([entry(download_url=f"https://example.org/v1/{segment}.xml")])


def test_spaces_accents_slashes_and_percent_signs_are_encoded_c13() -> None:
    assert path_segment("suivi été/50%.csv") == "suivi%20%C3%A9t%C3%A9%2F50%25.csv"


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_a_segment_that_clients_resolve_away_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="URL"):
        path_segment(text)
