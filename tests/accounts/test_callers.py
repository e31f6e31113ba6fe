"""Who is calling: what each kind of credential proves, and what it does not."""

import base64
from collections.abc import Mapping
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import text

from accounts import app_users, sessions, web_users
from accounts.app_users import Phone, phone_by_deliveries, phone_by_token
from accounts.callers import COOKIE, Remembered, Request, identify
from accounts.digest import DigestAnswer, challenges, ha1, response
from accounts.sessions import Person
from config.clock import now
from config.problem import Problem
from tests.handset.authentication import parse_challenge
from tests.installation import PASSWORD, Installation

TARGET = "/v1/projects/1/formList?deviceID=collect%3Ax"


def call(
    authorization: str | None = None, *, cookies: Mapping[str, str] | None = None, protected: bool = True
) -> Request:
    return Request("GET", TARGET, authorization, cookies or {}, protected)


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def caller(relais: Installation, request: Request) -> Phone | Person | None:
    with relais.services.database.reading() as session:
        return identify(session, relais.services.secret, request)


def refused(relais: Installation, request: Request) -> Problem:
    with pytest.raises(Problem) as problem:
        caller(relais, request)
    return problem.value


def opened(relais: Installation, email: str = "admin@example.org") -> str:
    """A session's token."""
    with relais.services.database.transaction() as session:
        user = web_users.by_email(session, email)
        assert user is not None
        return sessions.start(session, user.actor_id).token


def digest(relais: Installation, algorithm: str, *, password: str = "", age: timedelta = timedelta()) -> str:
    ((realm,),) = relais.rows("SELECT realm FROM server")
    made = parse_challenge(challenges(realm, relais.services.secret, now() - age)[0])
    who = relais.phone
    answer = DigestAnswer(
        who.username, realm, made.parameters["nonce"], TARGET, "", algorithm, "auth", "00000001", "abc"
    )
    proof = response(answer, "GET", ha1(who.username, realm, password or who.password, algorithm))
    return (
        f'Digest username="{who.username}", realm="{realm}", nonce="{answer.nonce}", uri="{TARGET}", '
        f'response="{proof}", algorithm={algorithm}, qop=auth, nc=00000001, cnonce="abc"'
    )


# --- Phones ---


def test_a_token_s_phone_is_known_with_its_project_s_choices(relais: Installation) -> None:
    phone = phone_by_token(relais.services.database, relais.phone.token)
    assert phone is not None
    assert (phone.actor_id, phone.project_id) == (relais.phone.actor_id, relais.project_id)
    assert (phone.name, phone.state, bool(phone.training)) == ("Téléphone 1", "active", False)
    assert (phone.language, phone.project_name, phone.late) == ("fr", "Frontières", None)


def test_a_token_is_exact_and_no_other_secret_of_the_phone_is_one(relais: Installation) -> None:
    who = relais.phone
    for token in (who.token[:-1], who.token.lower(), who.token + " ", "", who.password, who.deliveries, "\0", "é"):
        assert phone_by_token(relais.services.database, token) is None


def test_a_training_phone_says_so(relais: Installation) -> None:
    phone = phone_by_token(relais.services.database, relais.new_phone(training=True).token)
    assert phone is not None
    assert phone.training


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest_proves_a_phone(relais: Installation, algorithm: str) -> None:
    phone = caller(relais, call(digest(relais, algorithm), protected=False))
    assert isinstance(phone, Phone)
    assert phone.actor_id == relais.phone.actor_id


def test_a_wrong_digest_is_401_and_an_old_one_stale(relais: Installation) -> None:
    wrong = refused(relais, call(digest(relais, "MD5", password="another")))
    assert (wrong.code, wrong.details) == (401.2, {})
    old = refused(relais, call(digest(relais, "MD5", age=timedelta(days=2))))
    assert (old.code, old.details) == (401.2, {"stale": True})


def test_basic_proves_a_phone_where_it_may_be_read(relais: Installation) -> None:
    header = basic(relais.phone.username, relais.phone.password)
    assert isinstance(caller(relais, call(header)), Phone)
    assert refused(relais, call(header, protected=False)).code == 401.3
    assert refused(relais, call(basic(relais.phone.username, "another"))).code == 401.2
    assert refused(relais, call(basic("phone999", relais.phone.password))).code == 401.2


@pytest.mark.parametrize("state", ["revoked", "deleted", "project deleted"])
def test_a_phone_that_is_no_more_is_nobody(relais: Installation, state: str) -> None:
    statements = {
        "revoked": "UPDATE app_user SET state = 'revoked'",
        "deleted": "UPDATE actor SET deleted_at = created_at WHERE type = 'field_key'",
        "project deleted": "UPDATE project SET deleted_at = created_at",
    }
    with relais.services.database.transaction() as session:
        session.execute(text(statements[state]))
    assert phone_by_token(relais.services.database, relais.phone.token) is None
    for header in (digest(relais, "MD5"), basic(relais.phone.username, relais.phone.password)):
        assert refused(relais, call(header)).code == 401.2
    with relais.services.database.reading() as session:
        assert phone_by_deliveries(session, relais.phone.deliveries) is None


