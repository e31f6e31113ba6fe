"""Public links: whoever has the address may fill in one form, without a name or a password."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from accounts import tokens
from accounts.actors import create_actor
from accounts.assignments import grant, place_of
from accounts.errors import not_found
from accounts.events import Happening, record
from accounts.models import Actor, PublicLink, Role
from accounts.roles import PUBLIC_LINK
from config.clock import now

TOKEN = "public-link"  # noqa: S105 - the name of a purpose


@dataclass(frozen=True, slots=True)
class ListedLink:
    """A public link with its actor, whoever made it, and its token (None once ended)."""

    link: PublicLink
    actor: Actor
    created_by: Actor | None
    token: str | None


def create_link(
    session: Session, secret: bytes, project_id: int, form_id: int, name: str, *, once: bool | None, by: int
) -> ListedLink:
    """A new link for a form of a project."""
    place = place_of(session, project_id, form_id)
    actor = create_actor(session, "public_link", name)
    token = tokens.derived(secret, TOKEN, actor.uid, 1)
    link = PublicLink(
        actor_id=actor.id,
        project_id=project_id,
        form_id=form_id,
        once=once,
        created_by=by,
        token_hash=tokens.fingerprint(token),
    )
    session.add(link)
    session.flush()
    grant(session, actor, session.get_one(Role, PUBLIC_LINK), place, by=by)
    data = {"actorId": actor.id, "createdBy": by, "formId": form_id, "once": once}
    record(
        session,
        Happening(project_id, "public_link.create", by, form_id=form_id, actee_id=actor.uid, details={"data": data}),
    )
    return ListedLink(link, actor, session.get(Actor, by), token)


def list_links(
    session: Session, secret: bytes, project_id: int, form_id: int, actor_id: int | None = None
) -> list[ListedLink]:
    """The links of a form: those in use first, the newest first."""
    maker = aliased(Actor)
    query = (
        select(PublicLink, Actor, maker)
        .join(Actor, Actor.id == PublicLink.actor_id)
        .outerjoin(maker, maker.id == PublicLink.created_by)
        .where(PublicLink.project_id == project_id, PublicLink.form_id == form_id, Actor.deleted_at.is_(None))
        .order_by(PublicLink.ended_at.is_not(None), Actor.created_at.desc(), Actor.id.desc())
    )
    if actor_id is not None:
        query = query.where(PublicLink.actor_id == actor_id)
    return [
        ListedLink(link, actor, made_by, _token(secret, link, actor)) for link, actor, made_by in session.execute(query)
    ]


def links_in_use(session: Session, project_id: int, form_ids: Collection[int]) -> dict[int, int]:
    """By form, how many of its links still open something; forms without any are not there."""
    query = (
        select(PublicLink.form_id, func.count())
        .join(Actor, Actor.id == PublicLink.actor_id)
        .where(
            PublicLink.project_id == project_id,
            PublicLink.form_id.in_(form_ids),
            PublicLink.ended_at.is_(None),
            Actor.deleted_at.is_(None),
        )
        .group_by(PublicLink.form_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def get_link(session: Session, secret: bytes, project_id: int, form_id: int, actor_id: int) -> ListedLink:
    """The living link of a form, or Problem 404.1."""
    found = list_links(session, secret, project_id, form_id, actor_id)
    if not found:
        raise not_found()
    return found[0]


def token_of_link(session: Session, secret: bytes, actor_id: int) -> str | None:
    """The token of a link again."""
    return _token(secret, session.get_one(PublicLink, actor_id), session.get_one(Actor, actor_id))


def _token(secret: bytes, link: PublicLink, actor: Actor) -> str | None:
    """None when it was ended, or when this installation's secret is not the one that made it."""
    token = tokens.derived(secret, TOKEN, actor.uid, 1)
    return token if link.ended_at is None and tokens.fingerprint(token) == link.token_hash else None


def end_link(session: Session, actor_id: int, *, by: int) -> None:
    """Its address opens nothing any more; it stays in the list."""
    link, actor = session.get_one(PublicLink, actor_id), session.get_one(Actor, actor_id)
    if link.ended_at is None:
        link.ended_at = now()
        happening = Happening(link.project_id, "public_link.session.end", by, form_id=link.form_id, actee_id=actor.uid)
        record(session, happening)
