"""The page of data: choose, see what one will get, download or have it prepared, keep the choices, read the passport."""

import csv
import io
from urllib.parse import urlencode

import pytest
from werkzeug.datastructures import MultiDict

from collector.export_choices import PLAIN, as_fields, of_fields
from collector.export_queue import run_next
from collector.export_request import FOR_PEOPLE, FRENCH_EXCEL, ExportRequest, of_json
from tests.collector.rest import admin_of, created, one
from tests.installation import Installation
from tests.reader import Reader, person, sign_in

DATA = "/projects/1/forms/household/data"
CSV = {"format": "csv", "spreadsheet": "french", "states": ["received", "approved"], "attachments": "1"}


@pytest.fixture
def viewer(post_node: Installation) -> Reader:
    return person(post_node, "viewer@example.org", "viewer")


def query(**more: object) -> str:
    return urlencode({**CSV, **more}, doseq=True)


def fill(relais: Installation) -> None:
    admin = admin_of(relais)
    created(admin, name="Aïchatou; =1")
    rejected = created(admin, name="Rejetée")
    admin.call("PATCH", one(rejected), json={"reviewState": "rejected"})


def test_what_is_chosen_is_shown_and_downloaded(post_node: Installation, viewer: Reader) -> None:
    fill(post_node)
    assert "Ce que vous recevrez" not in viewer.words(DATA)
    assert "toutes, même les rejetées" in viewer.words(DATA)
    words = viewer.words(f"{DATA}?{query()}")
    assert "non comprises : 1 (état de revue non demandé)" in words
    assert "Aïchatou; =1" in words
    assert "Rejetée" not in words
    (link,) = viewer.page(f"{DATA}?{query()}").xpath("//section//a[@download]/@href")
    file = viewer.get(link)
    assert file.headers["Content-Disposition"].startswith('attachment; filename="household.csv"')
    assert file.headers["Cache-Control"] == "private, no-cache"
    assert file.data.startswith(b"\xef\xbb\xbfSubmissionDate;")
    rows = list(csv.reader(io.StringIO(file.data.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [len(row) for row in rows] == [len(rows[0])] * 2
    assert "Aïchatou; =1" in rows[1]
    # Nobody is like that: nothing is prepared, and the file has titles alone.
    page = viewer.page(f"{DATA}?{query(states='hasIssues')}")
    assert "Aucune fiche ne correspond" in page.text_content()
    assert len(page.xpath("//section[@id='preview']//a[@download]")) == 1
    assert not page.xpath("//section[@id='preview']//form[contains(@action, '/exports')]")


def test_it_can_be_prepared_and_fetched_with_its_passport(post_node: Installation, viewer: Reader) -> None:
    fill(post_node)
    fields = {**CSV, "states": "approved", "format": "xlsx"}
    assert "en préparation" in viewer.follow(f"{DATA}/exports", **{**fields, "states": "received"})  # type: ignore[arg-type]
    assert run_next(post_node.services)
    (link,) = viewer.page(DATA).xpath("//ul[@class='rows']//a[contains(@href, '/exports/')]/@href")
    words = viewer.words(link)
    for expected in ("Que contient ce fichier ?", "dans le fichier", "état de revue non demandé", "household.xlsx"):
        assert expected in words
    file = viewer.get(f"{link}/file")
    assert (file.status_code, file.data[:2], file.headers["Cache-Control"]) == (200, b"PK", "private, no-cache")
    assert sign_in(post_node).get(link).status_code == 404
    assert "le fichier n’est plus gardé" not in viewer.words(DATA)
    said = viewer.follow(f"{link}/withdraw")
    assert "Préparés pour vous" in said
    assert "le fichier n’est plus gardé" in said
    assert viewer.get(f"{link}/file").status_code == 404
    assert "Le jeter" not in viewer.words(link)
    assert "Le fichier n’est plus gardé" in viewer.words(link)


def test_choices_are_kept_under_a_name_and_forgotten(post_node: Installation, viewer: Reader) -> None:
    fields = dict(CSV, states="received", name="Rapport mensuel", choices="labels")
    assert "Ce que vous recevrez" in viewer.follow(f"{DATA}/presets", **fields)  # type: ignore[arg-type]
    (link,) = viewer.page(DATA).xpath("//a[text()='Rapport mensuel']/@href")
    page = viewer.page(link)
    assert page.xpath("//select[@name='choices']/option[@selected]/@value") == ["labels"]
    assert page.xpath("//input[@name='states'][@checked]/@value") == ["received"]
    assert "Rapport mensuel" not in sign_in(post_node).words(DATA)
    assert "Rapport mensuel" not in viewer.follow(f"{DATA}/presets/forget", name="Rapport mensuel")
    assert viewer.post(f"{DATA}/presets", **dict(fields, name="")).status_code == 400  # type: ignore[arg-type]


def test_readers_of_english_begin_with_commas(post_node: Installation) -> None:
    english = sign_in(post_node, language="en")
    assert "What can I take away?" in english.words(DATA)
    assert english.page(DATA).xpath("//input[@name='spreadsheet'][@checked]/@value") == ["plain"]
    assert english.get(f"{DATA}?format=doc").status_code == 400


@pytest.mark.parametrize(
    "asked",
    [
        FOR_PEOPLE,
        FRENCH_EXCEL,
        of_json({"format": "xlsx", "since": "last", "choices": "both", "language": "Français", "attachments": False}),
        of_json({"repeats": "joined", "joined": "/data/member", "versions": ["1", ""], "filter": "a eq 'é&='"}),
    ],
)
def test_choices_make_the_same_request_again(asked: ExportRequest) -> None:
    assert of_fields(MultiDict(as_fields(asked)), PLAIN) == asked
