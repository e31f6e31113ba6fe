"""Web users: people with an e-mail and a password."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts import passwords
from accounts.errors import already_exists, authentication_failed, bad_email, too_many_attempts, web_user_unknown
from accounts.events import SITE, Happening, record
from accounts.models import Actor, SignInFailure, WebUser
from accounts.models import Session as SignedIn
from accounts.roles import BY_WORD, assign
from config.clock import now
from config.secret import derive

# Failed attempts that cost nothing, then the wait doubles from one second up to a quarter of an hour.
FREE_FAILURES = 5
LONGEST_WAIT = 900
LONGEST_EMAIL = 320


def create_web_user(
    session: Session,
    email: str,
    password: str,
    *,
    role: str | None = None,
    project_id: int = SITE,
    must_change: bool = False,
) -> Actor:
    """A new web user, with a role (administrator, manager, viewer) on the site or in one project."""
    email = usable_email(email)
    if session.scalars(select(WebUser).where(WebUser.email == email, WebUser.deleted_at.is_(None))).first():
        raise already_exists("email", email)
    actor = Actor(uid=str(uuid4()), type="user", display_name=email.split("@", 1)[0], created_at=now())
    session.add(actor)
    session.flush()
    session.add(
        WebUser(actor_id=actor.id, email=email, password_hash=passwords.hashed(password), must_change=must_change)
    )
    session.flush()
    if role:
        assign(session, actor.id, BY_WORD.get(role, role), project_id)
    record(session, Happening(SITE, "user.create", details={"actorId": actor.id}))
    return actor


def usable_email(email: str) -> str:
    """The e-mail as it is kept; Problem 400.8 for what is none."""
    email = email.strip().lower()
    unfit = any(character.isspace() or not character.isprintable() for character in email)
    if "@" not in email or unfit or len(email) > LONGEST_EMAIL:
        raise bad_email(email)
    return email


def set_password(session: Session, email: str, password: str) -> None:
    """A new password; every session of that person ends."""
    user = by_email(session, email)
    if user is None:
        raise web_user_unknown(email)
    user.password_hash = passwords.hashed(password)
    user.must_change = False
    session.execute(delete(SignedIn).where(SignedIn.actor_id == user.actor_id))
    record(session, Happening(SITE, "user.update", details={"actorId": user.actor_id, "data": {"password": True}}))


def by_email(session: Session, email: str) -> WebUser | None:
    """The web user of an e-mail, however it is typed."""
    return session.scalars(
        select(WebUser).where(WebUser.email == email.strip().lower(), WebUser.deleted_at.is_(None))
    ).first()


def stored_password(session: Session, secret: bytes, email: str) -> tuple[int | None, str | None]:
    """(actor id, password hash) to check against outside any transaction; Problem 429 while this account must wait."""
    failure = session.get(SignInFailure, _failure_key(secret, email))
    if failure is not None and failure.failures >= FREE_FAILURES:
        left = (failure.until - now()).total_seconds()
        if left > 0:
            raise too_many_attempts(int(left) + 1)
    user = by_email(session, email)
    return (user.actor_id, user.password_hash) if user else (None, None)


def note_failure(session: Session, secret: bytes, email: str) -> None:
    """Count a failed sign-in against the account (also against one that does not exist)."""
    key = _failure_key(secret, email)
    failure = session.get(SignInFailure, key)
    if failure is None:
        failure = SignInFailure(key=key, failures=0, until=now())
        session.add(failure)
    if now() - failure.until > timedelta(seconds=LONGEST_WAIT):
        failure.failures = 0
    failure.failures += 1
    wait = min(LONGEST_WAIT, 2 ** max(0, failure.failures - FREE_FAILURES))
    failure.until = now() + timedelta(seconds=wait)


def forget_failures(session: Session, secret: bytes, email: str) -> None:
    """A right password clears the count."""
    session.execute(delete(SignInFailure).where(SignInFailure.key == _failure_key(secret, email)))


def checked(password: str, stored: tuple[int | None, str | None]) -> int:
    """The actor id when the password is right, else Problem 401.2; slow on purpose, call it outside transactions."""
    actor_id, password_hash = stored
    if not passwords.matches(password, password_hash) or actor_id is None:
        raise authentication_failed()
    return actor_id


def _failure_key(secret: bytes, email: str) -> bytes:
    return derive(secret, "sign-in", email.strip().lower())[:32]
