"""Telling other programs what changes."""

import base64
import hmac
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import update

from accounts.models import Assignment
from config.clock import now
from sync.models_webhooks import Webhook
from sync.outgoing import OutgoingError
from sync.webhooks import tell_next
from tests.collector.receiving import everything
from tests.collector.rest import NOT_ALLOWED, NOT_FOUND, Caller, admin_of, caller, created, one, problem
from tests.collector.test_api_scopes import id_of
from tests.installation import Installation, instance, xform
from tests.sync.test_outgoing import receiving

HOOKS = "/v1/projects/1/webhooks"
URL = "https://example.org/hook"


@dataclass
class Outside:
    """The other programs: they answer `status`, or not at all (`error`)."""

    relais: Installation
    status: int = 200
    error: str = ""
    sent: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def receive(self, url: str, body: bytes, headers: dict[str, str], *, private: bool) -> int:
        assert not private
        self.sent.append((url, json.loads(body), {**headers, "body": body.decode()}))
        if self.error:
            raise OutgoingError(self.error)
        return self.status

    def run(self) -> list[tuple[str, str | None]]:
        """Let everything due be sent; (action, instanceID) of what was in it."""
        self.sent.clear()
        while tell_next(self.relais.services, lambda: True, self.receive):
            pass
        return [
            (each["action"], each.get("instanceId")) for _, body, _ in self.sent for each in body["data"]["changes"]
        ]

    def wait(self) -> None:
        """The time until the next attempt passes."""
        with self.relais.services.database.transaction() as session:
            session.execute(update(Webhook).values(retry_after=now() - timedelta(seconds=1)))


@pytest.fixture
def outside(relais: Installation) -> Outside:
    return Outside(relais)


def hook(who: Caller, **choices: Any) -> str:
    """A new webhook; its address here."""
    answer = who.call("POST", HOOKS, json={"url": URL, **choices})
    assert answer.status_code == 200, answer.text
    return f"{HOOKS}/{answer.get_json()['id']}"


def test_new_submissions_edits_and_decisions_are_told_once(admin: Caller, outside: Outside) -> None:
    created(admin)
    path = hook(admin)
    first = created(admin)
    admin.send(instance("uuid:2", deprecated_id=first), one(first), "PUT")
    admin.call("PATCH", one(first), json={"reviewState": "approved"})
    admin.call("POST", one(first, "comments"), json={"body": "mot secret"})
    assert outside.run() == [
        ("submission.create", first),
        ("submission.update.version", first),
        ("submission.update", first),
    ]
    ((url, body, _),) = outside.sent
    assert (url, body["type"], body["data"]["projectId"]) == (URL, "changes", 1)
    assert outside.run() == []
    shown = admin.json(path)
    assert (shown["behind"], shown["told"], shown["attempts"], shown["lastStatus"]) == (0, 3, 0, 200)


def test_a_message_is_signed_as_the_standard_says(admin: Caller, outside: Outside) -> None:
    path = hook(admin)
    secret = admin.json(f"{path}/secret")["secret"]

    def verified(headers: dict[str, str], secret: str) -> bool:
        text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{headers['body']}".encode()
        made = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), text, sha256)
        return headers["webhook-signature"] == f"v1,{base64.b64encode(made).decode()}"

    created(admin)
    outside.run()
    ((_, _, headers),) = outside.sent
    assert secret.startswith("whsec_")
    assert verified(headers, secret)
    assert abs(int(headers["webhook-timestamp"]) - now().timestamp()) < 60
    renewed = admin.call("POST", f"{path}/secret").get_json()["secret"]
    assert admin.json(f"{path}/secret")["secret"] == renewed != secret
    created(admin)
    outside.run()
    ((_, _, headers),) = outside.sent
    assert verified(headers, renewed)


def test_nothing_is_lost_while_nobody_answers(admin: Caller, outside: Outside) -> None:
    path = hook(admin)
    ids = [created(admin)]
    ids_of_messages = set()
    for outside.error, outside.status in (("timeout", 0), ("", 503), ("", 302), ("connection", 0)):
        assert outside.run() == [("submission.create", ids[0])]
        ids_of_messages.add(outside.sent[0][2]["webhook-id"])
        # It waits for its time, and what comes meanwhile waits for its turn.
        assert outside.run() == []
        ids.append(created(admin))
        outside.wait()
    shown = admin.json(path)
    assert (shown["attempts"], shown["lastError"]) == (4, "connection")
    assert shown["behind"] >= 5
    outside.error, outside.status = "", 204
    assert outside.run() == [("submission.create", each) for each in ids]
    ids_of_messages.add(outside.sent[0][2]["webhook-id"])
    assert len(ids_of_messages) == 1
    assert len(outside.sent) == 2
    assert admin.json(path)["attempts"] == 0


def test_waiting_grows_to_an_hour_and_can_be_ended(relais: Installation, admin: Caller, outside: Outside) -> None:
    path = hook(admin)
    created(admin)
    outside.status = 500
    for _ in range(14):
        outside.run()
        outside.wait()
    outside.run()
    with relais.services.database.reading() as session:
        retry_after = session.get_one(Webhook, (1, int(path.rpartition("/")[2]))).retry_after
    assert retry_after is not None
    assert timedelta(minutes=59) < retry_after - now() <= timedelta(hours=1)
    outside.status = 200
    assert outside.run() == []
    assert admin.call("POST", f"{path}/retry").get_json()["retryAt"] is None
    assert len(outside.run()) == 1


def test_a_receiver_that_is_gone_is_left_alone_until_somebody_says_so(admin: Caller, outside: Outside) -> None:
    path = hook(admin)
    first = created(admin)
    outside.status = 410
    outside.run()
    outside.wait()
    assert outside.run() == []
    assert admin.json(path)["active"] is False
    outside.status = 200
    assert admin.call("PATCH", path, json={"active": True}).status_code == 200
    assert outside.run() == [("submission.create", first)]


