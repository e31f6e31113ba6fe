"""Alembic's entry: `config.attributes["connection"]` is given by config.schema; nothing else starts a migration."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import BigInteger

import accounts.models_choices  # noqa: F401 - imported so that every table is known
import forms.models  # noqa: F401 - the same
import sync.models
import sync.models_evidence
import sync.models_webhooks  # noqa: F401 - the same
from config.columns import Moment
from config.database import Model


def render(kind: str, item: Any, autogenerate: Any) -> str | Literal[False]:
    """How our own types are written in a new revision."""
    for type_, name in ((Moment, "Moment()"), (BigInteger, "BigInt")):
        if kind == "type" and isinstance(item, type_):
            autogenerate.imports.add(f"from config.columns import {name.removesuffix('()')}")
            return name
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Model.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render,
)
with context.begin_transaction():
    context.run_migrations()
