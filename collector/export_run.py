"""Carrying out an export: the row that remembers it, the bytes, the check at the end, the passport."""

import logging
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy.orm import Session

from accounts.events import Happening, record
from accounts.models import Actor
from collector import passport
from collector.export import Plan
from collector.export_format import Ledger
from collector.export_rows import export_of
from collector.exports import formats
from collector.models_exports import StoredExport
from config.clock import now
from config.database import next_ids
from config.problem import Problem
from config.services import Services

KEPT = timedelta(days=7)
# A file with answers that had been encrypted lies here in clear: no longer than fetching it takes.
KEPT_OPENED = timedelta(hours=1)
log = logging.getLogger("relais.exports")


@dataclass
class Run:
    """An export under way. `number` 0: nothing remembers it (drafts, previews). `facts`: its passport, once all is written."""

    opened: Services
    plan: Plan
    number: int
    person: dict[str, Any] | None
    facts: dict[str, Any] | None = None

    def pieces(self) -> Iterator[bytes]:
        """The file for a reader, in pieces; whatever goes wrong is noted, and the file has no end then."""
        try:
            yield from self.written()
        except BaseException as error:
            self.failed(error)
            raise
        self.done()

    def written(self) -> Iterator[bytes]:
        """The file, in pieces; what becomes of it is for others to note."""
        export = export_of(self.opened, self.plan)
        export.passport = self._passport if self.plan.request.passport else None
        whole, size = sha256(), 0
        for piece in formats()[self.plan.request.format].write(export):
            whole.update(piece)
            size += len(piece)
            yield piece
        self.facts = self._facts(export.ledger)
        self.facts["file"] = {"name": self.plan.file_name, "size": size, "sha256": whole.hexdigest()}

    def done(self) -> None:
        """Note that the file is where it belongs."""
        self._finish(self.facts)

    def failed(self, error: BaseException) -> None:
        """Note that there is no file."""
        self._finish(None, error=type(error).__name__)

    def _facts(self, ledger: Ledger) -> dict[str, Any]:
        return passport.passport_of(self.plan, ledger, number=self.number, person=self.person)

    def _passport(self, ledger: Ledger) -> bytes:
        return orjson.dumps(self._facts(ledger), option=orjson.OPT_INDENT_2)

    def _finish(self, facts: dict[str, Any] | None, *, error: str | None = None) -> None:
        if not self.number:
            return
        try:
            with self.opened.database.transaction() as session:
                finish(session, self.plan.form.project_id, self.number, facts, error=error)
        except Problem as problem:
            # The reader has the whole file, or has heard already that there is none.
            log.warning("export %s/%s: %s", self.plan.form.project_id, self.number, problem)


def write_file(run: Run, path: Path, then: Callable[[Path], None] = lambda _: None) -> None:
    """The export as a file; it appears under its name only when it is whole, and on the disk. It counts as done once `then`
    has taken it further; what goes wrong is for the caller to note."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as out:
            for piece in run.written():
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
        then(path)
    finally:
        part.unlink(missing_ok=True)
    run.done()


def begin(
    session: Session, plan: Plan, actor_id: int | None, *, queued: bool = False
) -> tuple[int, dict[str, Any] | None]:
    """Remember that somebody takes data out: (number of the export, who it is)."""
    project_id = plan.form.project_id
    (number,) = next_ids(session.connection(), "export")
    session.add(
        StoredExport(
            project_id=project_id,
            id=number,
            form_id=plan.form.form_id,
            actor_id=actor_id,
            request=plan.request.as_json() | ({"keys": list(plan.keys.asked)} if plan.keys.asked else {}),
            status="queued" if queued else "running",
            total=len(plan.wanted),
            seq=plan.seq,
            created_at=now(),
            expires_at=now() + KEPT if queued else None,
        )
    )
    details: dict[str, Any] = {"exportId": number, "format": plan.request.format}
    if plan.keys.asked:
        details["keyIds"] = list(plan.keys.asked)
    record(
        session,
        Happening(project_id, "form.submission.export", actor_id, form_id=plan.form.form_id, details=details),
    )
    return number, who(session, actor_id)


def who(session: Session, actor_id: int | None) -> dict[str, Any] | None:
    """An actor as a passport names it."""
    actor = session.get(Actor, actor_id) if actor_id else None
    return None if actor is None else {"id": actor.id, "displayName": actor.display_name}


def finish(
    session: Session, project_id: int, number: int, facts: dict[str, Any] | None, *, error: str | None = None
) -> None:
    """Note what came of it: the passport, or what went wrong."""
    stored = session.get(StoredExport, (project_id, number))
    if stored is None or stored.status not in ("queued", "running"):
        # Withdrawn meanwhile, or its form is purged.
        return
    stored.status = "done" if facts is not None else "failed"
    stored.error, stored.finished_at = error, now()
    if facts is None:
        return
    stored.passport = facts
    if stored.expires_at is not None and "openedKeys" in facts:
        stored.expires_at = now() + KEPT_OPENED
    stored.seq = facts["lastEvent"]
    stored.total, stored.done = facts["submissions"]["wanted"], facts["submissions"]["written"]
    stored.file_name = facts["file"]["name"]
    stored.size, stored.sha256 = facts["file"]["size"], facts["file"]["sha256"]
    details = {
        "exportId": number,
        "submissions": facts["submissions"],
        "leftOut": facts["leftOut"],
        "rows": [file["rows"] for file in facts["files"]],
        "sha256": stored.sha256,
    }
    record(
        session,
        Happening(project_id, "export.finish", stored.actor_id, form_id=stored.form_id, details=details),
    )
