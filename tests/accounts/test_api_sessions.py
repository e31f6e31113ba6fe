"""Signing in and out through the API: tokens, cookies, passwords sent each time, tokens in addresses."""

import re

from accounts import guessing
from accounts.guessing import NOISY
from accounts.web_users import FREE_FAILURES
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

ADMIN = {"email": "admin@example.org", "password": PASSWORD}


def test_a_session_is_opened_shown_and_ended(relais: Installation) -> None:
    answer = stranger(relais)("POST", "/sessions", ADMIN, User_Agent="tests")
    made = answer.get_json()
    assert sorted(made) == ["createdAt", "csrf", "expiresAt", "token"]
    assert len(made["token"]) == len(made["csrf"]) == 64
    assert answer.headers["Cache-Control"] == "no-store"
    me = Caller(relais, bearer(made["token"]))
    assert me("GET", "/sessions/restore").headers["Cache-Control"] == "no-store"
    assert me.get("/sessions/restore") == {"createdAt": made["createdAt"], "expiresAt": made["expiresAt"]}
    assert me.get("/users/current")["lastLoginAt"] == made["createdAt"]
    assert me.done("DELETE", "/sessions/current") == {"success": True}
    assert me.refused("GET", "/sessions/restore") == UNAUTHENTICATED


def test_what_is_missing_or_wrong_is_told_in_central_s_words(post_node: Installation) -> None:
    nobody = stranger(post_node)
    assert nobody.refused("POST", "/sessions", {"email": "a@b.org"}) == (
        400.3,
        "Required parameters missing. Expected (email, password), got (email: 'a@b.org', password: undefined).",
    )
    assert nobody.refused("POST", "/sessions", {"email": ["x"], "password": "x"}) == (
        400.11,
        "Invalid input data type: expected (email) to be (string)",
    )
    for wrong in ({**ADMIN, "password": "x"}, {**ADMIN, "password": 1}, {**ADMIN, "email": "nobody@example.org"}):
        assert nobody.refused("POST", "/sessions", wrong) == UNAUTHENTICATED
    assert nobody.refused("GET", "/users/current") == UNAUTHENTICATED
    assert Caller(post_node, {"Authorization": "Magic x"}).refused("GET", "/users/current") == UNAUTHENTICATED


def test_a_password_may_come_with_each_request_but_is_no_session(post_node: Installation) -> None:
    me = Caller(post_node, basic("admin@example.org"))
    assert me.get("/users/current")["email"] == "admin@example.org"
    assert me.refused("GET", "/sessions/restore") == UNKNOWN
    assert me.refused("DELETE", "/sessions/current") == UNKNOWN
    bare = {name: value for name, value in me.headers.items() if name == "Authorization"}
    far = post_node.client.get("/v1/users/current", headers=bare)
    assert far.get_json() == {"code": 401.3, "message": "This authentication method is only available over HTTPS"}


def test_cookies_are_read_where_a_client_says_that_https_brought_them(post_node: Installation) -> None:
    client, proxied = post_node.app.test_client(), {"X-Forwarded-Proto": "https"}
    given = client.post("/v1/sessions", json=ADMIN).headers.getlist("Set-Cookie")
    until = "[A-Z][a-z]{2}, [^;]+ GMT"
    assert re.fullmatch(f"session=[A-Za-z0-9!%]+; Path=/; Expires={until}; HttpOnly; SameSite=Strict", given[0])
    assert re.fullmatch(f"__csrf=[A-Za-z0-9!%]+; Path=/; Expires={until}; SameSite=Strict", given[1])
    assert client.get("/v1/users/current").get_json()["code"] == 401.3
    assert client.get("/v1/users/current", headers=proxied).status_code == 200
    client.set_cookie("session", post_node.phone.token)
    assert client.get("/v1/sessions/restore", headers=proxied).get_json()["expiresAt"].startswith("9999")
    client.set_cookie("session", "nobody")
    for headers, code in ((proxied, 401.2), ({}, 401.3)):
        assert client.get("/v1/sessions/restore", headers=headers).get_json()["code"] == code


def test_cookies_read_and_need_a_proof_to_post(post_node: Installation) -> None:
    client, origin, name = post_node.app.test_client(), "https://localhost", "__Host-session"
    csrf = client.post("/v1/sessions", json=ADMIN, base_url=origin).get_json()["csrf"]
    cookie = client.get_cookie(name)
    assert cookie is not None
    assert (cookie.http_only, cookie.secure, cookie.same_site) == (True, True, "Strict")
    assert client.get("/v1/users/current", base_url=origin).status_code == 200

    def post(**choices: object) -> int:
        return client.post("/v1/assignments/viewer/1", base_url=origin, **choices).status_code

    assert post(json={}) == 401
    assert post(json={"__csrf": "wrong"}) == 401
    assert post(json={"__csrf": csrf}, headers={"Origin": "http://evil.example"}) == 401
    assert post(json={}, headers={"X-Requested-With": "XMLHttpRequest"}) == 200
    assert post(json={"__csrf": csrf.replace("$", "%24")}) == 409
    gone = client.delete("/v1/sessions/current", base_url=origin)
    assert gone.get_json() == {"success": True}
    assert client.get_cookie(name) is None
    assert client.get_cookie("__csrf", path="/") is None


