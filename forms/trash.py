"""Forms in the trash: out of sight, whole, and put back for thirty days."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.events import Happening, record
from config.clock import now
from forms.encryption import encrypt_form, key_of_project
from forms.errors import form_exists
from forms.models import Form
from forms.public_key import version_suffix
from forms.versions import find_form

KEPT = timedelta(days=30)


def delete_form(session: Session, form: Form, *, by: int | None = None) -> None:
    """Put the form and what came for it into the trash; phones that still hold it are kept waiting, not refused."""
    form.deleted_at = now()
    session.flush()
    # Central names the entity lists the form wrote to or read from; restoring asks whether they are still there.
    details: dict[str, list[int]] = {"targetDatasets": [], "linkedDatasets": []}
    record(session, Happening(form.project_id, "form.delete", by, form_id=form.id, details=details))


def deleted_form(session: Session, project_id: int, form_id: int) -> Form:
    """A form in the trash by its number, or Problem 404.1."""
    query = select(Form).where(Form.project_id == project_id, Form.id == form_id, Form.deleted_at.is_not(None))
    form = session.scalars(query.with_for_update()).first()
    if form is None:
        raise not_found()
    return form


def restore_form(session: Session, form: Form, *, by: int | None = None) -> None:
    """Take it out of the trash, encrypted if the project is by now; Problem 409.3 while another form lives under its id."""
    if find_form(session, form.project_id, form.xml_form_id) is not None:
        raise form_exists(form.project_id, form.xml_form_id)
    public = key_of_project(session, form.project_id, new_form=True)
    form.deleted_at = None
    session.flush()
    record(session, Happening(form.project_id, "form.restore", by, form_id=form.id))
    if public is not None:
        encrypt_form(session, form, public, version_suffix(), by=by)
