"""Following what changes in a project."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from accounts.scopes import PERSONAL
from collector import api_changes
from collector.purge import purge_trash
from collector.scope_keys import look_up_older
from config.clock import now
from config.stopping import stop_is
from tests.collector.rest import FORM, NOT_ALLOWED, Caller, admin_of, caller, created, one, problem
from tests.collector.test_api_scopes import id_of
from tests.installation import Installation, instance, xform

CHANGES = "/v1/projects/1/changes"


@pytest.fixture
def admin(relais: Installation) -> Caller:
    return admin_of(relais)


def since(who: Caller, after: int | str, more: str = "") -> dict[str, Any]:
    found = who.json(f"{CHANGES}?after={after}{more}")
    assert isinstance(found, dict)
    return found


def told(who: Caller, after: int) -> list[tuple[str, str | None]]:
    """(action, instanceID) of each change."""
    return [(each["action"], each.get("instanceId")) for each in since(who, after)["changes"]]


def limit(relais: Installation, admin: Caller, email: str, *values: str) -> None:
    """Somebody sees only what was answered with these."""
    body = {"rules": [{"property": "name", "values": list(values)}]}
    assert admin.call("PUT", f"/v1/projects/1/scopes/{id_of(relais, email)}", json=body).status_code == 200
    with relais.services.database.transaction() as session:
        look_up_older(session, 1, 100)


def test_everything_that_happens_to_a_submission_is_told_once_in_order(admin: Caller) -> None:
    start = since(admin, "now")
    assert (start["changes"], start["more"]) == ([], False)
    first = created(admin, photo="a.jpg")
    admin.send(instance("uuid:2", deprecated_id=first, photo="a.jpg"), one(first), "PUT")
    admin.call("POST", one(first, "attachments", "a.jpg"), data=b"\xff\xd8\xff", content_type="image/jpeg")
    admin.call("PATCH", one(first), json={"reviewState": "approved"})
    admin.call("POST", one(first, "comments"), json={"body": "mot secret"})
    admin.call("DELETE", one(first))
    admin.call("POST", one(first, "restore"))
    found = since(admin, start["next"])
    assert [each["action"] for each in found["changes"]] == [
        "submission.create",
        "submission.update.version",
        "submission.attachment.update",
        "submission.update",
        "comment.create",
        "submission.delete",
        "submission.restore",
    ]
    create, edit, _, decision, comment, *_ = found["changes"]
    assert {
        key: value for key, value in create.items() if key not in ("seq", "loggedAt", "actorId", "submissionId")
    } == {
        "action": "submission.create",
        "xmlFormId": "household",
        "details": {},
        "instanceId": first,
        "versionId": first,
        "currentVersionId": "uuid:2",
        "reviewState": "approved",
        "deleted": False,
        "duplicate": False,
    }
    assert (edit["instanceId"], edit["versionId"]) == (first, "uuid:2")
    assert (decision["details"], list(comment["details"])) == ({"reviewState": "approved"}, ["commentId"])
    assert "secret" not in str(found)
    assert since(admin, found["next"])["changes"] == []
    assert found["next"] == found["changes"][-1]["seq"]


def test_forms_are_told_of_and_tries_are_not(relais: Installation, admin: Caller) -> None:
    start = since(admin, "now")["next"]
    relais.draft(xform(version="2"))
    admin.send(instance("uuid:try", version="2"), "draft/submissions")
    admin.call("PATCH", FORM, json={"state": "closing"})
    found = since(admin, start)["changes"]
    assert [(each["action"], each["xmlFormId"]) for each in found] == [
        ("form.update.draft.set", "household"),
        ("form.update", "household"),
    ]


def test_the_feed_is_read_in_parts(admin: Caller) -> None:
    ids = [created(admin) for _ in range(5)]
    seen: list[str] = []
    after, more = 0, True
    while more:
        page = since(admin, after, "&limit=2")
        assert len(page["changes"]) <= 2
        seen += [each["instanceId"] for each in page["changes"] if each["action"] == "submission.create"]
        after, more = page["next"], page["more"]
    assert seen == ids
    assert since(admin, 0)["more"] is False


def test_what_is_purged_is_told_by_its_number(relais: Installation, admin: Caller) -> None:
    first, other = created(admin), created(admin)
    number = since(admin, 0)["changes"][-2]["submissionId"]
    admin.call("DELETE", one(first))
    start = since(admin, "now")["next"]
    with relais.services.database.transaction() as session:
        purge_trash(session, 1, now() + timedelta(days=1), relais.services.secret, 10)
    (gone,) = since(admin, start)["changes"]
    assert (gone["action"], gone["submissionId"], gone["xmlFormId"]) == ("submission.purge", number, "household")
    assert "instanceId" not in gone
    assert ("submission.create", other) in told(admin, 0)
    assert first not in str(since(admin, 0))


# Scopes


def test_a_scoped_reader_hears_of_its_own_part_and_of_what_leaves_it(relais: Installation, admin: Caller) -> None:
    viewer = caller(relais, "viewer@example.org", "viewer")
    limit(relais, admin, "viewer@example.org", "A")
    start = since(viewer, "now")["next"]
    here, there = created(admin, name="A"), created(admin, name="B")
    assert told(viewer, start) == [("submission.create", here)]
    start = since(viewer, "now")["next"]
    admin.send(instance("uuid:2", deprecated_id=here, name="B"), one(here), "PUT")
    admin.send(instance("uuid:3", deprecated_id=there, name="A"), one(there), "PUT")
    admin.send(instance("uuid:4", deprecated_id="uuid:2", name="C"), one(here), "PUT")
    found = since(viewer, start)["changes"]
    assert (found[0]["action"], found[0]["instanceId"]) == ("submission.leave", here)
    assert {(each["action"], each["instanceId"]) for each in found[1:]} == {
        ("submission.update.version", there),
        ("submission.enter", there),
    }
    assert "currentVersionId" not in found[0]
    # Nobody else hears of scopes.
    assert not {"submission.leave", "submission.scope.update"} & {action for action, _ in told(admin, 0)}


def test_the_view_changes_with_what_somebody_may_see(relais: Installation, admin: Caller) -> None:
    viewer = caller(relais, "viewer@example.org", "viewer")
    views = [since(viewer, 0)["view"]]
    assert since(viewer, 0)["view"] == views[0] == since(admin, 0)["view"]
    body = {"rules": [{"property": "name", "values": ["A"]}], "hiddenClasses": sorted(PERSONAL)}
    created(admin, name="A")
    admin.call("PUT", f"/v1/projects/1/scopes/{id_of(relais, 'viewer@example.org')}", json=body)
    views.append(since(viewer, 0)["view"])
    with relais.services.database.transaction() as session:
        look_up_older(session, 1, 100)
    views.append(since(viewer, 0)["view"])
    assert len(set(views)) == 3


def test_strangers_and_nonsense_are_refused(relais: Installation, admin: Caller) -> None:
    for role in (None, "formfill"):
        assert problem(caller(relais, f"{role}@example.org", role).get(f"{CHANGES}?after=0")) == NOT_ALLOWED
    for query in ("after=x", "after=-1", "wait=x", "limit=x"):
        assert problem(admin.get(f"{CHANGES}?{query}"))[:2] == (400, 400.11), query
    assert problem(admin.get(f"{CHANGES}?after=99999"))[:2] == (400, 400.8)
    assert admin.get("/v1/projects/99/changes").status_code == 404


def test_whoever_has_one_form_hears_of_that_form(relais: Installation, admin: Caller) -> None:
    relais.publish(xform("other"))
    somebody = caller(relais, "one@example.org")
    path = f"/v1/projects/1/forms/other/assignments/viewer/{id_of(relais, 'one@example.org')}"
    assert admin.call("POST", path).status_code == 200
    start = since(somebody, "now")["next"]
    created(admin)
    relais.post(instance("uuid:other", form_id="other"))
    assert told(somebody, start) == [("submission.create", "uuid:other")]


# Waiting


@pytest.fixture(autouse=True)
def _nobody_has_stopped() -> None:
    """Servers of other tests in this process have come to their end."""
    stop_is(False)


def test_a_request_waits_for_a_change(post_node: Installation) -> None:
    admin = admin_of(post_node)
    start = since(admin, "now")["next"]
    sender = threading.Timer(0.3, lambda: post_node.post(instance("uuid:late")))
    sender.start()
    started = time.monotonic()
    found = since(admin, start, "&wait=15")
    assert [each["instanceId"] for each in found["changes"]] == ["uuid:late"]
    assert time.monotonic() - started < 10
    sender.join()


def test_nobody_waits_for_long_nor_in_a_crowd(post_node: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    admin = admin_of(post_node)
    start = since(admin, "now")["next"]
    monkeypatch.setattr(api_changes, "LONGEST_WAIT", 0.2)
    answer = admin.get(f"{CHANGES}?after={start}&wait=3600")
    assert (answer.get_json()["changes"], answer.headers.get("Retry-After")) == ([], None)
    assert api_changes._waiting == [0]  # noqa: SLF001 - what must be given back
    monkeypatch.setattr(api_changes, "LONGEST_WAIT", 20)
    monkeypatch.setattr(api_changes, "_waiting", [99])
    answer = admin.get(f"{CHANGES}?after={start}&wait=20")
    assert (answer.get_json()["changes"], answer.headers["Retry-After"]) == ([], "20")
    monkeypatch.setattr(api_changes, "_waiting", [0])
    stop_is(True)
    try:
        assert admin.get(f"{CHANGES}?after={start}&wait=20").get_json()["changes"] == []
    finally:
        stop_is(False)
