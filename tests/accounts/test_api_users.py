"""Web users through the API: finding, making, changing, deleting; passwords and the links for choosing one; preferences."""

import pytest

from accounts.similarity import similarity, word_similarity
from tests.accounts.calling import (
    FORBIDDEN,
    UNAUTHENTICATED,
    UNKNOWN,
    Caller,
    administrator,
    basic,
    bearer,
    person,
    stranger,
)
from tests.installation import PASSWORD, Installation

NEW = "four other words entirely"


def test_people_are_listed_by_e_mail_and_found_by_likeness(relais: Installation) -> None:
    admin = administrator(relais)
    for name in ("zara", "alissa", "bob"):
        admin.done("POST", "/users", {"email": f"{name}@example.org", "displayName": name.title()})
    assert [user["displayName"] for user in admin.get("/users")] == ["admin", "Alissa", "Bob", "Zara"]
    assert [user["displayName"] for user in admin.get("/users?limit=2&offset=1")] == ["Alissa", "Bob"]
    assert [user["displayName"] for user in admin.get("/users?q=alisa")] == ["Alissa"]
    assert [user["displayName"] for user in admin.get("/users?q=ZAR")] == ["Zara"]
    assert [user["displayName"] for user in admin.get("/users?q=BOB@example.org")] == ["Bob"]
    assert len(admin.get("/users?q=example.org")) == 4
    colleague = person(relais, "colleague@example.org", "manager", relais.project_id)
    assert colleague.get("/users") == colleague.get("/users?q=ali") == []
    assert [user["email"] for user in colleague.get("/users?q=bob@example.org")] == ["bob@example.org"]
    assert stranger(relais).refused("GET", "/users") == UNAUTHENTICATED


def test_likeness_counts_as_pg_trgm_counts() -> None:
    # The examples of PostgreSQL's own manual.
    assert similarity("word", "two words") == pytest.approx(0.363636, abs=1e-6)
    assert word_similarity("word", "two words") == pytest.approx(0.8)


def test_a_person_is_made_with_or_without_a_password(relais: Installation) -> None:
    admin = administrator(relais)
    made = admin.done("POST", "/users", {"email": "Anne@Example.org", "password": NEW, "surprise": 1})
    assert sorted(made) == sorted(
        ["id", "type", "displayName", "email", "createdAt", "updatedAt", "deletedAt", "lastLoginAt"]
    )
    assert (made["email"], made["displayName"], made["type"]) == ("anne@example.org", "Anne@Example.org", "user")
    assert Caller(relais, basic("anne@example.org", NEW)).get("/users/current")["id"] == made["id"]
    again = {"email": "anne@example.org", "password": NEW}
    assert admin.refused("POST", "/users", again) == (
        409.3,
        "A resource already exists with email,deleted value(s) of anne@example.org,false.",
    )
    silent = admin.done("POST", "/users", {"email": "silent@example.org"})
    assert Caller(relais, basic("silent@example.org", "")).refused("GET", "/users/current") == UNAUTHENTICATED
    for who in (person(relais, "colleague@example.org"), stranger(relais)):
        assert who("POST", "/users", {"email": "x@example.org"}).status_code in (401, 403)
    admin.done("DELETE", f"/users/{silent['id']}")
    assert admin.refused("GET", f"/users/{silent['id']}") == UNKNOWN
    # The e-mail is free again.
    admin.done("POST", "/users", {"email": "silent@example.org"})


