"""Exports of encrypted submissions: with the passphrase as if nothing had been encrypted, without it as ODK Central answers."""

import csv
import io
import json
import logging
import re
import zipfile
from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from accounts.events import after
from collector.models import ReceiptFile
from forms import managed_key
from forms.stored_files import ensure_blob, store
from tests.collector.encrypted import send_sealed
from tests.collector.forms import Node, question, repeat
from tests.collector.receiving import receipt
from tests.collector.rest import NOT_ALLOWED, admin_of, caller, problem
from tests.collector.xforms import filled, xform_of
from tests.installation import Installation, new_id

PASSPHRASE = "mange mille et un mil"
WRONG = (400, 400.12, "Could not perform decryption. Double check your passphrase and your data and try again.")
AUDIT = b"event,node,start,end\nquestion,/data/name,1700000000001,1700000000002\n"
QUESTIONS = (
    question("name"),
    question("photo", "binary"),
    question("regions", "select"),
    question("place", "geopoint"),
    repeat("child", question("first"), question("picture", "binary")),
)
META = Node("meta", "structure", (question("audit", "binary"), question("instanceID"), question("instanceName")))
ANSWERS: dict[str, Any] = {
    "name": 'Aïchatou, "Aïcha"\n',
    "photo": "1.jpg",
    "regions": "south north",
    "place": "13.5 2.1 180 5",
    "child": [{"first": "Moussa", "picture": "2.jpg"}, {"first": "Zara"}],
}
FILES = {"1.jpg": b"\xff\xd8" * 70_000, "2.jpg": b"x" * 16, "audit.csv": AUDIT}
BASE = "/v1/projects/1/forms/survey/submissions"


def form(version: str = "1") -> bytes:
    return (
        xform_of(*QUESTIONS, version=version)
        .replace(b"<meta>", b"<meta><audit/>", 1)
        .replace(b"</model>", b'<bind nodeset="/data/meta/audit" type="binary"/></model>')
    )


def answered(instance_id: str, version: str = "1") -> bytes:
    return filled(ANSWERS, instance_id, version=version).replace(b"<meta>", b"<meta><audit>audit.csv</audit>")


def encrypt_project(relais: Installation, hint: str = "") -> int:
    """The number of the project's new key."""
    answer = relais.client.post(
        "/v1/projects/1/key", json={"passphrase": PASSPHRASE, "hint": hint}, headers=relais.admin
    )
    assert answer.status_code == 200, answer.text
    key_id: int = relais.client.get("/v1/projects/1", headers=relais.admin).get_json()["keyId"]
    return key_id


def version_of(relais: Installation, path: str = "/v1/projects/1/forms/survey") -> str:
    version: str = relais.client.get(path, headers=relais.admin).get_json()["version"]
    return version


def get(relais: Installation, path: str) -> TestResponse:
    return relais.client.get(path if path.startswith("/v1") else BASE + path, headers=relais.admin)


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def members(answer: TestResponse) -> dict[str, bytes]:
    assert answer.status_code == 200, answer.data
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(autouse=True)
def _cheap_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(managed_key, "ROUNDS", 10)


@pytest.fixture
def secret(post_node: Installation) -> Installation:
    """An encrypted project with one submission from before and one after."""
    post_node.publish(form())
    assert post_node.post(answered("uuid:plain"), FILES).status_code == 201
    encrypt_project(post_node)
    send_sealed(post_node, answered("uuid:secret", version_of(post_node)), FILES)
    return post_node


def comparable(found: dict[str, bytes]) -> dict[str, Any]:
    """What must be the same whether or not it was encrypted on its way."""
    compared: dict[str, Any] = dict(found)
    (row,) = table(found["survey.csv"])
    # The encrypted submission is a file of its own.
    present, expected = (int(row.pop(f"Attachments{what}")) for what in ("Present", "Expected"))
    assert present == expected
    row["FormVersion"] = re.sub(r"\[encrypted:.{8}\]", "", row["FormVersion"])
    row.pop("SubmissionDate")
    compared["survey.csv"] = list(row.items())
    return compared


