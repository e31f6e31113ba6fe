"""Exports in the background: a job removes what is old. Lines are rendered beforehand in `rendering.py`."""

from sqlalchemy import select

from collector import export_queue, rendered
from collector.models_exports import Rendition
from config.clock import now
from config.services import Services
from sync.rendering import UNUSED


def forget_exports(services: Services) -> int:
    """Remove exported files past their time, and lines that nobody has asked for lately."""
    with services.database.reading() as session:
        query = select(Rendition.project_id, Rendition.id).where(Rendition.used_at < now() - UNUSED)
        unused = session.execute(query).all()
    for project_id, rendition_id in unused:
        with services.database.transaction() as session:
            rendered.forget_renditions(session, project_id, [rendition_id])
    return export_queue.forget_old(services)
