"""Web users: people with an e-mail and a password."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts import passwords
from accounts.actors import create_actor, delete_actor
from accounts.assignments import THE_SITE, Place, get_role, grant, place_of
from accounts.errors import bad_email, not_found, too_many_attempts, web_user_unknown
from accounts.events import SITE, Happening, record
from accounts.models import Actor, SignInFailure, WebUser
from accounts.roles import BY_WORD
from accounts.sessions import Opened, end_all
from accounts.similarity import score
from config.api_errors import uniqueness_violation, value_too_long
from config.clock import now
from config.reader_wishes import Wishes
from config.secret import derive

LIKE_ENOUGH = 0.5
# Failed attempts that cost nothing, then the wait doubles from one second up to a quarter of an hour.
FREE_FAILURES = 5
LONGEST_WAIT = 900
LONGEST_EMAIL = 320

_ACCOUNTS = select(WebUser, Actor).join(Actor, Actor.id == WebUser.actor_id).where(WebUser.deleted_at.is_(None))


@dataclass(frozen=True, slots=True)
class Account:
    """A web user with the actor behind it."""

    user: WebUser
    actor: Actor


def create_web_user(
    session: Session,
    email: str,
    password: str | None,
    *,
    name: str | None = None,
    role: str | None = None,
    project_id: int = SITE,
    must_change: bool = False,
    by: int | None = None,
) -> Actor:
    """A new web user, with a role (administrator, or a system name) on the site or in one project; without a password
    nobody can sign in until a link for choosing one has been used (accounts.resets)."""
    password_hash = None if password is None else passwords.hashed(password)
    actor = add_account(session, usable_email(email), name or email.split("@", 1)[0], by=by)
    user = session.get_one(WebUser, actor.id)
    user.password_hash, user.must_change = password_hash, must_change
    if role:
        grant(session, actor, get_role(session, BY_WORD.get(role, role)), place_of_role(session, project_id), by=by)
    return actor


def add_account(session: Session, email: str, name: str, *, by: int | None) -> Actor:
    """A web user without password or rights; Problem 409.3 when somebody living has the e-mail, which may be any word
    (see `usable_email`)."""
    given, email = email, _kept_email(email)
    _require_free(session, email, given)
    actor = create_actor(session, "user", name)
    session.add(WebUser(actor_id=actor.id, email=email))
    session.flush()
    record(
        session,
        Happening(
            SITE,
            "user.create",
            by,
            actee_id=actor.uid,
            # Central writes its row, before it has either.
            details={"data": {"actorId": actor.id, "password": None, "lastLoginAt": None}},
            words={"data": {"email": email}},
        ),
    )
    return actor


def place_of_role(session: Session, project_id: int) -> Place:
    """The site (0) or a project."""
    return place_of(session, project_id) if project_id else THE_SITE


def usable_email(email: str) -> str:
    """The e-mail as it is kept; Problem 400.8 for what is none. The API takes any word for one, as ODK Central does."""
    email = email.strip().lower()
    if not is_address(email) or len(email) > LONGEST_EMAIL:
        raise bad_email(email)
    return email


def is_address(email: str) -> bool:
    """Whether a letter could be sent there."""
    return "@" in email and not any(character.isspace() or not character.isprintable() for character in email)


def _kept_email(email: str) -> str:
    kept = email.strip().lower()
    if not kept:
        raise bad_email(email)
    if len(kept) > LONGEST_EMAIL:
        raise value_too_long(LONGEST_EMAIL)
    return kept


def _require_free(session: Session, email: str, given: str) -> None:
    if by_email(session, email) is not None:
        raise uniqueness_violation(["email", "deleted"], [given, "false"], "users")


def get_account(session: Session, actor_id: int) -> Account:
    """The living web user of that number, or Problem 404.1."""
    row = session.execute(_ACCOUNTS.where(Actor.id == actor_id)).first()
    if row is None:
        raise not_found()
    return Account(row[0], row[1])


def account_by_email(session: Session, email: str) -> Account | None:
    """The living web user of an e-mail."""
    row = session.execute(_ACCOUNTS.where(WebUser.email == email.strip().lower())).first()
    return Account(row[0], row[1]) if row else None


def list_accounts(session: Session, wishes: Wishes) -> list[Account]:
    """Everyone, by e-mail."""
    rows = session.execute(wishes.page(_ACCOUNTS.order_by(WebUser.email)))
    return [Account(row[0], row[1]) for row in rows]


def find_accounts(session: Session, wanted: str, wishes: Wishes) -> list[Account]:
    """Everyone whose name or e-mail holds or resembles `wanted`, the most alike first."""
    found = []
    for account in list_accounts(session, Wishes()):
        texts = (account.actor.display_name, account.user.email)
        likeness = max(score(text, wanted) for text in texts)
        if likeness > LIKE_ENOUGH or any(wanted.lower() in text.lower() for text in texts):
            found.append((-likeness, account.user.email, account))
    found.sort(key=lambda each: each[:2])
    start = wishes.offset or 0
    end = None if wishes.limit is None else start + wishes.limit
    return [account for _, _, account in found[start:end]]


def ever_existed(session: Session, email: str) -> bool:
    """Whether anybody, also of the deleted, had this e-mail."""
    return session.scalars(select(WebUser).where(WebUser.email == email.strip().lower()).limit(1)).first() is not None


def update_account(session: Session, account: Account, *, email: str | None, name: str | None, by: int | None) -> None:
    """Another e-mail or name; None leaves it."""
    changed: dict[str, str] = {}
    if email is not None:
        changed["email"] = _kept_email(email)
        if changed["email"] != account.user.email:
            _require_free(session, changed["email"], email)
        account.user.email = changed["email"]
    if name is not None:
        changed["displayName"] = account.actor.display_name = name
    account.actor.updated_at = now()
    record(
        session,
        Happening(
            SITE,
            "user.update",
            by,
            actee_id=account.actor.uid,
            details={"data": {}},
            words={"data": changed} if changed else None,
        ),
    )


def delete_account(session: Session, account: Account, *, by: int | None) -> None:
    """Take a person away; the e-mail is free again."""
    account.user.deleted_at = now()
    delete_actor(session, account.actor, by=by)


def set_password(session: Session, email: str, password: str) -> None:
    """A new password, whoever gives it; every session of that person ends."""
    account = account_by_email(session, email)
    if account is None:
        raise web_user_unknown(email)
    keep_password(session, account, passwords.hashed(password), by=None)


def keep_password(
    session: Session, account: Account, password_hash: str, *, by: int | None, but: Opened | None = None
) -> None:
    """Keep a new password's hash (made outside the transaction: it is slow on purpose); other sessions end, but one."""
    account.user.password_hash = password_hash
    account.user.must_change = False
    end_all(session, account.actor.id, but=but)
    _record_password(session, account, True, by)


