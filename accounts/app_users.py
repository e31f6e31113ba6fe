"""App users: a phone's credential in one project. Their token is in the QR; a user name and secret serve Digest and Basic."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import tokens
from accounts.actors import create_actor
from accounts.assignments import grant, place_of
from accounts.digest import ha1
from accounts.errors import not_found
from accounts.events import Happening, record
from accounts.models import Actor, AppUser, Assignment, CollectLogin, Project, Role, Server
from accounts.projects import get_project
from accounts.roles import APP_USER, WHOLE
from config.api_errors import missing_parameter, unexpected_value
from config.database import Database
from config.statements import Statement

TOKEN = "app-user"  # noqa: S105 - the name of a purpose
SECRET = "collect-login"  # noqa: S105 - the name of a purpose
DELIVERIES = "deliveries"
STATES = ("active", "retired", "revoked")


@dataclass(frozen=True)
class Credential:
    """What a phone needs; only shown, never stored in clear."""

    actor_id: int
    project_id: int
    name: str
    token: str
    username: str
    password: str
    deliveries: str


@dataclass(frozen=True, slots=True)
class Phone:
    """Who is talking on a phone path, and in which project."""

    actor_id: int
    project_id: int
    name: str
    state: str
    training: bool
    language: str
    project_name: str
    late: str | None
    # Given every form of the project; else its assignments say which (accounts.roles.forms_where).
    all_forms: bool


def create_app_user(
    session: Session,
    secret: bytes,
    project_id: int,
    name: str,
    *,
    created_by: int | None = None,
    training: bool = False,
    all_forms: bool = True,
) -> Credential:
    """A new app user and its credential; for every form of the project, or for none until some are given."""
    name = name.strip()
    if not name:
        raise missing_parameter("displayName")
    get_project(session, project_id)
    actor = create_actor(session, "field_key", name[:255])
    user = AppUser(
        actor_id=actor.id, project_id=project_id, created_by=created_by, training=training, generation=1, state="active"
    )
    credential = _credential(secret, actor, user)
    user.token_hash = tokens.fingerprint(credential.token)
    user.deliveries_hash = tokens.fingerprint(credential.deliveries)
    session.add(user)
    session.add(_login(session, credential))
    session.flush()
    record(session, Happening(project_id, "field_key.create", created_by, actee_id=actor.uid))
    if all_forms:
        grant(session, actor, session.get_one(Role, APP_USER), place_of(session, project_id), by=created_by)
    return credential


def credential_of(session: Session, secret: bytes, project_id: int, actor_id: int) -> Credential:
    """The credential again, to draw its QR; Problem when this installation's secret is not the one that made it."""
    user, actor = get_app_user(session, project_id, actor_id)
    credential = _credential(secret, actor, user)
    if tokens.fingerprint(credential.token) != user.token_hash:
        raise not_found()
    return credential


def token_of(secret: bytes, user: AppUser, actor: Actor) -> str | None:
    """The token again, to show it in a list; None when this installation's secret is not the one that made it."""
    token = tokens.derived(secret, TOKEN, actor.uid, user.generation)
    return token if tokens.fingerprint(token) == user.token_hash else None


def renew(session: Session, secret: bytes, project_id: int, actor_id: int, *, by: int | None = None) -> Credential:
    """New tokens for the same app user: printed codes and links made before stop working."""
    user, actor = get_app_user(session, project_id, actor_id)
    user.generation += 1
    credential = _credential(secret, actor, user)
    user.token_hash = tokens.fingerprint(credential.token)
    user.deliveries_hash = tokens.fingerprint(credential.deliveries)
    session.merge(_login(session, credential))
    record(session, Happening(project_id, "field_key.renew", by, actee_id=actor.uid))
    return credential


def set_state(session: Session, project_id: int, actor_id: int, state: str, *, by: int | None = None) -> None:
    """active, retired (may still submit, sees no forms) or revoked (nothing)."""
    user, actor = get_app_user(session, project_id, actor_id)
    if state not in STATES:
        raise unexpected_value("state", state, "not a state of an app user", "ce n’est pas un état de téléphone")
    if user.state != state:
        user.state = state
        # ODK Central knows of one change only: its token is ended.
        action = "field_key.session.end" if state == "revoked" else "field_key.update"
        details = None if state == "revoked" else {"state": state}
        record(session, Happening(project_id, action, by, details=details, actee_id=actor.uid))