def test_one_that_does_not_answer_holds_up_no_other(admin: Caller, outside: Outside) -> None:
    hook(admin)
    hook(admin, url="https://example.net/")
    created(admin)
    answers = iter([500, 200])
    outside.sent.clear()

    def receive(url: str, *_: Any, **__: Any) -> int:
        outside.sent.append((url, {}, {}))
        return next(answers)

    while tell_next(outside.relais.services, lambda: True, receive):
        pass
    assert len({url for url, _, _ in outside.sent}) == 2


def test_what_is_told_can_be_chosen(relais: Installation, admin: Caller, outside: Outside) -> None:
    relais.publish(xform("other"))
    path = hook(admin, xmlFormIds=["other"], actions=["submission.create", "form.update"])
    created(admin)
    relais.post(instance("uuid:other", form_id="other"))
    assert outside.run() == [("submission.create", "uuid:other")]
    assert admin.json(path)["behind"] == 0
    admin.call("PATCH", path, json={"xmlFormIds": None, "actions": ["submission.delete"], "seq": 0})
    admin.call("DELETE", one(created(admin)))
    assert [action for action, _ in outside.run()] == ["submission.delete"]
    admin.call("PATCH", path, json={"seq": 0})
    assert [action for action, _ in outside.run()] == ["submission.delete"]


def test_it_is_told_what_its_maker_may_see(relais: Installation, admin: Caller, outside: Outside) -> None:
    manager = caller(relais, "sup@example.org", "manager")
    body = {"rules": [{"property": "name", "values": ["A"]}]}
    assert admin.call("PUT", f"/v1/projects/1/scopes/{id_of(relais, 'sup@example.org')}", json=body).status_code == 200
    path = hook(manager)
    here = created(admin, name="A")
    created(admin, name="B")
    assert outside.run() == [("submission.create", here)]
    with relais.services.database.transaction() as session:
        for each in session.query(Assignment).filter_by(actor_id=id_of(relais, "sup@example.org")):
            session.delete(each)
    created(admin, name="A")
    assert outside.run() == []
    assert admin.json(path)["lastError"] == "rights"
    # Whoever changes it answers for it from now on.
    assert admin.call("PATCH", path, json={"active": True}).get_json()["actorId"] != id_of(relais, "sup@example.org")
    assert len(outside.run()) == 1


def test_a_change_while_a_message_is_under_way_wins(admin: Caller, outside: Outside) -> None:
    path = hook(admin)
    first = created(admin)

    def receive(*_: Any, **__: Any) -> int:
        admin.call("PATCH", path, json={"url": "https://example.net/"})
        return 200

    tell_next(outside.relais.services, lambda: True, receive)
    assert outside.run() == [("submission.create", first)]
    assert outside.sent[0][0] == "https://example.net/"
    admin.call("DELETE", path)
    created(admin)
    assert outside.run() == []
    assert problem(admin.get(path)) == NOT_FOUND


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 400.2),
        ({"url": 7}, 400.11),
        ({"url": "http://example.org/"}, 400.8),
        ({"url": "https://127.0.0.1/"}, 400.8),
        ({"url": "example.org"}, 400.8),
        ({"url": URL + "x" * 2000}, 400.13),
        ({"url": URL, "actions": ["submission.read"]}, 400.8),
        ({"url": URL, "actions": "submission.create"}, 400.11),
        ({"url": URL, "xmlFormIds": "household"}, 400.11),
        ({"url": URL, "active": "maybe"}, 400.11),
    ],
)
def test_webhooks_that_cannot_be_are_refused(relais: Installation, body: dict[str, Any], code: float) -> None:
    admin = admin_of(relais)
    path = hook(admin)
    before = everything(relais)
    assert problem(admin.call("POST", HOOKS, json=body))[1] == code
    if "url" in body:
        assert problem(admin.call("PATCH", path, json=body))[1] == code
    for seq in (-1, 99999):
        assert problem(admin.call("PATCH", path, json={"seq": seq}))[:2] == (400, 400.8)
    assert everything(relais) == before


def test_only_those_who_run_a_project_have_webhooks(relais: Installation, admin: Caller) -> None:
    path = hook(admin)
    viewer = caller(relais, "viewer@example.org", "viewer")
    for method, address in (
        ("GET", HOOKS),
        ("POST", HOOKS),
        ("GET", path),
        ("PATCH", path),
        ("DELETE", path),
        ("POST", f"{path}/retry"),
        ("GET", f"{path}/secret"),
        ("POST", f"{path}/secret"),
    ):
        assert problem(viewer.call(method, address, json={"url": URL})) == NOT_ALLOWED
        if address != HOOKS:
            nothing = address.replace(path, f"{HOOKS}/99")
            assert problem(admin.call(method, nothing, json={"url": URL})) == NOT_FOUND
    for _ in range(19):
        hook(admin)
    assert problem(admin.call("POST", HOOKS, json={"url": URL}))[1] == 400.8
    assert len(admin.json(HOOKS)) >= 20


def test_a_real_receiver_gets_it(relais: Installation, admin: Caller) -> None:
    path = hook(admin)
    first = created(admin)
    services = replace(relais.services, settings=replace(relais.services.settings, webhooks_to_lan=True))
    with receiving() as (address, seen):
        with relais.services.database.transaction() as session:
            session.execute(update(Webhook).values(url=address))
        while tell_next(services, lambda: True):
            pass
    ((_, headers, body),) = seen
    assert json.loads(body)["data"]["changes"][0]["instanceId"] == first
    assert headers["webhook-signature"].startswith("v1,")
    assert admin.json(path)["lastStatus"] == 204
