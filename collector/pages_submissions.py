"""One submission: is it good? Its answers, files, history, and the decision."""

from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.scopes import scope_of
from accounts.signed_in import demand, require_own_form, signed_in
from collector import queries, review
from collector.answer_sheet import Change, Changes, Sheet, changes, time_spent
from collector.copies import SheetReader
from collector.file_answers import picture_or_drawing, stored_file
from collector.history import Step, Version, steps_of, versions_of
from collector.masking import Mask
from collector.models import REVIEW_STATES, Submission
from collector.pages_forms import decided_submission
from collector.project_frame import FormFrame, ProjectFrame, open_form, open_frame
from collector.queries import Wanted
from collector.reading import Selection
from collector.shown_files import ShownFile, files_shown
from collector.standing import TO_READ
from collector.waiting import conflicts_of
from config.database import reading, transaction
from config.pages import page_language
from config.services import services
from config.typed import typed_text
from forms.queries import get_form

pages = Blueprint(
    "collector_submission_pages",
    __name__,
    url_prefix="/projects/<int:project_id>/forms/<segment:xml_form_id>/submissions/<segment:instance_id>",
)

# A submission edited more often than this shows what changed in its latest corrections only.
MOST_COMPARED = 10


@dataclass(frozen=True)
class Shown:
    """Everything one page says of a submission; `sheet` None: encrypted. `changes` by receipt id of the newer version;
    `conflicts` are the ids of arrivals that wait for a choice."""

    submission: Submission
    versions: list[Version]
    sheet: Sheet | None
    changes: dict[int, Changes]
    files: list[ShownFile]
    steps: list[Step]
    conflicts: list[int]
    next_id: str | None

    @property
    def current(self) -> Version:
        """The version that counts."""
        return self.versions[0]

    @property
    def changed(self) -> dict[str, Change]:
        """What the newest correction changed, by the key of the answer."""
        newest = self.changes.get(self.current.receipt_id)
        return {change.key: change for change in newest.answers} if newest else {}

    @property
    def files_by_name(self) -> dict[str, ShownFile]:
        """What has come and what is still to come."""
        return {file.name: file for file in self.files}

    @property
    def other_files(self) -> list[ShownFile]:
        """Files that stand beside no answer: logs, and what came without being named."""
        beside = _named(self.sheet)
        return [file for file in self.files if file.name not in beside]

    @property
    def missing(self) -> int:
        """How many files are named and have not come."""
        return sum(file.size is None for file in self.files)

    @property
    def seconds(self) -> float | None:
        """From opening the form to the end of it, by the phone's clock; None when it does not say."""
        return time_spent(self.sheet) if self.sheet else None


@pages.get("")
def show_submission(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """The answers of the current version and what has happened to it."""
    return _page(project_id, xml_form_id, instance_id)


def _page(project_id: int, xml_form_id: str, instance_id: str, error: bool = False) -> ResponseReturnValue:
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "submission.read")
        form = open_form(session, frame, xml_form_id)
        shown = _shown(session, frame, form, instance_id)
        decided = decided_submission(session, frame, form)
    page = render_template(
        "collector/submission.html",
        frame=frame,
        form=form,
        shown=shown,
        decided=decided,
        done=request.args.get("done"),
        error=error,
    )
    return page, 400 if error else 200


def _shown(session: Session, frame: ProjectFrame, form: FormFrame, instance_id: str) -> Shown:
    submission = review.find_submission(session, frame.selection(form.id), instance_id)
    mask = frame.mask
    versions = [_covered(each, mask) for each in versions_of(session, submission)]
    compared = versions[: MOST_COMPARED + 1]
    sheets = SheetReader(session, services().storage, frame.id, page_language()).of_versions(compared, mask)
    differences = {
        newer.receipt_id: changes(sheets[older.receipt_id], sheets[newer.receipt_id])
        for older, newer in zip(compared[1:], compared, strict=False)
        if older.receipt_id in sheets and newer.receipt_id in sheets
    }
    unread = Wanted(frame.id, form.id, frame.scope, "unread", training=submission.training)
    return Shown(
        submission=submission,
        versions=versions,
        sheet=sheets.get(versions[0].receipt_id),
        changes=differences,
        files=_files_seen(session, frame, versions[0], sheets.get(versions[0].receipt_id)),
        steps=[replace(each, who=None) if mask.hides_staff else each for each in steps_of(session, submission)],
        # Both copies are shown whole where they wait.
        conflicts=[] if mask.hidden else conflicts_of(session, submission),
        next_id=queries.next_to_read(session, unread, submission),
    )


