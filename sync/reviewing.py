"""How many suspected pairs people of a project can look at, and which: the likeliest, while most of them are expected to be right."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, null, or_, select
from sqlalchemy.orm import Session, aliased

from accounts.events import Happening, record
from accounts.scopes import Scope
from collector.models import Submission, Tally
from collector.reading import in_scope
from forms.models import Form
from sync.models import ASKED, MatchDecision, MatchPair, ReviewCapacity
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

    def shows(self, pair: MatchPair, *, touched: bool) -> bool:
        """Whether a pair is among them; one about which somebody has said anything always is."""
        return touched or _place(_score(pair.bits, pair.copy, near=pair.near is not None), pair) <= self.last


def _score(bits: float | None, copy: str | None, *, near: bool) -> float:
    """How soon a pair is to be looked at, in bits: equal answers, or such that agree beyond chance, weigh an even chance at least."""
    if copy == "exact":
        return CERTAIN_BITS
    known = bits if bits is not None else 0.0
    return max(known, 0.0) if copy or near else known


@dataclass(frozen=True, slots=True)
class _Open:
    """An open pair: where it stands, and whether somebody has said anything about it."""

    place: tuple[float, int, int]
    touched: bool


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
    """By project, in a number of questions that only readers with a scope add to."""
    chosen = capacities(session, project_ids)
    counted = (Tally.project_id.in_(project_ids), Tally.draft_version_id == 0, ~Tally.training, ~Tally.duplicate)
    in_all = select(Tally.project_id, func.sum(Tally.count)).where(*counted).group_by(Tally.project_id)
    submissions = {row[0]: int(row[1]) for row in session.execute(in_all)}
    limited = [each for each in project_ids if each in scopes and scopes[each].limited]
    open_pairs = _open_pairs(session, [each for each in project_ids if each not in limited], None)
    for project_id in limited:
        open_pairs |= _open_pairs(session, [project_id], scopes[project_id])
    return {each: _review(open_pairs.get(each, []), chosen.get(each), submissions.get(each, 0)) for each in project_ids}


def _review(pairs: Sequence[_Open], chosen: int | None, submissions: int) -> Review:
    places = sorted(each.place for each in pairs if not each.touched)
    said = len(pairs) - len(places)
    capacity = chosen or max(LEAST, submissions // SHARE)
    # What somebody has said something about comes first: they are waited for.
    band = review_band((-place[0] for place in places), max(0, capacity - said))
    return Review(
        capacity=capacity,
        chosen=chosen is not None,
        bits=band.bits,
        last=places[band.pairs - 1] if band.pairs else (-inf, 0, 0),
        pairs=said + band.pairs,
        precision=band.precision if band.pairs else None,
        below=len(places) - band.pairs,
    )


def _open_pairs(session: Session, project_ids: Collection[int], scope: Scope | None) -> dict[int, list[_Open]]:
    """Every open pair in the scope, by project."""
    one, other = aliased(Submission), aliased(Submission)
    query = (
        select(
            MatchPair.project_id,
            MatchPair.one_id,
            MatchPair.other_id,
            MatchPair.bits,
            MatchPair.copy,
            MatchPair.near.is_not(null()).label("is_near"),
            _is_touched(one, other).label("touched"),
        )
        .join(Form, (MatchPair.project_id == Form.project_id) & (MatchPair.form_id == Form.id))
        .join(one, (one.project_id == MatchPair.project_id) & (one.id == MatchPair.one_id))
        .join(other, (other.project_id == MatchPair.project_id) & (other.id == MatchPair.other_id))
        # The word of the partial index, or SQLite would not use it.
        .where(MatchPair.project_id.in_(project_ids), ASKED, Form.deleted_at.is_(None))
    )
    if scope is not None:
        seen = select(Submission.id).where(Submission.project_id.in_(project_ids), *in_scope(scope))
        query = query.where(MatchPair.one_id.in_(seen), MatchPair.other_id.in_(seen))
    found: dict[int, list[_Open]] = {}
    for row in session.execute(query) if project_ids else ():
        score = _score(row.bits, row.copy, near=bool(row.is_near))
        found.setdefault(row.project_id, []).append(_Open(_place(score, row), bool(row.touched)))
    return found


def _is_touched(one: type[Submission], other: type[Submission]) -> ColumnElement[bool]:
    """Whether anybody has said anything about two submissions."""

    def said(first: type[Submission], second: type[Submission]) -> ColumnElement[bool]:
        return and_(
            MatchDecision.project_id == Form.project_id,
            MatchDecision.xml_form_id == Form.xml_form_id,
            MatchDecision.one == first.instance_id,
            MatchDecision.other == second.instance_id,
        )

    return or_(exists().where(said(one, other)), exists().where(said(other, one)))
