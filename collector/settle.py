"""A person decides about what waits: conflicts, held edits, quarantined arrivals. Received bytes never change."""

from dataclasses import replace
from uuid import uuid4

from lxml import etree
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.events import Happening, record
from collector.arrival import Arrival, Sender, unpacked
from collector.classify import Rules
from collector.errors import nothing_waiting
from collector.files import stored_files_of
from collector.intake import receive
from collector.models import Receipt, Submission
from collector.outcomes import Outcome
from collector.receipts import Known, stored_xml
from collector.release import reclassify
from collector.submission_xml import parse
from config.problem import Problem

WAITING = ("conflict", "held", "quarantined")
# What a discarded receipt was before, kept in its reason so that the decision can be undone.
WAS = "was_"
USED = "used"


def waiting_receipt(session: Session, project_id: int, receipt_id: int) -> Receipt:
    """A receipt that waits for a decision; Problem 404.1, or 409.3 when somebody has decided meanwhile."""
    receipt = session.get(Receipt, (project_id, receipt_id))
    if receipt is None:
        raise not_found()
    if receipt.status not in WAITING:
        raise nothing_waiting()
    return receipt


def discard(session: Session, project_id: int, receipt_id: int, *, by: int, note: str | None = None) -> None:
    """Set a waiting receipt aside; it stays stored, and `restore` brings it back."""
    receipt = waiting_receipt(session, project_id, receipt_id)
    was = receipt.status
    receipt.reason = f"{WAS}{was}:{receipt.reason or ''}"[:32]
    receipt.status = "discarded"
    _record(session, receipt, "receipt.discarded", by, {"from": was}, note)


def restore(session: Session, project_id: int, receipt_id: int, *, by: int) -> None:
    """Undo `discard`: it waits again for a decision."""
    receipt = session.get(Receipt, (project_id, receipt_id))
    if receipt is None or receipt.status != "discarded" or not (receipt.reason or "").startswith(WAS):
        raise nothing_waiting()
    was, _, reason = (receipt.reason or "").removeprefix(WAS).partition(":")
    receipt.status, receipt.reason = was, reason or None
    _record(session, receipt, "receipt.restored", by, {"to": was}, None)


def release(session: Session, project_id: int, receipt_id: int, rules: Rules, *, by: int, as_version_id: int | None = None) -> Known:
    """Accept a quarantined receipt, as the form version it names or as another one; what it has become."""
    receipt = waiting_receipt(session, project_id, receipt_id)
    if receipt.status != "quarantined":
        raise nothing_waiting()
    chosen = replace(rules, supervised=True, as_version_id=as_version_id)
    return _reclassified(session, project_id, receipt_id, chosen, by)


def adopt(session: Session, project_id: int, receipt_id: int, rules: Rules, *, by: int) -> Known:
    """Accept a held edit whose original will not come: it becomes a submission of its own."""
    receipt = waiting_receipt(session, project_id, receipt_id)
    if receipt.status != "held":
        raise nothing_waiting()
    return _reclassified(session, project_id, receipt_id, replace(rules, supervised=True, adopt=True), by)


def _reclassified(session: Session, project_id: int, receipt_id: int, rules: Rules, by: int) -> Known:
    session.flush()
    settled = reclassify(session.connection(), project_id, receipt_id, rules, by=by)
    session.expire_all()
    if settled is None or settled[1].status in ("held", "quarantined"):
        raise nothing_waiting()
    return settled[1]


def prefer(session: Session, project_id: int, receipt_id: int, rules: Rules, secret: bytes, *, by: int, note: str | None = None) -> Outcome:
    """Settle a conflict in favour of the other copy: an edit of the current version with that copy's answers and files."""
    receipt = waiting_receipt(session, project_id, receipt_id)
    if receipt.status != "conflict" or receipt.submission_id is None:
        raise nothing_waiting()
    current = session.get_one(Receipt, (project_id, session.get_one(Submission, (project_id, receipt.submission_id)).current_receipt_id))
    session.flush()
    connection = session.connection()
    xml = edit_of(unpacked(stored_xml(connection, project_id, receipt_id)), current.instance_id)
    receipt.status, receipt.reason = "discarded", USED
    session.flush()
    arrival = Arrival(
        project_id, xml, Sender(by, None, None), tuple(stored_files_of(connection, project_id, receipt_id)), draft=None
    )
    outcome = receive(connection, arrival, rules, secret)
    if isinstance(outcome, Problem):
        raise outcome
    if outcome.status != 201:
        raise nothing_waiting()
    _record(session, receipt, "receipt.preferred", by, None, note)
    return outcome


def edit_of(xml: bytes, deprecated_id: str) -> bytes:
    """The same answers as an edit of another version: a new instanceID, and the one it replaces (C53)."""
    root = parse(xml)
    meta = next(root.iterchildren("{*}meta"))
    for old in list(meta.iterchildren("{*}deprecatedID")):
        meta.remove(old)
    instance = next(meta.iterchildren("{*}instanceID"))
    instance.text = f"uuid:{uuid4()}"
    added = etree.SubElement(meta, "deprecatedID")
    added.text = deprecated_id
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _record(session: Session, receipt: Receipt, action: str, by: int, details: dict[str, str] | None, note: str | None) -> None:
    happening = Happening(
        receipt.project_id,
        action,
        by,
        form_id=receipt.form_id or None,
        submission_id=receipt.submission_id,
        receipt_id=receipt.id,
        details=details,
        note=note,
    )
    record(session, happening)
