"""Why evidence is as it is travels: sets of sayings unite in any order, and take effect where and when the submissions are."""

import random
from dataclasses import replace
from itertools import permutations

import pytest

from sync.decisions import DecisionFault
from sync.explanations import Explanation, counting, explained_by
from sync.sayings import keep_saying, place_waiting
from tests.collector.rest import admin_of
from tests.installation import Installation, new_id
from tests.sync.survey_form import filled, interview, survey_form
from tests.sync.test_evidence import FEW, SURVEY, made, odd, of, told, worked

FIRST = Explanation(
    "1", "overlapping", "f", "a", "f", "b", "m1", "awa", "2026-11-25T08:00:00.000Z", "post", reason="Deux visites"
)


def test_any_order_of_sayings_has_one_meaning() -> None:
    chance = random.Random(3)
    sayings = [FIRST]
    for number in range(2, 9):
        seen = tuple(each.uid for each in counting(chance.sample(sayings, chance.randint(1, len(sayings)))))
        sayings.append(
            replace(
                FIRST,
                uid=str(number),
                mark=f"m{number % 3}",
                withdrawn=number % 4 == 0,
                supersedes=seen,
                node=f"n{number % 3}",
            )
        )
    meanings = {
        (tuple(counting(order)), explained_by(order, "m1")) for order in (chance.sample(sayings, 8) for _ in range(200))
    }
    assert len(meanings) == 1
    assert counting([*sayings, *sayings]) == counting(sayings)


def test_who_wants_it_shown_again_is_heard() -> None:
    again = replace(FIRST, uid="2", withdrawn=True)
    for order in permutations((FIRST, again)):
        assert explained_by(order, "m1") is None
    settled = replace(FIRST, uid="3", supersedes=("1", "2"))
    assert explained_by([FIRST, again, settled], "m1") == settled
    assert explained_by([FIRST], "m2") is None
    assert Explanation.from_json({**FIRST.to_json(), "new": 1}) == FIRST
    for wrong in (
        {"one": "c"},
        {"uid": ""},
        {"reason": 3},
        {"withdrawn": "yes"},
        {"supersedes": ["1"]},
        {"reason": "x" * 1001},
    ):
        with pytest.raises(DecisionFault):
            Explanation.from_json({**FIRST.to_json(), **wrong})


def test_a_saying_from_another_server_holds_here_also_when_it_comes_first(post_node: Installation) -> None:
    relais = post_node
    relais.publish(survey_form(questions=FEW))
    usual = [interview(relais, made(number)) for number in range(6)]
    late = new_id()
    worked(relais)
    admin = admin_of(relais)
    one, other = sorted((late, usual[4]))
    answer = relais.post(filled(late, odd()[1]))
    assert answer.status_code == 201
    worked(relais)
    evidence = told(admin)[late, "overlapping"]
    # What that server said, of which this one knows neither the author nor, at first, the submission.
    ((mark,),) = relais.rows("SELECT DISTINCT mark FROM seen_evidence WHERE rule = 'overlapping'")
    said = replace(FIRST, uid="from-elsewhere", one_form="survey", one=one, other_form="survey", other=other, mark=mark)
    elsewhere = replace(said, uid="not-here-yet", one="uuid:0", other="uuid:1")
    with relais.services.database.transaction() as session:
        for _ in range(2):
            keep_saying(session, 1, said)
            keep_saying(session, 1, elsewhere)
    assert told(admin) == {}
    explained = told(admin, "?state=explained")[late, "overlapping"]
    assert (explained["explained"]["reason"], explained["explained"]["by"]) == ("Deux visites", None)
    assert relais.rows("SELECT uid FROM seen_saying WHERE NOT placed") == [("not-here-yet",)]
    assert not place_waiting(relais.services)
    for name in ("uuid:0", "uuid:1"):
        relais.post(filled(name, made(3 if name == "uuid:0" else 5)))
    assert not place_waiting(relais.services)
    assert relais.rows("SELECT uid FROM seen_saying WHERE NOT placed") == []
    # Shown again here, it is another saying in the set, which names that one.
    admin.call("DELETE", of(late, "overlapping"))
    assert (late, "overlapping") in told(admin)
    listed = [each for each in admin.json(f"{SURVEY}/evidence/explanations") if each["one"] == one]
    assert [(each["withdrawn"], each["supersedes"]) for each in listed] == [(False, []), (True, ["from-elsewhere"])]
    for _ in range(2):
        admin.call("PUT", of(late, "overlapping"), json={"reason": "Vu avec elle"})
    listed = [each for each in admin.json(f"{SURVEY}/evidence/explanations") if each["one"] == one]
    assert [each["reason"] for each in listed] == ["", "", "Vu avec elle"]
    assert evidence["others"] == [usual[4]]
