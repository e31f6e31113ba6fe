"""App users and public links through the API: their tokens, properties, what they may do, how they end."""

from typing import Any

from accounts.roles import APP_USER
from tests.accounts.calling import FORBIDDEN, UNAUTHENTICATED, UNKNOWN, Caller, administrator, bearer, person, stranger
from tests.installation import Installation, instance, new_id, xform

MORE = {"X_Extended_Metadata": "true"}


def test_an_app_user_is_made_for_no_form_then_given_one(relais: Installation) -> None:
    admin = administrator(relais)
    path = f"/projects/{relais.project_id}"
    relais.publish(xform("other"))
    made = admin.done("POST", f"{path}/app-users", {"displayName": "Tél. 2"})
    assert (made["type"], made["projectId"], len(made["token"])) == ("field_key", relais.project_id, 64)
    assert (len(made["csrf"]), made["expiresAt"]) == (64, "9999-12-31T23:59:59.000Z")
    key = f"/v1/key/{made['token']}{path}"
    assert b"<formID>" not in relais.client.get(f"{key}/formList").data
    assert admin.done("POST", f"{path}/forms/household/assignments/{APP_USER}/{made['id']}") == {"success": True}
    assert relais.client.get(f"{key}/formList").data.count(b"<formID>") == 1
    phone = Caller(relais, bearer(made["token"]))
    assert phone.get(f"{path}/forms/household")["xmlFormId"] == "household"
    assert phone.refused("GET", f"{path}/forms/other") == FORBIDDEN
    assert phone.refused("GET", f"{path}/app-users") == phone.refused("GET", f"{path}/forms") == FORBIDDEN
    assert relais.post(instance(new_id()), url=key).status_code == 201
    newest, oldest = admin.get(f"{path}/app-users", **MORE)
    assert (newest["id"], oldest["id"]) == (made["id"], relais.phone.actor_id)
    assert (newest["createdBy"]["id"], newest["properties"], newest["state"]) == (admin.id, None, "active")
    assert newest["lastUsed"]
    assert oldest["lastUsed"] is None
    assert "lastUsed" not in admin.get(f"{path}/app-users")[0]


def test_a_phone_is_retired_revoked_and_deleted(relais: Installation) -> None:
    admin, manager = administrator(relais), person(relais, "m@example.org", "manager", relais.project_id)
    path = f"/projects/{relais.project_id}/app-users"
    first = f"{path}/{relais.phone.actor_id}"
    assert manager.done("PATCH", first, {"state": "retired"})["token"] == relais.phone.token
    assert b"<formID>" not in relais.client.get(f"{relais.key_url}/formList").data
    assert relais.post(instance(new_id())).status_code == 201
    assert manager.refused("PATCH", first, {"state": "asleep"})[0] == 400.8
    second = manager.done("POST", path, {"displayName": "Tél. 2"})
    assert manager.done("DELETE", f"/sessions/{relais.phone.token}") == {"success": True}
    assert relais.post(instance(new_id())).status_code == 403
    assert [(user["id"], user["token"]) for user in admin.get(path)] == [
        (second["id"], second["token"]),
        (relais.phone.actor_id, None),
    ]
    assert manager.done("DELETE", first) == {"success": True}
    assert admin.refused("GET", first) == UNKNOWN
    assert len(admin.get(path)) == 1
    viewer = person(relais, "v@example.org", "viewer", relais.project_id)
    for method, where, body in (
        ("GET", path, None),
        ("POST", path, {"displayName": "x"}),
        ("DELETE", f"{path}/{second['id']}", None),
    ):
        assert viewer.refused(method, where, body) == FORBIDDEN
        assert stranger(relais).refused(method, where, body) == UNAUTHENTICATED
    assert admin.refused("POST", path, {}) == (400.2, "Required parameter displayName missing.")
    assert admin.refused("POST", path, {"displayName": "x" * 65}) == (400.13, "Length of value too long for a field")
    assert admin.refused("GET", "/projects/987/app-users") == UNKNOWN


