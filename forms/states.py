"""Open, closing, closed: whether phones see a form, and whether what they send enters by itself."""

from sqlalchemy.orm import Session

from accounts.events import Happening, record
from config.clock import now
from forms.errors import form_state_unknown
from forms.models import Form
from forms.queries import get_form

# open: on phones and received. closing: no longer on phones, still received. closed: what still comes is set aside.
STATES = ("open", "closing", "closed")


def set_form_state(session: Session, project_id: int, xml_form_id: str, state: str, *, by: int | None = None) -> Form:
    """Change a form's state; the same state again is recorded no second time."""
    form = get_form(session, project_id, xml_form_id)
    if state not in STATES:
        raise form_state_unknown(state)
    if form.state != state:
        form.state = state
        form.updated_at = now()
        # The worker reads this event and lets in what waited while the form was closed.
        record(session, Happening(project_id, "form.update", by, form_id=form.id, details={"data": {"state": state}}))
    return form
