"""Match one submission against all others of its form: hashes, keys, candidates, scores. Seconds after it came, never while it comes."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from collector.answers import Tables
from collector.models import Receipt, ReceiptFile, Submission
from collector.stored_submissions import answers_of
from config.clock import now
from forms.models import Form
from forms.queries import definition_of
from forms.xform import FormDefinition
from sync import effects
from sync.deciding import settle_copies
from sync.decisions import pair_evidence
from sync.matchers import Matcher, matcher_of
from sync.models import MatchFeature, MatchKey, MatchPair
from sync.rules.content import content_hashes
from sync.rules.identity.finding import shortlist
from sync.rules.identity.keys import GENERIC_FROM
from sync.rules.identity.plan import Features

# Pairs less likely than about one in fifty are not worth a row.
KEPT_FROM_BITS = -5.5
# Equal content of fewer answers is no surprise.
LEAST_SAID = 5
# More exact copies of one content than this are a form without questions, not a hundred restored phones.
MOST_COPIES = 50


def match(session: Session, project_id: int, submission_id: int, secret: bytes) -> int:
    """Bring everything kept of a submission to its current version, or forget it when it is gone, a test, or of a draft; the number of
    pairs it is in. The same again changes nothing."""
    pairs = _match(session, project_id, submission_id, secret)
    effects.follow(session, project_id, submission_id)
    return pairs


def _match(session: Session, project_id: int, submission_id: int, secret: bytes) -> int:
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
    if submission.deleted_at or submission.training or submission.draft_version_id or version_id is None:
        return 0
    tables = answers_of(session, project_id, [submission.current_receipt_id]).get(submission.current_receipt_id)
    if tables is None:
        # Encrypted: there is nothing to compare.
        return 0
    definition = definition_of(session, project_id, version_id)
    matcher = matcher_of(session, project_id, submission.form_id, version_id, secret)
    features = matcher.plan.read(answers_by_path(definition, tables))
    kept = _keep_hashes(session, matcher, submission, definition, tables, features)
    pairs = _copies(session, matcher, kept)
    if not matcher.stopped:
        pairs |= _scored(session, matcher, submission_id, features, pairs)
    _write_pairs(session, matcher, submission_id, kept.evidence, pairs)
    _settle(session, submission, kept.evidence, pairs)
    return len(pairs)


def forget(session: Session, project_id: int, submission_id: int) -> None:
    """Remove what can be made again of a submission: keys, hashes, pairs. Decisions stay."""
    for table in (MatchKey, MatchFeature):
        session.execute(delete(table).where(table.project_id == project_id, table.submission_id == submission_id))
    for side in (MatchPair.one_id, MatchPair.other_id):
        session.execute(delete(MatchPair).where(MatchPair.project_id == project_id, side == submission_id))


def answers_by_path(definition: FormDefinition, tables: Tables) -> dict[str, str | None]:
    """The answers of the root table by path."""
    root = (tables.get(0) or [[]])[0]
    return {
        field.path: root[field.column_no]
        for field in definition.fields
        if field.table_no == 0 and field.column_no is not None and field.column_no < len(root)
    }


def _keep_hashes(
    session: Session,
    matcher: Matcher,
    submission: Submission,
    definition: FormDefinition,
    tables: Tables,
    features: Features,
) -> MatchFeature:
    current = select(ReceiptFile.name, ReceiptFile.sha256).where(
        ReceiptFile.project_id == matcher.project_id,
        ReceiptFile.receipt_id == submission.current_receipt_id,
        ReceiptFile.current,
    )
    files = {row[0]: row[1] for row in session.execute(current)}
    ignored = {path for path, role in matcher.plan.roles.items() if role == "ignore"}
    fields = [field for field in definition.fields if field.path not in ignored]
    hashes = content_hashes(fields, tables, matcher.secret, files)
    kept = MatchFeature(
        project_id=matcher.project_id,
        submission_id=submission.id,
        form_id=matcher.form_id,
        receipt_id=submission.current_receipt_id,
        exact_hash=hashes.exact,
        answers_hash=hashes.answers,
        said=hashes.said,
        evidence=_evidence(session, matcher, submission.id, features),
    )
    session.add(kept)
    own = matcher.keys.of(features, matcher.families) if not matcher.stopped else ()
    if own:
        session.execute(
            insert(MatchKey),
            [{"project_id": matcher.project_id, "h": key, "submission_id": submission.id} for key in own],
        )
    session.flush()
    return kept


def _evidence(session: Session, matcher: Matcher, submission_id: int, features: Features) -> bytes:
    """Hashed with what only servers that hold the submission know: its first version. So it is the same on all of them, and says nothing
    to anybody else."""
    first = select(Receipt.xml_sha256).where(Receipt.project_id == matcher.project_id, Receipt.id == submission_id)
    words = " ".join(token.text for token in features.name.tokens)
    said = repr((words, features.values)).encode()
    return blake2b(said, digest_size=16, key=session.scalars(first).one(), person=b"evidence").digest()


def _copies(session: Session, matcher: Matcher, kept: MatchFeature) -> dict[int, "_Found"]:
    """Submissions of equal content."""
    if kept.said < LEAST_SAID:
        return {}
    query = (
        select(MatchFeature.submission_id, MatchFeature.exact_hash, MatchFeature.evidence)
        .where(
            MatchFeature.project_id == matcher.project_id,
            MatchFeature.form_id == matcher.form_id,
            MatchFeature.answers_hash == kept.answers_hash,
            MatchFeature.submission_id != kept.submission_id,
        )
        .order_by(MatchFeature.submission_id)
        .limit(MOST_COPIES)
    )
    return {
        other: _Found(None, "exact" if exact == kept.exact_hash else "answers", evidence)
        for other, exact, evidence in session.execute(query)
    }


@dataclass(frozen=True, slots=True)
class _Found:
    bits: float | None
    copy: str | None
    evidence: bytes


def _scored(
    session: Session, matcher: Matcher, submission_id: int, features: Features, copies: dict[int, _Found]
) -> dict[int, _Found]:
    """Candidates by key, and the copies, with their scores; those not worth a row are left out."""
    hits: list[tuple[int, int]] = []
    for key in matcher.keys.of(features, matcher.families):
        query = (
            select(MatchKey.h, MatchKey.submission_id)
            .where(
                MatchKey.project_id == matcher.project_id, MatchKey.h == key, MatchKey.submission_id != submission_id
            )
            .limit(GENERIC_FROM + 1)
        )
        hits += [(h, other) for h, other in session.execute(query)]
    others = list(dict.fromkeys([*copies, *shortlist(hits)]))
    found: dict[int, _Found] = {}
    for other, (theirs, evidence) in features_of(session, matcher, others).items():
        bits = matcher.scorer.bits(features, theirs)
        copy = copies[other].copy if other in copies else None
        if copy or bits >= KEPT_FROM_BITS:
            found[other] = _Found(bits, copy, evidence)
    return found


def features_of(session: Session, matcher: Matcher, submission_ids: Sequence[int]) -> dict[int, tuple[Features, bytes]]:
    """What is compared of submissions that are matched, read from their answers, and the hash of it."""
    if not submission_ids:
        return {}
    rows = session.execute(
        select(MatchFeature.submission_id, MatchFeature.receipt_id, MatchFeature.evidence, Receipt.form_version_id)
        .join(Receipt, (Receipt.project_id == MatchFeature.project_id) & (Receipt.id == MatchFeature.receipt_id))
        .where(MatchFeature.project_id == matcher.project_id, MatchFeature.submission_id.in_(submission_ids))
    ).all()
    answers = answers_of(session, matcher.project_id, [row.receipt_id for row in rows])
    found = {}
    for row in rows:
        if row.form_version_id is not None and row.receipt_id in answers:
            definition = definition_of(session, matcher.project_id, row.form_version_id)
            told = answers_by_path(definition, answers[row.receipt_id])
            found[row.submission_id] = (matcher.plan.read(told), row.evidence)
    return found


def _settle(session: Session, submission: Submission, evidence: bytes, pairs: dict[int, _Found]) -> None:
    copies = [other for other, found in pairs.items() if found.copy == "exact"]
    if not copies:
        return
    form = session.get(Form, (submission.project_id, submission.form_id))
    names = select(Submission.id, Submission.instance_id).where(
        Submission.project_id == submission.project_id, Submission.id.in_(copies)
    )
    if form is not None:
        settle_copies(
            session,
            form,
            [
                (submission.instance_id, instance_id, pair_evidence(evidence, pairs[other].evidence))
                for other, instance_id in session.execute(names)
            ],
        )


def _write_pairs(
    session: Session, matcher: Matcher, submission_id: int, evidence: bytes, pairs: dict[int, _Found]
) -> None:
    rows = [
        {
            "project_id": matcher.project_id,
            "one_id": min(submission_id, other),
            "other_id": max(submission_id, other),
            "form_id": matcher.form_id,
            "bits": found.bits,
            "copy": found.copy,
            "evidence": pair_evidence(evidence, found.evidence),
            "model_no": matcher.model_no,
            "found_at": now(),
        }
        for other, found in pairs.items()
    ]
    if rows:
        session.execute(insert(MatchPair), rows)
