"""Encrypted answers in exports nobody waits for: prepared ones, and those of the command line."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collector import held_keys
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
    held_keys.let_go(secret.services.database, 1, lost)
    assert run_next(secret.services)
    assert admin.json(f"{exports}/{lost}")["error"] == "passphrase"


def test_the_command_line_reads_the_passphrase_where_nobody_else_does(secret: Installation, tmp_path: Path) -> None:
    words = ("export", 1, "survey", "--format", "csv", "--passphrase-stdin", "--to", tmp_path / "out.csv")
    for given, code in (("autre", 1), (PASSPHRASE, 0), (f"1={PASSPHRASE}\n", 0)):
        ran = run(*words, stdin=given, data=secret.services.settings.data)
        assert ran.code == code, ran.err
    rows = {row["KEY"]: row for row in table((tmp_path / "out.csv").read_bytes())}
    assert rows["uuid:secret"]["name"] == ANSWERS["name"]
