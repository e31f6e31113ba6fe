"""Exports that are made in the background: asked for, carried out, kept for a while, handed out."""

import contextlib
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import roles
from accounts.errors import not_found
from accounts.models import Actor
from accounts.scopes import mask_of, scope_of
from collector.export import FormFacts, Plan, form_facts, plan_export, selection_of
from collector.export_request import ExportRequest, of_json
from collector.export_run import Run, begin, finish, who, write_file
from collector.held_keys import ENDING, folder_of, held, hold, let_go, path_of
from collector.masking import Mask
from collector.models_exports import StoredExport
from collector.passport import scope_hash
from collector.reading import Selection
from collector.unlocking import NO_KEYS, Keys
from config.clock import now
from config.problem import Problem
from config.secret import derive
from config.services import Services
from forms.models import Form

ATTEMPTS = 3
# What an export ends with whose passphrase went with the process that knew it.
GONE = "passphrase"
PROGRESS_SECONDS = 1.0
ORDER_SECONDS = 600.0
# So many of a person's exports are looked through for one of the same submissions.
LOOKED_AT = 200
# A download that nobody finished, or a server that stopped in the middle of one.
STREAM_SECONDS = timedelta(days=1)


class Withdrawn(Exception):
    """Somebody took the export back while it was being made, or another process makes it now."""


def mask_for(opened: Services, hidden: frozenset[str], request: ExportRequest, project_id: int) -> Mask:
    """What a reader from whom these classes are hidden sees: nothing, or names made with a key of the project."""
    key = derive(opened.secret, f"pseudonyms:{project_id}") if request.pseudonyms else b""
    return Mask(hidden, key)


def last_seq(session: Session, form: FormFacts, actor_id: int | None, request: ExportRequest) -> int:
    """The last event that had happened when this person's last finished export of the same submissions was planned (None:
    that of the command line); 0 without one."""
    query = (
        select(StoredExport.request, StoredExport.seq)
        .where(
            StoredExport.project_id == form.project_id,
            StoredExport.form_id == form.form_id,
            StoredExport.actor_id == actor_id,
            StoredExport.status == "done",
        )
        .order_by(StoredExport.id.desc())
        .limit(LOOKED_AT)
    )
    for asked, seq in session.execute(query):
        # Whoever took out the approved ones has not seen the others.
        if all(
            asked.get(name) == request.as_json().get(name) for name in ("filter", "states", "duplicates", "versions")
        ):
            return int(seq)
    return 0


def plan_for(
    session: Session,
    opened: Services,
    form: FormFacts,
    actor_id: int,
    request: ExportRequest,
    keys: Keys = NO_KEYS,
) -> Plan:
    """What an actor's export holds now; Problem 400 or 501 for what cannot be, 403.1 for one who may not."""
    selection = selection_for(session, opened, actor_id, form.project_id, form.form_id, request)
    since = last_seq(session, form, actor_id, request) if request.since else 0
    selection = selection_of(form, selection.scope, selection.mask)
    return plan_export(session, opened, form, selection, request, since=since, keys=keys)


def order(session: Session, opened: Services, plan: Plan, actor_id: int) -> StoredExport:
    """Have it made in the background."""
    number, _ = begin(session, plan, actor_id, queued=True)
    if plan.keys.asked:
        # Before it is committed: it may be taken up at once.
        hold(opened, plan.form.project_id, number, plan.keys)
    session.flush()
    return session.get_one(StoredExport, (plan.form.project_id, number))


def find_export(session: Session, project_id: int, form_id: int, number: int, actor_id: int) -> StoredExport:
    """One of this person's exports, or Problem 404.1."""
    stored = session.get(StoredExport, (project_id, number))
    if stored is None or (stored.form_id, stored.actor_id) != (form_id, actor_id):
        raise not_found()
    return stored


def require_same_sight(session: Session, stored: StoredExport) -> None:
    """Problem 404.1 when less is shown to the person now than when the file was made."""
    actor_id, passport = stored.actor_id or 0, stored.passport or {}
    scope = scope_of(session, actor_id, stored.project_id)
    hidden = mask_of(session, _Someone(actor_id), stored.project_id, stored.form_id)
    known = frozenset(passport.get("hiddenClasses", ()))
    if not hidden <= known or passport.get("scope") != scope_hash(scope):
        raise not_found()


def list_exports(
    session: Session, project_id: int, form_id: int, actor_id: int, limit: int = 20
) -> Sequence[StoredExport]:
    """A person's last exports of a form, newest first."""
    query = (
        select(StoredExport)
        .where(
            StoredExport.project_id == project_id,
            StoredExport.form_id == form_id,
            StoredExport.actor_id == actor_id,
        )
        .order_by(StoredExport.id.desc())
        .limit(limit)
    )
    return list(session.scalars(query))


def withdraw(opened: Services, stored: StoredExport) -> None:
    """Take an export back: its file goes, its passport stays; one under way stops."""
    if stored.status in ("queued", "running"):
        stored.status, stored.error, stored.finished_at = "failed", "withdrawn", now()
    stored.expires_at = now()
    path_of(opened.settings, stored.project_id, stored.id).unlink(missing_ok=True)
    let_go(opened, stored.project_id, stored.id)