def test_what_is_wrong_with_a_new_person_is_said_in_central_s_words(post_node: Installation) -> None:
    admin = administrator(post_node)
    email = {"email": "new@example.org"}
    weak = {
        "warning": "This is similar to a commonly used password",
        "suggestions": ["Add another word or two. Uncommon words are better."],
    }
    for body, code, message in (
        ({}, 400.2, "Required parameter displayName missing."),
        ({"displayName": "x"}, 400.2, "Required parameter email missing."),
        ({"email": 5}, 400.11, "Invalid input data type: expected (email) to be (string)"),
        ({**email, "displayName": "x" * 65}, 400.13, "Length of value too long for a field"),
        (
            {**email, "password": "short"},
            400.21,
            "The password or passphrase provided does not meet the required length.",
        ),
        ({**email, "password": "x" * 73}, 400.38, "The password or passphrase provided exceeds the maximum length."),
        (
            {**email, "password": "newpassword"},
            400.44,
            "The supplied password is too weak: this is similar to a commonly used password",
        ),
        ({**email, "password": ["x" * 20]}, 400.11, None),
        ({**email, "password": 0}, 400.11, 'Invalid input data type: expected "0" to be (string)'),
        ({"email": " "}, 400.8, None),
        ({"email": "x" * 321}, 400.13, "Length of value too long for a field"),
    ):
        answer = admin("POST", "/users", body)
        assert answer.status_code == 400
        assert answer.get_json()["code"] == code
        assert message in (None, answer.get_json()["message"])
        if code == 400.44:
            assert answer.get_json()["details"] == weak
    assert len(admin.get("/users")) == 1
    # Whatever else somebody is called by is taken, as Central takes it; and shown as it was typed when it is taken already.
    assert admin.done("POST", "/users", {"email": "poste 4"})["displayName"] == "poste 4"
    code, message = admin.refused("POST", "/users", {"email": "Poste 4"})
    assert (code, message) == (409.3, "A resource already exists with email,deleted value(s) of Poste 4,false.")


def test_everyone_reads_and_changes_themselves_and_administrators_everyone(relais: Installation) -> None:
    admin, me, other = administrator(relais), person(relais, "me@example.org"), person(relais, "other@example.org")
    assert me.get(f"/users/{me.id}") == admin.get(f"/users/{me.id}") == me.get("/users/current")
    assert other.refused("GET", f"/users/{me.id}") == FORBIDDEN
    assert other.refused("PATCH", f"/users/{me.id}", {"displayName": "X"}) == FORBIDDEN
    changed = me.done("PATCH", f"/users/{me.id}", {"displayName": "Moi", "email": "moi@example.org"})
    assert (changed["displayName"], changed["email"], changed["updatedAt"] is None) == ("Moi", "moi@example.org", False)
    assert me.refused("PATCH", f"/users/{me.id}", {"displayName": None})[1] == "Required parameter displayName missing."
    assert me.refused("PATCH", f"/users/{me.id}", {"email": "other@example.org"})[0] == 409.3
    assert me.refused("DELETE", f"/users/{other.id}") == FORBIDDEN
    assert admin.refused("GET", f"/users/{relais.phone.actor_id}") == UNKNOWN
    more = me.get("/users/current", X_Extended_Metadata="true")
    assert (more["verbs"], more["preferences"]) == ([], {"site": {}, "projects": {}})
    assert "user.create" in admin.get("/users/current", X_Extended_Metadata="true")["verbs"]


def test_a_password_is_changed_by_who_knows_it_and_every_other_session_ends(relais: Installation) -> None:
    me = person(relais, "me@example.org")
    elsewhere = stranger(relais).done("POST", "/sessions", {"email": "me@example.org", "password": PASSWORD})
    path = f"/users/{me.id}/password"
    assert me.refused("PUT", path, {"old": "wrong", "new": NEW}) == UNAUTHENTICATED
    assert me.refused("PUT", path, {"old": PASSWORD}) == (
        400.11,
        'Invalid input data type: expected "undefined" to be (string)',
    )
    assert person(relais, "other@example.org").refused("PUT", path, {"old": PASSWORD, "new": NEW}) == FORBIDDEN
    assert me.done("PUT", path, {"old": PASSWORD, "new": NEW}) == {"success": True}
    assert me.get("/users/current")["email"] == "me@example.org"
    assert (
        Caller(relais, {"Authorization": f"Bearer {elsewhere['token']}"}).refused("GET", "/projects") == UNAUTHENTICATED
    )
    assert Caller(relais, basic("me@example.org", NEW)).get("/users/current")["id"] == me.id


