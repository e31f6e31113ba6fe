"""Commands about people: projects, web users, app users."""

import sys
from pathlib import Path

import click
from sqlalchemy.orm import Session

from accounts import app_users, qr, resets, web_users
from accounts.app_users import Credential
from accounts.errors import web_user_unknown
from accounts.projects import create_project, get_project
from config.address import configured_url
from config.clock import wire
from config.commands import result
from config.database import transaction
from config.services import services


def key_url(credential: Credential, base: str) -> str:
    """The server URL Collect uses for this app user (C62)."""
    return f"{base}/v1/key/{credential.token}/projects/{credential.project_id}"


def qr_text(session: Session, credential: Credential, base: str) -> str:
    """The text of the QR code that sets up Collect for this app user."""
    project = get_project(session, credential.project_id)
    return qr.settings_text(key_url(credential, base), project.name, language=project.language)


@click.group()
def project() -> None:
    """Projects."""


@project.command("create")
@click.argument("name")
def project_create(name: str) -> None:
    """Make a project."""
    with transaction() as session:
        made = create_project(session, name, language=services().settings.language)
    result({"id": made.id, "name": made.name}, f"Project {made.id} “{made.name}” is ready.")


@click.group("web-user")
def web_user() -> None:
    """People with an e-mail and a password."""


@web_user.command("create")
@click.argument("email")
@click.option(
    "--role",
    type=click.Choice(["administrator", "manager", "viewer", "formfill", "reviewer", "data-viewer"]),
    required=True,
)
@click.option("--project", "project_id", type=int, help="The role holds in this project only.")
@click.option(
    "--password-stdin", is_flag=True, required=True, expose_value=False, help="Read the password from standard input."
)
def web_user_create(email: str, role: str, project_id: int | None) -> None:
    """Make a web user with a role."""
    password = _password()
    with transaction() as session:
        if project_id is not None:
            get_project(session, project_id)
        actor = web_users.create_web_user(session, email, password, role=role, project_id=project_id or 0)
    result({"id": actor.id, "email": email.strip().lower()}, f"{email} can sign in.")


@web_user.command("password")
@click.argument("email")
@click.option(
    "--password-stdin", is_flag=True, required=True, expose_value=False, help="Read the password from standard input."
)
def web_user_password(email: str) -> None:
    """Give a web user a new password; their sessions end."""
    password = _password()
    with transaction() as session:
        web_users.set_password(session, email, password)
    result({"email": email.strip().lower()}, f"{email} has a new password.")


@web_user.command("link")
@click.argument("email")
def web_user_link(email: str) -> None:
    """Make a link with which a web user chooses a password; it works once, for a day."""
    with transaction() as session:
        account = web_users.account_by_email(session, email)
        if account is None:
            raise web_user_unknown(email)
        made = resets.make_reset(session, account, by=None)
        shown = {"email": account.user.email, "url": made.url(configured_url()), "expiresAt": wire(made.expires_at)}
    result(shown, f"Hand this link to {email}; whoever has it can sign in as that person.")


def _password() -> str:
    return sys.stdin.readline().rstrip("\r\n")


@click.group("app-user")
def app_user() -> None:
    """Phones' credentials."""


@app_user.command("create")
@click.argument("project_id", type=int)
@click.argument("name")
@click.option("--training", is_flag=True, help="What this phone sends stays out of counts and exports.")
@click.option("--terminal", is_flag=True, help="Draw the QR code.")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), help="Write the QR code to this picture.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Write the QR code to this drawing.")
def app_user_create(
    project_id: int, name: str, training: bool, terminal: bool, png: Path | None, svg: Path | None
) -> None:
    """Make an app user and show what its phone needs."""
    with transaction() as session:
        credential = app_users.create_app_user(session, services().secret, project_id, name, training=training)
        base = configured_url()
        text = qr_text(session, credential, base)
    shown = {
        "id": credential.actor_id,
        "token": credential.token,
        "server_url": key_url(credential, base),
        "qr": text,
        "username": credential.username,
        "password": credential.password,
    }
    result(shown, f"App user “{credential.name}” is ready. Scan its code in ODK Collect.")
    if terminal:
        click.echo(qr.terminal(text), err=True)
    if png:
        png.write_bytes(qr.png(text))
    if svg:
        svg.write_text(qr.svg_file(text), encoding="utf-8")
