"""The phones of a project as pages show them: when they were last heard of, what they have delivered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from accounts.app_users import list_app_users
from accounts.models import AppUser
from accounts.scopes import Scope
from collector.models import WAITING, Receipt, Submission
from collector.queries import missing_files
from collector.reading import in_scope, receipts_in_scope
from collector.receipts import names
from collector.waiting import by_arrival
from config.clock import now
from forms.models import Form, FormVersion

SEEN_LATELY = timedelta(days=7)
DELIVERIES = 100


@dataclass(frozen=True, slots=True)
class ListedPhone:
    """An app user: submissions it has sent, arrivals of it that wait, when the last of either came."""

    actor_id: int
    name: str
    state: str
    training: bool
    created_at: datetime
    sent: int
    waiting: int
    last: datetime | None

    @property
    def silent(self) -> bool:
        """In use, and not heard of for a week."""
        return self.state == "active" and (self.last is None or self.last < now() - SEEN_LATELY)


def list_phones(session: Session, project_id: int, scope: Scope) -> list[ListedPhone]:
    """All app users of a project, those heard of last first."""
    sent = {row[0]: row for row in session.execute(_sent(project_id).where(*in_scope(scope)))}
    waiting = {row[0]: row for row in session.execute(_waiting(project_id).where(*receipts_in_scope(scope)))}
    phones = []
    for user, actor in list_app_users(session, project_id):
        _, sent_count, sent_last = sent.get(actor.id, (None, 0, None))
        _, waiting_count, waiting_last = waiting.get(actor.id, (None, 0, None))
        last = max(filter(None, (sent_last, waiting_last)), default=None)
        phones.append(
            ListedPhone(
                actor.id,
                actor.display_name,
                user.state,
                user.training,
                actor.created_at,
                sent_count,
                waiting_count,
                last,
            )
        )
    order = {"active": 0, "retired": 1, "revoked": 2}
    return sorted(phones, key=lambda phone: (order[phone.state], -(phone.last or phone.created_at).timestamp()))


# From the index on (project, submitter, created) alone; the trash counts, since the phone did deliver it.
def _sent(project_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(Submission.submitter_id, func.count(), func.max(Submission.created_at))
        .where(Submission.project_id == project_id)
        .group_by(Submission.submitter_id)
    )


def _waiting(project_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(Receipt.actor_id, func.count(), func.max(Receipt.created_at))
        .where(Receipt.project_id == project_id, WAITING)
        .group_by(Receipt.actor_id)
    )


@dataclass(frozen=True, slots=True)
class PhonesSeen:
    """How many phones in use there are, and how many of them were heard of in the last week."""

    active: int = 0
    seen: int = 0


def phones_seen(session: Session, project_ids: Sequence[int]) -> dict[int, PhonesSeen]:
    """For each project that has phones in use; exercises count too, they are phones."""
    last = (
        select(func.max(Submission.created_at))
        .where(Submission.project_id == AppUser.project_id, Submission.submitter_id == AppUser.actor_id)
        .scalar_subquery()
    )
    query = select(AppUser.project_id, last).where(AppUser.project_id.in_(project_ids), AppUser.state == "active")
    since = now() - SEEN_LATELY
    found: dict[int, PhonesSeen] = {}
    for project_id, moment in session.execute(query):
        so_far = found.get(project_id, PhonesSeen())
        found[project_id] = PhonesSeen(so_far.active + 1, so_far.seen + (moment is not None and moment >= since))
    return found


@dataclass(frozen=True, slots=True)
class Delivery:
    """One arrival of a phone, without anything it says: the end of its id, its form, when, what became of it."""

    tail: str
    form: str
    created_at: datetime
    status: str
    review_state: str | None
    missing: int


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The newest arrivals of a phone, and how many there are in all."""

    rows: tuple[Delivery, ...]
    sent: int
    waiting: int
    missing: int


def deliveries_of(session: Session, project_id: int, actor_id: int) -> Deliveries:
    """What one phone has delivered, newest first; at most 100 rows."""
    submissions = session.execute(
        select(Submission, Receipt.id, Receipt.expected, FormVersion.name)
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .outerjoin(FormVersion, _version_of_receipt())
        .where(
            Submission.project_id == project_id, Submission.submitter_id == actor_id, Submission.deleted_at.is_(None)
        )
        .order_by(Submission.created_at.desc(), Submission.id.desc())
        .limit(DELIVERIES)
    ).all()
    waiting = session.execute(
        select(Receipt, FormVersion.name)
        .outerjoin(Form, (Form.project_id == Receipt.project_id) & (Form.id == Receipt.form_id))
        .outerjoin(
            FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == Form.current_version_id)
        )
        .where(Receipt.project_id == project_id, WAITING, Receipt.actor_id == actor_id)
        .order_by(by_arrival.desc())
        .limit(DELIVERIES)
    ).all()
    expected = {row[1]: names(row[2]) for row in submissions}
    expected |= {receipt.id: names(receipt.expected) for receipt, _ in waiting}
    missing = {receipt_id: len(files) for receipt_id, files in missing_files(session, project_id, expected).items()}
    rows = [
        Delivery(
            tail(each.instance_id),
            form or "",
            each.created_at,
            "version",
            each.review_state,
            missing.get(receipt_id, 0),
        )
        for each, receipt_id, _, form in submissions
    ]
    rows += [
        Delivery(
            tail(each.instance_id),
            form or each.xml_form_id,
            each.created_at,
            each.status,
            None,
            missing.get(each.id, 0),
        )
        for each, form in waiting
    ]
    rows.sort(key=lambda row: row.created_at, reverse=True)
    sent = session.scalar(
        select(func.count())
        .select_from(Submission)
        .where(Submission.project_id == project_id, Submission.submitter_id == actor_id)
    )
    return Deliveries(tuple(rows[:DELIVERIES]), sent or 0, len(waiting), sum(missing.values()))


def _version_of_receipt() -> ColumnElement[bool]:
    return (FormVersion.project_id == Receipt.project_id) & (FormVersion.id == Receipt.form_version_id)


def tail(instance_id: str) -> str:
    """The end of an id, short enough to be read aloud; phones show the same four letters when they have sent."""
    return instance_id[-4:].upper()
