"""Managed encryption: a project's key, the forms that carry it, and opening what phones encrypted with it."""

import io
import re
import threading
from unicodedata import normalize

import pytest
import time_machine
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Project
from collector.decryption import Decryptor
from config.problem import Problem
from forms.encryption import encrypt_project
from forms.managed_key import ManagedKey, make_managed_key, open_managed_key
from forms.public_key import MARK, version_suffix, with_public_key
from forms.xform import parse_xform
from tests.forms import workbook
from tests.forms.central import EXCEL, Caller, code, form, person
from tests.forms.encrypting import encrypt
from tests.installation import Installation, xform

PASSPHRASE = "supersecret été"


@pytest.fixture(scope="module")
def key() -> ManagedKey:
    return make_managed_key(PASSPHRASE)


def test_only_the_passphrase_opens_the_private_half(key: ManagedKey) -> None:
    assert "supersecret" not in str(key.sealed)
    assert open_managed_key(key.sealed, PASSPHRASE).key_size == 2048
    assert open_managed_key(key.sealed, normalize("NFD", PASSPHRASE)).key_size == 2048
    for wrong in ("", "supersecret ete", PASSPHRASE + " "):
        with pytest.raises(Problem) as caught:
            open_managed_key(key.sealed, wrong)
        assert caught.value.code == 400.12
    with pytest.raises(Problem):
        open_managed_key({"privkey": "x"}, PASSPHRASE)


@pytest.fixture(scope="module")
def decryptor(key: ManagedKey) -> Decryptor:
    return Decryptor({7: open_managed_key(key.sealed, PASSPHRASE)})


@settings(max_examples=10)
@given(
    files=st.lists(st.binary(max_size=70), min_size=1, max_size=40),
    instance_id=st.text(min_size=1, max_size=40),
    mask=st.sampled_from([hashes.SHA256(), hashes.SHA1()]),  # noqa: S303 - what some clients use
)
def test_what_a_phone_encrypts_is_read_again(
    key: ManagedKey, decryptor: Decryptor, files: list[bytes], instance_id: str, mask: hashes.HashAlgorithm
) -> None:
    local, sealed = encrypt(key.public, instance_id, files, mask)
    opened = decryptor.files(7, local, instance_id)
    assert [opened.read(content, place) for place, content in enumerate(sealed)] == files
    assert [b"".join(opened.stream(io.BytesIO(content), place)) for place, content in enumerate(sealed)] == files


def test_what_belongs_to_something_else_is_not_made_up(key: ManagedKey, decryptor: Decryptor) -> None:
    local, (sealed,) = encrypt(key.public, "uuid:1", [b"<data/>" * 5])
    assert (decryptor.opens(7), decryptor.opens(8), decryptor.opens(None)) == (True, False, False)
    for wrong in ("", "AAAA", local[:-8] + "AAAAAAA="):
        with pytest.raises(Problem):
            decryptor.files(7, wrong, "uuid:1")
    with pytest.raises(Problem):
        decryptor.files(7, local, "uuid:1").read(b"", 0)
    with pytest.raises(Problem):
        decryptor.files(7, local, "uuid:1").read(sealed[:-1], 0)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '<submission base64RsaPublicKey="K+/="/></model>'),
        ('<submission action="https://x.example/a?b>c"/>', '<submission action="https://x.example/a?b>c" base64RsaPublicKey="K+/="/></model>'),
        ("<submission\n></submission>", '<submission base64RsaPublicKey="K+/="\n></submission></model>'),
    ],
)  # fmt: skip
def test_a_key_is_put_into_the_form_and_nothing_else_changes(before: str, after: str) -> None:
    plain = form().replace(b"</model>", before.encode() + b"</model>")
    encrypted = with_public_key(plain, "K+/=")
    assert encrypted == plain.replace(before.encode() + b"</model>", after.encode())
    assert parse_xform(encrypted).public_key == "K+/="


@pytest.fixture
def manager(relais: Installation) -> Caller:
    return person(relais, "manager", "manager")


SURVEY = """
| survey   |         |         |       |
|          | type    | name    | label |
|          | text    | nom     | Nom   |
| settings |         |         |       |
|          | form_id | version |       |
|          | passage | 3       |       |
"""


