"""The codebook in every language of a form."""

import io

import openpyxl

from collector.export_request import ExportRequest
from tests.collector.odd_data import export
from tests.collector.xforms import send
from tests.installation import Installation

TWO_LANGUAGES = (
    b'<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">'
    b'<h:head><h:title>Eau</h:title><model><itext><translation lang="fran\xc3\xa7ais (fr)" default="true()">'
    b'<text id="q"><value>Quelle eau ?</value></text><text id="a"><value>Puits</value></text></translation>'
    b'<translation lang="English (en)"><text id="q"><value>Which water?</value></text><text id="a"><value>Well</value>'
    b'</text></translation></itext><instance><data id="survey" version="1"><water/><meta><instanceID/></meta></data>'
    b'</instance><bind nodeset="/data/water" type="string"/><bind nodeset="/data/meta/instanceID" type="string"/>'
    b'</model></h:head><h:body><select1 ref="/data/water"><label ref="jr:itext(\'q\')"/><item>'
    b"<label ref=\"jr:itext('a')\"/><value>w</value></item></select1></h:body></h:html>"
)


def test_the_codebook_says_everything_in_every_language(post_node: Installation) -> None:
    post_node.publish(TWO_LANGUAGES)
    for water in ("w", ""):
        send(post_node, {"water": water})
    content, passport = export(post_node, ExportRequest(format="codebook.xlsx", language="English (en)"))
    assert passport["file"]["name"] == "survey-codebook.xlsx"
    book = openpyxl.load_workbook(io.BytesIO(content))
    heads, water, *_ = book["Question"].iter_rows(values_only=True)
    found = dict(zip(heads, water, strict=True))
    assert (found["Label [français (fr)]"], found["Label [English (en)]"]) == ("Quelle eau ?", "Which water?")
    assert (found["Type"], found["Answers"], found["Empty"]) == ("select_one", 1, 1)
    assert list(book["Choices"].iter_rows(values_only=True))[1] == ("/water", "w", "Puits", "Well")
    page = export(post_node, ExportRequest(format="codebook", language="English (en)"))[0].decode()
    assert "Well<br><small>français (fr): Puits</small>" in page
