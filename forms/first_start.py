"""The first start: a schema, an administrator, project 1 with the bundled surveys, a first phone."""

from dataclasses import dataclass

from sqlalchemy import select

from accounts import app_users, passwords, setup, web_users
from accounts.app_users import Credential
from accounts.models import AppUser, WebUser
from accounts.projects import create_project
from config.schema import is_current, upgrade
from config.services import Services
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
    engine = opened.database.engine
    with engine.connect() as connection:
        current = is_current(connection)
    if current:
        return
    with engine.connect().execution_options(relais_write=True) as connection, connection.begin():
        upgrade(connection)
    with opened.database.transaction() as session:
        setup.ensure(session)


def first_start(opened: Services) -> Welcome | None:
    """Make the first people and the first project; None when there are people already."""
    with opened.database.reading() as session:
        if session.scalars(select(WebUser).limit(1)).first() is not None:
            return None
    settings = opened.settings
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


def first_phone(opened: Services) -> Credential | None:
    """The oldest active app user of the oldest project, for the code in the terminal."""
    with opened.database.reading() as session:
        user = session.scalars(
            select(AppUser).where(AppUser.state == "active").order_by(AppUser.project_id, AppUser.actor_id).limit(1)
        ).first()
        return app_users.credential_of(session, opened.secret, user.project_id, user.actor_id) if user else None
