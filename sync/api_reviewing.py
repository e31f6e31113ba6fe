"""How many suspected pairs people of a project can look at, and what that means, over REST."""

from dataclasses import asdict
from math import isinf
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields

from accounts.scopes import scope_of
from accounts.signed_in import api_caller, changing, demand
from config.api_answers import json_body
from config.api_errors import missing_parameter, unexpected_value, wrong_type
from config.database import reading
from config.description import describe
from config.wire_fields import Body
from sync.reviewing import MOST, Review, choose_capacity, review_of
from sync.rules.identity.model import probability

api = Blueprint("reviewing_api", __name__, url_prefix="/v1/projects/<int:project_id>/duplicates/review")


class ReviewSchema(Schema):
    """The open pairs of a project that are shown: at most `capacity` (`chosen`: people said so), the likeliest, of which the share `precision`
    is expected to be right. `fromProbability`: what a pair has at least; `below`: pairs that are less likely and wait."""

    capacity = fields.Integer()
    chosen = fields.Boolean()
    pairs = fields.Integer()
    precision = fields.Float(allow_none=True)
    fromProbability = fields.Float(allow_none=True)  # noqa: N815 - wire name
    below = fields.Integer()


class CapacityBody(Body):
    """How many pairs people can look at; null: two for every hundred submissions, and at least 30."""

    capacity = fields.Raw(required=True, metadata={"type": ["integer", "null"], "minimum": 1, "maximum": MOST})


@api.get("")
@describe(answer=ReviewSchema(), problems=[404.1])
def show_review(project_id: int) -> ResponseReturnValue:
    """Which of the suspected pairs of a project people are shown, and how many of them should be right."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "submission.read", project_id)
        return _told(review_of(session, project_id, scope_of(session, person.actor_id, project_id)))


@api.put("")
@describe(answer=ReviewSchema(), body=CapacityBody(), problems=[400.2, 400.8, 400.11, 404.1])
def put_capacity(project_id: int) -> ResponseReturnValue:
    """Say how many pairs the people of a project can look at."""
    person = api_caller()
    body = json_body()
    if "capacity" not in body:
        raise missing_parameter("capacity")
    capacity = body["capacity"]
    if capacity is not None and (not isinstance(capacity, int) or isinstance(capacity, bool)):
        raise wrong_type("whole number", field="capacity")
    if capacity is not None and not 1 <= capacity <= MOST:
        raise unexpected_value("capacity", capacity, f"it must be from 1 to {MOST}", f"de 1 à {MOST}")
    with changing() as session:
        demand(session, person, "submission.review", project_id)
        choose_capacity(session, project_id, capacity, by=person.actor_id)
        session.flush()
        return _told(review_of(session, project_id, scope_of(session, person.actor_id, project_id)))


def _told(review: Review) -> dict[str, Any]:
    told = asdict(review)
    told["fromProbability"] = None if isinf(review.bits) else probability(review.bits)
    return dict(ReviewSchema().dump(told))
