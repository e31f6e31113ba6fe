"""Roles and assignments through the API."""

from tests.accounts.calling import FORBIDDEN, UNAUTHENTICATED, UNKNOWN, administrator, person, stranger
from tests.installation import Installation


def test_roles_are_central_s_by_number_and_name_and_ours_for_who_wants_more(post_node: Installation) -> None:
    me = person(post_node, "me@example.org")
    listed = me.get("/roles")
    assert [(role["id"], role["system"]) for role in listed] == [
        (1, "admin"),
        (2, "app-user"),
        (3, "pwreset"),
        (5, "manager"),
        (6, "viewer"),
        (7, "formview"),
        (8, "formfill"),
        (9, "pub-link"),
    ]
    assert [role["system"] for role in me.get("/roles", X_Extended_Metadata="true")[8:]] == ["reviewer", "data-viewer"]
    assert me.get("/roles/reviewer")["id"] == 101
    assert me.get("/roles/app-user") == me.get("/roles/2") == listed[1]
    assert listed[1]["verbs"] == ["open_form.read", "submission.create"]
    assert sorted(listed[0]) == ["createdAt", "id", "name", "system", "updatedAt", "verbs"]
    for unknown in ("nobody", "99", "-1"):
        assert me.refused("GET", f"/roles/{unknown}") == UNKNOWN
    for word, code in (("ADMIN", 400.11), ("1.5", 400.11), ("99999999999999", 400.22)):
        assert me.refused("GET", f"/roles/{word}")[0] == code
    assert stranger(post_node).refused("GET", "/roles") == UNAUTHENTICATED


def test_a_role_is_given_listed_and_taken_back_on_the_site_and_in_a_project(relais: Installation) -> None:
    admin, me = administrator(relais), person(relais, "me@example.org")
    for base, already in (("", [admin.id]), (f"/projects/{relais.project_id}", [relais.phone.actor_id])):
        path = f"{base}/assignments"
        assert [row["actorId"] for row in admin.get(path)] == already
        assert admin.done("POST", f"{path}/viewer/{me.id}") == {"success": True}
        assert {"actorId": me.id, "roleId": 6} in admin.get(path)
        code, message = admin.refused("POST", f"{path}/6/{me.id}")
        assert (
            code,
            message.startswith(f"A resource already exists with actorId,roleId,acteeId value(s) of {me.id},6,"),
        ) == (409.3, True)
        extended = admin.get(path, X_Extended_Metadata="true")[-1]
        assert extended["actor"]["displayName"] == "me"
        assert [actor["id"] for actor in admin.get(f"{path}/viewer")] == [me.id]
        assert me.refused("GET", path) == FORBIDDEN
        assert me.refused("POST", f"{path}/viewer/{admin.id}") == FORBIDDEN
        assert admin.done("DELETE", f"{path}/viewer/{me.id}") == {"success": True}
        assert admin.refused("DELETE", f"{path}/viewer/{me.id}") == UNKNOWN
        for wrong in (f"viewer/{me.id + 99}", f"nobody/{me.id}"):
            assert admin.refused("POST", f"{path}/{wrong}") == UNKNOWN
        # One thing at a time: the role before the actor, the place before both.
        for wrong, code in (("nobody/x", 404.1), ("viewer/x", 400.11), ("viewer/99999999999", 400.22), ("X/x", 400.11)):
            assert admin.refused("POST", f"{path}/{wrong}")[0] == admin.refused("DELETE", f"{path}/{wrong}")[0] == code
    assert admin.refused("GET", "/projects/987/assignments") == UNKNOWN
    assert admin.refused("POST", "/projects/987/assignments/viewer/x") == UNKNOWN
    assert me.refused("GET", f"/projects/{relais.project_id}/assignments/forms/nobody") == UNKNOWN


def test_nobody_gives_away_what_they_may_not_do(relais: Installation) -> None:
    manager, me = person(relais, "m@example.org", "manager", relais.project_id), person(relais, "me@example.org")
    path = f"/projects/{relais.project_id}/assignments"
    assert manager.refused("POST", f"{path}/admin/{me.id}") == FORBIDDEN
    assert manager.refused("POST", f"/assignments/viewer/{me.id}") == FORBIDDEN
    for role in ("manager", "viewer", "formfill", "app-user", "reviewer", "data-viewer"):
        assert manager.done("POST", f"{path}/{role}/{me.id}") == {"success": True}