def list_app_users(session: Session, project_id: int) -> list[tuple[AppUser, Actor]]:
    """All app users of a project, newest first."""
    rows = session.execute(
        select(AppUser, Actor)
        .join(Actor, Actor.id == AppUser.actor_id)
        .where(AppUser.project_id == project_id, Actor.deleted_at.is_(None))
        .order_by(Actor.id.desc())
    )
    return [(row[0], row[1]) for row in rows]


_ALL_FORMS = (
    select(Assignment.actor_id)
    .where(
        Assignment.actor_id == AppUser.actor_id,
        Assignment.role_id == APP_USER,
        Assignment.project_id == AppUser.project_id,
        Assignment.form_id == WHOLE,
    )
    .exists()
)
_PHONE = (
    select(
        AppUser.actor_id,
        AppUser.project_id,
        Actor.display_name,
        AppUser.state,
        AppUser.training,
        Project.language,
        Project.name,
        Project.late,
        _ALL_FORMS,
    )
    .join(Actor, Actor.id == AppUser.actor_id)
    .join(Project, Project.id == AppUser.project_id)
    .where(Actor.deleted_at.is_(None), Project.deleted_at.is_(None), AppUser.state != "revoked")
)


_BY_TOKEN = Statement(
    "SELECT u.actor_id, u.project_id, a.display_name, u.state, u.training, p.language, p.name, p.late, "
    # APP_USER for the WHOLE project.
    "EXISTS (SELECT 1 FROM assignment g WHERE g.actor_id = u.actor_id AND g.role_id = 2 "
    "AND g.project_id = u.project_id AND g.form_id = 0) "
    "FROM app_user u JOIN actor a ON a.id = u.actor_id JOIN project p ON p.id = u.project_id "
    "WHERE u.token_hash = ? AND a.deleted_at IS NULL AND p.deleted_at IS NULL AND u.state <> 'revoked'"
)


# A web form behind a public link talks as a phone does, about its one form.
_BY_LINK = Statement(
    "SELECT l.actor_id, l.project_id, a.display_name, 'active', false, p.language, p.name, p.late, false "
    "FROM public_link l JOIN actor a ON a.id = l.actor_id JOIN project p ON p.id = l.project_id "
    "WHERE l.token_hash = ? AND l.ended_at IS NULL AND a.deleted_at IS NULL AND p.deleted_at IS NULL"
)


def phone_by_token(database: Database, token: str) -> Phone | None:
    """Whose token this is; None when nobody's, or when it has been revoked. Asked for with every request of a phone."""
    fingerprint = tokens.fingerprint(token)
    rows = database.look_up(_BY_TOKEN, (fingerprint,)) or database.look_up(_BY_LINK, (fingerprint,))
    return Phone(*rows[0]) if rows else None


def phone_by_deliveries(session: Session, token: str) -> Phone | None:
    """Whose page of deliveries this link opens."""
    row = session.execute(_PHONE.where(AppUser.deliveries_hash == tokens.fingerprint(token))).first()
    return Phone(*row) if row else None


def phone_by_username(session: Session, username: str) -> tuple[Phone, CollectLogin] | None:
    """Whose Collect user name this is, with the hashes Digest and Basic are checked against."""
    login = session.scalars(select(CollectLogin).where(CollectLogin.username == username)).first()
    if login is None:
        return None
    row = session.execute(_PHONE.where(AppUser.actor_id == login.actor_id)).first()
    return (Phone(*row), login) if row else None


def get_app_user(session: Session, project_id: int, actor_id: int) -> tuple[AppUser, Actor]:
    """The living app user of a project, or Problem 404.1."""
    user = session.get(AppUser, actor_id)
    actor = session.get(Actor, actor_id)
    if user is None or actor is None or user.project_id != project_id or actor.deleted_at is not None:
        raise not_found()
    return user, actor


def _credential(secret: bytes, actor: Actor, user: AppUser) -> Credential:
    return Credential(
        actor_id=actor.id,
        project_id=user.project_id,
        name=actor.display_name,
        token=tokens.derived(secret, TOKEN, actor.uid, user.generation),
        username=f"phone{actor.id}",
        password=tokens.readable(secret, SECRET, actor.uid, user.generation),
        deliveries=tokens.derived(secret, DELIVERIES, actor.uid, user.generation).replace("!", "-").replace("$", "_"),
    )


def _login(session: Session, credential: Credential) -> CollectLogin:
    realm = session.get_one(Server, 1).realm
    return CollectLogin(
        actor_id=credential.actor_id,
        username=credential.username,
        ha1_md5=ha1(credential.username, realm, credential.password, "MD5"),
        ha1_sha256=ha1(credential.username, realm, credential.password, "SHA-256"),
    )
