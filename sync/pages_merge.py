"""Merge submissions: answer by answer, which of them is right; one stays, with what was chosen."""

from collections.abc import Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.sessions import Person
from accounts.signed_in import require_own_form, signed_in
from collector.form_access import FormAccess, form_access
from collector.merge_errors import encrypted_answers
from collector.project_frame import ProjectFrame, open_form, open_form_frame
from config.database import reading, transaction
from config.pages import page_language
from config.services import services
from config.typed import typed_number, typed_text
from sync.choosing import choosing_between, members_of
from sync.compared import Side
from sync.deciding import Given, decide
from sync.decisions import LONGEST_REASON
from sync.merging import MOST_OTHERS, Merge, merge
from sync.pages import asked_with, go_on
from sync.queue import pair_after, uid_of

pages = Blueprint("merge_pages", __name__, url_prefix="/projects/<int:project_id>/duplicates")

# Of fields of the form, so that no question's name can be one of the page's own: whose answer, and what is written instead.
OF, WRITTEN = "of:", "written:"
LONGEST_WRITTEN = 10_000


@pages.get("/<segment:xml_form_id>/merge")
def show_choices(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Everything these submissions say differently, each with its answers; those of the one that stays are chosen."""
    person = signed_in()
    with reading() as session:
        frame, access, members = _open(session, person, project_id, xml_form_id, request.args.getlist("of"))
        keep = _keep(typed_number(request.args, "keep"), members)
        form = open_form(session, frame, xml_form_id)
        choosing = choosing_between(session, access.form, access.selection, members, keep, page_language())
    return render_template("sync/merge.html", frame=frame, form=form, choosing=choosing, of=OF, written=WRITTEN)


@pages.post("/<segment:xml_form_id>/merge")
def merge_members(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Make one of them; with nothing taken of the others and nothing written, they are only left out."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        frame, access, members = _open(session, person, project_id, xml_form_id, request.form.getlist("member"))
        keep = _keep(typed_number(request.form, "keep"), members)
        sides = [each.submission for each in members]
        names = [each.instance_id for each in sides]
        before = asked_with(session, access, frame, sides[0].id, sides[1].id)
        kept, others = names[keep - 1], [name for place, name in enumerate(names, 1) if place != keep]
        texts = {
            name.removeprefix(WRITTEN): typed_text(request.form, name, LONGEST_WRITTEN)
            for name in request.form
            if name.startswith(WRITTEN)
        }
        # Who took the trouble to write it means it, whatever is chosen above.
        written = {path: text for path, text in texts.items() if text}
        # As they were sent, also where a first tap has made them alike.
        fields = {
            name.removeprefix(OF): names[int(place) - 1]
            for name, place in request.form.items()
            if name.startswith(OF) and place.isdecimal() and 1 <= int(place) <= len(names) and int(place) != keep
        }
        fields = {path: name for path, name in fields.items() if path not in written}
        reason, seen = typed_text(request.form, "note", LONGEST_REASON), request.form.getlist("seen")
        if fields or written:
            given = Merge(kept, others, fields, reason, seen, written)
            merge(session, access.form, access.selection, given, frame.rules(), services().secret, by=person.actor_id)
        else:
            for other in others:
                verdict = Given(kept, other, "duplicate", keep=kept, reason=reason, seen=seen)
                decide(session, access.form, access.selection, verdict, by=person.actor_id)
        following = pair_after(before, (sides[0].id, sides[1].id), uid_of(session, frame))
        return go_on(project_id, xml_form_id, [kept, others[0]], following)


def _keep(place: int | None, members: Sequence[Side]) -> int:
    return place if place is not None and 1 <= place <= len(members) else 1


def _open(
    session: Session, person: Person, project_id: int, xml_form_id: str, names: Sequence[str]
) -> tuple[ProjectFrame, FormAccess, tuple[Side, ...]]:
    frame, _ = open_form_frame(session, person, project_id, xml_form_id, "submission.update")
    access = form_access(session, person, "submission.update", project_id, xml_form_id)
    if not 1 < len(set(names)) <= MOST_OTHERS + 1:
        raise not_found()
    members = members_of(session, access.selection, names)
    if any(each.version.encrypted for each in members):
        raise encrypted_answers()
    return frame, access, members