def test_tokens_are_ended_by_who_may_and_nobody_learns_which_exist(relais: Installation) -> None:
    admin, manager = administrator(relais), person(relais, "m@example.org", "manager", relais.project_id)
    colleague = person(relais, "c@example.org")
    phone = relais.new_phone()
    mine = Caller(relais, bearer(phone.token))
    for who in (colleague, mine):
        for token in (admin.token, phone.token, "x" * 64, "nonsense"):
            assert who.refused("DELETE", f"/sessions/{token}") == FORBIDDEN
    assert manager.refused("DELETE", f"/sessions/{admin.token}") == FORBIDDEN
    assert manager.done("DELETE", f"/sessions/{phone.token}") == {"success": True}
    assert mine.refused("GET", "/projects") == UNAUTHENTICATED
    assert admin.done("DELETE", f"/sessions/{colleague.token}") == {"success": True}
    assert colleague.refused("GET", "/projects") == UNAUTHENTICATED
    assert admin.done("DELETE", f"/sessions/{admin.token}") == {"success": True}


def test_a_token_in_the_address_counts_before_everything_else(relais: Installation) -> None:
    admin, token = administrator(relais), relais.phone.token
    for path in (f"/key/{token}/users/current", f"/users/current?st={token}"):
        assert admin.refused("GET", path) == UNKNOWN
    assert admin.get(f"/key/{token}/projects") == []
    assert admin.get(f"/key/{token}/sessions/restore")["expiresAt"] == "9999-12-31T23:59:59.000Z"
    for nobody in ("/key/short/projects", "/projects?st="):
        assert admin("GET", nobody).status_code == 401
    for wrong in (f"/key/{'x' * 64}/projects", f"/key/{admin.token}/projects"):
        assert admin.refused("GET", wrong) == FORBIDDEN
    # What phones ask for keeps its own addresses, and a token in the query leads there too.
    listed = relais.client.get(f"/v1/projects/{relais.project_id}/formList?st={token}")
    assert f"/v1/key/{token}/projects/1/forms/household.xml" in listed.text


def test_an_address_that_is_none_is_404_whatever_the_method(post_node: Installation) -> None:
    nobody = stranger(post_node)
    for method, path in (("GET", "/nothing"), ("PUT", "/sessions"), ("GET", "/sessions")):
        assert nobody.refused(method, path) == UNKNOWN
    later = post_node.client.get("/v2/sessions")
    assert later.get_json() == {
        "code": 404.3,
        "message": "Unexpected an API version (accepts: 1) (got: 2).",
        "details": {"got": "2"},
    }
    for path, kind in (("/v1", "text/html"), ("/nothing", "*/*"), ("/nothing", "text/html,*/*")):
        answer = post_node.client.get(path, headers={"Accept": kind})
        assert answer.status_code == 404
        if path == "/v1" or kind == "*/*":
            message = "Expected an API version (eg /v1) at the start of the request URL."
            assert answer.get_json() == {"code": 404.2, "message": message}
        else:
            assert answer.mimetype == "text/html"


def test_a_number_is_told_wrong_only_to_who_may_ask(post_node: Installation) -> None:
    for path, refusal in (
        ("/users/x", (400.11, 'Invalid input data type: expected "x" to be (type integer)')),
        (f"/users/{2**31}", (400.22, f"Provided value '{2**31}' is out of range for type 'integer'")),
    ):
        assert administrator(post_node).refused("GET", path) == refusal
        assert stranger(post_node).refused("GET", path) == UNAUTHENTICATED


def test_guessing_waits_by_account_and_by_source_without_shutting_out_the_others(post_node: Installation) -> None:
    nobody = stranger(post_node)
    for _ in range(FREE_FAILURES):
        assert nobody("POST", "/sessions", {**ADMIN, "password": "wrong"}).status_code == 401
    waiting = nobody("POST", "/sessions", ADMIN)
    assert (waiting.status_code, int(waiting.headers["Retry-After"]) >= 1) == (429, True)
    person(post_node, "other@example.org")
    for _ in range(NOISY):
        guessing.sources.note("127.0.0.1")
    # The whole post guesses: everyone else on its network still signs in, with one mistake free.
    other = {**ADMIN, "email": "other@example.org"}
    assert nobody("POST", "/sessions", {**other, "password": "wrong"}).status_code == 401
    assert nobody("POST", "/sessions", other).status_code == 429
    person(post_node, "third@example.org")
    assert nobody("POST", "/sessions", {**ADMIN, "email": "third@example.org"}).status_code == 200
    assert Caller(post_node, bearer("x" * 64))("GET", "/projects").status_code == 429
    assert administrator(post_node)("GET", "/projects").status_code == 200
