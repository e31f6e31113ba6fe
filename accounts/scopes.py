"""Which submissions of a project an actor may see, and which classes of answers are hidden from it.

A scope narrows what a role allows; without rules it narrows nothing. Every read goes through collector.reading.Selection,
which turns a scope into conditions: nobody else interprets one.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts.events import Happening, record
from accounts.models import ScopeProperty, ScopeRule
from accounts.roles import WHOLE, verbs_of
from config.clock import now

# The property that is no question: what the actor sent itself.
OWN = "own"
# What the role of a data viewer does not show: names and telephones, of the people asked and of those who ask.
PERSONAL = frozenset({"P", "P-staff"})


class Someone(Protocol):
    """Whoever is calling."""

    @property
    def actor_id(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """One condition: the answer to `property` is one of `allowed`. With a form it speaks of that form alone."""

    property: str
    allowed: tuple[str, ...] = ()
    form_id: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """All of the rules hold; none: everything. `hidden`: classes that the rules hide, besides those of the role."""

    actor_id: int = 0
    rules: tuple[Rule, ...] = ()
    hidden: frozenset[str] = frozenset()

    @property
    def limited(self) -> bool:
        """Whether there is anything it leaves out."""
        return bool(self.rules)

    def of_form(self, form_id: int) -> tuple[Rule, ...]:
        """The rules that speak of a form."""
        return tuple(rule for rule in self.rules if rule.form_id in (None, form_id))

    @property
    def key(self) -> str:
        """Equal exactly for scopes that show the same: part of every ETag."""
        return "" if not self.rules and not self.hidden else repr((self.actor_id, self.rules, sorted(self.hidden)))


# The scope of the program itself, and of everyone without rules.
EVERYTHING = Scope()


def scope_of(session: Session, actor_id: int, project_id: int) -> Scope:
    """The scope of an actor in a project."""
    return scopes_of(session, actor_id, [project_id]).get(project_id, EVERYTHING)


def scopes_of(session: Session, actor_id: int, project_ids: Iterable[int]) -> dict[int, Scope]:
    """The scope of an actor in those of these projects where it has one."""
    query = (
        select(ScopeRule)
        .where(ScopeRule.actor_id == actor_id, ScopeRule.project_id.in_(list(project_ids)))
        .order_by(ScopeRule.project_id, ScopeRule.number)
    )
    found: dict[int, list[ScopeRule]] = {}
    for row in session.scalars(query):
        found.setdefault(row.project_id, []).append(row)
    return {project_id: _scope(actor_id, rows) for project_id, rows in found.items()}


def _scope(actor_id: int, rows: Sequence[ScopeRule]) -> Scope:
    rules = tuple(Rule(row.property, tuple(row.allowed), row.form_id) for row in rows if row.kind == "submission")
    hidden = frozenset(name for row in rows if row.kind == "mask" for name in row.allowed)
    return Scope(actor_id, rules, hidden)


def scopes_in(session: Session, project_id: int) -> list[Scope]:
    """Every scope of a project, by actor."""
    query = select(ScopeRule).where(ScopeRule.project_id == project_id).order_by(ScopeRule.actor_id, ScopeRule.number)
    return [
        _scope(actor_id, list(rows)) for actor_id, rows in groupby(session.scalars(query), lambda row: row.actor_id)
    ]


def replace_scope(
    session: Session,
    project_id: int,
    actor_id: int,
    rules: Sequence[Rule],
    hidden: Iterable[str],
    *,
    by: int,
    newest: int = 0,
) -> None:
    """Give an actor these rules in place of those it has; without any, it sees again what its roles show. `newest` is the
    number of the newest submission: answers to a question nobody has asked about yet are to be looked up as far as there."""
    session.execute(delete(ScopeRule).where(ScopeRule.project_id == project_id, ScopeRule.actor_id == actor_id))
    moment = now()
    rows = [("submission", rule.form_id, rule.property, list(rule.allowed)) for rule in rules]
    if classes := sorted(set(hidden)):
        rows.append(("mask", None, "", classes))
    for number, (kind, form_id, name, allowed) in enumerate(rows, 1):
        session.add(
            ScopeRule(
                project_id=project_id,
                actor_id=actor_id,
                number=number,
                kind=kind,
                form_id=form_id,
                property=name,
                allowed=allowed,
                created_at=moment,
            )
        )
    for name in {rule.property for rule in rules} - {OWN}:
        if session.get(ScopeProperty, (project_id, name)) is None:
            # From this moment on whatever arrives is looked up as it comes; what is here already, by the worker.
            session.add(ScopeProperty(project_id=project_id, property=name, looked_up_to=0, needed_to=newest))
    record(session, Happening(project_id, "scope.update", by, details={"actorId": actor_id}))


def mask_of(session: Session, person: Someone, project_id: int, form_id: int = WHOLE) -> frozenset[str]:
    """The sensitivity classes of answers that are hidden from someone in a project; empty: all is shown.

    Whoever may read submissions sees all classes, unless the scope hides some; whoever may only take data out (roles.IMPLIED)
    does not see personal ones. With a form's number, roles given for that form alone count too.
    """
    scope = scope_of(session, person.actor_id, project_id)
    return hidden_from(scope, verbs_of(session, person.actor_id, project_id, form_id))


def hidden_from(scope: Scope, verbs: Collection[str]) -> frozenset[str]:
    """`mask_of` for somebody whose scope and verbs are known."""
    return scope.hidden if "submission.read.personal" in verbs else scope.hidden | PERSONAL
