"""JSON wire names of people, rights and sessions: the only place that knows them."""

from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields

from accounts.actors import LONGEST_NAME
from accounts.models import Actor
from accounts.projects import LONGEST_NAME as LONGEST_PROJECT_NAME
from accounts.web_users import Account
from config.clock import wire
from config.wire_fields import Body, Flag, Text

# As ODK Central writes it for the tokens of phones and links.
FOR_EVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class WireMoment(fields.Field[datetime]):
    """A moment as ODK Central writes it."""

    openapi = {"type": ["string", "null"], "format": "date-time"}  # noqa: RUF012 - read by config.openapi, never changed

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


class SuccessSchema(Schema):
    """What an action answers that has nothing else to say."""

    success = fields.Boolean()


class SignInSchema(Body):
    """An e-mail and its password."""

    email = Text(required=True)
    password = Text(required=True)


class SessionSchema(Schema):
    """A session just made."""

    token = fields.String()
    csrf = fields.String()
    expiresAt = WireMoment(attribute="expires_at")  # noqa: N815 - wire name
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name


class SessionTimesSchema(Schema):
    """How long a session lasts."""

    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name
    expiresAt = WireMoment(attribute="expires_at")  # noqa: N815 - wire name


class UserSchema(Schema):
    """A web user."""

    id = fields.Integer(attribute="actor.id")
    type = fields.String(attribute="actor.type")
    displayName = fields.String(attribute="actor.display_name")  # noqa: N815 - wire name
    email = fields.String(attribute="user.email")
    createdAt = WireMoment(attribute="actor.created_at")  # noqa: N815 - wire name
    updatedAt = WireMoment(attribute="actor.updated_at")  # noqa: N815 - wire name
    deletedAt = WireMoment(attribute="actor.deleted_at")  # noqa: N815 - wire name
    lastLoginAt = WireMoment(attribute="user.last_login_at")  # noqa: N815 - wire name


class PreferencesSchema(Schema):
    """What a person chose for tools, by name: for all of the site, and by project."""

    site = fields.Dict(keys=fields.String())
    projects = fields.Dict(keys=fields.String(), values=fields.Dict(keys=fields.String()))


class CurrentUserSchema(UserSchema):
    """The caller, with what they may do on the site and what they chose."""

    verbs = fields.List(fields.String())
    preferences = fields.Nested(PreferencesSchema)


class NewUserSchema(Body):
    """A web user to be made; without a password a link for choosing one is needed."""

    email = Text(required=True)
    password = fields.Raw(allow_none=True)
    displayName = Text(longest=LONGEST_NAME, allow_none=True)  # noqa: N815 - wire name


class UserChangesSchema(Body):
    """What of a web user can be changed."""

    email = Text()
    displayName = Text(longest=LONGEST_NAME)  # noqa: N815 - wire name


class PasswordChangeSchema(Body):
    """One's password, and the next."""

    old = fields.Raw()
    new = fields.Raw()


class NewPasswordSchema(Body):
    """A new password."""

    new = fields.Raw()


class EmailSchema(Body):
    """Whose password it is about."""

    email = Text(required=True)


class ResetLinkSchema(Schema):
    """A link for choosing a password, good once; whoever has it can sign in as that person."""

    token = fields.String()
    url = fields.Url(require_tld=False)
    expiresAt = WireMoment(attribute="expires_at")  # noqa: N815 - wire name


class RoleSchema(Schema):
    """A named set of verbs."""

    id = fields.Integer()
    name = fields.String()
    system = fields.String()
    verbs = fields.List(fields.String())
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name
    updatedAt = WireMoment(attribute="updated_at")  # noqa: N815 - wire name


class AssignmentSchema(Schema):
    """Who has which role."""

    actorId = fields.Integer(attribute="actor_id")  # noqa: N815 - wire name
    roleId = fields.Integer(attribute="role_id")  # noqa: N815 - wire name


class ExtendedAssignmentSchema(Schema):
    """Who has which role, with the actor in full."""

    actor = fields.Nested(ActorSchema)
    roleId = fields.Integer(attribute="role_id")  # noqa: N815 - wire name
    actorId = fields.Integer(attribute="actor_id")  # noqa: N815 - wire name


class ProjectSchema(Schema):
    """A project. `archived` is null until somebody says something of it, as in ODK Central."""

    id = fields.Integer()
    name = fields.String()
    description = fields.String(allow_none=True)
    archived = fields.Function(lambda project: project.archived or project.archived_said)
    keyId = fields.Integer(attribute="key_id", allow_none=True)  # noqa: N815 - wire name
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name
    updatedAt = WireMoment(attribute="updated_at")  # noqa: N815 - wire name
    deletedAt = WireMoment(attribute="deleted_at")  # noqa: N815 - wire name


class MadeProjectSchema(ProjectSchema):
    """A project just made."""

    acteeId = fields.String(attribute="uid")  # noqa: N815 - wire name


class NewProjectSchema(Body):
    """A project to be made."""

    name = Text(required=True, longest=LONGEST_PROJECT_NAME)
    description = Text(allow_none=True)
    archived = Flag(allow_none=True)


class ProjectChangesSchema(NewProjectSchema):
    """What of a project can be changed; what is left out stays."""

    name = Text(longest=LONGEST_PROJECT_NAME)


def shown_account(account: Account) -> Any:
    """A web user on the wire."""
    return UserSchema().dump(account)


class SettingSchema(Schema):
    """A setting of the site: its JSON, or that there is a picture."""

    key = fields.String()
    value = fields.Dict(keys=fields.String())
    blobExists = fields.Boolean()  # noqa: N815 - wire name
    setAt = WireMoment(attribute="set_at")  # noqa: N815 - wire name


class PropertySchema(Schema):
    """A property that app users and public links can have."""

    name = fields.String()


class PropertyValuesSchema(PropertySchema):
    """A property with the values in use."""

    values = fields.List(fields.String())


class NewPropertySchema(Body):
    """The name of a property."""

    name = fields.Raw(required=True)