def _covered(version: Version, mask: Mask) -> Version:
    """The version without what the mask hides: its name is made of answers."""
    if mask.hides_staff:
        version = replace(version, sender=None, device_id=None)
    return replace(version, instance_name=None) if mask.hidden else version


def _files_seen(session: Session, frame: ProjectFrame, version: Version, sheet: Sheet | None) -> list[ShownFile]:
    """Its files; for a reader from whom something is hidden, those alone that stand beside an answer of the sheet."""
    files = files_shown(session, frame.id, version.receipt_id, version.expected)
    return [file for file in files if file.name in _named(sheet)] if frame.mask.hidden else files


def _named(sheet: Sheet | None) -> set[str]:
    """The files that stand beside an answer."""
    sections = sheet.sections if sheet else ()
    return {(answer.value or "").strip() for section in sections for answer in section.answers if answer.binary}


@pages.post("/review")
def decide(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """Approve, send back, reject or reopen it, with a word; or only the word. Then on to the next one to read."""
    person = signed_in()
    require_own_form()
    state, word = request.form.get("state", ""), typed_text(request.form, "comment")
    if not state and not word:
        return _page(project_id, xml_form_id, instance_id, error=True)
    with transaction() as session:
        demand(session, person, "submission.review", project_id)
        form = get_form(session, project_id, xml_form_id)
        scope = scope_of(session, person.actor_id, project_id)
        submission = review.find_submission(session, Selection(project_id, form.id, scope), instance_id)
        was = submission.review_state
        if state:
            wanted = None if state == "received" else state
            review.set_review_state(session, submission, wanted, by=person.actor_id, note=word or None)
        else:
            review.add_comment(session, submission, word, by=person.actor_id)
        unread = Wanted(project_id, form.id, scope, "unread", training=submission.training)
        following = queries.next_to_read(session, unread, submission)
        name = submission.instance_id
    if not state:
        return _to(".show_submission", project_id, xml_form_id, instance_id=name, done="comment")
    told = {"decided": name, "was": was or "received"}
    if "undo" in request.form or was not in TO_READ or state not in REVIEW_STATES:
        return _to(".show_submission", project_id, xml_form_id, instance_id=name, **told)
    if following is not None:
        return _to(".show_submission", project_id, xml_form_id, instance_id=following, **told)
    return _to("collector_form_pages.show_submissions", project_id, xml_form_id, **told)


def _to(endpoint: str, project_id: int, xml_form_id: str, **more: Any) -> ResponseReturnValue:
    return redirect(url_for(endpoint, project_id=project_id, xml_form_id=xml_form_id, **more), 303)


@pages.get("/files/<segment:name>")
def show_file(project_id: int, xml_form_id: str, instance_id: str, name: str) -> ResponseReturnValue:
    """One file of the current version; `?small` for the picture in a list."""
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "submission.read")
        form = get_form(session, project_id, xml_form_id)
        submission = review.find_submission(session, frame.selection(form.id), instance_id)
        if frame.mask.hidden:
            current = versions_of(session, submission)[:1]
            sheets = SheetReader(session, services().storage, project_id, page_language()).of_versions(
                current, frame.mask
            )
            files = _files_seen(session, frame, current[0], sheets.get(current[0].receipt_id))
        else:
            files = files_shown(session, project_id, submission.current_receipt_id, [])
    file = next((file for file in files if file.name == name and file.size is not None), None)
    if file is None:
        raise not_found()
    return picture_or_drawing(file) if "small" in request.args else stored_file(file)
