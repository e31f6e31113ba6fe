"""Suspected duplicates over REST: who sees them, why, who may decide, and what a decision does."""

from urllib.parse import quote

import pytest

from sync.matching import match
from tests.collector.rest import NOT_ALLOWED, NOT_FOUND, Caller, admin_of, caller, problem
from tests.installation import Installation
from tests.sync.people_form import FATIMATA, MAHAMADOU, MAMADOU, people_form, person, send
from tests.sync.test_matching_stored import matched

PEOPLE = "/v1/projects/1/forms/people"
DECISIONS = f"{PEOPLE}/duplicates/decisions"


@pytest.fixture
def pair(relais: Installation) -> tuple[str, str]:
    """Two submissions of one man, and one of a woman, matched."""
    relais.publish(people_form())
    found = send(relais, **MAHAMADOU), send(relais, **MAMADOU)
    send(relais, **FATIMATA)
    matched(relais)
    return found


def verdict(pair: tuple[str, str], kind: str, **more: object) -> dict[str, object]:
    return {"one": pair[0], "other": pair[1], "verdict": kind, **more}


def test_a_suspected_pair_is_listed_and_explained(admin: Caller, pair: tuple[str, str]) -> None:
    (listed,) = admin.json(f"{PEOPLE}/duplicates")
    assert (listed["one"], listed["other"], listed["copy"], listed["open"]) == (*pair, None, True)
    assert listed["probability"] > 0.8
    (explained,) = admin.json(f"{PEOPLE}/submissions/{quote(pair[1], safe='')}/duplicates?language=en")
    assert explained["explanation"].startswith("Similar names (Mahamadou/Mamadou) +")
    assert sum(line["bits"] for line in explained["lines"]) == pytest.approx(explained["bits"], abs=1e-9)
    assert admin.json(f"{PEOPLE}/duplicates?state=settled") == []
    assert admin.json(f"{PEOPLE}/duplicates?limit=1&offset=1") == []
    assert problem(admin.get(f"{PEOPLE}/duplicates?state=lost"))[:2] == (400, 400.8)


def test_a_verdict_settles_the_pair_and_undoing_opens_it_again(admin: Caller, pair: tuple[str, str]) -> None:
    decided = admin.call(
        "POST", DECISIONS, json=verdict(pair, "duplicate", keep=pair[0], reason="même homme")
    ).get_json()
    again = admin.call("POST", DECISIONS, json=verdict(pair, "duplicate", keep=pair[0], reason="même homme")).get_json()
    assert again == decided
    assert admin.json(f"{PEOPLE}/duplicates") == []
    (settled,) = admin.json(f"{PEOPLE}/duplicates?state=settled")
    assert (settled["verdict"], settled["keep"], settled["decisions"]) == ("duplicate", pair[0], [decided["uid"]])
    undone = admin.call("POST", DECISIONS, json=verdict((pair[1], pair[0]), "open")).get_json()
    assert undone["supersedes"] == [decided["uid"]]
    assert [each["open"] for each in admin.json(f"{PEOPLE}/duplicates")] == [True]
    assert [each["verdict"] for each in admin.json(DECISIONS)] == ["duplicate", "open"]


def test_who_did_not_see_an_earlier_verdict_does_not_overrule_it(admin: Caller, pair: tuple[str, str]) -> None:
    admin.call("POST", DECISIONS, json=verdict(pair, "duplicate", keep=pair[0]))
    admin.call("POST", DECISIONS, json=verdict(pair, "distinct", seen=[]))
    (conflict,) = admin.json(f"{PEOPLE}/duplicates?state=conflict")
    assert (conflict["conflict"], conflict["open"], conflict["verdict"]) == (True, True, None)


def test_a_distinct_pair_is_asked_again_only_when_an_answer_that_counts_changes(
    relais: Installation, admin: Caller, pair: tuple[str, str]
) -> None:
    admin.call("POST", DECISIONS, json=verdict(pair, "distinct"))
    assert admin.json(f"{PEOPLE}/duplicates") == []
    edited = f"{pair[1]}-2"
    relais.post(person(edited, deprecated_id=pair[1], **{**MAMADOU, "note": "corrected"}))
    matched(relais)
    assert admin.json(f"{PEOPLE}/duplicates") == []
    relais.post(person(f"{pair[1]}-3", deprecated_id=edited, **{**MAMADOU, "age": "35"}))
    matched(relais)
    assert len(admin.json(f"{PEOPLE}/duplicates")) == 1


