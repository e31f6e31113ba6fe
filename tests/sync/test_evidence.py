"""How interviews were made: seen within a pass of the worker, beside the neighbours alone, told to reviewers, and explained by them."""

import threading
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select

from accounts.scopes import Rule
from collector.duplicates import mark
from collector.models import Submission
from collector.purge import erase
from collector.scope_keys import look_up_older
from config.clock import now
from sync.learning import rescan
from sync.matching import match
from sync.models_evidence import SeenEvidence, SeenExplained, SeenInterview
from sync.rules.audit_log import active_seconds
from sync.seen_forms import measure
from tests.collector.rest import NOT_ALLOWED, NOT_FOUND, Caller, admin_of, caller, problem
from tests.collector.test_scopes import actor_of, limit
from tests.installation import Installation, new_id
from tests.reader import sign_in
from tests.sync.people_form import MAHAMADOU, people_form, person
from tests.sync.survey_form import GRID, MORNING, honest, interview, survey_form
from tests.sync.test_matching_stored import matched

SURVEY = "/v1/projects/1/forms/survey"
FEW = tuple(f"q{number}" for number in range(6))


def worked(relais: Installation) -> None:
    """What the worker does, until nothing waits."""
    matched(relais)
    while measure(relais.services):
        pass
    while rescan(relais.services, threading.Event()):
        pass


def made(number: int, **answers: str) -> dict[str, str]:
    """An honest interview of the short survey."""
    return {name: text for name, text in honest(number, **answers).items() if name[0] != "q" or name in FEW}


def odd() -> list[dict[str, str]]:
    """One too fast, one that overlaps with number 4 of the same phone, one begun in the second of number 6 and where it was, one that
    answers the grid alike."""
    overlapping = MORNING + timedelta(hours=4, minutes=15)
    same = honest(6)
    return [
        made(30, end=(MORNING + timedelta(hours=30, minutes=12)).isoformat()),
        made(32, start=overlapping.isoformat(), end=(overlapping + timedelta(minutes=30)).isoformat()),
        made(34, start=same["start"], gps=same["gps"].replace("2.1 0 5", "2.10001 0 4"), end=honest(6)["start"]),
        made(36, **dict.fromkeys(GRID, "3")),
    ]


def surveyed(relais: Installation) -> tuple[list[str], list[str]]:
    """Twenty-four honest interviews and the odd ones; their instanceIDs."""
    relais.publish(survey_form(questions=FEW))
    usual = [interview(relais, made(number)) for number in range(24)]
    return usual, [interview(relais, answers) for answers in odd()]


def told(who: Caller, query: str = "") -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["instanceId"], each["rule"]): each for each in who.json(f"{SURVEY}/evidence{query}")}


def of(instance_id: str, rule: str = "") -> str:
    path = f"{SURVEY}/submissions/{quote(instance_id, safe='')}/evidence"
    return f"{path}/{rule}/explanation" if rule else path


def kept(relais: Installation) -> list[Any]:
    return [
        relais.rows(
            "SELECT submission_id, rule, other_id, strength, mark, found_at FROM seen_evidence ORDER BY 1, 2, 3"
        ),
        relais.rows("SELECT * FROM seen_interview ORDER BY submission_id"),
    ]


def test_what_is_odd_is_seen_of_both_sides_and_nothing_else(relais: Installation) -> None:
    usual, (fast, overlaps, same, alike) = surveyed(relais)
    worked(relais)
    admin = admin_of(relais)
    found = told(admin)
    assert set(found) == {
        (fast, "too_fast"),
        (overlaps, "overlapping"),
        (usual[4], "overlapping"),
        (same, "same_second"),
        (usual[6], "same_second"),
        (same, "same_place"),
        (usual[6], "same_place"),
        (alike, "straight_lining"),
    }
    assert found[overlaps, "overlapping"]["others"] == [usual[4]]
    assert found[same, "same_second"]["text"] == "2 entretiens commencés à la même seconde."
    assert "Entretien de 2,8 min" in found[fast, "too_fast"]["text"]
    english = told(admin, "?language=en&rule=straight_lining")
    assert next(iter(english.values()))["text"].startswith("One answer to all 6 questions of a grid")
    assert [len(admin.json(f"{SURVEY}/evidence?limit=3&offset={start}")) for start in (0, 3, 6, 9)] == [3, 3, 2, 0]
    # The same again changes nothing; nothing of it is in clear.
    before = kept(relais)
    with relais.services.database.transaction() as session:
        for submission_id in session.scalars(select(Submission.id)):
            match(session, relais.project_id, submission_id, relais.services.secret)
    assert kept(relais) == before
    stored = (
        repr(before)
        + repr(relais.rows("SELECT facts FROM seen_evidence"))
        + repr(relais.rows("SELECT * FROM seen_form"))
    )
    for clear in ("Amina", "Boubacar", "boubacar", "Ménage", "13.50", "collect:"):
        assert clear not in stored
    # An edit is followed, on the other side too; and so are the trash and an erasure.
    interview(relais, made(34), deprecated_id=same)
    matched(relais)
    assert not {(same, "same_second"), (usual[6], "same_second"), (usual[6], "same_place")} & set(told(admin))
    with relais.services.database.transaction() as session:
        gone = session.scalars(select(Submission).where(Submission.instance_id == overlaps)).one()
        gone.deleted_at = now()
        match(session, relais.project_id, gone.id, relais.services.secret)
    assert (usual[4], "overlapping") not in told(admin)
    with relais.services.database.transaction() as session:
        erase(session, relais.project_id, list(session.scalars(select(Submission.id))))
        for table in (SeenInterview, SeenEvidence, SeenExplained):
            assert session.scalars(select(table)).first() is None


