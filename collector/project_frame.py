"""What stands around every page of a project or form: names, parts, what the reader may do there."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import insufficient_rights, not_found
from accounts.projects import get_project
from accounts.roles import verbs_of
from accounts.scopes import Scope, scope_of
from accounts.sessions import Person
from collector.classify import Rules
from collector.reading import Selection
from collector.standing import waiting_counts
from config.services import services
from forms.models import Form, FormVersion
from forms.queries import definition_of
from forms.xform import FormDefinition


@dataclass(frozen=True)
class ProjectFrame:
    """A project as one reader sees it. `late` is the project's own choice for what comes after closing."""

    id: int
    name: str
    late: str | None
    person: Person
    verbs: frozenset[str]
    scope: Scope
    waiting: dict[str, int]

    def selection(self, form_id: int) -> Selection:
        """What the reader sees of a form."""
        return Selection(self.id, form_id, self.scope)

    def may(self, verb: str) -> bool:
        """Whether the reader may do this here."""
        return verb in self.verbs

    @property
    def waiting_total(self) -> int:
        """Everything that waits for a decision."""
        return sum(self.waiting.values())

    def rules(self) -> Rules:
        """The rules of receiving, for what a supervisor lets in."""
        settings = services().settings
        return Rules(self.late or settings.late, settings.conflict_limit, settings.conflict_quota)


@dataclass(frozen=True)
class FormFrame:
    """A published form, under the name of its current version."""

    project_id: int
    id: int
    xml_form_id: str
    name: str
    state: str
    version: str
    current_version_id: int

    def definition(self, session: Session) -> FormDefinition:
        """What its current version defines."""
        return definition_of(session, self.project_id, self.current_version_id)


def open_frame(session: Session, person: Person, project_id: int, verb: str) -> ProjectFrame:
    """The frame for a reader who may do `verb` in this project; Problem 403.1 or 404.1 for everyone else."""
    verbs = verbs_of(session, person.actor_id, project_id)
    # The right before the project: whether one exists is no business of strangers to it.
    if verb not in verbs:
        raise insufficient_rights()
    project = get_project(session, project_id)
    scope = scope_of(session, person.actor_id, project_id)
    waiting = waiting_counts(session, [project_id], {project_id: scope}).get(project_id, {})
    return ProjectFrame(project.id, project.name, project.late, person, verbs, scope, waiting)


def open_form(session: Session, frame: ProjectFrame, xml_form_id: str) -> FormFrame:
    """The living, published form of that id, or Problem 404.1."""
    row = session.execute(
        select(
            Form.project_id,
            Form.id,
            Form.xml_form_id,
            FormVersion.name,
            Form.state,
            FormVersion.version,
            FormVersion.id,
        )
        .join(FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == Form.current_version_id))
        .where(Form.project_id == frame.id, Form.xml_form_id == xml_form_id, Form.deleted_at.is_(None))
    ).first()
    if row is None:
        raise not_found()
    return FormFrame(*row)
