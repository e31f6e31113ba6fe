"""Suspected duplicates over REST: the pairs of a form, why they are suspected, and what people decide."""

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.signed_in import api_caller, changing
from collector.classify import Rules
from collector.duplicates import left_out
from collector.form_access import FORM, FormAccess, form_access
from config.api_answers import json_body
from config.api_errors import unexpected_value, wrong_type
from config.database import reading
from config.description import describe
from config.reader_wishes import action_notes, wishes
from config.services import services
from sync import near_standards
from sync.corroborating import corroborates
from sync.deciding import Given, SuspectedPair, decide, suspected_pairs, visible_decisions
from sync.decisions import LONGEST_REASON
from sync.explaining import reasons_for
from sync.learning import rescan_progress
from sync.matchers import stopped_by
from sync.merging import Merge, merge
from sync.models import MatchForm
from sync.rules import near_words
from sync.rules.identity.bands import why
from sync.rules.identity.explanation import LANGUAGES, sentence
from sync.schemas import (
    DecisionSchema,
    ExplainedPairSchema,
    ExplainedQuery,
    LeftOutSchema,
    MatchingSchema,
    MergedSchema,
    NewDecisionSchema,
    NewMergeSchema,
    PageQuery,
    PairSchema,
    PairsQuery,
    decision_json,
    line_json,
    pair_json,
)

api = Blueprint("duplicates_api", __name__, url_prefix=FORM)


@api.get("/duplicates")
@describe(answer=PairSchema(many=True), query=PairsQuery(), problems=[400.8, 404.1])
def list_pairs(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """The pairs of a form that somebody should look at (or those of another state), the likeliest first."""
    person = api_caller()
    wanted = wishes()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id)
        pairs = suspected_pairs(session, access.form, access.selection, request.args.get("state", "open"))
        pairs = pairs[wanted.offset or 0 :]
        return [pair_json(pair) for pair in pairs[: wanted.limit]]


@api.get("/submissions/<segment:instance_id>/duplicates")
@describe(answer=ExplainedPairSchema(many=True), query=ExplainedQuery(), problems=[400.8, 404.1])
def list_pairs_of_submission(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """All pairs one submission is in, decided or not, with the reasons in words and bits."""
    person = api_caller()
    language = request.args.get("language", LANGUAGES[0])
    if language not in LANGUAGES:
        raise unexpected_value("language", language, f"it must be one of {', '.join(LANGUAGES)}")
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id)
        pairs = suspected_pairs(session, access.form, access.selection, "all", instance_id)
        return _explained(session, access, pairs, language)


def _explained(session: Session, access: FormAccess, pairs: list[SuspectedPair], language: str) -> list[dict[str, Any]]:
    reasons = reasons_for(session, access.form, access.selection, pairs, services().secret, language)
    answers = []
    for pair in pairs:
        lines = reasons.get((pair.one.id, pair.other.id))
        told = {
            "explanation": sentence(lines, language) if lines else None,
            "nearExplanation": near_words.sentence(pair.found.near, language) if pair.found.near else None,
            "lines": [line_json(line) for line in lines] if lines else None,
        }
        answers.append({**pair_json(pair), **told})
    return answers


@api.get("/duplicates/left-out")
@describe(answer=LeftOutSchema(many=True), query=PageQuery(), problems=[404.1])
def list_left_out(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """What follows from all decisions together: the submissions that are left out of counts and of exports for people, and in favour
    of which; the newest first."""
    person = api_caller()
    wanted = wishes()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id)
        found = left_out(session, access.selection, limit=wanted.limit, offset=wanted.offset)
        return [{"instanceId": name, "duplicateOf": kept} for name, kept in found]


@api.get("/duplicates/decisions")
@describe(answer=DecisionSchema(many=True), problems=[404.1])
def list_decisions(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Everything that was decided about duplicates of a form, the oldest first; nothing is ever changed or removed."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id)
        return [decision_json(each) for each in visible_decisions(session, access.form, access.selection)]


@api.post("/duplicates/decisions")
@describe(answer=DecisionSchema(), body=NewDecisionSchema(), problems=[400.2, 400.8, 400.11, 404.1])
def decide_pair(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Say what two submissions are: `duplicate` (and which stays), `distinct`, a second `visit`, `unsure` (somebody else should look), or
    `open` again, which undoes; of reports that corroborate each other `event` instead of a duplicate or visit. The same again is the
    same decision."""
    person = api_caller()
    body = NewDecisionSchema().load(json_body())
    if body["seen"] is not None:
        _texts(body["seen"], "seen")
    with changing() as session:
        access = form_access(session, person, "submission.review", project_id, xml_form_id)
        given = Given(**{**body, "reason": body["reason"] or _note()})
        decision = decide(session, access.form, access.selection, given, by=person.actor_id)
    return decision_json(decision)


@api.post("/duplicates/merges")
@describe(answer=MergedSchema(), body=NewMergeSchema(), problems=[400.2, 400.8, 400.11, 403.1, 404.1, 409.3])
def merge_submissions(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Make a version of one submission with answers taken of others, which are duplicates of it from now on. Taken back by deciding
    `open` about the pair: everything is as before then. The same again is the same merge."""
    person = api_caller()
    body = NewMergeSchema().load(json_body())
    given = Merge(
        body["keep"],
        _texts(body["others"], "others"),
        _texts_by_name(body["fields_"] or {}, "fields"),
        body["reason"] or _note(),
        None if body["seen"] is None else _texts(body["seen"], "seen"),
        _texts_by_name(body["values"] or {}, "values"),
    )
    opened = services()
    rules = Rules(opened.settings.late, opened.settings.conflict_limit, opened.settings.conflict_quota)
    with changing() as session:
        access = form_access(session, person, "submission.update", project_id, xml_form_id)
        made = merge(session, access.form, access.selection, given, rules, opened.secret, by=person.actor_id)
    return {"version": made.version, "decisions": [decision_json(each) for each in made.decisions], **made.follows}


def _note() -> str:
    """The words of the request's X-Action-Notes are the reason, where it gives none of its own: they stand apart from the log, so that
    they can be erased with either submission."""
    return (action_notes() or "")[:LONGEST_REASON]


def _texts(given: Any, name: str) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise wrong_type("list of texts", field=name)
    return given


def _texts_by_name(given: Any, name: str) -> dict[str, str]:
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        raise wrong_type("object of texts", field=name)
    return given


@api.get("/duplicates/matching")
@describe(answer=MatchingSchema(), problems=[404.1])
def show_matching(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """How the submissions of a form are matched, and how many pairs of one person there seem to be."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, "submission.read", project_id, xml_form_id)
        kept = session.get(MatchForm, (project_id, access.form.id))
        stopped = stopped_by(kept) if kept else None
        found = {
            "roles": kept.roles if kept else {},
            "stopped": stopped.code if stopped else None,
            "stoppedPath": stopped.path if stopped else None,
            "stoppedWhy": {language: why(stopped, language) for language in LANGUAGES} if stopped else None,
            "learntFrom": kept.learnt_from if kept else 0,
            "learntAt": kept.learnt_at if kept else None,
            "expectedPairs": kept.model["expected_pairs"] if kept and kept.model else None,
            "corroborates": corroborates(session, access.form),
            "rescanning": kept is not None and kept.rescan_after is not None,
            "rescan": rescan_progress(session, kept) if kept else None,
            "nearCopies": near_standards.standing_of(session, project_id, access.form.id),
        }
        return dict(MatchingSchema().dump(found))
