"""Projects, with ODK Central's addresses and fields."""

from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.models import Project
from accounts.projects import create_project, delete_project, get_project, update_project
from accounts.roles import granted, readable_projects
from accounts.schemas import MadeProjectSchema, NewProjectSchema, ProjectChangesSchema, ProjectSchema, SuccessSchema
from accounts.sessions import Person
from accounts.signed_in import api_caller, changing, creating, demand
from collector.api_forms import forms_json
from collector.project_counts import counts_of_projects
from collector.project_schemas import (
    ExtendedProjectSchema,
    ListedProjectSchema,
    ProjectListQuery,
    WholeProjectSchema,
)
from collector.whole_project import put_project
from config.database import reading
from config.description import describe
from config.json_body import json_body
from config.reader_wishes import wishes
from config.services import services
from forms.shown import forms_shown

api = Blueprint("collector_api_projects", __name__, url_prefix="/v1/projects")


@api.get("")
@describe(
    answer=ListedProjectSchema(many=True),
    extended=ExtendedProjectSchema(many=True),
    query=ProjectListQuery(),
)
def list_projects() -> ResponseReturnValue:
    """The projects whose forms the caller may list, archived ones last; with `forms=true` or `datasets=true` what they hold."""
    person = api_caller()
    with_forms, with_datasets = bool(request.args.get("forms")), bool(request.args.get("datasets"))
    with reading() as session:
        projects = readable_projects(session, person.actor_id)
        shown = [{**ProjectSchema().dump(project), "verbs": sorted(verbs)} for project, verbs in projects]
        if wishes().extended:
            _add_counts(session, person, shown)
        if with_forms:
            _add_forms(session, person, shown)
    if with_datasets:
        for each in shown:
            each.update(datasetList=[], datasets=0, lastEntity=None)
    if with_forms or with_datasets:
        # An accident of Central's that its front end has got used to.
        shown.sort(key=lambda each: each["id"])
    return jsonify(shown)


def _add_counts(session: Session, person: Person, shown: list[dict[str, Any]]) -> None:
    counts = counts_of_projects(session, person.actor_id, [each["id"] for each in shown])
    schema = ExtendedProjectSchema(only=("forms", "appUsers", "lastSubmission", "datasets", "lastEntity"))
    for each in shown:
        each.update(schema.dump(counts[each["id"]]))


def _add_forms(session: Session, person: Person, shown: list[dict[str, Any]]) -> None:
    for each in shown:
        forms = forms_shown(session, each["id"], frozenset(each["verbs"]))
        listed = forms_json(session, person, forms, extended=True)
        last = max((form["lastSubmission"] for form in listed if form["lastSubmission"]), default=None)
        each.update(formList=listed, forms=len(listed), lastSubmission=last)


@api.post("")
@creating
@describe(answer=MadeProjectSchema(), body=NewProjectSchema(), problems=(400.2, 400.11, 400.13))
def create() -> ResponseReturnValue:
    """A new, empty project."""
    person = api_caller()
    with changing() as session:
        demand(session, person, "project.create")
        given = NewProjectSchema().load(json_body())
        project = create_project(
            session,
            given["name"],
            language=services().settings.language,
            description=given.get("description"),
            archived=given.get("archived"),
            actor_id=person.actor_id,
        )
        shown = MadeProjectSchema().dump(project)
    return jsonify(shown)


@api.get("/<int:project_id>")
@describe(answer=ProjectSchema(), extended=ExtendedProjectSchema())
def show_project(project_id: int) -> ResponseReturnValue:
    """One project; extended, with counts and what the caller may do there."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "project.read", project_id)
        shown = _project(session, project_id)
        if wishes().extended:
            _add_counts(session, person, [shown])
            shown["verbs"] = granted(session, person.actor_id, project_id)
    return jsonify(shown)


def _project(session: Session, project_id: int) -> dict[str, Any]:
    return dict(ProjectSchema().dump(get_project(session, project_id)))


def _to_change(session: Session, person: Person, project_id: int, verb: str) -> Project:
    project = get_project(session, project_id)
    demand(session, person, verb, project_id)
    return project


@api.patch("/<int:project_id>")
@describe(answer=ProjectSchema(), body=ProjectChangesSchema(), problems=(400.2, 400.11, 400.13))
def change(project_id: int) -> ResponseReturnValue:
    """Another name or description; archive it, or take it back."""
    person = api_caller()
    with changing() as session:
        project = _to_change(session, person, project_id, "project.update")
        changes = ProjectChangesSchema().load(json_body())
        update_project(session, project, changes, by=person.actor_id)
        # As ODK Central, which shows what it changed and nothing else.
        shown = _project(session, project_id) if changes else {}
    return jsonify(shown)


@api.put("/<int:project_id>")
@describe(answer=ProjectSchema(), body=WholeProjectSchema(), problems=(400.2, 400.8, 400.11, 400.13, 400.14, 501.2))
def replace(project_id: int) -> ResponseReturnValue:
    """All of it at once: what is left out is blanked. With `forms` (every one of them), their states and assignments too."""
    person = api_caller()
    with changing() as session:
        project = _to_change(session, person, project_id, "project.update")
        given = NewProjectSchema().load(json_body())
        itself = {name: given.get(name) or None for name in ("name", "description", "archived")}
        put_project(session, person, project, itself, json_body().get("forms"))
        shown = _project(session, project_id)
    return jsonify(shown)


@api.delete("/<int:project_id>")
@describe(answer=SuccessSchema())
def delete(project_id: int) -> ResponseReturnValue:
    """Take it out of sight, for phones too; nothing in it is removed."""
    person = api_caller()
    with changing() as session:
        delete_project(session, _to_change(session, person, project_id, "project.delete"), by=person.actor_id)
    return jsonify(success=True)
