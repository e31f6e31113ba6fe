"""Projects through the API: who sees which, what the list says, sending a whole project at once."""

from typing import Any

import pytest

from tests.accounts.calling import FORBIDDEN, UNAUTHENTICATED, UNKNOWN, Caller, administrator, person, stranger
from tests.installation import Installation, instance, new_id, xform


def test_a_project_is_made_changed_and_deleted(relais: Installation) -> None:
    admin = administrator(relais)
    made = admin.done("POST", "/projects", {"name": "Marchés", "description": "Prix", "surprise": 1})
    assert {key: made[key] for key in made if key not in ("id", "acteeId", "createdAt")} == {
        "name": "Marchés",
        "description": "Prix",
        "archived": None,
        "keyId": None,
        "updatedAt": None,
        "deletedAt": None,
    }
    path = f"/projects/{made['id']}"
    assert admin.get(path) == admin.get(path + "/") == {key: made[key] for key in made if key != "acteeId"}
    changed = admin.done("PATCH", path, {"archived": True})
    assert (changed["name"], changed["archived"], changed["updatedAt"] is None) == ("Marchés", True, False)
    assert [project["name"] for project in admin.get("/projects")] == ["Frontières", "Marchés"]
    whole = admin.done("PUT", path, {"name": "Prix"})
    assert (whole["name"], whole["description"], whole["archived"]) == ("Prix", None, None)
    assert admin.refused("PUT", path, {"description": "x"}) == (400.2, "Required parameter name missing.")
    assert admin.refused("PATCH", path, {"name": None})[0] == 400.2
    assert admin.refused("PATCH", path, {"archived": "x"}) == (
        400.11,
        'Invalid input data type: expected "x" to be (type boolean)',
    )
    # null until something is said of it; and what changes nothing shows nothing.
    assert [admin.done("PATCH", path, {"archived": flag})["archived"] for flag in ("yes", False, None)] == [
        True,
        False,
        None,
    ]
    assert admin.done("PATCH", path, {"surprise": 1}) == {}
    assert admin.refused("POST", "/projects", {}) == (400.2, "Required parameter name missing.")
    manager = person(relais, "m@example.org", "manager", made["id"])
    assert manager.refused("POST", "/projects", {"name": "x"}) == FORBIDDEN
    assert manager.done("DELETE", path) == {"success": True}
    assert admin.refused("GET", path) == manager.refused("DELETE", path) == UNKNOWN


def test_everyone_sees_their_own_projects_with_what_they_may_do_there(relais: Installation) -> None:
    admin = administrator(relais)
    other = admin.done("POST", "/projects", {"name": "Ailleurs"})["id"]
    viewer, filler = (person(relais, f"{role}@example.org", role, other) for role in ("viewer", "formfill"))
    for who in (viewer, filler):
        assert [project["id"] for project in who.get("/projects")] == [other]
        assert who.refused("GET", f"/projects/{relais.project_id}") == FORBIDDEN
        assert who.get(f"/projects/{other}")["name"] == "Ailleurs"
        assert who.refused("PATCH", f"/projects/{other}", {"name": "x"}) == FORBIDDEN
    assert filler.get("/projects")[0]["verbs"] == [
        "open_form.list",
        "open_form.read",
        "project.read",
        "submission.create",
    ]
    # A role for one form shows no project.
    with relais.services.database.transaction() as session:
        from accounts import roles

        roles.assign(session, filler.id, "viewer", relais.project_id, relais.published["household"].form_id)
    assert [project["id"] for project in filler.get("/projects")] == [other]
    assert stranger(relais).refused("GET", "/projects") == UNAUTHENTICATED


