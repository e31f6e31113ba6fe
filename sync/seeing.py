"""Keep what the rules about interviews see of every submission: each looks only at the neighbours it needs (the same phone at that time, the
same second, the same few metres), so that a submission costs the same however many there are."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, or_, select
from sqlalchemy.orm import Session

from collector.models import Receipt, Submission
from collector.stored_submissions import answers_of
from config.clock import now
from forms.queries import definition_of, labels_of
from sync.features import answers_by_path
from sync.interviews import Names, at_second, cells_around, from_row, grids_of, place_of, read_interview, subject_of
from sync.matchers import Matcher
from sync.models_evidence import SeenEvidence, SeenForm, SeenInterview
from sync.rules.interviews import Evidence, Interview, looked_at, rules, usual
from sync.rules.interviews.same_place import is_placed

# Neighbours looked at for each kind; more than this in one place or second is how the form is used.
MOST_NEIGHBOURS = 40
LONGEST = timedelta(hours=12)
_TWO = 2
_Sight = tuple[Evidence, tuple[Interview, ...]]


def keep(
    session: Session, matcher: Matcher, submission: Submission, version_id: int, answers: Mapping[str, str | None],
    facts: tuple[int, float | None],
) -> None:  # fmt: skip
    """Bring facts and evidence of a submission, and its neighbours' evidence about it, to its answers. `facts` as in `read_interview`."""
    project_id = matcher.project_id
    grids = grids_of(definition_of(session, project_id, version_id), labels_of(session, project_id, version_id))
    interview = read_interview(submission, answers, matcher.plan.roles, grids, facts)
    form = session.get(SeenForm, (project_id, matcher.form_id))
    if form is None:
        form = SeenForm(project_id=project_id, form_id=matcher.form_id, usual={}, measured=0, since=0)
        session.add(form)
    names = names_of(matcher)
    row = _row(interview, matcher, names[0])
    kept = session.get(SeenInterview, (project_id, submission.id))
    if kept is None:
        session.add(SeenInterview(project_id=project_id, submission_id=submission.id, **row))
        form.since += 1
    elif any(getattr(kept, name) != value for name, value in row.items()):
        for name, value in row.items():
            setattr(kept, name, value)
        form.since += 1
    session.flush()
    plain = {**usual([]), **form.usual}
    seen: list[_Sight] = [(each, (interview,)) for each in _alone(interview, plain)]
    mine = _as_row(interview, row)
    for other in _neighbours(session, matcher, interview, names):
        for rule, examine in rules().items():
            both = [each for each in examine([mine, other], plain.get(rule)) if len(each.interviews) == _TWO]
            seen += [(each, (interview, other)) for each in both]
    found = _marked(session, matcher, seen)
    _write(session, matcher, submission.id, found, interview)


def rehash(session: Session, matcher: Matcher, told: Mapping[int, Mapping[str, str | None]]) -> None:
    """Write the names in the facts of these submissions (their answers by number) under the matcher's key."""
    rows = select(SeenInterview, Submission).join(
        Submission,
        (Submission.project_id == SeenInterview.project_id) & (Submission.id == SeenInterview.submission_id),
    )
    wanted = (SeenInterview.project_id == matcher.project_id, SeenInterview.submission_id.in_(told))
    names = names_of(matcher)[0]
    for kept, submission in session.execute(rows.where(*wanted)):
        interview = read_interview(submission, told[submission.id], matcher.plan.roles, {}, (0, None))
        hashed = _hashed(interview, names)
        kept.who, kept.device, kept.cell = hashed["who"], hashed["device"], hashed["cell"]


def names_of(matcher: Matcher) -> list[Names]:
    """By the matcher's key, and by the former one while not everything is hashed anew."""
    secrets = [matcher.secret, *([matcher.former[1]] if matcher.former else [])]
    return [Names(f"{matcher.project_id}/{matcher.form_id}", secret) for secret in secrets]


def _hashed(interview: Interview, names: Names) -> dict[str, int | None]:
    cell = cells_around(interview.place)[0] if interview.place and is_placed(interview) else None
    said = {"who": interview.enumerator, "device": interview.device, "cell": cell}
    return {kind: names.number(kind, text) if text else None for kind, text in said.items()}


