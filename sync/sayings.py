"""Keep why evidence about interviews is as it is: sayings that travel (sync.explanations), and what follows from them here (SeenExplained)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, delete, or_, select
from sqlalchemy.orm import Session, aliased

from accounts.models import Actor, Server
from collector.models import Receipt, Submission
from config.clock import now, wire
from config.services import Services
from forms.models import Form
from sync.explanations import Explanation, Key, Named, counting, explained_by
from sync.models_evidence import WAITING, SeenEvidence, SeenExplained, SeenSaying

# Of those that waited, so many are placed in one transaction.
SLICE = 50
_NOBODY = 0


def say(
    session: Session, project_id: int, rule: str, pairs: Iterable[tuple[int, int, str]], reason: str | None, *, by: int
) -> None:
    """Explain evidence of a rule beside pairs of submissions (their numbers, and the mark of the evidence), or (without a reason) ask for it
    to be shown again. The same by the same person again is what was said."""
    author = session.scalars(select(Actor.uid).where(Actor.id == by)).one()
    node = session.scalars(select(Server.uid)).one()
    given = list(pairs)
    names = _names(session, project_id, {number for one, other, _ in given for number in (one, other)})
    for one, other, mark in given:
        first, second = sorted((names[one], names[other]))
        heads = counting(_sayings(session, project_id, (rule, first, second)))
        standing = session.get(SeenExplained, (project_id, one, rule, other))
        words = standing.reason if standing is not None else None
        if [(head.by, head.mark, head.withdrawn) for head in heads] == [
            (author, mark, reason is None)
        ] and words == reason:
            continue
        said = Explanation(
            uid=str(uuid4()),
            rule=rule,
            one_form=first[0],
            one=first[1],
            other_form=second[0],
            other=second[1],
            mark=mark,
            by=author,
            at=wire(now()),
            node=node,
            withdrawn=reason is None,
            reason=reason or "",
            supersedes=tuple(head.uid for head in heads),
        )
        keep_saying(session, project_id, said)


def keep_saying(session: Session, project_id: int, said: Explanation) -> None:
    """Store what was said here or elsewhere, without its words, and let it take effect; one that is known already changes nothing. Where a
    submission is not here yet, it takes effect when it comes."""
    if session.get(SeenSaying, (project_id, said.uid)) is not None:
        return
    row = SeenSaying(
        project_id=project_id,
        uid=said.uid,
        rule=said.rule,
        one_form=said.one_form,
        one=said.one,
        other_form=said.other_form,
        other=said.other,
        body=replace(said, reason="").to_json(),
        placed=False,
        created_at=now(),
    )
    session.add(row)
    session.flush()
    row.placed = _take_effect(session, project_id, said.key, said)


def place_waiting(services: Services) -> bool:
    """Let sayings take effect whose submissions have come since; True when there may be more."""
    with services.database.reading() as session:
        ready = session.execute(_ready().limit(SLICE)).all()
    if not ready:
        return False
    with services.database.transaction() as session:
        for project_id, uid in ready:
            row = session.get_one(SeenSaying, (project_id, uid))
            row.placed = _take_effect(session, project_id, Explanation.from_json(row.body).key, None)
    return len(ready) == SLICE


def sayings_of(session: Session, form: Form, seen: set[Named], hidden: set[str]) -> list[Explanation]:
    """What was said about evidence of a form, the oldest first; of submissions and rules that the reader may be told of."""
    query = select(SeenSaying).where(
        SeenSaying.project_id == form.project_id,
        or_(SeenSaying.one_form == form.xml_form_id, SeenSaying.other_form == form.xml_form_id),
    )
    rows = session.scalars(query.order_by(SeenSaying.created_at, SeenSaying.uid))
    found = [Explanation.from_json(row.body) for row in rows]
    return _with_words(
        session, form.project_id, [each for each in found if each.rule not in hidden and {*each.key[1:]} <= seen]
    )


def _with_words(session: Session, project_id: int, sayings: Sequence[Explanation]) -> list[Explanation]:
    """With their words, while they stand beside the evidence."""
    told = []
    for each in sayings:
        numbers = _numbers(session, project_id, each.key[1:])
        one, other = (numbers.get(name) for name in each.key[1:])
        kept = None
        if one is not None and other is not None and not each.withdrawn:
            kept = session.get(SeenExplained, (project_id, one, each.rule, other))
        told.append(replace(each, reason=kept.reason) if kept is not None and kept.uid == each.uid else each)
    return told


def _take_effect(session: Session, project_id: int, key: Key, said: Explanation | None) -> bool:
    """Bring what is explained of two submissions to what all say; False when one of them is not here."""
    rule, first, second = key
    numbers = _numbers(session, project_id, (first, second))
    one, other = numbers.get(first), numbers.get(second)
    if one is None or other is None:
        return False
    sayings = _sayings(session, project_id, key)
    heads = counting(sayings)
    places = {(one, other), (other, one)}
    seen = session.get(SeenEvidence, (project_id, one, rule, other))
    standing = explained_by(sayings, seen.mark if seen is not None else heads[-1].mark)
    before = {place: session.get(SeenExplained, (project_id, place[0], rule, place[1])) for place in places}
    if standing is None:
        session.execute(
            delete(SeenExplained).where(
                SeenExplained.project_id == project_id,
                SeenExplained.rule == rule,
                or_(
                    *((SeenExplained.submission_id == one) & (SeenExplained.other_id == other) for one, other in places)
                ),
            )
        )
        return True
    author = session.scalars(select(Actor.id).where(Actor.uid == standing.by)).first() or _NOBODY
    for (number, beside), known in before.items():
        kept = known or SeenExplained(project_id=project_id, submission_id=number, rule=rule, other_id=beside)
        session.add(kept)
        if kept.uid != standing.uid:
            kept.reason = said.reason if said is not None and said.uid == standing.uid else ""
            kept.uid, kept.mark, kept.actor_id, kept.created_at = standing.uid, standing.mark, author, now()
    session.flush()
    return True


def _sayings(session: Session, project_id: int, key: Key) -> list[Explanation]:
    rule, one, other = key
    query = select(SeenSaying.body).where(
        SeenSaying.project_id == project_id,
        SeenSaying.rule == rule,
        SeenSaying.one_form == one[0],
        SeenSaying.one == one[1],
        SeenSaying.other_form == other[0],
        SeenSaying.other == other[1],
    )
    return [Explanation.from_json(body) for body in session.scalars(query)]


def _names(session: Session, project_id: int, numbers: set[int]) -> dict[int, Named]:
    query = (
        select(Submission.id, Form.xml_form_id, Submission.instance_id)
        .join(Form, (Form.project_id == Submission.project_id) & (Form.id == Submission.form_id))
        .where(Submission.project_id == project_id, Submission.id.in_(numbers))
    )
    return {row[0]: (row[1], row[2]) for row in session.execute(query)}


def _numbers(session: Session, project_id: int, names: Sequence[Named]) -> dict[Named, int]:
    query = (
        select(Form.xml_form_id, Receipt.instance_id, Receipt.submission_id)
        .join(Form, (Form.project_id == Receipt.project_id) & (Form.id == Receipt.form_id))
        .where(
            Receipt.project_id == project_id, Receipt.instance_id.in_([name for _, name in names]), *_is_first(Receipt)
        )
    )
    return {(row[0], row[1]): row[2] for row in session.execute(query) if row[2] is not None}


def _is_first(claim: type[Receipt]) -> list[ColumnElement[bool]]:
    """It is the version by whose instanceID a submission goes, of a form that is here."""
    return [
        claim.id == claim.submission_id,
        claim.version_no.is_not(None),
        claim.draft_version_id == 0,
        Form.deleted_at.is_(None),
    ]


def _ready() -> Select[int, str]:
    """Sayings that wait, and whose submissions are both here."""

    def here(xml_form_id: Any, instance_id: Any) -> ColumnElement[bool]:
        claim = aliased(Receipt)
        found = (
            select(claim.id)
            .join(Form, (Form.project_id == claim.project_id) & (Form.id == claim.form_id))
            .where(
                claim.project_id == SeenSaying.project_id,
                claim.instance_id == instance_id,
                Form.xml_form_id == xml_form_id,
                *_is_first(claim),
            )
        )
        return found.exists()

    return select(SeenSaying.project_id, SeenSaying.uid).where(
        WAITING, here(SeenSaying.one_form, SeenSaying.one), here(SeenSaying.other_form, SeenSaying.other)
    )
