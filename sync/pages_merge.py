"""Merge two submissions: answer by answer, which of the two is right; one stays, with what was chosen."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.sessions import Person
from accounts.signed_in import require_own_form, signed_in
from collector.form_access import FormAccess, form_access
from collector.merge_errors import encrypted_answers
from collector.project_frame import ProjectFrame, open_form, open_form_frame
from config.database import reading, transaction
from config.pages import page_language
from config.services import services
from config.typed import typed_text
from sync.choosing import choices_between
from sync.compared import Compared
from sync.deciding import Given, decide, suspected_pairs
from sync.decisions import LONGEST_REASON
from sync.merging import Merge, merge
from sync.pages import PAIR, compare_named, go_on
from sync.queue import pair_after, uid_of

pages = Blueprint("merge_pages", __name__, url_prefix="/projects/<int:project_id>/duplicates")

# Of fields of the form, so that no question's name can be one of the page's own.
OF = "of:"


@pages.get(f"{PAIR}/merge")
def show_choices(project_id: int, xml_form_id: str, instance_id: str, other_id: str) -> ResponseReturnValue:
    """Everything the two say differently, each with its two answers; those of the one that stays are chosen."""
    person = signed_in()
    keep = 2 if request.args.get("keep") == "2" else 1
    with reading() as session:
        frame, access, compared = _open(session, person, project_id, xml_form_id, (instance_id, other_id))
        form = open_form(session, frame, xml_form_id)
        choices = choices_between(session, access.selection, compared, keep, page_language())
    return render_template(
        "sync/merge.html", frame=frame, form=form, compared=compared, keep=keep, choices=choices, of=OF
    )


@pages.post(f"{PAIR}/merge")
def merge_pair(project_id: int, xml_form_id: str, instance_id: str, other_id: str) -> ResponseReturnValue:
    """Make one of the two; with nothing taken of the other, it is only left out."""
    person = signed_in()
    require_own_form()
    keep = 2 if request.form.get("keep") == "2" else 1
    with transaction() as session:
        frame, access, compared = _open(session, person, project_id, xml_form_id, (instance_id, other_id))
        before = suspected_pairs(session, access.form, access.selection)
        sides = [compared.one.submission, compared.other.submission]
        kept, other = sides[keep - 1].instance_id, sides[2 - keep].instance_id
        # As they were sent, also where a first tap has made the two alike.
        taken = [name for name, place in request.form.items() if name.startswith(OF) and place == str(3 - keep)]
        fields = dict.fromkeys((name.removeprefix(OF) for name in taken), other)
        reason, seen = typed_text(request.form, "note", LONGEST_REASON), request.form.getlist("seen")
        if fields:
            given = Merge(kept, [other], fields, reason, seen)
            merge(session, access.form, access.selection, given, frame.rules(), services().secret, by=person.actor_id)
        else:
            verdict = Given(kept, other, "duplicate", keep=kept, reason=reason, seen=seen)
            decide(session, access.form, access.selection, verdict, by=person.actor_id)
        following = pair_after(before, (sides[0].id, sides[1].id), uid_of(session, frame))
        return go_on(project_id, xml_form_id, [side.instance_id for side in sides], following)


def _open(
    session: Session, person: Person, project_id: int, xml_form_id: str, names: tuple[str, str]
) -> tuple[ProjectFrame, FormAccess, Compared]:
    frame, _ = open_form_frame(session, person, project_id, xml_form_id, "submission.update")
    access = form_access(session, person, "submission.update", project_id, xml_form_id)
    compared = compare_named(session, access, *names)
    if compared.difference is None:
        raise encrypted_answers()
    return frame, access, compared