def forget(session: Session, project_id: int, submission_id: int) -> None:
    """Remove what can be made again of a submission, its neighbours' evidence about it too."""
    session.execute(
        delete(SeenInterview).where(
            SeenInterview.project_id == project_id, SeenInterview.submission_id == submission_id
        )
    )
    session.execute(delete(SeenEvidence).where(SeenEvidence.project_id == project_id, _about(submission_id)))


def _about(submission_id: int) -> ColumnElement[bool]:
    return or_(SeenEvidence.submission_id == submission_id, SeenEvidence.other_id == submission_id)


def _alone(interview: Interview, plain: Mapping[str, Any]) -> Iterator[Evidence]:
    for rule, examine in rules().items():
        seen = [each for each in examine([interview], plain.get(rule)) if each.interviews == (interview.number,)]
        # Of several grids, the longest.
        yield from sorted(seen, key=lambda each: -each.facts.get("questions", 0))[:1]


def _row(interview: Interview, matcher: Matcher, names: Names) -> dict[str, Any]:
    return {
        "form_id": matcher.form_id,
        **_hashed(interview, names),
        "start": int(interview.start.timestamp()) if interview.start else None,
        "end": int(interview.end.timestamp()) if interview.end else None,
        "seconds": interview.seconds,
        "answered": interview.answered,
        "grids": {
            name: [len(said), int(len(set(said)) == 1)]
            for name, given in interview.grids.items()
            if (said := [each for each in given if each is not None])
        },
    }


def _as_row(interview: Interview, row: Mapping[str, Any]) -> Interview:
    """The same with names as numbers, to lie beside others."""
    return Interview(
        number=interview.number,
        enumerator=str(row["who"] or ""),
        device=str(row["device"] or ""),
        start=at_second(row["start"]),
        end=at_second(row["end"]),
        active_seconds=interview.seconds,
        place=interview.place,
        accuracy=interview.accuracy,
        subject=interview.subject,
    )


def _neighbours(session: Session, matcher: Matcher, interview: Interview, names: list[Names]) -> Iterator[Interview]:
    own = session.get_one(SeenInterview, (matcher.project_id, interview.number))
    # By whichever key: the same as its own.
    who, device = ([_hashed(interview, each)[kind] for each in names] for kind in ("who", "device"))
    beside: dict[int, SeenInterview] = {}
    for query in _questions(matcher, own, interview, names, who, device):
        for row in session.scalars(query.limit(MOST_NEIGHBOURS)):
            beside[row.submission_id] = row
    near = [row for row in beside.values() if own.cell is not None and row.cell is not None and row.who in who]
    places = _places(session, matcher, [row.submission_id for row in near])
    for number, row in beside.items():
        place, accuracy, subject = places.get(number, (None, None, ""))
        plain = from_row(row)
        yield Interview(
            number=number,
            enumerator=str(own.who or "") if row.who in who else plain.enumerator,
            device=str(own.device or "") if row.device in device else plain.device,
            start=plain.start,
            end=plain.end,
            active_seconds=plain.active_seconds,
            place=place,
            accuracy=accuracy,
            subject=subject,
        )


def _questions(
    matcher: Matcher,
    own: SeenInterview,
    interview: Interview,
    names: list[Names],
    who: list[int | None],
    device: list[int | None],
) -> Iterator[Select[SeenInterview]]:
    others = select(SeenInterview).where(
        SeenInterview.project_id == matcher.project_id,
        SeenInterview.form_id == matcher.form_id,
        SeenInterview.submission_id != interview.number,
    )
    if own.start is not None and own.device is not None:
        yield others.where(SeenInterview.device.in_(device), SeenInterview.start == own.start)
    if own.start is not None and own.who is not None:
        yield others.where(SeenInterview.who.in_(who), SeenInterview.start == own.start)
    if own.start is not None and own.end is not None and own.device is not None:
        earliest = own.start - int(LONGEST.total_seconds())
        yield others.where(
            SeenInterview.device.in_(device),
            SeenInterview.start.between(earliest, own.end),
            SeenInterview.end > own.start,
        ).order_by(SeenInterview.start.desc())
    if own.cell is not None and interview.place is not None:
        cells = [each.number("cell", cell) for cell in cells_around(interview.place) for each in names]
        # Not by whom as well: a database without statistics would read all interviews of an enumerator instead.
        yield others.where(SeenInterview.cell.in_(cells))


