"""JSON wire names of projects with what is in them: the only place that knows them."""

from marshmallow import Schema, fields

from accounts.schemas import AssignmentSchema, NewProjectSchema, ProjectSchema, WireMoment
from collector.form_schemas import ExtendedFormSchema
from forms.schemas import ChangesSchema


class ListedProjectSchema(ProjectSchema):
    """A project in the list, with what the caller may do there."""

    verbs = fields.List(fields.String())


class ExtendedProjectSchema(ListedProjectSchema):
    """A project with counts; with `forms=true` or `datasets=true` in the query also what it holds."""

    forms = fields.Integer()
    appUsers = fields.Integer(attribute="app_users")  # noqa: N815 - wire name
    lastSubmission = WireMoment(attribute="last")  # noqa: N815 - wire name
    datasets = fields.Constant(0)
    lastEntity = fields.Constant(None)  # noqa: N815 - wire name
    formList = fields.List(fields.Nested(ExtendedFormSchema))  # noqa: N815 - wire name
    datasetList = fields.List(fields.Dict())  # noqa: N815 - wire name


class ProjectListQuery(Schema):
    """`forms=true`: each project with its forms; `datasets=true`: with its entity lists."""

    forms = fields.String()
    datasets = fields.String()


class WholeFormSchema(ChangesSchema):
    """A form of the project and, if given, everyone who has a role for it."""

    xmlFormId = fields.String(required=True)  # noqa: N815 - wire name
    assignments = fields.List(fields.Nested(AssignmentSchema))


class WholeProjectSchema(NewProjectSchema):
    """All of a project: what is left out is blanked. With `forms`, all of them, their states and assignments too."""

    forms = fields.List(fields.Nested(WholeFormSchema))
