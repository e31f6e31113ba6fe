"""JSON wire names of submissions: the only place that knows them.

Lists of submissions are long, so they are written straight from rows (`submission_json`); a test compares that with the
schemas, which the description of the API is made from.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from accounts.schemas import ActorSchema, WireMoment
from collector.models import REVIEW_STATES
from collector.submission_rows import SubmissionRow, VersionRow
from config.clock import wire

Json = dict[str, Any]


class SenderSchema(Schema):
    """Whoever sent something; of nobody (a test address) every value is null, as ODK Central has it."""

    id = fields.Integer(allow_none=True)
    type = fields.String(allow_none=True)
    displayName = fields.String(attribute="display_name", allow_none=True)  # noqa: N815 - wire name
    createdAt = WireMoment(attribute="created_at", allow_none=True)  # noqa: N815 - wire name
    updatedAt = WireMoment(attribute="updated_at", allow_none=True)  # noqa: N815 - wire name
    deletedAt = WireMoment(attribute="deleted_at", allow_none=True)  # noqa: N815 - wire name


class VersionSchema(Schema):
    """One version of a submission."""

    instanceId = fields.String(attribute="instance_id")  # noqa: N815 - wire name
    instanceName = fields.String(attribute="instance_name", allow_none=True)  # noqa: N815 - wire name
    submitterId = fields.Integer(attribute="submitter_id", allow_none=True)  # noqa: N815 - wire name
    deviceId = fields.String(attribute="device_id", allow_none=True)  # noqa: N815 - wire name
    userAgent = fields.String(attribute="user_agent", allow_none=True)  # noqa: N815 - wire name
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name
    current = fields.Boolean()


class ExtendedVersionSchema(VersionSchema):
    """With who sent it, and the form version it was filled with."""

    formVersion = fields.String(attribute="form_version")  # noqa: N815 - wire name
    submitter = fields.Nested(SenderSchema)


class SubmissionSchema(Schema):
    """A submission's metadata."""

    instanceId = fields.String(attribute="instance_id")  # noqa: N815 - wire name
    submitterId = fields.Integer(attribute="submitter_id", allow_none=True)  # noqa: N815 - wire name
    deviceId = fields.String(attribute="device_id", allow_none=True)  # noqa: N815 - wire name
    userAgent = fields.String(attribute="user_agent", allow_none=True)  # noqa: N815 - wire name
    reviewState = fields.String(attribute="review_state", allow_none=True)  # noqa: N815 - wire name
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name
    updatedAt = WireMoment(attribute="updated_at", allow_none=True)  # noqa: N815 - wire name
    deletedAt = WireMoment(attribute="deleted_at", allow_none=True)  # noqa: N815 - wire name
    currentVersion = fields.Nested(VersionSchema, attribute="current")  # noqa: N815 - wire name


class ExtendedSubmissionSchema(SubmissionSchema):
    """With who sent it."""

    submitter = fields.Nested(SenderSchema)


class AttachmentSchema(Schema):
    """A file that a version names."""

    name = fields.String()
    exists = fields.Boolean(metadata={"description": "whether its bytes are here"})


class CommentSchema(Schema):
    """What somebody wrote about a submission."""

    body = fields.String()
    actorId = fields.Integer(attribute="actor_id", allow_none=True)  # noqa: N815 - wire name
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name


class ExtendedCommentSchema(CommentSchema):
    """With who wrote it."""

    actor = fields.Nested(ActorSchema)


class NewCommentSchema(Schema):
    """Body of a new comment."""

    body = fields.String(required=True)


class ActivitySchema(Schema):
    """Something that happened to a submission."""

    actorId = fields.Integer(allow_none=True)  # noqa: N815 - wire name
    action = fields.String()
    acteeId = fields.String(allow_none=True)  # noqa: N815 - wire name
    details = fields.Dict(allow_none=True)
    loggedAt = fields.String()  # noqa: N815 - wire name
    notes = fields.String(allow_none=True)


class ExtendedActivitySchema(ActivitySchema):
    """With who did it."""

    actor = fields.Nested(ActorSchema)


class KeySchema(Schema):
    """A public key that encrypted submissions need."""

    id = fields.Integer()
    public = fields.String()
    managed = fields.Boolean(allow_none=True)
    hint = fields.String(allow_none=True)
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name


class ReviewSchema(Schema):
    """Body of PATCH: the only thing of a submission that can be changed."""

    reviewState = fields.String(allow_none=True, validate=OneOf([*REVIEW_STATES, None]))  # noqa: N815 - wire name


class ChoiceQuery(Schema):
    """Which submissions, beyond ODK Central's own parameters."""

    duplicates = fields.String(metadata={"description": "`without`: confirmed duplicates of another are left out"})
    reviewState = fields.List(  # noqa: N815 - wire name
        fields.String(), metadata={"description": "only those in this state (`received`: in none), once for each"}
    )


class ListQuery(ChoiceQuery):
    """Which part of a list."""

    limit = fields.Integer()
    offset = fields.Integer()
    deleted = fields.Boolean(metadata={"description": "true: those in the trash instead"})


class SendQuery(Schema):
    """What a sender says of itself."""

    deviceID = fields.String()  # noqa: N815 - wire name


class NotesHeader(Schema):
    """Words that go into the log with an action."""

    X_Action_Notes = fields.String(data_key="X-Action-Notes")


_NOBODY: Json = dict.fromkeys(("id", "type", "displayName", "createdAt", "updatedAt", "deletedAt"))


def submission_json(row: SubmissionRow, actors: Mapping[int, Json] | None = None, *, names: bool = True) -> Json:
    """A submission; with `actors` (by number, as JSON), extended. `names` false: without the name of the instance, which is an answer."""
    current = version_json(row.current, actors, names=names)
    found: Json = {
        "instanceId": row.instance_id,
        "submitterId": row.submitter_id,
        "deviceId": row.device_id,
        "userAgent": row.user_agent,
        "reviewState": row.review_state,
        "createdAt": wire(row.created_at),
        "updatedAt": _wire(row.updated_at),
        "deletedAt": _wire(row.deleted_at),
        "currentVersion": current,
    }
    if actors is not None:
        found["submitter"] = actors.get(row.submitter_id or 0, _NOBODY)
    return found


def version_json(
    row: VersionRow, actors: Mapping[int, Json] | None = None, *, names: bool = True, form_version: bool = False
) -> Json:
    """A version; with `actors` (by number, as JSON), extended."""
    found: Json = {
        "instanceId": row.instance_id,
        "instanceName": row.instance_name if names else None,
        "submitterId": row.submitter_id,
        "deviceId": row.device_id,
        "userAgent": row.user_agent,
        "createdAt": wire(row.created_at),
        "current": row.current,
    }
    if form_version:
        found["formVersion"] = row.form_version
    if actors is not None:
        found["submitter"] = actors.get(row.submitter_id or 0, _NOBODY)
    return found


def _wire(moment: datetime | None) -> str | None:
    return None if moment is None else wire(moment)
