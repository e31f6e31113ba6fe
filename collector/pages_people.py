"""The people of a project: giving them roles, and what part of the submissions they see."""

from dataclasses import dataclass

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import resets, web_users
from accounts.actors import LONGEST_NAME, get_actor
from accounts.assignments import Place, place_of
from accounts.errors import not_found, not_oneself, person_unknown
from accounts.letters import queue_letter
from accounts.resets import Reset
from accounts.role_words import GIVEN_BY_HAND, role_meaning, role_name
from accounts.roles import SITE, WHOLE, verbs_of
from accounts.scopes import OWN, Scope, scope_of
from accounts.sessions import Person
from accounts.signed_in import demand, require_own_form, signed_in
from accounts.web_users import account_by_email, get_account
from collector.people import Member, form_names, members_of, put_role
from collector.project_frame import ProjectFrame, open_frame
from collector.scope_changes import WantedRule, give_scope, looks_up_still, sees_whole
from config.address import printed_url
from config.api_errors import unexpected_value
from config.database import reading, transaction
from config.pages import page_language
from config.problem import Problem
from config.services import services
from config.typed import typed_number, typed_text
from forms.models import Form
from forms.queries import definition_of, labels_of

pages = Blueprint("collector_people_pages", __name__, url_prefix="/projects/<int:project_id>/people")

# The first is given on the site alone.
GIVEN = GIVEN_BY_HAND[1:]
CLASSES = ("P", "P-staff", "S", "O")
# Rules a page shows room for; more can be given by program.
MOST_RULES = 8
MOST_VALUES = 1000
LONGEST_VALUE = 255


@pages.get("")
def show_people(project_id: int) -> ResponseReturnValue:
    """Who may do what here?"""
    return _people_page(project_id)


def _people_page(project_id: int, problem: Problem | None = None) -> ResponseReturnValue:
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "assignment.list")
        page = render_template(
            "collector/people.html",
            frame=frame,
            members=members_of(session, project_id),
            forms=form_names(session, project_id),
            given_roles=GIVEN,
            role_name=role_name,
            role_meaning=role_meaning,
            mail=bool(services().settings.mail_url),
            may_invite=_may_invite(session, person),
            error=problem.sentence(page_language()) if problem else None,
            given=request.form,
            done=request.args.get("done"),
        )
    return page, problem.status if problem else 200


def _may_invite(session: Session, person: Person) -> bool:
    return "user.create" in verbs_of(session, person.actor_id, SITE)


@pages.post("")
def add(project_id: int) -> ResponseReturnValue:
    """Give somebody a role here; who is not known yet is invited by those who may, with a link to hand over."""
    person = signed_in()
    require_own_form()
    email = typed_text(request.form, "email", longest=web_users.LONGEST_EMAIL)
    link = None
    try:
        with transaction() as session:
            place = _place(session, person, project_id)
            known = account_by_email(session, email)
            if known is None:
                if not _may_invite(session, person):
                    web_users.usable_email(email)
                    raise person_unknown(email)
                name = typed_text(request.form, "name", longest=LONGEST_NAME) or None
                actor = web_users.create_web_user(session, email, None, name=name, by=person.actor_id)
                account = get_account(session, actor.id)
                queue_letter(session, services().settings, "claim", account.user.email, actor.id)
                link = resets.make_reset(session, account, by=person.actor_id)
            else:
                actor = known.actor
            _put(session, person, actor.id, place)
            actor_id = actor.id
    except Problem as problem:
        if problem.status not in (400, 409) and problem.code != 404.1:
            raise
        return _people_page(project_id, problem)
    if link is not None:
        return _member_page(project_id, actor_id, link=link)
    return _to_member(project_id, actor_id, "role")


def _place(session: Session, person: Person, project_id: int) -> Place:
    """The whole project, or the form that was chosen, for somebody who may give roles there."""
    demand(session, person, "assignment.create", project_id)
    form_id = typed_number(request.form, "form") or WHOLE
    form = session.get(Form, (project_id, form_id)) if form_id else None
    if form_id and (form is None or form.deleted_at is not None):
        raise not_found()
    return place_of(session, project_id, form_id)


