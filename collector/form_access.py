"""The form a program asks about, and what of its submissions the caller may see."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.scopes import hidden_from, scope_of
from accounts.sessions import Person
from accounts.signed_in import demand
from collector.arrival import DraftSpace
from collector.masking import Mask
from collector.reading import Selection
from collector.rest_errors import answers_hidden
from forms.models import Form
from forms.queries import get_form

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
FORM = "/v1/projects/<int:project_id>/forms/<segment:xml_form_id>"


@dataclass(frozen=True)
class FormAccess:
    """A living form as one caller may use it. `selection`: its submissions within the caller's scope, or those of its draft,
    with what of them is not shown."""

    person: Person
    form: Form
    verbs: frozenset[str]
    selection: Selection

    @property
    def project_id(self) -> int:
        """The project it is in."""
        return self.form.project_id

    @property
    def hidden(self) -> frozenset[str]:
        """Classes of answers that are not shown."""
        return self.selection.mask.hidden

    @property
    def draft(self) -> DraftSpace | None:
        """The draft asked about; None for the form itself."""
        version_id = self.selection.draft_version_id
        return DraftSpace(version_id, self.form.id, self.form.xml_form_id) if version_id else None

    def require_raw(self) -> None:
        """Problem 403.1 when answers as received would show what is hidden from the caller."""
        if self.hidden:
            raise answers_hidden()


def form_access(
    session: Session, person: Person, verb: str, project_id: int, xml_form_id: str, draft: bool = False
) -> FormAccess:
    """Problem 404.1 without such a form (or draft), then 403.1 without the right, in ODK Central's order."""
    form = get_form(session, project_id, xml_form_id)
    if draft and form.draft_version_id is None:
        raise not_found()
    verbs = demand(session, person, verb, project_id, form.id)
    scope = scope_of(session, person.actor_id, project_id)
    version_id = form.draft_version_id if draft else None
    mask = Mask(hidden_from(scope, verbs))
    return FormAccess(person, form, verbs, Selection(project_id, form.id, scope, version_id or 0, mask=mask))


def both(api: Blueprint, path: str, *methods: str) -> Callable[[View], View]:
    """Serve a view for a form's submissions and, with `draft` true, for those of its draft."""

    def register(view: View) -> View:
        for prefix, draft in (("", False), ("/draft", True)):
            options: dict[str, Any] = {"methods": list(methods or ("GET",)), "defaults": {"draft": draft}}
            api.add_url_rule(prefix + path, view.__name__, view, **options)
        return view

    return register
