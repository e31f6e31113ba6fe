"""JSON wire names of scopes: the only place that knows them."""

from marshmallow import Schema, fields

from config.wire_fields import Body, Objects, Text, Texts

LONGEST = 255
MOST_RULES = 20
MOST_VALUES = 1000


class RuleSchema(Schema):
    """One condition on submissions."""

    property = fields.String(metadata={"description": "a question of the form's root table, by name or path; or own"})
    values = fields.List(fields.String(), metadata={"description": "any of these answers will do"})
    xmlFormId = fields.String(allow_none=True)  # noqa: N815 - wire name


class ScopeSchema(Schema):
    """What somebody sees of a project's submissions. Every rule must hold; without rules everything is seen."""

    actorId = fields.Integer()  # noqa: N815 - wire name
    rules = fields.List(fields.Nested(RuleSchema))
    hiddenClasses = fields.List(fields.String())  # noqa: N815 - wire name
    complete = fields.Boolean(
        metadata={"description": "false while answers of older submissions are still looked up: those are hidden"}
    )


class RuleBody(Body):
    """One condition on submissions."""

    property = Text(required=True, longest=LONGEST)
    values = Texts(most=MOST_VALUES, longest=LONGEST, load_default=[])
    xmlFormId = Text(allow_none=True, load_default=None)  # noqa: N815 - wire name


class ScopeBody(Body):
    """Takes the place of the whole scope."""

    rules = Objects(RuleBody(), most=MOST_RULES, load_default=[])
    hiddenClasses = Texts(most=20, longest=16, load_default=[])  # noqa: N815 - wire name
