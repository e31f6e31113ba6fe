"""Servers to copy and to put back: a used one, an unused one, and what can be read of them."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, delete, select
from sqlalchemy.orm import Session as DatabaseSession

from accounts import actor_properties, preferences, resets, site_settings, web_users
from accounts.app_users import Credential
from accounts.models import Actor, Consumer, Lease, Project, Session, SignInFailure, Tombstone
from accounts.models_choices import Idempotency, Letter
from accounts.projects import create_project, get_project
from accounts.public_links import create_link
from accounts.scopes import Rule, replace_scope
from accounts.sessions import person_by_id
from collector import review
from collector.arrival import Arrival, Sender, StoredFile
from collector.classify import Rules
from collector.intake import receive
from collector.models import ReceiptFile, Submission
from collector.models_exports import ExportPreset, RenderedBlock, RenderedSegment, Rendition, StoredExport
from collector.tally import before_commit
from config.backup import make_backup
from config.backup_folder import Manifest, load_manifest
from config.clock import now
from config.database import Database, Model, engine_options, next_ids, prepare_folder
from config.problem import Problem
from config.restore import restore_backup
from config.secret import load_secret
from config.services import Services
from config.settings import Settings
from config.storage import open_storage
from forms.first_start import prepare_database
from sync.models import (
    MatchDecision,
    MatchFeature,
    MatchForm,
    MatchKey,
    MatchPair,
    MatchSecret,
    MatchWord,
    NearChoice,
    NearForm,
    ReviewCapacity,
)
from sync.models_evidence import SeenEvidence, SeenExplained, SeenForm, SeenInterview, SeenSaying
from sync.models_webhooks import Webhook
from tests.installation import Installation, instance, new_id, xform

PHOTO = b"\xff\xd8 a photo \xff\xd9" * 1000
Rows = dict[str, list[dict[str, Any]]]


def fill(relais: Installation) -> None:
    """Something in every table: submissions of all fates, files, decisions, words, what was erased, who is in."""
    towns = b'<instance id="towns" src="jr://file-csv/towns.csv"/><bind nodeset="/data/name"'
    with_towns = xform("towns").replace(b'<bind nodeset="/data/name"', towns)
    relais.publish(with_towns, media={"towns.csv": b"name,label\nniamey,Niamey\n"})
    relais.publish(xform("secret").replace(b"<model>", b'<model><submission base64RsaPublicKey="MIB"/>'))
    with relais.services.database.transaction() as session:
        admin = session.scalars(select(Actor.id).where(Actor.type == "user")).one()
        replace_scope(session, 1, admin, [Rule("name", ("Aïchatou",))], ["P"], by=admin)
    first, parent = new_id(), new_id()
    relais.post(instance(first, photo="a.jpg"), {"a.jpg": PHOTO})
    relais.post(instance(first, name="Somebody else"))
    relais.post(instance(new_id()))
    relais.post(instance(new_id(), deprecated_id=first, photo="a.jpg"))
    relais.post(instance(new_id(), deprecated_id=parent))
    relais.post(instance(new_id(), version="7", photo="b.jpg"), {"b.jpg": b"another photo"})
    with relais.services.database.transaction() as session:
        submission = session.scalars(select(Submission)).first()
        person = session.scalars(select(Actor.id).where(Actor.type == "user")).one()
        assert submission is not None
        review.set_review_state(session, submission, "hasIssues", by=person, note="L’âge manque")
        review.add_comment(session, submission, "Rappelée hier", by=person)
        actor_id, moment = person, now()
        session.add_all(
            [
                Session(token_hash=b"\x01" * 32, actor_id=actor_id, csrf="c", created_at=moment, expires_at=moment),
                Lease(name="worker", holder="this machine", expires_at=moment, fence=3),
                SignInFailure(key=b"\x02" * 32, failures=2, until=moment),
                Consumer(name="worker", project_id=1, seq=2),
                Tombstone(project_id=1, kind="instance", key_hmac=b"\x03" * 32, reason="asked", created_at=moment),
            ]
        )
        _exported(session, submission.form_id, actor_id, moment)
        hook = {"url": "https://example.org/hook", "actions": ["submission.create"], "actor_id": actor_id, "seq": 3}
        (hook_id,) = next_ids(session.connection(), "webhook")
        session.add(Webhook(project_id=1, id=hook_id, uid="u", created_at=moment, **hook))
        pair = list(session.scalars(select(Submission).limit(2)))
        session.add(NearForm(project_id=1, form_id=pair[0].form_id, columns=[["/q", None]], measured=0, stamp=1))
        session.flush()
        session.add(ReviewCapacity(project_id=1, pairs=40))
        session.add_all(_matched(pair, moment))
        me = person_by_id(session, actor_id)
        assert me is not None
        preferences.choose(session, me, "columns", ["name"])
        resets.make_reset(session, web_users.get_account(session, actor_id), by=None)
        create_link(session, relais.services.secret, 1, submission.form_id, "Affiche", once=True, by=actor_id)
        site_settings.set_value(session, "login-appearance", {"title": "Poste"}, by=actor_id)
        actor_properties.create_property(session, get_project(session, 1), "region", by=actor_id)
        actor_properties.set_properties(session, 1, session.get_one(Actor, actor_id), {"region": "Diffa"}, by=actor_id)
        session.add(Letter(kind="email", email="anne@example.org", created_at=moment, due_at=moment))
        session.add(Idempotency(actor_id=actor_id, key="k", request_sha256=b"\x04" * 32, expires_at=moment))
        gone = create_project(session, "Deleted for good", language="fr")
        session.execute(delete(Project).where(Project.id == gone.id))
        next_ids(session.connection(), "comment", 40)


def _exported(session: DatabaseSession, form_id: int, actor_id: int, moment: datetime) -> None:
    """An export, its preset, and lines rendered for the next."""
    export_id, preset_id = next_ids(session.connection(), "export", 2)
    rendition_id, segment_id = next_ids(session.connection(), "rendition", 2)
    asked: dict[str, Any] = {"project_id": 1, "form_id": form_id, "created_at": moment, "request": {}}
    session.add(StoredExport(id=export_id, actor_id=actor_id, status="done", **asked))
    session.add(ExportPreset(id=preset_id, actor_id=actor_id, name="Excel", **asked))
    session.add(Rendition(project_id=1, id=rendition_id, form_id=form_id, key="k", request={}, used_at=moment))
    session.flush()
    segment = {"ids": b"", "seq": 1, "people": {}, "seen": {}, "rows": []}
    session.add(RenderedSegment(project_id=1, id=segment_id, rendition_id=rendition_id, **segment))
    session.flush()
    session.add(
        RenderedBlock(project_id=1, segment_id=segment_id, sheet=0, crc=0, size=0, packed=b"\x04" * 32, cuts=b"")
    )


def _matched(pair: list[Submission], moment: datetime) -> list[Any]:
    """What the matcher keeps of two submissions."""
    one, other = sorted(each.id for each in pair)
    form = {"project_id": 1, "form_id": pair[0].form_id}
    hashes = {"exact_hash": b"\x05" * 16, "answers_hash": b"\x06" * 16, "said": 3, "evidence": b"{}"}
    seen: dict[str, Any] = {
        "project_id": 1,
        "submission_id": one,
        "rule": "overlapping",
        "other_id": other,
        "mark": "m",
    }
    said = {"one_form": "household", "one": "a", "other_form": "household", "other": "b", "body": {}}
    verdict = {"xml_form_id": "household", "one": pair[0].instance_id, "other": pair[1].instance_id, "body": {}}
    return [
        MatchForm(version_id=1, roles={"/data/name": "name"}, families=["words"], **form),
        MatchSecret(project_id=1, salt=b"\x07" * 32, reached=0, ended_at=moment),
        MatchKey(project_id=1, h=-7, submission_id=one),
        SeenForm(usual={}, measured=0, since=1, **form),
        SeenInterview(submission_id=one, answered=3, grids={}, **form),
        SeenEvidence(facts={}, strength=0.5, found_at=moment, form_id=pair[0].form_id, **seen),
        SeenExplained(reason="Deux visites", actor_id=1, created_at=moment, uid="s", **seen),
        SeenSaying(project_id=1, uid="s", rule="too_fast", placed=True, created_at=moment, **said),
        NearChoice(column_no=0, code=1, h=b"\x07" * 8, **form),
        MatchFeature(submission_id=one, receipt_id=pair[0].current_receipt_id, **form, **hashes),
        MatchPair(one_id=one, other_id=other, bits=3.5, evidence="e", model_no=0, found_at=moment, **form),
        MatchDecision(project_id=1, uid="u", created_at=moment, **verdict),
        MatchWord(project_id=1, uid="u", one_id=one, other_id=other, body="Vu avec le chef du village"),
    ]


def send(services: Services, content: bytes) -> None:
    """One more submission, with a photo of these bytes."""
    sha256 = hashlib.sha256(content).digest()
    services.storage.put(sha256, content)
    file = StoredFile("new.jpg", "image/jpeg", sha256, hashlib.md5(content).hexdigest(), len(content))
    arrival = Arrival(1, instance(new_id(), photo="new.jpg"), Sender(None, "collect:1", "Collect"), (file,))
    with services.database.transaction() as session:
        assert receive(session.connection(), arrival, Rules(), services.secret).status == 201


@contextmanager
def opened(folder: Path, database_url: str = "", **choices: Any) -> Iterator[Services]:
    """What the commands work on, for a data folder; as it is, or empty when new."""
    fresh = not (folder / "relais.sqlite3").exists()
    settings = Settings(data=folder, database_url=database_url, **{"reserve_bytes": 0, **choices})
    prepare_folder(settings.data)
    engine = create_engine(settings.database, **engine_options(settings.database))
    services = Services(settings, load_secret(settings), Database(engine, before_commit), open_storage(settings))
    if fresh:
        prepare_database(services)
    yield services
    services.database.close()


@dataclass(frozen=True)
class Templates:
    """Data folders to copy, much quicker than to make: of a used server with its phone, and of an unused one."""

    used: Path
    phone: Credential
    unused: Path


@contextmanager
def used_server(folder: Path, templates: Templates, **choices: Any) -> Iterator[Services]:
    """A server that has been filled, on SQLite."""
    shutil.copytree(templates.used, folder)
    with opened(folder, **choices) as services:
        yield services


@contextmanager
def new_server(folder: Path, templates: Templates, **choices: Any) -> Iterator[Services]:
    """A server nobody has used yet, on SQLite."""
    shutil.copytree(templates.unused, folder)
    with opened(folder, **choices) as services:
        yield services


def rows_of(services: Services) -> Rows:
    """Every row of every table, as SQLAlchemy reads it."""
    with services.database.reading() as session:
        return {
            table.name: [dict(row) for row in session.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in Model.metadata.sorted_tables
        }


def stored_bytes(services: Services) -> dict[bytes, bytes]:
    """Every stored file."""
    found = {}
    for sha256, _ in services.storage.names():
        with services.storage.open(sha256) as file:
            found[sha256] = file.read()
    return found


def manifest_of(folder: Path) -> Manifest:
    manifest = load_manifest(folder / "manifest.json")
    assert manifest is not None
    return manifest


def backup_of(services: Services, folder: Path) -> Path:
    make_backup(services, folder)
    return folder


def refusal(services: Services, folder: Path, **choices: Any) -> Problem:
    """Why the restore was refused; the server is as empty as before."""
    before = rows_of(services)
    with pytest.raises(Problem) as caught:
        restore_backup(services, folder, **choices)
    assert rows_of(services) == before
    return caught.value


def replace(path: Path, content: bytes) -> None:
    """Other bytes under the same name; the server's own file, which may be the same inode, stays as it is."""
    path.unlink()
    path.write_bytes(content)


def file_of(folder: Path, sha256: bytes) -> Path:
    return folder / "files" / sha256.hex()[:2] / sha256.hex()


def block(folder: Path, content: bytes) -> Path:
    """Make a backup stumble when it stores this file, as a bad block would."""
    obstacle = file_of(folder, hashlib.sha256(content).digest()).parent
    obstacle.parent.mkdir(parents=True, exist_ok=True)
    obstacle.write_bytes(b"not a folder")
    return obstacle


def photo_hash(services: Services) -> bytes:
    """The name of a stored photo."""
    with services.database.reading() as session:
        return session.scalars(select(ReceiptFile.sha256).where(ReceiptFile.name == "a.jpg")).first() or b""
