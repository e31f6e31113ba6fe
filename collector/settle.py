"""A person decides about what waits: conflicts, held edits, quarantined arrivals. Received bytes never change."""

from dataclasses import replace
from uuid import uuid4

from lxml import etree
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.events import Happening, record
from collector.arrival import Arrival, Sender, unpacked
from collector.classify import Rules
from collector.errors import encrypted_copy, not_possible_yet, nothing_waiting
from collector.files import stored_files_of
from collector.intake import receive
from collector.models import Receipt, Submission
from collector.outcomes import Outcome
from collector.receipts import Known
from collector.release import reclassify
from collector.submission_xml import parse
from config.problem import Problem
from forms.models import Form
from forms.queries import get_version

WAITING = ("conflict", "held", "quarantined")
# What a discarded receipt was before, kept in its reason so that the decision can be undone.
WAS = "was_"
USED = "used"


def waiting_receipt(session: Session, project_id: int, receipt_id: int) -> Receipt:
    """A receipt that waits for a decision; Problem 404.1, or 409.3 when somebody has decided meanwhile."""
    # Locked, on PostgreSQL: of two people who decide at once the second reads what the first has made of it.
    receipt = session.get(Receipt, (project_id, receipt_id), with_for_update=True)
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
    receipt = session.get(Receipt, (project_id, receipt_id), with_for_update=True)
    if receipt is None or receipt.status != "discarded" or not (receipt.reason or "").startswith(WAS):
        raise nothing_waiting()
    was, _, reason = (receipt.reason or "").removeprefix(WAS).partition(":")
    receipt.status, receipt.reason = was, reason or None
    _record(session, receipt, "receipt.restored", by, {"to": was}, None)


def release(
    session: Session, project_id: int, receipt_id: int, rules: Rules, *, by: int, as_version_id: int | None = None
) -> Known:
    """Accept a quarantined receipt, as the form version it names or as another one; what it has become (an edit may be
    held from now on). Problem 409.3 when its version is not here or its form is deleted, 404.1 for a version of another
    form."""
    receipt = waiting_receipt(session, project_id, receipt_id)
    if receipt.status != "quarantined":
        raise nothing_waiting()
    if as_version_id is not None:
        version = get_version(session, project_id, as_version_id)
        form = session.get_one(Form, (project_id, version.form_id))
        if form.xml_form_id != receipt.xml_form_id or version.published_at is None:
            raise not_found()
    chosen = replace(rules, supervised=True, as_version_id=as_version_id)
    return _reclassified(session, receipt, chosen, by)


def adopt(session: Session, project_id: int, receipt_id: int, rules: Rules, *, by: int) -> Known:
    """Accept an edit whose original will not come, or is none of this form: it becomes a submission of its own."""
    receipt = waiting_receipt(session, project_id, receipt_id)
    if not may_be_adopted(receipt):
        raise nothing_waiting()
    return _reclassified(session, receipt, replace(rules, supervised=True, adopt=True), by)


def may_be_adopted(receipt: Receipt) -> bool:
    """Held, or in conflict with no submission at all: an edit that names itself or an instance of another form."""
    return receipt.status == "held" or (receipt.status == "conflict" and receipt.submission_id is None)


def _reclassified(session: Session, receipt: Receipt, rules: Rules, by: int) -> Known:
    session.flush()
    settled = reclassify(session.connection(), receipt.project_id, receipt.id, rules, by=by)
    session.expire_all()
    if settled is None or settled[1].status == "quarantined":
        raise not_possible_yet(settled[1].reason if settled else receipt.reason)
    return settled[1]


def prefer(
    session: Session, project_id: int, receipt_id: int, rules: Rules, secret: bytes, *, by: int, note: str | None = None
) -> Outcome:
    """Settle a conflict in favour of the other copy: an edit of the current version with that copy's answers and files.

    Problem 409.3 while the submission is in the trash, and for encrypted copies: their key is bound to their instanceID.
    """
    receipt = waiting_receipt(session, project_id, receipt_id)
    if receipt.status != "conflict" or receipt.submission_id is None or receipt.draft_version_id:
        raise nothing_waiting()
    if receipt.encrypted is not None:
        raise encrypted_copy()
    submission = session.get_one(Submission, (project_id, receipt.submission_id), with_for_update=True)
    if submission.deleted_at is not None:
        raise not_possible_yet("original_in_trash")
    current = session.get_one(Receipt, (project_id, submission.current_receipt_id))
    connection = session.connection()
    xml = edit_of(unpacked(receipt.xml), current.instance_id)
    files = tuple(stored_files_of(connection, project_id, receipt_id))
    receipt.status, receipt.reason = "discarded", USED
    session.flush()
    arrival = Arrival(project_id, xml, Sender(by, None, None), files, draft=None)
    # Read as what it was read as when it came, whatever the form has become since.
    chosen = replace(rules, supervised=True, chosen=True, as_version_id=receipt.form_version_id)
    outcome = receive(connection, arrival, chosen, secret)
    if isinstance(outcome, Problem):
        raise outcome
    if outcome.status != 201:
        raise not_possible_yet(None)
    session.expire_all()
    _record(session, receipt, "receipt.preferred", by, None, note)
    return outcome


def edit_of(xml: bytes, deprecated_id: str) -> bytes:
    """The same answers as an edit of another version: a new instanceID, and the one it replaces (C53)."""
    root = parse(xml)
    metas = root.findall("{*}meta") or [etree.SubElement(root, "meta")]
    for meta in metas:
        for old in meta.findall("{*}deprecatedID"):
            meta.remove(old)
    # Older forms have their instanceID directly below the root or none at all; the one in meta is read first.
    meta = next((each for each in metas if each.find("{*}instanceID") is not None), metas[0])
    instance = meta.find("{*}instanceID")
    if instance is None:
        instance = etree.SubElement(meta, "instanceID")
    del instance[:]
    instance.text = f"uuid:{uuid4()}"
    etree.SubElement(meta, "deprecatedID").text = deprecated_id
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _record(
    session: Session, receipt: Receipt, action: str, by: int, details: dict[str, str] | None, note: str | None
) -> None:
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
