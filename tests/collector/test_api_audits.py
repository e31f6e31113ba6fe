"""The audit log through the API, and the settings whose changes it tells of."""

from datetime import timedelta

import pytest
import time_machine

from accounts.audit_log import moment_given
from config.clock import now
from config.problem import Problem
from tests.accounts.calling import FORBIDDEN, UNAUTHENTICATED, UNKNOWN, administrator, person, stranger
from tests.installation import Installation, instance, new_id


def test_the_log_tells_everything_in_central_s_words_the_newest_first(relais: Installation) -> None:
    admin = administrator(relais)
    project = f"/projects/{relais.project_id}"
    notes = {"X_Action_Notes": "demand%C3%A9"}
    made = admin.done("POST", "/users", {"email": "anne@example.org", "displayName": "Anne"}, **notes)
    admin.done("POST", f"{project}/assignments/viewer/{made['id']}")
    phone = admin.done("POST", f"{project}/app-users", {"displayName": "Tél. 2"})
    admin.done("POST", f"{project}/forms/household/assignments/2/{phone['id']}")
    admin.done("PATCH", project, {"description": "Postes"})
    link = admin.done("POST", f"{project}/forms/household/public-links", {"displayName": "Affiche"})
    relais.post(instance(new_id()))
    listed = admin.get("/audits?limit=10")
    assert [entry["action"] for entry in listed][:8] == [
        "submission.create",
        "public_link.create",
        "public_link.assignment.create",
        "project.update",
        "field_key.assignment.create",
        "field_key.create",
        "user.assignment.create",
        "user.create",
    ]
    by_action = {entry["action"]: entry for entry in listed}
    assert sorted(listed[0]) == ["acteeId", "action", "actorId", "details", "loggedAt", "notes"]
    sent = relais.rows("SELECT id, instance_id FROM receipt")[-1]
    assert listed[0]["details"] == {"submissionId": sent[0], "submissionDefId": sent[0], "instanceId": sent[1]}
    created = by_action["user.create"]
    assert created["details"] == {
        "data": {"actorId": made["id"], "email": "anne@example.org", "password": None, "lastLoginAt": None}
    }
    assert (created["actorId"], created["notes"]) == (admin.id, "demandé")
    assert by_action["project.update"]["details"] == {"data": {"description": "Postes"}}
    assert by_action["user.assignment.create"]["details"] == {
        "roleId": 6,
        "grantedActeeId": by_action["project.update"]["acteeId"],
    }
    form = by_action["submission.create"]["acteeId"]
    assert by_action["field_key.assignment.create"]["details"] == {"roleId": 2, "grantedActeeId": form}
    assert by_action["public_link.create"]["details"]["data"]["actorId"] == link["id"]
    full = {entry["action"]: entry for entry in admin.get("/audits?limit=10", X_Extended_Metadata="true")}
    assert full["user.create"]["actee"]["displayName"] == "Anne"
    assert full["user.create"]["actor"]["id"] == admin.id
    assert full["submission.create"]["actee"]["xmlFormId"] == "household"
    assert full["project.update"]["actee"]["name"] == "Frontières"
    assert full["public_link.create"]["actee"]["type"] == "public_link"
    # Names stay out of the log itself.
    assert "anne" not in str(relais.rows("SELECT details FROM event"))
    for who, refusal in (
        (person(relais, "m@example.org", "manager", relais.project_id), FORBIDDEN),
        (stranger(relais), UNAUTHENTICATED),
    ):
        assert who.refused("GET", "/audits") == refusal