def test_explained_evidence_stays_away_until_what_it_rests_on_changes(post_node: Installation) -> None:
    relais = post_node
    usual, (fast, overlaps, _, _) = surveyed(relais)
    worked(relais)
    admin = admin_of(relais)
    reason = {"reason": "Deux enquêteurs, un téléphone."}
    explained = admin.call("PUT", of(overlaps, "overlapping"), json=reason).get_json()
    assert explained["explained"]["reason"] == reason["reason"]
    assert explained["explained"]["by"]
    assert not {(overlaps, "overlapping"), (usual[4], "overlapping")} & set(told(admin))
    assert set(told(admin, "?state=explained")) == {(overlaps, "overlapping"), (usual[4], "overlapping")}
    # Found again, and something else edited: still explained.
    with relais.services.database.transaction() as session:
        for submission_id in session.scalars(select(Submission.id)):
            match(session, relais.project_id, submission_id, relais.services.secret)
    edited = interview(relais, {**odd()[1], "q1": "a"}, deprecated_id=overlaps)
    matched(relais)
    assert (overlaps, "overlapping") not in told(admin)
    # Longer by ten minutes: shown again.
    start = MORNING + timedelta(hours=4, minutes=5)
    interview(relais, {**odd()[1], "start": start.isoformat()}, deprecated_id=edited)
    matched(relais)
    assert (overlaps, "overlapping") in told(admin)
    # Taken back, it is shown again as well.
    admin.call("PUT", of(fast, "too_fast"), json=reason)
    assert (fast, "too_fast") not in told(admin)
    assert admin.call("DELETE", of(fast, "too_fast")).get_json()["explained"] is None
    assert (fast, "too_fast") in told(admin)
    for wrong, code in (
        ({}, 400.2),
        ({"reason": " "}, 400.8),
        ({"reason": 3}, 400.11),
        ({"reason": "x" * 1001}, 400.13),
    ):
        assert problem(admin.call("PUT", of(fast, "too_fast"), json=wrong))[1] == code
    assert problem(admin.call("PUT", of(fast, "overlapping"), json=reason)) == NOT_FOUND
    assert problem(admin.call("PUT", of("uuid:nobody", "too_fast"), json=reason)) == NOT_FOUND


