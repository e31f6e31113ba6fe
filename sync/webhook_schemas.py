"""JSON wire names of webhooks."""

from typing import Any

from marshmallow import Schema, fields

from accounts.schemas import WireMoment
from config.clock import wire
from config.wire_fields import Body, Flag, Number, Text, Texts
from sync.models_webhooks import LONGEST_URL, Webhook


class WebhookSchema(Schema):
    """A webhook and how it fares."""

    id = fields.Integer()
    url = fields.String()
    xmlFormIds = fields.List(fields.String(), allow_none=True, metadata={"description": "null: every form"})  # noqa: N815
    actions = fields.List(fields.String())
    active = fields.Boolean()
    actorId = fields.Integer(metadata={"description": "it is told what this one may see"})  # noqa: N815 - wire name
    createdAt = WireMoment()  # noqa: N815 - wire name
    updatedAt = WireMoment(allow_none=True)  # noqa: N815 - wire name
    seq = fields.Integer(metadata={"description": "the last event it knows"})
    behind = fields.Integer(metadata={"description": "events since"})
    told = fields.Integer(metadata={"description": "changes it has taken"})
    attempts = fields.Integer(metadata={"description": "failures since it last took a message"})
    retryAt = WireMoment(allow_none=True)  # noqa: N815 - wire name
    lastSentAt = WireMoment(allow_none=True)  # noqa: N815 - wire name
    lastStatus = fields.Integer(allow_none=True)  # noqa: N815 - wire name
    lastError = fields.String(  # noqa: N815 - wire name
        allow_none=True,
        metadata={"enum": ["url", "private", "address", "tls", "connection", "timeout", "status", "rights", None]},
    )


class NewWebhookBody(Body):
    """A webhook to be. Without `actions`: new submissions, new versions, decisions."""

    url = Text(required=True, longest=LONGEST_URL)
    xmlFormIds = Texts(most=100, longest=255, allow_none=True)  # noqa: N815 - wire name
    actions = Texts(most=20, longest=64)
    active = Flag()


class WebhookBody(NewWebhookBody):
    """What is changed of one. `seq`: what came after that event is told (again)."""

    url = Text(longest=LONGEST_URL)
    seq = Number()


class SecretSchema(Schema):
    """What signatures are checked with."""

    secret = fields.String()


def webhook_json(webhook: Webhook, newest: int) -> dict[str, Any]:
    """A webhook as it goes over the wire."""
    return {
        "id": webhook.id,
        "url": webhook.url,
        "xmlFormIds": webhook.xml_form_ids,
        "actions": webhook.actions,
        "active": webhook.active,
        "actorId": webhook.actor_id,
        "createdAt": wire(webhook.created_at),
        "updatedAt": None if webhook.updated_at is None else wire(webhook.updated_at),
        "seq": webhook.seq,
        "behind": newest - webhook.seq,
        "told": webhook.told,
        "attempts": webhook.attempts,
        "retryAt": None if webhook.retry_after is None else wire(webhook.retry_after),
        "lastSentAt": None if webhook.last_sent_at is None else wire(webhook.last_sent_at),
        "lastStatus": webhook.last_status,
        "lastError": webhook.last_error,
    }
