"""Make decisions: with what was seen before them, the words beside them, the events that tell of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import NAMESPACE_URL, uuid4, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.events import Happening, noting, record
from accounts.models import Actor, Server
from accounts.scopes import EVERYTHING
from collector.merge import merges_above, take_back
from collector.models import Receipt, Submission
from collector.reading import Selection
from config.api_errors import unexpected_value
from config.clock import now, wire
from config.statements import Statement
from forms.models import Form
from sync.decisions import Decision, DecisionFault, Standing, pair_evidence, standings
from sync.effects import NAMES, decisions_of
from sync.models import MatchDecision, MatchFeature, MatchPair, MatchWord

# The author of verdicts that follow from equal content, times included; a person may undo them like any other.
PROGRAM = "program"
_DECIDED = Statement(
    "SELECT 1 FROM dup_decision WHERE project_id = ? AND xml_form_id = ? AND one = ? AND other = ? LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody says of a pair; see Decision. `seen`: uids of the decisions they had before them, None for whatever there is."""

    verdict: str
    keep: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    reason: str = ""
    seen: Sequence[str] | None = None


def enact(session: Session, form: Form, sides: Sequence[Submission], told: Told, *, by: int) -> Decision:
    """Keep what somebody says of two submissions; the same by the same person again is the decision that was made. What it means for
    them is brought about by `take_effect`, but for a merge that does not count any more: its version is taken back here. Call
    `lock_form` first. Problem 400.8 for what means nothing."""
    one, other = sorted(sides, key=lambda side: side.instance_id)
    before = standing_of(session, form, one.instance_id, other.instance_id)
    author = session.scalars(select(Actor.uid).where(Actor.id == by)).one()
    heads = before.heads if before else ()
    made = {
        "uid": str(uuid4()),
        "form": form.xml_form_id,
        "one": one.instance_id,
        "other": other.instance_id,
        "verdict": told.verdict,
        "by": author,
        "at": wire(now()),
        "node": session.scalars(select(Server.uid)).one(),
        "keep": told.keep,
        "fields": dict(told.fields),
        "version": told.version,
        "reason": told.reason,
        "evidence": _evidence(session, form.project_id, [one.id, other.id]),
        "supersedes": [head.uid for head in heads if told.seen is None or head.uid in told.seen],
    }
    try:
        decision = Decision.from_json(made)
    except DecisionFault as fault:
        raise unexpected_value("verdict", told.verdict, str(fault)) from None
    if len(heads) == 1 and _same(heads[0], decision):
        return with_reasons(session, form.project_id, heads)[0]
    keep_decision(session, form.project_id, decision)
    if decision.reason:
        word = {"one_id": one.id, "other_id": other.id, "body": decision.reason}
        session.add(MatchWord(project_id=form.project_id, uid=decision.uid, **word))
    for side in sides:
        details = {"decision": decision.uid, "verdict": decision.verdict}
        # Words about one submission must not outlive it in the log of the other: none are kept there.
        happening = Happening(
            form.project_id,
            "duplicate.decide",
            by,
            form_id=form.id,
            submission_id=side.id,
            details=details,
        )
        with noting(session, None):
            record(session, happening)
    for head in heads:
        if head.version and head.version != decision.version and head.uid in decision.supersedes:
            unmerge(session, form, head, by=by)
    return decision


def _same(known: Decision, decision: Decision) -> bool:
    return (known.says, known.by, known.evidence, known.version) == (
        decision.says,
        decision.by,
        decision.evidence,
        decision.version,
    )


def unmerge(session: Session, form: Form, decision: Decision, *, by: int) -> list[Decision]:
    """Take back the version that a merge made, unless it has been corrected since, and with it what else was said by that merge;
    the decisions that say so. Where other merges stand on it, it goes with the last of them."""
    kept = _submission(session, form, decision.keep or "")
    if kept is None or not merges_above(session, kept, decision.version):
        return []
    opened = []
    for each in list(decisions_of(session, form, [kept.instance_id])):
        others = [name for name in (each.one, each.other) if name != kept.instance_id]
        if each.version == decision.version and _stands(session, form, each):
            other = _submission(session, form, others[0])
            if other is not None:
                opened.append(enact(session, form, [kept, other], Told("open", seen=[each.uid]), by=by))
    while (version := _without_ground(session, form, kept)) is not None:
        take_back(session, kept, version, by=by)
    return opened


def _without_ground(session: Session, form: Form, kept: Submission) -> str | None:
    """The current version, if a merge made it that nobody stands by any more."""
    current = session.get_one(Receipt, (kept.project_id, kept.current_receipt_id)).instance_id
    if not merges_above(session, kept, current):
        return None
    made = [each for each in decisions_of(session, form, [kept.instance_id]) if each.version == current]
    standing = any(_stands(session, form, each) for each in made)
    return current if made and not standing else None


def _stands(session: Session, form: Form, decision: Decision) -> bool:
    standing = standing_of(session, form, decision.one, decision.other)
    return standing is not None and decision in standing.heads


def _submission(session: Session, form: Form, instance_id: str) -> Submission | None:
    every = Selection(form.project_id, form.id, EVERYTHING, with_trash=True)
    return session.scalars(select(Submission).where(*every.every(), *every.named(instance_id))).first()


def with_reasons(session: Session, project_id: int, decisions: Sequence[Decision]) -> list[Decision]:
    """Decisions as they were made, unless their words are erased."""
    query = select(MatchWord.uid, MatchWord.body).where(MatchWord.project_id == project_id)
    if len(decisions) <= NAMES:
        query = query.where(MatchWord.uid.in_([each.uid for each in decisions]))
    words = {row[0]: row[1] for row in session.execute(query)}
    return [replace(each, reason=words.get(each.uid, "")) for each in decisions]


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


def settle_copies(session: Session, form: Form, copies: Sequence[tuple[str, str, str]]) -> set[str]:
    """Decide by itself about submissions of equal content with equal times, each (a copy, the first of them, their evidence): one phone was
    restored or copied. Only where nobody has decided anything; the same on every server, so that they agree when they meet. Which of the
    copies are left out by it now."""
    pairs = {(min(copy, first), max(copy, first)): evidence for copy, first, evidence in reversed(copies)}
    place = (form.project_id, form.xml_form_id)
    known = _DECIDED.rows_of_many(session.connection(), [(*place, *pair) for pair in pairs])
    left_out = set()
    for ((one, other), evidence), rows in zip(pairs.items(), known, strict=True):
        if not rows:
            uid = str(uuid5(NAMESPACE_URL, f"relais:copy:{form.xml_form_id}:{one}:{other}"))
            names = (uid, form.xml_form_id, one, other, "duplicate", PROGRAM, "", PROGRAM)
            keep_decision(session, form.project_id, Decision(*names, keep=one, evidence=evidence))  # type: ignore[arg-type]
            left_out.add(other)
    return left_out & {copy for copy, _, _ in copies}


def standing_of(session: Session, form: Form, one: str, other: str) -> Standing | None:
    """How a pair stands, the smaller instanceID first; None when nobody has decided about it."""
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
