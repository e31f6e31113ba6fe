"""What stands around every page of a project or form: names, parts, what the reader may do there."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.errors import insufficient_rights, not_found
from accounts.projects import get_project
from accounts.roles import WHOLE, verbs_of
from accounts.scopes import Scope, hidden_from, scope_of
from accounts.sessions import Person
from collector.classify import Rules
from collector.masking import Mask
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
    def mask(self) -> Mask:
        """What of the answers the reader does not see."""
        return Mask(hidden_from(self.scope, self.verbs))

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
    """A form, under the name of its current version, or of its draft (`current_version_id` 0) before it has one.

    `draft_version_id` is 0 without a draft.
    """

    project_id: int
    id: int
    xml_form_id: str
    name: str
    state: str
    version: str
    current_version_id: int
    draft_version_id: int

    @property
    def published(self) -> bool:
        """Whether phones have ever been given it."""
        return self.current_version_id != 0

    def definition(self, session: Session) -> FormDefinition:
        """What its current version defines."""
        return definition_of(session, self.project_id, self.current_version_id)


def open_frame(session: Session, person: Person, project_id: int, verb: str, form_id: int = WHOLE) -> ProjectFrame:
    """The frame for a reader who may do `verb` in this project; Problem 403.1 or 404.1 for everyone else.

    With a form's number, what its reader may do with that form counts too.
    """
    verbs = verbs_of(session, person.actor_id, project_id, form_id)
    # The right before the project: whether one exists is no business of strangers to it.
    if verb not in verbs:
        raise insufficient_rights()
    project = get_project(session, project_id)
    scope = scope_of(session, person.actor_id, project_id)
    waiting = waiting_counts(session, [project_id], {project_id: scope}).get(project_id, {})
    return ProjectFrame(project.id, project.name, project.late, person, verbs, scope, waiting)


def open_form(session: Session, frame: ProjectFrame, xml_form_id: str) -> FormFrame:
    """The living, published form of that id, or Problem 404.1."""
    form = _find_form(session, frame.id, xml_form_id)
    if form is None or not form.published:
        raise not_found()
    return form


def open_form_frame(
    session: Session, person: Person, project_id: int, xml_form_id: str, verb: str
) -> tuple[ProjectFrame, FormFrame]:
    """A living form, published or not, and the frame around it for a reader who may do `verb` with this form."""
    form = _find_form(session, project_id, xml_form_id)
    frame = open_frame(session, person, project_id, verb, form.id if form else WHOLE)
    if form is None:
        raise not_found()
    return frame, form


def _find_form(session: Session, project_id: int, xml_form_id: str) -> FormFrame | None:
    shown = func.coalesce(Form.current_version_id, Form.draft_version_id)
    row = session.execute(
        select(
            Form.project_id,
            Form.id,
            Form.xml_form_id,
            FormVersion.name,
            Form.state,
            FormVersion.version,
            func.coalesce(Form.current_version_id, 0),
            func.coalesce(Form.draft_version_id, 0),
        )
        .join(FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == shown))
        .where(Form.project_id == project_id, Form.xml_form_id == xml_form_id, Form.deleted_at.is_(None))
    ).first()
    return None if row is None else FormFrame(*row)
