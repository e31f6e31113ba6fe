"""Requests sent again under their Idempotency-Key."""

import threading
from datetime import timedelta

import time_machine

from config.clock import now
from sync.jobs import forget_sessions
from tests.accounts.calling import Caller, administrator, person
from tests.installation import Installation

KEY = {"Idempotency_Key": "a4f1-7"}


def test_the_same_request_again_is_answered_as_the_first_and_has_one_effect(relais: Installation) -> None:
    admin = administrator(relais)
    first = admin("POST", "/projects", {"name": "Marchés"}, **KEY)
    again = admin("POST", "/projects", {"name": "Marchés"}, **KEY)
    assert (again.status_code, again.data, again.headers["Content-Type"]) == (
        200,
        first.data,
        first.headers["Content-Type"],
    )
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert len(admin.get("/projects")) == 2
    assert admin.refused("POST", "/projects", {"name": "Autre"}, **KEY)[0] == 409.31
    # Another person's key is another key, and without one nothing changes.
    other = person(relais, "other@example.org", "administrator")
    assert other("POST", "/projects", {"name": "Marchés"}, **KEY).headers.get("Idempotency-Replayed") is None
    assert admin("POST", "/projects", {"name": "Marchés"}).status_code == 200
    assert len(admin.get("/projects")) == 4
    for wrong in ("", " ", "x" * 256):
        assert admin.refused("POST", "/projects", {"name": "x"}, Idempotency_Key=wrong)[0] == 400.6


def test_a_refusal_is_not_kept(relais: Installation) -> None:
    admin = administrator(relais)
    assert admin.refused("POST", "/projects", {"name": ""}, **KEY)[0] == 400.2
    assert admin("POST", "/projects", {"name": "Marchés"}, **KEY).status_code == 200
    stranger = Caller(relais)
    assert stranger.refused("POST", "/projects", {"name": "x"}, **KEY)[0] == 401.2


def test_a_token_is_shown_again_and_never_kept(relais: Installation) -> None:
    admin = administrator(relais)
    for path in ("app-users", "forms/household/public-links"):
        full = f"/projects/{relais.project_id}/{path}"
        key = {"Idempotency_Key": path}
        first, again = (admin.done("POST", full, {"displayName": "x"}, **key) for _ in range(2))
        assert first == again
        assert first["token"] not in str(relais.rows("SELECT body FROM idempotency"))


def test_two_at_once_have_one_effect(relais: Installation) -> None:
    admin = administrator(relais)
    codes: list[int] = []
    together = threading.Barrier(4)

    def send() -> None:
        together.wait(10)
        codes.append(admin("POST", "/projects", {"name": "Marchés"}, **KEY).status_code)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert set(codes) <= {200, 409, 503}
    assert 200 in codes
    assert admin("POST", "/projects", {"name": "Marchés"}, **KEY).status_code == 200
    assert len(admin.get("/projects")) == 2


def test_a_key_is_forgotten_after_a_day(post_node: Installation) -> None:
    admin = administrator(post_node)
    admin.done("POST", "/projects", {"name": "Marchés"}, **KEY)
    with time_machine.travel(now() + timedelta(hours=25)):
        assert administrator(post_node).done("POST", "/projects", {"name": "Autre"}, **KEY)["name"] == "Autre"
    with time_machine.travel(now() + timedelta(hours=60)):
        assert forget_sessions(post_node.services) >= 1
    assert post_node.rows("SELECT count(*) FROM idempotency") == [(0,)]
