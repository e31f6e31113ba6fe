"""What a reviewer reads of a form and beside it: evidence may be of two forms, and tells nothing of one that the reader does not review."""

from dataclasses import dataclass, fields, replace

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from accounts.roles import forms_where
from accounts.scopes import Someone, mask_of
from collector.masking import Mask
from collector.models import Submission
from collector.reading import Selection
from forms.models import Form
from sync.models_evidence import SeenEvidence

VERB = "submission.review"


@dataclass(frozen=True)
class Reviewed(Selection):
    """What a reviewer reads of a form; `beside`: what of the other forms of the project, as far as who made the interviews is shown."""

    beside: tuple[Selection, ...] = ()


def reviewed(session: Session, person: Someone, form: Form, selection: Selection) -> Reviewed:
    """The selection with what evidence may be told beside."""
    plain = {each.name: getattr(selection, each.name) for each in fields(selection)}
    there = aliased(Submission)
    across = (
        select(there.form_id)
        .join(SeenEvidence, (SeenEvidence.project_id == there.project_id) & (SeenEvidence.other_id == there.id))
        .where(SeenEvidence.project_id == form.project_id, SeenEvidence.form_id == form.id, there.form_id != form.id)
        .distinct()
    )
    forms = list(session.scalars(across))
    allowed = forms_where(session, person.actor_id, VERB, form.project_id) if forms else None
    beside = []
    for number in forms:
        mask = Mask(mask_of(session, person, form.project_id, number))
        if (allowed is None or number in allowed) and not mask.hides_staff:
            beside.append(Selection(form.project_id, number, selection.scope, mask=mask))
    return Reviewed(**plain, beside=tuple(beside))


def told_beside(selection: Selection) -> ColumnElement[bool]:
    """Evidence beside a submission that the reader may see, whatever its form."""
    beside = selection.beside if isinstance(selection, Reviewed) else ()
    return or_(*(SeenEvidence.other_id.in_(visible(each)) for each in (selection, *beside)))


def visible(selection: Selection) -> Select[int]:
    """The numbers of what is read. What a person has found to be one interview twice is no evidence beside itself."""
    return select(Submission.id).where(*replace(selection, counted=True).conditions())


def names_seen(session: Session, form: Form, selection: Reviewed) -> set[tuple[str, str]]:
    """(xmlFormId, instanceID) of every submission that the reader may be told of."""
    found: set[tuple[str, str]] = set()
    for each in (selection, *selection.beside):
        name = session.get_one(Form, (form.project_id, each.form_id)).xml_form_id
        found |= {(name, row) for row in session.scalars(select(Submission.instance_id).where(*each.every()))}
    return found
