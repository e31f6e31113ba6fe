"""How interviews were made, on pages: what was seen of one submission, why it is so, and enumerators beside each other."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.scopes import mask_of
from accounts.signed_in import require_own_form, signed_in
from collector.form_access import form_access
from collector.masking import Mask
from collector.models import Submission
from collector.project_frame import FormFrame, ProjectFrame, open_form, open_form_frame
from collector.reading import Selection
from config.database import reading, transaction
from config.pages import page_language
from config.typed import typed_number, typed_text
from forms.models import Form, FormVersion
from sync.enumerating import enumerators_of
from sync.models_evidence import SeenForm
from sync.near_standards import standing_of
from sync.queue import names_of
from sync.reviewed import VERB, Reviewed, reviewed
from sync.seen import LONGEST_REASON, Seen, explain, seen_in_form, seen_of, take_back

pages = Blueprint(
    "evidence_pages", __name__, template_folder="templates", url_prefix="/projects/<int:project_id>/interviews"
)
PAGE = 30


def seen_forms(session: Session, frame: ProjectFrame) -> list[tuple[str, str]]:
    """(xmlFormId, name) of the living forms of which interviews are looked at, for whoever may review them."""
    if not frame.may(VERB):
        return []
    query = (
        select(Form.xml_form_id, FormVersion.name)
        .join(FormVersion, (FormVersion.project_id == Form.project_id) & (FormVersion.id == Form.current_version_id))
        .join(SeenForm, (SeenForm.project_id == Form.project_id) & (SeenForm.form_id == Form.id))
        .where(Form.project_id == frame.id, Form.deleted_at.is_(None))
        .order_by(FormVersion.name, Form.id)
    )
    return [(row[0], row[1]) for row in session.execute(query)]


def seen_beside(frame: ProjectFrame, form: FormFrame, submission: Submission) -> list[tuple[Seen, str]]:
    """What stands on the page of a submission beside its answers: evidence and its words, for whoever may review it."""
    if not frame.may(VERB):
        return []
    with reading() as session:
        kept = session.get_one(Form, (frame.id, form.id))
        found = seen_of(session, kept, _selection(session, frame, kept), [submission])
    return [(each, each.words(page_language())) for each in found]


def _selection(session: Session, frame: ProjectFrame, form: Form) -> Reviewed:
    mask = Mask(mask_of(session, frame.person, frame.id, form.id))
    return reviewed(session, frame.person, form, Selection(frame.id, form.id, frame.scope, mask=mask))


@pages.get("/<segment:xml_form_id>")
def show_interviews(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Enumerators beside each other, and what was seen last."""
    person = signed_in()
    start = typed_number(request.args, "after") or 0
    with reading() as session:
        frame, _form = open_form_frame(session, person, project_id, xml_form_id, VERB)
        form = open_form(session, frame, xml_form_id)
        kept = session.get_one(Form, (project_id, form.id))
        selection = _selection(session, frame, kept)
        found = enumerators_of(session, kept, selection)
        seen = seen_in_form(session, kept, selection, offset=start, limit=PAGE + 1)
        names = names_of(session, selection, [each.submission for each in seen])
        standing = standing_of(session, project_id, form.id)
    return render_template(
        "sync/interviews.html",
        frame=frame,
        form=form,
        found=found,
        seen=[(each, each.words(page_language())) for each in seen[:PAGE]],
        names=names,
        standing=standing,
        start=start,
        next_start=start + PAGE if len(seen) > PAGE else None,
        rule_words=rule_words(),
    )


@pages.post("/<segment:xml_form_id>/<segment:instance_id>/<segment:rule>")
def say_why(project_id: int, xml_form_id: str, instance_id: str, rule: str) -> ResponseReturnValue:
    """Keep why evidence is as it is, or take that back; then the submission again."""
    person = signed_in()
    require_own_form()
    reason = typed_text(request.form, f"reason-{rule}", LONGEST_REASON)
    with transaction() as session:
        access = form_access(session, person, VERB, project_id, xml_form_id)
        selection = reviewed(session, person, access.form, access.selection)
        if "undo" in request.form:
            take_back(session, access.form, selection, instance_id, rule, by=person.actor_id)
        else:
            explain(session, access.form, selection, instance_id, rule, reason, by=person.actor_id)
    address = url_for(
        "collector_submission_pages.show_submission",
        project_id=project_id,
        xml_form_id=xml_form_id,
        instance_id=instance_id,
        _anchor="seen",
    )
    return redirect(address, 303)


def rule_words() -> dict[str, str]:
    """What each rule looks at, in a word or two."""
    return {
        "too_fast": _("Short interviews"),
        "overlapping": _("Overlapping on one phone"),
        "same_second": _("Begun in one second"),
        "same_place": _("Different households, one place"),
        "straight_lining": _("One answer throughout a grid"),
    }
