"""JSON wire names of forms: the only place that knows them."""

from marshmallow import Schema, fields, validate

from accounts.schemas import ActorSchema, AssignmentSchema, ExtendedAssignmentSchema, WireMoment
from forms.states import STATES


class FormSchema(Schema):
    """A form with one of its versions. `enketoId` and `enketoOnceId` belong to a program Relais does without."""

    projectId = fields.Integer(attribute="project_id")  # noqa: N815 - wire name
    xmlFormId = fields.String(attribute="xml_form_id")  # noqa: N815 - wire name
    state = fields.String(validate=validate.OneOf(STATES))
    webformsEnabled = fields.Boolean(attribute="web_forms")  # noqa: N815 - wire name
    enketoId = fields.Constant(None)  # noqa: N815 - wire name
    enketoOnceId = fields.Constant(None)  # noqa: N815 - wire name
    createdAt = WireMoment(attribute="created_at")  # noqa: N815 - wire name
    updatedAt = WireMoment(attribute="updated_at", allow_none=True)  # noqa: N815 - wire name
    name = fields.String(attribute="title", allow_none=True)
    version = fields.String()
    hash = fields.String(attribute="md5")
    sha = fields.String(attribute="sha1")
    sha256 = fields.String(attribute="sha256_hex")
    keyId = fields.Integer(attribute="key_id", allow_none=True)  # noqa: N815 - wire name
    draftToken = fields.String(attribute="draft_token", allow_none=True)  # noqa: N815 - wire name
    publishedAt = WireMoment(attribute="published_at", allow_none=True)  # noqa: N815 - wire name


class DeletedFormSchema(FormSchema):
    """A form in the trash; restoring asks for its number."""

    id = fields.Integer()
    deletedAt = WireMoment(attribute="deleted_at")  # noqa: N815 - wire name


class VersionSchema(FormSchema):
    """A published version with who published it; `publishNotes` for those who may change the form."""

    publishedBy = fields.Nested(ActorSchema, attribute="publisher", allow_none=True)  # noqa: N815 - wire name
    excelContentType = fields.String(attribute="workbook_type", allow_none=True)  # noqa: N815 - wire name
    publishNotes = fields.String(attribute="publish_notes", allow_none=True)  # noqa: N815 - wire name


class FieldSchema(Schema):
    """A node of a form, in document order."""

    path = fields.String()
    name = fields.String()
    type = fields.String()
    binary = fields.Boolean(allow_none=True)
    selectMultiple = fields.Boolean(attribute="multiple", allow_none=True)  # noqa: N815 - wire name


class AttachmentSchema(Schema):
    """A place for a file that the form names, and the file if somebody brought it."""

    name = fields.String()
    type = fields.String(validate=validate.OneOf(("image", "audio", "video", "file")))
    hash = fields.String(attribute="md5", allow_none=True)
    exists = fields.Boolean()
    blobExists = fields.Boolean(attribute="blob_exists")  # noqa: N815 - wire name
    datasetExists = fields.Constant(False)  # noqa: N815 - wire name
    size = fields.Integer()
    updatedAt = WireMoment(attribute="updated_at")  # noqa: N815 - wire name


class ChangesSchema(Schema):
    """Body of PATCH on a form; whatever is left out stays."""

    state = fields.String(validate=validate.OneOf(STATES))
    webformsEnabled = fields.Boolean()  # noqa: N815 - wire name


class DatasetDiffSchema(Schema):
    """What publishing a form would do to an entity list."""

    name = fields.String()
    isNew = fields.Boolean()  # noqa: N815 - wire name
    properties = fields.List(fields.Dict())


class LinkSchema(Schema):
    """Body of PATCH on a draft's place for a file: whether an entity list of that name is to fill it."""

    dataset = fields.Boolean()


class PassphraseSchema(Schema):
    """Body of POST on a project's key. The passphrase is kept nowhere; the hint is for those who know it."""

    passphrase = fields.String(required=True)
    hint = fields.String(allow_none=True)


class FormAssignmentSchema(AssignmentSchema):
    """Who has which role for which form."""

    xmlFormId = fields.String()  # noqa: N815 - wire name


class ExtendedFormAssignmentSchema(ExtendedAssignmentSchema):
    """Who has which role for which form, with the actor in full."""

    xmlFormId = fields.String()  # noqa: N815 - wire name


class FieldsQuery(Schema):
    """`odata=true`: names and paths as in OData."""

    odata = fields.String()


class UploadQuery(Schema):
    """`ignoreWarnings=true`: take the form with its warnings. `publish=true`: and publish it at once."""

    ignoreWarnings = fields.String()  # noqa: N815 - wire name
    publish = fields.String()


class DraftQuery(Schema):
    """`ignoreWarnings=true`: take the draft with its warnings."""

    ignoreWarnings = fields.String()  # noqa: N815 - wire name


class PublishQuery(Schema):
    """`version`: publish under this version name instead of the draft's own."""

    version = fields.String()


class UploadHeaders(Schema):
    """The form id of a workbook that says none, percent-encoded."""

    fallback = fields.String(data_key="X-XlsForm-FormId-Fallback")


class ChangeSchema(Schema):
    """One change between two versions; `confirm`: a person should agree before it is published over data."""

    kind = fields.String()
    path = fields.String()
    label = fields.String()
    aspect = fields.String()
    old = fields.String()
    new = fields.String()
    also = fields.List(fields.String())
    confirm = fields.Boolean()
    sentence = fields.String()


class ColumnsSchema(Schema):
    """What becomes of one table of the exports; `table` is "" for the main one."""

    table = fields.String()
    added = fields.List(fields.String())
    removed = fields.List(fields.String())
    renamed = fields.List(fields.List(fields.String()))
    sentence = fields.String()


class DifferenceSchema(Schema):
    """What publishing a draft would change; `published` is the version it would replace, null without one."""

    published = fields.String(allow_none=True)
    toConfirm = fields.Integer()  # noqa: N815 - wire name
    changes = fields.List(fields.Nested(ChangeSchema))
    columns = fields.List(fields.Nested(ColumnsSchema))


class LanguageQuery(Schema):
    """`language`: of labels and sentences, `en` (the default) or `fr`."""

    language = fields.String()