def _put(session: Session, person: Person, actor_id: int, place: Place) -> None:
    # None of the buttons leaves it out: without it nothing was decided.
    role = request.form.get("role")
    if role not in (*GIVEN, ""):
        raise unexpected_value("role", role or "", "not a role for people", "ce n’est pas un rôle à donner")
    if not role:
        demand(session, person, "assignment.delete", place.project_id, place.form_id)
    if actor_id == person.actor_id and "assignment.create" not in verbs_of(session, actor_id, SITE):
        raise not_oneself()
    put_role(session, get_actor(session, actor_id), role, place, by=person.actor_id)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that a rule can be about, for the list of suggestions."""

    name: str
    label: str


@pages.get("/<int:person_id>")
def show_member(project_id: int, person_id: int) -> ResponseReturnValue:
    """What may this person do here, and what do they see?"""
    return _member_page(project_id, person_id)


def _member_page(
    project_id: int, actor_id: int, *, link: Reset | None = None, problem: Problem | None = None
) -> ResponseReturnValue:
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "assignment.list")
        member = _member(session, project_id, actor_id)
        scope = scope_of(session, actor_id, project_id)
        forms = form_names(session, project_id)
        page = render_template(
            "collector/member.html",
            frame=frame,
            member=member,
            scope=scope,
            own=any(rule.property == OWN for rule in scope.rules),
            rows=_rule_rows(scope, forms),
            asked=_asked(session, frame),
            classes=CLASSES,
            forms=forms,
            given_roles=GIVEN,
            role_name=role_name,
            role_meaning=role_meaning,
            mail=bool(services().settings.mail_url),
            looking=looks_up_still(session, project_id, scope),
            may_limit=frame.may("assignment.create") and sees_whole(session, person, project_id, actor_id),
            link=link.url(printed_url()) if link else None,
            error=problem.sentence(page_language()) if problem else None,
            done=request.args.get("done"),
        )
    answer = make_response(page, problem.status if problem else 200)
    if link is not None:
        answer.headers["Cache-Control"] = "no-store"
    return answer


def _member(session: Session, project_id: int, actor_id: int) -> Member:
    found = members_of(session, project_id, actor_id)
    if not found:
        raise not_found()
    return found[0]


def _rule_rows(scope: Scope, forms: dict[int, str]) -> list[tuple[str, str, int]]:
    """(question, values, form) of each rule as typed or stored, and room for one more."""
    if request.method == "POST" and "rule" in request.form:
        typed = list(_typed_rows())
        return [(name, values, form_id) for name, values, form_id in typed] + [("", "", 0)]
    rows = [
        (rule.property, "\n".join(rule.allowed), rule.form_id if rule.form_id in forms else 0)
        for rule in scope.rules
        if rule.property != OWN
    ]
    return [(name, values, form_id or 0) for name, values, form_id in rows] + [("", "", 0)]


def _typed_rows() -> list[tuple[str, str, int]]:
    rows = []
    for number in range(MOST_RULES):
        name = typed_text(request.form, f"property-{number}", longest=LONGEST_VALUE)
        values = typed_text(request.form, f"values-{number}", longest=MOST_VALUES * LONGEST_VALUE)
        if name or values:
            rows.append((name, values, typed_number(request.form, f"form-{number}") or 0))
    return rows


def _asked(session: Session, frame: ProjectFrame) -> list[Asked]:
    """The questions outside of repeats, each name once, with the words of a form that asks it."""
    words: dict[str, str] = {}
    for version_id in _current_versions(session, frame.id):
        labels = labels_of(session, frame.id, version_id)
        for field in definition_of(session, frame.id, version_id).fields:
            if field.table_no == 0 and labels.is_choice(field.path):
                words.setdefault(field.name, labels.question(field.path, page_language()) or "")
    return [Asked(name, words.get(name, "")) for name in sorted(words)]


def _current_versions(session: Session, project_id: int) -> list[int]:
    query = select(Form.current_version_id).where(Form.project_id == project_id, Form.deleted_at.is_(None))
    return [version_id for version_id in session.scalars(query) if version_id]


def _to_member(project_id: int, actor_id: int, done: str) -> ResponseReturnValue:
    return redirect(url_for(".show_member", project_id=project_id, person_id=actor_id, done=done), 303)


@pages.post("/<int:person_id>/role")
def change_role(project_id: int, person_id: int) -> ResponseReturnValue:
    """One role at one place in the place of those there; none takes them back."""
    person = signed_in()
    require_own_form()
    try:
        with transaction() as session:
            place = _place(session, person, project_id)
            _put(session, person, person_id, place)
            still = bool(members_of(session, project_id, person_id))
    except Problem as problem:
        if problem.status not in (400, 409):
            raise
        return _member_page(project_id, person_id, problem=problem)
    if not still:
        return redirect(url_for(".show_people", project_id=project_id, done="left"), 303)
    return _to_member(project_id, person_id, "role")


@pages.post("/<int:person_id>/scope")
def change_scope(project_id: int, person_id: int) -> ResponseReturnValue:
    """Which submissions this person sees, and which answers of them."""
    person = signed_in()
    require_own_form()
    try:
        with transaction() as session:
            demand(session, person, "assignment.create", project_id)
            wanted = _wanted(session, project_id)
            hidden = [name for name in CLASSES if name in request.form.getlist("hidden")]
            give_scope(session, person, project_id, person_id, wanted, hidden)
    except Problem as problem:
        if problem.status != 400:
            raise
        return _member_page(project_id, person_id, problem=problem)
    return _to_member(project_id, person_id, "scope")


def _wanted(session: Session, project_id: int) -> list[WantedRule]:
    rules = [WantedRule(OWN, ())] if "own" in request.form else []
    for name, values, form_id in _typed_rows():
        form = session.get(Form, (project_id, form_id)) if form_id else None
        if form_id and form is None:
            raise not_found()
        listed = [value.strip()[:LONGEST_VALUE] for line in values.splitlines() for value in line.split(",")]
        rules.append(WantedRule(name, [value for value in listed if value], form.xml_form_id if form else None))
    return rules
