"""What of a form somebody reads: which submissions, within which scope."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased

from accounts.scopes import OWN, Rule, Scope
from collector.masking import NO_MASK, Mask
from collector.models import Receipt, ScopeKey, Submission
from config.one_of import OneOf

Reading = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Selection:
    """What somebody reads of a form: its submissions, or those of one draft, or its trash, within the reader's scope.

    The only way to submissions: lists, single ones, counts, exports and feeds all ask with one, so that what a scope leaves
    out is left out everywhere. `where` narrows it further; `with_trash` is for a `where` that speaks of the trash itself.
    `mask` is what the reader does not see of what is read. `counted`: without those left out as duplicates of another.
    """

    project_id: int
    form_id: int
    scope: Scope
    draft_version_id: int = 0
    in_trash: bool = False
    with_trash: bool = False
    where: tuple[ColumnElement[bool], ...] = ()
    mask: Mask = NO_MASK
    counted: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the form, or of its draft, but the trash, with or without duplicates: what is counted with every commit."""
        narrowed = self.in_trash or self.with_trash or self.where or self.scope.of_form(self.form_id)
        return not narrowed

    def every(self, *, known: bool = False) -> list[Any]:
        """The WHERE of all of them, those of exercises too. `known`: it comes with their numbers, by which they are found."""
        # SQLite believes that an index of three columns leads to fewer rows than a list of numbers does, and would walk
        # through the whole form for each page of an export; a sum has no index.
        form_id: Any = Submission.form_id + 0 if known else Submission.form_id
        return [
            Submission.project_id == self.project_id,
            form_id == self.form_id,
            Submission.draft_version_id == self.draft_version_id,
            *self._trash(),
            *(within(rule, self.scope.actor_id) for rule in self.scope.of_form(self.form_id)),
            *self.where,
        ]

    def _trash(self) -> list[ColumnElement[bool]]:
        if self.with_trash:
            return []
        return [Submission.deleted_at.is_not(None) if self.in_trash else Submission.deleted_at.is_(None)]

    def named(self, *instance_ids: str) -> list[Any]:
        """The WHERE of the submissions whose first version has one of these instanceIDs. Their number is that of the first
        receipt, and receipts have the index on instanceIDs."""
        claim = aliased(Receipt)
        first = select(claim.id).where(
            claim.project_id == self.project_id,
            claim.instance_id.in_(instance_ids),
            claim.form_id == self.form_id,
            claim.draft_version_id == self.draft_version_id,
            claim.version_no.is_not(None),
        )
        return [Submission.id.in_(first), Submission.instance_id.in_(instance_ids)]

    def conditions(self) -> list[Any]:
        """The WHERE of lists and exports: exercises left out."""
        counted = [Submission.duplicate_of.is_(None)] if self.counted else []
        return [*self.every(), Submission.training.is_(False), *counted]

    def among(self, ids: Iterable[int]) -> list[Any]:
        """The WHERE of those with these numbers: exercises left out."""
        return [*self.every(known=True), Submission.training.is_(False), OneOf(Submission.id, ids)]


def in_scope(scope: Scope) -> list[ColumnElement[bool]]:
    """The conditions a scope puts on Submission where several forms are read at once."""
    return [
        within(rule, scope.actor_id)
        if rule.form_id is None
        else or_(Submission.form_id != rule.form_id, within(rule, scope.actor_id))
        for rule in scope.rules
    ]


def receipts_in_scope(scope: Scope) -> list[ColumnElement[bool]]:
    """The conditions a scope puts on Receipt: what belongs to a submission in the scope. What belongs to none yet is seen by
    those with a scope only if it is their own and nothing else is asked."""
    if not scope.limited:
        return []
    if all(rule.property == OWN and rule.form_id is None for rule in scope.rules):
        return [Receipt.actor_id == scope.actor_id]
    seen = (
        select(Submission.id)
        .where(Submission.project_id == Receipt.project_id, Submission.id == Receipt.submission_id, *in_scope(scope))
        .exists()
    )
    return [seen]


def within(rule: Rule, actor_id: int) -> ColumnElement[bool]:
    """One rule as a condition on Submission; a submission whose answer is not known yet is outside."""
    if rule.property == OWN:
        return Submission.submitter_id == actor_id
    return (
        select(ScopeKey.value)
        .where(
            ScopeKey.project_id == Submission.project_id,
            ScopeKey.submission_id == Submission.id,
            ScopeKey.property == rule.property,
            ScopeKey.value.in_(rule.allowed),
        )
        .exists()
    )