def test_a_project_is_encrypted_with_all_of_its_forms(manager: Caller) -> None:
    relais = manager.relais
    manager.create(form(version="1", files=("a.csv",)))
    manager("POST", "/forms/simple/draft/attachments/a.csv", b"kept")
    manager("POST", "/forms/simple/draft/publish")
    manager.draft("simple", form(version="2", files=("a.csv",)))
    token = manager.json("/forms/simple/draft")["draftToken"]
    own = form("own", "1").replace(b"</model>", b'<submission base64RsaPublicKey="MIIBown"/></model>')
    manager.create(own, "?publish=true")
    assert manager("POST", "/key", {"passphrase": PASSPHRASE, "hint": "the usual"}).get_json() == {"success": True}
    key_id = relais.client.get(f"/v1/projects/{relais.project_id}", headers=manager.headers).get_json()["keyId"]
    assert key_id > 0
    shown = {each["xmlFormId"]: each for each in manager.json("/forms")}
    assert shown["simple"]["version"].startswith("1[encrypted:")
    assert shown["simple"]["version"].removeprefix("1") == shown["household"]["version"].removeprefix("1")
    assert [shown[name]["keyId"] == key_id for name in ("simple", "household", "own")] == [True, True, False]
    assert (shown["own"]["version"], shown["own"]["keyId"] is None) == ("1", False)
    draft = manager.json("/forms/simple/draft")
    assert (draft["version"].startswith("2[encrypted:"), draft["keyId"], draft["draftToken"]) == (True, key_id, token)
    assert manager("GET", "/forms/simple/attachments/a.csv").data == b"kept"
    assert manager("GET", "/forms/simple/draft/attachments/a.csv").data == b"kept"
    assert [each["version"] for each in manager.json("/forms/simple/versions")][1:] == ["1"]
    listed = relais.client.get(f"{relais.key_url}/formList").data
    assert listed.count(b"[encrypted:") == 2


def test_forms_made_later_are_encrypted_too_unless_they_bring_a_key(manager: Caller) -> None:
    manager("POST", "/key", {"passphrase": PASSPHRASE})
    made = manager.create(workbook(SURVEY), "?publish=true", **EXCEL)
    assert made["version"].startswith("3[encrypted:")
    assert b"base64RsaPublicKey" in manager("GET", "/forms/passage.xml").data
    assert manager("GET", "/forms/passage.xlsx").status_code == 200
    manager("POST", "/forms/passage/draft")
    assert manager.json("/forms/passage/draft")["version"] == made["version"]
    manager("POST", "/forms/passage/draft", workbook(SURVEY.replace("| 3 ", "| 4 ")), **EXCEL)
    assert manager.json("/forms/passage/draft")["version"].startswith("4[encrypted:")
    own = form("own", "1").replace(b"</model>", b'<submission base64RsaPublicKey="MIIBown"/></model>')
    assert manager.create(own)["version"] == "1"


def test_a_key_is_made_once_with_a_good_passphrase_by_who_may(manager: Caller) -> None:
    relais = manager.relais
    assert code(manager("POST", "/key", {"hint": "x"}), 400, 400.2) == {"field": "passphrase"}
    code(manager("POST", "/key", {"passphrase": "ninechars"}), 400, 400.21)
    code(manager("POST", "/key", {"passphrase": ["a"] * 12}), 400, 400.11)
    for name, role in (("viewer", "viewer"), ("stranger", None)):
        code(person(relais, name, role)("POST", "/key", {"passphrase": PASSPHRASE}), 403, 403.1)
    manager("POST", "/key", {"passphrase": PASSPHRASE})
    answer = manager("POST", "/key", {"passphrase": PASSPHRASE})
    assert code(answer, 409, 409.4) == {"feature": "managed encryption"}
    assert PASSPHRASE not in str(relais.rows("SELECT sealed, hint FROM encryption_key"))


def test_marks_are_central_s_and_can_stand_in_an_address() -> None:
    for second in range(2000):
        with time_machine.travel(1_795_000_000 + second * 1.001, tick=False):
            assert re.fullmatch(r"\[encrypted:[a-zA-Z0-9]{8}\]", version_suffix())


def test_no_way_in_leaves_a_form_of_an_encrypted_project_plain(manager: Caller) -> None:
    relais = manager.relais
    long_name = manager.create(form("long", "v" * 250), "?publish=true")["xmlFormId"]
    manager.create(form("away", "1"), "?publish=true")
    manager("DELETE", "/forms/away")
    manager("POST", "/key", {"passphrase": PASSPHRASE})
    assert MARK in manager.json(f"/forms/{long_name}")["version"]
    (deleted,) = manager.json("/forms?deleted=true")
    assert manager("POST", f"/forms/{deleted['id']}/restore").status_code == 200
    assert manager.json("/forms/away")["keyId"] is not None
    # From a file of the server's own, the same again is the same.
    assert not relais.publish().changed
    assert relais.publish(xform(version="2")).changed
    assert not relais.publish(xform(version="2")).changed
    assert manager.json("/forms/household")["keyId"] is not None
    with pytest.raises(Problem) as caught:
        relais.publish(xform(version="2", title="Autre"))
    assert caught.value.code == 409.6


@pytest.mark.postgres
def test_a_form_made_meanwhile_waits_and_is_encrypted(hub: Installation, key: ManagedKey) -> None:
    maker = threading.Thread(target=hub.draft, args=[form("late", "1")])
    with hub.services.database.transaction() as session:
        encrypt_project(session, session.get_one(Project, hub.project_id), key, None, by=1)
        maker.start()
        maker.join(0.5)
        assert maker.is_alive()
    maker.join()
    assert hub.rows("SELECT version FROM form_version WHERE public_key IS NULL AND published_at IS NULL") == []
    assert hub.rows("SELECT count(*) FROM form_version WHERE public_key IS NOT NULL") == [(2,)]
