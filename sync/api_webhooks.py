"""Webhooks over REST: beside ODK Central's API, which has none (docs/following.md)."""

from typing import Any

import orjson
from flask import Blueprint, Response
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.schemas import SuccessSchema
from accounts.signed_in import api_caller, changing, creating, demand
from collector.changes import newest
from config.database import reading
from config.description import describe
from config.json_body import json_body
from config.services import services
from sync import webhooks
from sync.models_webhooks import Webhook
from sync.webhook_schemas import NewWebhookBody, SecretSchema, WebhookBody, WebhookSchema, webhook_json

api = Blueprint("webhooks_api", __name__, url_prefix="/v1/projects/<int:project_id>/webhooks")

VERB = "project.update"
WRONG = (400.2, 400.8, 400.11, 400.13)


@api.get("")
@describe(answer=WebhookSchema(many=True))
def list_webhooks(project_id: int) -> ResponseReturnValue:
    """The webhooks of a project and how they fare, the oldest first."""
    person = api_caller()
    with reading() as session:
        demand(session, person, VERB, project_id)
        last = newest(session, project_id)
        return _json([webhook_json(each, last) for each in webhooks.webhooks_of(session, project_id)])


@api.post("")
@creating
@describe(answer=WebhookSchema(), body=NewWebhookBody(), problems=WRONG)
def create_webhook(project_id: int) -> ResponseReturnValue:
    """Tell an address what happens from now on, as far as you may see it."""
    person = api_caller()
    with changing() as session:
        demand(session, person, VERB, project_id)
        given = NewWebhookBody().load(json_body())
        private = services().settings.webhooks_to_lan
        webhook = webhooks.create_webhook(session, project_id, given, by=person.actor_id, private=private)
        return _told(session, webhook)


@api.get("/<int:webhook_id>")
@describe(answer=WebhookSchema(), problems=[404.1])
def show_webhook(project_id: int, webhook_id: int) -> ResponseReturnValue:
    """One webhook and how it fares."""
    person = api_caller()
    with reading() as session:
        demand(session, person, VERB, project_id)
        return _told(session, webhooks.get_webhook(session, project_id, webhook_id))


@api.patch("/<int:webhook_id>")
@describe(answer=WebhookSchema(), body=WebhookBody(), problems=[*WRONG, 404.1])
def update_webhook(project_id: int, webhook_id: int) -> ResponseReturnValue:
    """Change it; from now on it is told what you may see, and tried at once."""
    person = api_caller()
    with changing() as session:
        demand(session, person, VERB, project_id)
        webhook = webhooks.get_webhook(session, project_id, webhook_id, change=True)
        given = WebhookBody().load(json_body())
        private = services().settings.webhooks_to_lan
        webhooks.update_webhook(session, webhook, given, by=person.actor_id, private=private)
        return _told(session, webhook)


@api.delete("/<int:webhook_id>")
@describe(answer=SuccessSchema(), problems=[404.1])
def delete_webhook(project_id: int, webhook_id: int) -> ResponseReturnValue:
    """Tell it nothing more."""
    person = api_caller()
    with changing() as session:
        demand(session, person, VERB, project_id)
        webhooks.delete_webhook(
            session, webhooks.get_webhook(session, project_id, webhook_id, change=True), by=person.actor_id
        )
    return {"success": True}


@api.post("/<int:webhook_id>/retry")
@describe(answer=WebhookSchema(), problems=[404.1])
def retry_webhook(project_id: int, webhook_id: int) -> ResponseReturnValue:
    """Make the next attempt at once."""
    person = api_caller()
    with changing() as session:
        demand(session, person, VERB, project_id)
        webhook = webhooks.get_webhook(session, project_id, webhook_id, change=True)
        webhooks.try_again(webhook)
        return _told(session, webhook)


@api.get("/<int:webhook_id>/secret")
@describe(answer=SecretSchema(), problems=[404.1])
def show_secret(project_id: int, webhook_id: int) -> ResponseReturnValue:
    """What the receiver checks signatures with."""
    person = api_caller()
    with reading() as session:
        demand(session, person, VERB, project_id)
        return _secret(webhooks.get_webhook(session, project_id, webhook_id))


@api.post("/<int:webhook_id>/secret")
@describe(answer=SecretSchema(), problems=[404.1])
def renew_secret(project_id: int, webhook_id: int) -> ResponseReturnValue:
    """Sign with a new secret from now on."""
    person = api_caller()
    with changing() as session:
        demand(session, person, VERB, project_id)
        webhook = webhooks.get_webhook(session, project_id, webhook_id, change=True)
        webhooks.renew_secret(session, webhook, by=person.actor_id)
        return _secret(webhook)


def _told(session: Session, webhook: Webhook) -> Response:
    return _json(webhook_json(webhook, newest(session, webhook.project_id)))


def _secret(webhook: Webhook) -> Response:
    return _json({"secret": webhooks.secret_of(webhook, services().secret)})


def _json(value: Any) -> Response:
    return Response(orjson.dumps(value), mimetype="application/json")
