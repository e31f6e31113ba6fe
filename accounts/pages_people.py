"""Who can sign in here, for administrators: inviting by a link, roles, a new password, leaving."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import assignments, resets, web_users
from accounts.assignments import THE_SITE, Place, get_role, place_of
from accounts.errors import not_oneself
from accounts.letters import queue_letter
from accounts.models import Project
from accounts.role_words import GIVEN_BY_HAND, role_meaning, role_name
from accounts.sessions import Person
from accounts.signed_in import demand, require_own_form, signed_in
from accounts.web_users import Account
from config.address import printed_url
from config.database import reading, transaction
from config.pages import page_language
from config.problem import Problem
from config.reader_wishes import Wishes
from config.services import services
from config.typed import typed_number, typed_text

pages = Blueprint("accounts_people_pages", __name__, url_prefix="/people")


@pages.get("")
def show_people() -> ResponseReturnValue:
    """Everyone who can sign in."""
    return _list_page()


def _list_page(errors: dict[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    person = signed_in()
    with reading() as session:
        demand(session, person, "user.list")
        accounts = web_users.list_accounts(session, Wishes())
        given = assignments.roles_of_all(session, [account.actor.id for account in accounts])
        people = [(account, given.get(account.actor.id, [])) for account in accounts]
        places = _places(session)
    page = render_template(
        "accounts/people.html",
        people=people,
        places=places,
        roles=GIVEN_BY_HAND,
        role_name=role_name,
        role_meaning=role_meaning,
        errors=errors or {},
        typed=request.form,
    )
    return page, status


def _places(session: Session) -> list[tuple[int, str]]:
    query = select(Project.id, Project.name).where(Project.deleted_at.is_(None)).order_by(Project.name, Project.id)
    return [(row[0], row[1]) for row in session.execute(query)]


@pages.post("")
def invite() -> ResponseReturnValue:
    """A new account with a role, then its page, which shows the link to hand over."""
    person = signed_in()
    require_own_form()
    email = typed_text(request.form, "email", longest=320)
    try:
        with transaction() as session:
            demand(session, person, "user.create")
            actor = web_users.create_web_user(session, email, None, by=person.actor_id)
            _give(session, person, web_users.get_account(session, actor.id))
            queue_letter(session, services().settings, "claim", email.strip().lower(), actor.id)
            actor_id = actor.id
    except Problem as problem:
        if problem.status not in (400, 409):
            raise
        return _list_page({"email": problem.sentence(page_language())}, problem.status)
    return _link_page(person, actor_id)


def _link_page(person: Person, actor_id: int) -> ResponseReturnValue:
    with transaction() as session:
        demand(session, person, "user.password.invalidate")
        account = web_users.get_account(session, actor_id)
        made = resets.make_reset(session, account, by=person.actor_id)
    return _person_page(person, actor_id, link=made.url(printed_url()))


@pages.get("/<int:person_id>")
def show_person(person_id: int) -> ResponseReturnValue:
    """One person: what they may do, and what can be done for them."""
    return _person_page(signed_in(), person_id)


def _person_page(person: Person, actor_id: int, link: str | None = None) -> ResponseReturnValue:
    with reading() as session:
        demand(session, person, "user.read")
        account = web_users.get_account(session, actor_id)
        given = assignments.roles_of(session, actor_id)
        places = _places(session)
    answer = render_template(
        "accounts/person.html",
        someone=account,
        given=given,
        places=places,
        roles=GIVEN_BY_HAND,
        role_name=role_name,
        role_meaning=role_meaning,
        link=link,
        done=request.args.get("done"),
        mail=bool(services().settings.mail_url),
        own=actor_id == person.actor_id,
    )
    # A link is a key: it is not left in the cache of a shared laptop.
    return answer, 200, {"Cache-Control": "no-store"} if link else {}


def _to(person_id: int, done: str) -> ResponseReturnValue:
    return redirect(url_for(".show_person", person_id=person_id, done=done), 303)


def _give(session: Session, person: Person, account: Account) -> None:
    role = get_role(session, typed_text(request.form, "role"))
    place = _place(session)
    demand(session, person, "assignment.create", place.project_id)
    assignments.require_assignable(session, person.actor_id, role, place)
    assignments.grant(session, account.actor, role, place, by=person.actor_id)


def _place(session: Session) -> Place:
    project_id = typed_number(request.form, "place") or 0
    return place_of(session, project_id) if project_id else THE_SITE


@pages.post("/<int:person_id>/roles")
def give_role(person_id: int) -> ResponseReturnValue:
    """Give a role on the site or in a project."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        demand(session, person, "user.read")
        _give(session, person, web_users.get_account(session, person_id))
    return _to(person_id, "given")


@pages.post("/<int:person_id>/roles/taken")
def take_role(person_id: int) -> ResponseReturnValue:
    """Take a role back."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        demand(session, person, "user.read")
        place = _place(session)
        demand(session, person, "assignment.delete", place.project_id)
        account = web_users.get_account(session, person_id)
        role = get_role(session, typed_text(request.form, "role"))
        if account.actor.id == person.actor_id:
            # Nobody might be left who could give it back.
            raise not_oneself()
        assignments.revoke(session, account.actor, role, place, by=person.actor_id)
    return _to(person_id, "taken")


@pages.post("/<int:person_id>/link")
def make_link(person_id: int) -> ResponseReturnValue:
    """A link for choosing a password, shown once."""
    person = signed_in()
    require_own_form()
    return _link_page(person, person_id)


@pages.post("/<int:person_id>/leave")
def remove_person(person_id: int) -> ResponseReturnValue:
    """Take the account away; what the person did stays under their name."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        demand(session, person, "user.delete")
        if person_id == person.actor_id:
            raise not_oneself()
        web_users.delete_account(session, web_users.get_account(session, person_id), by=person.actor_id)
    return redirect(url_for(".show_people"), 303)
