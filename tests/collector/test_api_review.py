"""What is decided about submissions over REST: their state, the trash, who may, where to correct them."""

import pytest

from collector.check import check_everything
from forms.states import set_form_state
from tests.collector.receiving import everything
from tests.collector.rest import NOT_ALLOWED, NOT_FOUND, Caller, admin_of, caller, created, one, problem
from tests.installation import Installation, instance, new_id


@pytest.fixture
def admin(relais: Installation) -> Caller:
    return admin_of(relais)


# Deciding


def test_a_decision_is_kept_with_its_words(admin: Caller) -> None:
    first = created(admin)
    notes = {"X-Action-Notes": "v%C3%A9rifi%C3%A9"}
    decided = admin.call("PATCH", one(first), json={"reviewState": "hasIssues"}, headers=notes).get_json()
    assert (decided["instanceId"], decided["reviewState"]) == (first, "hasIssues")
    newest = admin.json(one(first, "audits"))[0]
    assert (newest["action"], newest["notes"], newest["details"]["reviewState"]) == (
        "submission.update",
        "vérifié",
        "hasIssues",
    )
    assert admin.call("PATCH", one(first), json={"reviewState": None}).get_json()["reviewState"] is None
    assert not {"userAgent", "currentVersion"} & set(decided)
    assert admin.call("PATCH", one(first), json={"deviceId": "x"}).get_json() == {}


@pytest.mark.parametrize(("state", "written"), [("seen", "seen"), (5, "5"), ("received", "received"), ({}, "{}")])
def test_a_state_that_is_none_is_refused(post_node: Installation, state: object, written: str) -> None:
    admin = admin_of(post_node)
    first = created(admin)
    before = everything(post_node)
    message = f"Unexpected state value {written}; not a recognized state name"
    assert problem(admin.call("PATCH", one(first), json={"reviewState": state})) == (400, 400.8, message)
    assert everything(post_node) == before


def test_broken_notes_are_refused_and_change_nothing(post_node: Installation) -> None:
    admin = admin_of(post_node)
    first = created(admin)
    answer = admin.call("PATCH", one(first), json={"reviewState": "approved"}, headers={"X-Action-Notes": "%E9"})
    message = "An expected header field (x-action-notes) did not match the expected format."
    assert problem(answer) == (400, 400.6, message)
    assert admin.json(one(first))["reviewState"] is None


# Taking away


def test_a_deleted_submission_is_gone_until_it_is_restored(relais: Installation, admin: Caller) -> None:
    first, other = created(admin), created(admin)
    assert admin.call("DELETE", one(first)).get_json() == {"success": True}
    assert problem(admin.call("DELETE", one(first))) == NOT_FOUND
    for path in (one(first), one(first) + ".xml", one(first, "versions"), one(first, "comments"), one(first, "audits")):
        assert problem(admin.get(path)) == NOT_FOUND
    assert [each["instanceId"] for each in admin.json("submissions")] == [other]
    (gone,) = admin.json("submissions?deleted=true")
    assert (gone["instanceId"], gone["deletedAt"] is not None) == (first, True)
    assert problem(admin.call("POST", one(other, "restore"))) == NOT_FOUND
    assert admin.call("POST", one(first, "restore")).get_json() == {"success": True}
    assert problem(admin.call("POST", one(first, "restore"))) == NOT_FOUND
    assert admin.json(one(first))["deletedAt"] is None
    assert [each["action"] for each in admin.json(one(first, "audits"))] == [
        "submission.restore",
        "submission.delete",
        "submission.create",
    ]
    assert check_everything(relais.services).faults == []


# Who may


def test_those_who_may_read_may_not_write_and_strangers_hear_what_central_says(relais: Installation) -> None:
    admin = admin_of(relais)
    first = created(admin)
    xml = instance(new_id(), deprecated_id=first)
    writes = [
        ("POST", "submissions", instance(new_id())),
        ("PUT", one(first), xml),
        ("PATCH", one(first), None),
        ("DELETE", one(first), None),
        ("POST", one(first, "restore"), None),
        ("POST", one(first, "attachments", "a.jpg"), b"x"),
        ("DELETE", one(first, "attachments", "a.jpg"), None),
    ]
    before = everything(relais)
    viewer, stranger = caller(relais, "viewer@example.org", "viewer"), caller(relais, "stranger@example.org")
    for method, path, body in writes:
        for who in (viewer, stranger):
            assert problem(who.send(body or b"", path, method)) == NOT_ALLOWED, (who.email, method, path)
    for path in ("submissions", one(first), one(first) + ".xml", one(first, "versions"), one(first, "diffs")):
        assert viewer.get(path).status_code == 200
        assert problem(stranger.get(path)) == NOT_ALLOWED
        assert problem(Caller(relais.app.test_client(), "nobody@example.org").get(path))[:2] == (401, 401.2)
    after = everything(relais)
    assert {table: rows for table, rows in after.items() if table != "event"} == {
        table: rows for table, rows in before.items() if table != "event"
    }


# Editing in a browser


def test_the_address_for_editing_leads_to_the_page_of_the_submission(relais: Installation, admin: Caller) -> None:
    first = created(admin)
    answer = admin.get(one(first, "edit"))
    assert answer.status_code == 302
    assert answer.location.endswith(f"/projects/1/forms/household/submissions/{first}")
    for accept, status in (("application/json", 409), ("text/html,*/*;q=0.8", 302), ("*/*", 302)):
        answer = admin.get(one(first, "edit"), headers={"Accept": accept})
        assert answer.status_code == status
        assert status == 302 or problem(answer)[1] == 409.11
    assert problem(admin.get(one(new_id(), "edit"))) == NOT_FOUND
    with relais.services.database.transaction() as session:
        set_form_state(session, 1, "household", "closing")
    assert problem(admin.get(one(first, "edit")))[:2] == (409, 409.12)
