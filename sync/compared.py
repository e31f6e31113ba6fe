"""Two submissions side by side, as one reader may see them: what differs, what is alike, why they are suspected, who decided what."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.models import Actor
from collector.answer_sheet import Changes, Shown, agreed, changes
from collector.copies import SheetReader
from collector.history import Version, versions_of
from collector.models import Submission
from collector.reading import Selection
from collector.review import named_submission
from config.services import services
from forms.models import Form
from sync.corroborating import corroborates
from sync.deciding import SuspectedPair, pair_of
from sync.decisions import SETTLING, Decision, Standing
from sync.explaining import reasons_for
from sync.rules import near_words
from sync.rules.identity.explanation import number, worded
from sync.verdicts import PROGRAM, with_reasons


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two; `version` is the one that counts. `name`: as its answers say, None where a class of them is hidden."""

    submission: Submission
    version: Version
    name: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """A decision that counts: who made it (None: on another server, or nobody known), and when. `alone`: the program itself."""

    decision: Decision
    who: str | None
    at: datetime | None
    alone: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """Everything the page of a pair says. `pair` None: nothing makes these two look like one. `said`: the
    decisions that count, in `standing` too. `difference` None: encrypted, at least
    one. `near`: how far answers to choose from agree, in
    words; "" when that is no surprise. `reasons`: (words, bits) that sum to `bits` as they are written."""

    one: Side
    other: Side
    pair: SuspectedPair | None
    standing: Standing | None
    said: tuple[Said, ...]
    difference: Changes | None
    alike: list[Shown]
    near: str
    reasons: list[tuple[str, str]]
    bits: str
    hides_staff: bool
    hides_answers: bool
    corroborates: bool = False

    @property
    def conflict(self) -> bool:
        """Whether people who did not know of each other said different things."""
        return self.standing is not None and self.standing.conflict

    @property
    def contradicted(self) -> bool:
        """Whether what was said cannot be true together with what was said of others."""
        return self.pair is not None and self.pair.disagreed and not self.conflict

    @property
    def settled(self) -> bool:
        """Whether nobody need look at it any more."""
        if self.pair is not None:
            return not self.pair.must_be_asked
        return self.verdict in SETTLING

    @property
    def verdict(self) -> str:
        """What was decided; "" for nothing, for several things, and for what was taken back."""
        verdict = self.standing.verdict if self.standing else None
        return "" if verdict in (None, "open") else str(verdict)

    @property
    def kept(self) -> int:
        """1 or 2, which of the two stays; 0 when both do."""
        return self.place_of(self.standing.keep if self.standing else None)

    def place_of(self, instance_id: str | None) -> int:
        """1 for the earlier, 2 for the later, 0 for neither."""
        sides = (self.one.submission.instance_id, self.other.submission.instance_id)
        return sides.index(instance_id) + 1 if instance_id in sides else 0


def compare(session: Session, form: Form, selection: Selection, names: tuple[str, str], language: str) -> Compared:
    """Both submissions, the earlier first; Problem 404.1 unless the reader may see both."""
    found = {each.id: each for each in (named_submission(session, selection, name) for name in names)}
    one, other = side_of(session, selection, found[min(found)]), side_of(session, selection, found[max(found)])
    pair, standing = pair_of(session, form, selection, one.submission, other.submission)
    sheets = SheetReader(session, services().storage, form.project_id, language).of_versions(
        [one.version, other.version], selection.mask
    )
    first, second = sheets.get(one.version.receipt_id), sheets.get(other.version.receipt_id)
    reasons = reasons_for(session, form, selection, [pair] if pair else [], services().secret, language)
    lines = reasons.get((one.submission.id, other.submission.id), [])
    return Compared(
        one=one,
        other=other,
        pair=pair,
        standing=standing,
        said=_said(session, form.project_id, standing.heads if standing else ()),
        difference=changes(first, second) if first is not None and second is not None else None,
        alike=agreed(first, second) if first is not None and second is not None else [],
        near=near_words.sentence(pair.found.near, language) if pair and pair.found.near else "",
        reasons=worded(lines, language),
        bits=number(round(10 * sum(line.bits for line in lines)) / 10, language),
        hides_staff=selection.mask.hides_staff,
        hides_answers=bool(selection.mask.hidden),
        corroborates=corroborates(session, form),
    )


def side_of(session: Session, selection: Selection, submission: Submission) -> Side:
    """A submission with the version that counts."""
    version = versions_of(session, submission)[0]
    return Side(submission, version, None if selection.mask.hidden else version.instance_name)


def _said(session: Session, project_id: int, heads: Sequence[Decision]) -> tuple[Said, ...]:
    heads = with_reasons(session, project_id, heads)
    query = select(Actor.uid, Actor.display_name).where(Actor.uid.in_({head.by for head in heads}))
    people = {row.uid: row.display_name for row in session.execute(query)}
    return tuple(Said(head, people.get(head.by), _moment(head.at), head.by == PROGRAM) for head in heads)


def _moment(text: str) -> datetime | None:
    """When somebody decided; other servers' words may be anything."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
