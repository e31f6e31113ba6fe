"""JSON wire names of forms with counts of their submissions: the only place that knows them."""

from marshmallow import Schema, fields

from accounts.schemas import ActorSchema, WireMoment
from forms.schemas import FormSchema


class ReviewStatesSchema(Schema):
    """Submissions that somebody should look at, by review state."""

    received = fields.Integer()
    hasIssues = fields.Integer()  # noqa: N815 - wire name
    edited = fields.Integer()


class ExtendedFormSchema(FormSchema):
    """A form with what came for it; `publishNotes` for those who may change the form, and for a single one only."""

    submissions = fields.Integer()
    reviewStates = fields.Nested(ReviewStatesSchema)  # noqa: N815 - wire name
    lastSubmission = WireMoment(allow_none=True)  # noqa: N815 - wire name
    excelContentType = fields.String(attribute="workbook_type", allow_none=True)  # noqa: N815 - wire name
    publicLinks = fields.Integer()  # noqa: N815 - wire name
    entityRelated = fields.Boolean()  # noqa: N815 - wire name
    createdBy = fields.Nested(ActorSchema, allow_none=True)  # noqa: N815 - wire name
    publishNotes = fields.String(attribute="publish_notes", allow_none=True)  # noqa: N815 - wire name


class FormListQuery(Schema):
    """`deleted=true`: the forms in the trash instead."""

    deleted = fields.String()