def test_properties_have_names_of_the_project_and_texts_as_values(relais: Installation) -> None:
    admin = administrator(relais)
    base = f"/projects/{relais.project_id}"
    names = f"{base}/actor-properties"
    for name in ("region", "équipe_2"):
        assert admin.done("POST", names, {"name": name}) == {"success": True}
    assert admin.refused("POST", names, {"name": "region"}) == (
        409.3,
        f"A resource already exists with projectId,name value(s) of {relais.project_id},region.",
    )
    for wrong in (None, "", "displayName", "Label", "__x", "2x", "a b", 5):
        assert admin.refused("POST", names, {"name": wrong})[0] == 400.8
    unsaid = "Unexpected name value undefined; This is not a valid property name."
    assert admin.refused("POST", names, {}) == (400.8, unsaid)
    assert admin.get(names) == [{"name": "region"}, {"name": "équipe_2"}]
    made = admin.done("POST", f"{base}/app-users", {"displayName": "Tél. 2", "properties": {"region": " Diffa "}})
    path = f"{base}/app-users/{made['id']}"
    assert admin.get(path, **MORE)["properties"] == {"region": "Diffa"}
    assert admin.done("PATCH", path, {"properties": {"équipe_2": "B", "region": ""}})["properties"] == {"équipe_2": "B"}
    assert admin.get(names, **MORE) == [{"name": "region", "values": []}, {"name": "équipe_2", "values": ["B"]}]
    refusals: tuple[tuple[Any, str], ...] = (
        ([], "Unexpected properties value ; Must be an object."),
        ({"x": "y"}, "Unexpected properties value x; Unknown property name."),
        ({"region": 5}, "Unexpected region value 5; Property values must be strings or null."),
    )
    for given, message in refusals:
        assert admin.refused("PATCH", path, {"properties": given}) == (400.8, message)
    refused = {"displayName": "Tél. 3", "properties": {"x": "y"}}
    assert admin.refused("POST", f"{base}/app-users", refused)[0] == 400.8
    assert len(admin.get(f"{base}/app-users")) == 2
    viewer = person(relais, "v@example.org", "viewer", relais.project_id)
    assert viewer.get(names)
    assert viewer.refused("POST", names, {"name": "x"}) == FORBIDDEN


def test_a_public_link_lets_anybody_send_one_form_until_it_is_ended(relais: Installation) -> None:
    admin = administrator(relais)
    relais.publish(xform("other"))
    project = f"/projects/{relais.project_id}"
    path = f"{project}/forms/household/public-links"
    made = admin.done("POST", path, {"displayName": "Affiche", "once": True})
    assert (made["type"], made["once"], len(made["token"])) == ("public_link", True, 64)
    for address in (f"/v1/key/{made['token']}{project}", f"/v1{project}"):
        query = "" if "key" in address else f"?st={made['token']}"
        listed = relais.client.get(f"{address}/formList{query}")
        assert (listed.status_code, listed.data.count(b"<formID>")) == (200, 1)
    key = f"/v1/key/{made['token']}{project}"
    assert relais.post(instance(new_id()), url=key).status_code == 201
    assert relais.post(instance(new_id(), form_id="other"), url=key).status_code == 403
    anybody = Caller(relais, bearer(made["token"]))
    assert anybody.get(f"{project}/forms/household")["name"] == "Ménage"
    assert anybody.refused("GET", f"{project}/forms/household/submissions") == FORBIDDEN
    assert anybody.refused("DELETE", "/sessions/current") == FORBIDDEN
    assert admin.get(f"{project}/forms", **MORE)[0]["publicLinks"] == 1
    shown = admin.get(path, **MORE)[0]
    assert (shown["createdBy"]["id"], shown["properties"], shown["token"]) == (admin.id, None, made["token"])
    assert admin.done("DELETE", f"/sessions/{made['token']}") == {"success": True}
    assert admin.get(f"{path}/{made['id']}")["token"] is None
    assert relais.post(instance(new_id()), url=key).status_code == 403
    assert admin.done("DELETE", f"{path}/{made['id']}") == {"success": True}
    assert admin.get(path) == []
    for who in (person(relais, "v@example.org", "viewer", relais.project_id), stranger(relais)):
        assert who("POST", path, {"displayName": "x"}).status_code in (401, 403)
    assert admin.refused("GET", f"{project}/forms/nothing/public-links") == UNKNOWN


def test_a_web_form_behind_a_link_sends_with_the_token_in_the_query(relais: Installation) -> None:
    admin = administrator(relais)
    project = f"/projects/{relais.project_id}"
    token = admin.done("POST", f"{project}/forms/household/public-links", {"displayName": "Affiche"})["token"]
    from tests.installation import BOUNDARY, multipart_body

    answer = relais.client.post(
        f"/v1{project}/submission?st={token}",
        data=multipart_body(instance(new_id()), {}),
        content_type=f"multipart/form-data; boundary={BOUNDARY}",
    )
    assert answer.status_code == 201
