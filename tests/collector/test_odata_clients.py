"""The feed as ODK's own client reads it: pyodk, unchanged, over a socket."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyodk.client import Client
from pyodk.errors import PyODKError

from collector.odata.names import identifier
from forms.xform import FormDefinition
from tests.collector.feeds import ANSWERS, fill
from tests.collector.forms import META, Node, define, trees
from tests.collector.instances import children_of, plain, submissions
from tests.collector.xforms import xform_of
from tests.installation import PASSWORD
from tests.served import Place


@pytest.fixture
def client(place: Place, tmp_path: Path) -> Iterator[Client]:
    """pyodk, signed in as the administrator; its project has the form of tests/collector/feeds.py."""
    fill(place.relais)
    config = tmp_path / "config.toml"
    config.write_text(
        f'[central]\nbase_url = "{place.url}"\nusername = "admin@example.org"\npassword = "{PASSWORD}"\n'
        f"default_project_id = {place.relais.project_id}\n",
        encoding="utf-8",
    )
    with Client(config_path=str(config), cache_path=str(tmp_path / "cache.toml")) as opened:
        yield opened


def test_what_was_sent_comes_back(client: Client) -> None:
    table = client.submissions.get_table("survey", filter="__id eq 'uuid:4'", expand="*", count=True)
    (row,) = table["value"]
    assert table["@odata.count"] == 1
    assert (row["village"], row["size"], row["day"]) == (ANSWERS["village"], 7, ANSWERS["day"])
    assert [member["name"] for member in row["member"]] == ["Ali", "Zara"]
    assert [child["name"] for child in row["member"][1]["about"]["child"]] == ["Bana", "Ousmane"]
    later = client.submissions.get_table(
        "survey", filter="__system/submissionDate ge " + row["__system"]["submissionDate"]
    )
    assert [each["__id"] for each in later["value"]] == ["uuid:4"]
    assert (
        client.submissions.get_table(
            "survey", filter=f"__system/submissionDate gt {row['__system']['submissionDate']}"
        )["value"]
        == []
    )


def test_tables_are_read_page_by_page(client: Client, place: Place) -> None:
    first = client.submissions.get_table("survey", table_name="Submissions.member", top=3, wkt=True)
    following = client.session.get(first["@odata.nextLink"]).json()
    assert first["@odata.nextLink"].startswith(place.url)
    assert len(first["value"] + following["value"]) == 6
    assert client.submissions.get_table("survey", skip=4, select="__id")["value"] == [{"__id": "uuid:0"}]


def test_a_refusal_is_understood(client: Client) -> None:
    with pytest.raises(PyODKError) as caught:
        client.submissions.get_table("survey", filter="nothing eq 1")
    assert "501.5" in str(caught.value)


def assert_told(form: FormDefinition, path: str, sent: ET.Element | None, told: dict[str, Any]) -> None:
    """What is told of a group, or of a copy of a repeat, is what was sent of it."""
    for field in children_of(form, path):
        name = identifier(field.name)
        if field.type == "repeat":
            copies = [] if sent is None else sent.findall(field.name)
            assert len(told.get(name, ())) == len(copies)
            for copy, each in zip(copies, told.get(name, ()), strict=True):
                assert_told(form, field.path, copy, each)
            continue
        here = None if sent is None else sent.find(field.name)
        if field.type == "structure":
            assert_told(form, field.path, here, told[name])
            continue
        text, value = (here.text or "") if here is not None else "", told[name]
        if field.type == "int":
            assert value == (int(text) if text.strip().isdigit() else None) or not text.strip().isdigit()
        elif field.type == "geopoint":
            numbers = text.split()
            wanted = [float(numbers[1]), float(numbers[0])] if len(numbers) > 1 and text[0].isdigit() else None
            assert (value or {"coordinates": [0, 0]})["coordinates"][:2] == (wanted or [0, 0])
        else:
            assert value == (text or None)


def test_whatever_is_asked_and_answered_comes_back(client: Client, place: Place) -> None:
    numbers = count()

    @settings(max_examples=6, deadline=None)
    @given(trees, st.data())
    def tried(nodes: tuple[Node, ...], data: st.DataObject) -> None:
        xml_form_id = f"form{next(numbers)}"
        form = define(*nodes, META, xml_form_id=xml_form_id)
        place.relais.publish(xform_of(*nodes, xml_form_id=xml_form_id))
        sent = {f"uuid:{number}": data.draw(submissions(form, f"uuid:{number}")) for number in range(3)}
        for xml in sent.values():
            assert place.relais.post(xml).status_code == 201
        table = client.submissions.get_table(xml_form_id, expand="*")
        assert {row["__id"] for row in table["value"]} == set(sent)
        for row in table["value"]:
            assert_told(form, "", plain(sent[row["__id"]]), row)
        for each in form.tables[1:]:
            name = "Submissions" + "".join(f".{identifier(step)}" for step in each.path[1:].split("/"))
            told = client.submissions.get_table(xml_form_id, table_name=name, count=True)
            copies = sum(len(plain(xml).findall(each.path[1:])) for xml in sent.values())
            assert (len(told["value"]), told["@odata.count"]) == (copies, copies)

    tried()
