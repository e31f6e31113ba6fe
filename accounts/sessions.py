"""Signing in and out. The session token goes to the client once; its hash stays here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts import tokens
from accounts.events import SITE, Happening, record
from accounts.models import Actor, AppUser, PublicLink, WebUser
from accounts.models import Session as SignedIn
from config.clock import now

LIFE = timedelta(hours=24)


@dataclass(frozen=True)
class NewSession:
    """A session just made: `token` is shown now and never again."""

    token: str
    csrf: str
    expires_at: datetime
    created_at: datetime


@dataclass(frozen=True)
class Opened:
    """The session of whoever is calling."""

    token_hash: bytes
    csrf: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Person:
    """Who is signed in: a web user, or on the API whoever holds the token of an app user or a public link (`type`).

    `opened` is the session, if there is one: Basic passwords and the tokens of phones have none.
    """

    actor_id: int
    email: str
    name: str
    csrf: str
    must_change: bool
    type: str = "user"
    uid: str = ""
    opened: Opened | None = None


def start(session: Session, actor_id: int, user_agent: str | None = None) -> NewSession:
    """A session of one day."""
    made = NewSession(tokens.fresh(), tokens.fresh(), now() + LIFE, now())
    session.add(
        SignedIn(
            token_hash=tokens.fingerprint(made.token),
            actor_id=actor_id,
            csrf=made.csrf,
            created_at=made.created_at,
            expires_at=made.expires_at,
        )
    )
    session.get_one(WebUser, actor_id).last_login_at = made.created_at
    actor = session.get_one(Actor, actor_id)
    words = {"userAgent": user_agent} if user_agent else None
    record(session, Happening(SITE, "user.session.create", actor_id, actee_id=actor.uid, details={}, words=words))
    return made


_SIGNED_IN = (
    select(
        WebUser.actor_id,
        WebUser.email,
        Actor.display_name,
        SignedIn.csrf,
        WebUser.must_change,
        Actor.uid,
        SignedIn.token_hash,
        SignedIn.created_at,
        SignedIn.expires_at,
    )
    .join(WebUser, WebUser.actor_id == SignedIn.actor_id)
    .join(Actor, Actor.id == SignedIn.actor_id)
    .where(WebUser.deleted_at.is_(None))
)


def person_by_token(session: Session, token: str) -> Person | None:
    """The web user whose session this token opens; None when ended or expired."""
    query = _SIGNED_IN.where(SignedIn.token_hash == tokens.fingerprint(token), SignedIn.expires_at > now())
    row = session.execute(query).first()
    if row is None:
        return None
    opened = Opened(row.token_hash, row.csrf, row.created_at, row.expires_at)
    return Person(row[0], row[1], row[2], row[3], row[4], "user", row.uid, opened)


@dataclass(frozen=True)
class Holder:
    """Whose lasting token it is: an app user's of a project, a public link's of a form (0: not of one)."""

    actor_id: int
    name: str
    type: str
    uid: str
    project_id: int
    form_id: int

    def as_person(self) -> Person:
        """As the caller of the API."""
        return Person(self.actor_id, "", self.name, "", False, self.type, self.uid)


def holder_by_token(session: Session, token: str) -> Holder | None:
    """The app user or public link whose token this is; None when nobody's, or when it was ended."""
    fingerprint = tokens.fingerprint(token)
    columns = (Actor.id, Actor.display_name, Actor.type, Actor.uid)
    alive = Actor.deleted_at.is_(None)
    row = session.execute(
        select(*columns, AppUser.project_id)
        .join(AppUser, AppUser.actor_id == Actor.id)
        .where(AppUser.token_hash == fingerprint, AppUser.state != "revoked", alive)
    ).first()
    if row is not None:
        return Holder(*row, form_id=0)
    link = session.execute(
        select(*columns, PublicLink.project_id, PublicLink.form_id)
        .join(PublicLink, PublicLink.actor_id == Actor.id)
        .where(PublicLink.token_hash == fingerprint, PublicLink.ended_at.is_(None), alive)
    ).first()
    return Holder(*link) if link else None


def person_by_id(session: Session, actor_id: int) -> Person | None:
    """The person behind a web user's actor id."""
    row = session.execute(
        select(WebUser.actor_id, WebUser.email, Actor.display_name, WebUser.must_change, Actor.uid)
        .join(Actor, Actor.id == WebUser.actor_id)
        .where(WebUser.actor_id == actor_id, WebUser.deleted_at.is_(None))
    ).first()
    return Person(row[0], row[1], row[2], "", row[3], "user", row[4]) if row else None


def end(session: Session, token: str) -> None:
    """Sign out; again is harmless."""
    session.execute(delete(SignedIn).where(SignedIn.token_hash == tokens.fingerprint(token)))


def end_opened(session: Session, opened: Opened) -> None:
    """End the session of a caller; again is harmless."""
    session.execute(delete(SignedIn).where(SignedIn.token_hash == opened.token_hash))


def end_all(session: Session, actor_id: int, *, but: Opened | None = None) -> None:
    """End every session of a person, but one."""
    query = delete(SignedIn).where(SignedIn.actor_id == actor_id)
    session.execute(query if but is None else query.where(SignedIn.token_hash != but.token_hash))


def forget_expired(session: Session) -> int:
    """Remove sessions past their time; how many."""
    gone = session.execute(delete(SignedIn).where(SignedIn.expires_at < now()).returning(SignedIn.token_hash))
    return len(gone.all())
