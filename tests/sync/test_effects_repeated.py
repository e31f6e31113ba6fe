"""Decisions in any order, and matching over and over, end in one state."""

import random

from sqlalchemy import delete, select

from collector.models import Submission
from forms.models import Form
from sync.decisions import VERDICTS, Decision, Verdict, resolve, standings
from sync.effects import take_effect
from sync.matching import match
from sync.models import MatchDecision
from sync.verdicts import keep_decision
from tests.collector.rest import admin_of
from tests.installation import Installation
from tests.sync.people_form import MAHAMADOU, MAMADOU, THIRD, people_form, send
from tests.sync.test_effects import decide, marks
from tests.sync.test_matching_stored import matched


def test_decisions_that_arrive_in_any_order_leave_the_same_ones_out(post_node: Installation) -> None:
    post_node.publish(people_form())
    names = {send(post_node, **{**MAHAMADOU, "note": str(each)}): each for each in range(5)}
    chance, ids = random.Random(3), sorted(names)
    every: list[Decision] = []
    for step in range(14):
        one, other = sorted(chance.sample(ids, 2))
        known = chance.sample(every, len(every) // 2)
        before = standings(known).get(("people", one, other))
        verdict: Verdict = chance.choice(("duplicate", "duplicate", *VERDICTS))
        keep = chance.choice((one, other)) if verdict in ("duplicate", "merge") else None
        seen = tuple(head.uid for head in before.heads) if before else ()
        every.append(Decision(str(step), "people", one, other, verdict, "me", "", "n", keep=keep, supersedes=seen))
    expected = {gone: kept for (_, gone), (_, kept) in resolve(standings(every)).duplicate_of.items()}
    assert expected
    with post_node.services.database.transaction() as session:
        form = session.scalars(select(Form).where(Form.xml_form_id == "people")).one()
        for _ in range(20):
            session.execute(delete(MatchDecision))
            take_effect(session, form, ids, by=None)
            chance.shuffle(every)
            for decision in every:
                keep_decision(session, 1, decision)
                take_effect(session, form, [decision.one, decision.other], by=None)
            found = session.execute(select(Submission.id, Submission.instance_id, Submission.duplicate_of)).all()
            called = {row[0]: row[1] for row in found}
            assert {row[1]: called[row[2]] for row in found if row[2]} == expected


def test_matching_again_and_again_asks_nobody_twice(post_node: Installation) -> None:
    post_node.publish(people_form())
    first, second, third = [send(post_node, **each) for each in (MAHAMADOU, MAMADOU, THIRD)]
    matched(post_node)
    admin = admin_of(post_node)
    decide(admin, first, second)
    decide(admin, first, third, "visit")
    decide(admin, second, third, "distinct")
    before = marks(post_node), post_node.rows("SELECT count(*) FROM event")
    for _ in range(10):
        with post_node.services.database.transaction() as session:
            for (submission_id,) in post_node.rows("SELECT id FROM submission"):
                match(session, 1, submission_id, post_node.services.secret)
        assert post_node.rows("SELECT count(*) FROM dup_pair WHERE asked") == [(0,)]
    assert (marks(post_node), post_node.rows("SELECT count(*) FROM event")) == before
