"""The short way to manifests answers what the ordinary way answers, or leaves the answer to it."""

from typing import Any

import pytest

from accounts import app_users
from collector import manifest_lane
from tests.collector.published import form_with_files
from tests.forms.central import caller
from tests.installation import Installation

FILES = {"croix é.png": b"picture", "postes.csv": b"name\n"}
SHORT_WAY = manifest_lane._manifest  # noqa: SLF001
SHORT = ("Content-Type", "ETag", "Cache-Control", "X-OpenRosa-Version", "X-OpenRosa-Accept-Content-Length")


def both_ways(relais: Installation, monkeypatch: pytest.MonkeyPatch, path: str, **headers: str) -> Any:
    """What either way answers to a phone, which must be the same; (whether the short one was taken, the answer)."""
    taken: list[bytes | None] = []

    def noted(*arguments: Any) -> bytes | None:
        taken.append(SHORT_WAY(*arguments))
        return taken[-1]

    answers = []
    for way in (noted, lambda *_: None):
        monkeypatch.setattr(manifest_lane, "_manifest", way)
        answers.append(relais.app.test_client().get(path, headers=headers))
    shown = [
        (each.status_code, each.data, {name: each.headers.get(name) for name in SHORT if each.status_code != 304})
        for each in answers
    ]
    assert shown[0] == shown[1]
    return bool(taken and taken[0]), answers[0]


def test_a_manifest_is_the_same_either_way(relais: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    relais.publish(form_with_files("fiche é", images=["croix é.png"], tables=["postes.csv"]), media=FILES)
    address = f"{relais.key_url}/forms/fiche%20%C3%A9/manifest"
    short, answer = both_ways(relais, monkeypatch, f"{address}?deviceID=collect%3Ax")
    assert (short, answer.status_code, answer.data.count(b"<mediaFile>")) == (True, 200, 2)
    etag = answer.headers["ETag"]
    for named in (etag, f"W/{etag}", f'"x", {etag}'):
        short, again = both_ways(relais, monkeypatch, address, If_None_Match=named)
        assert (short, again.status_code, again.data) == (True, 304, b"")
    assert both_ways(relais, monkeypatch, f"{relais.key_url}/forms/household/manifest/")[1].status_code == 200


def test_whoever_may_not_read_is_answered_the_ordinary_way(
    relais: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = caller(relais, relais.admin_email)
    relais.publish(form_with_files("a/b", images=["x.png"]), media={"x.png": b"x"})
    limited = relais.new_phone("limited", all_forms=False)
    retired = relais.new_phone("retired")
    with relais.services.database.transaction() as session:
        app_users.set_state(session, relais.project_id, retired.actor_id, "retired")

    def ask(token: str, form: str = "household") -> tuple[bool, int]:
        path = f"/v1/key/{token}/projects/{relais.project_id}/forms/{form}/manifest"
        short, answer = both_ways(relais, monkeypatch, path)
        return short, answer.status_code

    assert ask("x" * 64) == (False, 403)
    assert ask(retired.token) == (False, 404)
    assert ask(relais.phone.token, "nothing") == (False, 404)
    assert ask(relais.phone.token, "a%2Fb") == (False, 200)
    assert ask(limited.token) == (False, 403)
    admin("POST", f"/forms/household/assignments/app-user/{limited.actor_id}")
    assert ask(limited.token) == (True, 200)
    admin("PATCH", "/forms/household", {"state": "closed"})
    assert ask(limited.token) == ask(relais.phone.token) == (False, 403)
    admin("DELETE", "/forms/household")
    assert ask(relais.phone.token) == (False, 404)
