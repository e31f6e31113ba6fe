"""Publishing a draft: what it changes for people and data first, then the decision."""

from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.signed_in import require_own_form, signed_in
from collector.form_counts import counts_of_forms
from collector.pages_form_draft import Draft, draft_shown, form_to_update
from collector.pages_form_library import SAID_BESIDE
from collector.project_frame import FormFrame, ProjectFrame, open_form_frame
from config.clock import now
from config.database import reading, transaction
from config.pages import page_language
from config.problem import Problem
from config.typed import typed_number, typed_text
from forms.difference import Change, Difference
from forms.difference_words import column_sentence, sentence
from forms.draft_difference import difference_of_draft
from forms.drafts import publish_draft
from forms.errors import draft_has_changed, not_confirmed
from forms.publish import published_versions
from forms.queries import get_form
from forms.version_name import next_version

pages = Blueprint(
    "collector_publish_pages",
    __name__,
    url_prefix="/projects/<int:project_id>/forms/<segment:xml_form_id>/draft/publish",
)

# What a person must agree to besides the changes that would mix two meanings.
MISSING_FILES, LOSSES = "missing-files", "losses"
LONGEST_NOTE = 1000
# The order in which people want to know.
HEADINGS = (
    ("questions", ("added", "removed", "renamed", "moved")),
    ("choices", ("choice_added", "choice_removed", "choice_renamed")),
    ("logic", ("logic",)),
    ("labels", ("label",)),
    ("settings", ("setting",)),
)


@dataclass(frozen=True)
class Choice:
    """Something to agree to, by ticking it: its key in the form that is sent, and the sentence."""

    key: str
    words: str


@dataclass(frozen=True)
class Decision:
    """Everything the page says before a draft is published."""

    draft: Draft
    difference: Difference
    # The version that phones have now, "" for one without a name; None before the first.
    published: str | None
    submissions: int
    to_confirm: tuple[Choice, ...]
    # The draft's version was published before: another is needed, and this is one.
    suggested: str | None

    @property
    def groups(self) -> list[tuple[str, list[str]]]:
        """(kind, sentences) of what needs no agreement."""
        language = page_language()
        found = [
            (name, [sentence(each, language) for each in self.difference.changes if each.kind in kinds])
            for name, kinds in HEADINGS
        ]
        return [(name, sentences) for name, sentences in found if sentences]

    @property
    def columns(self) -> list[str]:
        """What becomes of the tables of exports."""
        return [column_sentence(each, page_language()) for each in self.difference.columns]


@pages.get("")
def show_publish(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """What does this version change?"""
    return _publish_page(project_id, xml_form_id)


def _publish_page(project_id: int, xml_form_id: str, problem: Problem | None = None) -> ResponseReturnValue:
    with reading() as session:
        frame, form, decision = _open(session, project_id, xml_form_id)
    page = render_template(
        "collector/draft_publish.html",
        frame=frame,
        form=form,
        decision=decision,
        problem=problem,
        confirmed=request.form.getlist("confirm"),
        given=request.form,
    )
    return page, problem.status if problem else 200


def _open(session: Session, project_id: int, xml_form_id: str) -> tuple[ProjectFrame, FormFrame, Decision]:
    frame, form = open_form_frame(session, signed_in(), project_id, xml_form_id, "form.update")
    if not form.draft_version_id:
        raise not_found()
    draft = draft_shown(session, frame, form)
    difference, published = difference_of_draft(session, get_form(session, project_id, xml_form_id), page_language())
    taken = bool(published_versions(session, project_id, form.xml_form_id, draft.version))
    counts = counts_of_forms(session, project_id, [form.id], frame.scope)
    decision = Decision(
        draft=draft,
        difference=difference,
        published=published.version if published else None,
        submissions=counts[form.id].total,
        to_confirm=tuple(_to_confirm(draft, difference)),
        suggested=next_version(draft.version, now().astimezone().date()) if taken else None,
    )
    return frame, form, decision


def _to_confirm(draft: Draft, difference: Difference) -> list[Choice]:
    choices = [Choice(_key(change), sentence(change, page_language())) for change in difference.to_confirm]
    if draft.missing:
        choices.append(Choice(MISSING_FILES, ""))
    if draft.losses:
        choices.append(Choice(LOSSES, ""))
    return choices


def _key(change: Change) -> str:
    return f"{change.kind} {change.path} {change.aspect}".strip()


@pages.post("")
def publish(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Make the draft what phones get, once everything was agreed to."""
    person = signed_in()
    require_own_form()
    with reading() as session:
        _, form, decision = _open(session, project_id, xml_form_id)
    version, note = typed_text(request.form, "version", longest=255), typed_text(request.form, "note", LONGEST_NOTE)
    try:
        if typed_number(request.form, "draft") != decision.draft.version_id:
            raise draft_has_changed()
        if not {choice.key for choice in decision.to_confirm} <= set(request.form.getlist("confirm")):
            raise not_confirmed()
        with transaction() as session:
            changed = form_to_update(session, person, project_id, xml_form_id)
            if (changed.draft_version_id, changed.current_version_id or 0) != (
                form.draft_version_id,
                form.current_version_id,
            ):
                raise draft_has_changed()
            another = version if version != decision.draft.version else ""
            publish_draft(session, changed, by=person.actor_id, version=another, note=note or None)
    except Problem as problem:
        if problem.status not in SAID_BESIDE:
            raise
        return _publish_page(project_id, xml_form_id, problem)
    page = "collector_version_pages.show_versions"
    return redirect(url_for(page, project_id=project_id, xml_form_id=xml_form_id, done="published"), 303)
