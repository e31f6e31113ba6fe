"""Jobs on a clock. Each is a plain function that may run twice or be killed; what is due lives in tables and files."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import func, select

from accounts import idempotency, resets, sessions
from accounts.letters import send_letters
from accounts.models import Event, Project
from collector.export_queue import forget_old
from collector.purge import arrivals_of_form, erase, old_drafts, purge_form, purge_trash, remove_versions
from collector.tally import miscounted, recount
from config.address import configured_url_for
from config.clock import now
from config.services import Services
from forms.models import Blob, Form
from forms.trash import KEPT
from sync.export_jobs import forget_lines
from sync.learning import learn_forms
from sync.lease import Lease

NAME = "clock"
# Files without a row are younger than this only while the request that brought them is still running.
UNNAMED_SECONDS = 48 * 3600
# Arrivals taken away in one transaction, so that phones never wait longer than about 50 ms for it.
SLICE = 100
SUBMISSIONS = 50
JUMP = timedelta(hours=48)
log = logging.getLogger("relais.jobs")


def forget_sessions(services: Services) -> int:
    """Remove sessions, links for choosing a password and kept answers past their time."""
    with services.database.transaction() as session:
        return sessions.forget_expired(session) + resets.forget_expired(session) + idempotency.forget_expired(session)


def send_mail(services: Services) -> int:
    """Send letters that are due, where there is a mail server."""
    return send_letters(services, configured_url_for(services.settings)) if services.settings.mail_url else 0


def sweep_blobs(services: Services) -> int:
    """Delete stored files that no row names and nobody has put for two days."""
    swept = 0
    limit = time.time() - UNNAMED_SECONDS
    for sha256, put_at in services.storage.names():
        if put_at >= limit:
            continue
        # Under the write lock: no POST can be about to name it, since putting it again would have refreshed its time.
        with services.database.transaction() as session:
            if session.scalars(select(Blob.sha256).where(Blob.sha256 == sha256).limit(1)).first() is None:
                services.storage.delete(sha256)
                swept += 1
    return swept


def sweep_temporary(services: Services) -> int:
    """Delete temporary files that a crash left behind."""
    swept = 0
    for path in services.settings.temporary.iterdir():
        if path.is_file() and path.stat().st_mtime < time.time() - UNNAMED_SECONDS:
            path.unlink(missing_ok=True)
            swept += 1
    return swept


def recount_submissions(services: Services) -> int:
    """Count every project's submissions anew; a count that is wrong is put right, and the log says which."""
    wrong = 0
    with services.database.reading() as session:
        projects = list(session.scalars(select(Project.id)))
    for project_id in projects:
        with services.database.reading() as session:
            if not miscounted(session, project_id):
                continue
        with services.database.transaction() as session:
            for words in recount(session, project_id):
                log.error("project %s: submissions were counted wrongly: %s", project_id, words)
                wrong += 1
    return wrong


def clock_is_plausible(services: Services) -> bool:
    """Whether time has gone on since the last event by no more than two days, either way. A machine that wakes up in another
    year must not empty the trash; one that was off for a week does so the day after somebody has used it."""
    with services.database.reading() as session:
        last = session.scalar(select(func.max(Event.created_at)))
    return last is None or abs(now() - last) < JUMP


def purge_submissions(services: Services) -> int:
    """Take away for good the submissions that were thirty days in the trash."""
    if not clock_is_plausible(services):
        return 0
    with services.database.reading() as session:
        projects = list(session.scalars(select(Project.id)))
    purged = 0
    for project_id in projects:
        more = True
        while more:
            with services.database.transaction() as session:
                count = purge_trash(session, project_id, now() - KEPT, services.secret, SUBMISSIONS)
            purged += count
            more = count == SUBMISSIONS
    return purged


def purge_forms(services: Services) -> int:
    """Take away for good the forms that were thirty days in the trash, with all that came for them."""
    if not clock_is_plausible(services):
        return 0
    with services.database.reading() as session:
        due = list(
            session.execute(select(Form.project_id, Form.id).where(Form.deleted_at < now() - KEPT).order_by(Form.id))
        )
    return sum(_purge_form(services, project_id, form_id) for project_id, form_id in due)


def _purge_form(services: Services, project_id: int, form_id: int) -> bool:
    last = 0
    while True:
        with services.database.reading() as session:
            ids = arrivals_of_form(session, project_id, form_id, last, SLICE)
        with services.database.transaction() as session:
            form = session.get(Form, (project_id, form_id), with_for_update=True)
            if form is None or form.deleted_at is None:
                # Restored in between: what is left of it stays.
                return False
            if not ids:
                if arrivals_of_form(session, project_id, form_id, 0, 1):
                    # A phone was quicker; the next run finds it.
                    return False
                purge_form(session, form)
                return True
            erase(session, project_id, ids)
        last = ids[-1]


def forget_drafts(services: Services) -> int:
    """Take away drafts that were replaced or dropped, a day after they were made: a phone may still have been sending."""
    with services.database.transaction() as session:
        due = old_drafts(session, now() - timedelta(days=1), SLICE)
        for project_id, version_id in due:
            remove_versions(session, project_id, [version_id])
    return len(due)


# job, seconds between its runs
JOBS: tuple[tuple[Callable[[Services], int], int], ...] = (
    (send_mail, 15),
    (forget_sessions, 3600),
    (sweep_blobs, 24 * 3600),
    (sweep_temporary, 24 * 3600),
    (recount_submissions, 24 * 3600),
    (purge_submissions, 24 * 3600),
    (purge_forms, 24 * 3600),
    (forget_drafts, 3600),
    # What was opened with a passphrase is kept for an hour, and not until the next one has passed.
    (forget_old, 120),
    (forget_lines, 3600),
    (learn_forms, 1800),
)


class Clock:
    """The scheduler; only the process that holds the lease lets its jobs run."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lease = Lease(services.database, NAME)
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler = BackgroundScheduler(timezone="UTC", daemon=True)
        for job, seconds in JOBS:
            self._scheduler.add_job(
                self._run,
                "interval",
                [job],
                seconds=seconds,
                id=job.__name__,
                coalesce=True,
                max_instances=1,
                jitter=60,
            )

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """End; a running job finishes."""
        self._scheduler.shutdown(wait=True)
        self._lease.give_back()

    def _run(self, job: Callable[[Services], int]) -> None:
        try:
            if self._lease.hold():
                count = job(self._services)
                if count:
                    log.info("%s: %s", job.__name__, count)
        except Exception:
            log.exception("job %s failed; it will run again", job.__name__)
