"""Exports in the background: a job removes what is old. Lines are rendered beforehand in `rendering.py`."""

from sqlalchemy import select

from collector import rendered
from collector.models_exports import Rendition
from config.clock import now
from config.services import Services
from sync.rendering import UNUSED


def forget_lines(services: Services) -> int:
    """Remove lines that nobody has asked for lately; how many ways of rendering."""
    with services.database.reading() as session:
        query = select(Rendition.project_id, Rendition.id).where(Rendition.used_at < now() - UNUSED)
        unused = session.execute(query).all()
    for project_id, rendition_id in unused:
        with services.database.transaction() as session:
            rendered.forget_renditions(session, project_id, [rendition_id])
    return len(unused)