def test_with_the_passphrase_it_is_as_if_nothing_had_been_encrypted(relais: Installation) -> None:
    relais.publish(form())
    assert relais.post(answered("uuid:same"), FILES).status_code == 201
    plain = comparable(members(get(relais, ".csv.zip")))
    assert sorted(plain) == [
        "media/1.jpg",
        "media/2.jpg",
        "survey - audit.csv",
        "survey-child.csv",
        "survey.csv",
    ]
    with relais.services.database.transaction() as session:
        for name in ("receipt_file", "answers", "submission", "receipt"):
            session.connection().exec_driver_sql(f"DELETE FROM {name}")
    key_id = encrypt_project(relais)
    sent = send_sealed(relais, answered("uuid:same", version_of(relais)), FILES)
    assert not any(b"Moussa" in content for content in sent.values())
    answer = get(relais, f".csv.zip?{key_id}={PASSPHRASE}")
    assert comparable(members(answer)) == plain
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_without_it_there_is_what_the_server_knows(secret: Installation) -> None:
    found = members(get(secret, ".csv.zip"))
    newest, oldest = table(found.pop("survey.csv"))
    assert (newest["KEY"], newest["Status"], newest["name"]) == ("uuid:secret", "not decrypted", "")
    assert (newest["AttachmentsPresent"], newest["AttachmentsExpected"]) == ("4", "4")
    assert (oldest["Status"], oldest["name"]) == ("", ANSWERS["name"])
    assert [row["PARENT_KEY"] for row in table(found.pop("survey-child.csv"))] == ["uuid:plain"] * 2
    assert set(found) == {"media/1.jpg", "media/2.jpg", "survey - audit.csv"}
    assert {row["instance ID"] for row in table(found["survey - audit.csv"])} == {"uuid:plain"}


def test_with_it_old_and_new_are_together(secret: Installation) -> None:
    alone = get(secret, f".csv?1={PASSPHRASE}").data
    for body in ({"data": {"1": PASSPHRASE}}, {"json": {"1": PASSPHRASE}}):
        more: dict[str, Any] = dict(body)
        assert secret.client.post(f"{BASE}.csv", headers=secret.admin, **more).data == alone
    rows = table(alone)
    assert [(row["KEY"], row["Status"], row["name"]) for row in rows] == [
        (key, "", ANSWERS["name"]) for key in ("uuid:secret", "uuid:plain")
    ]
    found = members(get(secret, f".csv.zip?1={PASSPHRASE}&splitSelectMultiples=true&attachments=false"))
    assert [row["regions/north"] for row in table(found["survey.csv"])] == ["1", "1"]
    assert len(table(found["survey-child.csv"])) == 4
    assert len(found) == 2


def test_a_wrong_passphrase_fails_the_whole_request(secret: Installation) -> None:
    for wrong, path in (("", ".csv"), ("mange mille et un mils", ".csv.zip")):
        assert problem(get(secret, f"{path}?1={wrong}")) == WRONG
        assert problem(secret.client.post(BASE + path, headers=secret.admin, json={"1": wrong})) == WRONG
    assert problem(secret.client.post(BASE + path, headers=secret.admin, json={"1": 12345}))[:2] == (400, 400.11)
    with secret.services.database.reading() as session:
        assert not [each for each in after(session, 1, 0, 500) if each.action == "form.submission.export"]


def test_who_asks_for_one_key_gets_nothing_that_needs_another(secret: Installation) -> None:
    rows = table(get(secret, ".csv?77=whatever&99999999999999999999=x").data)
    assert [row["KEY"] for row in rows] == ["uuid:plain"]
    assert "media/1.jpg" in members(get(secret, ".csv.zip?77=whatever"))


def test_only_readers_may_try_passphrases(secret: Installation) -> None:
    viewer, stranger = caller(secret, "v@example.org", "viewer"), caller(secret, "s@example.org")
    path = f"{BASE}.csv?1={PASSPHRASE}"
    assert viewer.get(path).status_code == 200
    assert problem(stranger.get(path)) == problem(stranger.get(f"{BASE}.csv?1=wrong")) == NOT_ALLOWED


def test_keys_are_listed_and_values_that_were_encrypted_get_no_columns(post_node: Installation) -> None:
    post_node.publish(form())
    key_id = encrypt_project(post_node, hint="le mil")
    send_sealed(post_node, answered("uuid:1", version_of(post_node)), FILES)
    (key,) = admin_of(post_node).json(f"{BASE}/keys")
    assert (key["id"], key["managed"], key["hint"]) == (key_id, True, "le mil")
    assert set(key) == {"id", "public", "managed", "hint", "createdAt"}
    (row,) = table(get(post_node, f".csv?{key_id}={PASSPHRASE}&splitSelectMultiples=true").data)
    assert (row["regions"], "regions/north" in row) == ("south north", False)


def test_drafts_are_decrypted_too(post_node: Installation) -> None:
    key_id = encrypt_project(post_node)
    draft = post_node.draft(form("7"))
    url = f"/v1/test/{draft.draft_token}/projects/1/forms/survey/draft"
    send_sealed(post_node, answered("uuid:d", draft.version), FILES, url=url)
    path = "/v1/projects/1/forms/survey/draft/submissions"
    (row,) = table(get(post_node, f"{path}.csv?{key_id}={PASSPHRASE}").data)
    assert (row["KEY"], row["name"], row["Status"]) == ("uuid:d", ANSWERS["name"], "")
    assert members(get(post_node, f"{path}.csv.zip?{key_id}={PASSPHRASE}"))["media/1.jpg"] == FILES["1.jpg"]
    (key,) = admin_of(post_node).json(f"{path}/keys")
    assert key["id"] == key_id


