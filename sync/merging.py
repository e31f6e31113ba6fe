"""Merge suspected duplicates: answers chosen of several, in a version of the one that is kept; the others give way to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.models import Actor
from accounts.roles import verbs_of
from accounts.scopes import EVERYTHING, scope_of
from collector.classify import Rules
from collector.masking import is_hidden
from collector.merge import Chosen, made_before, merge_answers
from collector.merge_errors import of_another_form
from collector.merged_files import bring_late_files
from collector.models import Receipt, Submission
from collector.reading import Selection
from collector.review import named_submission
from config.api_errors import unexpected_value
from config.problem import Problem
from forms.models import Form
from forms.queries import definition_of
from sync.corroborating import corroborates
from sync.decisions import LONGEST_REASON, Decision
from sync.effects import decisions_of, lock_form, take_effect
from sync.verdicts import Told, enact, standing_of, unmerge, with_reasons

MOST_OTHERS = 20


@dataclass(frozen=True, slots=True)
class Merge:
    """What is to become of several: `fields` says by path of whom an answer is taken, where it is not of `keep`; `values`: by path, what
    stands in place of something calculated. `seen`: as of a verdict."""

    keep: str
    others: Sequence[str]
    fields: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    seen: Sequence[str] | None = None
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merged:
    """`version`: the instanceID of the version that was made; a decision for each of the others; `follows`: as of a MergedVersion."""

    version: str
    decisions: list[Decision]
    follows: Mapping[str, Sequence[str]] = field(default_factory=dict)


def merge(
    session: Session, form: Form, selection: Selection, given: Merge, rules: Rules, secret: bytes, *, by: int
) -> Merged:
    """Merge submissions that the caller may see; Problem 404.1, 400.8, 409.3. The same merge by the same person again is the one that
    was made. Undone like every verdict, the kept one is as it was before."""
    fields = {path: name for path, name in given.fields.items() if name != given.keep}
    _require_sense(given, fields)
    if corroborates(session, form):
        raise unexpected_value(
            "verdict",
            "merge",
            "reports of one event are linked, none is left out",
            "les signalements d’un même événement sont reliés, aucun n’est écarté",
        )
    kept = _named(session, form, selection, given.keep, by)
    others = [_named(session, form, selection, name, by) for name in given.others]
    lock_form(session, form.project_id, form.id)
    done = _done_already(session, form, kept, given, fields, by)
    if done is not None:
        return done
    _require_seen(session, selection, kept, [*fields, *given.values])
    # What was merged before is taken back first: answers are chosen of what stood there.
    undone = _take_back_earlier(session, form, kept, others, given.seen, by)
    taken = {other.id: [path for path, name in fields.items() if name == other.instance_id] for other in others}
    made = merge_answers(session, kept, Chosen(taken, given.values), rules, secret, by=by)
    decisions = []
    for other in others:
        told = Told(
            "merge",
            given.keep,
            dict.fromkeys(taken[other.id], other.instance_id),
            made.instance_id,
            given.reason[:LONGEST_REASON],
            None if given.seen is None else [*given.seen, *undone],
        )
        decisions.append(enact(session, form, [kept, other], told, by=by))
    take_effect(session, form, [given.keep, *given.others], by=by)
    return Merged(made.instance_id, decisions, made.follows)


def _require_sense(given: Merge, fields: Mapping[str, str]) -> None:
    if not given.others or len(given.others) > MOST_OTHERS or len(set(given.others)) != len(given.others):
        raise unexpected_value(
            "others",
            list(given.others),
            f"name 1 to {MOST_OTHERS}, each once",
            f"de 1 à {MOST_OTHERS}, chacune une fois",
        )
    if given.keep in given.others:
        raise unexpected_value(
            "keep", given.keep, "it cannot be one of the others", "ce ne peut pas être l’une des autres"
        )
    strange = [name for name in fields.values() if name not in given.others]
    if strange:
        raise unexpected_value("fields", strange[0], "it must be one of those merged", "ce doit être l’une des fiches")
    if not fields and not given.values:
        raise unexpected_value(
            "fields",
            {},
            "take at least one answer of another; without any, say which one to keep",
            "prenez au moins une réponse d’une autre ; sans cela, dites laquelle garder",
        )


def _named(session: Session, form: Form, selection: Selection, instance_id: str, by: int) -> Submission:
    try:
        return named_submission(session, selection, instance_id)
    except Problem:
        if _is_elsewhere(session, form, instance_id, by):
            raise of_another_form(instance_id) from None
        raise


def _is_elsewhere(session: Session, form: Form, instance_id: str, by: int) -> bool:
    """Whether it is a submission of another form, of those that the person may read."""
    claims = select(Receipt.form_id).where(
        Receipt.project_id == form.project_id,
        Receipt.instance_id == instance_id,
        Receipt.form_id != form.id,
        Receipt.version_no == 1,
        Receipt.draft_version_id == 0,
    )
    scope = scope_of(session, by, form.project_id)
    for form_id in session.scalars(claims).all():
        there = Selection(form.project_id, form_id, scope)
        if "submission.read" in verbs_of(session, by, form.project_id, form_id) and session.scalar(
            select(Submission.id).where(*there.every(), *there.named(instance_id))
        ):
            return True
    return False


def _done_already(
    session: Session, form: Form, kept: Submission, given: Merge, fields: Mapping[str, str], by: int
) -> Merged | None:
    author = session.scalars(select(Actor.uid).where(Actor.id == by)).one()
    found = []
    for name in given.others:
        one, other = sorted((given.keep, name))
        standing = standing_of(session, form, one, other)
        heads = standing.heads if standing else ()
        own = {path: each for path, each in fields.items() if each == name}
        if len(heads) != 1 or (heads[0].verdict, heads[0].keep, dict(heads[0].fields), heads[0].by) != (
            "merge",
            given.keep,
            own,
            author,
        ):
            return None
        found.append(heads[0])
    if len({each.version for each in found}) != 1:
        return None
    made = made_before(session, kept, found[0].version, given.values)
    return (
        None if made is None else Merged(made.instance_id, with_reasons(session, form.project_id, found), made.follows)
    )


def _require_seen(session: Session, selection: Selection, kept: Submission, fields: Sequence[str]) -> None:
    """Nobody chooses between answers that are hidden from them."""
    receipt = session.get_one(Receipt, (kept.project_id, kept.current_receipt_id))
    definition = definition_of(session, kept.project_id, receipt.form_version_id or 0)
    for each in definition.fields:
        inside = any(each.path == path or each.path.startswith(f"{path}/") for path in fields)
        if inside and is_hidden(each, selection.mask):
            raise unexpected_value("fields", each.path, "it is hidden from you", "elle vous est cachée")


def _take_back_earlier(
    session: Session, form: Form, kept: Submission, others: Sequence[Submission], seen: Sequence[str] | None, by: int
) -> list[str]:
    """Undo earlier merges of these into the kept one; what was decided with that."""
    made: list[str] = []
    for other in others:
        one, second = sorted((kept.instance_id, other.instance_id))
        standing = standing_of(session, form, one, second)
        for head in standing.heads if standing else ():
            if head.version and head.keep == kept.instance_id and (seen is None or head.uid in seen):
                made += [each.uid for each in unmerge(session, form, head, by=by)]
    return made


def bring_files_along(session: Session, project_id: int, submission_id: int) -> None:
    """Files have come for a submission: the versions that took answers of it get them too."""
    source = session.get(Submission, (project_id, submission_id))
    if source is None or source.draft_version_id:
        return
    form = session.get_one(Form, (project_id, source.form_id))
    every = Selection(project_id, form.id, EVERYTHING, with_trash=True)
    for each in list(decisions_of(session, form, [source.instance_id])):
        if not each.version or each.keep in (None, source.instance_id):
            continue
        query = select(Submission).where(*every.every(), *every.named(each.keep or ""))
        kept = session.scalars(query).first()
        if kept is not None:
            bring_late_files(session, kept, each.version, source, list(each.fields))
