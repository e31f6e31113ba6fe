"""What the page of one submission says of duplicates: left out in favour of which, who said so; which others may be the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.scopes import mask_of
from collector.duplicates import Kept, kept_ones
from collector.masking import Mask
from collector.models import Submission
from collector.project_frame import FormFrame, ProjectFrame
from collector.reading import Selection
from config.database import reading
from forms.models import Form
from sync.corroborating import corroborates
from sync.deciding import decisions_of, suspected_pairs
from sync.decisions import standings


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why it gives way: the other one, and the uids of what was said."""

    other: Kept
    seen: Sequence[str]


@dataclass(frozen=True, slots=True)
class Told:
    """`kept`: in favour of which it is left out, None when it is not, or out of sight; `left_out`: those left out in its favour; `others`:
    which may be the same, or of the same event on forms that
    corroborate; `also`: other reports of this event. `named`: whether the reader is told what they are called."""

    kept: Kept | None
    verdicts: list[Verdict]
    left_out: list[Kept]
    others: list[Kept]
    also: list[Kept]
    corroborates: bool
    named: bool


def of_submission(frame: ProjectFrame, form: FormFrame, submission: Submission) -> Told | None:
    """What its page says; None when there is nothing to say."""
    with reading() as session:
        mask = Mask(mask_of(session, frame.person, frame.id, form.id))
        selection = Selection(frame.id, form.id, frame.scope, mask=mask)
        stored = session.get_one(Form, (frame.id, form.id))
        pairs = suspected_pairs(session, stored, selection, "open", submission.instance_id)
        others = [pair.other if pair.one.id == submission.id else pair.one for pair in pairs]
        reports = corroborates(session, stored)
        also = _reports(session, stored, selection, submission) if reports else []
        given_way = select(Submission.id).where(*selection.every(), Submission.duplicate_of == submission.id)
        left_out = list(session.scalars(given_way.order_by(Submission.id)))
        verdicts = []
        if submission.duplicate_of is not None:
            decided = standings(decisions_of(session, stored, submission.instance_id)).values()
            heads = [head for each in decided for head in each.heads if each.keep not in (None, submission.instance_id)]
            names = {head.keep: [each.uid for each in heads if each.keep == head.keep] for head in heads}
            numbers = select(Submission.instance_id, Submission.id).where(
                *selection.every(), *selection.named(*(name for name in names if name))
            )
            kept = {row[0]: row[1] for row in session.execute(numbers)} if names else {}
            known = kept_ones(session, selection, kept.values())
            verdicts = [Verdict(known[number], names[name]) for name, number in kept.items()]
        told = kept_ones(session, selection, [submission.duplicate_of, *left_out, *also, *(each.id for each in others)])
    if not (others or also or left_out or submission.duplicate_of):
        return None
    return Told(
        kept=told.get(submission.duplicate_of),
        verdicts=verdicts,
        left_out=[told[number] for number in left_out],
        others=[told[each.id] for each in others],
        also=[told[number] for number in also],
        corroborates=reports,
        named=not mask.hidden,
    )


def _reports(session: Session, form: Form, selection: Selection, submission: Submission) -> list[int]:
    """The numbers of other reports that somebody said are of this event, and of those that are of theirs, in the reader's sight."""
    found, waiting = {submission.instance_id}, [submission.instance_id]
    while waiting:
        for standing in standings(decisions_of(session, form, waiting.pop())).values():
            if standing.verdict == "event":
                new = {standing.heads[0].one, standing.heads[0].other} - found
                found |= new
                waiting += new
    found.discard(submission.instance_id)
    query = select(Submission.id).where(*selection.conditions(), *selection.named(*found)).order_by(Submission.id)
    return list(session.scalars(query)) if found else []
