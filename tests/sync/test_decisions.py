"""Decisions made on three servers that seldom meet mean one thing, in whatever order they arrive."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.decisions import (
    VERDICTS,
    Decision,
    DecisionFault,
    Verdict,
    must_be_asked,
    resolve,
    standings,
    united,
)

NODES = ("n1", "n2", "hub")
PEOPLE = "abcdef"


def decision(verdict: Verdict, one: str = "a", other: str = "b", **facts: Any) -> Decision:
    keep = one if verdict in ("duplicate", "merge") else None
    uid = facts.pop("uid", f"{verdict} {one} {other}")
    given = {"by": "me", "at": "2026-11-25T08:00:00Z", "node": "n1", "keep": keep, **facts}
    return Decision(uid, "f", one, other, verdict, **given)


def history(chance: random.Random, steps: int = 25) -> list[Decision]:
    """Three servers decide and, now and then, tell each other what they know."""
    known: dict[str, dict[str, Decision]] = {node: {} for node in NODES}
    every: list[Decision] = []
    for step in range(steps):
        node = chance.choice(NODES)
        if chance.random() < 0.3:
            known[node] |= known[chance.choice(NODES)]
            continue
        one, other = sorted(chance.sample(PEOPLE, 2))
        verdict = chance.choice(VERDICTS)
        before = standings(known[node].values()).get(("f", one, other))
        made = decision(
            verdict,
            one,
            other,
            uid=f"{step:03} {node}",
            node=node,
            keep=chance.choice((one, other)) if verdict in ("duplicate", "merge") else None,
            supersedes=tuple(head.uid for head in before.heads) if before else (),
        )
        known[node][made.uid] = made
        every.append(made)
    return every


def test_a_thousand_orders_of_three_servers_decisions_end_in_one_state() -> None:
    chance = random.Random(1)
    every = history(chance, 60)
    expected = standings(every)
    assert any(standing.conflict for standing in expected.values())
    for _ in range(1000):
        chance.shuffle(every)
        cuts = sorted(chance.sample(range(len(every)), 2))
        batches = [every[: cuts[0]], every[cuts[0] : cuts[1]] + every[:3], every[cuts[1] :]]
        chance.shuffle(batches)
        assert standings(united(*batches).values()) == expected
    assert resolve(expected) == resolve(standings(reversed(every)))


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_nobody_is_left_out_in_favour_of_somebody_left_out(seed: int) -> None:
    resolution = resolve(standings(history(random.Random(seed))))
    assert not set(resolution.duplicate_of) & set(resolution.duplicate_of.values())


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_whoever_decides_knowing_all_settles_a_conflict(seed: int) -> None:
    every = history(random.Random(seed))
    for (_, one, other), standing in standings(every).items():
        last = decision("distinct", one, other, uid="last", supersedes=tuple(head.uid for head in standing.heads))
        assert standings([*every, last])["f", one, other].verdict == "distinct"


def test_later_is_not_a_matter_of_clocks() -> None:
    early = decision("duplicate", at="2036-01-01T00:00:00Z", uid="1")
    late = decision("distinct", at="2020-01-01T00:00:00Z", uid="2", supersedes=("1",))
    assert standings([late, early])["f", "a", "b"].verdict == "distinct"


def test_two_who_did_not_know_of_each_other_are_a_question_and_nothing_is_left_out() -> None:
    apart = [decision("duplicate"), decision("distinct")]
    standing = standings(apart)
    assert standing["f", "a", "b"].conflict
    assert standing["f", "a", "b"].verdict is None
    assert not resolve(standing).duplicate_of
    agreeing = [decision("duplicate", uid="1"), decision("duplicate", uid="2", by="you")]
    assert standings(agreeing)["f", "a", "b"].verdict == "duplicate"


def test_undoing_is_a_decision_and_brings_everything_back() -> None:
    made = [decision("duplicate", uid="1")]
    assert resolve(standings(made)).duplicate_of == {("f", "b"): ("f", "a")}
    undone = [*made, decision("open", uid="2", supersedes=("1",))]
    assert resolve(standings(undone)) == resolve({})
    assert must_be_asked(standings(undone)["f", "a", "b"], "")
    again = [*undone, decision("duplicate", uid="3", supersedes=("2",))]
    assert resolve(standings(again)) == resolve(standings(made))


@pytest.mark.parametrize(
    ("verdict", "asked"),
    [("duplicate", False), ("merge", False), ("distinct", False), ("visit", False), ("unsure", True), ("open", True)],
)
def test_a_decided_pair_is_asked_again_only_when_the_evidence_changes(verdict: Verdict, asked: bool) -> None:
    standing = standings([decision(verdict, evidence="e1")])["f", "a", "b"]
    assert must_be_asked(standing, "e1") is asked
    assert must_be_asked(standing, "e2") is (asked or verdict == "distinct")
    assert must_be_asked(None, "e1")


def test_ten_thousand_rescans_repeat_no_decided_pair() -> None:
    standing = standings([decision("distinct", evidence="e1"), decision("duplicate", "a", "c", evidence="e1")])
    assert not any(must_be_asked(each, "e1") for _ in range(10_000) for each in standing.values())


def test_a_chain_leads_to_the_one_that_stays() -> None:
    made = [decision("duplicate", "a", "b"), decision("merge", "b", "c"), decision("duplicate", "c", "d")]
    assert resolve(standings(made)).duplicate_of == {("f", each): ("f", "a") for each in "bcd"}


def test_in_a_circle_everybody_stays_until_a_person_breaks_it() -> None:
    circle = [
        decision("duplicate", "a", "b", keep="b"),
        decision("duplicate", "b", "c", keep="c"),
        decision("duplicate", "a", "c", keep="a"),
        decision("duplicate", "c", "d", keep="c"),
    ]
    resolution = resolve(standings(circle))
    assert resolution.duplicate_of == {("f", "d"): ("f", "c")}
    assert [each.code for each in resolution.contradictions] == ["circle"]
    assert resolution.contradictions[0].members == (("f", "a"), ("f", "b"), ("f", "c"))


def test_two_duplicates_of_one_that_were_called_distinct_are_a_contradiction() -> None:
    made = [decision("duplicate", "a", "b"), decision("duplicate", "a", "c"), decision("distinct", "b", "c")]
    resolution = resolve(standings(made))
    assert [each.code for each in resolution.contradictions] == ["apart"]
    assert set(resolution.duplicate_of) == {("f", "b"), ("f", "c")}


def test_decisions_that_name_each_other_in_a_circle_all_count() -> None:
    odd = [decision("duplicate", uid="1", supersedes=("2",)), decision("distinct", uid="2", supersedes=("1",))]
    assert standings(odd)["f", "a", "b"].conflict


def test_two_that_claim_one_uid_end_alike_everywhere() -> None:
    one, other = decision("duplicate", uid="1"), decision("distinct", uid="1")
    assert united([one], [other]) == united([other], [one])


def test_an_erased_reason_is_no_other_decision() -> None:
    told, erased = decision("distinct", uid="1", reason="même homme"), decision("distinct", uid="1")
    assert united([told], [erased]) == united([erased], [told]) == {"1": told}
    assert standings([erased]) == standings([erased, erased])


def test_decisions_survive_the_wire_and_nonsense_is_refused() -> None:
    merge = decision("merge", fields={"/name": "b"}, reason="même personne", supersedes=("0",))
    wire = merge.to_json()
    assert Decision.from_json({**wire, "from a newer server": 1}) == merge
    for wrong in (
        {"verdict": "delete"},
        {"verdict": "distinct"},
        {"keep": "c"},
        {"keep": None},
        {"one": "b", "other": "a"},
        {"one": ""},
        {"fields": {"/name": "c"}},
        {"fields": ["/name"]},
        {"supersedes": [merge.uid]},
        {"supersedes": "all"},
        {"reason": "x" * 1001},
        {"by": 7},
    ):
        with pytest.raises(DecisionFault):
            Decision.from_json({**wire, **wrong})
    assert replace(merge, reason="").says == merge.says
