"""The page that opens encrypted answers: who sees it, what it asks, what it gives, what it never says."""

import csv
import io
import zipfile

import pytest

from forms import managed_key
from tests.collector.encrypted import send_sealed
from tests.collector.test_exports_encrypted import (
    ANSWERS,
    FILES,
    PASSPHRASE,
    answered,
    encrypt_project,
    form,
    version_of,
)
from tests.installation import Installation
from tests.reader import Reader, person, sign_in, stranger

PAGE = "/projects/1/forms/survey/data/encrypted"


@pytest.fixture
def reader(post_node: Installation, monkeypatch: pytest.MonkeyPatch) -> Reader:
    monkeypatch.setattr(managed_key, "ROUNDS", 10)
    post_node.publish(form())
    encrypt_project(post_node, hint="le mil")
    send_sealed(post_node, answered("uuid:1", version_of(post_node)), FILES)
    return sign_in(post_node)


def test_the_passphrase_opens_the_file_and_nothing_else(reader: Reader) -> None:
    assert "Aide-mémoire : le mil" in reader.words(PAGE)
    assert reader.page(PAGE.removesuffix("/encrypted")).xpath(f"//a[@href='{PAGE}']")
    answer = reader.post(PAGE, **{"key-1": PASSPHRASE, "format": "csv.zip"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    (row,) = csv.DictReader(io.StringIO(archive.read("survey.csv").decode("utf-8-sig"), newline=""), delimiter=";")
    assert (row["name"], row["Status"]) == (ANSWERS["name"], "")
    assert archive.read("media/1/1.jpg") == FILES["1.jpg"]
    assert b"mange" not in archive.read("passport.json")
    assert reader.post(PAGE, **{"key-1": PASSPHRASE, "format": "xlsx"}).data[:2] == b"PK"


def test_anything_else_is_asked_again(reader: Reader) -> None:
    for typed, said in (("", "Tapez la phrase secrète."), ("autre", "Ce n’est pas la phrase secrète.")):
        answer = reader.post(PAGE, **{"key-1": typed})
        assert (answer.status_code, said in answer.text, "autre" in answer.text) == (400, True, False)


def test_a_form_without_encrypted_answers_needs_none(post_node: Installation) -> None:
    page = "/projects/1/forms/household/data"
    assert "Rien dans ce formulaire" in sign_in(post_node).words(f"{page}/encrypted")
    assert not sign_in(post_node).page(page).xpath(f"//a[@href='{page}/encrypted']")


@pytest.mark.usefixtures("reader")
def test_a_stranger_sees_nothing_and_a_viewer_of_data_may_open(post_node: Installation) -> None:
    nobody = person(post_node, "s@example.org", None)
    assert nobody.get(PAGE).status_code == nobody.post(PAGE, **{"key-1": PASSPHRASE}).status_code == 403
    viewer = person(post_node, "v@example.org", "viewer")
    assert viewer.post(PAGE, **{"key-1": PASSPHRASE}).status_code == 200
    assert stranger(post_node).get(PAGE).status_code == 401
