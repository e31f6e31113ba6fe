"""Forms whose submissions corroborate each other: several reports of one event are linked, and none is left out in favour of another."""

from sqlalchemy.orm import Session

from forms.models import Form
from forms.queries import definition_of

# What can be decided of two reports; of other submissions, see deciding.DECIDABLE.
OF_REPORTS = ("event", "distinct", "unsure", "open")


def corroborates(session: Session, form: Form) -> bool:
    """Whether the form says so of itself (`match` of its root: docs/matching-roles.md)."""
    version_id = form.current_version_id
    return version_id is not None and definition_of(session, form.project_id, version_id).corroborates
