"""Submissions and their versions as the API tells them: metadata without answers, in few statements."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session, aliased

from accounts.models import Actor
from accounts.schemas import ActorSchema
from collector.masking import Mask
from collector.models import Receipt, Submission
from collector.reading import Reading, Selection
from collector.stored_submissions import ids as chosen_ids

PAGE = 1000


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version. `submitter_id` is the actor's number."""

    instance_id: str
    instance_name: str | None
    submitter_id: int | None
    device_id: str | None
    user_agent: str | None
    created_at: datetime
    current: bool
    form_version: str = ""


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """A submission; device and program are those of its first version."""

    id: int
    instance_id: str
    submitter_id: int | None
    device_id: str | None
    user_agent: str | None
    review_state: str | None
    created_at: datetime
    updated_at: datetime | None
    deleted_at: datetime | None
    current: VersionRow


def one_row(session: Session, selection: Selection, instance_id: str) -> SubmissionRow | None:
    """The submission whose first version has that instanceID."""
    query = _rows().where(*selection.every(known=True), *selection.named(instance_id))
    row = session.execute(query).first()
    return None if row is None else _row(row)


def pages_of(
    reading: Reading, selection: Selection, *, offset: int = 0, limit: int | None = None
) -> Iterator[list[SubmissionRow]]:
    """The list from `offset` on, newest first, in pages, each read for itself so that no read lasts long; at most `limit` rows."""
    after, left = None, limit
    while left is None or left > 0:
        most = PAGE if left is None else min(PAGE, left)
        with reading() as session:
            # Their numbers first, from an index alone: a list is asked for far down, too.
            ids = chosen_ids(session, selection, after=after, skip=offset, limit=most)
            found = rows_with(session, selection, ids)
        page = [found[each] for each in ids]
        if page:
            yield page
        if len(page) < most:
            return
        after, offset = (page[-1].created_at, page[-1].id), 0
        left = None if left is None else left - len(page)


def rows_with(session: Session, selection: Selection, ids: Sequence[int]) -> dict[int, SubmissionRow]:
    """Those of the selection with these numbers, by number."""
    query = _rows().where(*selection.among(ids))
    return {row.id: _row(row) for row in session.execute(query)}


def actors_of(session: Session, ids: Iterable[int | None], mask: Mask) -> dict[int, dict[str, Any]]:
    """The actors with these numbers, as JSON; without names when they are hidden."""
    wanted = {each for each in ids if each is not None}
    if not wanted:
        return {}
    query = select(Actor).where(Actor.id.in_(wanted))
    nameless = {"displayName": ""} if mask.hides_staff else {}
    return {actor.id: {**ActorSchema().dump(actor), **nameless} for actor in session.scalars(query)}


def senders_of(session: Session, selection: Selection) -> list[int]:
    """Everyone who has sent submissions of the selection. The senders of the project are stepped through in their index, and
    each is asked about once: of a million submissions only as many are looked at as there are senders."""
    of_project = Submission.project_id == selection.project_id
    senders = select(func.min(Submission.submitter_id).label("id")).where(of_project).cte("senders", recursive=True)
    following = select(func.min(Submission.submitter_id)).where(of_project, Submission.submitter_id > senders.c.id)
    senders = senders.union_all(select(following.scalar_subquery()).where(senders.c.id.is_not(None)))
    sent = select(Submission.id).where(*selection.every(known=True), Submission.submitter_id == senders.c.id)
    return list(session.scalars(select(senders.c.id).where(sent.correlate(senders).exists())))


def versions_of(session: Session, selection: Selection, submission_id: int) -> list[VersionRow]:
    """Every version of a submission of the selection, the newest first."""
    query = (
        select(*_version_columns(Receipt), Receipt.id == Submission.current_receipt_id, Receipt.form_version)
        .join(Submission, (Submission.project_id == Receipt.project_id) & (Submission.id == Receipt.submission_id))
        .where(
            *selection.every(),
            Receipt.project_id == selection.project_id,
            Receipt.submission_id == submission_id,
            Receipt.version_no.is_not(None),
        )
        .order_by(Receipt.version_no.desc())
    )
    return [_version(*row) for row in session.execute(query)]


def root_of(session: Session, selection: Selection, instance_id: str) -> str | None:
    """The instanceID of the submission that has a version of that instanceID."""
    query = (
        select(Submission.instance_id)
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.submission_id == Submission.id))
        .where(*selection.every(), *_versions_named(selection, instance_id))
    )
    return session.scalars(query).first()


@dataclass(frozen=True, slots=True)
class VersionPlace:
    """Where a version is stored."""

    receipt_id: int
    submission_id: int
    form_version_id: int
    instance_id: str
    expected: list[str]
    encrypted: bool


def version_place(
    session: Session, selection: Selection, root_id: str, instance_id: str | None = None
) -> VersionPlace | None:
    """The version with that instanceID of the submission named `root_id`; without one, its current version."""
    query = (
        select(
            Receipt.id,
            Submission.id,
            Receipt.form_version_id,
            Receipt.instance_id,
            Receipt.expected,
            Receipt.encrypted.is_not(None),
        )
        .join(Submission, (Submission.project_id == Receipt.project_id) & (Submission.id == Receipt.submission_id))
        .where(*selection.every(known=True), *selection.named(root_id), Receipt.project_id == selection.project_id)
    )
    if instance_id is None:
        query = query.where(Receipt.id == Submission.current_receipt_id)
    else:
        query = query.where(*_versions_named(selection, instance_id))
    row = session.execute(query).first()
    return None if row is None else VersionPlace(row[0], row[1], row[2] or 0, row[3], list(row[4]), row[5])


def _versions_named(selection: Selection, instance_id: str) -> list[Any]:
    return [
        Receipt.project_id == selection.project_id,
        Receipt.instance_id == instance_id,
        Receipt.form_id == selection.form_id,
        Receipt.draft_version_id == selection.draft_version_id,
        Receipt.version_no.is_not(None),
    ]


_first, _current = aliased(Receipt), aliased(Receipt)


def _version_columns(receipt: Any) -> tuple[Any, ...]:
    return (
        receipt.instance_id,
        receipt.instance_name,
        receipt.actor_id,
        receipt.device_id,
        receipt.user_agent,
        receipt.created_at,
    )


def _rows() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Submission.id,
            Submission.instance_id,
            Submission.submitter_id,
            Submission.device_id,
            _first.user_agent,
            Submission.review_state,
            Submission.created_at,
            Submission.updated_at,
            Submission.deleted_at,
            *_version_columns(_current),
            _current.form_version,
        )
        .join(_first, and_(_first.project_id == Submission.project_id, _first.id == Submission.id))
        .join(
            _current, and_(_current.project_id == Submission.project_id, _current.id == Submission.current_receipt_id)
        )
    )


def _row(row: Any) -> SubmissionRow:
    return _submission(*row[:9], _version(*row[9:15], True, row[15]))


def _submission(*facts: Any) -> SubmissionRow:
    return SubmissionRow(*facts)


def _version(*facts: Any) -> VersionRow:
    return VersionRow(*facts)
