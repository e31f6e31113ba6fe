"""JSON wire names of submissions: the only place that knows them."""

from marshmallow import Schema, fields

from accounts.schemas import WireMoment


class SubmissionSchema(Schema):
    """A submission's metadata."""

    instanceId = fields.String(attribute="instance_id")  # noqa: N815 - wire name
    submitterId = fields.Integer(attribute="submitter_id", allow_none=True)  # noqa: N815 - wire name
    deviceId = fields.String(attribute="device_id", allow_none=True)  # noqa: N815 - wire name
    reviewState = fields.String(attribute="review_state", allow_none=True)  # noqa: N815 - wire name
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name
    updatedAt = WireMoment(attribute="updated_at")  # noqa: N815 - wire name
    deletedAt = WireMoment(attribute="deleted_at")  # noqa: N815 - wire name
