"""Signing in and out, the first password, one's own account."""

import pytest
import time_machine

from accounts import web_users
from accounts.web_users import FREE_FAILURES
from config.clock import now
from tests.installation import PASSWORD, Installation
from tests.reader import Reader, person, sign_in, stranger

NEW = "four other words entirely"


@pytest.fixture
def newcomer(relais: Installation) -> Reader:
    """Somebody with a one-time password, who has just signed in with it."""
    with relais.services.database.transaction() as session:
        web_users.create_web_user(
            session, "new@example.org", PASSWORD, role="manager", project_id=relais.project_id, must_change=True
        )
    return sign_in(relais, "new@example.org")


def test_a_right_password_opens_a_session_of_a_cookie_no_script_can_read(relais: Installation) -> None:
    answer = stranger(relais).post("/sign-in", email="Admin@Example.org ", password=PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_over_https_the_session_never_travels_in_clear(relais: Installation) -> None:
    reader = stranger(relais)
    data = {"csrf_token": reader.token(), "email": "admin@example.org", "password": PASSWORD}
    answer = reader.client.post("/sign-in", data=data, base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize("email", ["admin@example.org", "nobody@example.org", "", "a\0b@example.org"])
def test_a_wrong_password_is_told_beside_its_field_and_not_who_exists(relais: Installation, email: str) -> None:
    answer = stranger(relais).post("/sign-in", email=email, password="wrong")
    assert answer.status_code == 401
    assert 'id="password-error"' in answer.text
    assert "Le nom ou le mot de passe n’est pas bon" in answer.text
    assert "Set-Cookie" not in answer.headers


def test_guessing_is_slowed_even_for_the_right_password(post_node: Installation) -> None:
    reader = stranger(post_node)
    with time_machine.travel(now(), tick=False):
        for _ in range(FREE_FAILURES):
            reader.post("/sign-in", email="admin@example.org", password="wrong")
        answer = reader.post("/sign-in", email="admin@example.org", password=PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert 'id="password-error"' in answer.text


def test_whoever_opens_a_page_signs_in_there_and_comes_to_it(post_node: Installation) -> None:
    reader = stranger(post_node)
    path = f"/projects/{post_node.project_id}/waiting?kind=held"
    shown = reader.get(path)
    assert shown.status_code == 401
    assert f'name="next" value="{path}"' in shown.text
    answer = reader.post("/sign-in", email="admin@example.org", password=PASSWORD, next=path)
    assert answer.location == path


def test_a_link_of_somebody_else_leads_to_no_other_site_after_signing_in(post_node: Installation) -> None:
    reader = stranger(post_node)
    answer = reader.post("/sign-in", email="admin@example.org", password=PASSWORD, next="//evil.example/x")
    assert answer.location == "/"


def test_a_sign_in_form_of_another_site_is_refused(post_node: Installation) -> None:
    reader = stranger(post_node)
    data = {"csrf_token": reader.token(), "email": "admin@example.org", "password": PASSWORD}
    answer = reader.client.post("/sign-in", data=data, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


def test_who_is_signed_in_already_goes_straight_on(post_node: Installation) -> None:
    reader = sign_in(post_node)
    assert reader.get("/sign-in?next=/account").location == "/account"
    assert reader.client.post("/sign-in", data={"next": "/account"}).location == "/account"


def test_signing_out_ends_the_session_here_and_on_the_server(relais: Installation) -> None:
    reader = sign_in(relais)
    token = reader.client.get_cookie("relais_session")
    assert token is not None
    assert "Vous êtes déconnecté" in reader.follow("/sign-out")
    reader.client.set_cookie("relais_session", token.value)
    assert reader.get("/account").status_code == 401


def test_after_the_session_ended_a_form_changes_nothing_and_says_so(post_node: Installation) -> None:
    reader = sign_in(post_node)
    token = reader.token()
    reader.client.delete_cookie("relais_session")
    answer = reader.client.post("/account/password", data={"csrf_token": token, "current": PASSWORD, "password": NEW})
    assert answer.status_code == 401
    assert "rien n’a été modifié" in answer.text
    sign_in(post_node)


# The first password


def test_a_one_time_password_opens_nothing_but_the_choice_of_a_lasting_one(newcomer: Reader) -> None:
    wanted = "/projects/1/waiting?kind=held"
    assert newcomer.get(wanted).location == "/account?next=/projects/1/waiting?kind%3Dheld"
    assert "Choisissez votre mot de passe" in newcomer.words("/account?next=/projects/1/waiting?kind%3Dheld")
    assert newcomer.get("/").location == "/account?next=/"
    assert newcomer.post("/projects/1/phones", name="X").location == "/account?next=/"


def test_the_first_password_is_chosen_once_and_leads_to_the_wanted_page(relais: Installation, newcomer: Reader) -> None:
    answer = newcomer.post("/account/password", password=NEW, next="/projects/1")
    assert answer.location == "/projects/1"
    assert newcomer.get("/projects/1").status_code == 200
    again = stranger(relais)
    assert again.post("/sign-in", email="new@example.org", password=PASSWORD).status_code == 401
    assert again.post("/sign-in", email="new@example.org", password=NEW).status_code == 303


def test_the_one_time_password_cannot_stay(newcomer: Reader) -> None:
    answer = newcomer.post("/account/password", password=PASSWORD)
    assert answer.status_code == 400
    assert "mot de passe provisoire" in answer.text


def test_whoever_must_choose_a_password_may_still_sign_out(newcomer: Reader) -> None:
    assert newcomer.post("/sign-out").location == "/sign-in?left=1"


# The account


def test_a_new_password_ends_the_sessions_of_all_other_devices(relais: Installation) -> None:
    here, there = sign_in(relais), sign_in(relais)
    assert "Votre mot de passe est changé" in here.follow("/account/password", current=PASSWORD, password=NEW)
    assert there.get("/account").status_code == 401
    assert here.get("/account").status_code == 200


def test_a_password_changes_only_for_whoever_knows_the_present_one(relais: Installation) -> None:
    reader = sign_in(relais)
    answer = reader.post("/account/password", current="wrong", password=NEW)
    assert answer.status_code == 401
    assert 'id="current-error"' in answer.text
    sign_in(relais)


def test_a_short_password_is_refused_beside_its_field(post_node: Installation) -> None:
    answer = sign_in(post_node).post("/account/password", current=PASSWORD, password="short")
    assert answer.status_code == 400
    assert 'id="password-error"' in answer.text


def test_guessing_the_present_password_is_slowed_too(post_node: Installation) -> None:
    reader = sign_in(post_node)
    with time_machine.travel(now(), tick=False):
        for _ in range(FREE_FAILURES):
            reader.post("/account/password", current="wrong", password=NEW)
        assert reader.post("/account/password", current=PASSWORD, password=NEW).status_code == 429


def test_the_language_chosen_in_the_account_stays(post_node: Installation) -> None:
    reader = sign_in(post_node)
    reader.post("/language", language="en", next="/account")
    assert "My account" in reader.words("/account")


# The example page


def test_the_styleguide_is_for_administrators(post_node: Installation) -> None:
    assert sign_in(post_node).get("/styleguide").status_code == 200
    assert person(post_node, "manager@example.org", "manager").get("/styleguide").status_code == 403
    assert stranger(post_node).get("/styleguide").status_code == 401
