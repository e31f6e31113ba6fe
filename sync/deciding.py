"""Read suspected duplicates as a caller may see them, and decide about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from accounts.models import Actor
from collector.models import Submission
from collector.reading import Selection
from collector.review import named_submission
from config.api_errors import unexpected_value
from forms.models import Form
from sync.corroborating import OF_REPORTS, corroborates
from sync.decisions import Decision, Standing, must_be_asked, standings
from sync.effects import lock_form, take_effect
from sync.models import MatchDecision, MatchPair
from sync.rules.identity.model import probability
from sync.verdicts import Told, enact, standing_of, with_reasons

# What can be decided here; a merge makes a version of the submission as well (sync.merging).
DECIDABLE = ("duplicate", "distinct", "visit", "unsure", "open")
STATES = ("open", "settled", "conflict", "all")


@dataclass(frozen=True, slots=True)
class SuspectedPair:
    """Two submissions that may be one, and how they stand. `one` is the earlier."""

    one: Submission
    other: Submission
    found: MatchPair
    standing: Standing | None

    @property
    def must_be_asked(self) -> bool:
        """Whether a person is to look at it."""
        return self.found.asked

    @property
    def disagreed(self) -> bool:
        """Whether people who did not know of each other said different things, or what was said cannot all be true."""
        if self.standing is None:
            return False
        contradicted = self.found.asked and not must_be_asked(self.standing, self.found.whole_evidence)
        return self.standing.conflict or contradicted

    def is_in(self, state: str) -> bool:
        """Whether it belongs in a list of pairs in one of STATES."""
        if state == "conflict":
            return self.disagreed
        return state == "all" or (state == "open") == self.must_be_asked

    @property
    def probability(self) -> float:
        """That both are one, 0…1: certain for equal content."""
        if self.found.copy == "exact":
            return 1.0
        return probability(self.found.bits) if self.found.bits is not None else 0.5

    @property
    def weight(self) -> float:
        """How soon it should be looked at, 0…1: equal content or answers that agree beyond chance count as much as an even chance."""
        return max(self.probability, 0.5) if self.found.copy or self.found.near else self.probability


def decisions_of(session: Session, form: Form, *instance_ids: str) -> list[Decision]:
    """All decisions about a form, or those that name one of these submissions; the oldest first."""
    query = select(MatchDecision.body).where(
        MatchDecision.project_id == form.project_id, MatchDecision.xml_form_id == form.xml_form_id
    )
    if instance_ids:
        query = query.where(or_(MatchDecision.one.in_(instance_ids), MatchDecision.other.in_(instance_ids)))
    bodies = session.scalars(query.order_by(MatchDecision.created_at, MatchDecision.uid))
    return [Decision.from_json(body) for body in bodies]


def visible_decisions(session: Session, form: Form, selection: Selection) -> list[Decision]:
    """Those about submissions that the caller may see, both of them, with their reasons."""
    seen = set(session.scalars(select(Submission.instance_id).where(*selection.every())))
    visible = [each for each in decisions_of(session, form) if each.one in seen and each.other in seen]
    return with_reasons(session, form.project_id, visible)


def suspected_pairs(
    session: Session, form: Form, selection: Selection, state: str = "open", instance_id: str | None = None
) -> list[SuspectedPair]:
    """The pairs of a form (or of one of its submissions) of which the caller may see both, the likeliest first."""
    if state not in STATES:
        raise unexpected_value("state", state, f"it must be one of {', '.join(STATES)}")
    query = _visible_pairs(selection)
    if state != "all":
        query = query.where(MatchPair.asked if state != "settled" else ~MatchPair.asked)
    if instance_id is not None:
        submission = named_submission(session, selection, instance_id)
        query = query.where(or_(MatchPair.one_id == submission.id, MatchPair.other_id == submission.id))
    standing = standings(decisions_of(session, form, *([instance_id] if instance_id else [])))
    pairs = []
    for found, one, other in session.execute(query):
        first, second = sorted((one.instance_id, other.instance_id))
        pairs.append(SuspectedPair(one, other, found, standing.get((form.xml_form_id, first, second))))
    return sorted(
        (pair for pair in pairs if pair.is_in(state)),
        key=lambda pair: (-pair.weight, -(pair.found.bits or 0.0), pair.one.id, pair.other.id),
    )


def pair_of(
    session: Session, form: Form, selection: Selection, one: Submission, other: Submission
) -> tuple[SuspectedPair | None, Standing | None]:
    """Two submissions that the caller may see, the earlier first: the pair they are, None when nothing suspects them, and what was
    decided about them in any case."""
    first, second = sorted((one.instance_id, other.instance_id))
    standing = standing_of(session, form, first, second)
    found = session.get(MatchPair, (selection.project_id, one.id, other.id))
    return (SuspectedPair(one, other, found, standing) if found is not None else None), standing


def _visible_pairs(selection: Selection) -> Select[MatchPair, Submission, Submission]:
    one, other = aliased(Submission), aliased(Submission)
    visible = select(Submission.id).where(*selection.conditions())
    return (
        select(MatchPair, one, other)
        .join(one, _is(one, MatchPair.one_id))
        .join(other, _is(other, MatchPair.other_id))
        .where(
            MatchPair.project_id == selection.project_id,
            MatchPair.form_id == selection.form_id,
            MatchPair.one_id.in_(visible),
            MatchPair.other_id.in_(visible),
        )
    )


def _is(side: Any, column: Any) -> ColumnElement[bool]:
    return (side.project_id == MatchPair.project_id) & (side.id == column)


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict as it was sent. `seen`: uids of the decisions the person had before them, None for whatever there is."""

    one: str
    other: str
    verdict: str
    keep: str | None = None
    reason: str = ""
    seen: Sequence[str] | None = None


