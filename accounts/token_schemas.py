"""JSON wire names of app users and public links, whose token is all they have."""

from marshmallow import Schema, fields

from accounts import tokens
from accounts.actors import LONGEST_NAME
from accounts.schemas import FOR_EVER, ActorSchema, WireMoment
from config.wire_fields import Body, Flag, Text


class AppUserSchema(ActorSchema):
    """A phone's credential in one project. `token` is null once it was revoked."""

    projectId = fields.Integer(attribute="project_id")  # noqa: N815 - wire name
    token = fields.String(allow_none=True)


class _MadeTokenSchema(Schema):
    """What ODK Central tells of a token just made, besides the token: it lasts for ever, and `csrf` serves nothing."""

    csrf = fields.Function(lambda _: tokens.fresh())
    expiresAt = WireMoment(attribute="expires_at", dump_default=FOR_EVER)  # noqa: N815 - wire name


class MadeAppUserSchema(AppUserSchema, _MadeTokenSchema):
    """An app user just made."""


class ExtendedAppUserSchema(AppUserSchema):
    """With who made it, when it last sent something new, its properties; and what ODK Central lacks: retired phones may
    still send and see no forms, what training phones send stays out of counts and exports."""

    createdBy = fields.Nested(ActorSchema, attribute="created_by", allow_none=True)  # noqa: N815 - wire name
    lastUsed = WireMoment(attribute="last_used")  # noqa: N815 - wire name
    properties = fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True)
    state = fields.String()
    training = fields.Boolean()


class NewAppUserSchema(Body):
    """An app user to be made; `training` is Relais' own."""

    displayName = Text(required=True, longest=LONGEST_NAME)  # noqa: N815 - wire name
    properties = fields.Raw(allow_none=True)
    training = Flag()


class AppUserChangesSchema(Body):
    """Properties to set or (null) take away; `state` (active, retired, revoked) is Relais' own."""

    properties = fields.Raw(allow_none=True)
    state = Text()


class PublicLinkSchema(ActorSchema):
    """An address that lets anybody fill in one form. `token` is null once it was ended."""

    once = fields.Boolean(allow_none=True)
    token = fields.String(allow_none=True)


class MadePublicLinkSchema(PublicLinkSchema, _MadeTokenSchema):
    """A public link just made."""


class ExtendedPublicLinkSchema(PublicLinkSchema):
    """With who made it, and its properties."""

    createdBy = fields.Nested(ActorSchema, attribute="created_by", allow_none=True)  # noqa: N815 - wire name
    properties = fields.Dict(keys=fields.String(), values=fields.String(), allow_none=True)


class NewPublicLinkSchema(Body):
    """A public link to be made; `once` asks web forms to let a browser answer once only."""

    displayName = Text(required=True, longest=LONGEST_NAME)  # noqa: N815 - wire name
    once = Flag(allow_none=True)
    properties = fields.Raw(allow_none=True)


class PropertiesSchema(Body):
    """Properties to set or (null) take away."""

    properties = fields.Raw(allow_none=True)
