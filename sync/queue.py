"""The suspected duplicates of a project in the order somebody should look at them, and which comes after a verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.models import Actor
from collector.models import Receipt, Submission
from collector.project_frame import ProjectFrame
from collector.reading import Selection
from forms.models import Form, FormVersion
from forms.queries import labels_of
from sync.corroborating import corroborates
from sync.deciding import SuspectedPair, suspected_pairs, undecided_copies
from sync.matchers import stopped_by
from sync.models import MatchForm, MatchPair
from sync.reviewing import CERTAIN_BITS, Review
from sync.rules.identity.bands import why
from sync.rules.identity.finding import Pair
from sync.rules.identity.groups import groups

# What people can look at, what is less likely and waits, disagreements, what is decided.
BELOW = "below"
QUEUES = ("open", "conflict", "settled", BELOW)
# So many pairs are decided about in one transaction, while phones wait.
MOST_COPIES = 50


@dataclass(frozen=True, slots=True)
class Cluster:
    """Submissions that seem to be of one, with the pairs between them; most often two with one pair."""

    members: int
    pairs: tuple[SuspectedPair, ...]

    @property
    def names(self) -> list[str]:
        """The instanceIDs of its submissions, the earliest first."""
        found = {side.id: side.instance_id for pair in self.pairs for side in (pair.one, pair.other)}
        return [found[number] for number in sorted(found)]


@dataclass(frozen=True, slots=True)
class FormQueue:
    """What of one form is asked about, the likeliest first. `copies`: those with the same answers, which may be settled in one go; as many
    as fit in one. `corroborates`: its submissions are reports of events, and none is left out. `measured`: how likely is reckoned
    with what was learnt from the form itself."""

    xml_form_id: str
    name: str
    pairs: int
    clusters: tuple[Cluster, ...]
    copies: tuple[SuspectedPair, ...] = ()
    corroborates: bool = False
    measured: bool = True


def matched_forms(session: Session, project_id: int) -> list[tuple[Form, str]]:
    """The living forms of which any pair is known, with their names."""
    query = (
        select(Form, FormVersion.name)
        .join(FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == Form.current_version_id))
        .where(
            Form.project_id == project_id,
            Form.deleted_at.is_(None),
            select(MatchPair.one_id)
            .where(MatchPair.project_id == Form.project_id, MatchPair.form_id == Form.id)
            .exists(),
        )
        .order_by(FormVersion.name, Form.id)
    )
    return [(form, name) for form, name in session.execute(query)]


def untold_forms(session: Session, frame: ProjectFrame, language: str) -> list[tuple[str, str]]:
    """The living forms about people that do not tell them apart, by name, each with a sentence that says why nobody there is suspected."""
    query = (
        select(MatchForm, FormVersion.name, FormVersion.id)
        .join(Form, (Form.project_id == MatchForm.project_id) & (Form.id == MatchForm.form_id))
        .join(FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == Form.current_version_id))
        .where(MatchForm.project_id == frame.id, Form.deleted_at.is_(None))
        .order_by(FormVersion.name, Form.id)
    )
    found = []
    for kept, name, version_id in session.execute(query):
        stopped = stopped_by(kept)
        if stopped is not None and stopped.code != "no_role":
            labels = labels_of(session, frame.id, version_id)
            question = labels.question(stopped.path, language) if stopped.path else None
            found.append((name, why(stopped, language, question)))
    return found


def queue_of(
    session: Session, form: Form, name: str, selection: Selection, state: str, review: Review, reader: str
) -> FormQueue:
    """The pairs of a form in one of QUEUES that the reader may see both of, those that hang together side by side. What this reader was
    unsure about comes last: it waits for somebody else."""
    pairs = suspected_pairs(session, form, selection, "open" if state == BELOW else state)
    if state in ("open", BELOW):
        pairs = [pair for pair in pairs if is_shown(pair, review) == (state == "open")]
    reports = corroborates(session, form)
    copies = () if reports else tuple(undecided_copies(pairs)[:MOST_COPIES])
    found = sorted(clusters(pairs), key=lambda each: all(_waits_for_another(pair, reader) for pair in each.pairs))
    learnt = select(MatchForm.learnt_from).where(MatchForm.project_id == form.project_id, MatchForm.form_id == form.id)
    measured = bool(session.scalar(learnt))
    return FormQueue(form.xml_form_id, name, len(pairs), tuple(found), copies, reports, measured)


def is_shown(pair: SuspectedPair, review: Review) -> bool:
    """Whether an open pair is among those that people can look at."""
    return review.shows(pair.found)


def clusters(pairs: Sequence[SuspectedPair]) -> tuple[Cluster, ...]:
    """Pairs that hang together, in the order of the likeliest of each. A pair too weak to join others stands alone."""
    scored = [Pair(pair.one.id, pair.other.id, _weight(pair)) for pair in pairs]
    group_of = {member: number for number, members in enumerate(groups(scored)) for member in members}
    together: dict[tuple[int, ...], list[SuspectedPair]] = {}
    for pair in pairs:
        ours, theirs = group_of.get(pair.one.id), group_of.get(pair.other.id)
        key = (ours,) if ours is not None and ours == theirs else (pair.one.id, pair.other.id)
        together.setdefault(key, []).append(pair)
    return tuple(
        Cluster(len({side.id for pair in found for side in (pair.one, pair.other)}), tuple(found))
        for found in together.values()
    )


def _weight(pair: SuspectedPair) -> float:
    if pair.found.copy is not None:
        return CERTAIN_BITS
    return pair.found.bits or 0.0


def pair_after(queue: Sequence[SuspectedPair], decided: tuple[int, int], reader: str) -> SuspectedPair | None:
    """The pair to ask about once `decided` (numbers of both submissions) has its verdict: one that shares a submission with it, else
    the following in the queue, else the first; those first whose two both count. What this reader was unsure about waits for somebody
    else, and what the verdict has settled as well is passed over."""
    others = [
        pair
        for pair in queue
        if {pair.one.id, pair.other.id} != set(decided) and pair.must_be_asked and not _waits_for_another(pair, reader)
    ]
    others.sort(key=lambda pair: pair.one.duplicate_of is not None or pair.other.duplicate_of is not None)
    at = next((place for place, pair in enumerate(queue) if {pair.one.id, pair.other.id} == set(decided)), 0)
    later = {(pair.one.id, pair.other.id) for pair in queue[at:]}
    shared = [pair for pair in others if {pair.one.id, pair.other.id} & set(decided)]
    following = [pair for pair in others if (pair.one.id, pair.other.id) in later]
    return next(iter([*shared, *following, *others]), None)


def _waits_for_another(pair: SuspectedPair, reader: str) -> bool:
    standing = pair.standing
    return standing is not None and standing.verdict == "unsure" and any(head.by == reader for head in standing.heads)


def names_of(session: Session, selection: Selection, submissions: Iterable[Submission]) -> dict[int, str | None]:
    """The names that answers give submissions, by number; none for whom any class of answers is hidden."""
    if selection.mask.hidden:
        return {}
    receipts = {submission.current_receipt_id: submission.id for submission in submissions}
    query = select(Receipt.id, Receipt.instance_name).where(
        Receipt.project_id == selection.project_id, Receipt.id.in_(sorted(receipts))
    )
    return {receipts[number]: name for number, name in session.execute(query)}


def uid_of(session: Session, frame: ProjectFrame) -> str:
    """How decisions name the reader."""
    return session.scalars(select(Actor.uid).where(Actor.id == frame.person.actor_id)).one()
