"""An export from what is asked to what will be in it: which submissions, which columns, what is left out and why."""

import tempfile
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import IO, Any

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import Session, aliased

from accounts.errors import not_found
from accounts.models import Event, ProjectCounter
from accounts.scopes import Scope
from collector import stored_submissions
from collector.archive import safe_file_name
from collector.export_request import RECEIVED, ExportRequest
from collector.exports import formats
from collector.form_words import FormWords, form_words
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
UNCHANGED = ("comment.create", "comment.update", "comment.delete")


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
    """What will be exported, decided at one moment: later arrivals are not in it. `wanted` are the submissions, newest first;
    `states` counts them by review state, `left_out` those of the form that are not in it, by reason; `seq` is the last event
    that had happened."""

    form: FormFacts
    request: ExportRequest
    selection: Selection
    definition: FormDefinition
    look: Look
    condition: Condition
    wanted: "array[int]"
    states: dict[str, int]
    left_out: dict[str, int]
    seq: int
    planned_at: datetime
    words: FormWords
    definitions: tuple[tuple[str, FormDefinition], ...] = ()
    gone: int = 0
    keys: Keys = NO_KEYS
    signatures: Signatures = field(default_factory=Signatures)
    progress: Callable[[int], None] = lambda _: None

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
    """Decide what the export holds; Problem 400 or 501 for a filter that cannot be. `since`: the last event of the export
    before, for requests of what is new. `keys` open what is encrypted."""
    definition = target_of(session, form, request)
    wanted = condition(request.filter or None, filterable(definition, definition.tables[0]))
    steps = _steps(form, request, wanted, since, keys)
    left_out, narrowed = {}, selection
    for reason, conditions, with_trash in steps:
        before = stored_submissions.count_states(session, narrowed) if reason else None
        narrowed = replace(narrowed, where=(*narrowed.where, *conditions), with_trash=with_trash)
        if before is not None:
            missing = sum(before.values()) - sum(stored_submissions.count_states(session, narrowed).values())
            if missing:
                left_out[reason] = missing
    ids, states = stored_submissions.ids_and_states(session, narrowed)
    if wanted.holds is not None:
        ids, states = _that_hold(session, narrowed, ids, wanted.holds, left_out)
    words = form_words(session, opened.storage, form.project_id, [each[0] for each in form.versions], request.language)
    counter = session.get(ProjectCounter, form.project_id)
    return Plan(
        form,
        request,
        narrowed,
        definition,
        Look(),
        wanted,
        ids,
        states,
        left_out,
        counter.seq if counter else 0,
        now(),
        words,
        _definitions(session, form) if formats()[request.format].typed else (),
        keys=keys,
    )


def _definitions(session: Session, form: FormFacts) -> tuple[tuple[str, FormDefinition], ...]:
    return tuple((name, definition_of(session, form.project_id, number)) for number, name in form.versions)


def _that_hold(
    session: Session, selection: Selection, ids: "array[int]", holds: Callable[[Any], bool], left_out: dict[str, int]
) -> "tuple[array[int], Counter[str]]":
    """Those whose answers the filter lets through: all are looked at."""
    kept, states = array("q"), Counter[str]()
    for start in range(0, len(ids), CHUNK):
        for each in stored_submissions.read(session, selection, ids[start : start + CHUNK]):
            if holds(each):
                kept.append(each.row.id)
                states[each.row.review_state or RECEIVED] += 1
    left_out["filter"] = left_out.get("filter", 0) + len(ids) - len(kept)
    return kept, states


_Step = tuple[str, list[Any], bool]


def _steps(form: FormFacts, request: ExportRequest, wanted: Condition, since: int, keys: Keys) -> list[_Step]:
    """(why submissions are left out, the conditions they do not meet, whether the trash counts) in turn."""
    steps: list[_Step] = []
    if request.states:
        named = [state for state in request.states if state != RECEIVED]
        received = [Submission.review_state.is_(None)] if RECEIVED in request.states else []
        steps.append(("state", [or_(false(), Submission.review_state.in_(named), *received)], False))
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
        steps.append(("version", [current], False))
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
        steps.append(("unchanged", [happened], False))
    if keys.asked:
        steps.append(("key", [keys.condition()], False))
    if request.filter:
        steps.append(("filter", [and_(wanted.sql)], wanted.with_trash))
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
