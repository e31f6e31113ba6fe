"""What the rules of receiving leave to a person: the inbox, and each case with the ways to settle it."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.sessions import Person
from accounts.signed_in import require_own_form, signed_in
from collector import settle
from collector.answer_sheet import Changes, Sheet, changes
from collector.copies import SheetReader, bare_answers
from collector.errors import unknown_decision
from collector.file_answers import picture_or_drawing, stored_file
from collector.history import Version, version_of, versions_of
from collector.models import Submission
from collector.project_frame import ProjectFrame, open_frame
from collector.rest_errors import answers_hidden
from collector.shown_files import ShownFile, files_shown
from collector.standing import WAITING_KINDS
from collector.waiting import (
    PAGE,
    Decision,
    Found,
    OfferedVersion,
    find_receipt,
    last_decision,
    list_left_out,
    list_waiting,
    next_waiting,
    versions_offered,
)
from config.database import reading, transaction
from config.pages import page_language
from config.problem import Problem
from config.services import services
from config.typed import typed_number, typed_text

pages = Blueprint("collector_waiting_pages", __name__, url_prefix="/projects/<int:project_id>/waiting")

LEFT_OUT = "left_out"


@pages.get("")
def show_inbox(project_id: int) -> ResponseReturnValue:
    """Everything that waits, or one kind of it, or what was left out of late."""
    person = signed_in()
    kind = request.args.get("kind", "")
    with reading() as session:
        frame = _open(session, person, project_id, "submission.list")
        if kind == LEFT_OUT:
            rows, more = list_left_out(session, project_id, frame.scope), False
        else:
            kind = kind if kind in WAITING_KINDS else ""
            before = typed_number(request.args, "before")
            found = list_waiting(session, project_id, frame.scope, kind, before=before)
            rows, more = found[:PAGE], len(found) > PAGE
        undo = _undo(session, frame)
    return render_template("collector/waiting.html", frame=frame, kind=kind, rows=rows, more=more, undo=undo)


def _open(session: Session, person: Person, project_id: int, verb: str) -> ProjectFrame:
    """The frame for somebody who sees all answers: what waits is shown and compared as it came, whole."""
    frame = open_frame(session, person, project_id, verb)
    if frame.mask.hidden:
        raise answers_hidden()
    return frame


def _undo(session: Session, frame: ProjectFrame) -> Found | None:
    """What was left out a moment ago, for the notice that offers to bring it back."""
    try:
        return find_receipt(session, frame.id, frame.scope, typed_number(request.args, LEFT_OUT) or 0)
    except Problem:
        return None


@dataclass(frozen=True)
class Case:
    """One arrival that waits or waited. `sheet` None: its questions are not known, `bare` has what it says. `unknown`:
    answers for which the version it was read with has no question. `against`: the version that counts now, and
    `difference` from it to this arrival."""

    found: Found
    arrival: Version
    sheet: Sheet | None
    unknown: tuple[str, ...]
    bare: list[tuple[str, str]]
    files: list[ShownFile]
    submission: Submission | None
    against: Version | None
    against_files: list[ShownFile]
    difference: Changes | None
    offered: list[OfferedVersion]
    decision: Decision | None

    @property
    def status(self) -> str:
        """What it is now."""
        return self.found.receipt.status

    @property
    def files_by_name(self) -> dict[str, ShownFile]:
        """What has come and what is still to come."""
        return {file.name: file for file in self.files}

    @property
    def compared(self) -> list[tuple[str, str, str]]:
        """Question, answer that counts, answer that came as well."""
        differing = self.difference.answers if self.difference else ()
        return [(change.question, change.before or "–", change.after or "–") for change in differing]

    @property
    def choices(self) -> list[tuple[int, str]]:
        """Form versions it could be read with."""
        return [(version.id, version.version or "–") for version in self.offered]

    @property
    def restorable(self) -> bool:
        """Left out by a person, and not because it was used."""
        return self.status == "discarded" and (self.found.receipt.reason or "").startswith(settle.WAS)

    @property
    def used(self) -> bool:
        """Preferred by a person: its answers are a version of the submission."""
        return self.status == "discarded" and self.found.receipt.reason == settle.USED


@pages.get("/<int:receipt_id>")
def show_case(project_id: int, receipt_id: int) -> ResponseReturnValue:
    """What arrived, why it waits, beside what is there already."""
    person = signed_in()
    with reading() as session:
        frame = _open(session, person, project_id, "submission.read")
        case = _case(session, frame, receipt_id)
        undo = _undo(session, frame)
    adoptable = case.status in settle.WAITING and settle.may_be_adopted(case.found.receipt)
    return render_template("collector/case.html", frame=frame, case=case, adoptable=adoptable, undo=undo)


def _case(session: Session, frame: ProjectFrame, receipt_id: int) -> Case:
    project_id = frame.id
    found = find_receipt(session, project_id, frame.scope, receipt_id)
    receipt = found.receipt
    arrival = version_of(receipt, found.sender)
    reader = SheetReader(session, services().storage, project_id, page_language())
    offered = versions_offered(session, project_id, receipt) if receipt.status == "quarantined" else []
    # A version that is not here is read with the newest that is: words help more than codes.
    sheet, unknown = reader.of_waiting(receipt, receipt.form_version_id or next((each.id for each in offered), None))
    submission = session.get(Submission, (project_id, receipt.submission_id)) if receipt.submission_id else None
    against = versions_of(session, submission)[0] if submission is not None else None
    kept = reader.of_versions([against]).get(against.receipt_id) if against is not None else None
    return Case(
        found=found,
        arrival=arrival,
        sheet=sheet,
        unknown=unknown,
        bare=bare_answers(receipt) if sheet is None else [],
        files=files_shown(session, project_id, receipt_id, arrival.expected),
        submission=submission,
        against=against,
        against_files=files_shown(session, project_id, against.receipt_id, against.expected) if against else [],
        difference=changes(kept, sheet) if kept is not None and sheet is not None else None,
        offered=offered,
        decision=None if receipt.status in settle.WAITING else last_decision(session, receipt),
    )


@pages.get("/<int:receipt_id>/files/<segment:name>")
def show_file(project_id: int, receipt_id: int, name: str) -> ResponseReturnValue:
    """One file of an arrival; `?small` for the picture in a list."""
    person = signed_in()
    with reading() as session:
        frame = _open(session, person, project_id, "submission.read")
        find_receipt(session, project_id, frame.scope, receipt_id)
        files = files_shown(session, project_id, receipt_id, [])
    file = next((file for file in files if file.name == name), None)
    if file is None:
        raise not_found()
    return picture_or_drawing(file) if "small" in request.args else stored_file(file)


@pages.post("/<int:receipt_id>/decision")
def decide(project_id: int, receipt_id: int) -> ResponseReturnValue:
    """Settle one arrival, then on to the next."""
    person = signed_in()
    require_own_form()
    verb = DECISIONS.get(request.form.get("decision", ""))
    with transaction() as session:
        frame = _open(session, person, project_id, "submission.review")
        if verb is None:
            raise unknown_decision()
        find_receipt(session, project_id, frame.scope, receipt_id)
        target = verb(session, frame, receipt_id)
    return redirect(target, 303)


def _discard(session: Session, frame: ProjectFrame, receipt_id: int) -> str:
    note = typed_text(request.form, "note") or None
    settle.discard(session, frame.id, receipt_id, by=frame.person.actor_id, note=note)
    session.flush()
    following = next_waiting(session, frame.id, frame.scope, receipt_id)
    if following is None:
        return url_for(".show_inbox", project_id=frame.id, left_out=receipt_id)
    return url_for(".show_case", project_id=frame.id, receipt_id=following, left_out=receipt_id)


def _restore(session: Session, frame: ProjectFrame, receipt_id: int) -> str:
    settle.restore(session, frame.id, receipt_id, by=frame.person.actor_id)
    return url_for(".show_case", project_id=frame.id, receipt_id=receipt_id)


def _release(session: Session, frame: ProjectFrame, receipt_id: int) -> str:
    chosen = typed_number(request.form, "version")
    offered = versions_offered(session, frame.id, find_receipt(session, frame.id, frame.scope, receipt_id).receipt)
    if chosen is not None and chosen not in {version.id for version in offered}:
        raise not_found()
    settle.release(session, frame.id, receipt_id, frame.rules(), by=frame.person.actor_id, as_version_id=chosen)
    return _settled(session, frame, receipt_id)


def _adopt(session: Session, frame: ProjectFrame, receipt_id: int) -> str:
    settle.adopt(session, frame.id, receipt_id, frame.rules(), by=frame.person.actor_id)
    return _settled(session, frame, receipt_id)


def _prefer(session: Session, frame: ProjectFrame, receipt_id: int) -> str:
    secret, note = services().secret, typed_text(request.form, "note") or None
    settle.prefer(session, frame.id, receipt_id, frame.rules(), secret, by=frame.person.actor_id, note=note)
    return _settled(session, frame, receipt_id, "taken")


def _settled(session: Session, frame: ProjectFrame, receipt_id: int, done: str = "entered") -> str:
    """The submission it is part of now; the case itself when it has become none, which then says why."""
    receipt = find_receipt(session, frame.id, frame.scope, receipt_id).receipt
    submission = session.get(Submission, (frame.id, receipt.submission_id)) if receipt.submission_id else None
    if submission is None or receipt.status in settle.WAITING:
        return url_for(".show_case", project_id=frame.id, receipt_id=receipt_id)
    return url_for(
        "collector_submission_pages.show_submission",
        project_id=frame.id,
        xml_form_id=receipt.xml_form_id,
        instance_id=submission.instance_id,
        done=done,
    )


DECISIONS: dict[str, Callable[[Session, ProjectFrame, int], str]] = {
    "discard": _discard,
    "restore": _restore,
    "release": _release,
    "adopt": _adopt,
    "prefer": _prefer,
}
