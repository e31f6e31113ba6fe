"""Roles for single forms, and what app users see of a project whose forms were given to them one by one."""

import pytest

from accounts.app_users import Credential
from accounts.models import Actor
from accounts.roles import APP_USER
from tests.forms.central import Caller, code, form, person
from tests.installation import Installation


@pytest.fixture
def manager(relais: Installation) -> Caller:
    return person(relais, "manager", "manager")


def phone_without_forms(relais: Installation) -> Credential:
    return relais.new_phone("Téléphone 3", all_forms=False)


def test_a_role_is_given_for_one_form_seen_and_taken_back(manager: Caller) -> None:
    relais = manager.relais
    manager.create(form(), "?publish=true")
    phone = phone_without_forms(relais)
    path = "/forms/simple/assignments"
    assert manager.json(path) == []
    assert manager("POST", f"{path}/app-user/{phone.actor_id}").get_json() == {"success": True}
    details = code(manager("POST", f"{path}/app-user/{phone.actor_id}"), 409, 409.3)
    assert details["fields"] == ["actorId", "roleId", "acteeId"]
    given = {"actorId": phone.actor_id, "roleId": APP_USER}
    assert manager.json(path) == [given]
    (extended,) = manager.json(path, X_Extended_Metadata="true")
    assert (extended["actor"]["displayName"], extended["roleId"]) == ("Téléphone 3", APP_USER)
    (actor,) = manager.json(f"{path}/{APP_USER}")
    assert (actor["id"], actor["type"]) == (phone.actor_id, "field_key")
    assert manager.json("/assignments/forms") == [{**given, "xmlFormId": "simple"}]
    assert manager.json("/assignments/forms/app-user") == manager.json("/assignments/forms")
    assert manager.json("/assignments/forms/viewer") == []
    (summary,) = manager.json("/assignments/forms", X_Extended_Metadata="true")
    assert (summary["actor"]["id"], summary["xmlFormId"]) == (phone.actor_id, "simple")
    code(manager("POST", f"{path}/admin/{phone.actor_id}"), 403, 403.1)
    code(manager("POST", f"{path}/nothing/{phone.actor_id}"), 404, 404.1)
    code(manager("GET", "/forms/nothing/assignments"), 404, 404.1)
    assert manager("DELETE", f"{path}/app-user/{phone.actor_id}").get_json() == {"success": True}
    code(manager("DELETE", f"{path}/app-user/{phone.actor_id}"), 404, 404.1)
    assert manager.json(path) == []


def test_who_may_not_assign_sees_and_changes_nothing(manager: Caller) -> None:
    relais = manager.relais
    phone = phone_without_forms(relais)
    for who in (person(relais, "viewer", "viewer"), person(relais, "stranger")):
        for path in ("/forms/household/assignments", "/assignments/forms", "/forms/household/assignments/app-user"):
            code(who("GET", path), 403, 403.1)
        for method in ("POST", "DELETE"):
            code(who(method, f"/forms/household/assignments/app-user/{phone.actor_id}"), 403, 403.1)
    assert manager.json("/assignments/forms") == []


def test_an_app_user_sees_the_forms_it_was_given_and_no_others(manager: Caller) -> None:
    relais = manager.relais
    manager.create(form(), "?publish=true")
    manager.create(form("other", title="Other"), "?publish=true")
    phone = phone_without_forms(relais)
    url = f"/v1/key/{phone.token}/projects/{relais.project_id}"

    def ask(path: str) -> int:
        return relais.client.get(f"{url}{path}", buffered=True).status_code

    assert b"<formID>" not in relais.client.get(f"{url}/formList").data
    manager("POST", f"/forms/simple/assignments/app-user/{phone.actor_id}")
    listed = relais.client.get(f"{url}/formList").data
    assert (b"<formID>simple<" in listed, b"other" in listed, b"household" in listed) == (True, False, False)
    assert b"<formID>" not in relais.client.get(f"{url}/formList?formID=other").data
    assert b"<formID>simple<" in relais.client.get(f"{url}/formList?formID=simple").data
    assert [ask(f"/forms/{name}.xml") for name in ("simple", "other", "household", "nothing")] == [200, 403, 403, 404]
    assert [ask(f"/forms/{name}/fields") for name in ("simple", "other")] == [200, 403]
    assert ask("/forms") == 403
    manager("PATCH", "/forms/simple", {"state": "closing"})
    assert (b"<formID>" in relais.client.get(f"{url}/formList").data, ask("/forms/simple.xml")) == (False, 200)
    manager("PATCH", "/forms/simple", {"state": "closed"})
    assert ask("/forms/simple.xml") == 403


def test_a_person_can_have_a_role_for_one_form_alone(manager: Caller) -> None:
    relais = manager.relais
    manager.create(form(), "?publish=true")
    helper = person(relais, "helper")
    with relais.services.database.reading() as session:
        (actor_id,) = session.query(Actor.id).filter(Actor.display_name == "helper").one()
    manager("POST", f"/forms/simple/assignments/manager/{actor_id}")
    assert helper.json("/forms/simple")["xmlFormId"] == "simple"
    assert helper("PATCH", "/forms/simple", {"state": "closing"}).status_code == 200
    helper.draft("simple", form(version="2"))
    for path in ("/forms", "/forms/household"):
        code(helper("GET", path), 403, 403.1)
    code(helper("POST", "/forms", form("another"), Content_Type="application/xml"), 403, 403.1)
