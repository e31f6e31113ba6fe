"""What was seen of how interviews were made, as one reader may be told; and why it is as it is, said by people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from accounts.errors import not_found
from accounts.events import Happening, record
from accounts.models import Actor
from collector.masking import is_hidden
from collector.models import Submission
from collector.reading import Selection
from collector.review import named_submission
from config.api_errors import unexpected_value
from forms.models import Form, FormVersion
from forms.queries import definition_of
from sync.models import MatchForm
from sync.models_evidence import SeenEvidence, SeenExplained
from sync.reviewed import told_beside, visible
from sync.rules.interviews import sentence_of_several
from sync.sayings import say

# Rules that say who was where with which phone: nothing for those from whom staff or places are hidden.
ABOUT_STAFF = ("overlapping", "same_second", "same_place")
ABOUT_PLACES = ("same_place",)
# Of a group one sentence is enough; two interviews that overlap are a sentence each.
OF_GROUPS = ("same_second", "same_place")
LONGEST_REASON = 1000
STATES = ("open", "explained", "all")


@dataclass(frozen=True, slots=True)
class Other:
    """An interview beside which something was seen; of which form, by name too."""

    xml_form_id: str
    form_name: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class Explained:
    """Why it is so, who said it and when."""

    reason: str
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What one rule saw of one submission. `others`: those it was seen beside, as far as the reader may see them."""

    submission: Submission
    rule: str
    strength: float
    others: tuple[Other, ...]
    facts: tuple[dict[str, float], ...]
    found_at: datetime
    explained: Explained | None

    def words(self, language: str) -> str:
        """What was seen, in French or English."""
        facts = self.facts[:1] if self.rule in OF_GROUPS else self.facts
        if self.rule in OF_GROUPS:
            facts = ({**facts[0], "count": float(len(self.others) + 1)},)
        return sentence_of_several(self.rule, facts, language)


def seen_of(session: Session, form: Form, selection: Selection, submissions: Sequence[Submission]) -> list[Seen]:
    """All evidence about these submissions that the reader may see, explained or not, the strongest of each first."""
    if not submissions:
        return []
    other = aliased(Submission)
    explained, by = aliased(SeenExplained), aliased(Actor)
    query = (
        select(SeenEvidence, Form.xml_form_id, FormVersion.name, other.instance_id, explained, by.display_name)
        .join(other, (other.project_id == SeenEvidence.project_id) & (other.id == SeenEvidence.other_id))
        .join(Form, (Form.project_id == other.project_id) & (Form.id == other.form_id))
        .join(FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == Form.current_version_id))
        .outerjoin(explained, _explains(explained))
        .outerjoin(by, by.id == explained.actor_id)
        .where(
            SeenEvidence.project_id == form.project_id,
            SeenEvidence.submission_id.in_([each.id for each in submissions]),
            *_shown(session, form, selection),
        )
        .order_by(SeenEvidence.submission_id, SeenEvidence.rule, SeenEvidence.other_id)
    )
    by_id = {each.id: each for each in submissions}
    groups: dict[tuple[int, str], list[tuple[SeenEvidence, Other, Explained | None]]] = {}
    for row, xml_form_id, form_name, name, said, who in session.execute(query):
        why = Explained(said.reason, who, said.created_at) if said is not None else None
        beside = Other(xml_form_id, form_name, name)
        groups.setdefault((row.submission_id, row.rule), []).append((row, beside, why))
    found = [
        Seen(
            submission=by_id[submission_id],
            rule=rule,
            strength=max(row.strength for row, _, _ in rows),
            others=tuple(beside for row, beside, _ in rows if row.other_id != submission_id),
            facts=tuple(_numbers(row) for row, _, _ in rows),
            found_at=max(row.found_at for row, _, _ in rows),
            explained=rows[0][2] if all(why for _, _, why in rows) else None,
        )
        for (submission_id, rule), rows in groups.items()
    ]
    order = {each.id: place for place, each in enumerate(submissions)}
    return sorted(found, key=lambda each: (order[each.submission.id], -each.strength, each.rule))


def seen_in_form(
    session: Session, form: Form, selection: Selection, state: str = "open", rule: str | None = None,
    offset: int = 0, limit: int | None = None,
) -> list[Seen]:  # fmt: skip
    """Evidence about a form that the reader may see, the newest first. `state`: one of STATES."""
    open_rows = func.sum(_is_open())
    query = (
        select(SeenEvidence.submission_id, SeenEvidence.rule)
        .where(
            SeenEvidence.project_id == form.project_id,
            SeenEvidence.form_id == form.id,
            SeenEvidence.submission_id.in_(visible(selection)),
            *_shown(session, form, selection),
        )
        .group_by(SeenEvidence.submission_id, SeenEvidence.rule)
        .order_by(func.max(SeenEvidence.found_at).desc(), SeenEvidence.submission_id.desc(), SeenEvidence.rule)
    )
    if rule is not None:
        query = query.where(SeenEvidence.rule == rule)
    if state != "all":
        query = query.having(open_rows > 0 if state == "open" else open_rows == 0)
    query = query.offset(offset).limit(2**31 if limit is None else limit)
    wanted = [(row[0], row[1]) for row in session.execute(query)]
    ids = {submission_id for submission_id, _ in wanted}
    rows = session.scalars(select(Submission).where(Submission.project_id == form.project_id, Submission.id.in_(ids)))
    found = {(each.submission.id, each.rule): each for each in seen_of(session, form, selection, list(rows))}
    return [found[key] for key in wanted if key in found]


