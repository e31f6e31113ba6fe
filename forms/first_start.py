"""The first start: a schema, an administrator, project 1 with the bundled surveys, a first phone."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, OperationalError

from accounts import app_users, passwords, setup, web_users
from accounts.app_users import Credential
from accounts.models import AppUser, WebUser
from accounts.projects import create_project
from config.errors import database_unreachable
from config.problem import Problem
from config.schema import is_current, upgrade
from config.services import Services
from config.settings import SettingError, Settings
from forms.bundled import bundled_workbooks, prepare_file
from forms.publish import publish

FIRST_PHONE = {"fr": "Téléphone 1", "en": "Phone 1"}


@dataclass(frozen=True)
class Welcome:
    """What a person needs to know at the very first start; the password is shown now and never again."""

    email: str
    password: str
    password_is_new: bool


def prepare_database(opened: Services) -> None:
    """Migrate if needed and make what every database holds; quick when there is nothing to do."""
    database = opened.database

    def current() -> bool:
        with database.engine.connect() as connection:
            return is_current(connection)

    def migrate() -> None:
        with database.engine.connect().execution_options(relais_write=True) as connection, connection.begin():
            upgrade(connection)

    def complete() -> bool:
        with database.reading() as session:
            return setup.is_complete(session)

    def fill() -> None:
        with database.transaction() as session:
            setup.ensure(session)

    try:
        _once(current, migrate)
    except OperationalError as error:
        raise database_unreachable(str(error.orig).splitlines()[0]) from error
    # A step of its own: whoever was killed between the two finds the schema current and the rest missing.
    _once(complete, fill)


def _once(done: Callable[[], bool], work: Callable[[], None]) -> None:
    """Do `work` unless it is done; another process that has done it at the same moment is as good."""
    if done():
        return
    try:
        work()
    except (DBAPIError, Problem):
        if not done():
            raise


def first_start(opened: Services) -> Welcome | None:
    """Make the first people and the first project; None when there are people already."""
    with opened.database.reading() as session:
        if session.scalars(select(WebUser).limit(1)).first() is not None:
            return None
    settings = opened.settings
    _require_usable(settings)
    password = settings.admin_password or passwords.one_time()
    prepared = [prepare_file(path, path.parent) for path in bundled_workbooks()]
    with opened.database.transaction() as session:
        project = create_project(session, settings.project_name, language=settings.language)
        for each in prepared:
            publish(session, project.id, each)
        app_users.create_app_user(session, opened.secret, project.id, FIRST_PHONE[settings.language])
        web_users.create_web_user(
            session, settings.admin_email, password, role="administrator", must_change=not settings.admin_password
        )
    return Welcome(settings.admin_email, password, not settings.admin_password)


def _require_usable(settings: Settings) -> None:
    """Said by the setting's name, and before seconds of compiling."""
    try:
        web_users.usable_email(settings.admin_email)
    except Problem as problem:
        raise SettingError(f"RELAIS_ADMIN_EMAIL: {problem.en}") from None
    try:
        if settings.admin_password:
            passwords.hashed(settings.admin_password)
    except Problem as problem:
        raise SettingError(f"RELAIS_ADMIN_PASSWORD: {problem.en}") from None


def first_phone(opened: Services) -> Credential | None:
    """The oldest active app user of the oldest project, for the code in the terminal."""
    with opened.database.reading() as session:
        user = session.scalars(
            select(AppUser).where(AppUser.state == "active").order_by(AppUser.project_id, AppUser.actor_id).limit(1)
        ).first()
        return app_users.credential_of(session, opened.secret, user.project_id, user.actor_id) if user else None
