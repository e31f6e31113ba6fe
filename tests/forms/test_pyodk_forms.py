"""Forms as ODK's own client makes and changes them: pyodk, unchanged, over a socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyodk._endpoints.form_assignments import FormAssignmentService
from pyodk.client import Client
from pyodk.errors import PyODKError

from tests.forms import workbook
from tests.forms.central import form
from tests.installation import PASSWORD
from tests.served import Place

PLAIN = """
| survey   |                       |       |         |
|          | type                  | name  | label   |
|          | select_one_from_file towns.csv | town | Ville |
"""
WARNED = PLAIN.replace("label   |", "label::Hausa |")


@pytest.fixture
def client(place: Place, tmp_path: Path) -> Iterator[Client]:
    """pyodk, signed in as the administrator."""
    config = tmp_path / "config.toml"
    config.write_text(
        f'[central]\nbase_url = "{place.url}"\nusername = "admin@example.org"\npassword = "{PASSWORD}"\n'
        f"default_project_id = {place.relais.project_id}\n",
        encoding="utf-8",
    )
    with Client(config_path=str(config), cache_path=str(tmp_path / "cache.toml")) as opened:
        yield opened


def test_a_workbook_with_its_files_is_a_form_on_phones(client: Client, place: Place, tmp_path: Path) -> None:
    (tmp_path / "villes été.xlsx").write_bytes(workbook(PLAIN))
    (tmp_path / "towns.csv").write_text("name,label\nd,Diffa\n", encoding="utf-8")
    made = client.forms.create(tmp_path / "villes été.xlsx", attachments=[tmp_path / "towns.csv"])
    assert (made.xmlFormId, made.name, made.state, made.publishedAt) == ("villes été", "villes été", "open", None)
    phone = place.phone()
    phone.refresh()
    assert phone.form("villes été").media == {"towns.csv": b"name,label\nd,Diffa\n"}
    read = client.forms.get("villes été")
    assert read.publishedAt is not None
    assert client.forms.get_xml("villes été") == phone.form("villes été").xml.decode()
    assert [each.xmlFormId for each in client.forms.list()] == ["household", "villes été"]


def test_forms_are_changed_by_definition_and_by_files(client: Client, place: Place, tmp_path: Path) -> None:
    xml = form("visit", "1", files=("towns.csv",)).decode()
    client.forms.create(xml)
    towns = tmp_path / "towns.csv"
    towns.write_text("name,label\n", encoding="utf-8")
    client.forms.update("visit", attachments=[towns], version_updater=lambda version: f"{version}.1")
    assert client.forms.get("visit").version == "1.1"
    client.forms.update("visit", definition=xml.replace('version="1"', 'version="2"'))
    assert client.forms.get("visit").version == "2"
    client.forms.update("visit", attachments=[towns])
    assert client.forms.get("visit").version.startswith("20")
    phone = place.phone()
    phone.refresh()
    assert phone.form("visit").media == {"towns.csv": b"name,label\n"}
    versions = client.get(f"projects/{place.relais.project_id}/forms/visit/versions").json()
    assert [version["version"] for version in versions][1:] == ["2", "1.1", "1"]


def test_refusals_are_understood(client: Client) -> None:
    with pytest.raises(PyODKError) as caught:
        client.forms.create(workbook(WARNED), form_id="towns", ignore_warnings=False)
    assert caught.value.is_central_error(400.16)
    with pytest.raises(PyODKError) as caught:
        client.forms.get("nothing")
    assert caught.value.is_central_error(404.1)
    client.forms.create(form("visit", "1").decode())
    with pytest.raises(PyODKError) as caught:
        client.forms.update("visit", definition=form("visit", "1", name="string", age="int", more="int").decode())
    assert caught.value.is_central_error(409.6)


def test_an_app_user_is_given_a_form(client: Client, place: Place) -> None:
    client.forms.create(form("visit", "1").decode())
    phone = place.relais.new_phone("Relais 7", all_forms=False)
    service = FormAssignmentService(session=client.session, default_project_id=place.relais.project_id)
    assert service.assign(role_id=2, user_id=phone.actor_id, form_id="visit")
    listed = place.ask("GET", f"{place.url}/v1/key/{phone.token}/projects/{place.relais.project_id}/formList").body
    assert (b"<formID>visit<" in listed, b"household" in listed) == (True, False)
