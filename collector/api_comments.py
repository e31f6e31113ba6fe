"""What is said of submissions and what has happened to them, with ODK Central's addresses: comments, activity, keys, senders."""

from typing import Any

import orjson
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.actees import actee_of_form
from accounts.errors import not_found
from accounts.models import Project
from accounts.schemas import ActorSchema
from accounts.signed_in import api_caller, changing, creating
from collector import review
from collector.activity import activities_of
from collector.form_access import FORM, FormAccess, both, form_access
from collector.models import Comment
from collector.schemas import (
    ActivitySchema,
    CommentSchema,
    ExtendedActivitySchema,
    ExtendedCommentSchema,
    KeySchema,
    NewCommentSchema,
)
from collector.submission_rows import actors_of, one_row, senders_of
from collector.unlocking import keys_needed
from config.api_answers import json_body
from config.api_errors import missing_parameter
from config.clock import wire
from config.database import reading
from config.description import describe
from config.reader_wishes import wishes

api = Blueprint("comments_api", __name__, url_prefix=FORM)


@api.get("/submissions/<segment:instance_id>/comments")
@describe(answer=CommentSchema(many=True), extended=ExtendedCommentSchema(many=True), problems=[404.1])
def list_comments(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """Everything people wrote about a submission, the newest first."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id)
        submission = review.named_submission(session, access.selection, instance_id)
        comments = review.comments_of(session, submission)
        actors = (
            actors_of(session, [each.actor_id for each in comments], access.selection.mask)
            if wishes().extended
            else None
        )
    return _json([_comment(each, actors) for each in comments])


def _comment(comment: Comment, actors: dict[int, dict[str, Any]] | None = None) -> dict[str, object]:
    found: dict[str, object] = {
        "body": "" if comment.redacted_at else comment.body,
        "actorId": comment.actor_id,
        "createdAt": wire(comment.created_at),
    }
    if actors is not None:
        found["actor"] = actors.get(comment.actor_id or 0)
    return found


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), mimetype="application/json")


@api.post("/submissions/<segment:instance_id>/comments")
@creating
@describe(answer=CommentSchema(), body=NewCommentSchema(), problems=[400.2, 404.1])
def create_comment(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """Write a comment; whoever reads the submission may."""
    person = api_caller()
    body = json_body().get("body")
    with changing() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id)
        submission = review.named_submission(session, access.selection, instance_id)
        if body is None:
            raise missing_parameter("body")
        words = body if isinstance(body, str) else orjson.dumps(body).decode()
        comment = review.add_comment(session, submission, words, by=person.actor_id)
        return _json(_comment(comment))


@both(api, "/submissions/<segment:instance_id>/audits")
@describe(answer=ActivitySchema(many=True), extended=ExtendedActivitySchema(many=True), problems=[404.1])
def list_activity(project_id: int, xml_form_id: str, instance_id: str, draft: bool) -> ResponseReturnValue:
    """What has happened to a submission, the newest first, with the words of whoever did it."""
    person = api_caller()
    wanted = wishes()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        row = one_row(session, access.selection, instance_id)
        if row is None:
            raise not_found()
        entries = activities_of(session, project_id, row.id, row.instance_id, wanted)
        actors = (
            actors_of(session, [each.actor_id for each in entries], access.selection.mask) if wanted.extended else None
        )
        actee = _actee_of(session, access)
    found: list[dict[str, object]] = []
    for each in entries:
        entry: dict[str, object] = {
            "actorId": each.actor_id,
            "action": each.action,
            "acteeId": actee,
            "details": each.details,
            "loggedAt": wire(each.created_at),
            "notes": each.note,
        }
        if actors is not None and each.actor_id in actors:
            entry["actor"] = actors[each.actor_id]
        if wanted.extended:
            entry["details"] = {**each.details, "entity": {"entityAvailable": False}}
        found.append(entry)
    return _json(found)


def _actee_of(session: Session, access: FormAccess) -> str:
    return actee_of_form(session.get_one(Project, access.project_id).uid, access.form.id)


@both(api, "/submissions/keys")
@describe(answer=KeySchema(many=True))
def list_keys(project_id: int, xml_form_id: str, draft: bool) -> ResponseReturnValue:
    """The public keys of which encrypted submissions of this form need the private ones, the newest first."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        keys = keys_needed(session, access.selection)
    return _json(
        [
            {
                "id": key.id,
                "public": key.public,
                # Of a key that came with its form ODK Central knows nothing more.
                "managed": key.managed or None,
                "hint": key.hint,
                "createdAt": wire(key.created_at),
            }
            for key in keys
        ]
    )


@both(api, "/submissions/submitters")
@describe(answer=ActorSchema(many=True))
def list_submitters(project_id: int, xml_form_id: str, draft: bool) -> ResponseReturnValue:
    """Everyone who has sent submissions of this form, by name."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id, draft)
        actors = actors_of(session, senders_of(session, access.selection), access.selection.mask)
    # Databases sort names each in their own way.
    return _json(sorted(actors.values(), key=lambda actor: (actor["displayName"].casefold(), actor["id"])))