def test_a_renewed_phone_has_all_new_secrets(relais: Installation) -> None:
    with relais.services.database.transaction() as session:
        new = app_users.renew(session, relais.services.secret, relais.project_id, relais.phone.actor_id)
    old = relais.phone
    assert not {new.token, new.password, new.deliveries} & {old.token, old.password, old.deliveries}
    assert phone_by_token(relais.services.database, old.token) is None
    assert phone_by_token(relais.services.database, new.token) is not None
    assert refused(relais, call(basic(old.username, old.password))).code == 401.2
    assert isinstance(caller(relais, call(basic(new.username, new.password))), Phone)


def test_the_database_holds_no_secret_of_a_phone(relais: Installation) -> None:
    who = relais.phone
    rows = relais.rows("SELECT * FROM app_user") + relais.rows("SELECT * FROM collect_login")
    stored = repr(rows + relais.rows("SELECT * FROM event"))
    for secret in (who.token, who.password, who.deliveries):
        assert secret not in stored


def test_a_blank_name_is_no_name(relais: Installation) -> None:
    with pytest.raises(Problem) as problem:
        relais.new_phone("  ")
    assert problem.value.code == 400.2


# --- People ---


def test_nothing_shown_is_nobody_yet(relais: Installation) -> None:
    assert caller(relais, call()) is None
    assert caller(relais, call(cookies={COOKIE: "unknown"})) is None


def test_a_session_s_token_proves_a_person_as_bearer_and_as_cookie(relais: Installation) -> None:
    token = opened(relais)
    for request in (call(f"Bearer {token}", protected=False), call(f"bearer  {token}"), call(cookies={COOKIE: token})):
        person = caller(relais, request)
        assert isinstance(person, Person)
        assert person.email == "admin@example.org"


def test_a_wrong_header_is_wrong_even_with_a_good_cookie(relais: Installation) -> None:
    cookies = {COOKIE: opened(relais)}
    for header in ("Bearer unknown", "Bearer", "Basic", "Digest", "Negotiate x"):
        assert refused(relais, call(header, cookies=cookies)).code == 401.2


def test_a_session_ends_after_a_day(relais: Installation) -> None:
    token = opened(relais)
    with time_machine.travel(now() + timedelta(hours=25), tick=False):
        assert refused(relais, call(f"Bearer {token}")).code == 401.2


@pytest.mark.parametrize("email", ["admin@example.org", "ADMIN@Example.org"])
def test_basic_proves_a_person_however_the_e_mail_is_typed(relais: Installation, email: str) -> None:
    person = caller(relais, call(basic(email, PASSWORD)))
    assert isinstance(person, Person)
    assert person.email == "admin@example.org"
    assert refused(relais, call(basic(email, PASSWORD + "x"))).code == 401.2
    assert refused(relais, call(basic("nobody@example.org", PASSWORD))).code == 401.2


def test_a_remembered_password_is_forgotten_when_it_changes(relais: Installation) -> None:
    assert caller(relais, call(basic("admin@example.org", PASSWORD))) is not None
    with relais.services.database.transaction() as session:
        web_users.set_password(session, "admin@example.org", "another three words")
    assert refused(relais, call(basic("admin@example.org", PASSWORD))).code == 401.2
    assert caller(relais, call(basic("admin@example.org", "another three words"))) is not None


def test_a_remembered_password_does_not_outlive_its_owner(relais: Installation) -> None:
    assert caller(relais, call(basic("admin@example.org", PASSWORD))) is not None
    with relais.services.database.transaction() as session:
        session.execute(text("UPDATE web_user SET deleted_at = CURRENT_TIMESTAMP"))
    assert refused(relais, call(basic("admin@example.org", PASSWORD))).code == 401.2


def test_what_is_remembered_is_bounded_and_a_jump_of_the_clock_changes_nothing() -> None:
    remembered = Remembered()
    for number in range(1002):
        remembered.keep(str(number).encode(), number, "hash")
    assert remembered.actor(b"1001", "hash") == 1001
    assert remembered.actor(b"0", "hash") is None
    assert remembered.actor(b"1001", "another hash") is None
    with time_machine.travel(now() + timedelta(minutes=6), tick=False):
        # The clock on the wall counts for nothing: a post's clock is set back and forth.
        assert remembered.actor(b"1001", "hash") == 1001


def test_a_name_no_database_can_hold_is_nobody(relais: Installation) -> None:
    for username in ("phone\0", "admin\0@example.org"):
        assert refused(relais, call(basic(username, PASSWORD))).code == 401.2
