"""Exports in the background: jobs render lines beforehand and remove what is old."""

import time
from datetime import timedelta

from sqlalchemy import func, select

from accounts.scopes import EVERYTHING
from collector import export_queue, rendered
from collector.export import form_facts, plan_export, selection_of
from collector.export_request import ExportRequest
from collector.export_rows import chunks_with_rendered
from collector.models import Submission
from collector.models_exports import RenderedSegment, Rendition
from collector.sheets import sheets_of
from config.clock import now
from config.services import Services
from forms.models import Form

# Rendering is not urgent: it stops after so long, and goes on at its next turn.
RENDER_SECONDS = 20.0
UNUSED = timedelta(days=14)


def forget_exports(services: Services) -> int:
    """Remove exported files past their time, and lines that nobody has asked for lately."""
    with services.database.reading() as session:
        query = select(Rendition.project_id, Rendition.id).where(Rendition.used_at < now() - UNUSED)
        unused = session.execute(query).all()
    for project_id, rendition_id in unused:
        with services.database.transaction() as session:
            rendered.forget_renditions(session, project_id, [rendition_id])
    return export_queue.forget_old(services)


def render_lines(services: Services) -> int:
    """Render what has come in since, in forms with many submissions, as ODK Central's CSV; how many segments."""
    until, made = time.monotonic() + RENDER_SECONDS, 0
    for project_id, xml_form_id in _worth_rendering(services):
        if time.monotonic() > until:
            break
        with services.database.reading() as session:
            form = form_facts(session, project_id, xml_form_id)
            plan = plan_export(session, services, form, selection_of(form, EVERYTHING), ExportRequest())
        started = time.monotonic()
        for _ in chunks_with_rendered(services, plan, sheets_of(plan.definition)):
            made += 1
            # As long again for the phones as was taken from them.
            time.sleep(min(1.0, time.monotonic() - started))
            started = time.monotonic()
            if started > until:
                break
    return made


def _worth_rendering(services: Services) -> list[tuple[int, str]]:
    """(project, form id) of forms of which a segment or more is not rendered in any way."""
    with services.database.reading() as session:
        # Newest first costs nothing where nothing is rendered: what is kept is what was asked for.
        stored = (
            select(Submission.project_id, Submission.form_id, func.count())
            .where(Submission.draft_version_id == 0, Submission.deleted_at.is_(None), Submission.training.is_(False))
            .group_by(Submission.project_id, Submission.form_id)
            .having(func.count() >= rendered.SIZE)
        )
        counts = {(row[0], row[1]): row[2] for row in session.execute(stored)}
        if not counts:
            return []
        kept = (
            select(Rendition.project_id, Rendition.form_id, func.sum(func.length(RenderedSegment.ids)))
            .join(
                RenderedSegment,
                (RenderedSegment.project_id == Rendition.project_id) & (RenderedSegment.rendition_id == Rendition.id),
            )
            .group_by(Rendition.project_id, Rendition.form_id, Rendition.id)
        )
        best: dict[tuple[int, int], int] = {}
        for project_id, form_id, size in session.execute(kept):
            best[project_id, form_id] = max(best.get((project_id, form_id), 0), int(size) // rendered.WIDTH)
        due = [key for key, count in counts.items() if count - best.get(key, 0) >= rendered.SIZE]
        forms = select(Form.project_id, Form.xml_form_id, Form.id).where(
            Form.deleted_at.is_(None), Form.current_version_id.is_not(None)
        )
        return [(row[0], row[1]) for row in session.execute(forms) if (row[0], row[2]) in due]
