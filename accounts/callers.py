"""Who is calling: a phone by its token, Digest or Basic; a person by a session token, a cookie or Basic; a link by its token."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from accounts import digest, passwords, tokens
from accounts.app_users import Phone, phone_by_username
from accounts.digest import BasicAnswer, DigestAnswer, Result
from accounts.errors import authentication_failed, insufficient_rights
from accounts.models import Server
from accounts.sessions import Person, holder_by_token, person_by_id, person_by_token
from accounts.web_users import FREE_FAILURES, by_email, stored_password
from config.api_errors import https_only
from config.clock import now
from config.problem import Problem
from config.secret import derive
from config.text import percent_decoded

REMEMBERED_SECONDS = 300
# The pages' own; and ODK Central's for programs that live in a browser, over https and without it.
COOKIE = "relais_session"
SECURE_API_COOKIE, API_COOKIE = "__Host-session", "session"


@dataclass(frozen=True)
class Request:
    """What of a request tells who is calling. `target` is the raw path and query as on the wire."""

    method: str
    target: str
    authorization: str | None
    cookies: Mapping[str, str]
    # https, or a client's word for it, or allowed by a setting: Basic passwords and the API's cookies may be read.
    protected: bool
    # The token in the address (/v1/key/…, or ?st=…), which counts before everything else.
    key: str | None = None
    # Whether much that is wrong has come from there (accounts.guessing).
    noisy: bool = False


class Remembered:
    """Right Basic passwords of web users, for five minutes, under a keyed hash: argon2 is too slow for every request."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[int, str, float]] = {}
        self._lock = threading.Lock()

    def actor(self, key: bytes, password_hash: str | None) -> int | None:
        """The actor id remembered for this key while the stored password is still the same."""
        with self._lock:
            actor_id, stored, until = self._known.get(key, (0, "", 0.0))
        return actor_id if until > time.monotonic() and stored == password_hash else None

    def keep(self, key: bytes, actor_id: int, password_hash: str) -> None:
        """Remember a password that was just found right."""
        with self._lock:
            if len(self._known) > 1000:
                self._known.clear()
            self._known[key] = (actor_id, password_hash, time.monotonic() + REMEMBERED_SECONDS)


_remembered = Remembered()


def stale_challenge() -> Problem:
    """401 for a Digest answer that is right but old: the phone answers again by itself (C86)."""
    problem = authentication_failed()
    problem.details = {"stale": True}
    return problem


def identify(session: Session, secret: bytes, call: Request) -> Phone | Person | None:
    """Who is calling; None without credentials; Problem 401.2, 401.3 or 403.1 with wrong ones, as ODK Central."""
    if call.key is not None:
        return _by_key(session, call.key)
    header = call.authorization
    if not header:
        return _by_cookie(session, call)
    if header[:7].lower() == "bearer ":
        holder = _by_token(session, header[7:].strip())
        if holder is None:
            raise authentication_failed()
        return holder
    if header[:6].lower() == "basic " and not call.protected:
        raise https_only()
    answer = digest.parse_authorization(header)
    if answer is not None and "\0" in answer.username:
        # PostgreSQL cannot even be asked for such a name.
        raise authentication_failed()
    if isinstance(answer, DigestAnswer):
        return _by_digest(session, secret, call, answer)
    if isinstance(answer, BasicAnswer):
        return _by_basic(session, secret, answer, noisy=call.noisy)
    raise authentication_failed()


def _by_token(session: Session, token: str) -> Person | None:
    person = person_by_token(session, token)
    if person is not None:
        return person
    holder = holder_by_token(session, token)
    return None if holder is None else holder.as_person()


def _by_cookie(session: Session, call: Request) -> Person | None:
    """By ODK Central's cookies, which it reads over https only, or by that of our pages, which also serve a post's network."""
    token = next((call.cookies[name] for name in (SECURE_API_COOKIE, API_COOKIE) if name in call.cookies), None)
    if token and call.protected:
        return _by_token(session, percent_decoded(token) or "")
    if own := call.cookies.get(COOKIE):
        return person_by_token(session, own)
    if call.cookies and not call.protected:
        raise https_only()
    return None


def _by_key(session: Session, key: str) -> Person:
    if not tokens.is_token(key):
        raise authentication_failed()
    holder = holder_by_token(session, key)
    if holder is None:
        # Not 401: programs would ask people for a password.
        raise insufficient_rights()
    return holder.as_person()


def _by_digest(session: Session, secret: bytes, call: Request, answer: DigestAnswer) -> Phone:
    found = phone_by_username(session, answer.username)
    if found is None:
        raise authentication_failed()
    phone, login = found
    result = digest.check(
        answer, call.method, call.target, {"MD5": login.ha1_md5, "SHA-256": login.ha1_sha256}, secret, now()
    )
    if result is Result.STALE:
        raise stale_challenge()
    if result is not Result.OK:
        raise authentication_failed()
    return phone


def _by_basic(session: Session, secret: bytes, answer: BasicAnswer, *, noisy: bool) -> Phone | Person:
    if "@" not in answer.username:
        return _phone_by_basic(session, answer)
    key = derive(secret, "basic", answer.username, answer.password)[:32]
    user = by_email(session, answer.username)
    actor_id = _remembered.actor(key, user.password_hash if user else None)
    if actor_id is None:
        # `stored_password` refuses while the account must wait; failures of Basic are counted by whoever answers 401.
        free = 1 if noisy else FREE_FAILURES
        actor_id, password_hash = stored_password(session, secret, answer.username, free=free)
        if not passwords.matches(answer.password, password_hash) or actor_id is None or password_hash is None:
            raise authentication_failed()
        _remembered.keep(key, actor_id, password_hash)
    person = person_by_id(session, actor_id)
    if person is None:
        raise authentication_failed()
    return person


def _phone_by_basic(session: Session, answer: BasicAnswer) -> Phone:
    found = phone_by_username(session, answer.username)
    if found is None:
        raise authentication_failed()
    phone, login = found
    realm = session.get_one(Server, 1).realm
    if digest.ha1(answer.username, realm, answer.password, "SHA-256") != login.ha1_sha256:
        raise authentication_failed()
    return phone
