"""People, places and the event log. Project data has project_id first in every key, so that it can be spread by project."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON, LargeBinary, String

from config.columns import BigInt, Moment
from config.database import Model

LIVE = text("deleted_at IS NULL")
ACTOR_TYPES = ("user", "field_key", "public_link", "single_use", "peer", "shadow")


class Server(Model):
    """This installation: one row. `realm` never changes, because Digest passwords are hashed with it."""

    __tablename__ = "server"
    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(36))
    incarnation: Mapped[str] = mapped_column(String(36))
    realm: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment)


class IdSequence(Model):
    """SQLite's sequences (PostgreSQL has its own): the last number given under a name."""

    __tablename__ = "id_sequence"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    last: Mapped[int] = mapped_column(BigInt)


class Project(Model):
    """A project: the unit of people, forms and data."""

    __tablename__ = "project"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy reads it once
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True)
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str | None]
    archived: Mapped[bool] = mapped_column(default=False)
    # What was last said of it, null for nothing: ODK Central tells never archived from taken back.
    archived_said: Mapped[bool | None]
    language: Mapped[str] = mapped_column(String(8), default="fr")
    late: Mapped[str | None] = mapped_column(String(8))
    # Set for ever once submissions are encrypted: forms that bring no key of their own get this one.
    key_id: Mapped[int | None] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime | None] = mapped_column(Moment)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)


class Actor(Model):
    """Whoever acts: a web user, an app user (field_key on the wire), a link, another server."""

    __tablename__ = "actor"
    __table_args__ = (
        CheckConstraint(f"type IN {ACTOR_TYPES}", name="type"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), unique=True)
    type: Mapped[str] = mapped_column(String(16))
    display_name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime | None] = mapped_column(Moment)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)


