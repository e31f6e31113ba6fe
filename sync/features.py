"""What is kept of one submission to compare it: keyed hashes of its content and identity. And what of it is compared, read from its answers."""

from collections.abc import Sequence
from hashlib import blake2b

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from collector.answers import Tables
from collector.models import Receipt, ReceiptFile, Submission
from collector.stored_submissions import answers_of
from forms.queries import definition_of
from forms.xform import FormDefinition
from sync.matchers import Matcher
from sync.models import MatchFeature, MatchKey
from sync.rules.content import ContentHashes, content_hashes
from sync.rules.identity.plan import Features


def answers_by_path(definition: FormDefinition, tables: Tables) -> dict[str, str | None]:
    """The answers of the root table by path."""
    root = (tables.get(0) or [[]])[0]
    return {
        field.path: root[field.column_no]
        for field in definition.fields
        if field.table_no == 0 and field.column_no is not None and field.column_no < len(root)
    }


def files_of(session: Session, project_id: int, receipt_ids: Sequence[int]) -> dict[int, dict[str, bytes]]:
    """SHA-256 of the files of receipts, by name."""
    query = select(ReceiptFile.receipt_id, ReceiptFile.name, ReceiptFile.sha256).where(
        ReceiptFile.project_id == project_id, ReceiptFile.receipt_id.in_(receipt_ids), ReceiptFile.current
    )
    found: dict[int, dict[str, bytes]] = {}
    for receipt_id, name, sha256 in session.execute(query):
        found.setdefault(receipt_id, {})[name] = sha256
    return found


def hashes_of(
    matcher: Matcher, secret: bytes, definition: FormDefinition, tables: Tables, files: dict[str, bytes]
) -> ContentHashes:
    """The content of a submission, without the questions that the form wants left out of matching."""
    ignored = {path for path, role in matcher.plan.roles.items() if role == "ignore"}
    fields = [field for field in definition.fields if field.path not in ignored]
    return content_hashes(fields, tables, secret, files)


def keep_hashes(session: Session, matcher: Matcher, submission: Submission, hashes: ContentHashes) -> MatchFeature:
    """A row for what is kept of a submission, with the hashes of its content."""
    kept = MatchFeature(
        project_id=matcher.project_id,
        submission_id=submission.id,
        form_id=matcher.form_id,
        receipt_id=submission.current_receipt_id,
        exact_hash=hashes.exact,
        answers_hash=hashes.answers,
        said=hashes.said,
    )
    session.add(kept)
    return kept


def keep_keys(session: Session, matcher: Matcher, submission_id: int, features: Features) -> None:
    own = matcher.keys.of(features, matcher.families) if not matcher.stopped else ()
    if own:
        session.execute(
            insert(MatchKey),
            [{"project_id": matcher.project_id, "h": key, "submission_id": submission_id} for key in own],
        )
    session.flush()


def evidence_of(features: Features, origin: bytes) -> bytes:
    """Hashed with what only servers that hold the submission know: its first version. So it is the same on all of them, and says nothing
    to anybody else."""
    words = " ".join(token.text for token in features.name.tokens)
    said = repr((words, features.values)).encode()
    return blake2b(said, digest_size=16, key=origin, person=b"evidence").digest()


def origin_of(session: Session, project_id: int, submission_id: int) -> bytes:
    """What only servers that hold a submission know of it."""
    first = select(Receipt.xml_sha256).where(Receipt.project_id == project_id, Receipt.id == submission_id)
    return session.scalars(first).one()


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
