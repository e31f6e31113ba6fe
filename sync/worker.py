"""What happens after an event: one thread that follows the log and calls plain functions. A crash loses time, not work."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import events
from accounts.models import Consumer, Event, ProjectCounter
from collector.classify import Rules
from collector.purge import purge_draft
from collector.release import reclassify, release_for_version, release_late, reunited
from collector.scope_keys import look_up_older
from config.clock import now
from config.services import Services
from forms.models import Form, FormVersion
from sync import near_standards, seen_forms
from sync.follow_matching import follow
from sync.learning import rescan
from sync.lease import Lease
from sync.matchers import matchers_of
from sync.matching_slices import Slices
from sync.merging import bring_files_along
from sync.near_books import books_of
from sync.rekeying import rekey
from sync.rendering import Renderer
from sync.sayings import place_waiting

NAME = "worker"
# Receipts settled in one transaction, so that phones never wait longer than about 50 ms for it.
SLICE = 20
# Submissions whose answers are looked up in one transaction.
LOOKED_UP = 200
BATCH = 200
PAUSE_SECONDS = 0.5
ATTEMPTS = 5
log = logging.getLogger("relais.worker")

# One step of the work an event asks for; True while there is more of it.
Step = Callable[[Session, Event, Rules], bool]


def release_waiting_for_version(session: Session, event: Event, rules: Rules) -> bool:
    """A form version has been published: receipts that waited for it become submissions."""
    version_id = (event.details or {}).get("newDefId")
    version = session.get(FormVersion, (event.project_id, version_id)) if version_id else None
    form = session.get(Form, (event.project_id, event.form_id)) if event.form_id else None
    if version is None or form is None:
        return False
    connection = session.connection()
    return release_for_version(connection, event.project_id, form.xml_form_id, version.version, rules, SLICE) == SLICE


def release_if_open(session: Session, event: Event, rules: Rules) -> bool:
    """A form has been opened again: what came while it was closed becomes submissions."""
    form = session.get(Form, (event.project_id, event.form_id)) if event.form_id else None
    if form is None or form.state == "closed" or form.deleted_at is not None:
        return False
    return release_late(session.connection(), event.project_id, form.id, rules, SLICE) == SLICE


def look_again(session: Session, event: Event, rules: Rules) -> bool:
    """A held edit and its original may have been stored at the same moment by two processes, neither seeing the other."""
    if event.receipt_id is not None:
        reclassify(session.connection(), event.project_id, event.receipt_id, rules)
    return False


def look_up_scope_keys(session: Session, event: Event, rules: Rules) -> bool:  # noqa: ARG001 - every step takes them
    """A rule asks about an answer: what submissions that are here already say to it."""
    return look_up_older(session, event.project_id, LOOKED_UP)


def purge_tries(session: Session, event: Event, rules: Rules) -> bool:  # noqa: ARG001 - every step takes them
    """A draft was replaced, dropped or published: what was sent to try it goes, as nobody could see it any more."""
    details = event.details or {}
    draft: int | None = details.get("newDefId" if event.action == "form.update.publish" else "oldDraftDefId")
    return draft is not None and purge_draft(session, event.project_id, draft, SLICE) == SLICE


def bring_files(session: Session, event: Event, rules: Rules) -> bool:  # noqa: ARG001 - every step takes them
    """Files have come late: what was merged from that submission gets them too."""
    if event.submission_id is not None:
        bring_files_along(session, event.project_id, event.submission_id)
    return False


STEPS: dict[str, tuple[Step, ...]] = {
    "form.update.draft.delete": (purge_tries,),
    "form.update.draft.set": (purge_tries,),
    "form.update.publish": (release_waiting_for_version, purge_tries),
    "form.update": (release_if_open,),
    "form.restore": (release_if_open,),
    "receipt.held": (look_again,),
    "receipt.quarantined": (look_again,),
    "receipt.restored": (look_again,),
    "scope.update": (look_up_scope_keys,),
    "submission.attachment.update": (bring_files,),
}


class Worker:
    """The thread; start it in the process that serves."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lease = Lease(services.database, NAME)
        self._renderer = Renderer(services)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="worker", daemon=True)

    def start(self) -> None:
        """Begin following."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the transaction at work, then end."""
        self._stop.set()
        self._thread.join(timeout=30)
        self._lease.give_back()

    def _follow(self) -> None:
        slices = Slices(self._services, self._stop)
        while not self._stop.is_set():
            busy = False
            try:
                if self._lease.hold():
                    busy = self.work_once()
                    busy = follow(self._services, self._stop, slices) or busy
                    busy = self._renderer.work(self._stop) or busy
                    busy = near_standards.measure(self._services) or busy
                    busy = seen_forms.measure(self._services) or busy
                    busy = place_waiting(self._services) or busy
                    busy = rescan(self._services, self._stop, slices) or busy
                    busy = rekey(self._services, self._stop) or busy
                else:
                    # Another process matches: no need to hold interviews and what was learnt here too.
                    books_of(self._services.database.engine).clear()
                    matchers_of(self._services.database.engine).clear()
            except Exception:
                # The database may be away or the disk full; the log keeps the place.
                log.exception("worker: will try again")
                self._stop.wait(5)
            if not busy:
                self._stop.wait(PAUSE_SECONDS)

    def work_once(self) -> bool:
        """Do one slice of what waits in every project; True when there may be more."""
        with self._services.database.reading() as session:
            counters = select(ProjectCounter.project_id, ProjectCounter.seq)
            known = {row[0]: row[1] for row in session.execute(counters)}
            cursors = {each.project_id: each for each in session.scalars(select(Consumer).where(Consumer.name == NAME))}
        busy = False
        for project_id, seq in known.items():
            cursor = cursors.get(project_id)
            if cursor is not None and cursor.retry_after is not None and cursor.retry_after > now():
                continue
            done = cursor.seq if cursor else 0
            if done < seq and not self._stop.is_set():
                busy = self._advance(project_id, done, seq) or busy
        return busy

    def _advance(self, project_id: int, done: int, newest: int) -> bool:
        """Follow a project's events up to number `newest`, a batch at a time; True when there are more."""
        with self._services.database.reading() as session:
            waiting = events.after(session, project_id, done, BATCH, actions=STEPS)
        for event in waiting:
            for step in STEPS[event.action]:
                if not self._run(step, event):
                    return False
        full = len(waiting) == BATCH
        with self._services.database.transaction() as session:
            _move(session, project_id, waiting[-1].seq if full else newest)
        self._reunite(project_id)
        return full

    def _reunite(self, project_id: int) -> None:
        """An edit and its original stored at one moment by two processes: whichever was committed last, both are here now."""
        with self._services.database.reading() as session:
            apart = reunited(session.connection(), project_id, SLICE)
        for receipt_id in apart:
            with self._services.database.transaction() as session:
                reclassify(session.connection(), project_id, receipt_id, self._rules())

    def _rules(self) -> Rules:
        settings = self._services.settings
        return Rules(settings.late, settings.conflict_limit, settings.conflict_quota)

    def _run(self, step: Step, event: Event) -> bool:
        """Carry out a step to its end; False when it failed and must wait. After 5 failures it is left, and logged."""
        more = True
        while more and not self._stop.is_set():
            started = time.perf_counter()
            try:
                with self._services.database.transaction() as session:
                    more = step(session, event, self._rules())
            except Exception as error:
                log.exception("worker: %s of event %s/%s failed", step.__name__, event.project_id, event.seq)
                with self._services.database.transaction() as session:
                    return _delay(session, event, type(error).__name__)
            if more:
                # As long again for the phones as was taken from them.
                self._stop.wait(time.perf_counter() - started)
        return not self._stop.is_set()


def _move(session: Session, project_id: int, seq: int) -> None:
    cursor = session.get(Consumer, (NAME, project_id)) or Consumer(name=NAME, project_id=project_id)
    cursor.seq, cursor.attempts, cursor.retry_after, cursor.error = seq, 0, None, None
    session.add(cursor)


def _delay(session: Session, event: Event, error: str) -> bool:
    """Count the failure and wait before the next try; True when there have been enough and the event is passed over."""
    cursor = session.get(Consumer, (NAME, event.project_id)) or Consumer(
        name=NAME, project_id=event.project_id, seq=0, attempts=0
    )
    session.add(cursor)
    cursor.seq = event.seq - 1
    cursor.attempts = (cursor.attempts or 0) + 1
    cursor.error = error
    if cursor.attempts >= ATTEMPTS:
        log.error("worker: event %s/%s is passed over after %s failures", event.project_id, event.seq, ATTEMPTS)
        return True
    cursor.retry_after = now() + timedelta(seconds=2**cursor.attempts)
    return False