def test_a_link_lets_a_person_choose_a_password_once(relais: Installation) -> None:
    admin, me = administrator(relais), person(relais, "me@example.org")
    assert me.refused("POST", f"/users/{me.id}/reset-link") == FORBIDDEN
    link = admin.done("POST", f"/users/{me.id}/reset-link")
    assert link["url"].endswith(f"/account/claim/{link['token']}")
    holder = Caller(relais, {"Authorization": f"Bearer {link['token']}"})
    assert holder.refused("GET", "/users/current") == UNAUTHENTICATED
    assert holder.refused("POST", "/users/reset/verify", {"new": "short"})[0] == 400.21
    assert holder.done("POST", "/users/reset/verify", {"new": NEW}) == {"success": True}
    assert holder.refused("POST", "/users/reset/verify", {"new": NEW}) == UNAUTHENTICATED
    assert me.refused("GET", "/users/current") == UNAUTHENTICATED
    assert Caller(relais, basic("me@example.org", NEW)).get("/users/current")["id"] == me.id
    assert admin.refused("POST", "/users/reset/verify", {"new": NEW}) == FORBIDDEN
    assert stranger(relais).refused("POST", "/users/reset/verify", {"new": NEW}) == UNAUTHENTICATED


def test_asking_for_a_new_password_tells_nobody_who_exists(relais: Installation) -> None:
    nobody, me = stranger(relais), person(relais, "me@example.org")
    path = "/users/reset/initiate"
    for email in ("me@example.org", "unknown@example.org"):
        assert nobody.done("POST", path, {"email": email}) == {"success": True}
    assert nobody.refused("POST", path, {}) == (400.2, "Required parameter email missing.")
    assert nobody.refused("POST", f"{path}?invalidate=true", {"email": "me@example.org"}) == UNAUTHENTICATED
    assert me.refused("POST", f"{path}?invalidate=true", {"email": "me@example.org"}) == FORBIDDEN
    assert administrator(relais).done("POST", f"{path}?invalidate=TRUE", {"email": "me@example.org"}) == {
        "success": True
    }
    assert me.refused("GET", "/users/current") == UNAUTHENTICATED
    assert Caller(relais, basic("me@example.org")).refused("GET", "/users/current") == UNAUTHENTICATED


def test_preferences_are_any_json_under_a_name_and_only_one_s_own(relais: Installation) -> None:
    me, other = person(relais, "me@example.org"), person(relais, "other@example.org")
    site, project = "/user-preferences/site/columns", f"/user-preferences/project/{relais.project_id}/a%2Fb"
    for value in ({"x": [1, None]}, None, "é"):
        assert me.done("PUT", site, {"propertyValue": value}) == {"success": True}
        assert me.done("PUT", project, {"propertyValue": value}) == {"success": True}
    chosen = me.get("/users/current", X_Extended_Metadata="true")["preferences"]
    assert chosen == {"site": {"columns": "é"}, "projects": {str(relais.project_id): {"a/b": "é"}}}
    assert other.get("/users/current", X_Extended_Metadata="true")["preferences"]["site"] == {}
    assert me.refused("PUT", site, {}) == (400.23, "Could not find a property named 'propertyValue'")
    assert me.refused("PUT", site, {"propertyValue": 1, "x": 2})[0] == 400.33
    assert me.refused("PUT", "/user-preferences/project/987/x", {"propertyValue": 1}) == UNKNOWN
    assert me.refused("PUT", f"/user-preferences/site/{'x' * 300}", {"propertyValue": 1})[0] == 400.13
    assert me("DELETE", site).status_code == 200
    assert me.refused("DELETE", site) == UNKNOWN
    assert stranger(relais).refused("PUT", site, {"propertyValue": 1}) == UNAUTHENTICATED
    phone = Caller(relais, bearer(relais.phone.token))
    assert phone.refused("PUT", site, {"propertyValue": 1})[0] == 400.14
    assert phone.refused("DELETE", site) == UNKNOWN