def give_first_password(session: Session, account: Account, password_hash: str, *, by: int | None) -> None:
    """The password an account is made with."""
    account.user.password_hash = password_hash
    _record_password(session, account, True, by)


def invalidate_password(session: Session, account: Account, *, by: int | None) -> None:
    """Nobody can sign in with it any more, and everybody who has is out."""
    account.user.password_hash = None
    end_all(session, account.actor.id)
    _record_password(session, account, None, by)


def _record_password(session: Session, account: Account, word: bool | None, by: int | None) -> None:
    details = {"data": {"password": word}}
    record(session, Happening(SITE, "user.update", by, actee_id=account.actor.uid, details=details))


def by_email(session: Session, email: str) -> WebUser | None:
    """The web user of an e-mail, however it is typed."""
    return session.scalars(
        select(WebUser).where(WebUser.email == email.strip().lower(), WebUser.deleted_at.is_(None))
    ).first()


def stored_password(
    session: Session, secret: bytes, email: str, *, free: int = FREE_FAILURES
) -> tuple[int | None, str | None]:
    """(actor id, password hash) to check against outside any transaction; Problem 429 while this account must wait.

    `free`: failures that cost nothing, fewer for a source that has failed much (accounts.guessing)."""
    failure = session.get(SignInFailure, _failure_key(secret, email))
    if failure is not None and failure.failures >= free:
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


def _failure_key(secret: bytes, email: str) -> bytes:
    return derive(secret, "sign-in", email.strip().lower())[:32]
