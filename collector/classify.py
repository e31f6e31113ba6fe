"""What becomes of a receipt: the table of architecture §5, read-only. Called inside the transaction that acts on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from collector import receipts
from collector.arrival import unpacked
from collector.errors import form_closed, form_not_found, too_many_conflicts
from collector.receipts import FormState, Known, Place
from collector.submission_xml import canonical
from config.problem import Problem


@dataclass(frozen=True, slots=True)
class Candidate:
    """The identity of a receipt to be classified, new or waiting. `read` gives its XML as received."""

    project_id: int
    xml_form_id: str
    version: str
    draft_version_id: int
    instance_id: str
    deprecated_id: str | None
    actor_id: int | None
    read: Callable[[], bytes]
    # The form version it was let into when it came: that the form was closed or deleted since, or that a person chose
    # another version than the one it names, is not asked again.
    admitted_version_id: int | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """What this deployment chose, and whether a supervisor has asked for it."""

    late: str = "keep"
    conflict_limit: int = 20
    conflict_quota: int = 500
    # A supervisor releases it: whatever the form's state, as this version of the form (None: the one it names).
    supervised: bool = False
    as_version_id: int | None = None
    # A supervisor adopts an edit whose original will not come: its deprecatedID counts for nothing.
    adopt: bool = False
    # A supervisor prefers this copy: others that still wait do not make its original ambiguous.
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The class of a receipt. For a version: of which submission (None: a new one), after which receipt."""

    status: str
    reason: str | None = None
    form_id: int = 0
    form_version_id: int | None = None
    form_version_sha256: bytes | None = None
    submission_id: int | None = None
    version_no: int | None = None
    parent_receipt_id: int | None = None


def classify(
    connection: Connection, candidate: Candidate, known: Sequence[Known], form: FormState | None, rules: Rules
) -> Verdict | Problem:
    """The class of a receipt that is not yet a version. `known`: the other receipts of its instanceID."""
    settled_version_id = candidate.draft_version_id or candidate.admitted_version_id or rules.as_version_id
    if settled_version_id:
        place = receipts.place_of(connection, candidate.project_id, settled_version_id)
        return _among_versions(connection, candidate, known, place, rules)
    if form is None:
        return form_not_found(candidate.xml_form_id)
    if form.deleted:
        return Verdict("quarantined", "form_deleted", form.form_id, form.version_id)
    if form.version_id is None or form.version_sha256 is None:
        return Verdict("quarantined", "unknown_version", form.form_id)
    if form.state == "closed" and not rules.supervised:
        if (form.late or rules.late) == "refuse":
            return form_closed()
        return Verdict("quarantined", "late", form.form_id, form.version_id)
    return _among_versions(connection, candidate, known, (form.form_id, form.version_id, form.version_sha256), rules)


def _among_versions(
    connection: Connection, candidate: Candidate, known: Sequence[Known], place: Place, rules: Rules
) -> Verdict | Problem:
    form_id, version_id, sha256 = place
    here = [each for each in known if each.form_id == form_id and each.draft_version_id == candidate.draft_version_id]
    claim = next((each for each in here if each.version_no is not None), None)
    if claim is not None:
        if _equal_content(connection, candidate, claim):
            return Verdict("same_content", None, form_id, version_id, sha256, claim.submission_id)
        return _conflict(connection, candidate, place, "same_id", claim.submission_id, here, rules)
    if candidate.deprecated_id is None or rules.adopt:
        return Verdict("version", None, form_id, version_id, sha256, None, 1)
    return _edit(connection, candidate, place, here, rules)


def _edit(
    connection: Connection, candidate: Candidate, place: Place, here: Sequence[Known], rules: Rules
) -> Verdict | Problem:
    form_id, version_id, sha256 = place
    assert candidate.deprecated_id is not None
    if candidate.deprecated_id == candidate.instance_id:
        return _conflict(connection, candidate, place, "own_id", None, here, rules)
    named = receipts.receipts_of(connection, candidate.project_id, candidate.deprecated_id)
    parents = [
        each for each in named if each.form_id == form_id and each.draft_version_id == candidate.draft_version_id
    ]
    parent = next((each for each in parents if each.version_no is not None), None)
    if parent is None:
        elsewhere = any(
            each.version_no is not None and each.draft_version_id == candidate.draft_version_id for each in named
        )
        if elsewhere and not parents:
            return _conflict(connection, candidate, place, "other_form", None, here, rules)
        return Verdict("held", "original_missing" if not parents else "original_waiting", form_id, version_id, sha256)
    assert parent.submission_id is not None
    if any(each.status == "conflict" for each in parents) and not rules.chosen:
        return _conflict(connection, candidate, place, "ambiguous_original", parent.submission_id, here, rules)
    versions, current_id, in_trash = receipts.current_state(connection, candidate.project_id, parent.submission_id)
    if current_id != parent.id:
        return _conflict(connection, candidate, place, "stale_original", parent.submission_id, here, rules)
    if in_trash:
        return _conflict(connection, candidate, place, "original_in_trash", parent.submission_id, here, rules)
    return Verdict("version", None, form_id, version_id, sha256, parent.submission_id, versions + 1, parent.id)


def _conflict(
    connection: Connection,
    candidate: Candidate,
    place: Place,
    reason: str,
    submission_id: int | None,
    here: Sequence[Known],
    rules: Rules,
) -> Verdict | Problem:
    """Kept byte for byte for a person to decide, within limits that a broken phone or a hostile one cannot pass."""
    if sum(each.status == "conflict" for each in here) >= rules.conflict_limit:
        return too_many_conflicts()
    if receipts.conflicts_of_actor(connection, candidate.project_id, candidate.actor_id) >= rules.conflict_quota:
        return too_many_conflicts()
    return Verdict("conflict", reason, place[0], place[1], place[2], submission_id)


def _equal_content(connection: Connection, candidate: Candidate, claim: Known) -> bool:
    stored = unpacked(receipts.stored_xml(connection, candidate.project_id, claim.id))
    return canonical(stored) == canonical(candidate.read())
