"""An export from what is asked to what will be in it: which submissions, which columns, what is left out and why."""

import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import IO, Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from accounts.errors import not_found
from accounts.models import Event, ProjectCounter
from accounts.scopes import Scope
from collector import stored_submissions
from collector.archive import safe_file_name
from collector.export_request import RECEIVED, ExportRequest
from collector.exported import ExportedSubmission
from collector.exports import formats
from collector.form_words import FormWords, form_words
from collector.list_choices import in_states
from collector.masking import NO_MASK, Mask
from collector.merged_versions import merged
from collector.models import Receipt, Submission
from collector.odata.columns import filterable
from collector.odata.conditions import Condition, condition
from collector.reading import Selection
from collector.sheets import Look
from collector.signatures import Signatures
from collector.unlocking import NO_KEYS, Keys
from config.clock import now
from config.services import Services
from forms.models import FormVersion
from forms.queries import definition_of, get_form
from forms.xform import FormDefinition

CHUNK = 500
# What happens to submissions without their rows changing.
UNCHANGED = ("comment.create", "comment.update", "comment.delete", "duplicate.decide", "evidence.explain")


@dataclass(frozen=True, slots=True)
class FormFacts:
    """The form of an export. `version_id` is the version whose columns it has; `versions` all published ones, newest first, as
    (number, name)."""

    project_id: int
    form_id: int
    xml_form_id: str
    version_id: int
    draft: bool
    versions: tuple[tuple[int, str], ...]


@dataclass
class Plan:
    """What will be exported. `selection` is narrowed by all that was asked, `steps` say in which turns.

    `settle` decides which submissions these are, at one moment: later arrivals are not in it. `wanted` are then the submissions,
    newest first; `states` counts them by review state, `left_out` those of the form that are not in it, by reason; `seq` is
    the last event that had happened. A filter that asks about answers is decided row by row while they are read: `wanted` are
    those it may let through, and `states`, `refused` and `taken` are right once all have been read. `gone` are those deleted
    meanwhile.
    """

    form: FormFacts
    request: ExportRequest
    selection: Selection
    steps: "tuple[Step, ...]"
    definition: FormDefinition
    condition: Condition
    words: FormWords
    definitions: tuple[tuple[str, FormDefinition], ...] = ()
    keys: Keys = NO_KEYS
    look: Look = field(default_factory=Look)
    settled: bool = False
    wanted: "array[int]" = field(default_factory=lambda: array("q"))
    states: dict[str, int] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    seq: int = 0
    planned_at: datetime = field(default_factory=now)
    gone: int = 0
    refused: int = 0
    taken: "array[int]" = field(default_factory=lambda: array("q"))
    signatures: Signatures = field(default_factory=Signatures)
    progress: Callable[[int], None] = lambda _: None

    def settle(self, session: Session) -> None:
        """Decide which submissions are exported, once. It takes the longer the more there are: a download begins before."""
        if self.settled:
            return
        counter = session.get(ProjectCounter, self.form.project_id)
        self.seq = counter.seq if counter else 0
        self.wanted = stored_submissions.every_id(session, self.selection)
        self.states, self.left_out = _counted(session, self)
        if sum(self.states.values()) != len(self.wanted):
            self.states, self.left_out = _counted(session, self, anew=True)
        self.settled = True

    def begin(self) -> None:
        """The submissions are read from the first on, perhaps again."""
        self.gone = self.refused = 0
        if self.condition.holds is not None:
            self.states, self.taken = {}, array("q")

    def lets_through(self, page: Iterable[ExportedSubmission]) -> Iterator[ExportedSubmission]:
        """Those of a page that the filter lets through, entered in the books."""
        holds = self.condition.holds
        if holds is None:
            yield from page
            return
        for each in page:
            if not holds(each):
                self.refused += 1
                continue
            self.taken.append(each.row.id)
            state = each.row.review_state or RECEIVED
            self.states[state] = self.states.get(state, 0) + 1
            yield each

    @property
    def due(self) -> int:
        """How many submissions must be in the file, once all are read."""
        return len(self.wanted) - self.gone - self.refused

    @property
    def reasons(self) -> dict[str, int]:
        """How many submissions of the form are not in the file, by reason, once all are read."""
        found = dict(self.left_out)
        for reason, count in (("filter", self.refused), ("gone", self.gone)):
            if count:
                found[reason] = found.get(reason, 0) + count
        return found

    @property
    def file_name(self) -> str:
        """What the file is called."""
        name = safe_file_name(self.form.xml_form_id) or "form"
        return name + formats()[self.request.format].suffix


def form_facts(session: Session, project_id: int, xml_form_id: str, *, draft: bool = False) -> FormFacts:
    """The form and its versions; Problem 404.1 when it has none of the kind."""
    form = get_form(session, project_id, xml_form_id)
    version_id = form.draft_version_id if draft else form.current_version_id
    if version_id is None:
        raise not_found()
    query = (
        select(FormVersion.id, FormVersion.version)
        .where(
            FormVersion.project_id == project_id,
            FormVersion.form_id == form.id,
            FormVersion.published_at.is_not(None),
        )
        .order_by(FormVersion.published_at.desc(), FormVersion.id.desc())
    )
    versions = [(row[0], row[1]) for row in session.execute(query)]
    own = [each for each in versions if each[0] == version_id]
    ordered = own + [each for each in versions if each[0] != version_id]
    if draft:
        ordered = [(version_id, "")]
    return FormFacts(project_id, form.id, form.xml_form_id, version_id, draft, tuple(ordered))


