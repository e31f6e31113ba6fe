"""What is decided about submissions over REST: their state, the trash, where to correct them; ODK Central's addresses."""

from dataclasses import replace

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from accounts.errors import not_found
from accounts.schemas import SuccessSchema
from accounts.signed_in import api_caller, changing
from collector import review
from collector.api_submissions import one_answer
from collector.form_access import FORM, form_access
from collector.rest_errors import form_not_open, no_web_form
from collector.schemas import NotesHeader, ReviewSchema, SubmissionSchema
from collector.submission_rows import one_row
from collector.trash import delete_submission, restore_submission
from config.api_answers import json_body
from config.database import reading
from config.description import describe

api = Blueprint("review_api", __name__, url_prefix=FORM)


@api.patch("/submissions/<segment:instance_id>")
@describe(answer=SubmissionSchema(), body=ReviewSchema(), headers=NotesHeader(), problems=[400.6, 400.8, 404.1])
def review_submission(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """Change the review state, the only thing of a submission that can be changed; {} if nothing of it was named."""
    person = api_caller()
    given = json_body()
    with changing() as session:
        access = form_access(session, person, "submission.review", project_id, xml_form_id)
        submission = review.named_submission(session, access.selection, instance_id)
        if "reviewState" not in given:
            return {}
        review.set_review_state(session, submission, given["reviewState"], by=person.actor_id)
    with reading() as session:
        row = one_row(session, access.selection, instance_id)
        return one_answer(session, row, access.selection.mask, without=("userAgent", "currentVersion"))


@api.delete("/submissions/<segment:instance_id>")
@describe(answer=SuccessSchema(), headers=NotesHeader(), problems=[400.6, 404.1])
def delete(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """Put a submission into the trash; it can be restored for 30 days."""
    person = api_caller()
    with changing() as session:
        access = form_access(session, person, "submission.delete", project_id, xml_form_id)
        delete_submission(session, access.selection, instance_id, by=person.actor_id)
    return {"success": True}


@api.post("/submissions/<segment:instance_id>/restore")
@describe(answer=SuccessSchema(), headers=NotesHeader(), problems=[400.6, 404.1])
def restore(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """Take a submission out of the trash."""
    person = api_caller()
    with changing() as session:
        access = form_access(session, person, "submission.restore", project_id, xml_form_id)
        trash = replace(access.selection, in_trash=True)
        restore_submission(session, trash, instance_id, by=person.actor_id)
    return {"success": True}


@api.get("/submissions/<segment:instance_id>/edit")
@describe(status=302, problems=[404.1, 409.11, 409.12])
def open_for_editing(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """To the page of a submission, where it can be corrected: for whoever can read a page. A program that takes no HTML hears 409.11, as of a
    form without a web form."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.update", project_id, xml_form_id)
        if request.headers.get("Accept") and not request.accept_mimetypes.accept_html:
            raise no_web_form()
        if access.form.state != "open":
            raise form_not_open()
        if one_row(session, access.selection, instance_id) is None:
            raise not_found()
    page = "collector_submission_pages.show_submission"
    return redirect(url_for(page, project_id=project_id, xml_form_id=xml_form_id, instance_id=instance_id), 302)
