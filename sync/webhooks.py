"""Telling other programs what changes: each webhook is a reader of the project's log with a place of its own in it, so nothing is
lost, whatever happens in between. Messages are signed as standardwebhooks.com says.
"""

import base64
import hmac
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.events import Happening, record
from accounts.models import ProjectCounter
from accounts.roles import forms_where
from accounts.scopes import scope_of
from collector.change_schemas import change_json
from collector.changes import (
    ENTER,
    LEAVE,
    MOVED,
    OF_FORMS,
    OF_SUBMISSIONS,
    PURGE,
    Change,
    Follower,
    changes_after,
    newest,
)
from config.api_errors import unexpected_value
from config.clock import now, wire
from config.database import next_ids
from config.problem import Problem
from config.secret import derive
from config.services import Services
from sync.duty import GoesOn
from sync.models_webhooks import Webhook
from sync.outgoing import OutgoingError, post, require_url

ACTIONS = tuple(sorted((OF_SUBMISSIONS | OF_FORMS | {PURGE, ENTER, LEAVE}) - {MOVED}))
USUAL = ("submission.create", "submission.update", "submission.update.version")
VERB = "submission.list"
MOST = 20
AT_ONCE = 100
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
# The receiver says that it is gone for good.
GONE = 410
_REASONS = {
    "url": ("not an address that can be sent to", "pas une adresse utilisable"),
    "private": (
        "only https and public addresses are allowed (RELAIS_WEBHOOKS_TO_LAN)",
        "seulement https et des adresses publiques (RELAIS_WEBHOOKS_TO_LAN)",
    ),
}
log = logging.getLogger("relais.webhooks")


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent: `id` is the same for every attempt, `changes` may be none; `last` is the last event it covers."""

    id: str
    changes: tuple[Change, ...]
    last: int


def webhooks_of(session: Session, project_id: int) -> list[Webhook]:
    """All of a project, the oldest first."""
    return list(session.scalars(select(Webhook).where(Webhook.project_id == project_id).order_by(Webhook.id)))


def get_webhook(session: Session, project_id: int, webhook_id: int, *, change: bool = False) -> Webhook:
    """The webhook, or Problem 404.1. With `change` locked: the sender writes how far it has come at any moment."""
    found = session.get(Webhook, (project_id, webhook_id), with_for_update=change)
    if found is None:
        raise not_found()
    return found


def create_webhook(session: Session, project_id: int, given: dict[str, Any], *, by: int, private: bool) -> Webhook:
    """A webhook that is told what happens from now on; Problem 400.8 for an address, action or number that cannot be."""
    if len(webhooks_of(session, project_id)) >= MOST:
        raise unexpected_value("webhooks", MOST + 1, f"a project has at most {MOST}", f"un projet en a au plus {MOST}")
    _require(given, private)
    (webhook_id,) = next_ids(session.connection(), "webhook")
    webhook = Webhook(
        project_id=project_id,
        id=webhook_id,
        uid=str(uuid4()),
        url=given["url"],
        xml_form_ids=given.get("xmlFormIds"),
        actions=list(given.get("actions") or USUAL),
        active=given.get("active", True),
        actor_id=by,
        seq=newest(session, project_id),
        created_at=now(),
    )
    session.add(webhook)
    _record(session, webhook, "webhook.create", by)
    session.flush()
    return webhook


def update_webhook(session: Session, webhook: Webhook, given: dict[str, Any], *, by: int, private: bool) -> None:
    """Change what is given; from now on it is told what `by` may see, and tried at once. Problem 400.8."""
    _require(given, private)
    for name, attribute in (
        ("url", "url"),
        ("xmlFormIds", "xml_form_ids"),
        ("actions", "actions"),
        ("active", "active"),
    ):
        if name in given:
            setattr(webhook, attribute, given[name])
    if "seq" in given:
        last = newest(session, webhook.project_id)
        if not 0 <= given["seq"] <= last:
            raise unexpected_value("seq", given["seq"], f"the last event is {last}", f"le dernier événement est {last}")
        webhook.seq = given["seq"]
    webhook.actor_id, webhook.updated_at = by, now()
    # What it is sent may be something else now: no message under way is taken for the same.
    webhook.sending_to = None
    try_again(webhook)
    _record(session, webhook, "webhook.update", by)


def delete_webhook(session: Session, webhook: Webhook, *, by: int) -> None:
    """Tell it nothing more."""
    _record(session, webhook, "webhook.delete", by)
    session.delete(webhook)


def try_again(webhook: Webhook) -> None:
    """Let the next attempt be made at once."""
    webhook.attempts, webhook.retry_after = 0, None


def renew_secret(session: Session, webhook: Webhook, *, by: int) -> None:
    """Sign with another secret from now on."""
    webhook.secret_no += 1
    _record(session, webhook, "webhook.update", by)


def secret_of(webhook: Webhook, installation: bytes) -> str:
    """What the receiver checks signatures with."""
    return "whsec_" + base64.b64encode(_key(webhook, installation)).decode()


def _key(webhook: Webhook, installation: bytes) -> bytes:
    return derive(installation, "webhook", webhook.uid, webhook.secret_no)[:32]


def signed(webhook: Webhook, installation: bytes, message_id: str, moment: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message."""
    timestamp = str(int(moment.timestamp()))
    text = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.digest(_key(webhook, installation), text, sha256)).decode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Relais",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def _require(given: dict[str, Any], private: bool) -> None:
    if "url" in given:
        try:
            require_url(given["url"], private=private)
        except OutgoingError as error:
            raise _refused_url(given["url"], error.code) from None
    unknown = [each for each in given.get("actions") or () if each not in ACTIONS]
    if unknown:
        raise unexpected_value("actions", unknown[0], f"one of {', '.join(ACTIONS)}", f"parmi {', '.join(ACTIONS)}")


