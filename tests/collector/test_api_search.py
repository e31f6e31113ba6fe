"""Finding submissions by their answers, and deciding about many at once."""

import pytest

from accounts.scopes import EVERYTHING
from collector import search as searching
from collector.check import check_everything
from collector.reading import Selection
from collector.scope_keys import look_up_older
from collector.search import folded, search
from collector.stored_submissions import walk
from tests.collector.receiving import everything
from tests.collector.rest import NOT_ALLOWED, Caller, admin_of, caller, created, one, problem
from tests.collector.test_api_scopes import id_of
from tests.installation import Installation, instance, new_id, xform

PERSONAL = xform("health").replace(b'nodeset="/data/name"', b'nodeset="/data/name" sensitivity="P"')
HEALTH = "/v1/projects/1/forms/health"


@pytest.fixture
def admin(relais: Installation) -> Caller:
    return admin_of(relais)


def names(who: Caller, query: str, form: str = "/v1/projects/1/forms/household") -> list[str]:
    """The instanceIDs found."""
    found = who.json(f"{form}/submissions/search?{query}")
    return [each["instanceId"] for each in found["submissions"]]


def limit(relais: Installation, admin: Caller, email: str) -> None:
    """Somebody sees what was answered with A only."""
    body = {"rules": [{"property": "name", "values": ["A"]}]}
    assert admin.call("PUT", f"/v1/projects/1/scopes/{id_of(relais, email)}", json=body).status_code == 200
    with relais.services.database.transaction() as session:
        look_up_older(session, 1, 100)


# Searching


def test_words_are_found_without_case_or_accents_in_any_answer(admin: Caller) -> None:
    first = created(admin, name="Aïchatou Sani", children=("Moussa", "Zeïnabou"))
    second = created(admin, name="Sani Oumarou")
    for query, expected in (
        ("q=aichatou", [first]),
        ("q=SANI", [second, first]),
        ("q=sani%20zeinab", [first]),
        ("q=sani&limit=1", [second]),
        ("q=", [second, first]),
        ("q=nobody", []),
        (f"q={second[-12:]}", [second]),
        ("q=50%25_", []),
    ):
        assert names(admin, query) == expected, query
    (only,) = admin.json("submissions/search?q=moussa%20zein")["submissions"]
    assert only["matches"] == [
        {"path": "/child/first_name", "value": "Moussa"},
        {"path": "/child/first_name", "value": "Zeïnabou"},
    ]
    assert only["currentVersion"]["instanceId"] == first


def test_letters_of_every_alphabet_are_compared() -> None:
    assert folded("École Ñandú") == "ecole nandu"
    assert folded("الجَزَائِر") == folded("الجزائر")
    assert folded("STRASSE") == folded("Straße")


def test_filters_speak_of_answers_too(admin: Caller) -> None:
    first, second = created(admin, name="A"), created(admin, name="B")
    admin.call("PATCH", one(first), json={"reviewState": "approved"})
    assert names(admin, "$filter=name eq 'B'") == [second]
    assert names(admin, "q=a&$filter=__system/reviewState eq 'approved'") == [first]
    assert names(admin, "$filter=name eq 'B' and age eq 34") == [second]


def test_a_search_goes_on_where_it_ended(relais: Installation, admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [created(admin, name=f"n{number}") for number in range(5)]
    seen: list[str] = []
    path = "submissions/search?q=n&limit=2"
    while True:
        page = admin.json(path)
        seen += [each["instanceId"] for each in page["submissions"]]
        if page["next"] is None:
            break
        # What arrives meanwhile is newer than anything that is left.
        created(admin, name="nnn")
        path = f"submissions/search?q=n&limit=2&after={page['next']}"
    assert seen == ids[::-1]
    selection = Selection(1, relais.rows("SELECT id FROM form")[0][0], EVERYTHING)
    newest = next(iter(walk(relais.services.database.reading, selection)))
    monkeypatch.setattr(searching, "AT_ONCE", 1)
    hurried = search(relais.services.database.reading, selection, "n0", seconds=-1)
    assert (hurried.looked_at, hurried.next, hurried.found) == (1, (newest.row.created_at, newest.row.id), ())


def test_what_is_hidden_cannot_be_found(relais: Installation) -> None:
    relais.publish(PERSONAL)
    relais.post(instance("uuid:1", form_id="health", name="Zeinabou", instance_name="Fiche Zeinabou"))
    viewer, whole = caller(relais, "viewer@example.org", "data-viewer"), caller(relais, "m@example.org", "manager")
    for query in ("q=zeinabou", "$filter=name eq 'Zeinabou'", "$filter=contains(name,'Zein')"):
        assert names(whole, query, HEALTH) == ["uuid:1"]
        assert names(viewer, query, HEALTH) == []
    (found,) = viewer.json(f"{HEALTH}/submissions/search?q=moussa")["submissions"]
    assert (found["matches"][0]["value"], found["currentVersion"]["instanceName"]) == ("Moussa", None)


def test_a_search_stays_within_the_scope(relais: Installation, admin: Caller) -> None:
    here = created(admin, name="A")
    created(admin, name="B")
    viewer = caller(relais, "viewer@example.org", "viewer")
    limit(relais, admin, "viewer@example.org")
    assert names(viewer, "q=moussa") == [here]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("after=x", (400, 400.11)),
        ("after=12-x", (400, 400.11)),
        ("after=99999999999999999-1", (400, 400.11)),
        ("limit=x", (400, 400.11)),
        ("$filter=name eq", (400, 400.18)),
        ("$filter=nothing eq 'A'", (501, 501.5)),
        ("q=" + "x" * 201, (400, 400.13)),
    ],
)
def test_searches_that_cannot_be_are_refused(relais: Installation, query: str, expected: tuple[int, float]) -> None:
    assert problem(admin_of(relais).get(f"submissions/search?{query}"))[:2] == expected


