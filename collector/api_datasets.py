"""Entity lists, with ODK Central's addresses: there are none yet, and tools that ask for them are told so."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from accounts.errors import not_found
from accounts.signed_in import api_caller, demand
from config.database import reading
from config.description import describe

api = Blueprint("collector_api_datasets", __name__, url_prefix="/v1/projects/<int:project_id>/datasets")


class DatasetSchema(Schema):
    """An entity list."""


@api.get("")
@describe(answer=DatasetSchema(many=True))
def list_datasets(project_id: int) -> ResponseReturnValue:
    """The entity lists of a project: none."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "dataset.list", project_id)
    return jsonify([])


@api.get("/<segment:name>")
@describe(answer=DatasetSchema())
def show_dataset(**_: object) -> ResponseReturnValue:
    """One of them: 404.1."""
    api_caller()
    raise not_found()
