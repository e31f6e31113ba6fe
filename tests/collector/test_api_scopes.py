"""Giving somebody a part of the submissions over REST."""

import pytest
from sqlalchemy import select

from accounts.models import Event, WebUser
from collector.scope_keys import look_up_older
from tests.collector.receiving import everything
from tests.collector.rest import NOT_ALLOWED, NOT_FOUND, Caller, admin_of, caller, created, problem
from tests.installation import Installation

SCOPES = "/v1/projects/1/scopes"


@pytest.fixture
def admin(relais: Installation) -> Caller:
    return admin_of(relais)


def id_of(relais: Installation, email: str) -> int:
    with relais.services.database.reading() as session:
        return session.scalars(select(WebUser.actor_id).where(WebUser.email == email)).one()


def test_a_scope_is_given_read_and_taken_back(relais: Installation, admin: Caller) -> None:
    here, there = created(admin, name="A"), created(admin, name="B")
    viewer = caller(relais, "viewer@example.org", "viewer")
    path = f"{SCOPES}/{id_of(relais, 'viewer@example.org')}"
    nothing = {"actorId": id_of(relais, "viewer@example.org"), "rules": [], "hiddenClasses": [], "complete": True}
    assert admin.json(path) == nothing
    body = {"rules": [{"property": "name", "values": ["A"]}], "hiddenClasses": ["P"]}
    rule = {"property": "name", "values": ["A"], "xmlFormId": None}
    given = {**nothing, "rules": [rule], "hiddenClasses": ["P"], "complete": False}
    for _ in range(2):
        assert admin.call("PUT", path, json=body).get_json() == given
    assert viewer.json("submissions") == []
    with relais.services.database.transaction() as session:
        look_up_older(session, 1, 100)
    assert admin.json(SCOPES) == [{**given, "complete": True}]
    (only,) = viewer.json("submissions")
    assert (only["instanceId"], only["currentVersion"]["instanceName"]) == (here, None)
    assert problem(viewer.get(f"submissions/{here}.xml")) == NOT_ALLOWED
    assert problem(viewer.get(f"submissions/{there}")) == NOT_FOUND
    assert admin.call("DELETE", path).get_json() == {"success": True}
    assert problem(admin.call("DELETE", path)) == NOT_FOUND
    assert len(viewer.json("submissions")) == 2
    assert viewer.get(f"submissions/{here}.xml").status_code == 200
    with relais.services.database.reading() as session:
        details = session.scalars(select(Event.details).where(Event.action == "scope.update"))
        assert {each["actorId"] for each in details if each} == {nothing["actorId"]}


def test_phones_may_be_limited_to_what_they_sent(relais: Installation, admin: Caller) -> None:
    path = f"{SCOPES}/{relais.phone.actor_id}"
    given = admin.call("PUT", path, json={"rules": [{"property": "own", "xmlFormId": "household"}]}).get_json()
    assert given["rules"] == [{"property": "own", "values": [], "xmlFormId": "household"}]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"rules": 7}, 400.11),
        ({"rules": [7]}, 400.11),
        ({"rules": [{}]}, 400.2),
        ({"rules": [{"property": "name"}]}, 400.2),
        ({"rules": [{"property": "name", "values": [1]}]}, 400.11),
        ({"rules": [{"property": "name", "values": ["x" * 256]}]}, 400.13),
        ({"rules": [{"property": "unasked", "values": ["A"]}]}, 400.8),
        ({"rules": [{"property": "first_name", "values": ["A"]}]}, 400.8),
        ({"rules": [{"property": "own", "values": ["A"]}]}, 400.8),
        ({"rules": [{"property": "name", "values": ["A"], "xmlFormId": "nothing"}]}, 404.1),
        ({"rules": [{"property": "own"}] * 21}, 400.8),
        ({"hiddenClasses": "P"}, 400.11),
    ],
)
def test_a_scope_that_cannot_be_is_refused(post_node: Installation, body: object, code: float) -> None:
    admin = admin_of(post_node)
    before = everything(post_node)
    answer = admin.call("PUT", f"{SCOPES}/{post_node.phone.actor_id}", json=body)
    assert problem(answer)[1] == code
    assert everything(post_node) == before


def test_nobody_widens_a_view_of_its_own(relais: Installation, admin: Caller) -> None:
    manager, other = caller(relais, "m@example.org", "manager"), caller(relais, "o@example.org", "manager")
    stranger, mine = caller(relais, "s@example.org"), f"{SCOPES}/{id_of(relais, 'm@example.org')}"
    rules = {"rules": [{"property": "own"}]}
    assert problem(manager.call("PUT", mine, json=rules)) == NOT_ALLOWED
    assert admin.call("PUT", mine, json=rules).status_code == 200
    for path in (mine, f"{SCOPES}/{id_of(relais, 'o@example.org')}"):
        assert problem(manager.call("PUT", path, json={})) == NOT_ALLOWED
        assert problem(manager.call("DELETE", path)) == NOT_ALLOWED
        assert problem(stranger.call("PUT", path, json={})) == NOT_ALLOWED
    for path in (SCOPES, mine):
        assert problem(stranger.get(path)) == NOT_ALLOWED
    assert other.json(mine)["rules"][0]["property"] == "own"
    assert problem(admin.call("PUT", f"{SCOPES}/{id_of(relais, 's@example.org')}", json=rules)) == NOT_FOUND
    assert problem(admin.get(f"{SCOPES}/9999")) == NOT_FOUND


def test_who_sent_what_may_be_hidden(relais: Installation, admin: Caller) -> None:
    first = created(admin)
    admin.call("POST", f"submissions/{first}/comments", json={"body": "vu"})
    viewer = caller(relais, "viewer@example.org", "viewer")
    path = f"{SCOPES}/{id_of(relais, 'viewer@example.org')}"
    assert admin.call("PUT", path, json={"hiddenClasses": ["P-staff"]}).status_code == 200
    for address, part in (
        ("submissions", "submitter"),
        (f"submissions/{first}/versions", "submitter"),
        (f"submissions/{first}/comments", "actor"),
        (f"submissions/{first}/audits", "actor"),
    ):
        shown, whole = viewer.json(address, extended=True)[0][part], admin.json(address, extended=True)[0][part]
        assert (shown["displayName"], whole["displayName"]) == ("", "admin")
    assert [each["displayName"] for each in viewer.json("submissions/submitters")] == [""]
