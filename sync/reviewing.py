"""How many suspected pairs people of a project can look at, and which: the likeliest, while most of them are expected to be right."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from sqlalchemy import case, func, null, select
from sqlalchemy.orm import Session

from accounts.events import Happening, record
from accounts.scopes import Scope
from collector.models import Submission, Tally
from collector.reading import in_scope
from forms.models import Form
from sync.models import ASKED, MatchPair, ReviewCapacity
from sync.rules.identity.bands import review_band

ACTION = "duplicates.capacity"
# Without a choice of its own a project is shown as many pairs as two in a hundred of its submissions, and at least so many.
SHARE, LEAST = 50, 30
MOST = 10_000
# What a pair of equal content weighs: more than any resemblance.
CERTAIN_BITS = 40.0


@dataclass(frozen=True, slots=True)
class Review:
    """What of the open pairs of a project is shown to a reader. `capacity`: how many people can look at; `chosen`: they said so. `bits`: what a
    pair weighs at least; `last`: the last of them in the order of `_place`; `pairs`: how many, of which the share `precision` is
    expected to be right (None: none is judged by its weight); `below`: so many come after them and wait."""

    capacity: int
    chosen: bool
    bits: float
    last: tuple[float, int, int]
    pairs: int
    precision: float | None
    below: int

    def shows(self, pair: MatchPair) -> bool:
        """Whether a pair is among them; one about which somebody has said anything always is."""
        return pair.said or _place(_score(pair.bits, pair.copy, near=pair.near is not None), pair) <= self.last


def _score(bits: float | None, copy: str | None, *, near: bool) -> float:
    """How soon a pair is to be looked at, in bits: equal answers, or such that agree beyond chance, weigh an even chance at least."""
    if copy == "exact":
        return CERTAIN_BITS
    known = bits if bits is not None else 0.0
    return max(known, 0.0) if copy or near else known


def _place(score: float, pair: Any) -> tuple[float, int, int]:
    """The likeliest first, then the oldest, so that there is a last one among equals."""
    return -score, pair.one_id, pair.other_id


def review_of(session: Session, project_id: int, scope: Scope) -> Review:
    """What of a project a reader with this scope is shown."""
    return _reviews(session, [project_id], {project_id: scope})[project_id]


def shown_pairs(session: Session, project_ids: Collection[int], scopes: Mapping[int, Scope]) -> dict[int, int]:
    """How many pairs readers with these scopes are shown, by project; projects without any are left out."""
    reviews = _reviews(session, project_ids, scopes)
    return {project_id: review.pairs for project_id, review in reviews.items() if review.pairs}


def capacities(session: Session, project_ids: Collection[int]) -> dict[int, int]:
    """What people chose, by project."""
    query = select(ReviewCapacity.project_id, ReviewCapacity.pairs).where(ReviewCapacity.project_id.in_(project_ids))
    return {row[0]: row[1] for row in session.execute(query)}


def choose_capacity(session: Session, project_id: int, pairs: int | None, *, by: int) -> None:
    """Say how many pairs people of a project can look at; None: as many as without a choice."""
    kept = session.get(ReviewCapacity, project_id)
    if pairs == (kept.pairs if kept else None):
        return
    if kept is None:
        session.add(ReviewCapacity(project_id=project_id, pairs=pairs))
    elif pairs is None:
        session.delete(kept)
    else:
        kept.pairs = pairs
    record(session, Happening(project_id, ACTION, by, details={"pairs": pairs}))


def _reviews(session: Session, project_ids: Collection[int], scopes: Mapping[int, Scope]) -> dict[int, Review]:
    """By project: how many there are in one question for all without a scope; of those with any, the likeliest."""
    limited = [each for each in project_ids if each in scopes and scopes[each].limited]
    counts = _counts(session, [each for each in project_ids if each not in limited], None)
    for project_id in limited:
        counts |= _counts(session, [project_id], scopes[project_id])
    waiting = [each for each, (untold, _) in counts.items() if untold]
    asked = set(waiting) if len(project_ids) > 1 else set(project_ids)
    chosen = capacities(session, asked) if asked else {}
    submissions = _submissions(session, asked) if asked else {}
    found = {}
    for each in project_ids:
        untold, said = counts.get(each, (0, 0))
        capacity = chosen.get(each) or max(LEAST, submissions.get(each, 0) // SHARE)
        # What somebody has said something about comes first: they are waited for.
        room = max(0, capacity - said)
        places = _likeliest(session, each, scopes.get(each), room) if untold and room else []
        band = review_band((-place[0] for place in places), room)
        found[each] = Review(
            capacity=capacity,
            chosen=each in chosen,
            bits=band.bits,
            last=places[band.pairs - 1] if band.pairs else (-inf, 0, 0),
            pairs=said + band.pairs,
            precision=band.precision if band.pairs else None,
            below=untold - band.pairs,
        )
    return found


def _submissions(session: Session, project_ids: Collection[int]) -> dict[int, int]:
    counted = (Tally.project_id.in_(project_ids), Tally.draft_version_id == 0, ~Tally.training, ~Tally.duplicate)
    in_all = select(Tally.project_id, func.sum(Tally.count)).where(*counted).group_by(Tally.project_id)
    return {row[0]: int(row[1]) for row in session.execute(in_all)}


def _open(project_ids: Collection[int], scope: Scope | None) -> list[Any]:
    living = select(Form.id).where(Form.project_id.in_(project_ids), Form.deleted_at.is_(None))
    # The word of the partial index, or SQLite would not use it.
    conditions: list[Any] = [MatchPair.project_id.in_(project_ids), ASKED, MatchPair.form_id.in_(living)]
    if scope is not None and scope.limited:
        seen = select(Submission.id).where(Submission.project_id.in_(project_ids), *in_scope(scope))
        conditions += [MatchPair.one_id.in_(seen), MatchPair.other_id.in_(seen)]
    return conditions


def _counts(session: Session, project_ids: Collection[int], scope: Scope | None) -> dict[int, tuple[int, int]]:
    """(open pairs that nobody has said anything about, those that somebody has) by project."""
    if not project_ids:
        return {}
    said = func.count(case((MatchPair.said, 1)))
    query = select(MatchPair.project_id, func.count() - said, said).where(*_open(project_ids, scope))
    return {row[0]: (row[1], row[2]) for row in session.execute(query.group_by(MatchPair.project_id))}


def _likeliest(session: Session, project_id: int, scope: Scope | None, most: int) -> list[tuple[float, int, int]]:
    """Where the likeliest of those nobody has said anything about stand, in the order of `_place`."""
    known = func.coalesce(MatchPair.bits, 0.0)
    alike = case((known > 0, known), else_=0.0)
    score = case(
        (MatchPair.copy == "exact", CERTAIN_BITS),
        (MatchPair.copy.is_not(None) | MatchPair.near.is_not(null()), alike),
        else_=known,
    )
    query = select(score.label("score"), MatchPair.one_id, MatchPair.other_id)
    query = query.where(*_open([project_id], scope), ~MatchPair.said)
    query = query.order_by(score.desc(), MatchPair.one_id, MatchPair.other_id).limit(most)
    return [_place(row.score, row) for row in session.execute(query)]
