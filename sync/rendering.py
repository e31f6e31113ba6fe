"""Keep the lines of exports rendered: what came in, was edited or reviewed is rendered while phones pause, so that an export afterwards
costs no more than the one before. What is done is in the segments themselves: killed at any point it goes on from there."""

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from accounts.models import ProjectCounter
from accounts.scopes import EVERYTHING
from collector import rendered
from collector.export import form_facts, plan_export, selection_of
from collector.export_reading import settle
from collector.export_request import RECEIVED, ExportRequest, of_json
from collector.export_rows import look_of, rendering_of
from collector.models import Tally
from collector.models_exports import Rendition
from collector.sheets import sheets_of
from collector.tally import counts_of
from config.clock import now
from config.problem import Problem
from config.services import Services
from forms.models import Form

# Who has not asked for lines of a kind for so long finds them rendered no more.
UNUSED = timedelta(days=14)
PLAIN = ExportRequest()
# In seconds: a form is looked at no more often, and not worked on for longer before matching has its turn.
BETWEEN, TURN = 30.0, 1.0
QUIET, LONGEST_WAIT = 0.1, 1.0
log = logging.getLogger("relais.exports")


class Renderer:
    """Follows the event log by its numbers alone: a project in which nothing happens costs nothing."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._done: dict[int, int] = {}
        self._not_before: dict[int, float] = {}

    def work(self, stop: threading.Event) -> bool:
        """Render for a moment where something has happened; True while there is more to do."""
        with self._services.database.reading() as session:
            newest = {row[0]: row[1] for row in session.execute(select(ProjectCounter.project_id, ProjectCounter.seq))}
        until = time.monotonic() + TURN
        for project_id, seq in newest.items():
            if stop.is_set():
                return False
            if self._done.get(project_id, 0) >= seq or self._not_before.get(project_id, 0.0) > time.monotonic():
                continue
            # One that is not done yet is gone on with at the next turn, the others wait for it.
            if time.monotonic() > until or not self._rendered(project_id, until, stop):
                return True
            self._done[project_id], self._not_before[project_id] = seq, time.monotonic() + BETWEEN
        return False

    def _rendered(self, project_id: int, until: float, stop: threading.Event) -> bool:
        """Whether all of the project is rendered that is to be; stops after a moment."""
        with self._services.database.reading() as session:
            ways = ways_of(session, project_id)
        for xml_form_id, count, request in ways:
            try:
                if not self._filled(project_id, xml_form_id, count, request, until, stop):
                    return False
            except (OperationalError, InterfaceError):
                # The database is busy or away.
                raise
            except Exception:
                log.exception("lines of form %s of project %s are not rendered", xml_form_id, project_id)
        return True

    def _filled(
        self,
        project_id: int,
        xml_form_id: str,
        count: int,
        request: ExportRequest,
        until: float,
        stop: threading.Event,
    ) -> bool:
        services = self._services
        with services.database.reading() as session:
            form = form_facts(session, project_id, xml_form_id)
            plan = plan_export(session, services, form, selection_of(form, EVERYTHING), request)
        plan.look = look_of(services, plan)
        rendering = rendering_of(services, plan, sheets_of(plan.definition, plan.look))
        if not rendering.is_right:
            if not self._gone_through(rendering.mend(), until, stop):
                return False
            rendering = rendering_of(services, plan, sheets_of(plan.definition, plan.look))
        if not rendering.lags_behind(count):
            return True
        settle(services, plan)
        return self._gone_through(rendering.fill(asked=request == PLAIN), until, stop)

    def _gone_through(self, steps: Iterator[None], until: float, stop: threading.Event) -> bool:
        """Whether all steps are done; stops after a moment."""
        started = time.monotonic()
        # To find out what is to do may have taken long.
        until = max(until, started + TURN / 2)
        for _ in steps:
            # As long again for the phones as was taken from them.
            stop.wait(time.monotonic() - started)
            if stop.is_set() or time.monotonic() > until:
                return False
            _let_phones_go_first(self._services, stop)
            started = time.monotonic()
        return True


def ways_of(session: Session, project_id: int) -> list[tuple[str, int, ExportRequest]]:
    """(form, number of submissions, what asks for their lines): ODK Central's of every form that has enough submissions for a segment,
    and those of the other kinds that somebody has asked for lately."""
    buckets: dict[int, list[Tally]] = {}
    for bucket in counts_of(session, [project_id]):
        if not bucket.training:
            buckets.setdefault(bucket.form_id, []).append(bucket)
    large = [form_id for form_id, each in buckets.items() if _count(each, PLAIN) >= rendered.SIZE]
    if not large:
        return []
    forms = select(Form.id, Form.xml_form_id).where(
        Form.project_id == project_id,
        Form.id.in_(large),
        Form.deleted_at.is_(None),
        Form.current_version_id.is_not(None),
    )
    names = {row[0]: row[1] for row in session.execute(forms)}
    used = select(Rendition.form_id, Rendition.request).where(
        Rendition.project_id == project_id, Rendition.used_at > now() - UNUSED
    )
    asked: dict[int, list[ExportRequest]] = {form_id: [PLAIN] for form_id in names}
    for form_id, request in session.execute(used):
        if form_id in asked and request is not None:
            asked[form_id] += _read(request)
    return [
        (names[form_id], _count(buckets[form_id], request), request)
        for form_id, requests in asked.items()
        for request in dict.fromkeys(requests)
    ]


def _count(buckets: Iterable[Tally], request: ExportRequest) -> int:
    return sum(
        each.count
        for each in buckets
        if (request.duplicates or not each.duplicate)
        and (not request.states or (each.review_state or RECEIVED) in request.states)
    )


def _read(request: dict[str, object]) -> Iterable[ExportRequest]:
    try:
        return [of_json(request, PLAIN)]
    except Problem:
        # Written by another version of Relais.
        return []


def _let_phones_go_first(services: Services, stop: threading.Event) -> None:
    """Wait until phones pause, for a second at most."""
    until = time.monotonic() + LONGEST_WAIT
    while services.database.writer.quiet_seconds() < QUIET and time.monotonic() < until and not stop.is_set():
        stop.wait(QUIET / 2)
