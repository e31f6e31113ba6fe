"""Exports a person asked for: made in the background, kept a week, each with its passport; and choices kept under names."""

import re
from typing import Any

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from marshmallow import Schema, fields
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.sessions import Person
from accounts.signed_in import api_caller, changing, creating, demand
from collector import export_presets, export_queue
from collector.export import FormFacts, form_facts
from collector.export_file import file_answer
from collector.export_request import ExportRequest, of_json
from collector.models_exports import StoredExport
from collector.unlocking import NO_KEYS, managed_keys, opened_keys
from config.api_answers import json_body
from config.api_errors import wrong_type
from config.clock import wire
from config.database import reading
from config.description import describe
from config.services import services

VERB = "submission.read.masked"
api = Blueprint("export_jobs_api", __name__, url_prefix="/v1/projects/<int:project_id>/forms/<segment:xml_form_id>")


class ExportRequestSchema(Schema):
    """What is asked: see docs/exports.md for each option."""

    format = fields.String()
    filter = fields.String()
    states = fields.List(fields.String())
    duplicates = fields.Boolean()
    versions = fields.List(fields.String())
    since = fields.String()
    attachments = fields.Boolean()
    groupPaths = fields.Boolean()  # noqa: N815 - wire name
    splitMultiples = fields.Boolean()  # noqa: N815 - wire name
    deletedFields = fields.Boolean()  # noqa: N815 - wire name
    headers = fields.String()
    choices = fields.String()
    language = fields.String()
    repeats = fields.String()
    joined = fields.String()
    separator = fields.String()
    bom = fields.Boolean()
    decimalComma = fields.Boolean()  # noqa: N815 - wire name
    guard = fields.Boolean()
    pseudonyms = fields.Boolean()
    mediaFolders = fields.Boolean()  # noqa: N815 - wire name
    passport = fields.Boolean()


class ExportOrderSchema(ExportRequestSchema):
    """What is asked, and what opens it."""

    passphrases = fields.Dict(keys=fields.String(), values=fields.String())


class ShownRequestSchema(ExportRequestSchema):
    """What was asked; the numbers of the keys that were given."""

    keys = fields.List(fields.Integer())


class ExportSchema(Schema):
    """An export and how far it is; `done` and `total` count submissions."""

    id = fields.Integer()
    status = fields.String()
    request = fields.Nested(ShownRequestSchema)
    total = fields.Integer()
    done = fields.Integer()
    fileName = fields.String(allow_none=True)  # noqa: N815 - wire name
    size = fields.Integer(allow_none=True)
    sha256 = fields.String(allow_none=True)
    error = fields.String(allow_none=True)
    createdAt = fields.String()  # noqa: N815 - wire name
    finishedAt = fields.String(allow_none=True)  # noqa: N815 - wire name
    expiresAt = fields.String(allow_none=True)  # noqa: N815 - wire name


class PassportSchema(Schema):
    """What an export says of itself; see docs/exports.md."""

    export = fields.Integer()
    form = fields.String()
    asked = fields.Dict()
    submissions = fields.Dict()
    leftOut = fields.Dict()  # noqa: N815 - wire name
    files = fields.List(fields.Dict())


class PresetSchema(Schema):
    """Choices under a name."""

    name = fields.String()
    request = fields.Nested(ExportRequestSchema)


