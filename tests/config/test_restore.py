import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete

import app as program
from accounts import app_users, web_users
from accounts.models import Project
from accounts.projects import create_project
from collector.arrival import unpacked
from collector.check import check_everything
from config import schema
from config.backup import make_backup
from config.clock import now
from config.database import next_ids
from config.restore import restore_backup
from config.services import Services
from tests import postgres as postgres_programs
from tests.config.copies import (
    PHOTO,
    Rows,
    Templates,
    backup_of,
    file_of,
    fill,
    manifest_of,
    new_server,
    opened,
    photo_hash,
    refusal,
    replace,
    rows_of,
    stored_bytes,
    used_server,
)
from tests.installation import Client, Installation, install


def next_numbers(services: Services) -> list[int]:
    """The number each kind of thing would get next."""
    with services.database.transaction() as session:
        names = [row["name"] for row in rows_of(services)["id_sequence"]]
        numbers = [next_ids(session.connection(), name)[0] for name in sorted(names)]
        made = create_project(session, "The next one", language="fr")
        return [*numbers, made.id]


@dataclass(frozen=True)
class Move:
    """A filled server and the one restored from its backup, with what was in both just then."""

    old: Services
    new: Services
    before: Rows
    after: Rows
    copy: Path


WAYS = [
    "sqlite to sqlite",
    pytest.param("sqlite to postgres", marks=pytest.mark.postgres),
    pytest.param("postgres to sqlite", marks=pytest.mark.postgres),
]


@pytest.fixture(scope="module", params=WAYS)
def move(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Move]:
    folder = tmp_path_factory.mktemp("move")

    def url_of(kind: str) -> str:
        if kind == "sqlite":
            return ""
        server: postgres_programs.Server = request.getfixturevalue("postgres")
        return server.create_database(f"move_{request.param.replace(' ', '_')}")

    source, target = request.param.split(" to ")
    for relais in install(folder / "old", url_of(source)):
        fill(relais)
        old = relais.services
        before = rows_of(old)
        done = make_backup(old, folder / "copy")
        with opened(folder / "new", url_of(target)) as new:
            assert restore_backup(new, folder / "copy") == done
            yield Move(old, new, before, rows_of(new), folder / "copy")


def test_a_restored_server_holds_every_row_of_the_old_one(move: Move) -> None:
    assert [name for name, rows in move.before.items() if not rows] == []
    # The last numbers of PostgreSQL are not rows; the rest is new on purpose.
    for name in move.before.keys() - {"server", "session", "lease", "id_sequence"}:
        assert move.after[name] == move.before[name]


def test_a_restored_server_holds_every_file_of_the_old_one_and_its_check_is_clean(move: Move) -> None:
    assert stored_bytes(move.new) == stored_bytes(move.old) != {}
    assert check_everything(move.new).faults == []


def test_what_is_null_stays_null_and_does_not_become_the_word_null(move: Move) -> None:
    def plain(services: Services) -> int:
        with services.database.engine.connect() as connection:
            query = "SELECT count(*) FROM receipt WHERE encrypted IS NULL"
            return int(connection.exec_driver_sql(query).scalar_one())

    assert plain(move.new) == plain(move.old) > 0


def test_no_number_is_given_twice_after_a_restore(move: Move) -> None:
    assert next_numbers(move.new) == next_numbers(move.old)


def test_a_phone_goes_on_where_it_was(old: Services, new: Services, templates: Templates, tmp_path: Path) -> None:
    first = rows_of(old)["receipt"][0]
    restore_backup(new, backup_of(old, tmp_path / "copy"))
    flask_app: Flask = program.create_app(new.settings)
    flask_app.test_client_class = Client
    restored: Services = flask_app.extensions["relais"]
    there = Installation(flask_app, restored, flask_app.test_client(), 1, templates.phone)
    with restored.database.reading() as session:
        assert app_users.credential_of(session, restored.secret, 1, there.phone.actor_id) == there.phone
    assert there.post(unpacked(first["xml"])).status_code == 201
    assert rows_of(restored)["receipt"] == rows_of(old)["receipt"]
    restored.database.close()


def test_a_restored_server_is_another_incarnation_where_nobody_is_signed_in(
    old: Services, new: Services, tmp_path: Path
) -> None:
    restore_backup(new, backup_of(old, tmp_path / "copy"))
    (before,), (after,) = rows_of(old)["server"], rows_of(new)["server"]
    assert after != before
    assert {**after, "incarnation": before["incarnation"]} == before
    rows = rows_of(new)
    assert rows["session"] == rows["lease"] == []


def test_a_backup_that_lacks_what_the_server_had_lost_can_still_be_restored(
    old: Services, new: Services, tmp_path: Path
) -> None:
    sha256 = photo_hash(old)
    old.storage.delete(sha256)
    folder = backup_of(old, tmp_path / "copy")
    assert restore_backup(new, folder).missing == (sha256.hex(),)
    assert [sha256.hex() in fault for fault in check_everything(new).faults] == [True]


