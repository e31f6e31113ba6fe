"""Migrations of databases that are in use: what is in them stays, and what they know fills the new columns."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from config.database import Database, engine_options
from config.schema import differences, upgrade

FORM = (
    b'<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:ibg="https://ns">'
    b'<h:head><h:title>A</h:title><model><instance><data id="a"><g><age/></g></data></instance>'
    b'<bind nodeset="/data/g/age" type="int" ibg:match="Age"/></model></h:head><h:body/></h:html>'
)
MOMENT = "2026-11-23T10:22:03.439000+00:00"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database."""
    on_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}" if on_sqlite else request.getfixturevalue("postgres_url")
    database = Database(create_engine(url, **engine_options(url)))
    yield database.engine
    database.close()


def put(connection: Connection, table: str, **values: Any) -> None:
    """One row, as it was written before the migration."""
    names = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)


def test_versions_learn_who_published_them_their_keys_and_their_roles(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        upgrade(connection, "0001")
        put(connection, "form", project_id=1, id=7, xml_form_id="a", state="open", created_at=MOMENT)
        put(connection, "form_schema", project_id=1, id=3, sha256=b"schema")
        field = {"type": "int", "table_no": 0, "binary": False, "multiple": False}
        put(connection, "form_field", project_id=1, schema_id=3, position=1, path="/g/age", column_no=0, **field)
        version = {"project_id": 1, "form_id": 7, "version": "", "name": "A", "xml": FORM, "md5": "", "sha256": b""}
        for number, key in ((11, "MIB"), (12, None), (13, "MIB")):
            put(
                connection,
                "form_version",
                id=number,
                schema_id=3,
                warnings="[]",
                created_at=MOMENT,
                public_key=key,
                **version,
            )
        event = {"project_id": 1, "form_id": 7, "actor_id": 5, "created_at": MOMENT}
        put(connection, "event", seq=1, action="form.create", **event)
        put(connection, "event", seq=2, action="form.update.publish", details='{"newDefId": 13}', **event)
        upgrade(connection)
        differences(connection)
        sha1 = hashlib.sha1(FORM, usedforsecurity=False).hexdigest()
        assert list(connection.execute(text("SELECT created_by, web_forms FROM form"))) == [(5, True)]
        versions = connection.execute(text("SELECT sha1, key_id, published_by FROM form_version ORDER BY id"))
        assert [tuple(row) for row in versions] == [(sha1, 1, None), (sha1, None, None), (sha1, 1, 5)]
        assert list(connection.execute(text("SELECT match_role FROM form_field"))) == [("age",)]
        assert list(connection.execute(text("SELECT id, public FROM encryption_key"))) == [(1, "MIB")]


def test_submissions_that_are_here_are_counted(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        upgrade(connection, "0003")
        put(connection, "form", project_id=1, id=7, xml_form_id="a", state="open", created_at=MOMENT, web_forms=True)
        for number, state, deleted in ((1, None, None), (2, None, None), (3, "approved", None), (4, None, MOMENT)):
            put(
                connection,
                "submission",
                project_id=1,
                id=number,
                form_id=7,
                draft_version_id=0,
                instance_id=str(number),
                current_receipt_id=number,
                versions=1,
                review_state=state,
                training=False,
                created_at=MOMENT,
                received_at=MOMENT,
                deleted_at=deleted,
            )
        upgrade(connection)
        differences(connection)
        counts = connection.execute(text("SELECT form_id, review_state, count FROM submission_tally ORDER BY 2"))
        assert [tuple(row) for row in counts] == [(7, "", 2), (7, "approved", 1)]


def test_reasons_of_verdicts_stand_apart_and_those_about_nobody_go(engine: Engine) -> None:
    with engine.connect() as connection, connection.begin():
        upgrade(connection, "0022")
        put(connection, "form", project_id=1, id=7, xml_form_id="a", state="open", created_at=MOMENT, web_forms=True)
        for number in (1, 2):
            put(
                connection,
                "submission",
                project_id=1,
                id=number,
                form_id=7,
                draft_version_id=0,
                instance_id=f"i{number}",
                current_receipt_id=number,
                versions=1,
                training=False,
                created_at=MOMENT,
                received_at=MOMENT,
            )
        for uid, other, reason in (("u", "i2", "vu"), ("v", "gone", "dit"), ("w", "i2", "")):
            body = f'{{"uid": "{uid}", "reason": "{reason}"}}'
            names = {"xml_form_id": "a", "one": "i1", "other": other}
            put(connection, "dup_decision", project_id=1, uid=uid, body=body, created_at=MOMENT, **names)
        upgrade(connection)
        differences(connection)
        words = connection.execute(text("SELECT uid, one_id, other_id, body FROM dup_word"))
        assert [tuple(row) for row in words] == [("u", 1, 2, "vu")]
        bodies = connection.execute(text("SELECT CAST(body AS text) FROM dup_decision")).scalars()
        assert not any(word in body for body in bodies for word in ("vu", "dit"))
