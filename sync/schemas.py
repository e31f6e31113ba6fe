"""JSON wire names of suspected duplicates and decisions: the only place that knows them."""

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from accounts.schemas import WireMoment
from config.wire_fields import Body, Text
from sync.deciding import DECIDABLE, STATES, SuspectedPair
from sync.decisions import LONGEST_REASON, Decision
from sync.rules.identity.explanation import Line


class LineSchema(Schema):
    """What one field says: `bits` of all lines sum to the pair's."""

    role = fields.String()
    paths = fields.List(fields.String())
    text = fields.String()
    bits = fields.Float()


class NearSchema(Schema):
    """How far the answers to choose from agree. `bits`: what that is worth; what honest interviews of the form hardly reach is `least`. `rare`:
    how many of those that agree fewer than one submission in ten gives."""

    agreeing = fields.Integer()
    compared = fields.Integer()
    rare = fields.Integer()
    bits = fields.Float()
    least = fields.Float()


class PairSchema(Schema):
    """Two submissions that may be one."""

    one = fields.String(metadata={"description": "instanceID of the earlier"})
    other = fields.String()
    bits = fields.Float(allow_none=True, metadata={"description": "log2 odds by identity; null when not scored"})
    probability = fields.Float()
    copy = fields.String(allow_none=True, validate=OneOf(["exact", "answers", None]))
    near = fields.Nested(NearSchema, allow_none=True, metadata={"description": "null unless they agree beyond chance"})
    foundAt = WireMoment()  # noqa: N815 - wire name
    verdict = fields.String(allow_none=True)
    keep = fields.String(allow_none=True)
    conflict = fields.Boolean()
    open = fields.Boolean(metadata={"description": "a person is to look at it"})
    decisions = fields.List(fields.String(), metadata={"description": "uids of those that count"})


class ExplainedPairSchema(PairSchema):
    """With its reasons."""

    explanation = fields.String(allow_none=True)
    nearExplanation = fields.String(allow_none=True)  # noqa: N815 - wire name
    lines = fields.List(fields.Nested(LineSchema), allow_none=True)


class PageQuery(Schema):
    """A part of a list."""

    limit = fields.Integer()
    offset = fields.Integer()


class PairsQuery(PageQuery):
    """Which pairs."""

    state = fields.String(validate=OneOf(STATES), metadata={"description": "default: open"})


class LeftOutSchema(Schema):
    """A submission left out in favour of another."""

    instanceId = fields.String()  # noqa: N815 - wire name
    duplicateOf = fields.String(  # noqa: N815 - wire name
        allow_none=True, metadata={"description": "instanceID of the one that is kept; null: out of your sight"}
    )


class ExplainedQuery(Schema):
    """In which language."""

    language = fields.String(validate=OneOf(["fr", "en"]), metadata={"description": "default: fr"})


class NewDecisionSchema(Body):
    """A verdict. `keep`: which stays, for "duplicate". "event" (several reports of one) is for forms
    whose submissions corroborate each other, which know no duplicates. `seen`: uids of the decisions the person had before them (default:
    those that are here); a decision that is not among them was made apart."""

    one = Text(required=True)
    other = Text(required=True)
    verdict = Text(required=True, metadata={"enum": [*DECIDABLE, "event"]})
    keep = Text(allow_none=True, load_default=None)
    reason = Text(longest=LONGEST_REASON, load_default="")
    seen = fields.Raw(load_default=None)


class NewMergeSchema(Body):
    """What is to become of several. `fields`: path → instanceID of whom an answer (or a repeat as a whole) is taken, where it is not
    that of `keep`. `values`: path → text in place of what the form calculates, where it cannot be calculated again."""

    keep = Text(required=True)
    others = fields.Raw(required=True)
    fields_ = fields.Raw(data_key="fields", load_default=None)
    values = fields.Raw(load_default=None)
    reason = Text(longest=LONGEST_REASON, load_default="")
    seen = fields.Raw(load_default=None)


class DecisionSchema(Schema):
    """A decision as it travels between servers. `by` and `node` are uids."""

    uid = fields.String()
    form = fields.String()
    one = fields.String()
    other = fields.String()
    verdict = fields.String()
    keep = fields.String(allow_none=True)
    fields_ = fields.Dict(data_key="fields")
    reason = fields.String()
    by = fields.String()
    at = fields.String()
    node = fields.String()
    evidence = fields.String()
    supersedes = fields.List(fields.String())
    version = fields.String(metadata={"description": "of a merge: instanceID of the version it made"})


class MergedSchema(Schema):
    """What a merge made, and what follows, by path: `calculated` again from answers of several; `unsettled`: calculated from answers of
    several, left as the kept submission has it, for a person to choose or write; `irrelevant`: answered, and not asked any more;
    `unmet`: answers the form would refuse; `unanswered`: asked now, and blank."""

    version = fields.String()
    decisions = fields.List(fields.Nested(DecisionSchema))
    calculated = fields.List(fields.String())
    unsettled = fields.List(fields.String())
    irrelevant = fields.List(fields.String())
    unmet = fields.List(fields.String())
    unanswered = fields.List(fields.String())


class NearCopiesSchema(Schema):
    """How near copies are found. `columns`: answers laid side by side (a question that takes several choices counts once for each);
    `enough`: false where the form is too short, or has too few interviews, to tell; `least`: bits from which on two are too alike,
    measured on `interviews`."""

    columns = fields.Integer()
    enough = fields.Boolean()
    least = fields.Float(allow_none=True)
    interviews = fields.Integer()


class RescanSchema(Schema):
    """How far a form that is matched anew has come."""

    done = fields.Integer()
    total = fields.Integer()


class MatchingSchema(Schema):
    """How a form is matched. `stopped`: why its submissions are not scored; `stoppedPath`: the question to blame; `stoppedWhy`: a
    sentence, by language."""

    roles = fields.Dict()
    stopped = fields.String(allow_none=True)
    stoppedPath = fields.String(allow_none=True)  # noqa: N815 - wire name
    stoppedWhy = fields.Dict(allow_none=True)  # noqa: N815 - wire name
    learntFrom = fields.Integer()  # noqa: N815 - wire name
    learntAt = WireMoment(allow_none=True)  # noqa: N815 - wire name
    expectedPairs = fields.Float(allow_none=True)  # noqa: N815 - wire name
    corroborates = fields.Boolean(
        metadata={"description": "submissions are reports that confirm each other: none is left out"}
    )
    rescanning = fields.Boolean()
    rescan = fields.Nested(RescanSchema, allow_none=True)
    nearCopies = fields.Nested(NearCopiesSchema)  # noqa: N815 - wire name


def pair_json(pair: SuspectedPair) -> dict[str, Any]:
    """One pair of a list."""
    standing = pair.standing
    return dict(
        PairSchema().dump(
            {
                "one": pair.one.instance_id,
                "other": pair.other.instance_id,
                "bits": pair.found.bits,
                "probability": pair.probability,
                "copy": pair.found.copy,
                "near": pair.found.near,
                "foundAt": pair.found.found_at,
                "verdict": standing.verdict if standing else None,
                "keep": standing.keep if standing else None,
                "conflict": bool(standing and standing.conflict),
                "open": pair.must_be_asked,
                "decisions": [head.uid for head in standing.heads] if standing else [],
            }
        )
    )


def line_json(line: Line) -> dict[str, Any]:
    """One reason."""
    return {"role": line.role, "paths": list(line.paths), "text": line.text, "bits": line.bits}


def decision_json(decision: Decision) -> dict[str, Any]:
    """A decision."""
    return decision.to_json()