@pytest.mark.postgres
def test_a_restore_that_fails_leaves_the_server_empty_and_can_be_repeated(
    old: Services, postgres_url: str, tmp_path: Path
) -> None:
    with old.database.transaction() as session:
        # SQLite does not mind the length, PostgreSQL does.
        session.add(Project(uid="u", name="N" * 300, language="fr", created_at=now()))
    folder = backup_of(old, tmp_path / "copy")
    with opened(tmp_path / "new", postgres_url) as services:
        assert refusal(services, folder).code == 500.72
        with old.database.transaction() as session:
            session.execute(delete(Project).where(Project.uid == "u"))
        make_backup(old, folder)
        restore_backup(services, folder)
        assert check_everything(services).faults == []


def test_a_damaged_photo_refuses_the_restore_unless_the_rest_is_wanted(
    old: Services, new: Services, tmp_path: Path
) -> None:
    name = photo_hash(old).hex()
    folder = backup_of(old, tmp_path / "copy")
    replace(file_of(folder, photo_hash(old)), PHOTO[:-1] + b"!")
    assert refusal(new, folder).details == {"damaged": [f"files/{name[:2]}/{name}"]}
    assert restore_backup(new, folder, without_damaged=True).missing == (name,)
    assert rows_of(new)["receipt"] == rows_of(old)["receipt"]


@pytest.mark.parametrize("name", ["relais.sqlite3", "secret.key"])
def test_a_damaged_database_or_key_is_always_refused(old: Services, new: Services, tmp_path: Path, name: str) -> None:
    folder = backup_of(old, tmp_path / "copy")
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    assert refusal(new, folder, without_damaged=True).details == {"damaged": [name]}


def test_a_server_that_holds_anything_is_left_alone(move: Move) -> None:
    secret = (move.new.settings.data / "secret.key").read_bytes()
    assert refusal(move.new, move.copy).code == 409.76
    assert (move.new.settings.data / "secret.key").read_bytes() == secret


def test_a_project_alone_is_enough_to_be_left_alone(old: Services, new: Services, tmp_path: Path) -> None:
    with new.database.transaction() as session:
        create_project(session, "Mine", language="fr")
    assert refusal(new, backup_of(old, tmp_path / "copy")).code == 409.76


def test_a_person_alone_is_enough_to_be_left_alone(old: Services, new: Services, tmp_path: Path) -> None:
    with new.database.transaction() as session:
        web_users.create_web_user(session, "me@example.org", "three words together", role="administrator")
    assert refusal(new, backup_of(old, tmp_path / "copy")).code == 409.76


@pytest.mark.parametrize("change", [{"format": 2}, {"revision": "9999"}])
def test_a_backup_of_a_newer_version_is_refused(
    old: Services, new: Services, tmp_path: Path, change: dict[str, Any]
) -> None:
    folder = backup_of(old, tmp_path / "copy")
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert refusal(new, folder).code == 409.75


def test_a_backup_of_an_older_version_is_migrated(
    old: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = backup_of(old, tmp_path / "copy")
    later = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, later, ignore=shutil.ignore_patterns("__pycache__"))
    (later / "versions" / "9000_later.py").write_text(
        "from alembic import op\nimport sqlalchemy as sa\n"
        f"revision, down_revision = '9000', '{manifest_of(folder).revision}'\n"
        "def upgrade() -> None:\n"
        "    op.execute(sa.table('project', sa.column('description')).update().values(description='newer'))\n"
    )
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    with opened(tmp_path / "new") as services:
        restore_backup(services, folder)
        assert [row["description"] for row in rows_of(services)["project"]] == ["newer"]


def test_another_secret_in_the_settings_is_refused_and_the_same_one_is_not(
    templates: Templates, tmp_path: Path
) -> None:
    with used_server(tmp_path / "old", templates, secret_key="correct horse") as old:
        folder = backup_of(old, tmp_path / "copy")
        secret = old.secret
    with new_server(tmp_path / "other", templates, secret_key="battery staple") as services:
        assert refusal(services, folder).code == 409.77
    with new_server(tmp_path / "same", templates, secret_key="correct horse") as services:
        restore_backup(services, folder)
    with new_server(tmp_path / "none", templates) as services:
        restore_backup(services, folder)
        assert (services.settings.data / "secret.key").read_text().strip() == secret.hex()


def test_files_go_where_the_settings_say(old: Services, templates: Templates, tmp_path: Path) -> None:
    folder = backup_of(old, tmp_path / "copy")
    with new_server(tmp_path / "new", templates, storage_url=f"file://{tmp_path / 'elsewhere'}") as services:
        restore_backup(services, folder)
        assert check_everything(services).faults == []
    assert (tmp_path / "elsewhere").is_dir()