def _places(
    session: Session, matcher: Matcher, submission_ids: list[int]
) -> dict[int, tuple[tuple[float, float] | None, float | None, str]]:
    """Exactly where these were, and of whom: from their answers, for none of it is kept."""
    if not submission_ids:
        return {}
    rows = session.execute(
        select(Submission.id, Submission.current_receipt_id, Receipt.form_version_id)
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .where(Submission.project_id == matcher.project_id, Submission.id.in_(submission_ids))
    ).all()
    answers = answers_of(session, matcher.project_id, [row.current_receipt_id for row in rows])
    found = {}
    for row in rows:
        if row.form_version_id is not None and row.current_receipt_id in answers:
            definition = definition_of(session, matcher.project_id, row.form_version_id)
            told = answers_by_path(definition, answers[row.current_receipt_id])
            found[row.id] = (*place_of(told, matcher.plan.roles), subject_of(told, matcher.plan.roles))
    return found


def _marked(session: Session, matcher: Matcher, seen: list[_Sight]) -> dict[tuple[str, int], tuple[Evidence, str]]:
    """By rule and the other's number (alone: its own). A mark is hashed with what only servers that hold the submission know, so that it says
    nothing to anybody else, and outlives keys."""
    firsts = {min(each.number for each in interviews) for _, interviews in seen}
    query = select(Receipt.id, Receipt.xml_sha256).where(
        Receipt.project_id == matcher.project_id, Receipt.id.in_(firsts)
    )
    origins = {row[0]: row[1] for row in session.execute(query)} if firsts else {}
    found = {}
    for evidence, interviews in seen:
        said = looked_at(evidence.rule, *map(_in_seconds, interviews)).encode()
        key = origins[min(each.number for each in interviews)]
        mark = blake2b(said, digest_size=8, key=key, person=b"mark").hexdigest()
        found[evidence.rule, interviews[-1].number] = (evidence, mark)
    return found


def _in_seconds(each: Interview) -> Interview:
    """As both sides of a pair know it."""
    return Interview(
        number=0,
        start=at_second(int(each.start.timestamp()) if each.start else None),
        end=at_second(int(each.end.timestamp()) if each.end else None),
        active_seconds=each.seconds,
        answered=each.answered,
        place=each.place,
        subject=each.subject,
        grids=each.grids,
    )


def _write(
    session: Session,
    matcher: Matcher,
    submission_id: int,
    found: Mapping[tuple[str, int], tuple[Evidence, str]],
    interview: Interview,
) -> None:
    query = select(SeenEvidence).where(SeenEvidence.project_id == matcher.project_id, _about(submission_id))
    before = {(each.rule, each.submission_id, each.other_id): each for each in session.scalars(query)}
    wanted: dict[tuple[str, int, int], tuple[Evidence, str]] = {}
    for (rule, other), seen in found.items():
        wanted[rule, submission_id, other] = wanted[rule, other, submission_id] = seen
    for key in before.keys() - wanted.keys():
        session.delete(before[key])
    moment = now()
    for key, (evidence, mark) in wanted.items():
        rule, one, other = key
        facts: dict[str, Any] = {name: round(number, 2) for name, number in evidence.facts.items()}
        if rule == "straight_lining":
            facts["grid"] = next(name for name, given in interview.grids.items() if len(set(given) - {None}) == 1)
        known = before.get(key)
        if known is not None and known.mark == mark:
            known.strength, known.facts = evidence.strength, facts
            continue
        if known is not None:
            known.mark, known.strength, known.facts, known.found_at = mark, evidence.strength, facts, moment
            continue
        place = {"project_id": matcher.project_id, "submission_id": one, "rule": rule, "other_id": other}
        told = {"strength": evidence.strength, "facts": facts, "mark": mark, "found_at": moment}
        session.add(SeenEvidence(form_id=matcher.form_id, **place, **told))
    session.flush()