class WebUser(Model):
    """A person with an e-mail and a password."""

    __tablename__ = "web_user"
    __table_args__ = (
        # `email` is kept in lower case: one person, one account, however it is typed.
        Index("uq_web_user_email", "email", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
    )
    actor_id: Mapped[int] = mapped_column(BigInt, ForeignKey("actor.id"), primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    password_hash: Mapped[str | None] = mapped_column(String(255))
    must_change: Mapped[bool] = mapped_column(default=False)
    last_login_at: Mapped[datetime | None] = mapped_column(Moment)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)


class AppUser(Model):
    """A phone's credential in one project. retired: may still submit, sees no forms. revoked: nothing."""

    __tablename__ = "app_user"
    __table_args__ = (CheckConstraint("state IN ('active', 'retired', 'revoked')", name="state"),)
    actor_id: Mapped[int] = mapped_column(BigInt, ForeignKey("actor.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInt, ForeignKey("project.id"), index=True)
    created_by: Mapped[int | None] = mapped_column(BigInt, ForeignKey("actor.id"))
    state: Mapped[str] = mapped_column(String(8), default="active")
    training: Mapped[bool] = mapped_column(default=False)
    # Tokens are derived from the installation's secret (accounts.tokens), so that a QR can be drawn again: only hashes stay here.
    generation: Mapped[int] = mapped_column(default=1)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    deliveries_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)


class PublicLink(Model):
    """Whoever has its address may fill in one form; `once` asks web forms to let a browser do so once only."""

    __tablename__ = "public_link"
    __table_args__ = (Index("ix_public_link_project_id_form_id", "project_id", "form_id"),)
    actor_id: Mapped[int] = mapped_column(BigInt, ForeignKey("actor.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInt, ForeignKey("project.id"))
    form_id: Mapped[int] = mapped_column(BigInt)
    once: Mapped[bool | None]
    created_by: Mapped[int | None] = mapped_column(BigInt, ForeignKey("actor.id"))
    # The token itself is derived (accounts.tokens), so that the list can show it again.
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class CollectLogin(Model):
    """A generated username and secret of an app user, for Digest and Basic; never a web password."""

    __tablename__ = "collect_login"
    actor_id: Mapped[int] = mapped_column(BigInt, ForeignKey("actor.id"), primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    ha1_md5: Mapped[str] = mapped_column(String(64))
    ha1_sha256: Mapped[str] = mapped_column(String(64))


class Session(Model):
    """A signed-in web user; the token itself is never stored."""

    __tablename__ = "session"
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    actor_id: Mapped[int] = mapped_column(BigInt, ForeignKey("actor.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)


class Role(Model):
    """A named set of verbs, as ODK Central's."""

    __tablename__ = "role"
    # ODK Central's numbers, given by accounts.roles: tools write them into addresses.
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    system: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    verbs: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime | None] = mapped_column(Moment)
    updated_at: Mapped[datetime | None] = mapped_column(Moment)


class Assignment(Model):
    """Who has which role where: project_id 0 = the whole site, form_id 0 = the whole project."""

    __tablename__ = "assignment"
    actor_id: Mapped[int] = mapped_column(BigInt, ForeignKey("actor.id"), primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id"), primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt, primary_key=True, default=0)


class SignInFailure(Model):
    """Recent failed sign-ins by a keyed hash of account or source, so that guessing is slowed."""

    __tablename__ = "sign_in_failure"
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int]
    until: Mapped[datetime] = mapped_column(Moment)


class Lease(Model):
    """One holder at a time of a duty (the worker, the clock), until `expires_at`."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(Moment)
    fence: Mapped[int] = mapped_column(BigInt)


class ProjectCounter(Model):
    """The last event number of a project; 0 is the site."""

    __tablename__ = "project_counter"
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInt, default=0)


class Event(Model):
    """Something happened: ids and codes only, never answers, names or free text. Gapless per project, in commit order."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_submission", "project_id", "submission_id", "seq"),
        Index("ix_event_created", "project_id", "created_at"),
        Index("ix_event_form", "project_id", "form_id", "seq"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInt, primary_key=True)
    action: Mapped[str] = mapped_column(String(64))
    actor_id: Mapped[int | None] = mapped_column(BigInt)
    # Whom or what it is about (accounts.actees); NULL: its form, or else its project.
    actee_id: Mapped[str | None] = mapped_column(String(36))
    form_id: Mapped[int | None] = mapped_column(BigInt)
    submission_id: Mapped[int | None] = mapped_column(BigInt)
    receipt_id: Mapped[int | None] = mapped_column(BigInt)
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Moment)


class EventNote(Model):
    """The words a person wrote with an action; can be blanked without touching the log."""

    __tablename__ = "event_note"
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInt, primary_key=True)
    body: Mapped[str]
    redacted_at: Mapped[datetime | None] = mapped_column(Moment)


class EventWords(Model):
    """What ODK Central tells in an event's details and the log may not hold: names, e-mails, settings. Can be erased."""

    __tablename__ = "event_words"
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInt, primary_key=True)
    words: Mapped[dict[str, Any]] = mapped_column(JSON)
    redacted_at: Mapped[datetime | None] = mapped_column(Moment)


class Consumer(Model):
    """How far a follower of the event log has come in one project."""

    __tablename__ = "consumer"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInt, default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    retry_after: Mapped[datetime | None] = mapped_column(Moment)
    error: Mapped[str | None]


class Tombstone(Model):
    """What was erased, as a keyed hash: a phone's replay must not bring a person back."""

    __tablename__ = "tombstone"
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    key_hmac: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    reason: Mapped[str] = mapped_column(String(32))
    by_actor: Mapped[int | None] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(Moment)


class ScopeRule(Model):
    """What of a project's submissions an actor may see: every rule must hold, any of the values it allows will do.

    `property` names a question of the form's root table, or is `own`: what the actor sent itself. A rule with a form
    speaks of that form alone. kind `mask`: `allowed` holds sensitivity classes that are hidden from the actor.
    """

    __tablename__ = "scope_rule"
    __table_args__ = (CheckConstraint("kind IN ('submission', 'mask')", name="kind"),)
    project_id: Mapped[int] = mapped_column(BigInt, ForeignKey("project.id"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(BigInt, ForeignKey("actor.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    form_id: Mapped[int | None] = mapped_column(BigInt)
    property: Mapped[str] = mapped_column(String(255))
    allowed: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Moment)


class ScopeProperty(Model):
    """A question that some rule of a project asks about. The answers of submissions up to number `needed_to` were here before
    the rule, and have been looked up as far as `looked_up_to`; later ones are kept as they come."""

    __tablename__ = "scope_property"
    project_id: Mapped[int] = mapped_column(BigInt, ForeignKey("project.id"), primary_key=True)
    property: Mapped[str] = mapped_column(String(255), primary_key=True)
    looked_up_to: Mapped[int] = mapped_column(BigInt, default=0)
    needed_to: Mapped[int] = mapped_column(BigInt, default=0)


# PostgreSQL's counterparts of id_sequence; project data takes its numbers from here (see config.database.next_ids).
SEQUENCES = (
    "blob", "form", "form_version", "form_schema", "encryption_key", "receipt", "comment", "export", "rendition", "webhook",
)  # fmt: skip
for _name in SEQUENCES:
    Sequence(f"{_name}_id", metadata=Model.metadata)
