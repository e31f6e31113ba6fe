"""Requests that may be sent again: whoever names one with an Idempotency-Key gets the answer of the first, and one effect.

The key is claimed inside the transaction that does the work (accounts.signed_in.changing), so that a crash leaves both or
neither. The answer is kept right after; should that fail, the same request is told that it was done.
"""

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

import orjson
from flask import Response, g, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from accounts.errors import already_done, key_reused
from accounts.models_choices import Idempotency
from config.api_errors import invalid_header
from config.clock import now
from config.database import reading, transaction

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
LIFE = timedelta(hours=24)
# What is larger than this is never a mere "it was made".
LARGEST_ANSWER = 256 * 1024

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])


def claim_key(session: Session) -> None:
    """Claim the key of the request at work, if it has one, with the transaction that does what it asks for."""
    claim: Idempotency | None = g.pop("idempotency_claim", None)
    if claim is None:
        return
    session.execute(
        delete(Idempotency).where(
            Idempotency.actor_id == claim.actor_id, Idempotency.key == claim.key, Idempotency.expires_at < now()
        )
    )
    if session.get(Idempotency, (claim.actor_id, claim.key)) is not None:
        # Another request with the same key was first, while this one was on its way.
        raise already_done()
    session.add(claim)
    session.flush()


def repeatable(
    caller: Callable[[], int], *, token: Callable[[dict[str, Any]], str | None] | None = None
) -> Callable[[View], View]:
    """For a view that makes something: with an Idempotency-Key, the same request again is answered as the first was.

    `caller` says who is calling (or raises). Tokens are never kept in clear: an answer that holds one is kept without it,
    and `token` finds it again from what was kept. Outermost decorator but for the route's."""

    def decorate(view: View) -> View:
        @wraps(view)
        def answer_once(*values: object, **named: object) -> ResponseReturnValue:
            key = request.headers.get(HEADER)
            if key is None:
                return view(*values, **named)
            if not key.strip() or len(key) > LONGEST_KEY or not key.isprintable():
                raise invalid_header(HEADER, key[:LONGEST_KEY])
            actor_id, fingerprint = caller(), _fingerprint()
            with reading() as session:
                known = session.get(Idempotency, (actor_id, key))
            if known is not None and known.expires_at > now():
                return _again(known, fingerprint, token)
            g.idempotency_claim = Idempotency(
                actor_id=actor_id, key=key, request_sha256=fingerprint, expires_at=now() + LIFE
            )
            answer = make_response(view(*values, **named))
            _keep(actor_id, key, fingerprint, answer, with_token=token is not None)
            return answer

        answer_once.repeatable = True  # type: ignore[attr-defined]  # for the OpenAPI document
        return answer_once  # type: ignore[return-value]

    return decorate


def _fingerprint() -> bytes:
    """What is asked for: the same key with another request is a mistake of the caller."""
    parts = (request.method, request.full_path, request.mimetype, g.get("json_raw") or request.get_data())
    return hashlib.sha256(repr(parts).encode()).digest()


def _again(known: Idempotency, fingerprint: bytes, token: Callable[[dict[str, Any]], str | None] | None) -> Response:
    if known.request_sha256 != fingerprint:
        raise key_reused()
    if known.status is None:
        raise already_done()
    body = known.body or b""
    if token is not None:
        shown = orjson.loads(body)
        body = orjson.dumps({**shown, "token": token(shown)})
    answer = Response(body, known.status, content_type=known.content_type)
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


def _keep(actor_id: int, key: str, fingerprint: bytes, answer: Response, *, with_token: bool) -> None:
    """Keep a success; a refusal changed nothing, so the same again may succeed."""
    if answer.status_code >= 300 or answer.is_streamed or answer.direct_passthrough:
        return
    body = answer.get_data()
    if with_token:
        body = orjson.dumps({name: value for name, value in orjson.loads(body).items() if name != "token"})
    if len(body) > LARGEST_ANSWER:
        return
    kept = {"status": answer.status_code, "content_type": answer.content_type, "body": body}
    unclaimed: Idempotency | None = g.pop("idempotency_claim", None)
    with transaction() as session:
        if unclaimed is not None and session.get(Idempotency, (actor_id, key)) is None:
            # Done outside `changing` (by the writer of receiving, which knows repeats by itself).
            session.add(unclaimed)
            session.flush()
        session.execute(
            update(Idempotency)
            .where(Idempotency.actor_id == actor_id, Idempotency.key == key, Idempotency.request_sha256 == fingerprint)
            .values(kept)
        )


def forget_expired(session: Session) -> int:
    """Remove answers past their time; how many."""
    gone = session.execute(delete(Idempotency).where(Idempotency.expires_at < now()).returning(Idempotency.actor_id))
    return len(gone.all())
