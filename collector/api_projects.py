"""Projects, with ODK Central's addresses and fields."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from accounts.projects import get_project
from accounts.roles import visible_projects
from accounts.schemas import ProjectSchema
from accounts.signed_in import api_caller, demand
from config.database import reading
from config.description import describe

api = Blueprint("collector_api_projects", __name__, url_prefix="/v1/projects")


@api.get("")
@describe(answer=ProjectSchema(many=True))
def list_projects() -> ResponseReturnValue:
    """The projects the caller may see."""
    person = api_caller()
    with reading() as session:
        return jsonify(ProjectSchema(many=True).dump(visible_projects(session, person.actor_id)))


@api.get("/<int:project_id>")
@describe(answer=ProjectSchema())
def show_project(project_id: int) -> ResponseReturnValue:
    """One project."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "project.read", project_id)
        return jsonify(ProjectSchema().dump(get_project(session, project_id)))