def test_the_extended_list_counts_with_as_many_questions_for_many_as_for_one(relais: Installation) -> None:
    admin = administrator(relais)
    relais.post(instance(new_id()))
    (alone,) = admin.get("/projects", X_Extended_Metadata="true")
    assert {name: alone[name] for name in ("forms", "appUsers", "datasets", "lastEntity")} == {
        "forms": 1,
        "appUsers": 1,
        "datasets": 0,
        "lastEntity": None,
    }
    assert alone["lastSubmission"]
    one = admin.get(f"/projects/{relais.project_id}", X_Extended_Metadata="true")
    assert (one["lastSubmission"], "project.update" in one["verbs"]) == (alone["lastSubmission"], True)
    before = statements(relais, admin)
    for number in range(5):
        admin.done("POST", "/projects", {"name": f"P{number}"})
    assert statements(relais, admin) == before


def statements(relais: Installation, who: Caller) -> int:
    from sqlalchemy import event

    counted: list[str] = []

    def count(*facts: Any) -> None:
        counted.append(facts[2])

    engine = relais.services.database.engine
    event.listen(engine, "before_cursor_execute", count)
    who.get("/projects", X_Extended_Metadata="true")
    event.remove(engine, "before_cursor_execute", count)
    return len(counted)


def test_a_list_may_bring_the_forms_along(post_node: Installation) -> None:
    admin = administrator(post_node)
    admin.done("POST", "/projects", {"name": "Ailleurs"})
    post_node.post(instance(new_id()))
    listed = admin.get("/projects?forms=true&datasets=true")
    assert [(project["name"], project["forms"], project["datasets"]) for project in listed] == [
        ("Frontières", 1, 0),
        ("Ailleurs", 0, 0),
    ]
    (form,) = listed[0]["formList"]
    assert (form["xmlFormId"], form["submissions"], form["publicLinks"]) == ("household", 1, 0)
    assert listed[0]["lastSubmission"] == form["lastSubmission"]


@pytest.fixture
def path(relais: Installation) -> str:
    relais.publish(xform("other"))
    return f"/projects/{relais.project_id}"


def test_a_whole_project_sets_states_and_assignments_of_every_form(relais: Installation, path: str) -> None:
    admin, me = administrator(relais), person(relais, "me@example.org")
    phone = admin.done("POST", f"{path}/app-users", {"displayName": "Tél. 2"})["id"]
    admin.done("POST", f"{path}/forms/household/assignments/viewer/{me.id}")

    def put(*forms: dict[str, Any]) -> Any:
        return admin("PUT", path, {"name": "Frontières", "forms": list(forms)})

    household: dict[str, Any] = {"xmlFormId": "household", "state": "closing"}
    other: dict[str, Any] = {"xmlFormId": "other", "assignments": [{"actorId": phone, "roleId": 2}]}
    assert put({**household, "assignments": [{"actorId": phone, "roleId": 2}]}, other).status_code == 200
    listed = {(row["actorId"], row["roleId"], row["xmlFormId"]) for row in admin.get(f"{path}/assignments/forms")}
    assert listed == {(phone, 2, "household"), (phone, 2, "other")}
    assert admin.get(f"{path}/forms/household")["state"] == "closing"
    assert put(household, {"xmlFormId": "other"}).status_code == 200
    assert len(admin.get(f"{path}/assignments/forms/app-user")) == 2

    def refusal(*forms: dict[str, Any]) -> Any:
        body = put(*forms).get_json()
        return body["code"], body.get("details")

    assert refusal(household)[0] == refusal(household, {"xmlFormId": "x"})[0] == 501.2
    assert refusal(household, household) == (
        400.8,
        {"field": "xmlFormId", "value": "household", "reason": "duplicate value"},
    )
    assert refusal(household, {**other, "assignments": [{"actorId": phone}]}) == (400.2, {"field": "assignment roleId"})
    assert refusal(household, {**other, "assignments": [{"actorId": phone, "roleId": 99}]})[0] == 400.14
    assert refusal(household, {**other, "assignments": [{"actorId": 999, "roleId": 2}]}) == (
        400.14,
        {"field": "actorId", "value": 999, "table": "actors"},
    )
    assert len(admin.get(f"{path}/assignments/forms")) == 2
    viewer = person(relais, "v@example.org", "viewer", relais.project_id)
    assert viewer.refused("PUT", path, {"name": "x"}) == FORBIDDEN
