"""JSON wire names of the change feed and of what webhooks send."""

from typing import Any

from marshmallow import Schema, fields

from accounts.schemas import WireMoment
from collector.changes import LEAVE, Change
from config.clock import wire


class ChangeSchema(Schema):
    """Something that happened. Of a submission that has left the reader's scope, and of one that is purged, no state is told."""

    seq = fields.Integer()
    action = fields.String()
    loggedAt = WireMoment()  # noqa: N815 - wire name
    actorId = fields.Integer(allow_none=True)  # noqa: N815 - wire name
    xmlFormId = fields.String()  # noqa: N815 - wire name
    details = fields.Dict()
    submissionId = fields.Integer(metadata={"description": "only of submissions, like what follows"})  # noqa: N815
    instanceId = fields.String()  # noqa: N815 - wire name
    versionId = fields.String(metadata={"description": "instanceID of the version that came"})  # noqa: N815 - wire name
    currentVersionId = fields.String(metadata={"description": "of the version there is now"})  # noqa: N815 - wire name
    reviewState = fields.String(allow_none=True, metadata={"description": "now"})  # noqa: N815 - wire name
    deleted = fields.Boolean(metadata={"description": "whether it is in the trash now"})
    duplicate = fields.Boolean(metadata={"description": "whether it is left out in favour of another now"})


class ChangesSchema(Schema):
    """Changes, oldest first."""

    changes = fields.List(fields.Nested(ChangeSchema))
    next = fields.Integer(metadata={"description": "`after` of the next request"})
    more = fields.Boolean(metadata={"description": "whether there are more already"})
    view = fields.String(
        metadata={"description": "another than before: what you may see has changed, begin anew with `after=0`"}
    )


class ChangesQuery(Schema):
    """Where to go on."""

    after = fields.Raw(
        metadata={"description": "`next` of the answer before; 0, the beginning, when not given; or `now`"}
    )
    limit = fields.Integer(metadata={"description": "about how many; at most 1000, 250 when not given"})
    wait = fields.Integer(metadata={"description": "seconds to wait for a change when there is none; at most 20"})


def change_json(change: Change) -> dict[str, Any]:
    """A change as it goes over the wire."""
    found: dict[str, Any] = {
        "seq": change.seq,
        "action": change.action,
        "loggedAt": wire(change.moment),
        "actorId": change.actor_id,
        "xmlFormId": change.xml_form_id,
        "details": dict(change.details),
    }
    if change.submission_id is not None:
        found["submissionId"] = change.submission_id
    place = change.place
    if place is not None:
        found["instanceId"] = place.instance_id
        if change.action != LEAVE:
            found["currentVersionId"] = place.current_version_id
            found["reviewState"] = place.review_state
            found["deleted"] = place.deleted
            found["duplicate"] = place.duplicate
    if change.version_id is not None:
        found["versionId"] = change.version_id
    return found