def test_the_log_is_filtered_and_paged(relais: Installation) -> None:
    admin = administrator(relais)
    with time_machine.travel(now() + timedelta(days=1), tick=True):
        admin = administrator(relais)
        tomorrow = now()
        for number in range(3):
            admin.done("PATCH", f"/projects/{relais.project_id}", {"description": str(number)})
        relais.post(instance(new_id()))
    everything = admin.get("/audits")
    pages = [admin.get(f"/audits?limit=2&offset={start}") for start in range(0, len(everything), 2)]
    assert [entry for page in pages for entry in page] == everything
    assert admin.get("/audits?limit=0") == []
    assert {entry["action"] for entry in admin.get("/audits?action=project")} == {"project.create", "project.update"}
    assert len(admin.get("/audits?action=project.update")) == 3
    assert "submission.create" not in {entry["action"] for entry in admin.get("/audits?action=nonverbose")}
    assert admin.get("/audits?action=nothing") == []
    # What Central's log knows nothing of is not in its way, and told to who asks.
    phone = f"/projects/{relais.project_id}/app-users/{relais.phone.actor_id}"
    admin.done("PATCH", phone, {"state": "retired"})
    assert admin.get("/audits") == everything
    for word in ("relais", "field_key.update"):
        assert [entry["action"] for entry in admin.get(f"/audits?action={word}")] == ["field_key.update"]
    day = tomorrow.date().isoformat()
    after, before = admin.get(f"/audits?start={day}"), admin.get(f"/audits?end={day}z")
    assert len(after) + len(before) == len(everything)
    assert {entry["action"] for entry in after} >= {"project.update", "submission.create"}
    assert admin.refused("GET", "/audits?start=yesterday-ish") == (
        400.11,
        'Invalid input data type: expected "yesterday-ish" to be (timestamp with time zone)',
    )


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2000-01-01", "2000-01-01T00:00:00+00:00"),
        ("2000-01-01z", "2000-01-01T00:00:00+00:00"),
        ("2000-01-01+08", "1999-12-31T16:00:00+00:00"),
        ("2000-01-01T12:12:12.5Z", "2000-01-01T12:12:12.500000+00:00"),
    ],
)
def test_moments_are_read_as_central_s_manual_writes_them(text: str, moment: str) -> None:
    assert moment_given(text).isoformat() == moment


def test_a_moment_no_calendar_holds_is_refused() -> None:
    for wrong in ("0001-01-01+14", "x", "2000-13-01"):
        with pytest.raises(Problem):
            moment_given(wrong)


def test_settings_are_set_read_and_forgotten(relais: Installation) -> None:
    admin, me, nobody = administrator(relais), person(relais, "me@example.org"), stranger(relais)
    kept = admin.done("POST", "/config/login-appearance", {"title": "Postes", "x": 1, "description": 5})
    assert (kept["key"], kept["value"], sorted(kept)) == (
        "login-appearance",
        {"title": "Postes"},
        ["key", "setAt", "value"],
    )
    assert admin.done("POST", "/config/analytics", {"enabled": True, "email": "a@b.org"})["value"] == {
        "enabled": True,
        "email": "a@b.org",
    }
    picture = b"\x89PNG picture"
    client = relais.app.test_client(use_cookies=False)
    posted = client.post("/v1/config/logo", data=picture, headers={**admin.headers, "Content-Type": "image/png"})
    assert posted.get_json()["blobExists"] is True
    assert sorted(nobody.get("/config/public")) == ["login-appearance", "logo"]
    shown = client.get("/v1/config/public/logo")
    assert (shown.data, shown.mimetype) == (picture, "image/png")
    assert shown.headers["Content-Disposition"] == "attachment"
    assert client.get("/v1/config/public/logo", headers={"If-None-Match": shown.headers["ETag"]}).status_code == 304
    assert nobody.refused("GET", "/config/public/analytics") == FORBIDDEN
    assert nobody.refused("GET", "/config/public/hero-image") == UNKNOWN
    assert client.get("/v1/config/public/hero-image").headers["Cache-Control"] == "no-cache"
    assert admin.get("/config/analytics")["value"]["enabled"] is True
    assert admin.refused("GET", "/config/nothing") == UNKNOWN
    assert admin.refused("POST", "/config/nothing", {}) == (
        400.8,
        "Unexpected key value nothing; the config is unknown or cannot be set.",
    )
    for method in ("GET", "POST", "DELETE"):
        assert me.refused(method, "/config/analytics", {}) == FORBIDDEN
        assert nobody.refused(method, "/config/analytics", {}) == UNAUTHENTICATED
    for _ in range(2):
        assert admin.done("DELETE", "/config/analytics") == {"success": True}
    assert admin.refused("GET", "/config/analytics") == UNKNOWN
    (newest, *_) = admin.get("/audits?action=config.set&limit=1")
    assert newest["details"] == {"key": "analytics", "value": None, "blobId": None}


def test_what_central_has_for_its_upkeep_is_answered(post_node: Installation) -> None:
    admin, me = administrator(post_node), person(post_node, "me@example.org")
    assert admin.get("/analytics/preview") == {"system": {}, "projects": []}
    assert admin.refused("POST", "/backup")[0] == 501.1
    lists = f"/projects/{post_node.project_id}/datasets"
    assert admin.get(lists) == []
    assert admin.refused("GET", f"{lists}/people") == me.refused("GET", f"{lists}/people") == UNKNOWN
    assert me.refused("GET", lists) == FORBIDDEN
    assert stranger(post_node).refused("GET", f"{lists}/people") == UNAUTHENTICATED
    assert me.refused("GET", "/analytics/preview") == me.refused("POST", "/backup") == FORBIDDEN
