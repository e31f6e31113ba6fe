"""What was seen of how interviews were made, over REST: evidence, why it is so, and enumerators beside each other. For whoever reviews."""

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.signed_in import api_caller, changing
from collector.form_access import FORM, FormAccess, form_access
from collector.review import named_submission
from config.api_answers import json_body
from config.api_errors import unexpected_value
from config.database import reading
from config.description import describe
from config.reader_wishes import wishes
from sync.enumerating import enumerators_of
from sync.evidence_schemas import (
    EnumeratorsSchema,
    EvidenceQuery,
    EvidenceSchema,
    ExplanationSchema,
    LanguageQuery,
    SayingSchema,
    enumerators_json,
    evidence_json,
)
from sync.reviewed import VERB, Reviewed, names_seen, reviewed
from sync.rules.identity.explanation import LANGUAGES
from sync.rules.interviews import rules
from sync.sayings import sayings_of
from sync.seen import STATES, explain, hidden_rules, seen_in_form, seen_of, take_back

api = Blueprint("evidence_api", __name__, url_prefix=FORM)
OF_SUBMISSION = "/submissions/<segment:instance_id>/evidence"


def _reviewed(session: Session, access: FormAccess) -> Reviewed:
    return reviewed(session, access.person, access.form, access.selection)


def _chosen(name: str, allowed: tuple[str, ...], default: str) -> str:
    given = request.args.get(name, default)
    if given not in allowed:
        raise unexpected_value(name, given, f"it must be one of {', '.join(allowed)}")
    return given


@api.get("/evidence")
@describe(answer=EvidenceSchema(many=True), query=EvidenceQuery(), problems=[400.8, 400.11, 404.1])
def list_evidence(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """What was seen of the interviews of a form, the newest first; what somebody explained is left out unless asked for."""
    person = api_caller()
    wanted = wishes()
    language, state = _chosen("language", LANGUAGES, LANGUAGES[0]), _chosen("state", STATES, STATES[0])
    rule = _chosen("rule", ("", *sorted(rules())), "") or None
    with reading() as session:
        access = form_access(session, person, VERB, project_id, xml_form_id)
        found = seen_in_form(
            session, access.form, _reviewed(session, access), state, rule, wanted.offset or 0, wanted.limit
        )
        return [evidence_json(each, language) for each in found]


@api.get(OF_SUBMISSION)
@describe(answer=EvidenceSchema(many=True), query=LanguageQuery(), problems=[400.8, 404.1])
def list_evidence_of_submission(project_id: int, xml_form_id: str, instance_id: str) -> ResponseReturnValue:
    """What was seen of one interview, explained or not."""
    person = api_caller()
    language = _chosen("language", LANGUAGES, LANGUAGES[0])
    with reading() as session:
        access = form_access(session, person, VERB, project_id, xml_form_id)
        submission = named_submission(session, access.selection, instance_id)
        found = seen_of(session, access.form, _reviewed(session, access), [submission])
        return [evidence_json(each, language) for each in found]


@api.put(f"{OF_SUBMISSION}/<segment:rule>/explanation")
@describe(answer=EvidenceSchema(), body=ExplanationSchema(), problems=[400.2, 400.8, 400.11, 400.13, 404.1])
def explain_evidence(project_id: int, xml_form_id: str, instance_id: str, rule: str) -> ResponseReturnValue:
    """Say why evidence is as it is: it is not shown again unless what it rests on changes. Holds for all submissions it is about."""
    person = api_caller()
    body = ExplanationSchema().load(json_body())
    with changing() as session:
        access = form_access(session, person, VERB, project_id, xml_form_id)
        selection = _reviewed(session, access)
        seen = explain(session, access.form, selection, instance_id, rule, body["reason"], by=person.actor_id)
        return evidence_json(seen, LANGUAGES[0])


@api.delete(f"{OF_SUBMISSION}/<segment:rule>/explanation")
@describe(answer=EvidenceSchema(), problems=[404.1])
def take_explanation_back(project_id: int, xml_form_id: str, instance_id: str, rule: str) -> ResponseReturnValue:
    """Show evidence again that was explained."""
    person = api_caller()
    with changing() as session:
        access = form_access(session, person, VERB, project_id, xml_form_id)
        selection = _reviewed(session, access)
        seen = take_back(session, access.form, selection, instance_id, rule, by=person.actor_id)
        return evidence_json(seen, LANGUAGES[0])


@api.get("/evidence/explanations")
@describe(answer=SayingSchema(many=True), problems=[404.1])
def list_explanations(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Everything that was said of why evidence about a form is as it is, the oldest first, as it travels between servers; nothing is ever
    changed or removed but words."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, VERB, project_id, xml_form_id)
        selection = _reviewed(session, access)
        hidden = hidden_rules(session, access.form, selection)
        found = sayings_of(session, access.form, names_seen(session, access.form, selection), hidden)
        return [each.to_json() for each in found]


@api.get("/evidence/enumerators")
@describe(answer=EnumeratorsSchema(), problems=[404.1])
def list_enumerators(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Who made how many interviews, and what was seen of them, beside all others. Numbers to talk about, not a ranking."""
    person = api_caller()
    with reading() as session:
        access = form_access(session, person, VERB, project_id, xml_form_id)
        return enumerators_json(enumerators_of(session, access.form, _reviewed(session, access)))
