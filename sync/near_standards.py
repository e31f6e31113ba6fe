"""What is too alike on a form: measured by itself when it has grown, and told to whoever asks."""

from typing import Any

from sqlalchemy.orm import Session

from config.services import Services
from sync.models import MatchForm, NearForm
from sync.near_books import books_of
from sync.rules.near_copies import Standard


def standing_of(session: Session, project_id: int, form_id: int) -> dict[str, Any]:
    """What can be said about near copies on a form: `columns`, `enough`, `least`, `interviews` it was measured on."""
    kept = session.get(NearForm, (project_id, form_id))
    standard = Standard(**kept.standard) if kept and kept.standard else None
    return {
        "columns": len(kept.columns) if kept else 0,
        "enough": standard is not None and standard.enough,
        "least": standard.bits if standard else None,
        "interviews": kept.measured if kept else 0,
    }


def measure(services: Services) -> bool:
    """Measure anew what is too alike on a form that has grown by half; True when there was one. Nothing is locked meanwhile. Where the answer is
    another than before, the form is matched again."""
    books = books_of(services.database.engine)
    for project_id, form_id in books.due():
        with services.database.reading() as session, books.lock:
            found = books.of(session, project_id, form_id)
            if found is None or not found.must_be_measured:
                continue
            standard, measured = found.interviews.standard(), found.interviews.here
        with services.database.transaction() as session:
            kept = session.get(NearForm, (project_id, form_id))
            form = session.get(MatchForm, (project_id, form_id))
            if kept is not None:
                before = Standard(**kept.standard) if kept.standard else None
                kept.standard, kept.measured = _json(standard), measured
                if form is not None and _is_another(before, standard):
                    form.rescan_after = 0
        return True
    return False


def _json(standard: Standard) -> dict[str, float] | None:
    if standard.bits == float("inf"):
        return None
    return {"bits": standard.bits, "power": standard.power, "information": standard.information}


def _is_another(before: Standard | None, now: Standard) -> bool:
    if before is None or not before.enough or not now.enough:
        return (before is not None and before.enough) != now.enough
    return abs(before.bits - now.bits) > 0.05 * max(before.bits, 20.0)
