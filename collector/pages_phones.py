"""The phones of a project: who sends, the sheets to print, what to do when one is lost."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts import app_users
from accounts.app_users import Credential
from accounts.cli import key_url, qr_text
from accounts.errors import not_found
from accounts.signed_in import demand, require_own_form, signed_in
from collector.phones import ListedPhone, list_phones
from collector.printed_codes import drawing
from collector.project_frame import ProjectFrame, open_frame
from config.address import base_url, is_loopback, printed_url
from config.database import reading, transaction
from config.pages import page_language
from config.problem import Problem
from config.services import services
from config.typed import typed_text

pages = Blueprint("collector_phone_pages", __name__, url_prefix="/projects/<int:project_id>/phones")


@pages.get("")
def show_phones(project_id: int) -> ResponseReturnValue:
    """Every phone: in use, retired, revoked; when it was last heard of."""
    return _list_page(project_id)


def _list_page(project_id: int, error: str | None = None, status: int = 200) -> ResponseReturnValue:
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "field_key.list")
        phones = list_phones(session, project_id, frame.scope)
    return render_template("collector/phones.html", frame=frame, phones=phones, error=error), status


@pages.post("")
def create_phone(project_id: int) -> ResponseReturnValue:
    """A new phone, then its page."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        demand(session, person, "field_key.create", project_id)
        name = typed_text(request.form, "name", longest=255)
        if name:
            credential = app_users.create_app_user(
                session,
                services().secret,
                project_id,
                name,
                created_by=person.actor_id,
                training="training" in request.form,
            )
    if not name:
        return _list_page(project_id, error="name", status=400)
    return _to_phone(project_id, credential.actor_id, "created")


def _to_phone(project_id: int, actor_id: int, done: str) -> ResponseReturnValue:
    return redirect(url_for(".show_phone", project_id=project_id, actor_id=actor_id, done=done), 303)


@pages.get("/<int:actor_id>")
def show_phone(project_id: int, actor_id: int) -> ResponseReturnValue:
    """One phone: how it is doing, and what can be done with its code."""
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "field_key.list")
        phone = _find(session, frame, actor_id)
        deliveries = None
        if frame.may("field_key.create"):
            credential = _credential(session, project_id, actor_id)
            deliveries = f"{base_url()}/deliveries/{credential.deliveries}" if credential else ""
    return render_template(
        "collector/phone.html", frame=frame, phone=phone, deliveries=deliveries, done=request.args.get("done")
    )


def _find(session: Session, frame: ProjectFrame, actor_id: int) -> ListedPhone:
    phone = next((each for each in list_phones(session, frame.id, frame.scope) if each.actor_id == actor_id), None)
    if phone is None:
        raise not_found()
    return phone


def _credential(session: Session, project_id: int, actor_id: int) -> Credential | None:
    """None when the installation's secret is another one than that which made the printed codes."""
    try:
        return app_users.credential_of(session, services().secret, project_id, actor_id)
    except Problem:
        return None


@pages.post("/<int:actor_id>/state")
def change_state(project_id: int, actor_id: int) -> ResponseReturnValue:
    """Retire it (it may still send), revoke it (it may not), take it back into use."""
    person = signed_in()
    require_own_form()
    state = request.form.get("state", "")
    with transaction() as session:
        demand(session, person, "field_key.delete", project_id)
        app_users.set_state(session, project_id, actor_id, state, by=person.actor_id)
    return _to_phone(project_id, actor_id, state)


@pages.post("/<int:actor_id>/code")
def renew_code(project_id: int, actor_id: int) -> ResponseReturnValue:
    """A new code for the same phone; the printed one stops working."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        demand(session, person, "field_key.create", project_id)
        app_users.renew(session, services().secret, project_id, actor_id, by=person.actor_id)
    return _to_phone(project_id, actor_id, "renewed")


@pages.get("/sheets")
def show_sheets(project_id: int) -> ResponseReturnValue:
    """The sheets of all phones in use, one page of paper each."""
    return _sheets_page(project_id, None)


@pages.get("/<int:actor_id>/sheet")
def show_sheet(project_id: int, actor_id: int) -> ResponseReturnValue:
    """The sheet of one phone."""
    return _sheets_page(project_id, actor_id)


def _sheets_page(project_id: int, actor_id: int | None) -> ResponseReturnValue:
    person = signed_in()
    base = printed_url()
    with reading() as session:
        frame = open_frame(session, person, project_id, "field_key.create")
        listed = [user.actor_id for user, _ in app_users.list_app_users(session, project_id) if user.state == "active"]
        wanted = sorted(listed) if actor_id is None else [_find(session, frame, actor_id).actor_id]
        credentials = [_credential(session, project_id, each) for each in wanted]
        sheets = [_sheet(session, credential, base) for credential in credentials if credential is not None]
    page = render_template(
        "collector/sheets.html",
        frame=frame,
        sheets=sheets,
        back=actor_id,
        unreadable=len(credentials) - len(sheets),
        nowhere=is_loopback(base),
    )
    answer = make_response(page)
    # Keys are not left in the cache of a shared laptop.
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _sheet(session: Session, credential: Credential, base: str) -> dict[str, object]:
    text = qr_text(session, credential, base)
    deliveries = f"{base}/deliveries/{credential.deliveries}"
    labels = {"fr": ("Code QR pour ODK Collect", "Code QR de la page des envois")}
    collect, page = labels.get(page_language(), ("QR code for ODK Collect", "QR code of the page of deliveries"))
    return {
        "number": credential.actor_id,
        "person": credential.name,
        "qr": drawing(text, collect),
        "server_url": key_url(credential, base),
        "login": (credential.username, credential.password),
        "deliveries": drawing(deliveries, page),
    }