def _refused_url(url: str, code: str) -> Problem:
    english, french = _REASONS[code]
    return unexpected_value("url", url, english, french)


def _record(session: Session, webhook: Webhook, action: str, by: int) -> None:
    record(session, Happening(webhook.project_id, action, by, details={"webhookId": webhook.id}))


# Sending


def tell_next(services: Services, goes_on: GoesOn, send: Callable[..., int] = post) -> bool:
    """Send every webhook that is due its next message; True when one was taken, so that there may be more."""
    with services.database.reading() as session:
        query = (
            select(Webhook)
            .join(ProjectCounter, ProjectCounter.project_id == Webhook.project_id)
            .where(Webhook.active, ProjectCounter.seq > Webhook.seq)
            .order_by(Webhook.retry_after, Webhook.project_id, Webhook.id)
        )
        due = [each for each in session.scalars(query) if each.retry_after is None or each.retry_after <= now()]
    taken = 0
    for webhook in due:
        if not goes_on():
            break
        taken += _tell(services, webhook, send)
    return taken > 0


def _tell(services: Services, webhook: Webhook, send: Callable[..., int]) -> bool:
    message = _next_message(services, webhook)
    if message is None:
        _failed(services, webhook, None, "rights")
        return False
    if not message.changes:
        return _advance(services, webhook, message, None)
    moment = now()
    data = {"projectId": webhook.project_id, "changes": [change_json(each) for each in message.changes]}
    body = orjson.dumps({"type": "changes", "timestamp": wire(moment), "data": data})
    headers = signed(webhook, services.secret, message.id, moment, body)
    try:
        status = send(webhook.url, body, headers, private=services.settings.webhooks_to_lan)
    except OutgoingError as error:
        _failed(services, webhook, None, error.code)
        return False
    if 200 <= status < 300:
        return _advance(services, webhook, message, status)
    _failed(services, webhook, status, "status")
    return False


def _next_message(services: Services, webhook: Webhook) -> Message | None:
    """What is to be sent next; None when whoever made the webhook may see nothing any more."""
    with services.database.reading() as session:
        forms = forms_where(session, webhook.actor_id, VERB, webhook.project_id)
        if forms is not None and not forms:
            return None
        follower = Follower(webhook.project_id, forms, scope_of(session, webhook.actor_id, webhook.project_id))
        page = changes_after(session, follower, webhook.seq, AT_ONCE, until=webhook.sending_to)
    wanted = tuple(_wanted(webhook, page.changes))
    # What was begun is ended with the same last event, or it would be another message under the same name.
    last = webhook.sending_to or page.next
    if wanted and webhook.sending_to is None:
        with services.database.transaction() as session:
            row = session.get(Webhook, (webhook.project_id, webhook.id), with_for_update=True)
            if row is None or not _is_as_known(row, webhook):
                return Message("", (), webhook.seq)
            row.sending_to = webhook.sending_to = last
    return Message(f"{webhook.uid}_{webhook.seq}_{last}", wanted, last)


def _wanted(webhook: Webhook, changes: Iterable[Change]) -> Iterable[Change]:
    for each in changes:
        if each.action in webhook.actions and (
            webhook.xml_form_ids is None or each.xml_form_id in webhook.xml_form_ids
        ):
            yield each


def _is_as_known(row: Webhook | None, known: Webhook) -> bool:
    """Whether nobody has changed the webhook while it was being told."""
    return row is not None and (row.seq, row.updated_at, row.active) == (known.seq, known.updated_at, known.active)


def _advance(services: Services, webhook: Webhook, message: Message, status: int | None) -> bool:
    """It knows everything up to the end of the message."""
    with services.database.transaction() as session:
        row = session.get(Webhook, (webhook.project_id, webhook.id), with_for_update=True)
        if row is None or not _is_as_known(row, webhook):
            return False
        row.seq, row.sending_to = message.last, None
        try_again(row)
        if message.changes:
            row.told += len(message.changes)
            row.last_status, row.last_error, row.last_sent_at = status, None, now()
    return True


def _failed(services: Services, webhook: Webhook, status: int | None, code: str) -> None:
    """It stays where it is, and is tried again later; after 410 only when somebody says so."""
    with services.database.transaction() as session:
        row = session.get(Webhook, (webhook.project_id, webhook.id), with_for_update=True)
        if row is None or not _is_as_known(row, webhook):
            return
        row.last_status, row.last_error = status, code
        row.retry_after = now() + min(FIRST_WAIT * 2 ** min(row.attempts, 10), LONGEST_WAIT)
        row.attempts += 1
        row.active = status != GONE
        if row.attempts == 1 or not row.active:
            log.warning("webhook %s/%s: not taken (%s)", row.project_id, row.id, status or code)
