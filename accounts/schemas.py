"""JSON wire names of people and projects: the only place that knows them."""

from datetime import datetime
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from accounts.models import Actor
from config.clock import wire


class WireMoment(fields.Field[datetime]):
    """A moment as ODK Central writes it."""

    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:
        return None if value is None else wire(value)


class ActorSchema(Schema):
    """Whoever acts: a person, a phone, a link."""

    id = fields.Integer()
    type = fields.String()
    displayName = fields.String(attribute="display_name")  # noqa: N815 - wire name
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name
    updatedAt = WireMoment(attribute="updated_at", allow_none=True)  # noqa: N815 - wire name
    deletedAt = WireMoment(attribute="deleted_at", allow_none=True)  # noqa: N815 - wire name


def actor_json(actor: Actor | None) -> dict[str, Any] | None:
    """An actor as ODK Central shows it, null for nobody."""
    return None if actor is None else dict(ActorSchema().dump(actor))


class SignInSchema(Schema):
    """Body of POST /v1/sessions."""

    class Meta:
        unknown = EXCLUDE

    email = fields.String(required=True)
    password = fields.String(required=True)


class SessionSchema(Schema):
    """A session just made."""

    token = fields.String()
    csrf = fields.String()
    expiresAt = WireMoment(attribute="expires_at")  # noqa: N815 - wire name
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name


class ProjectSchema(Schema):
    """A project."""

    id = fields.Integer()
    name = fields.String()
    description = fields.String(allow_none=True)
    archived = fields.Boolean()
    keyId = fields.Constant(None)  # noqa: N815 - wire name
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name
    updatedAt = WireMoment(attribute="updated_at")  # noqa: N815 - wire name
    deletedAt = WireMoment(attribute="deleted_at")  # noqa: N815 - wire name
