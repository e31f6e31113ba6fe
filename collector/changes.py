"""What has changed in a project, for programs that follow it: ids and states from the event log, never answers.

A reader with a scope hears of the submissions it may see now, and of those that have left its scope since.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.models import Event, ProjectCounter
from accounts.scopes import OWN, Rule, Scope
from collector.models import Receipt, ScopeKey, Submission
from collector.reading import in_scope
from forms.models import Form

PURGE = "submission.purge"
MOVED = "submission.scope.update"
ENTER, LEAVE = "submission.enter", "submission.leave"
OF_SUBMISSIONS = frozenset(
    {
        "submission.create",
        "submission.update",
        "submission.update.version",
        "submission.attachment.update",
        "submission.delete",
        "submission.restore",
        "comment.create",
        "duplicate.decide",
        "submission.duplicate",
        MOVED,
    }
)
OF_FORMS = frozenset(
    {
        "form.create",
        "form.update",
        "form.update.draft.set",
        "form.update.draft.delete",
        "form.update.publish",
        "form.attachment.update",
        "form.delete",
        "form.restore",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a submission is now."""

    id: int
    instance_id: str
    form_id: int
    submitter_id: int | None
    review_state: str | None
    deleted: bool
    duplicate: bool
    current_version_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened. `place` is that of the submission now, None for forms and for what has been purged;
    `version_id` is the instanceID of the version that came."""

    seq: int
    action: str
    moment: datetime
    actor_id: int | None
    xml_form_id: str
    details: Mapping[str, Any]
    submission_id: int | None = None
    place: Place | None = None
    version_id: str | None = None


@dataclass(frozen=True, slots=True)
class Follower:
    """Who follows a project: the forms it may read submissions of (None: all), its scope."""

    project_id: int
    forms: frozenset[int] | None
    scope: Scope

    def follows(self, form_id: int | None) -> bool:
        """Whether something of this form is its business."""
        return form_id is not None and (self.forms is None or form_id in self.forms)


@dataclass(frozen=True, slots=True)
class Page:
    """Some changes; `next` is the number of the last event that has been looked at."""

    changes: tuple[Change, ...]
    next: int


def newest(session: Session, project_id: int) -> int:
    """The number of the last event of a project."""
    query = select(ProjectCounter.seq).where(ProjectCounter.project_id == project_id)
    return session.scalar(query) or 0


def changes_after(session: Session, follower: Follower, seq: int, limit: int, *, until: int | None = None) -> Page:
    """What has changed after event `seq` (and no later than `until`), oldest first: about `limit` at most, of at most twice as
    many events."""
    query = (
        select(
            Event.seq,
            Event.action,
            Event.created_at,
            Event.actor_id,
            Event.form_id,
            Event.submission_id,
            Event.receipt_id,
            Event.details,
        )
        .where(Event.project_id == follower.project_id, Event.seq > seq)
        .order_by(Event.seq)
        .limit(2 * limit)
    )
    if until is not None:
        query = query.where(Event.seq <= until)
    events = session.execute(query).all()
    if not events:
        return Page((), seq)
    found, last = _told(session, follower, events, limit)
    return Page(tuple(found), last)


def changes_of(session: Session, follower: Follower, events: Sequence[Any]) -> list[Change]:
    """What these events (rows, or Event) tell a follower."""
    return _told(session, follower, events, None)[0]


def _told(session: Session, follower: Follower, events: Sequence[Any], limit: int | None) -> tuple[list[Change], int]:
    events_of_interest = [each for each in events if follower.follows(each.form_id)]
    names = _form_names(session, follower.project_id, {each.form_id for each in events_of_interest})
    about = [each for each in events_of_interest if each.action in OF_SUBMISSIONS]
    places = _places(session, follower.project_id, {each.submission_id for each in about})
    seen = _seen(session, follower, places)
    versions = _versions(session, follower.project_id, about)
    moves = _Moves(session, follower, about, places) if follower.scope.limited else None
    found: list[Change] = []
    last = events[-1].seq if events else 0
    for each in events_of_interest:
        facts = (each.created_at, each.actor_id, names.get(each.form_id, ""))
        if each.action in OF_FORMS and each.form_id in names:
            found.append(Change(each.seq, each.action, *facts, {}))
        elif each.action == PURGE and not follower.scope.limited:
            gone = (each.details or {}).get("submissionIds", ())
            found += [Change(each.seq, PURGE, *facts, {}, submission_id) for submission_id in gone]
        elif each.action in OF_SUBMISSIONS and (place := places.get(each.submission_id)) is not None:
            action = each.action
            if action == MOVED:
                action = moves.turn(each, place) if moves else None
            elif place.id not in seen:
                action = None
            if action is not None:
                version_id = versions.get(each.receipt_id)
                found.append(Change(each.seq, action, *facts, _details(each), place.id, place, version_id))
        if limit is not None and len(found) >= limit:
            last = each.seq
            break
    return found, last


def _details(event: Any) -> dict[str, Any]:
    """What may be told of an event's details: a decision, the number of a comment. Not the other submission of a pair, which
    the follower may not see."""
    details: Mapping[str, Any] = event.details or {}
    return {name: details[name] for name in ("reviewState", "commentId", "verdict", "decision") if name in details}


def _form_names(session: Session, project_id: int, ids: Iterable[int | None]) -> dict[int | None, str]:
    query = select(Form.id, Form.xml_form_id).where(Form.project_id == project_id, Form.id.in_(set(ids)))
    return {row[0]: row[1] for row in session.execute(query)}


def _places(session: Session, project_id: int, ids: Iterable[int | None]) -> dict[int | None, Place]:
    query = (
        select(
            Submission.id,
            Submission.instance_id,
            Submission.form_id,
            Submission.submitter_id,
            Submission.review_state,
            Submission.deleted_at.is_not(None),
            Submission.duplicate_of.is_not(None),
            Receipt.instance_id,
        )
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .where(*_real(project_id), Submission.id.in_(set(ids)))
    )
    return {row[0]: Place(*row) for row in session.execute(query)}


def _real(project_id: int) -> list[Any]:
    """Neither sent to a draft nor in an exercise."""
    return [Submission.project_id == project_id, Submission.draft_version_id == 0, Submission.training.is_(False)]


def _seen(session: Session, follower: Follower, places: Mapping[int | None, Place]) -> set[int]:
    """Those within the scope now."""
    if not follower.scope.limited:
        return {place.id for place in places.values()}
    query = select(Submission.id).where(
        *_real(follower.project_id), Submission.id.in_(place.id for place in places.values()), *in_scope(follower.scope)
    )
    return set(session.scalars(query))


def _versions(session: Session, project_id: int, events: Sequence[Any]) -> dict[int | None, str]:
    ids = {each.receipt_id for each in events if each.receipt_id is not None}
    query = select(Receipt.id, Receipt.instance_id).where(Receipt.project_id == project_id, Receipt.id.in_(ids))
    return {row[0]: row[1] for row in session.execute(query)}


class _Moves:
    """Whether events that changed what a scope goes by brought a submission into a scope or took it out: the answers of now,
    taken back event by event."""

    def __init__(
        self, session: Session, follower: Follower, events: Sequence[Any], places: Mapping[int | None, Place]
    ) -> None:
        self._scope = follower.scope
        moved = {each.submission_id for each in events if each.action == MOVED and each.submission_id in places}
        self._now: dict[tuple[int, str], set[str]] = {}
        self._later: dict[int, list[Any]] = {}
        if not moved:
            return
        keys = select(ScopeKey.submission_id, ScopeKey.property, ScopeKey.value).where(
            ScopeKey.project_id == follower.project_id, ScopeKey.submission_id.in_(moved)
        )
        for submission_id, name, value in session.execute(keys):
            self._now.setdefault((submission_id, name), set()).add(value)
        later = (
            select(Event.seq, Event.submission_id, Event.details)
            .where(Event.project_id == follower.project_id, Event.submission_id.in_(moved), Event.action == MOVED)
            .order_by(Event.seq)
        )
        for each in session.execute(later):
            self._later.setdefault(each.submission_id, []).append(each)

    def turn(self, event: Any, place: Place) -> str | None:
        """What an event was for the scope, None when nothing."""
        before, after = self._within(place, event.seq), self._within(place, event.seq + 1)
        return None if before == after else (LEAVE if before else ENTER)

    def _within(self, place: Place, seq: int) -> bool:
        """Whether the submission was in the scope just before event `seq`."""
        return all(self._holds(rule, place, seq) for rule in self._scope.of_form(place.form_id))

    def _holds(self, rule: Rule, place: Place, seq: int) -> bool:
        if rule.property == OWN:
            return place.submitter_id == self._scope.actor_id
        for each in self._later.get(place.id, ()):
            if each.seq >= seq and each.details["property"] == rule.property:
                return not set(each.details["old"]).isdisjoint(rule.allowed)
        return not self._now.get((place.id, rule.property), set()).isdisjoint(rule.allowed)
