"""Giving somebody a part of a project's submissions to see, and giving back the whole; docs/scopes.md says what rules mean."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.actors import get_actor
from accounts.errors import insufficient_rights, not_found
from accounts.models import Assignment, ScopeProperty
from accounts.roles import SITE
from accounts.scopes import OWN, Rule, Scope, replace_scope, scope_of
from accounts.sessions import Person
from collector.scope_keys import newest_submission
from config.api_errors import missing_parameter, unexpected_value
from forms.models import FormField, FormSchema, FormVersion
from forms.queries import get_form


@dataclass(frozen=True, slots=True)
class WantedRule:
    """A rule as somebody asks for it, its form by name; not yet known to make sense."""

    property: str
    values: Sequence[str]
    xml_form_id: str | None = None


def give_scope(
    session: Session,
    person: Person,
    project_id: int,
    actor_id: int,
    wanted: Sequence[WantedRule],
    hidden: Iterable[str],
) -> None:
    """Put these rules in place of those the actor has. Problem 403.1 for whoever may not, 404.1 for who has no role here,
    400.2 or 400.8 for a rule that means nothing."""
    require_whole_view(session, person, project_id, actor_id)
    require_member(session, project_id, actor_id)
    rules = [_rule(session, project_id, each) for each in wanted]
    newest = newest_submission(session, project_id)
    replace_scope(session, project_id, actor_id, rules, hidden, by=person.actor_id, newest=newest)
    session.flush()


def end_scope(session: Session, person: Person, project_id: int, actor_id: int) -> None:
    """Let somebody see again everything its roles show; Problem 404.1 when that is so already."""
    require_whole_view(session, person, project_id, actor_id)
    if scope_of(session, actor_id, project_id) == Scope():
        raise not_found()
    replace_scope(session, project_id, actor_id, [], [], by=person.actor_id)


def sees_whole(session: Session, person: Person, project_id: int, actor_id: int) -> bool:
    """Whether somebody may change what another sees: whoever sees only a part could widen its own view, or give away what it
    does not have."""
    return actor_id != person.actor_id and scope_of(session, person.actor_id, project_id) == Scope()


def looks_up_still(session: Session, project_id: int, scope: Scope) -> bool:
    """Whether answers of older submissions are still being looked up for this scope: those are hidden until then."""
    return not {rule.property for rule in scope.rules}.isdisjoint(still_looked_up(session, project_id))


def still_looked_up(session: Session, project_id: int) -> frozenset[str]:
    """The properties that are not known yet of every submission."""
    behind = select(ScopeProperty.property).where(
        ScopeProperty.project_id == project_id, ScopeProperty.looked_up_to < ScopeProperty.needed_to
    )
    return frozenset(session.scalars(behind))


def require_whole_view(session: Session, person: Person, project_id: int, actor_id: int) -> None:
    """See sees_whole; Problem 403.1."""
    if not sees_whole(session, person, project_id, actor_id):
        raise insufficient_rights()


def require_member(session: Session, project_id: int, actor_id: int) -> None:
    """Problem 404.1 for somebody without any role here."""
    get_actor(session, actor_id)
    query = select(Assignment.actor_id).where(
        Assignment.actor_id == actor_id, Assignment.project_id.in_({SITE, project_id})
    )
    if session.scalars(query.limit(1)).first() is None:
        raise not_found()


def root_questions(session: Session, project_id: int, form_id: int | None = None) -> list[str]:
    """The paths of all questions outside of repeats, of all versions of the form (or of all forms)."""
    query = (
        select(FormField.path)
        .join(FormSchema, (FormSchema.project_id == FormField.project_id) & (FormSchema.id == FormField.schema_id))
        .join(FormVersion, (FormVersion.project_id == FormSchema.project_id) & (FormVersion.schema_id == FormSchema.id))
        .where(FormField.project_id == project_id, FormField.table_no == 0, FormField.column_no.is_not(None))
        .distinct()
    )
    if form_id is not None:
        query = query.where(FormVersion.form_id == form_id)
    return list(session.scalars(query))


def _rule(session: Session, project_id: int, wanted: WantedRule) -> Rule:
    name, values = wanted.property.strip(), [value.strip() for value in wanted.values]
    form = get_form(session, project_id, wanted.xml_form_id) if wanted.xml_form_id is not None else None
    form_id = form.id if form else None
    if name == OWN:
        if values:
            raise unexpected_value("values", values, "what somebody sent has no values", "« own » n’a pas de valeurs")
        return Rule(OWN, (), form_id)
    if not values:
        raise missing_parameter("values")
    if not any(name in (path, path.rpartition("/")[2]) for path in root_questions(session, project_id, form_id)):
        raise unexpected_value(
            "property",
            name,
            "no form here asks this in its root table",
            "aucun formulaire d’ici ne pose cette question",
        )
    return Rule(name, tuple(dict.fromkeys(values)), form_id)
