"""Submissions made by programs (REST): stored as what phones send is, or refused with ODK Central's codes; nothing waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4, uuid5

from lxml import etree
from sqlalchemy import Connection

from accounts.events import noting
from collector import receipts
from collector.arrival import UNNAMED, Arrival, Sender
from collector.classify import Rules, Verdict
from collector.errors import form_closed, form_not_found, submission_names_no_form
from collector.intake import store, tombstone_key
from collector.outcomes import Answer
from collector.receipts import Known, Place
from collector.rest_errors import (
    expected_deprecation,
    form_version_unknown,
    instance_taken,
    other_form,
    replaces_old_version,
    submission_erased,
    version_taken,
)
from config.clock import now
from config.problem import Problem
from config.services import Services
from config.statements import Statement

UNREADABLE = 400.1
_ROOT = Statement(
    "SELECT s.id, s.versions, s.current_receipt_id, r.instance_id FROM submission s "
    "JOIN receipt r ON r.project_id = s.project_id AND r.id = s.current_receipt_id "
    "WHERE s.project_id = ? AND s.id = ? AND s.deleted_at IS NULL",
    # The version it replaces must still be the current one when this transaction ends.
    lock="FOR UPDATE OF s",
)


@dataclass(frozen=True)
class Submit:
    """The writer's work for one submission: a new one, or the next version of submission `edits`.

    `xml_form_id` is the form the address names.
    """

    arrival: Arrival
    xml_form_id: str
    rules: Rules
    secret: bytes
    edits: int | None = None
    note: str | None = None

    @property
    def shard(self) -> int:
        """Batches hold one project's arrivals."""
        return self.arrival.project_id

    @property
    def order(self) -> tuple[str, str]:
        """As collector.intake.Receive: both lock the same rows."""
        return (self.xml_form_id, self.arrival.instance_id)

    def look_ahead(self, connection: Connection, batch: Sequence[object]) -> None:
        """Nothing: programs send one at a time."""

    def run(self, connection: Connection) -> Answer:
        """Settle it; a Problem is returned, not raised, because nothing was written for it."""
        place = self._place(connection)
        if isinstance(place, Problem):
            return place
        arrival = self.arrival
        if arrival.envelope.xml_form_id != self.xml_form_id:
            return other_form(arrival.envelope.xml_form_id)
        known = receipts.receipts_of(connection, arrival.project_id, arrival.instance_id)
        here = [each for each in known if (each.form_id, each.draft_version_id) == (place[0], arrival.draft_version_id)]
        verdict = self._new(place, here) if self.edits is None else self._edit(connection, place, here)
        if isinstance(verdict, Problem):
            return verdict
        with noting(connection, self.note):
            return store(connection, arrival, verdict, known, now(), self.rules)

    def _place(self, connection: Connection) -> Place | Problem:
        """The form version it belongs to."""
        arrival = self.arrival
        if arrival.draft is not None:
            return receipts.place_of(connection, arrival.project_id, arrival.draft.version_id)
        version, key = arrival.envelope.version, tombstone_key(self.secret, arrival.instance_id)
        form = receipts.form_state(connection, arrival.project_id, self.xml_form_id, version, key)
        if form is None or form.deleted:
            return form_not_found(self.xml_form_id)
        if form.version_id is None or form.version_sha256 is None:
            return form_version_unknown(version)
        if form.state == "closed":
            return form_closed()
        if form.erased:
            return submission_erased()
        return form.form_id, form.version_id, form.version_sha256

    def _new(self, place: Place, here: Sequence[Known]) -> Verdict | Problem:
        form_id, version_id, sha256 = place
        for each in here:
            if each.version_no == 1:
                return instance_taken(form_id, self.arrival.instance_id, self.arrival.draft is not None)
            if each.version_no is not None or each.xml_sha256 == self.arrival.sha256:
                return version_taken(self.arrival.instance_id)
        return Verdict("version", None, form_id, version_id, sha256, None, 1)

    def _edit(self, connection: Connection, place: Place, here: Sequence[Known]) -> Verdict | Problem:
        form_id, version_id, sha256 = place
        arrival = self.arrival
        deprecated_id = arrival.envelope.deprecated_id or ""
        row = _ROOT.row(connection, (arrival.project_id, self.edits))
        if row is None or row[3] != deprecated_id:
            return replaces_old_version(deprecated_id)
        if any(each.version_no is not None or each.xml_sha256 == arrival.sha256 for each in here):
            return version_taken(arrival.instance_id)
        submission_id, versions, current_id, _ = row
        return Verdict("version", None, form_id, version_id, sha256, submission_id, versions + 1, current_id)


def arrival_of(project_id: int, xml: bytes, sender: Sender, *, key: str | None = None) -> Arrival:
    """What a program sent. Without an instanceID it gets a new one each time, but the same for one Idempotency-Key: of two
    requests at once the second finds it taken. Problem 400.1, 400.2, 400.8 or 400.13."""
    new_id = str(uuid4() if key is None else uuid5(UNNAMED, repr((sender.actor_id, project_id, key))))
    try:
        return Arrival(project_id, xml, sender, new_id=new_id)
    except Problem as problem:
        # Central's reader takes what is no XML for a document without an id.
        if problem.code == UNREADABLE and not _names_a_form(xml):
            raise submission_names_no_form() from None
        raise


def _names_a_form(xml: bytes) -> bool:
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser) if xml else None
    except (etree.XMLSyntaxError, ValueError):
        return False
    return root is not None and any(str(key).rpartition("}")[2] == "id" and value for key, value in root.items())


def submit(opened: Services, work: Submit) -> None:
    """Store it; returns once it is committed to disk, or raises the Problem."""
    answer: Answer = opened.database.writer.commit(work)
    if isinstance(answer, Problem):
        raise answer


def require_form(arrival: Arrival, xml_form_id: str) -> None:
    """Problem 400.8 for answers to another form than the address names."""
    if arrival.envelope.xml_form_id != xml_form_id:
        raise other_form(arrival.envelope.xml_form_id)


def require_deprecation(arrival: Arrival) -> None:
    """Problem 400.19 for an edit that names no version."""
    if arrival.envelope.deprecated_id is None:
        raise expected_deprecation()