def run_next(opened: Services, goes_on: Callable[[], bool] = lambda: True) -> bool:
    """Carry out the oldest export that waits; True when there was one. Only one process may do this at a time: `goes_on` tells
    whether it is still this one's turn."""
    with opened.database.transaction() as session:
        query = (
            select(StoredExport)
            .where(StoredExport.status.in_(("queued", "running")), StoredExport.expires_at.is_not(None))
            .order_by(StoredExport.created_at, StoredExport.project_id, StoredExport.id)
            .limit(1)
        )
        stored = session.scalars(query).first()
        if stored is None:
            return False
        project_id, number = stored.project_id, stored.id
        # One that runs already was cut off: the process that ran it is gone.
        stored.status, stored.attempts = "running", stored.attempts + 1
        keys = held(opened, project_id, number) if "keys" in stored.request else NO_KEYS
        if stored.attempts > ATTEMPTS or keys is None:
            finish(session, project_id, number, None, error=GONE if keys is None else "too many attempts")
            let_go(opened, project_id, number)
            return True
    try:
        _carry_out(opened, project_id, number, keys, goes_on)
    except Withdrawn:
        if goes_on():
            let_go(opened, project_id, number)
        # Else another process goes on, and needs the keys.
        return True
    except Problem as problem:
        _fail(opened, project_id, number, f"{problem.code:g}")
    except Exception as error:
        _fail(opened, project_id, number, type(error).__name__)
        let_go(opened, project_id, number)
        raise
    let_go(opened, project_id, number)
    return True


def _fail(opened: Services, project_id: int, number: int, error: str) -> None:
    with opened.database.transaction() as session:
        finish(session, project_id, number, None, error=error)


def _carry_out(opened: Services, project_id: int, number: int, keys: Keys, goes_on: Callable[[], bool]) -> None:
    with opened.database.reading() as session:
        stored = session.get_one(StoredExport, (project_id, number))
        plan = _plan(session, opened, stored, keys)
        person = who(session, stored.actor_id)
    plan.progress = _Progress(opened, project_id, number, goes_on)
    path = path_of(opened.settings, project_id, number)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_file(Run(opened, plan, number, person), path)


def _plan(session: Session, opened: Services, stored: StoredExport, keys: Keys) -> Plan:
    """Decided anew, with the rights that the person has now."""
    request = of_json({name: value for name, value in stored.request.items() if name != "keys"}, ExportRequest())
    form = session.get_one(Form, (stored.project_id, stored.form_id))
    facts = form_facts(session, stored.project_id, form.xml_form_id)
    return plan_for(session, opened, facts, stored.actor_id or 0, request, keys)


def selection_for(
    session: Session, opened: Services, actor_id: int | None, project_id: int, form_id: int, request: ExportRequest
) -> Selection:
    """What an actor may take out; Problem 403.1 or 404.1 for one who may not."""
    actor = session.get(Actor, actor_id or 0)
    if actor is None:
        raise not_found()
    roles.demand(session, actor.id, "submission.read.masked", project_id, form_id)
    hidden = mask_of(session, _Someone(actor.id), project_id, form_id)
    scope = scope_of(session, actor.id, project_id)
    return Selection(project_id, form_id, scope, mask=mask_for(opened, hidden, request, project_id))


class _Someone:
    def __init__(self, actor_id: int) -> None:
        self.actor_id = actor_id


class _Progress:
    """Writes down how far an export is, once a second; Withdrawn when it is not wanted any more, or not from here."""

    def __init__(self, opened: Services, project_id: int, number: int, goes_on: Callable[[], bool]) -> None:
        self._goes_on = goes_on
        self._opened = opened
        self._key = (project_id, number)
        self._due = time.monotonic() + PROGRESS_SECONDS

    def __call__(self, done: int) -> None:
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + PROGRESS_SECONDS
        if not self._goes_on():
            raise Withdrawn
        with self._opened.database.transaction() as session:
            stored = session.get(StoredExport, self._key)
            if stored is None or stored.status != "running":
                raise Withdrawn
            stored.done = done


def _is_being_ordered(path: Path) -> bool:
    """Keys are sealed a moment before the export is committed that they belong to."""
    with contextlib.suppress(FileNotFoundError):
        return path.name.endswith(ENDING) and time.time() - path.stat().st_mtime < ORDER_SECONDS
    return False


def forget_old(opened: Services) -> int:
    """Remove files past their time, and note downloads that were never finished; how many files."""
    removed, folder = 0, folder_of(opened.settings)
    paths = list(folder.iterdir()) if folder.is_dir() else []
    with opened.database.reading() as session:
        query = select(StoredExport.project_id, StoredExport.id, StoredExport.status)
        kept = session.execute(query.where(StoredExport.expires_at > now())).all() if paths else []
    names = {f"{row[0]}-{row[1]}{ending}" for row in kept for ending in ("", ".part")}
    names |= {f"{row[0]}-{row[1]}{ENDING}" for row in kept if row[2] in ("queued", "running")}
    for path in paths:
        if path.name not in names and not _is_being_ordered(path):
            path.unlink(missing_ok=True)
            removed += 1
    with opened.database.transaction() as session:
        hanging = select(StoredExport).where(
            StoredExport.status == "running",
            StoredExport.expires_at.is_(None),
            StoredExport.created_at < now() - STREAM_SECONDS,
        )
        for stored in session.scalars(hanging):
            stored.status, stored.error = "failed", "interrupted"
    return removed