def explain(
    session: Session, form: Form, selection: Selection, instance_id: str, rule: str, reason: str, *, by: int
) -> Seen:
    """Keep why evidence is as it is, for all submissions it is about; Problem 404.1 without it. The last word counts;
    Problem 400.8 for none."""
    if not reason.strip():
        raise unexpected_value("reason", reason, "it must say something", "elle doit dire quelque chose")
    submission, rows = _rows(session, form, selection, instance_id, rule)
    members = {row.submission_id for row in rows} | {row.other_id for row in rows}
    among = select(SeenEvidence).where(
        SeenEvidence.project_id == form.project_id,
        SeenEvidence.rule == rule,
        SeenEvidence.submission_id.in_(members),
        SeenEvidence.other_id.in_(members),
    )
    pairs = {
        (row.submission_id, row.other_id): row.mark
        for row in session.scalars(among)
        if row.submission_id < row.other_id or len(members) == 1
    }
    say(session, form.project_id, rule, ((*pair, mark) for pair, mark in pairs.items()), reason, by=by)
    _record(session, form, submission, rule, by, explained=True)
    return next(each for each in seen_of(session, form, selection, [submission]) if each.rule == rule)


def take_back(session: Session, form: Form, selection: Selection, instance_id: str, rule: str, *, by: int) -> Seen:
    """Show evidence again that was explained; Problem 404.1 without it."""
    submission, rows = _rows(session, form, selection, instance_id, rule)
    members = {row.submission_id for row in rows} | {row.other_id for row in rows}
    query = select(SeenExplained).where(
        SeenExplained.project_id == form.project_id,
        SeenExplained.rule == rule,
        SeenExplained.submission_id.in_(members),
        SeenExplained.other_id.in_(members),
        SeenExplained.submission_id <= SeenExplained.other_id,
    )
    explained = [(each.submission_id, each.other_id, each.mark) for each in session.scalars(query)]
    say(session, form.project_id, rule, explained, None, by=by)
    _record(session, form, submission, rule, by, explained=False)
    return next(each for each in seen_of(session, form, selection, [submission]) if each.rule == rule)


def _record(session: Session, form: Form, submission: Submission, rule: str, by: int, *, explained: bool) -> None:
    # Of the form, not of the submission: its history is read by more than those who may review.
    details = {"rule": rule, "explained": explained, "submissionId": submission.id}
    happening = Happening(form.project_id, "evidence.explain", by, form_id=form.id, details=details)
    record(session, happening)


def _rows(
    session: Session, form: Form, selection: Selection, instance_id: str, rule: str
) -> tuple[Submission, list[SeenEvidence]]:
    submission = named_submission(session, selection, instance_id)
    query = select(SeenEvidence).where(
        SeenEvidence.project_id == form.project_id,
        SeenEvidence.submission_id == submission.id,
        SeenEvidence.rule == rule,
        *_shown(session, form, selection),
    )
    rows = list(session.scalars(query))
    if not rows:
        raise not_found()
    return submission, rows


def hidden_rules(session: Session, form: Form, selection: Selection) -> set[str]:
    """Rules whose evidence would tell what is hidden from the reader."""
    if not selection.mask.hidden:
        return set()
    hidden = set(ABOUT_STAFF) if selection.mask.hides_staff else set()
    kept = session.get(MatchForm, (form.project_id, form.id))
    if kept is None:
        return hidden
    fields = definition_of(session, form.project_id, kept.version_id).fields
    covered = {field.path for field in fields if is_hidden(field, selection.mask)}
    if any(role in ("gps", "household", "person_id", "name") and path in covered for path, role in kept.roles.items()):
        hidden |= set(ABOUT_PLACES)
    # Which grid it is stands in the evidence; that one of its questions is hidden is enough.
    return hidden | ({"straight_lining"} if covered - kept.roles.keys() else set())


def _shown(session: Session, form: Form, selection: Selection) -> list[ColumnElement[bool]]:
    """What of the evidence the reader may see: of rules that tell nothing hidden, beside submissions in the reader's scope."""
    hidden = hidden_rules(session, form, selection)
    visible = [told_beside(selection)]
    return [*visible, SeenEvidence.rule.not_in(hidden)] if hidden else visible


def _explains(table: type[SeenExplained]) -> ColumnElement[bool]:
    return and_(
        table.project_id == SeenEvidence.project_id,
        table.submission_id == SeenEvidence.submission_id,
        table.rule == SeenEvidence.rule,
        table.other_id == SeenEvidence.other_id,
        table.mark == SeenEvidence.mark,
    )


def open_evidence() -> ColumnElement[bool]:
    """Nobody has explained it as it is now."""
    return ~exists().where(_explains(SeenExplained)).correlate(SeenEvidence)


def _is_open() -> ColumnElement[int]:
    return case((open_evidence(), 1), else_=0)


def _numbers(row: SeenEvidence) -> dict[str, float]:
    return {name: float(value) for name, value in row.facts.items() if isinstance(value, int | float)}
