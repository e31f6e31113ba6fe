"""Settings of the site, properties of actors, and what ODK Central has for its own upkeep; its addresses and fields."""

import hashlib
from typing import Any

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from accounts import actor_properties, site_settings
from accounts.models_choices import SiteSetting
from accounts.projects import get_project
from accounts.schemas import NewPropertySchema, PropertySchema, PropertyValuesSchema, SettingSchema, SuccessSchema
from accounts.signed_in import api_caller, changing, creating, demand
from config.api_errors import ABSENT, invalid_header, not_implemented, request_too_large
from config.database import reading
from config.description import describe
from config.json_body import json_body, json_value
from config.problem import Problem
from config.reader_wishes import is_unchanged, tagged, wishes

api = Blueprint("accounts_api_site", __name__, url_prefix="/v1")

LARGEST_PICTURE = 5_000_000


def shown_setting(row: SiteSetting) -> dict[str, Any]:
    """A setting on the wire: its value, or that there is a picture."""
    more = {"blobExists": True} if row.content is not None else {"value": row.value}
    return {**SettingSchema(only=("key", "setAt")).dump(row), **more}


@api.post("/config/<segment:key>")
@describe(answer=SettingSchema(), body="application/json", problems=(400.6, 400.8, 400.36))
def set_config(key: str) -> ResponseReturnValue:
    """Set `analytics` or `login-appearance` to JSON, `logo` or `hero-image` to a picture."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "config.set")
    kind = site_settings.settable(key)
    content_type = request.headers.get("Content-Type", "")
    if kind.read is None and not content_type:
        raise invalid_header("Content-Type")
    content = b"" if kind.read is not None else _picture()
    with changing() as session:
        demand(session, person, "config.set")
        if kind.read is not None:
            row = site_settings.set_value(session, key, json_value(), by=person.actor_id)
        else:
            row = site_settings.set_picture(session, key, content, content_type, by=person.actor_id)
    return jsonify(shown_setting(row))


def _picture() -> bytes:
    if (request.content_length or 0) > LARGEST_PICTURE:
        raise request_too_large()
    content: bytes = request.stream.read(LARGEST_PICTURE + 1)
    if len(content) > LARGEST_PICTURE:
        raise request_too_large()
    return content


@api.get("/config/public")
@describe(answer="application/json", public=True)
def show_public_config() -> ResponseReturnValue:
    """Everything anybody may read, by key."""
    with reading() as session:
        return jsonify({row.key: shown_setting(row) for row in site_settings.public_settings(session)})


@api.get("/config/public/<segment:key>")
@describe(answer=SettingSchema(), problems=(403.1, 404.1), public=True)
def show_public_setting(key: str) -> ResponseReturnValue:
    """One of them; a picture comes as it is."""
    # With its time in the address, as Central's pages ask for it, it will never be another.
    kept = {"Cache-Control": "max-age=31536000" if request.args.get("ts") else "no-cache", "Vary": "Accept-Encoding"}
    try:
        with reading() as session:
            row = site_settings.get_setting(session, key, public=True)
    except Problem as problem:
        if problem.status == 404:
            problem.headers |= kept
        raise
    answer = _answer(row)
    answer.headers.update(kept)
    return answer


@api.get("/config/<segment:key>")
@describe(answer=SettingSchema())
def show_config(key: str) -> ResponseReturnValue:
    """One setting; a picture comes as it is."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "config.read")
        row = site_settings.get_setting(session, key)
    return _answer(row)


def _answer(row: SiteSetting) -> Response:
    if row.content is None:
        return jsonify(shown_setting(row))
    etag = hashlib.md5(row.content, usedforsecurity=False).hexdigest()
    if is_unchanged(etag):
        return tagged(Response(status=304), etag)
    # Never shown as a page of ours, whatever it claims to be.
    answer = Response(row.content, content_type=row.content_type)
    answer.headers["Content-Disposition"] = "attachment"
    return tagged(answer, etag)


@api.delete("/config/<segment:key>")
@describe(answer=SuccessSchema(), problems=(400.8,))
def unset_config(key: str) -> ResponseReturnValue:
    """Forget a setting; again is harmless."""
    person = api_caller()
    with changing() as session:
        demand(session, person, "config.set")
        site_settings.unset(session, key, by=person.actor_id)
    return jsonify(success=True)


@api.get("/analytics/preview")
@describe(answer="application/json")
def show_analytics() -> ResponseReturnValue:
    """What is reported about the use of this server: nothing, to nobody."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "analytics.read")
    return jsonify(system={}, projects=[])


@api.post("/backup")
@describe(answer="application/octet-stream", problems=(501.1,))
def make_backup() -> ResponseReturnValue:
    """Not over the network: `relais backup` writes to a disk or a stick, and checks what it wrote."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "backup.run")
    raise not_implemented("backup over HTTP; use the command `relais backup`")


@api.get("/projects/<int:project_id>/actor-properties")
@describe(answer=PropertySchema(many=True), extended=PropertyValuesSchema(many=True))
def list_properties(project_id: int) -> ResponseReturnValue:
    """The properties that app users and public links of a project can have; extended, with the values in use."""
    person = api_caller()
    with reading() as session:
        demand(session, person, "actor_property.list", project_id)
        if wishes().extended:
            values = actor_properties.property_values(session, project_id)
            return jsonify([{"name": name, "values": used} for name, used in values.items()])
        return jsonify([{"name": name} for name in actor_properties.property_names(session, project_id)])


@api.post("/projects/<int:project_id>/actor-properties")
@creating
@describe(answer=SuccessSchema(), body=NewPropertySchema(), problems=(400.8, 409.3))
def create_property(project_id: int) -> ResponseReturnValue:
    """A new property."""
    person = api_caller()
    with changing() as session:
        demand(session, person, "actor_property.update", project_id)
        project = get_project(session, project_id)
        actor_properties.create_property(session, project, json_body().get("name", ABSENT), by=person.actor_id)
    return jsonify(success=True)
