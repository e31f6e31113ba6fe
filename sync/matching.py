"""Match one submission against all others of its form: hashes, keys, candidates, scores. Seconds after it came, never while it comes."""

from dataclasses import dataclass, replace

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from collector.models import Receipt, Submission
from collector.stored_submissions import answers_of
from config.clock import now
from config.storage import Storage
from forms.models import Form
from forms.queries import definition_of
from sync import effects, near_books, seeing
from sync.corroborating import corroborates
from sync.decisions import pair_evidence
from sync.features import (
    answers_by_path,
    evidence_of,
    features_of,
    files_of,
    hashes_of,
    keep_hashes,
    keep_keys,
    origin_of,
)
from sync.interviews import AUDIT, seconds_in_log
from sync.matchers import Matcher, matcher_of
from sync.models import MatchFeature, MatchKey, MatchPair
from sync.rules.content import ContentHashes
from sync.rules.identity.finding import shortlist
from sync.rules.identity.keys import GENERIC_FROM
from sync.rules.identity.plan import Features
from sync.rules.near_copies import NearCopy
from sync.verdicts import settle_copy

# Pairs less likely than about one in fifty are not worth a row.
KEPT_FROM_BITS = -5.5
# Equal content of fewer answers is no surprise.
LEAST_SAID = 5
# More exact copies of one content than this are a form without questions, not a hundred restored phones.
MOST_COPIES = 50


def match(session: Session, project_id: int, submission_id: int, secret: bytes, storage: Storage | None = None) -> int:
    """Bring everything kept of a submission to its current version, or forget it when it is gone, a test, or of a draft; the number of
    pairs it is in. The same again changes nothing. Without `storage` its log is not read, and it took as long as from start to end."""
    pairs = _match(session, project_id, submission_id, secret, storage)
    effects.follow(session, project_id, submission_id)
    return pairs


def _match(session: Session, project_id: int, submission_id: int, secret: bytes, storage: Storage | None) -> int:
    row = session.execute(
        select(Submission, Receipt.form_version_id)
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .where(Submission.project_id == project_id, Submission.id == submission_id)
    ).first()
    if row is None:
        return 0
    submission, version_id = row
    # First of all, as whoever decides does: pairs are written by both.
    effects.lock_form(session, project_id, submission.form_id)
    forget(session, project_id, submission_id)
    left_out = submission.deleted_at or submission.training or submission.draft_version_id
    tables = answers_of(session, project_id, [submission.current_receipt_id]).get(submission.current_receipt_id)
    if left_out or tables is None or version_id is None:
        # Encrypted ones have no answers: there is nothing to compare.
        near_books.drop(session, project_id, submission.form_id, submission_id)
        seeing.forget(session, project_id, submission_id)
        return 0
    definition = definition_of(session, project_id, version_id)
    matcher = matcher_of(session, project_id, submission.form_id, version_id, secret)
    answers = answers_by_path(definition, tables)
    features = matcher.plan.read(answers)
    place = (project_id, submission.form_id, submission_id)
    origin = origin_of(session, project_id, submission_id)
    near = near_books.keep(session, place, version_id, answers, matcher.secret, origin)
    files = files_of(session, project_id, [submission.current_receipt_id]).get(submission.current_receipt_id, {})
    hashes = hashes_of(matcher, matcher.secret, definition, tables, files)
    kept = keep_hashes(session, matcher, submission, hashes)
    kept.evidence = evidence_of(features, origin)
    kept.vector, kept.near_evidence = (near.vector, near.evidence) if near else (None, None)
    keep_keys(session, matcher, submission_id, features)
    log = seconds_in_log(storage, files[AUDIT]) if storage and AUDIT in files else None
    seeing.keep(session, matcher, submission, version_id, answers, (kept.said, log))
    copies = _copies(session, matcher, submission_id, hashes)
    if matcher.former:
        copies |= _copies(
            session, matcher, submission_id, hashes_of(matcher, matcher.former[1], definition, tables, files)
        )
    pairs = _near(session, matcher, submission_id, copies)
    if not matcher.stopped:
        pairs |= _scored(session, matcher, submission_id, features, pairs)
    _write_pairs(session, matcher, kept, pairs)
    _settle(session, submission, kept, pairs)
    return len(pairs)


def forget(session: Session, project_id: int, submission_id: int) -> None:
    """Remove what can be made again of a submission: keys, hashes, pairs. Decisions stay."""
    for table in (MatchKey, MatchFeature):
        session.execute(delete(table).where(table.project_id == project_id, table.submission_id == submission_id))
    for side in (MatchPair.one_id, MatchPair.other_id):
        session.execute(delete(MatchPair).where(MatchPair.project_id == project_id, side == submission_id))


