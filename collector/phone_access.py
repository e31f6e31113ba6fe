"""Who may talk on phone paths, and what a phone without credentials is told."""

from dataclasses import dataclass

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import roles, tokens
from accounts.app_users import Phone, phone_by_token
from accounts.digest import challenges
from accounts.errors import authentication_failed, insufficient_rights, not_found
from accounts.guessing import sources
from accounts.models import Project, Server
from accounts.projects import get_project
from accounts.signed_in import caller_of_request, is_protected
from collector.arrival import DraftSpace
from config.clock import now
from config.database import Database, reading
from config.problem import Problem
from config.services import services
from forms.models import Form, FormVersion
from forms.queries import get_form

DEFAULT_PROJECT = 1
# What a sender must be allowed to do.
SUBMIT = "submission.create"


@dataclass(frozen=True, slots=True)
class Access:
    """Whoever is on the line: an app user or a web user, in a project; `draft` on a test address."""

    actor_id: int | None
    project_id: int
    language: str
    late: str | None
    project_name: str
    sees_forms: bool = True
    training: bool = False
    draft: DraftSpace | None = None
    # The only forms it may do this with; None: all of the project.
    forms: frozenset[int] | None = None

    def may_use(self, form_id: int) -> bool:
        """Whether what was asked for may be done with this form."""
        return self.forms is None or form_id in self.forms


def access(verb: str, project_id: int | None, token: str | None) -> Access:
    """The access this request has; Problem 401.2, 403.1 or 404.1 as ODK Central answers."""
    if token is not None:
        if not tokens.is_token(token):
            raise authentication_failed()
        phone = phone_by_token(services().database, token)
        if phone is None:
            sources.refuse(request.remote_addr or "")
            raise insufficient_rights()
        return access_of_phone(services().database, phone, verb)
    # No cookies: another site could make a browser send them.
    caller = caller_of_request(cookies={})
    if caller is None:
        raise authentication_failed()
    if isinstance(caller, Phone):
        if project_id is not None and project_id != caller.project_id:
            raise not_found()
        return access_of_phone(services().database, caller, verb)
    project_id = DEFAULT_PROJECT if project_id is None else project_id
    with reading() as session:
        forms = roles.forms_where(session, caller.actor_id, verb, project_id)
        if not forms:
            # A role for the whole project, or none at all.
            roles.demand(session, caller.actor_id, verb, project_id)
        project = get_project(session, project_id)
        return Access(caller.actor_id, project.id, project.language, project.late, project.name, forms=forms)


def own_draft_access(project_id: int, xml_form_id: str) -> Access:
    """The access of people and app users who may submit to a form, to its draft; Problem 401.2, 403.1 or 404.1."""
    caller = caller_of_request(cookies={})
    if caller is None:
        raise authentication_failed()
    with reading() as session:
        project = get_project(session, project_id)
        form = get_form(session, project_id, xml_form_id)
        if form.draft_version_id is None:
            raise not_found()
        roles.demand(session, caller.actor_id, SUBMIT, project_id, form.id)
        draft = DraftSpace(version_id=form.draft_version_id, form_id=form.id, xml_form_id=xml_form_id)
        return Access(caller.actor_id, project_id, project.language, None, project.name, draft=draft)


def access_of_phone(database: Database, phone: Phone, verb: str) -> Access:
    """The access an app user's own project gives it: to all forms, or to those it was given."""
    forms = None
    if not phone.all_forms:
        with database.reading() as session:
            forms = roles.forms_where(session, phone.actor_id, verb, phone.project_id)
    return Access(
        actor_id=phone.actor_id,
        project_id=phone.project_id,
        language=phone.language,
        late=phone.late,
        project_name=phone.project_name,
        sees_forms=phone.state == "active",
        training=phone.training,
        forms=forms,
    )


def draft_access(session: Session, project_id: int, xml_form_id: str, draft_token: str) -> Access:
    """The access a test address gives; a dead one is 404.1 with a sentence."""
    row = session.execute(
        select(FormVersion.id, Form.id, Project.language, Project.name)
        .join(Form, (Form.project_id == FormVersion.project_id) & (Form.draft_version_id == FormVersion.id))
        .join(Project, Project.id == Form.project_id)
        .where(
            FormVersion.draft_token == draft_token,
            Form.project_id == project_id,
            Form.xml_form_id == xml_form_id,
            Form.deleted_at.is_(None),
        )
    ).first()
    if row is None:
        raise Problem(
            404.1,
            en="This test address is no longer valid: the draft was published or replaced. Scan its new code.",
            fr="Cette adresse d’essai n’est plus valable : l’essai est publié ou remplacé. Scannez son nouveau code.",
            message="Could not find the resource you were looking for.",
        )
    draft = DraftSpace(version_id=row[0], form_id=row[1], xml_form_id=xml_form_id)
    return Access(None, project_id, row[2], None, row[3], draft=draft)


def challenge(response: Response, *, stale: bool = False) -> None:
    """Add to a 401 what a phone needs to answer (C82, C83): Digest first; Basic only where it will be read."""
    with reading() as session:
        realm = session.get_one(Server, 1).realm
    for value in challenges(realm, services().secret, now(), stale):
        response.headers.add("WWW-Authenticate", value)
    if is_protected():
        response.headers.add("WWW-Authenticate", f'Basic realm="{realm}", charset="UTF-8"')
