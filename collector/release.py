"""Receipts that waited: an edit whose original has come, a form version that has been published, a supervisor's word."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from accounts.events import Happening, record
from collector import receipts
from collector.answers import Answers, read_answers
from collector.arrival import unpacked
from collector.classify import Candidate, Rules, Verdict, classify
from collector.files import fill_gaps, mark_expected, stored_files_of
from collector.models import WAITING as WAITS
from collector.receipts import Known
from collector.submission_xml import encrypted_parts, parse
from collector.versions import Origin, make_version, read_form
from config.clock import now
from config.problem import Problem
from config.statements import Row, Statement, read_moment

WAITING = ("held", "quarantined", "conflict")
_ANY = 1 << 30
_ONE = Statement(
    "SELECT r.id, r.xml_form_id, r.form_id, r.draft_version_id, r.xml_sha256, r.status, r.reason, r.submission_id, r.version_no, "
    "r.deprecated_id, r.expected, r.instance_id, r.form_version, r.actor_id, r.device_id, r.received_at, "
    "r.form_version_id, coalesce(a.training, ?) "
    "FROM receipt r LEFT JOIN app_user a ON a.actor_id = r.actor_id WHERE r.project_id = ? AND r.id = ?",
    # Two processes may look at it at once: the second waits, and then reads what the first has made of it.
    lock="FOR UPDATE OF r",
)
_WAITING_FOR_VERSION = Statement(
    "SELECT id FROM receipt WHERE project_id = ? AND status = 'quarantined' AND xml_form_id = ? AND form_version = ? "  # noqa: S608
    f"AND reason = 'unknown_version' AND {WAITS} ORDER BY id LIMIT ?"
)
_WAITING_LATE = Statement(
    "SELECT id FROM receipt WHERE project_id = ? AND status = 'quarantined' AND form_id = ? AND reason IN ('late', 'form_deleted') "  # noqa: S608
    f"AND {WAITS} ORDER BY id LIMIT ?"
)
_REUNITED = Statement(
    "SELECT r.id FROM receipt r WHERE r.project_id = ? AND r.status = 'held' AND r.status IN ('conflict', 'held', 'quarantined') "
    "AND EXISTS (SELECT 1 FROM receipt p WHERE p.project_id = r.project_id AND p.instance_id = r.deprecated_id "
    "AND p.form_id = r.form_id AND p.draft_version_id = r.draft_version_id AND p.version_no IS NOT NULL) ORDER BY r.id LIMIT ?"
)


def release_children(connection: Connection, project_id: int, instance_id: str, parent: Known, rules: Rules) -> None:
    """Settle every held edit that waited for this instance, and those that waited for them, in this same transaction."""
    # What a person chose for the parent was said of the parent alone.
    rules = replace(rules, supervised=False, as_version_id=None, adopt=False, chosen=False)
    waiting = [(instance_id, parent)]
    while waiting:
        name, version = waiting.pop(0)
        for receipt_id in receipts.held_children(
            connection, project_id, name, version.form_id, version.draft_version_id
        ):
            settled = reclassify(connection, project_id, receipt_id, rules, follow=False)
            if settled is not None and settled[1].version_no is not None:
                waiting.append(settled)


def release_for_version(
    connection: Connection, project_id: int, xml_form_id: str, version: str, rules: Rules, limit: int
) -> int:
    """Settle receipts that waited for a form version just published; how many (call again while it is `limit`)."""
    return _release(
        connection, project_id, _WAITING_FOR_VERSION.rows(connection, (project_id, xml_form_id, version, limit)), rules
    )


def release_late(connection: Connection, project_id: int, form_id: int, rules: Rules, limit: int) -> int:
    """Settle receipts that came while their form was closed or deleted; how many (call again while it is `limit`)."""
    return _release(connection, project_id, _WAITING_LATE.rows(connection, (project_id, form_id, limit)), rules)


def _release(connection: Connection, project_id: int, rows: list[Row], rules: Rules) -> int:
    settled = [reclassify(connection, project_id, row[0], rules) for row in rows]
    # Those that stay as they are would be found again: whoever asks again while there are more must come to an end.
    return len(rows) if any(settled) else 0


def reunited(connection: Connection, project_id: int, limit: int) -> list[int]:
    """Held edits whose original is here: two processes stored the two at the same moment and neither saw the other.

    To be asked whenever events have been followed, since one of the two is committed last; `reclassify` settles them.
    """
    return [row[0] for row in _REUNITED.rows(connection, (project_id, limit))]


def reclassify(
    connection: Connection,
    project_id: int,
    receipt_id: int,
    rules: Rules,
    *,
    follow: bool = True,
    by: int | None = None,
) -> tuple[str, Known] | None:
    """Apply the rules of receiving to a waiting receipt as if it had just come; its instanceID and what it has become.

    None when it stays as it is or does not wait (any more). Limits and refusals are for new arrivals: it has been promised
    a place. Problem 404.1 when its form is not here at all and a person asked.
    """
    row = _ONE.row(connection, (False, project_id, receipt_id))
    if row is None or row[5] not in WAITING:
        return None
    receipt = receipts.known(row)
    instance_id, version, actor_id, device_id, received_at, version_id, training = row[11:]
    origin = Origin(project_id, instance_id, actor_id, device_id, bool(training), read_moment(received_at))
    xml = unpacked(receipts.stored_xml(connection, project_id, receipt_id))
    known = [each for each in receipts.receipts_of(connection, project_id, instance_id) if each.id != receipt_id]
    form, admitted = None, receipt.status != "quarantined"
    if not receipt.draft_version_id and not admitted:
        form = receipts.form_state(connection, project_id, receipt.xml_form_id, version, b"")
    candidate = Candidate(
        project_id=project_id,
        xml_form_id=receipt.xml_form_id,
        version=version,
        draft_version_id=receipt.draft_version_id,
        instance_id=instance_id,
        deprecated_id=receipt.deprecated_id,
        actor_id=actor_id,
        read=lambda: xml,
        admitted_version_id=version_id if admitted else None,
    )
    verdict = classify(
        connection, candidate, known, form, replace(rules, late="keep", conflict_limit=_ANY, conflict_quota=_ANY)
    )
    if isinstance(verdict, Problem):
        if rules.supervised:
            raise verdict
        return None
    if (verdict.status, verdict.reason) == (receipt.status, receipt.reason):
        return None
    settled = _settle(connection, origin, receipt, verdict, xml, by)
    if follow and settled.version_no is not None:
        release_children(connection, project_id, instance_id, settled, rules)
    return instance_id, settled


def _settle(
    connection: Connection, origin: Origin, receipt: Known, verdict: Verdict, xml: bytes, by: int | None
) -> Known:
    answers, expected = _read(connection, origin.project_id, verdict, xml)
    submission_id = receipt.id if verdict.version_no == 1 else verdict.submission_id
    settled = replace(
        receipt,
        form_id=verdict.form_id,
        status=verdict.status,
        reason=verdict.reason,
        submission_id=submission_id,
        version_no=verdict.version_no,
        expected=expected,
    )
    receipts.settle_receipt(
        connection,
        origin.project_id,
        receipt.id,
        status=verdict.status,
        reason=verdict.reason,
        form_id=verdict.form_id,
        form_version_id=verdict.form_version_id,
        submission_id=submission_id,
        version_no=verdict.version_no,
        expected=expected,
    )
    mark_expected(connection, origin.project_id, receipt.id, expected)
    details = {"from": receipt.status, "to": verdict.status, "reason": verdict.reason}
    record(
        connection,
        Happening(
            origin.project_id,
            "receipt.released",
            by,
            form_id=verdict.form_id or None,
            submission_id=submission_id,
            receipt_id=receipt.id,
            details=details,
        ),
    )
    moment = now()
    if verdict.version_no is not None:
        make_version(connection, origin, settled, verdict, answers, moment)
    elif verdict.status == "same_content":
        _fill_claim(connection, origin, settled, moment)
    return settled


def _fill_claim(connection: Connection, origin: Origin, copy: Known, moment: datetime) -> None:
    """A copy of equal content may have brought files that the version lacks."""
    for claim in receipts.receipts_of(connection, origin.project_id, origin.instance_id):
        if claim.version_no is not None and claim.submission_id == copy.submission_id:
            fill_gaps(
                connection,
                origin.project_id,
                claim,
                stored_files_of(connection, origin.project_id, copy.id),
                moment,
                origin.actor_id,
            )


def _read(connection: Connection, project_id: int, verdict: Verdict, xml: bytes) -> tuple[Answers | None, list[str]]:
    root = parse(xml)
    encrypted = encrypted_parts(root)
    if encrypted is not None:
        return None, list(encrypted.file_names)
    form = read_form(connection, project_id, verdict)
    if form is None:
        return None, []
    answers = read_answers(root, form)
    return answers, list(answers.files)