def exchange(relais: Installation, instance_id: str, name: str, content: bytes) -> None:
    """What somebody does who can write to the server but has no key."""
    with relais.services.database.transaction() as session:
        other = store(relais.services.storage, content)
        ensure_blob(session, 1, other)
        which = (ReceiptFile.receipt_id == receipt(relais, instance_id).id) & (ReceiptFile.name == name)
        session.execute(update(ReceiptFile).where(which).values(sha256=other.sha256))


def test_what_is_missing_or_damaged_costs_nothing_else(secret: Installation) -> None:
    version = version_of(secret)
    send_sealed(secret, answered("uuid:lost", version), FILES, without="submission.xml.enc")
    sent = send_sealed(secret, answered("uuid:hurt", version), FILES)
    for name in ("submission.xml.enc", "2.jpg.enc"):
        exchange(secret, "uuid:hurt", name, sent[name][:-1])
    answer = get(secret, f".csv.zip?1={PASSPHRASE}")
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert {row["KEY"]: row["Status"] for row in table(archive.read("survey.csv"))} == {
        "uuid:hurt": "not decrypted",
        "uuid:lost": "missing encrypted form data",
        "uuid:secret": "",
        "uuid:plain": "",
    }
    names = archive.namelist()
    assert (names.count("media/1.jpg"), names.count("media/2.jpg"), names.count("media/2.jpg.enc")) == (4, 3, 1)
    assert archive.read("media/2.jpg.enc") == sent["2.jpg.enc"][:-1]
    assert len(table(archive.read("survey - audit.csv"))) == 4


def test_a_file_altered_without_the_key_is_noticed(secret: Installation) -> None:
    version = version_of(secret)
    sent = send_sealed(secret, answered("uuid:altered", version), FILES)
    send_sealed(secret, answered("uuid:alone", version).replace(b"1.jpg", b"").replace(b"2.jpg", b""))
    send_sealed(secret, answered("uuid:part", version), FILES, without="2.jpg.enc")
    altered = bytearray(sent["1.jpg.enc"])
    altered[1000] ^= 1
    exchange(secret, "uuid:altered", "1.jpg.enc", bytes(altered))
    assert members(get(secret, f".csv.zip?1={PASSPHRASE}"))
    ((passport,),) = secret.rows("SELECT passport FROM export")
    facts = passport if isinstance(passport, dict) else json.loads(passport)
    assert facts["signatures"] == {"right": 2, "wrong": 1, "unknown": 1, "differing": ["uuid:altered"]}
    assert facts["openedKeys"] == [1]


def test_the_tag_of_what_is_closed_is_not_that_of_what_is_open(secret: Installation) -> None:
    closed = get(secret, ".csv").headers["ETag"]
    path = f"{BASE}.csv?1={PASSPHRASE}"
    opened = secret.client.get(path, headers={**secret.admin, "If-None-Match": closed})
    assert opened.status_code == 200
    again = secret.client.get(path, headers={**secret.admin, "If-None-Match": opened.headers["ETag"]})
    assert again.status_code == 304
    # The one that is kept rendered was never opened.
    assert [row["Status"] for row in table(get(secret, ".csv").data)] == ["not decrypted", ""]


def test_a_passphrase_leaves_no_trace_but_the_number_of_its_key(
    secret: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert get(secret, f".csv.zip?1={PASSPHRASE}").data
        get(secret, ".csv.zip?1=une autre phrase")
    assert not [each for each in (PASSPHRASE, "mange", "une autre phrase") if each in caplog.text]
    with secret.services.database.reading() as session:
        (event,) = [each for each in after(session, 1, 0, 500) if each.action == "form.submission.export"]
    assert event.details is not None
    assert event.details["keyIds"] == [1]
    assert "mange" not in str([secret.rows(f"SELECT * FROM {name}") for name in ("export", "event", "encryption_key")])


def test_data_viewers_see_the_answers_open_to_them(post_node: Installation) -> None:
    classed = form().replace(b'nodeset="/data/name"', b'nodeset="/data/name" sensitivity="P"')
    post_node.publish(classed)
    key_id = encrypt_project(post_node)
    send_sealed(post_node, answered(new_id(), version_of(post_node)), FILES)
    viewer = caller(post_node, "d@example.org", "data-viewer")
    found = members(viewer.get(f"{BASE}.csv.zip?{key_id}={PASSPHRASE}"))
    assert [(row["name"], row["regions"]) for row in table(found["survey.csv"])] == [("", ANSWERS["regions"])]
    assert set(found) == {"survey.csv", "survey-child.csv"}
