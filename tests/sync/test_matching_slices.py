"""A slice matched together ends as if one had been matched after the other; what changes meanwhile is looked at again."""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from collector.duplicates import mark
from collector.models import Receipt, Submission
from config.clock import now
from sync.matching import look, match, write
from sync.matching_slices import OvertakenError, Slices
from sync.models import MatchForm
from tests.installation import Installation, new_id
from tests.sync.people_form import FATIMATA, MAHAMADOU, MAMADOU, people_form, person, send
from tests.sync.survey_form import GRID, filled, honest, survey_form
from tests.sync.test_matching_stored import matched, pairs

FEW = tuple(f"q{number}" for number in range(12))
PEOPLE = (MAHAMADOU, MAMADOU, FATIMATA)
COMPARED = {
    "match_key": "submission_id, h",
    "dup_feature": "submission_id, receipt_id, exact_hash, answers_hash, said, evidence, vector, near_evidence",
    "dup_pair": "one_id, other_id, bits, copy, evidence, asked, near, near_evidence, model_no",
    "near_choice": "form_id, column_no, code, h",
    "seen_interview": 'submission_id, form_id, who, device, start, "end", seconds, answered, cell, grids',
    "seen_evidence": "submission_id, rule, other_id, strength, facts, mark",
    "seen_form": "form_id, since",
    "dup_decision": "uid, one, other",
    "submission": "id, duplicate_of",
}


def interview(chance: random.Random, kept: list[dict[str, str]]) -> dict[str, str]:
    """Few households, phones and moments, so that much is met again; now and then what was said before, or nearly."""
    if kept and chance.random() < 0.5:
        before = chance.choice(kept)
        return {**before, "q1": chance.choice("ab")} if chance.random() < 0.5 else before
    made = honest(chance.randrange(6), household=f"Ménage {chance.randrange(4)}")
    said = {name: chance.choice("abc") for name in FEW} | dict.fromkeys(GRID, chance.choice("12"))
    kept.append({name: text for name, text in {**made, **said}.items() if name[0] != "q" or name in FEW})
    return kept[-1]


@pytest.fixture
def stored(relais: Installation) -> Installation:
    """Twenty-four submissions of two forms, half of them with a second version."""
    relais.publish(people_form())
    relais.publish(survey_form(questions=FEW))
    chance, kept = random.Random(5), list[dict[str, str]]()
    for number in range(24):
        first, of_people = new_id(), number % 3 == 0

        def xml(instance_id: str, before: str = "", of_people: bool = of_people) -> bytes:
            if of_people:
                return person(instance_id, deprecated_id=before, **chance.choice(PEOPLE))
            return filled(instance_id, interview(chance, kept), deprecated_id=before)

        assert relais.post(xml(first)).status_code == 201
        if number % 2:
            assert relais.post(xml(new_id(), first)).status_code == 201
    matched(relais)
    with relais.services.database.transaction() as session:
        standard = '{"bits": 6.0, "power": 1.0, "information": 20.0}'
        session.execute(text("UPDATE near_form SET standard = :standard, measured = 40"), {"standard": standard})
        usual = (
            '{"same_place": {"placed": 50, "busiest": 3}, "too_fast": {"count": 30, "middle": 6.0, "spread": 0.1}, '
            '"straight_lining": {"/trust/g0": [40, 1]}}'
        )
        session.execute(text("UPDATE seen_form SET usual = :usual"), {"usual": usual})
    return relais


def begun_anew(relais: Installation) -> None:
    """Nothing is matched, and every submission stands in its first version."""
    with relais.services.database.transaction() as session:
        for table in ("match_key", "dup_feature", "dup_pair", "seen_evidence", "seen_interview", "near_choice"):
            session.execute(text(f"DELETE FROM {table}"))
        session.execute(text("DELETE FROM dup_decision"))
        session.execute(text("UPDATE seen_form SET since = 0"))
        session.execute(text("UPDATE near_form SET stamp = stamp + 1"))
        session.execute(update(Submission).values(current_receipt_id=Submission.id, deleted_at=None))
        mark(session, 1, dict.fromkeys(session.scalars(select(Submission.id))), by=None)


def change(relais: Installation, changes: list[int]) -> None:
    """Each of these goes into the trash or out of it, or stands in its other version."""
    with relais.services.database.transaction() as session:
        for which in changes:
            submission = session.scalars(select(Submission).order_by(Submission.id).offset(which // 2).limit(1)).one()
            if which % 2:
                submission.deleted_at = None if submission.deleted_at else now()
                mark(session, 1, {submission.id: None}, by=None)
            else:
                versions = select(Receipt.id).where(Receipt.submission_id == submission.id).order_by(Receipt.id)
                others = [each for each in session.scalars(versions) if each != submission.current_receipt_id]
                submission.current_receipt_id = others[0] if others else submission.current_receipt_id


def tables(relais: Installation) -> dict[str, list[str]]:
    return {
        name: sorted(repr(row) for row in relais.rows(f"SELECT {columns} FROM {name}"))
        for name, columns in COMPARED.items()
    }


def carried_out(
    relais: Installation, stream: list[tuple[list[int], list[int]]], together: Callable[[list[int]], None]
) -> Any:
    begun_anew(relais)
    numbers = [row[0] for row in relais.rows("SELECT id FROM submission ORDER BY id")]
    for changes, which in stream:
        change(relais, changes)
        together([numbers[each] for each in which])
    return tables(relais)


STREAMS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 47), max_size=4, unique=True),
        st.lists(st.integers(0, 23), min_size=1, max_size=24, unique=True),
    ),
    min_size=1,
    max_size=5,
)


@settings(
    phases=(Phase.explicit, Phase.generate),
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
@given(stream=STREAMS)
def test_slices_end_as_if_one_had_been_matched_after_the_other(
    stored: Installation, stream: list[tuple[list[int], list[int]]]
) -> None:
    services = stored.services

    def one_by_one(ids: list[int]) -> None:
        for each in ids:
            with services.database.transaction() as session:
                match(session, 1, each, services.secret)

    def at_once(ids: list[int]) -> None:
        Slices(services, threading.Event()).match(1, ids, lambda session: True)

    alone = carried_out(stored, [([], list(range(24))), *stream], one_by_one)
    together = carried_out(stored, [([], list(range(24))), *stream], at_once)
    for name, rows in alone.items():
        assert together[name] == rows, name


def test_what_changes_while_nothing_is_locked_is_looked_at_again(post_node: Installation) -> None:
    post_node.publish(people_form())
    send(post_node, **MAHAMADOU)
    other = send(post_node, **MAMADOU)
    matched(post_node)
    services = post_node.services
    with services.database.reading() as session:
        looked = look(session, 1, [1, 2], services.secret, None)
    send(post_node, deprecated_id=other, **FATIMATA)
    with services.database.transaction() as session:
        assert not write(session, looked)
    with services.database.reading() as session:
        looked = look(session, 1, [1, 2], services.secret, None)
    with services.database.transaction() as session:
        session.scalars(select(MatchForm)).one().model_no += 1
    with services.database.transaction() as session:
        assert not write(session, looked)
    Slices(services, threading.Event()).match(1, [1, 2], lambda session: True)
    assert pairs(post_node) == {}
    # Another process has gone on: nothing is written.
    send(post_node, **MAHAMADOU)
    with pytest.raises(OvertakenError):
        Slices(services, threading.Event()).match(1, [1, 2, 4], lambda session: False)
    assert pairs(post_node) == {}
    matched(post_node)
    assert {copy for _, copy in pairs(post_node).values()} == {"exact"}