@api.get("/exports")
@describe(answer=ExportSchema(many=True), problems=[404.1])
def list_exports(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The caller's last exports of the form, the newest first."""
    person = api_caller()
    with reading() as session:
        form = _form(session, person, project_id, xml_form_id)
        found = export_queue.list_exports(session, project_id, form.form_id, person.actor_id)
    return jsonify([_shown(each) for each in found])


@api.post("/exports")
@creating
@describe(answer=ExportSchema(), body=ExportOrderSchema(), problems=[400.8, 400.11, 400.12, 404.1, 501.4, 501.5])
def order_export(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Ask for an export; it is made in the background with what the caller may see then. `passphrases`, by number of their key,
    open what was encrypted: their keys are kept until then alone, and the file for an hour."""
    person = api_caller()
    body = dict(json_body())
    passphrases = _passphrases(body.pop("passphrases", {}))
    asked = _asked(body)
    with reading() as session:
        _form(session, person, project_id, xml_form_id)
        sealed = managed_keys(session, project_id, passphrases)
    keys = opened_keys(sealed, passphrases) if passphrases else NO_KEYS
    with reading() as session:
        form = _form(session, person, project_id, xml_form_id)
        plan = export_queue.plan_for(session, services(), form, person.actor_id, asked, keys)
        plan.settle(session)
    with changing() as session:
        stored = export_queue.order(session, services(), plan, person.actor_id)
        return jsonify(_shown(stored))


@api.get("/exports/<int:number>")
@describe(answer=ExportSchema(), problems=[404.1])
def show_export(project_id: int, xml_form_id: str, number: int) -> ResponseReturnValue:
    """One of the caller's exports."""
    person = api_caller()
    with reading() as session:
        return jsonify(_shown(_stored(session, person, project_id, xml_form_id, number)))


@api.get("/exports/<int:number>/passport")
@describe(answer=PassportSchema(), problems=[404.1])
def show_passport(project_id: int, xml_form_id: str, number: int) -> ResponseReturnValue:
    """What was asked, by whom and when, what is in it and what is not and why, a hash of each file."""
    person = api_caller()
    with reading() as session:
        stored = _stored(session, person, project_id, xml_form_id, number)
        if stored.passport is None:
            raise not_found()
        return jsonify(stored.passport)


@api.get("/exports/<int:number>/file")
@describe(answer="*/*", problems=[404.1])
def fetch_file(project_id: int, xml_form_id: str, number: int) -> ResponseReturnValue:
    """The file, in parts too (Range), as long as it is kept."""
    person = api_caller()
    with reading() as session:
        stored = _stored(session, person, project_id, xml_form_id, number)
        export_queue.require_same_sight(session, stored)
    return file_answer(services().settings, stored)


@api.delete("/exports/<int:number>")
@describe(problems=[404.1])
def withdraw_export(project_id: int, xml_form_id: str, number: int) -> ResponseReturnValue:
    """Stop it, or throw its file away; its passport stays."""
    person = api_caller()
    with changing() as session:
        export_queue.withdraw(services(), _stored(session, person, project_id, xml_form_id, number))
    return _success()


@api.get("/export-presets")
@describe(answer=PresetSchema(many=True), problems=[404.1])
def list_presets(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The caller's presets for the form, by name."""
    person = api_caller()
    with reading() as session:
        form = _form(session, person, project_id, xml_form_id)
        found = export_presets.list_presets(session, project_id, form.form_id, person.actor_id)
    return jsonify([{"name": each.name, "request": _wire(each.request)} for each in found])


@api.put("/export-presets/<segment:name>")
@describe(answer=PresetSchema(), body=ExportRequestSchema(), problems=[400.8, 404.1])
def keep_preset(project_id: int, xml_form_id: str, name: str) -> ResponseReturnValue:
    """Keep choices under a name, in place of what had it."""
    person = api_caller()
    asked = _asked(json_body())
    with changing() as session:
        form = _form(session, person, project_id, xml_form_id)
        kept = export_presets.keep_preset(session, project_id, form.form_id, person.actor_id, name, asked)
        return jsonify({"name": kept.name, "request": _wire(kept.request)})


@api.delete("/export-presets/<segment:name>")
@describe(problems=[404.1])
def forget_preset(project_id: int, xml_form_id: str, name: str) -> ResponseReturnValue:
    """Forget a preset."""
    person = api_caller()
    with changing() as session:
        form = _form(session, person, project_id, xml_form_id)
        export_presets.find_preset(session, project_id, form.form_id, person.actor_id, name)
        export_presets.forget_preset(session, project_id, form.form_id, person.actor_id, name)
    return _success()


def _form(session: Session, person: Person, project_id: int, xml_form_id: str) -> FormFacts:
    form = form_facts(session, project_id, xml_form_id)
    demand(session, person, VERB, project_id, form.form_id)
    return form


def _stored(session: Session, person: Person, project_id: int, xml_form_id: str, number: int) -> StoredExport:
    form = _form(session, person, project_id, xml_form_id)
    return export_queue.find_export(session, project_id, form.form_id, number, person.actor_id)


def _asked(body: dict[str, Any]) -> ExportRequest:
    return of_json({re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name): body[name] for name in body})


def _passphrases(given: Any) -> dict[int, str]:
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        raise wrong_type("object", field="passphrases")
    if not all(re.fullmatch(r"[0-9]{1,9}", key) for key in given):
        raise wrong_type("integer", field="passphrases")
    return {int(key): text for key, text in given.items()}


def _wire(asked: dict[str, Any]) -> dict[str, Any]:
    return {re.sub("_([a-z])", lambda found: found[1].upper(), name): asked[name] for name in asked}


def _shown(stored: StoredExport) -> dict[str, Any]:
    return {
        "id": stored.id,
        "status": stored.status,
        "request": _wire(stored.request),
        "total": stored.total,
        "done": stored.done,
        "fileName": stored.file_name,
        "size": stored.size,
        "sha256": stored.sha256,
        "error": stored.error,
        "createdAt": wire(stored.created_at),
        "finishedAt": wire(stored.finished_at) if stored.finished_at else None,
        "expiresAt": wire(stored.expires_at) if stored.expires_at else None,
    }


def _success() -> Response:
    return jsonify({"success": True})
