"""JSON wire names of what was seen of interviews: the only place that knows them."""

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from accounts.schemas import WireMoment
from config.wire_fields import Body, Text
from sync.enumerating import Enumerators
from sync.rules.interviews import rules
from sync.seen import LONGEST_REASON, STATES, Seen


class ExplainedEvidenceSchema(Schema):
    """Why it is so."""

    reason = fields.String()
    by = fields.String(allow_none=True)
    at = WireMoment()


class BesideSchema(Schema):
    """An interview of a form."""

    xmlFormId = fields.String()  # noqa: N815 - wire name
    instanceId = fields.String()  # noqa: N815 - wire name


class EvidenceSchema(Schema):
    """What one rule saw of one submission: numbers and words, no accusation. `others`: instanceIDs of those it was seen beside (`beside`:
    with their forms, which may be others of the project); `strength` 0…1, the more the odder."""

    instanceId = fields.String()  # noqa: N815 - wire name
    rule = fields.String(validate=OneOf(sorted(rules())))
    text = fields.String()
    strength = fields.Float()
    others = fields.List(fields.String())
    beside = fields.List(fields.Nested(BesideSchema))
    foundAt = WireMoment()  # noqa: N815 - wire name
    explained = fields.Nested(ExplainedEvidenceSchema, allow_none=True)


class LanguageQuery(Schema):
    """In which language."""

    language = fields.String(validate=OneOf(["fr", "en"]), metadata={"description": "default: fr"})


class EvidenceQuery(LanguageQuery):
    """Which evidence."""

    state = fields.String(validate=OneOf(STATES), metadata={"description": "default: open"})
    rule = fields.String(validate=OneOf(sorted(rules())))
    limit = fields.Integer()
    offset = fields.Integer()


class ExplanationSchema(Body):
    """Why it is so."""

    reason = Text(required=True, longest=LONGEST_REASON)


class SayingSchema(Schema):
    """Why evidence beside two submissions is as it is (one twice: beside itself), or `withdrawn`: that it be shown again. `by` and `node` are
    uids; `mark` changes with what the evidence rests on."""

    uid = fields.String()
    rule = fields.String()
    one_form = fields.String()
    one = fields.String()
    other_form = fields.String()
    other = fields.String()
    mark = fields.String()
    withdrawn = fields.Boolean()
    reason = fields.String()
    by = fields.String()
    at = fields.String()
    node = fields.String()
    supersedes = fields.List(fields.String())


class EnumeratorSchema(Schema):
    """One enumerator. `evidence`: interviews touched, by rule; `odd`: rules that touched more than chance would bring in one case of a thousand,
    by the share of all others. `name` null: hidden from the caller."""

    name = fields.String(allow_none=True)
    interviews = fields.Integer()
    medianMinutes = fields.Float(allow_none=True)  # noqa: N815 - wire name
    evidence = fields.Dict(keys=fields.String(), values=fields.Integer())
    odd = fields.List(fields.String())


class EnumeratorsSchema(Schema):
    """All enumerators of a form. `usual`: by rule, the share of interviews touched (in a hundred) that half of them stay below."""

    interviews = fields.Integer()
    medianMinutes = fields.Float(allow_none=True)  # noqa: N815 - wire name
    usual = fields.Dict(keys=fields.String(), values=fields.Float())
    enumerators = fields.List(fields.Nested(EnumeratorSchema))


def evidence_json(seen: Seen, language: str) -> dict[str, Any]:
    """Evidence."""
    why = seen.explained
    return dict(
        EvidenceSchema().dump(
            {
                "instanceId": seen.submission.instance_id,
                "rule": seen.rule,
                "text": seen.words(language),
                "strength": seen.strength,
                "others": [each.instance_id for each in seen.others],
                "beside": [{"xmlFormId": each.xml_form_id, "instanceId": each.instance_id} for each in seen.others],
                "foundAt": seen.found_at,
                "explained": {"reason": why.reason, "by": why.by, "at": why.at} if why else None,
            }
        )
    )


def enumerators_json(found: Enumerators) -> dict[str, Any]:
    """Enumerators."""
    return dict(
        EnumeratorsSchema().dump(
            {
                "interviews": found.interviews,
                "medianMinutes": found.median_minutes,
                "usual": found.usual,
                "enumerators": [
                    {
                        "name": each.name,
                        "interviews": each.summary.interviews,
                        "medianMinutes": each.summary.median_minutes,
                        "evidence": each.summary.evidence,
                        "odd": sorted(rule for rule, odd in each.summary.odd.items() if odd),
                    }
                    for each in found.each
                ],
            }
        )
    )
