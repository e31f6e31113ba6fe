"""A form manager's way in a real browser: from a workbook with a mistake to a phone that has the form."""

import re

import pytest
from playwright.sync_api import FilePayload, Page

from tests.browser.conftest import Open, read
from tests.forms import workbook
from tests.handset.settings_code import read_settings
from tests.installation import new_id
from tests.phone import Phone
from tests.served import Place

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CAMP = """
| survey |
| | type                          | name  | label::Français (fr) | label::English (en) | relevant |
| | text                          | chief | Nom du chef          | Name of the head    |          |
| | select_one_from_file list.csv | place | Lieu                 | Place               |          |
| | integer                       | age   | Âge                  | Age                 | ${chief} != '' |
| settings |
| | form_id | form_title | version |
| | camp    | Camp       | 7       |
"""


def book(table: str) -> FilePayload:
    return {"name": "camp.xlsx", "mimeType": "application/octet-stream", "buffer": workbook(table)}


def said(page: Page) -> str:
    return " ".join(page.inner_text("main").replace("\u00a0", " ").split())


def scanned(page: Page, place: Place) -> Phone:
    """A phone that scanned the code on the page, at the address where this test serves."""
    settings = read_settings(read(page, page.locator(".sheet-qr svg").screenshot()))
    return Phone(re.sub(r"^http://[^/]+", place.url, settings.server_url))


def test_a_form_goes_from_a_wrong_workbook_to_a_phone(visit: Open, place: Place) -> None:
    page = visit(f"/projects/{place.relais.project_id}")
    page.click("text=Ajouter un formulaire")
    page.set_input_files("#file", book(CAMP.replace("${chief}", "${chef}")))
    page.click("main button")
    page.wait_for_selector(".notice.error")
    assert "Feuille survey, ligne 4, colonne relevant" in said(page)
    # The page has not been left: the address is still the one where a workbook is brought.
    page.set_input_files("#file", book(CAMP))
    page.click("main button")
    page.wait_for_url("**/camp/draft?done=created")
    assert "Il manque 1 fichier list.csv" in said(page)
    page.set_input_files("#files", {"name": "list.csv", "mimeType": "text/csv", "buffer": b"name,label\nd,Diffa\n"})
    page.click("text=Garder ces fichiers")
    page.wait_for_url("**done=files**")
    page.click("text=Le lire comme sur un téléphone")
    assert "Affichée si : « Nom du chef » a une réponse" in said(page)
    page.click("text=English (en)")
    assert "Name of the head" in said(page)
    page.click(".action-bar >> text=L’essayer")
    trial = scanned(page, place)
    assert trial.refresh().downloaded == ["camp"]
    filled = f'<data id="camp" version="7"><chief>Aïcha</chief><meta><instanceID>{new_id()}</instanceID></meta></data>'
    trial.finalize(filled.encode())
    assert [result.status for result in trial.send_all()] == [201]
    page.reload()
    page.click(".rows a")
    assert "Aïcha" in said(page)
    page.go_back()
    page.click(".action-bar >> text=Comparer et publier")
    assert "C’est la première version" in said(page)
    page.click(".action-bar >> text=Publier le formulaire")
    assert "Le formulaire est publié" in said(page)
    phone = place.phone()
    phone.refresh()
    assert {form.form_id for form in phone.forms} == {"household", "camp"}
    assert phone.form("camp").media


def test_a_workbook_is_brought_without_javascript(visit: Open, place: Place) -> None:
    page = visit(f"/projects/{place.relais.project_id}/new-form", java_script_enabled=False)
    page.set_input_files("#file", {"name": "x.xml", "mimeType": "text/xml", "buffer": b"<html/>"})
    page.click("main button")
    assert "Ce n’est pas encore un formulaire" in said(page)
    page.set_input_files("#file", book(CAMP))
    page.click("main button")
    assert "C’est un brouillon" in said(page)