def undecided_copies(pairs: Sequence[SuspectedPair]) -> list[SuspectedPair]:
    """Of these pairs those with the same answers about which nobody has said anything: they may be settled in one go."""
    return [pair for pair in pairs if pair.must_be_asked and pair.found.copy and pair.standing is None]


def decide_copies(session: Session, form: Form, pairs: Sequence[SuspectedPair], *, by: int) -> list[SuspectedPair]:
    """Call the later of each pair a duplicate of the earlier; the pairs about which that was said, since of many copies of one a verdict
    each is enough. Only for what `undecided_copies` gave."""
    lock_form(session, form.project_id, form.id)
    if corroborates(session, form):
        return []
    gone: set[int] = set()
    decided = []
    for pair in sorted(pairs, key=lambda pair: (pair.other.id, pair.one.id)):
        if pair.other.id not in gone and standing_of(session, form, *_names(pair)) is None:
            gone.add(pair.other.id)
            decided.append(pair)
            told = Told("duplicate", keep=pair.one.instance_id, seen=())
            enact(session, form, [pair.one, pair.other], told, by=by)
    names = {side.instance_id for pair in pairs for side in (pair.one, pair.other)}
    take_effect(session, form, names, by=by)
    return decided


def undo_copies(session: Session, form: Form, pairs: Sequence[SuspectedPair], *, by: int) -> int:
    """Take back at once what this person said of these pairs alone: that one is a duplicate; of how many."""
    lock_form(session, form.project_id, form.id)
    author = session.scalars(select(Actor.uid).where(Actor.id == by)).one()
    undone = [
        pair
        for pair in pairs
        if (standing := standing_of(session, form, *_names(pair))) is not None
        and [(head.verdict, head.by) for head in standing.heads] == [("duplicate", author)]
    ]
    for pair in undone:
        enact(session, form, [pair.one, pair.other], Told("open"), by=by)
    take_effect(session, form, {side.instance_id for pair in undone for side in (pair.one, pair.other)}, by=by)
    return len(undone)


def _names(pair: SuspectedPair) -> tuple[str, str]:
    first, second = sorted((pair.one.instance_id, pair.other.instance_id))
    return first, second


def decide(session: Session, form: Form, selection: Selection, given: Given, *, by: int) -> Decision:
    """Decide about two submissions that the caller may see, suspected or not; Problem 404.1, 400.8. The same verdict by the same person
    again is the decision that was made: a finger that taps twice decides once."""
    decidable = OF_REPORTS if corroborates(session, form) else DECIDABLE
    if given.verdict not in decidable:
        raise unexpected_value("verdict", given.verdict, f"it must be one of {', '.join(decidable)}")
    sides = [named_submission(session, selection, instance_id) for instance_id in (given.one, given.other)]
    if sides[0].id == sides[1].id:
        raise unexpected_value("other", given.other, "it must be another submission", "ce doit être une autre fiche")
    if given.keep is not None and given.keep not in (given.one, given.other):
        raise unexpected_value("keep", given.keep, "it must be one of the two", "ce doit être l’une des deux fiches")
    # Two who decide at once wait for each other here, and the second knows of the first.
    lock_form(session, form.project_id, form.id)
    told = Told(given.verdict, given.keep, reason=given.reason, seen=given.seen)
    decision = enact(session, form, sides, told, by=by)
    take_effect(session, form, [side.instance_id for side in sides], by=by)
    return decision
