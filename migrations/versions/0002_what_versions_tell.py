"""Who made and published a form, its keys, its SHA-1, and what its questions tell about identity."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op
from lxml import etree

from config.columns import BigInt, Moment

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


ROLES = (
    "name", "person_id", "phone", "place", "post", "date", "age", "sex", "gps", "enumerator", "household", "ignore"
)  # fmt: skip


def upgrade() -> None:
    """Add the columns, then fill what the rows and the event log know already."""
    op.add_column("form_field", sa.Column("match_role", sa.String(length=16), nullable=True))
    op.add_column("form", sa.Column("web_forms", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("form", sa.Column("created_by", BigInt, nullable=True))
    op.add_column("form_version", sa.Column("sha1", sa.String(length=40), nullable=False, server_default=""))
    op.add_column("form_version", sa.Column("key_id", BigInt, nullable=True))
    op.add_column("form_version", sa.Column("published_by", BigInt, nullable=True))
    op.add_column("form_version", sa.Column("publish_notes", sa.String(), nullable=True))
    op.create_table(
        "encryption_key",
        sa.Column("project_id", BigInt, nullable=False),
        sa.Column("id", BigInt, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("public", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "id", name=op.f("pk_encryption_key")),
    )
    op.create_index("uq_encryption_key_sha256", "encryption_key", ["project_id", "sha256"], unique=True)
    if op.get_bind().dialect.name != "sqlite":
        op.execute(sa.schema.CreateSequence(sa.Sequence("encryption_key_id")))
    _fill_hashes_and_keys(op.get_bind())
    _fill_people(op.get_bind())
    _fill_match_roles(op.get_bind())


def _fill_hashes_and_keys(connection: sa.Connection) -> None:
    version = sa.table(
        "form_version", *map(sa.column, ("project_id", "id", "xml", "public_key", "created_at", "sha1", "key_id"))
    )
    key = sa.table("encryption_key", *map(sa.column, ("project_id", "id", "sha256", "public", "created_at")))
    known: dict[tuple[int, str], int] = {}
    query = sa.select(version.c.project_id, version.c.id, version.c.xml, version.c.public_key, version.c.created_at)
    for project_id, version_id, xml, public, created_at in connection.execute(query.order_by(version.c.id)).all():
        key_id = known.get((project_id, public))
        if public is not None and key_id is None:
            key_id = known[project_id, public] = len(known) + 1
            sha256 = hashlib.sha256(public.encode()).digest()
            connection.execute(
                sa.insert(key).values(
                    project_id=project_id, id=key_id, sha256=sha256, public=public, created_at=created_at
                )
            )
        sha1 = hashlib.sha1(bytes(xml), usedforsecurity=False).hexdigest()
        which = (version.c.project_id == project_id) & (version.c.id == version_id)
        connection.execute(sa.update(version).where(which).values(sha1=sha1, key_id=key_id))
    if connection.dialect.name == "sqlite":
        counter = sa.table("id_sequence", sa.column("name"), sa.column("last"))
        connection.execute(sa.insert(counter).values(name="encryption_key", last=len(known)))
    elif known:
        connection.execute(sa.text("SELECT setval('encryption_key_id', :last)"), {"last": len(known)})


def _fill_people(connection: sa.Connection) -> None:
    event = sa.table("event", *map(sa.column, ("project_id", "action", "actor_id", "form_id", "details")))
    form = sa.table("form", *map(sa.column, ("project_id", "id", "created_by")))
    version = sa.table("form_version", *map(sa.column, ("project_id", "id", "published_by")))
    query = sa.select(event.c.project_id, event.c.action, event.c.actor_id, event.c.form_id, event.c.details).where(
        event.c.action.in_(["form.create", "form.update.publish"]), event.c.actor_id.is_not(None)
    )
    for project_id, action, actor_id, form_id, stored in connection.execute(query).all():
        if action == "form.create":
            which = (form.c.project_id == project_id) & (form.c.id == form_id)
            connection.execute(sa.update(form).where(which).values(created_by=actor_id))
            continue
        details = json.loads(stored) if isinstance(stored, str) else stored or {}
        which = (version.c.project_id == project_id) & (version.c.id == details.get("newDefId"))
        connection.execute(sa.update(version).where(which).values(published_by=actor_id))


def _fill_match_roles(connection: sa.Connection) -> None:
    """Forms may have declared roles before anybody read them: `<bind nodeset="/data/age" ibg:match="age">`."""
    version = sa.table("form_version", *map(sa.column, ("project_id", "id", "schema_id", "xml")))
    field = sa.table("form_field", *map(sa.column, ("project_id", "schema_id", "path", "column_no", "match_role")))
    query = sa.select(version.c.project_id, version.c.schema_id, version.c.xml).order_by(version.c.id)
    for project_id, schema_id, xml in connection.execute(query).all():
        if b":match=" not in bytes(xml):
            continue
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        for bind in etree.fromstring(bytes(xml), parser).iter("{*}bind"):
            role = next((str(value) for name, value in bind.attrib.items() if str(name).endswith("}match")), "").strip()
            if role.lower() not in ROLES:
                continue
            path = "/" + "/".join(step.rpartition(":")[2] for step in bind.get("nodeset", "").split("/")[2:])
            which = (field.c.project_id == project_id) & (field.c.schema_id == schema_id) & (field.c.path == path)
            found = sa.update(field).where(which, field.c.column_no.is_not(None))
            connection.execute(found.values(match_role=role.lower()))
