"""Encrypted answers in exports nobody waits for: prepared ones, and those of the command line."""

import os
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collector import export_queue, held_keys
from collector.export_queue import run_next
from forms import managed_key
from tests.collector.encrypted import send_sealed
from tests.collector.rest import admin_of
from tests.collector.test_exports_encrypted import (
    ANSWERS,
    FILES,
    PASSPHRASE,
    answered,
    encrypt_project,
    form,
    table,
    version_of,
)
from tests.command import run
from tests.installation import Installation


@pytest.fixture
def secret(post_node: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An encrypted project with one submission."""
    monkeypatch.setattr(managed_key, "ROUNDS", 10)
    post_node.publish(form())
    encrypt_project(post_node)
    send_sealed(post_node, answered("uuid:secret", version_of(post_node)), FILES)
    return post_node


def test_a_prepared_export_opens_answers_while_the_passphrase_is_remembered(secret: Installation) -> None:
    admin, asked = admin_of(secret), {"format": "csv", "passphrases": {"1": PASSPHRASE}}
    exports = "/v1/projects/1/forms/survey/exports"
    wrong = admin.call("POST", exports, json=asked | {"passphrases": {"1": "autre"}})
    assert (wrong.status_code, wrong.get_json()["code"]) == (400, 400.12)
    assert admin.call("POST", exports, json=asked | {"passphrases": {"1": 7}}).get_json()["code"] == 400.11
    assert admin.json(exports) == []
    number, lost = (admin.call("POST", exports, json=asked).get_json()["id"] for _ in range(2))
    assert run_next(secret.services)
    rows = {row["KEY"]: row for row in table(admin.get(f"{exports}/{number}/file").data)}
    assert rows["uuid:secret"]["name"] == ANSWERS["name"]
    done = admin.json(f"{exports}/{number}")
    assert (done["status"], done["request"]["keys"]) == ("done", [1])
    assert datetime.fromisoformat(done["expiresAt"]) - datetime.fromisoformat(done["finishedAt"]) < timedelta(hours=2)
    assert "mange" not in str([secret.rows(f"SELECT * FROM {name}") for name in ("export", "event")])
    # As after a start: nothing is remembered.
    held_keys.let_go(secret.services, 1, lost)
    assert run_next(secret.services)
    assert admin.json(f"{exports}/{lost}")["error"] == "passphrase"


def test_where_processes_share_files_any_of_them_makes_the_export(
    secret: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = Path(shutil.copytree(secret.services.settings.blobs, tmp_path / "shared"))
    settings = replace(secret.services.settings, storage_url=shared.as_uri())
    here = replace(secret.services, settings=settings)
    monkeypatch.setitem(secret.app.extensions, "relais", here)
    admin, asked = admin_of(secret), {"format": "csv", "passphrases": {"1": PASSPHRASE}}
    exports = "/v1/projects/1/forms/survey/exports"
    number, taken_back, damaged = (admin.call("POST", exports, json=asked).get_json()["id"] for _ in range(3))
    sealed = [shared / "exports" / f"1-{each}.keys" for each in (number, taken_back, damaged)]
    assert not any(word in each.read_bytes() for each in sealed for word in (b"mange", b"PRIVATE", b"asked"))
    assert {each.stat().st_mode & 0o777 for each in sealed} == {0o600}
    assert admin.call("DELETE", f"{exports}/{taken_back}").status_code == 200
    sealed[2].write_bytes(sealed[0].read_bytes())
    # Another process, with a folder and a memory of its own.
    there = replace(here, settings=replace(settings, data=tmp_path / "there"))
    # It has to leave off before it is done; the next one goes on.
    monkeypatch.setattr(export_queue, "PROGRESS_SECONDS", -1)
    assert run_next(there, lambda: False)
    assert sealed[0].exists()
    assert run_next(there)
    assert not any(each.exists() for each in sealed[:2])
    rows = {row["KEY"]: row for row in table(admin.get(f"{exports}/{number}/file").data)}
    assert rows["uuid:secret"]["name"] == ANSWERS["name"]
    # One sealed for another export is none.
    assert run_next(there)
    assert admin.json(f"{exports}/{damaged}")["error"] == "passphrase"
    assert not sealed[2].exists()
    assert export_queue.forget_old(there) == 0
    # Sealed just now, for an export that is not committed yet; and long ago, for one that never was.
    sealed[0].write_bytes(b"sealed")
    export_queue.forget_old(there)
    assert sealed[0].exists()
    os.utime(sealed[0], (0, 0))
    export_queue.forget_old(there)
    assert not sealed[0].exists()


def test_the_command_line_reads_the_passphrase_where_nobody_else_does(secret: Installation, tmp_path: Path) -> None:
    words = ("export", 1, "survey", "--format", "csv", "--passphrase-stdin", "--to", tmp_path / "out.csv")
    for given, code in (("autre", 1), (PASSPHRASE, 0), (f"1={PASSPHRASE}\n", 0)):
        ran = run(*words, stdin=given, data=secret.services.settings.data)
        assert ran.code == code, ran.err
    rows = {row["KEY"]: row for row in table((tmp_path / "out.csv").read_bytes())}
    assert rows["uuid:secret"]["name"] == ANSWERS["name"]
