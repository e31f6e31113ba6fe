"""What the matcher keeps of submissions on both databases: found within one pass, again the same, forgotten with them."""

import threading
from typing import Any

import pytest
from sqlalchemy import select

from accounts.models import Consumer
from collector.models import Submission
from collector.purge import erase
from config.clock import now
from sync.follow_matching import NAME, follow
from sync.learning import learn_forms, rescan
from sync.matching import match
from sync.models import MatchFeature, MatchForm, MatchKey, MatchPair
from sync.rekeying import ask, rekey
from tests.installation import Installation
from tests.sync.people_form import FATIMATA, MAHAMADOU, MAMADOU, ROLES, people_form, send
from tests.sync.rules.people import register


def matched(relais: Installation) -> None:
    """What the worker does, until nothing waits."""
    while follow(relais.services, threading.Event()):
        pass


def kept(relais: Installation) -> dict[str, list[tuple[Any, ...]]]:
    """Every row the matcher keeps of submissions."""
    columns = {
        "match_key": "project_id, h, submission_id",
        "dup_feature": "submission_id, receipt_id, said",
        "dup_pair": "one_id, other_id, copy, evidence",
    }
    return {name: relais.rows(f"SELECT {listed} FROM {name} ORDER BY 1, 2, 3") for name, listed in columns.items()}


def pairs(relais: Installation) -> dict[frozenset[str], tuple[float | None, str | None]]:
    """Bits and kind of copy by the two instanceIDs."""
    with relais.services.database.reading() as session:
        names = {each.id: each.instance_id for each in session.scalars(select(Submission))}
        return {
            frozenset((names[pair.one_id], names[pair.other_id])): (pair.bits, pair.copy)
            for pair in session.scalars(select(MatchPair))
        }


@pytest.fixture
def people(relais: Installation) -> Installation:
    relais.publish(people_form())
    return relais


def test_one_person_in_two_spellings_is_found_and_others_are_not(people: Installation) -> None:
    first, other, again = send(people, **MAHAMADOU), send(people, **FATIMATA), send(people, **MAMADOU)
    matched(people)
    found = pairs(people)
    bits, copy = found.pop(frozenset((first, again)))
    assert bits is not None
    assert bits > 3
    assert copy is None
    assert other not in frozenset().union(*found)


def test_a_copy_under_a_new_id_is_found_whatever_the_form_asks(people: Installation) -> None:
    first, exact = send(people, **MAHAMADOU), send(people, **MAHAMADOU)
    later = send(people, **MAHAMADOU, end="2026-11-25T09:00:00.000+01:00")
    matched(people)
    assert {pair: copy for pair, (_, copy) in pairs(people).items()} == {
        frozenset((first, exact)): "exact",
        frozenset((first, later)): "answers",
        frozenset((exact, later)): "answers",
    }


def test_matching_twice_changes_nothing_and_an_edit_is_matched_anew(people: Installation) -> None:
    first, other = send(people, **MAHAMADOU), send(people, **MAMADOU)
    matched(people)
    before = kept(people)
    with people.services.database.transaction() as session:
        for submission in session.scalars(select(Submission)):
            match(session, people.project_id, submission.id, people.services.secret)
    assert kept(people) == before
    send(people, deprecated_id=other, **FATIMATA)
    matched(people)
    assert frozenset((first, other)) not in pairs(people)


def test_a_killed_worker_goes_on_where_it_was(people: Installation) -> None:
    for _ in range(3):
        send(people, **MAHAMADOU)
    matched(people)
    before = kept(people)
    with people.services.database.transaction() as session:
        cursor = session.get(Consumer, (NAME, people.project_id))
        assert cursor is not None
        cursor.seq = 0
    matched(people)
    assert kept(people) == before


def test_what_is_in_the_trash_is_not_matched_and_what_is_erased_leaves_no_key(people: Installation) -> None:
    first, other = send(people, **MAHAMADOU), send(people, **MAMADOU)
    matched(people)
    with people.services.database.transaction() as session:
        gone = session.scalars(select(Submission).where(Submission.instance_id == other)).one()
        gone.deleted_at = now()
        match(session, people.project_id, gone.id, people.services.secret)
    assert pairs(people) == {}
    with people.services.database.transaction() as session:
        left = session.scalars(select(Submission).where(Submission.instance_id == first)).one()
        erase(session, people.project_id, [left.id, gone.id])
    with people.services.database.reading() as session:
        for table in (MatchKey, MatchFeature, MatchPair):
            assert session.scalars(select(table)).first() is None


def test_no_answer_stands_in_clear_in_what_is_kept(people: Installation) -> None:
    send(people, **MAHAMADOU)
    send(people, **MAMADOU)
    matched(people)
    everything = repr(kept(people)) + repr(people.rows("SELECT * FROM dup_form"))
    for clear in ("Mahamadou", "mahamadou", "Zongo", "zongo", "90112233", "Tenkodogo", "tenkodogo"):
        assert clear not in everything


def test_a_version_with_other_roles_has_its_form_matched_again(people: Installation) -> None:
    send(people, **MAHAMADOU)
    matched(people)
    people.publish(people_form("2", roles={"name": "name", "phone": "phone", "village": "ignore"}))
    send(people, version="2", **MAMADOU)
    matched(people)
    with people.services.database.reading() as session:
        form = session.scalars(select(MatchForm)).one()
        assert form.roles == {"/name": "name", "/phone": "phone", "/village": "ignore"}
        assert form.rescan_after == 0


def test_a_form_is_learnt_and_matched_again_by_what_was_learnt(
    post_node: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.learning.LEAST", 40)
    post_node.publish(people_form())
    for row in register().rows[:60]:
        send(post_node, **{name: row[name] for name in ROLES})
    first, again = send(post_node, **MAHAMADOU), send(post_node, **MAMADOU)
    matched(post_node)
    before = pairs(post_node)[frozenset((first, again))]
    assert learn_forms(post_node.services) == 1
    assert learn_forms(post_node.services) == 0
    while rescan(post_node.services, threading.Event()):
        pass
    after = pairs(post_node)[frozenset((first, again))]
    assert after[0] != before[0]
    with post_node.services.database.reading() as session:
        form = session.scalars(select(MatchForm)).one()
        assert (form.learnt_from, form.model_no, form.rescan_after, form.stopped) == (62, 1, None, None)
        assert {pair.model_no for pair in session.scalars(select(MatchPair))} == {1}
    # Under a new key the same is counted, and every score stays what it was.
    counted, scored = counts(post_node), pairs(post_node)
    with post_node.services.database.transaction() as session:
        ask(session, [post_node.project_id])
    while rekey(post_node.services, threading.Event()):
        pass
    assert sorted(counts(post_node).values()) == sorted(counted.values())
    assert not counts(post_node).keys() & counted.keys()
    with post_node.services.database.transaction() as session:
        session.scalars(select(MatchForm)).one().rescan_after = 0
    while rescan(post_node.services, threading.Event()):
        pass
    assert pairs(post_node) == scored


def counts(relais: Installation) -> dict[str, int]:
    """How often a form's values were met, by keyed hash."""
    with relais.services.database.reading() as session:
        model = session.scalars(select(MatchForm)).one().model
        assert model is not None
        return dict(model["counts"])
