"""Open, closing, closed: whether phones see a form, and whether what they send enters by itself; what else may change."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from accounts.events import Happening, record
from config.api_errors import missing_parameter, wrong_type
from config.clock import now
from config.javascript import as_text, flag_of
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


def change_form(session: Session, form: Form, changes: Mapping[str, Any], *, by: int | None = None) -> None:
    """Change what ODK Central lets change: `state` and `webformsEnabled`, under their wire names; the rest is ignored.

    Problem 400.2, 400.8 or 400.11 for values that cannot be.
    """
    data = {name: changes[name] for name in ("state", "webformsEnabled") if name in changes}
    if "state" in data:
        if data["state"] not in STATES:
            raise form_state_unknown(data["state"])
        form.state = data["state"]
    if "webformsEnabled" in data:
        form.web_forms = _truth(data["webformsEnabled"])
    if data:
        form.updated_at = now()
    session.flush()
    record(session, Happening(form.project_id, "form.update", by, form_id=form.id, details={"data": data}))


def _truth(value: object) -> bool:
    """A JSON boolean, or what PostgreSQL takes for one in ODK Central."""
    if value is None:
        raise missing_parameter("webformsEnabled")
    meant = flag_of(value)
    if meant is None:
        raise wrong_type("type boolean", value=as_text(value))
    return meant