def selection_of(form: FormFacts, scope: Scope, mask: Mask = NO_MASK) -> Selection:
    """Everything that a reader with this scope and mask may take out of the form."""
    return Selection(form.project_id, form.form_id, scope, form.version_id if form.draft else 0, mask=mask)


def plan_export(
    session: Session,
    opened: Services,
    form: FormFacts,
    selection: Selection,
    request: ExportRequest,
    *,
    since: int = 0,
    keys: Keys = NO_KEYS,
) -> Plan:
    """Decide what the export is made of; Problem 400 or 501 for a filter that cannot be. `since`: the last event of the export
    before, for requests of what is new. `keys` open what is encrypted. Which submissions it holds is decided by `settle`."""
    definition = target_of(session, form, request)
    wanted = condition(request.filter or None, filterable(definition, definition.tables[0]))
    steps = _steps(form, request, wanted, since, keys)
    narrowed = replace(
        selection,
        where=(*selection.where, *(each for step in steps for each in step.conditions)),
        with_trash=any(step.with_trash for step in steps),
        counted=not request.duplicates,
    )
    words = form_words(session, opened.storage, form.project_id, [each[0] for each in form.versions], request.language)
    definitions = _definitions(session, form) if formats()[request.format].typed else ()
    return Plan(form, request, narrowed, tuple(steps), definition, wanted, words, definitions, keys)


def _definitions(session: Session, form: FormFacts) -> tuple[tuple[str, FormDefinition], ...]:
    return tuple((name, definition_of(session, form.project_id, number)) for number, name in form.versions)


@dataclass(frozen=True, slots=True)
class Step:
    """A reason why submissions are left out, and the conditions that those do not meet; whether the trash counts."""

    reason: str
    conditions: tuple[Any, ...]
    with_trash: bool = False


def _counted(session: Session, plan: Plan, *, anew: bool = False) -> tuple[dict[str, int], dict[str, int]]:
    """(how many by review state, how many each step leaves out)."""
    taken = len(plan.selection.where) - sum(len(step.conditions) for step in plan.steps)
    selection = replace(plan.selection, where=plan.selection.where[:taken], with_trash=False, counted=False)
    states, left_out = stored_submissions.count_states(session, selection, anew=anew), {}
    if plan.selection.counted:
        everything, selection = sum(states.values()), replace(selection, counted=True)
        states = stored_submissions.count_states(session, selection, anew=anew)
        left_out = {"duplicate": everything - sum(states.values())} if everything > sum(states.values()) else {}
    for step in plan.steps:
        selection = replace(selection, where=(*selection.where, *step.conditions), with_trash=step.with_trash)
        before = states
        if step.reason == "state":
            states = {state: count for state, count in states.items() if state in plan.request.states}
        else:
            states = stored_submissions.count_states(session, selection)
        missing = sum(before.values()) - sum(states.values())
        if missing > 0:
            left_out[step.reason] = missing
    return states, left_out


def _steps(form: FormFacts, request: ExportRequest, wanted: Condition, since: int, keys: Keys) -> list[Step]:
    steps: list[Step] = []
    if request.states:
        steps.append(Step("state", (in_states(request.states),)))
    if request.versions:
        numbers = [number for number, name in form.versions if name in request.versions]
        shown = aliased(Receipt)
        current = (
            select(shown.id)
            .where(
                shown.project_id == Submission.project_id,
                shown.id == Submission.current_receipt_id,
                shown.form_version_id.in_(numbers),
            )
            .exists()
        )
        steps.append(Step("version", (current,)))
    if request.since:
        happened = (
            select(Event.seq)
            .where(
                Event.project_id == Submission.project_id,
                Event.submission_id == Submission.id,
                Event.seq > since,
                Event.action.not_in(UNCHANGED),
            )
            .exists()
        )
        steps.append(Step("unchanged", (happened,)))
    if keys.asked:
        steps.append(Step("key", (keys.condition(),)))
    if request.filter:
        steps.append(Step("filter", (and_(wanted.sql),), wanted.with_trash))
    return steps


def target_of(session: Session, form: FormFacts, request: ExportRequest) -> FormDefinition:
    """The columns: those of the current version, or of all versions."""
    if not request.deleted_fields or form.draft:
        return definition_of(session, form.project_id, form.version_id)
    versions = [definition_of(session, form.project_id, number) for number, _ in reversed(form.versions)]
    return merged(versions)


def spool(opened: Services) -> IO[bytes]:
    """A nameless temporary file beside the data, gone when closed."""
    return tempfile.TemporaryFile(dir=opened.settings.temporary)
