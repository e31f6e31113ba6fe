"""`/healthz`: for whoever watches the server; says nothing about what is in it."""

from flask import Blueprint, Response
from sqlalchemy import text

from config.database import reading
from config.services import services

health = Blueprint("health", __name__)


@health.get("/healthz")
def show() -> Response:
    """200 `ok` when the database answers and there is room for what comes; 503 and one word otherwise."""
    try:
        with reading() as session:
            session.execute(text("SELECT 1"))
    except Exception:  # noqa: BLE001 - whatever the driver raises, the answer is the same
        return Response("database\n", 503, mimetype="text/plain")
    if services().storage.free() < services().settings.reserve_bytes:
        return Response("space\n", 503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")
