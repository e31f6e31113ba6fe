"""Submissions that may be one: the queue of a project, each pair side by side, and the verdict."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.roles import SITE, verbs_everywhere
from accounts.scopes import mask_of, scopes_of
from accounts.signed_in import require_own_form, signed_in
from collector.errors import unknown_decision
from collector.form_access import FormAccess, form_access
from collector.masking import Mask
from collector.project_frame import ProjectFrame, open_form, open_form_frame, open_frame
from collector.reading import Selection
from config.database import reading, transaction
from config.pages import page_language
from config.problem import Problem
from config.typed import typed_number, typed_text
from sync.compared import Compared, compare
from sync.deciding import (
    Given,
    SuspectedPair,
    decide,
    decide_copies,
    suspected_pairs,
    undecided_copies,
    undo_copies,
)
from sync.decisions import LONGEST_REASON
from sync.pages_evidence import seen_forms
from sync.queue import (
    MOST_COPIES,
    QUEUES,
    is_shown,
    matched_forms,
    names_of,
    pair_after,
    queue_of,
    uid_of,
    untold_forms,
)
from sync.reviewing import MOST, choose_capacity, review_of, shown_pairs
from sync.told_of_merges import Note, notes_of_merge

pages = Blueprint(
    "duplicate_pages", __name__, template_folder="templates", url_prefix="/projects/<int:project_id>/duplicates"
)
PAIR = "/<segment:xml_form_id>/<segment:instance_id>/<segment:other_id>"

PAGE = 30
# What a button says: the verdict, and which of the two (the earlier first) stays.
BUTTONS: Mapping[str, tuple[str, int]] = {
    "keep_first": ("duplicate", 1),
    "keep_second": ("duplicate", 2),
    "distinct": ("distinct", 0),
    "visit": ("visit", 0),
    "event": ("event", 0),
    "unsure": ("unsure", 0),
    "open": ("open", 0),
}


def project_part(frame: ProjectFrame) -> dict[str, Any] | None:
    """The tab of a project that leads here, for whoever may read its submissions, with the number of pairs to look at."""
    if not frame.may("submission.read"):
        return None
    href = url_for("duplicate_pages.show_queue", project_id=frame.id)
    with reading() as session:
        count = shown_pairs(session, [frame.id], {frame.id: frame.scope}).get(frame.id)
    return {"part": "duplicates", "label": _("Duplicates"), "href": href, "count": count}


def to_decide(project_ids: Sequence[int]) -> dict[int, tuple[str, int]]:
    """For the first page: where possible duplicates wait, by project, and how many pairs."""
    person = signed_in()
    with reading() as session:
        verbs = verbs_everywhere(session, person.actor_id)
        readable = [
            each
            for each in project_ids
            if "submission.read" in verbs.get(SITE, frozenset()) | verbs.get(each, frozenset())
        ]
        counts = shown_pairs(session, readable, scopes_of(session, person.actor_id, readable))
    return {each: (url_for("duplicate_pages.show_queue", project_id=each), count) for each, count in counts.items()}


@pages.get("")
def show_queue(project_id: int) -> ResponseReturnValue:
    """Pairs of every form that somebody should look at, those that hang together side by side; or those decided."""
    person = signed_in()
    wanted = request.args.get("state", "")
    state = wanted if wanted in QUEUES else QUEUES[0]
    start = typed_number(request.args, "after") or 0
    with reading() as session:
        frame = open_frame(session, person, project_id, "submission.read")
        review = review_of(session, project_id, frame.scope)
        reader = uid_of(session, frame)
        queues, place, more = [], 0, False
        names: dict[int, str | None] = {}
        for form, name in matched_forms(session, project_id):
            mask = Mask(mask_of(session, person, project_id, form.id))
            selection = Selection(project_id, form.id, frame.scope, mask=mask)
            queue = queue_of(session, form, name, selection, state, review, reader)
            shown = queue.clusters[max(0, start - place) : max(0, start + PAGE - place)]
            place += len(queue.clusters)
            more = place > start + PAGE
            if shown:
                sides = [side for cluster in shown for pair in cluster.pairs for side in (pair.one, pair.other)]
                names |= names_of(session, selection, sides)
                queues.append((queue, shown))
        decided = _decided(session, frame)
        interviews = seen_forms(session, frame)
        untold = untold_forms(session, frame, page_language())
    return render_template(
        "sync/queue.html",
        interviews=interviews,
        untold=untold,
        frame=frame,
        state=state,
        queues=queues,
        names=names,
        start=start,
        next_start=start + PAGE if more else None,
        decided=decided,
        review=review,
        copies=typed_number(request.args, "copies"),
        of=typed_text(request.args, "of"),
        pairs=request.args.getlist("pairs")[:MOST_COPIES],
    )


@pages.post("/capacity")
def say_capacity(project_id: int) -> ResponseReturnValue:
    """Say how many pairs the people of a project can look at; blank: as many as suit its size."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        open_frame(session, person, project_id, "submission.review")
        pairs = typed_number(request.form, "capacity")
        choose_capacity(session, project_id, min(pairs, MOST) if pairs else None, by=person.actor_id)
    return redirect(url_for(".show_queue", project_id=project_id), 303)


def _decided(session: Session, frame: ProjectFrame) -> tuple[str, Compared, list[Note]] | None:
    """What was decided a moment ago, for the notice that offers to undo it: (xmlFormId, the pair). None for what leads nowhere."""
    asked = [typed_text(request.args, name) for name in ("of", "decided", "against")]
    if not all(asked):
        return None
    xml_form_id, one, other = asked
    try:
        access = form_access(session, frame.person, "submission.read", frame.id, xml_form_id)
        found = compare_named(session, access, one, other)
    except Problem:
        return None
    return (xml_form_id, found, notes_of(session, found)) if found.verdict or found.conflict else None