def test_strangers_search_nothing(relais: Installation) -> None:
    for role in (None, "formfill"):
        assert problem(caller(relais, f"{role}@example.org", role).get("submissions/search?q=a")) == NOT_ALLOWED


# Deciding about many


def test_many_are_decided_about_at_once(relais: Installation, admin: Caller) -> None:
    first, second, third = (created(admin) for _ in range(3))
    body = {"instanceIds": [first, "uuid:nobody", second, first], "reviewState": "approved"}
    answer = admin.call("POST", "submissions/review", json=body, headers={"X-Action-Notes": "vu"})
    assert answer.get_json() == {"changed": 2, "notFound": ["uuid:nobody"]}
    assert [each["reviewState"] for each in admin.json("submissions")] == [None, "approved", "approved"]
    for each in (first, second):
        newest = admin.json(one(each, "audits"))[0]
        assert (newest["action"], newest["details"]["reviewState"], newest["notes"]) == (
            "submission.update",
            "approved",
            "vu",
        )
    assert admin.call("POST", "submissions/review", json={**body, "reviewState": None}).get_json()["changed"] == 2
    assert {each["reviewState"] for each in admin.json("submissions")} == {None}
    assert [each["action"] for each in admin.json(one(third, "audits"))] == ["submission.create"]
    assert check_everything(relais.services).faults == []


def test_a_decision_sent_twice_is_made_once(admin: Caller) -> None:
    first = created(admin)
    body = {"instanceIds": [first], "reviewState": "rejected"}
    for _ in range(2):
        answer = admin.call("POST", "submissions/review", json=body, headers={"Idempotency-Key": '"once"'})
        assert answer.get_json()["changed"] == 1
    assert len(admin.json(one(first, "audits"))) == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"reviewState": "approved"}, 400.2),
        ({"instanceIds": "uuid:1", "reviewState": "approved"}, 400.11),
        ({"instanceIds": [1], "reviewState": "approved"}, 400.11),
        ({"instanceIds": ["x"] * 501, "reviewState": "approved"}, 400.8),
        ({"instanceIds": ["x" * 256], "reviewState": "approved"}, 400.13),
        ({"instanceIds": ["uuid:1"], "reviewState": "received"}, 400.8),
        ({"instanceIds": ["uuid:1"], "reviewState": []}, 400.8),
        ([], 400.2),
    ],
)
def test_decisions_that_cannot_be_are_refused(relais: Installation, body: object, code: float) -> None:
    admin = admin_of(relais)
    admin.send(instance("uuid:1"))
    before = everything(relais)
    assert problem(admin.call("POST", "submissions/review", json=body))[1] == code
    assert everything(relais) == before


def test_only_reviewers_decide_and_only_within_their_scope(relais: Installation, admin: Caller) -> None:
    here, there = created(admin, name="A"), created(admin, name="B")
    body = {"instanceIds": [here, there, new_id()], "reviewState": "approved"}
    viewer = caller(relais, "viewer@example.org", "viewer")
    assert problem(viewer.call("POST", "submissions/review", json=body)) == NOT_ALLOWED
    manager = caller(relais, "sup@example.org", "manager")
    limit(relais, admin, "sup@example.org")
    assert manager.call("POST", "submissions/review", json=body).get_json()["notFound"] == body["instanceIds"][1:]
    assert admin.json(one(there))["reviewState"] is None