def test_an_exact_copy_settles_itself_and_a_person_may_undo_it(relais: Installation, admin: Caller) -> None:
    relais.publish(people_form())
    copies = send(relais, **MAHAMADOU), send(relais, **MAHAMADOU)
    matched(relais)
    (settled,) = admin.json(f"{PEOPLE}/duplicates?state=settled")
    assert (settled["verdict"], settled["keep"], settled["copy"], settled["probability"]) == (
        "duplicate",
        min(copies),
        "exact",
        1.0,
    )
    assert admin.call("POST", DECISIONS, json=verdict(copies, "open")).status_code == 200
    with relais.services.database.transaction() as session:
        for (submission_id,) in relais.rows("SELECT id FROM submission"):
            match(session, relais.project_id, submission_id, relais.services.secret)
    assert len(admin.json(f"{PEOPLE}/duplicates")) == 1


def test_reviewers_decide_viewers_look_and_strangers_see_nothing(relais: Installation, pair: tuple[str, str]) -> None:
    reviewer = caller(relais, "reviewer@example.org", "reviewer")
    viewer = caller(relais, "viewer@example.org", "viewer")
    stranger = caller(relais, "stranger@example.org")
    body = verdict(pair, "visit", reason="deux visites")
    assert len(viewer.json(f"{PEOPLE}/duplicates")) == 1
    assert problem(viewer.call("POST", DECISIONS, json=body)) == NOT_ALLOWED
    for path in (f"{PEOPLE}/duplicates", DECISIONS, f"{PEOPLE}/duplicates/matching"):
        assert problem(stranger.get(path)) == NOT_ALLOWED
    assert problem(stranger.call("POST", DECISIONS, json=body)) == NOT_ALLOWED
    assert reviewer.call("POST", DECISIONS, json=body).get_json()["verdict"] == "visit"
    assert viewer.json(f"{PEOPLE}/duplicates/matching")["roles"]["/name"] == "name"


@pytest.mark.parametrize(
    "wrong",
    [
        {"verdict": "delete"},
        {"verdict": "merge"},
        {"keep": "uuid:somebody else"},
        {"verdict": "duplicate"},
        {"verdict": "distinct", "keep": "one"},
        {"other": "one"},
        {"one": None},
        {"reason": "x" * 1001},
        {"seen": "all"},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(post_node: Installation, wrong: dict[str, object]) -> None:
    post_node.publish(people_form())
    one, other = send(post_node, **MAHAMADOU), send(post_node, **MAMADOU)
    admin = admin_of(post_node)
    body = {
        **verdict((one, other), "distinct"),
        **{key: one if value == "one" else value for key, value in wrong.items()},
    }
    answer = admin.call("POST", DECISIONS, json=body)
    assert answer.status_code == 400, answer.text
    assert admin.json(DECISIONS) == []
    unknown = {**verdict((one, "uuid:nobody"), "distinct")}
    assert problem(admin.call("POST", DECISIONS, json=unknown)) == NOT_FOUND


def test_how_many_pairs_people_can_look_at_is_asked_and_said(relais: Installation, admin: Caller) -> None:
    review = "/v1/projects/1/duplicates/review"
    relais.publish(people_form())
    for note in "abc":
        send(relais, **{**MAHAMADOU, "note": note})
    matched(relais)
    found = admin.json(review)
    assert (found["capacity"], found["chosen"], found["pairs"], found["below"]) == (30, False, 3, 0)
    assert found["precision"] > 0.9
    for _ in range(2):
        chosen = admin.call("PUT", review, json={"capacity": 1}).get_json()
        assert (chosen["capacity"], chosen["chosen"], chosen["pairs"], chosen["below"]) == (1, True, 1, 2)
    assert relais.rows("SELECT count(*) FROM event WHERE action = 'duplicates.capacity'") == [(1,)]
    for wrong, code in (
        ({}, 400.2),
        ({"capacity": "9"}, 400.11),
        ({"capacity": True}, 400.11),
        ({"capacity": 0}, 400.8),
        ({"capacity": 10_001}, 400.8),
    ):
        assert problem(admin.call("PUT", review, json=wrong))[1] == code
    assert admin.call("PUT", review, json={"capacity": None}).get_json() == found