def test_reviewers_see_within_their_scope_and_others_nothing(post_node: Installation) -> None:
    relais = post_node
    usual, (fast, overlaps, same, alike) = surveyed(relais)
    worked(relais)
    reviewer = caller(relais, "reviewer@example.org", "reviewer")
    viewer = caller(relais, "viewer@example.org", "viewer")
    stranger = caller(relais, "stranger@example.org")
    everybody = reviewer.json(f"{SURVEY}/evidence/enumerators")
    assert [(each["name"], each["interviews"]) for each in everybody["enumerators"]] == [
        ("Boubacar", 16),
        ("Amina", 12),
    ]
    assert everybody["enumerators"][0]["evidence"] == {
        "overlapping": 2, "same_place": 2, "same_second": 2, "straight_lining": 1, "too_fast": 1,
    }  # fmt: skip
    assert 25 < everybody["medianMinutes"] < 40
    # A confirmed duplicate is no interview more, and no evidence beside the one that is kept.
    ids = {row[0]: row[1] for row in relais.rows("SELECT instance_id, id FROM submission")}
    for favoured in (ids[usual[0]], None):
        with relais.services.database.transaction() as session:
            mark(session, relais.project_id, {ids[same]: favoured}, by=None)
        first = reviewer.json(f"{SURVEY}/evidence/enumerators")["enumerators"][0]
        seen = (
            first["interviews"],
            "same_second" in first["evidence"],
            "same_second" in {rule for _, rule in told(reviewer)},
        )
        assert seen == ((15, False, False) if favoured else (16, True, True))
    for nobody in (viewer, stranger):
        for path in ("/evidence", "/evidence/enumerators"):
            assert problem(nobody.get(f"{SURVEY}{path}")) == NOT_ALLOWED
        assert problem(nobody.get(of(fast))) == NOT_ALLOWED
        assert problem(nobody.call("PUT", of(fast, "too_fast"), json={"reason": "x"})) == NOT_ALLOWED
    assert problem(reviewer.get(f"{SURVEY}/evidence?state=lost"))[1] == 400.8
    # Who made an interview is hidden from this one: what tells of phones and places is not said, and names are not.
    limit(relais, actor_of(relais, "reviewer@example.org"), hidden=("P-staff",))
    assert {rule for _, rule in told(reviewer)} == {"too_fast", "straight_lining"}
    assert {each["name"] for each in reviewer.json(f"{SURVEY}/evidence/enumerators")["enumerators"]} == {None}
    # And this one sees only one household: nothing beside what is outside.
    limit(relais, actor_of(relais, "reviewer@example.org"), Rule("household", ("Ménage 32", "Ménage 36")))
    with relais.services.database.transaction() as session:
        look_up_older(session, relais.project_id, 200)
    assert set(told(reviewer)) == {(alike, "straight_lining")}
    assert problem(reviewer.get(of(fast))) == NOT_FOUND
    assert reviewer.json(of(overlaps)) == []
    assert reviewer.json(f"{SURVEY}/evidence/enumerators")["interviews"] == 2
    assert same
    assert usual


def test_one_phone_is_seen_across_the_forms_of_a_project_by_those_who_may_see_both(relais: Installation) -> None:
    relais.publish(survey_form(questions=FEW))
    relais.publish(people_form())
    times = {"start": MORNING.isoformat(), "end": (MORNING + timedelta(minutes=30)).isoformat()}
    ours = interview(relais, made(0, **times))
    later = MORNING + timedelta(minutes=10)
    theirs = new_id()
    about = {**MAHAMADOU, "start": later.isoformat(), "end": (later + timedelta(minutes=15)).isoformat()}
    for _ in range(2):
        relais.post(person(theirs, **about))
    # Both in one slice, then one after the other again.
    worked(relais)
    with relais.services.database.transaction() as session:
        for submission_id in session.scalars(select(Submission.id)):
            match(session, relais.project_id, submission_id, relais.services.secret)
    admin = admin_of(relais)
    mine, other = told(admin)[ours, "overlapping"], admin.json("/v1/projects/1/forms/people/evidence")
    assert (mine["others"], mine["beside"]) == ([theirs], [{"xmlFormId": "people", "instanceId": theirs}])
    assert mine["text"] == "Deux entretiens du même téléphone se chevauchent de 15 min."
    assert [(each["instanceId"], each["others"]) for each in other] == [(theirs, [ours])]
    page = sign_in(relais).words(f"/projects/1/forms/survey/submissions/{quote(ours, safe='')}")
    assert "(Personnes)" in page
    # Who may review one of the forms alone is told nothing of the other.
    reviewer = caller(relais, "reviewer@example.org")
    ((role,),) = relais.rows("SELECT id FROM role WHERE system = 'reviewer'")
    assert (
        admin.call("POST", f"{SURVEY}/assignments/{role}/{actor_of(relais, 'reviewer@example.org')}").status_code == 200
    )
    assert told(reviewer) == {}
    assert reviewer.json(of(ours)) == []


@pytest.mark.parametrize(
    ("log", "seconds"),
    [
        (b"event,node,start,end\nform start,,1000,\nquestion,/data/a,1000,4000\nquestion,/data/b,4000,5500\n", 4.5),
        (b"event,node,start,end\ngroup questions,/data/g,0,9000000\nquestion,/data/b,9,1\n", 1800.0),
        (b"event,node,start,end\nform start,,1000,\n", None),
        (b"\x00\xff\nnonsense", None),
        (b"", None),
        (b"event,node,start,end\nquestion,/a,1e9,\xc2\xb2\n", None),
    ],
)
def test_a_log_adds_up_to_the_time_that_questions_were_open(log: bytes, seconds: float | None) -> None:
    assert active_seconds(log) == seconds
