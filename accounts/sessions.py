"""Signing in and out. The session token goes to the client once; its hash stays here."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts import tokens
from accounts.events import SITE, Happening, record
from accounts.models import Actor, WebUser
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
class Person:
    """Who is signed in."""

    actor_id: int
    email: str
    name: str
    csrf: str
    must_change: bool


def start(session: Session, actor_id: int) -> NewSession:
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
    record(session, Happening(SITE, "user.session.create", actor_id))
    return made


def person_by_token(session: Session, token: str) -> Person | None:
    """Whose session this token opens; None when ended or expired."""
    row = session.execute(
        select(SignedIn.actor_id, WebUser.email, Actor.display_name, SignedIn.csrf, WebUser.must_change)
        .join(WebUser, WebUser.actor_id == SignedIn.actor_id)
        .join(Actor, Actor.id == SignedIn.actor_id)
        .where(
            SignedIn.token_hash == tokens.fingerprint(token), SignedIn.expires_at > now(), WebUser.deleted_at.is_(None)
        )
    ).first()
    return Person(*row) if row else None


def person_by_id(session: Session, actor_id: int) -> Person | None:
    """The person behind a web user's actor id."""
    row = session.execute(
        select(WebUser.actor_id, WebUser.email, Actor.display_name, WebUser.must_change)
        .join(Actor, Actor.id == WebUser.actor_id)
        .where(WebUser.actor_id == actor_id, WebUser.deleted_at.is_(None))
    ).first()
    return Person(row[0], row[1], row[2], "", row[3]) if row else None


def end(session: Session, token: str) -> None:
    """Sign out; again is harmless."""
    session.execute(delete(SignedIn).where(SignedIn.token_hash == tokens.fingerprint(token)))


def forget_expired(session: Session) -> int:
    """Remove sessions past their time; how many."""
    gone = session.execute(delete(SignedIn).where(SignedIn.expires_at < now()).returning(SignedIn.token_hash))
    return len(gone.all())
