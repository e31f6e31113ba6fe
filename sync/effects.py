"""What follows from decisions for the submissions that are here: who is left out in whose favour, which pairs a person is asked about.

Both are columns, kept in the transaction in which a decision is made, arrives or is taken back, a submission comes, or goes.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, or_, select
from sqlalchemy.orm import Session

from accounts.scopes import EVERYTHING
from collector.duplicates import mark
from collector.models import Submission
from collector.reading import Selection
from config.statements import Among, Statement, listed
from forms.models import Form
from sync.corroborating import corroborates
from sync.decisions import Decision, PairKey, Resolution, Standing, must_be_asked, resolve, standings
from sync.models import MatchDecision, MatchPair

# As many names as one question to the database takes.
NAMES = 500
_LOCK = Statement("SELECT id FROM form WHERE project_id = ? AND id = ?", lock="FOR NO KEY UPDATE")
_NAME = Statement("SELECT xml_form_id FROM form WHERE project_id = ? AND id = ?")
_DECIDED_ONE, _DECIDED_OTHER = (
    Among(f"SELECT {side} FROM dup_decision WHERE project_id = ? AND xml_form_id = ? AND {side} IN ?")  # noqa: S608
    for side in ("one", "other")
)
_ENDS = Among("SELECT id, duplicate_of FROM submission WHERE project_id = ? AND id IN ?")
_STAYING = Among(
    "SELECT id, duplicate_of FROM submission WHERE project_id = ? AND id IN ? "
    "AND deleted_at IS NULL AND NOT training AND draft_version_id = 0"
)
_PAIRS_OF = [
    Among(f"SELECT one_id, other_id FROM dup_pair WHERE project_id = ? AND {side} IN ?")  # noqa: S608 - our own names
    for side in ("one_id", "other_id")
]
_NOT_ASKED = Statement("UPDATE dup_pair SET asked = FALSE WHERE project_id = ? AND one_id = ? AND other_id = ?")


def lock_form(session: Session, project_id: int, form_id: int) -> Form | None:
    """Verdicts of one form take effect one after the other: each must know of those before it. Phones do not wait for it."""
    query = select(Form).where(Form.project_id == project_id, Form.id == form_id)
    return session.scalars(query.with_for_update(key_share=True)).first()


def lock(connection: Connection, project_id: int, form_id: int) -> None:
    """The same for whoever needs nothing of the form."""
    _LOCK.row(connection, (project_id, form_id))


def take_effect(session: Session, form: Form, instance_ids: Iterable[str], *, by: int | None) -> Resolution:
    """Bring those submissions, and all that hang together with them by decisions, to what the decisions say; what they say. Call
    `lock_form` first."""
    asked = set(instance_ids)
    standing = standings(decisions_around(session, form, asked))
    members = asked.union(*((one, other) for _, one, other in standing))
    ids, here = _those_here(session, form, members)
    resolution = resolve(standing, {(form.xml_form_id, each) for each in here})
    # Of reports that corroborate each other none is left out, whatever was said before the form was called one of those.
    leaving = {} if corroborates(session, form) else resolution.duplicate_of
    favoured = {gone: kept for (_, gone), (_, kept) in leaving.items()}
    changed = mark(
        session,
        form.project_id,
        {number: ids[favoured[name]] if name in favoured else None for name, number in ids.items()},
        by=by,
    )
    touched = changed | {number for name, number in ids.items() if name in asked}
    if resolution.event_of:
        # A link between two says something of everybody they hang together with.
        touched |= set(ids.values())
    _ask(session, form, touched, standing, resolution)
    return resolution


@dataclass(frozen=True, slots=True)
class Settled:
    """A submission that the program has just left out in favour of another, its equal; both by number and name."""

    id: int
    instance_id: str
    first_id: int


def follow(
    session: Session,
    project_id: int,
    form_id: int,
    names: Collection[str],
    settled: Collection[Settled] = (),
) -> None:
    """Submissions of a form have come, changed, gone or come back: what was decided about them holds for them as they are now. Call
    `lock` first. Of those just `settled` that nobody has decided anything else about, nothing hangs: they go where the one they give
    way to goes."""
    connection = session.connection()
    form_name = _NAME.row(connection, (project_id, form_id))
    if form_name is None:
        return
    decided = Counter[str]()
    for side in (_DECIDED_ONE, _DECIDED_OTHER):
        rows = side.rows(connection, (project_id, form_name[0], listed(connection, names)))
        decided.update(row[0] for row in rows)
    if not decided:
        return
    joining = _joining(connection, project_id, [each for each in settled if decided[each.instance_id] == 1])
    rest = decided.keys() - {each.instance_id for each in joining}
    if rest:
        take_effect(session, session.get_one(Form, (project_id, form_id)), rest, by=None)
    if joining:
        _join(session, project_id, joining)
    session.flush()


def _joining(connection: Connection, project_id: int, settled: list[Settled]) -> list[Settled]:
    """Those of them whose first one is there, and is not one of them itself."""
    own = {each.id for each in settled}
    firsts = {each.first_id for each in settled} - own
    here = {row[0] for row in _STAYING.rows(connection, (project_id, listed(connection, firsts)))} if firsts else set()
    return [each for each in settled if each.first_id in here]


def _join(session: Session, project_id: int, joining: list[Settled]) -> None:
    connection = session.connection()
    firsts = {each.first_id for each in joining}
    session.flush()
    ends = {row[0]: row[1] or row[0] for row in _STAYING.rows(connection, (project_id, listed(connection, firsts)))}
    mark(session, project_id, {each.id: ends[each.first_id] for each in joining}, by=None)
    session.flush()
    numbers = listed(connection, [each.id for each in joining])
    pairs = [row for side in _PAIRS_OF for row in side.rows(connection, (project_id, numbers))]
    sides = listed(connection, {number for pair in pairs for number in pair})
    ends_of = {row[0]: row[1] or row[0] for row in _ENDS.rows(connection, (project_id, sides))}
    # Both are left out in favour of the same one, or one of the other: nobody need say it again.
    implied = {pair for pair in pairs if ends_of[pair[0]] == ends_of[pair[1]]}
    _NOT_ASKED.run_many(connection, [(project_id, *pair) for pair in sorted(implied)])


def decisions_of(session: Session, form: Form, instance_ids: Sequence[str]) -> Iterator[Decision]:
    """Every decision that names one of these submissions."""
    for names in _parts(instance_ids):
        for side in (MatchDecision.one, MatchDecision.other):
            query = select(MatchDecision.body).where(
                MatchDecision.project_id == form.project_id,
                MatchDecision.xml_form_id == form.xml_form_id,
                side.in_(names),
            )
            yield from map(Decision.from_json, session.scalars(query))


def decisions_around(session: Session, form: Form, instance_ids: Iterable[str]) -> list[Decision]:
    """Every decision about these submissions, about those that these decisions name, and so on."""
    found: dict[str, Decision] = {}
    seen: set[str] = set()
    waiting = set(instance_ids)
    while waiting:
        seen |= waiting
        new = {each.uid: each for each in decisions_of(session, form, sorted(waiting))}
        found |= new
        waiting = {name for each in new.values() for name in (each.one, each.other)} - seen
    return list(found.values())


def _parts(whole: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (whole[start : start + NAMES] for start in range(0, len(whole), NAMES))


def _those_here(session: Session, form: Form, names: Collection[str]) -> tuple[dict[str, int], set[str]]:
    """(number by name, also of those in the trash; the names of those that can stay: neither in the trash nor of exercises)."""
    every = Selection(form.project_id, form.id, EVERYTHING, with_trash=True)
    ids, here = {}, set()
    for part in _parts(sorted(names)):
        query = select(Submission.instance_id, Submission.id, Submission.deleted_at, Submission.training)
        for name, number, deleted_at, training in session.execute(query.where(*every.every(), *every.named(*part))):
            ids[name] = number
            if deleted_at is None and not training:
                here.add(name)
    return ids, here


def _ask(
    session: Session,
    form: Form,
    submission_ids: Collection[int],
    standing: dict[PairKey, Standing],
    resolution: Resolution,
) -> None:
    """Say of every pair that one of these submissions is in whether a person is to look at it."""
    contradicting = {member for each in resolution.contradictions for member in each.members}
    for part in _parts(sorted(submission_ids)):
        query = select(MatchPair).where(
            MatchPair.project_id == form.project_id, or_(MatchPair.one_id.in_(part), MatchPair.other_id.in_(part))
        )
        # The matcher writes rows past the session.
        query = query.execution_options(populate_existing=True)
        pairs = list(session.scalars(query))
        sides = {number for pair in pairs for number in (pair.one_id, pair.other_id)}
        named = select(Submission.id, Submission.instance_id, Submission.duplicate_of).where(
            Submission.project_id == form.project_id, Submission.id.in_(sides)
        )
        facts = {row[0]: (row[1], row[2] or row[0]) for row in session.execute(named)}
        for pair in pairs:
            (one, ends_one), (other, ends_other) = facts[pair.one_id], facts[pair.other_id]
            first, second = sorted((one, other))
            known = standing.get((form.xml_form_id, first, second))
            event_of = resolution.event_of.get((form.xml_form_id, one))
            linked = event_of is not None and event_of == resolution.event_of.get((form.xml_form_id, other))
            # Both are left out in favour of the same one, or one of the other, or report what a third one does: nobody need say it again.
            implied = known is None and (ends_one == ends_other or linked)
            contradicted = known is not None and {(form.xml_form_id, one), (form.xml_form_id, other)} <= contradicting
            pair.said = known is not None
            pair.asked = contradicted or (not implied and must_be_asked(known, pair.whole_evidence))