def notes_of(session: Session, found: Compared) -> list[Note]:
    """What is to be said of the version that a merge of the two made."""
    head = found.said[0].decision if found.verdict == "merge" else None
    kept = (found.one, found.other)[found.kept - 1].submission
    return notes_of_merge(session, kept, head.version, page_language()) if head else []


def compare_named(session: Session, access: FormAccess, one: str, other: str) -> Compared:
    """Both submissions, for the page; Problem 404.1."""
    if one == other:
        raise not_found()
    return compare(session, access.form, access.selection, (one, other), page_language())


@pages.post("/<segment:xml_form_id>/copies")
def decide_copies_at_once(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Call the later of each pair of equal answers a duplicate: of the pairs that the person had before them."""
    person = signed_in()
    require_own_form()
    shown = set(request.form.getlist("pair"))
    with transaction() as session:
        open_form_frame(session, person, project_id, xml_form_id, "submission.review")
        access = form_access(session, person, "submission.review", project_id, xml_form_id)
        if "undo" in request.form:
            settled = suspected_pairs(session, access.form, access.selection, "settled")
            undo_copies(session, access.form, _among(settled, shown), by=person.actor_id)
            return redirect(url_for(".show_queue", project_id=project_id), 303)
        pairs = undecided_copies(suspected_pairs(session, access.form, access.selection))
        decided = decide_copies(session, access.form, _among(pairs, shown), by=person.actor_id)
        told = [_numbers(pair) for pair in decided]
    here = url_for(".show_queue", project_id=project_id, copies=len(told), of=xml_form_id, pairs=told)
    return redirect(here, 303)


def _numbers(pair: SuspectedPair) -> str:
    return f"{pair.one.id}-{pair.other.id}"


def _among(pairs: Sequence[SuspectedPair], shown: Collection[str]) -> list[SuspectedPair]:
    return [pair for pair in pairs if _numbers(pair) in shown][:MOST_COPIES]


@pages.get(PAIR)
def show_pair(project_id: int, xml_form_id: str, instance_id: str, other_id: str) -> ResponseReturnValue:
    """Two submissions side by side: what differs, why they look like one, and what can be said."""
    person = signed_in()
    with reading() as session:
        frame, _form = open_form_frame(session, person, project_id, xml_form_id, "submission.read")
        form = open_form(session, frame, xml_form_id)
        access = form_access(session, person, "submission.read", project_id, xml_form_id)
        compared = compare_named(session, access, instance_id, other_id)
        decided, notes = _decided(session, frame), notes_of(session, compared)
    return render_template("sync/pair.html", frame=frame, form=form, compared=compared, decided=decided, notes=notes)


@pages.post(PAIR)
def decide_pair(project_id: int, xml_form_id: str, instance_id: str, other_id: str) -> ResponseReturnValue:
    """Say what two submissions are, then on to the next pair; or take it back, and stay."""
    person = signed_in()
    require_own_form()
    button = BUTTONS.get(request.form.get("decision", ""))
    with transaction() as session:
        frame, _form = open_form_frame(session, person, project_id, xml_form_id, "submission.review")
        access = form_access(session, person, "submission.review", project_id, xml_form_id)
        if button is None:
            raise unknown_decision()
        compared = compare_named(session, access, instance_id, other_id)
        sides = [side.submission for side in (compared.one, compared.other)]
        before = asked_with(session, access, frame, sides[0].id, sides[1].id)
        verdict, place = button
        given = Given(
            sides[0].instance_id,
            sides[1].instance_id,
            verdict,
            keep=sides[place - 1].instance_id if place else None,
            reason=typed_text(request.form, "note", LONGEST_REASON),
            # Only what the person had before them is answered; what came meanwhile is a disagreement, not their mistake.
            seen=request.form.getlist("seen"),
        )
        decide(session, access.form, access.selection, given, by=person.actor_id)
        following = pair_after(before, (sides[0].id, sides[1].id), uid_of(session, frame))
        names = [side.instance_id for side in sides]
        if verdict == "open":
            return redirect(_address(project_id, xml_form_id, *names), 303)
        return go_on(project_id, xml_form_id, names, following)


def asked_with(session: Session, access: FormAccess, frame: ProjectFrame, *sides: int) -> list[SuspectedPair]:
    """The pairs of the list that a person has before them: what people can look at, or what is less likely, as the pair of `sides` is."""
    review = review_of(session, access.project_id, frame.scope)
    pairs = suspected_pairs(session, access.form, access.selection)
    here = next((pair for pair in pairs if {pair.one.id, pair.other.id} == set(sides)), None)
    shown = here is None or is_shown(here, review)
    return [pair for pair in pairs if is_shown(pair, review) == shown]


def go_on(
    project_id: int, xml_form_id: str, names: Sequence[str], following: SuspectedPair | None
) -> ResponseReturnValue:
    """From two submissions just decided about to the next pair, or back to the queue; with the notice that offers to undo."""
    told: dict[str, Any] = {"of": xml_form_id, "decided": names[0], "against": names[1]}
    if following is None:
        return redirect(url_for("duplicate_pages.show_queue", project_id=project_id, **told), 303)
    onward = (following.one.instance_id, following.other.instance_id)
    return redirect(_address(project_id, xml_form_id, *onward, **told), 303)


def _address(project_id: int, xml_form_id: str, one: str, other: str, **more: Any) -> str:
    return url_for(
        "duplicate_pages.show_pair",
        project_id=project_id,
        xml_form_id=xml_form_id,
        instance_id=one,
        other_id=other,
        **more,
    )
