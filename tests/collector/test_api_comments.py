"""Comments, activity, keys and senders over REST."""

import pytest

from tests.collector.receiving import envelope
from tests.collector.rest import NOT_ALLOWED, NOT_FOUND, Caller, admin_of, caller, created, one, problem
from tests.installation import Installation, instance, new_id, xform


@pytest.fixture
def admin(relais: Installation) -> Caller:
    return admin_of(relais)


def test_comments_are_told_newest_first_with_their_authors(relais: Installation, admin: Caller) -> None:
    first = created(admin)
    path = one(first, "comments")
    assert admin.json(path) == []
    made = admin.call("POST", path, json={"body": "première"}).get_json()
    viewer = caller(relais, "viewer@example.org", "viewer")
    viewer.call("POST", path, json={"body": "seconde", "unknown": 1})
    listed = viewer.json(path)
    assert [each["body"] for each in listed] == ["seconde", "première"]
    assert listed[1] == made
    assert set(made) == {"body", "actorId", "createdAt"}
    extended = admin.json(path, extended=True)
    assert [each["actor"]["displayName"] for each in extended] == ["viewer", "admin"]


def test_a_comment_needs_words_a_submission_and_the_right_to_read(relais: Installation, admin: Caller) -> None:
    first = created(admin)
    missing = (400, 400.2, "Required parameter body missing.")
    for body in ({}, {"body": None}):
        assert problem(admin.call("POST", one(first, "comments"), json=body)) == missing
    assert problem(admin.call("POST", one(new_id(), "comments"), json={"body": "x"})) == NOT_FOUND
    stranger = caller(relais, "stranger@example.org")
    for method in ("GET", "POST"):
        assert problem(stranger.call(method, one(first, "comments"), json={"body": "x"})) == NOT_ALLOWED
    assert admin.json(one(first, "comments")) == []


def test_activity_is_what_central_logs_of_a_submission(relais: Installation, admin: Caller) -> None:
    first, second = new_id(), new_id()
    relais.post(instance(first, photo="a.jpg"), {"a.jpg": b"x"})
    admin.send(instance(second, deprecated_id=first), one(first), "PUT", headers={"X-Action-Notes": "relu"})
    admin.call("PATCH", one(first), json={"reviewState": "rejected"})
    admin.call("POST", one(first, "comments"), json={"body": "pourquoi"})
    decided, edited, made = admin.json(one(first, "audits"))
    submission_id = made["details"]["submissionId"]
    assert [each["action"] for each in (decided, edited, made)] == [
        "submission.update",
        "submission.update.version",
        "submission.create",
    ]
    definition_id = edited["details"]["submissionDefId"]
    assert edited["details"] == {"submissionId": submission_id, "instanceId": second, "submissionDefId": definition_id}
    assert decided["details"] == {
        "submissionId": submission_id,
        "submissionDefId": definition_id,
        "reviewState": "rejected",
    }
    assert (edited["notes"], made["notes"]) == ("relu", None)
    assert set(made) == {"actorId", "action", "acteeId", "details", "loggedAt", "notes"}
    assert [each["action"] for each in admin.json(one(first, "audits") + "?limit=1&offset=1")] == [edited["action"]]
    extended = admin.json(one(first, "audits"), extended=True)
    assert [each["actor"]["displayName"] for each in extended] == [
        "admin",
        "admin",
        "Téléphone 1",
    ]


def test_keys_are_those_that_current_encrypted_submissions_need(relais: Installation, admin: Caller) -> None:
    key = b'<model><submission base64RsaPublicKey="MIB"/>'
    relais.publish(xform("visit").replace(b"<model>", key))
    path = "/v1/projects/1/forms/visit/submissions"
    assert admin.json(f"{path}/keys") == []
    assert admin.send(envelope(new_id(), "a.jpg.enc"), path).status_code == 200
    (found,) = admin.json(f"{path}/keys")
    assert (found["public"], found["managed"], found["hint"]) == ("MIB", None, None)
    assert set(found) == {"id", "public", "managed", "hint", "createdAt"}
    assert admin.json("submissions/keys") == []


def test_senders_are_told_once_each_by_name(relais: Installation, admin: Caller) -> None:
    relais.post(instance(new_id()))
    relais.post(instance(new_id()))
    created(admin)
    assert [each["displayName"] for each in admin.json("submissions/submitters")] == [
        "admin",
        "Téléphone 1",
    ]


def test_the_server_s_log_names_submissions_as_central_does(relais: Installation, admin: Caller) -> None:
    first = created(admin, photo="a.jpg")
    admin.send(instance("uuid:2", deprecated_id=first, photo="a.jpg"), one(first), "PUT")
    admin.call("POST", one(first, "attachments", "a.jpg"), data=b"\xff\xd8\xff", content_type="image/jpeg")
    admin.call("PATCH", one(first), json={"reviewState": "approved"})
    admin.call("DELETE", one(first))
    ids = dict(relais.rows("SELECT instance_id, id FROM receipt"))
    log = {each["action"]: each["details"] for each in admin.json("/v1/audits?limit=5")}
    root = {"submissionId": ids[first]}
    assert log == {
        "submission.create": {**root, "instanceId": first, "submissionDefId": ids[first]},
        "submission.update.version": {**root, "instanceId": "uuid:2", "submissionDefId": ids["uuid:2"]},
        "submission.attachment.update": {
            "instanceId": first,
            "submissionDefId": ids["uuid:2"],
            "name": "a.jpg",
            "replaced": False,
        },
        "submission.update": {**root, "submissionDefId": ids["uuid:2"], "reviewState": "approved"},
        "submission.delete": {**root, "instanceId": first},
    }
