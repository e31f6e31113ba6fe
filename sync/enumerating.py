"""Who made how many interviews, and what was seen of them beside all others: for a talk with them, not for a ranking."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from statistics import median

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from accounts.models import Actor
from collector.masking import is_hidden
from collector.models import Receipt, Submission
from collector.reading import Selection
from collector.stored_submissions import answers_of
from forms.models import Form
from forms.queries import definition_of
from sync.features import answers_by_path
from sync.models import MatchForm
from sync.models_evidence import SeenEvidence, SeenInterview
from sync.reviewed import told_beside
from sync.rules.enumerators import Summary, summed
from sync.seen import hidden_rules, open_evidence


@dataclass(frozen=True, slots=True)
class Enumerator:
    """One of them. `name` None: hidden from the reader, or nobody known."""

    name: str | None
    summary: Summary


@dataclass(frozen=True, slots=True)
class Enumerators:
    """All of a form. `median_minutes` and `usual` (by rule, interviews in a hundred): half of the enumerators are below."""

    each: tuple[Enumerator, ...]
    interviews: int
    median_minutes: float | None
    usual: dict[str, float]


def enumerators_of(session: Session, form: Form, selection: Selection) -> Enumerators:
    """Of the interviews that the reader may see, confirmed duplicates left out; evidence that somebody explained is not counted."""
    selection = replace(selection, counted=True)
    visible = select(Submission.id).where(*selection.conditions())
    ours = (
        SeenInterview.project_id == form.project_id,
        SeenInterview.form_id == form.id,
        SeenInterview.submission_id.in_(visible),
    )
    query = select(SeenInterview.who, SeenInterview.seconds, SeenInterview.submission_id).where(*ours)
    made: Counter[str] = Counter()
    minutes: dict[str, list[float]] = defaultdict(list)
    newest: dict[str, int] = {}
    # The driver's own rows: a form may have a hundred thousand.
    for who, seconds, submission_id in session.connection().execute(query).cursor.fetchall():
        key = str(who)
        made[key] += 1
        newest[key] = max(newest.get(key, 0), submission_id)
        if seconds is not None:
            minutes[key].append(seconds / 60)
    medians = {key: median(each) for key, each in minutes.items()}
    summaries = summed(made, medians, _counted(session, form, selection, ours))
    names = _names(session, form, selection, newest)
    rules = sorted({rule for each in summaries for rule in each.evidence})
    return Enumerators(
        each=tuple(
            sorted(
                (Enumerator(names.get(each.enumerator), each) for each in summaries),
                key=lambda each: (-each.summary.interviews, each.name or ""),
            )
        ),
        interviews=made.total(),
        median_minutes=median(medians.values()) if medians else None,
        usual={
            rule: median(100 * each.evidence.get(rule, 0) / each.interviews for each in summaries) for rule in rules
        },
    )


def _counted(
    session: Session, form: Form, selection: Selection, ours: tuple[ColumnElement[bool], ...]
) -> dict[str, Counter[str]]:
    query = (
        select(SeenEvidence.rule, SeenInterview.who, func.count(SeenEvidence.submission_id.distinct()))
        .join(
            SeenInterview,
            (SeenInterview.project_id == SeenEvidence.project_id)
            & (SeenInterview.submission_id == SeenEvidence.submission_id),
        )
        .where(*ours, open_evidence(), told_beside(selection))
        .group_by(SeenEvidence.rule, SeenInterview.who)
    )
    hidden = hidden_rules(session, form, selection)
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for rule, who, count in session.execute(query):
        if rule not in hidden:
            found[rule][str(who)] = count
    return found


def _names(session: Session, form: Form, selection: Selection, newest: dict[str, int]) -> dict[str, str]:
    """What they are called: as their newest interview says, else the phone that sent it."""
    kept = session.get(MatchForm, (form.project_id, form.id))
    if kept is None or selection.mask.hides_staff:
        return {}
    query = (
        select(Submission.id, Submission.current_receipt_id, Receipt.form_version_id, Actor.display_name)
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .outerjoin(Actor, Actor.id == Submission.submitter_id)
        .where(Submission.project_id == form.project_id, Submission.id.in_(newest.values()))
    )
    rows = {row.id: row for row in session.execute(query)}
    answers = answers_of(session, form.project_id, [row.current_receipt_id for row in rows.values()])
    found: dict[str, str] = {}
    for key, submission_id in newest.items():
        row = rows.get(submission_id)
        if row is None or row.form_version_id is None:
            continue
        definition = definition_of(session, form.project_id, row.form_version_id)
        told = answers_by_path(definition, answers.get(row.current_receipt_id, {}))
        paths = [
            field.path
            for field in definition.fields
            if kept.roles.get(field.path) == "enumerator" and not is_hidden(field, selection.mask)
        ]
        said = " ".join(filter(None, ((told.get(path) or "").strip() for path in paths)))
        asked = any((told.get(path) or "").strip() for path, role in kept.roles.items() if role == "enumerator")
        name = said if asked else row.display_name
        if name:
            found[key] = name
    return found
