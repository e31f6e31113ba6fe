"""Public links of a form, with ODK Central's addresses and fields."""

from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.actor_properties import properties_of_actors, set_properties
from accounts.actors import delete_actor
from accounts.public_links import ListedLink, create_link, get_link, list_links, token_of_link
from accounts.schemas import SuccessSchema
from accounts.sessions import Person
from accounts.signed_in import api_caller, changing, creating_with_token, demand
from accounts.token_schemas import (
    ExtendedPublicLinkSchema,
    MadePublicLinkSchema,
    NewPublicLinkSchema,
    PropertiesSchema,
    PublicLinkSchema,
)
from config.database import reading
from config.description import describe
from config.json_body import json_body
from config.reader_wishes import wishes
from config.services import services
from forms.models import Form
from forms.queries import get_form

api = Blueprint(
    "forms_api_public_links",
    __name__,
    url_prefix="/v1/projects/<int:project_id>/forms/<segment:xml_form_id>/public-links",
)


def _form(session: Session, person: Person, project_id: int, xml_form_id: str, verb: str) -> Form:
    form = get_form(session, project_id, xml_form_id)
    demand(session, person, verb, project_id, form.id)
    return form


def _token_again(shown: dict[str, Any]) -> str | None:
    with reading() as session:
        return token_of_link(session, services().secret, shown["id"])


@api.get("")
@describe(answer=PublicLinkSchema(many=True), extended=ExtendedPublicLinkSchema(many=True))
def list_all(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The links of a form: those in use first, the newest first."""
    person = api_caller()
    with reading() as session:
        form = _form(session, person, project_id, xml_form_id, "public_link.list")
        links = list_links(session, services().secret, project_id, form.id)
        return jsonify(_shown(session, links, project_id, extended=wishes().extended))


@api.post("")
@creating_with_token(_token_again)
@describe(answer=MadePublicLinkSchema(), body=NewPublicLinkSchema(), problems=(400.2, 400.8, 400.11, 400.13))
def create(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """A new link: whoever has its token may fill in the form."""
    person = api_caller()
    with changing() as session:
        form = _form(session, person, project_id, xml_form_id, "public_link.create")
        given = NewPublicLinkSchema().load(json_body())
        link = create_link(
            session,
            services().secret,
            project_id,
            form.id,
            given["displayName"],
            once=given.get("once"),
            by=person.actor_id,
        )
        if given.get("properties") is not None:
            set_properties(session, project_id, link.actor, given["properties"], by=person.actor_id)
        shown = MadePublicLinkSchema().dump(_rows([link])[0])
    return jsonify(shown)


@api.get("/<int:actor_id>")
@describe(answer=PublicLinkSchema(), extended=ExtendedPublicLinkSchema())
def show(project_id: int, xml_form_id: str, actor_id: int) -> ResponseReturnValue:
    """One link."""
    person = api_caller()
    with reading() as session:
        form = _form(session, person, project_id, xml_form_id, "public_link.read")
        link = get_link(session, services().secret, project_id, form.id, actor_id)
        return jsonify(_shown(session, [link], project_id, extended=wishes().extended)[0])


@api.patch("/<int:actor_id>")
@describe(answer=ExtendedPublicLinkSchema(), body=PropertiesSchema(), problems=(400.8,))
def change(project_id: int, xml_form_id: str, actor_id: int) -> ResponseReturnValue:
    """Set or take away properties."""
    person = api_caller()
    with changing() as session:
        form = _form(session, person, project_id, xml_form_id, "public_link.update")
        link = get_link(session, services().secret, project_id, form.id, actor_id)
        given = json_body().get("properties")
        if given is not None:
            set_properties(session, project_id, link.actor, given, by=person.actor_id)
        shown = _shown(session, [link], project_id, extended=True)[0]
    return jsonify(shown)


@api.delete("/<int:actor_id>")
@describe(answer=SuccessSchema())
def delete(project_id: int, xml_form_id: str, actor_id: int) -> ResponseReturnValue:
    """Take it away: its address opens nothing any more."""
    person = api_caller()
    with changing() as session:
        form = _form(session, person, project_id, xml_form_id, "public_link.delete")
        link = get_link(session, services().secret, project_id, form.id, actor_id)
        delete_actor(session, link.actor, by=person.actor_id, project_id=project_id)
    return jsonify(success=True)


def _rows(links: list[ListedLink]) -> list[dict[str, Any]]:
    names = ("id", "type", "display_name", "created_at", "updated_at", "deleted_at")
    return [
        {name: getattr(each.actor, name) for name in names} | {"once": each.link.once, "token": each.token}
        for each in links
    ]


def _shown(session: Session, links: list[ListedLink], project_id: int, *, extended: bool) -> list[dict[str, Any]]:
    rows = _rows(links)
    if not extended:
        return list(PublicLinkSchema(many=True).dump(rows))
    properties = properties_of_actors(session, project_id)
    for row, each in zip(rows, links, strict=True):
        row.update(created_by=each.created_by, properties=properties.get(each.actor.id))
    return list(ExtendedPublicLinkSchema(many=True).dump(rows))