def _copies(session: Session, matcher: Matcher, submission_id: int, hashes: ContentHashes) -> dict[int, "_Found"]:
    """Submissions of equal content."""
    if hashes.said < LEAST_SAID:
        return {}
    query = (
        select(MatchFeature.submission_id, MatchFeature.exact_hash, MatchFeature.evidence)
        .where(
            MatchFeature.project_id == matcher.project_id,
            MatchFeature.form_id == matcher.form_id,
            MatchFeature.answers_hash == hashes.answers,
            MatchFeature.submission_id != submission_id,
        )
        # Not by the column alone: without statistics SQLite would walk through the whole form in its order.
        .order_by(MatchFeature.submission_id + 0)
        .limit(MOST_COPIES)
    )
    return {
        other: _Found(None, "exact" if exact == hashes.exact else "answers", evidence)
        for other, exact, evidence in session.execute(query)
    }


@dataclass(frozen=True, slots=True)
class _Found:
    bits: float | None
    copy: str | None
    evidence: bytes
    near: NearCopy | None = None
    near_evidence: bytes | None = None


def _near(session: Session, matcher: Matcher, submission_id: int, found: dict[int, _Found]) -> dict[int, _Found]:
    """What was found, and the submissions that agree beyond chance."""
    near = near_books.copies_of(session, matcher.project_id, matcher.form_id, submission_id)
    query = select(MatchFeature.submission_id, MatchFeature.evidence, MatchFeature.near_evidence).where(
        MatchFeature.project_id == matcher.project_id,
        MatchFeature.form_id == matcher.form_id,
        MatchFeature.submission_id.in_(near),
    )
    # What is not there any more was erased meanwhile.
    for other, evidence, near_evidence in session.execute(query) if near else ():
        known = found.get(other) or _Found(None, None, evidence)
        found[other] = replace(known, near=near[other], near_evidence=near_evidence)
    return found


def _scored(
    session: Session, matcher: Matcher, submission_id: int, features: Features, known: dict[int, _Found]
) -> dict[int, _Found]:
    """Candidates by key, and those known otherwise, with their scores; those not worth a row are left out."""
    hits: list[tuple[int, int]] = []
    for key in matcher.looked_up(features):
        query = (
            select(MatchKey.h, MatchKey.submission_id)
            .where(
                MatchKey.project_id == matcher.project_id, MatchKey.h == key, MatchKey.submission_id != submission_id
            )
            .limit(GENERIC_FROM + 1)
        )
        hits += [(h, other) for h, other in session.execute(query)]
    others = list(dict.fromkeys([*known, *shortlist(hits)]))
    found: dict[int, _Found] = {}
    for other, (theirs, evidence) in features_of(session, matcher, others).items():
        bits = matcher.scorer.bits(features, theirs)
        if other in known:
            found[other] = replace(known[other], bits=bits)
        elif bits >= KEPT_FROM_BITS:
            found[other] = _Found(bits, None, evidence)
    return found


def _settle(session: Session, submission: Submission, kept: MatchFeature, pairs: dict[int, _Found]) -> None:
    """Of the same content, times included, one stays: the first of all of them by name, on every server."""
    if not any(found.copy == "exact" for found in pairs.values()):
        return
    first = (
        select(Submission.instance_id, MatchFeature.evidence)
        .join(
            MatchFeature,
            (MatchFeature.project_id == Submission.project_id) & (MatchFeature.submission_id == Submission.id),
        )
        .where(
            MatchFeature.project_id == submission.project_id,
            MatchFeature.form_id == submission.form_id,
            MatchFeature.answers_hash == kept.answers_hash,
            MatchFeature.exact_hash == kept.exact_hash,
            MatchFeature.submission_id != submission.id,
        )
        .order_by(Submission.instance_id)
        .limit(1)
    )
    form = session.get(Form, (submission.project_id, submission.form_id))
    row = session.execute(first).first()
    if form is not None and row is not None and not corroborates(session, form):
        settle_copy(session, form, submission.instance_id, row[0], pair_evidence(kept.evidence, row[1]))


def _write_pairs(session: Session, matcher: Matcher, kept: MatchFeature, pairs: dict[int, _Found]) -> None:
    standard = near_books.standard_of(session, matcher.project_id, matcher.form_id)
    rows = [
        {
            "project_id": matcher.project_id,
            "one_id": min(kept.submission_id, other),
            "other_id": max(kept.submission_id, other),
            "form_id": matcher.form_id,
            "bits": found.bits,
            "copy": found.copy,
            "evidence": pair_evidence(kept.evidence, found.evidence),
            "near": _near_json(found.near, standard) if found.near else None,
            "near_evidence": pair_evidence(kept.near_evidence or b"", found.near_evidence or b"")
            if found.near
            else None,
            "model_no": matcher.model_no,
            "found_at": now(),
        }
        for other, found in pairs.items()
    ]
    if rows:
        session.execute(insert(MatchPair), rows)


def _near_json(near: NearCopy, least: float) -> dict[str, float]:
    return {
        "agreeing": near.agreeing,
        "compared": near.compared,
        "rare": near.rare,
        "bits": round(near.bits, 1),
        "least": round(least, 1),
    }
