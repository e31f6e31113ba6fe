"""Read suspected duplicates as a caller may see them, and decide about them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from accounts.events import Happening, record
from accounts.models import Actor, Server
from collector.models import Submission
from collector.reading import Selection
from collector.review import named_submission
from config.api_errors import unexpected_value
from config.clock import now, wire
from forms.models import Form
from sync.decisions import Decision, DecisionFault, Standing, pair_evidence, standings
from sync.effects import NAMES, lock_form, take_effect
from sync.models import MatchDecision, MatchFeature, MatchPair, MatchWord
from sync.rules.identity.model import probability

# The author of verdicts that follow from equal content, times included; a person may undo them like any other.
PROGRAM = "program"
# What can be decided here; a merge of answers would have to make a version of the submission as well.
DECIDABLE = ("duplicate", "distinct", "visit", "unsure", "open")
STATES = ("open", "settled", "conflict", "all")
# Verdicts after which nobody is asked again, whatever else changes, unless another contradicts them.
CERTAIN = ("duplicate", "merge", "visit")


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
        return self.standing.conflict or (self.found.asked and self.standing.verdict in CERTAIN)

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


def with_reasons(session: Session, project_id: int, decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions as they were made, unless their words are erased."""
    query = select(MatchWord.uid, MatchWord.body).where(MatchWord.project_id == project_id)
    if len(decisions) <= NAMES:
        query = query.where(MatchWord.uid.in_([each.uid for each in decisions]))
    words = {row[0]: row[1] for row in session.execute(query)}
    return [replace(each, reason=words.get(each.uid, "")) for each in decisions]


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
    standing = _standing(session, form, first, second)
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


def decide(session: Session, form: Form, selection: Selection, given: Given, *, by: int) -> Decision:
    """Decide about two submissions that the caller may see, suspected or not; Problem 404.1, 400.8. The same verdict by the same person
    again is the decision that was made: a finger that taps twice decides once."""
    if given.verdict not in DECIDABLE:
        raise unexpected_value("verdict", given.verdict, f"it must be one of {', '.join(DECIDABLE)}")
    sides = [named_submission(session, selection, instance_id) for instance_id in (given.one, given.other)]
    if sides[0].id == sides[1].id:
        raise unexpected_value("other", given.other, "it must be another submission", "ce doit être une autre fiche")
    if given.keep is not None and given.keep not in (given.one, given.other):
        raise unexpected_value("keep", given.keep, "it must be one of the two", "ce doit être l’une des deux fiches")
    # Two who decide at once wait for each other here, and the second knows of the first.
    lock_form(session, form.project_id, form.id)
    one, other = sorted(side.instance_id for side in sides)
    before = _standing(session, form, one, other)
    author = session.scalars(select(Actor.uid).where(Actor.id == by)).one()
    heads = before.heads if before else ()
    made = {
        "uid": str(uuid4()),
        "form": form.xml_form_id,
        "one": one,
        "other": other,
        "verdict": given.verdict,
        "by": author,
        "at": wire(now()),
        "node": session.scalars(select(Server.uid)).one(),
        "keep": given.keep,
        "reason": given.reason,
        "evidence": _evidence(session, form.project_id, [side.id for side in sides]),
        "supersedes": [head.uid for head in heads if given.seen is None or head.uid in given.seen],
    }
    try:
        decision = Decision.from_json(made)
    except DecisionFault as fault:
        raise unexpected_value("verdict", given.verdict, str(fault)) from None
    if len(heads) == 1 and (heads[0].says, heads[0].by, heads[0].evidence) == (
        decision.says,
        author,
        decision.evidence,
    ):
        return with_reasons(session, form.project_id, heads)[0]
    keep_decision(session, form.project_id, decision)
    if decision.reason:
        first, second = sides
        word = {"one_id": first.id, "other_id": second.id, "body": decision.reason}
        session.add(MatchWord(project_id=form.project_id, uid=decision.uid, **word))
    for side in sides:
        details = {"decision": decision.uid, "verdict": decision.verdict}
        record(
            session,
            Happening(form.project_id, "duplicate.decide", by, form_id=form.id, submission_id=side.id, details=details),
        )
    take_effect(session, form, [one, other], by=by)
    return decision


def keep_decision(session: Session, project_id: int, decision: Decision) -> None:
    """Store a decision, made here or elsewhere, without its reason; one that is known already changes nothing."""
    if session.get(MatchDecision, (project_id, decision.uid)) is None:
        session.add(
            MatchDecision(
                project_id=project_id,
                uid=decision.uid,
                xml_form_id=decision.form,
                one=decision.one,
                other=decision.other,
                body=replace(decision, reason="").to_json(),
                created_at=now(),
            )
        )
        session.flush()


def settle_copies(session: Session, form: Form, pairs: Iterable[tuple[str, str, str]]) -> int:
    """Decide by itself about submissions (instanceID, instanceID, evidence) of equal content with equal times: one phone was restored or
    copied. Only where nobody has decided anything; the same on every server, so that they agree when they meet. Of many pairs of one
    submission, the one whose first instanceID comes first is enough: the others follow from it."""
    first = min(pairs, key=lambda pair: sorted(pair[:2]), default=None)
    if first is None:
        return 0
    one, other = sorted(first[:2])
    if _standing(session, form, one, other) is not None:
        return 0
    uid = str(uuid5(NAMESPACE_URL, f"relais:copy:{form.xml_form_id}:{one}:{other}"))
    decision = Decision(
        uid, form.xml_form_id, one, other, "duplicate", PROGRAM, "", PROGRAM, keep=one, evidence=first[2]
    )
    keep_decision(session, form.project_id, decision)
    return 1


def _standing(session: Session, form: Form, one: str, other: str) -> Standing | None:
    query = select(MatchDecision.body).where(
        MatchDecision.project_id == form.project_id,
        MatchDecision.xml_form_id == form.xml_form_id,
        MatchDecision.one == one,
        MatchDecision.other == other,
    )
    found = standings(Decision.from_json(body) for body in session.scalars(query))
    return found.get((form.xml_form_id, one, other))


def _evidence(session: Session, project_id: int, submission_ids: list[int]) -> str:
    pair = session.get(MatchPair, (project_id, *sorted(submission_ids)))
    if pair is not None:
        return pair.whole_evidence
    query = select(MatchFeature.evidence).where(
        MatchFeature.project_id == project_id, MatchFeature.submission_id.in_(submission_ids)
    )
    found = list(session.scalars(query))
    return pair_evidence(*found) if len(found) == 2 else ""
