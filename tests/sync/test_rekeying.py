"""A new key for what the matcher keeps: nobody is missed while it is made, nothing of the former is left, verdicts stay."""

import json
import threading
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from app import cli
from sync import rehashing
from sync.matchers import matching_key, matching_keys
from sync.models import MatchSecret
from sync.rekeying import ask, rekey, waiting
from tests.installation import Installation
from tests.sync.people_form import FATIMATA, MAHAMADOU, MAMADOU, people_form, send
from tests.sync.test_matching_stored import matched, pairs

GO_ON = threading.Event()


def asked(relais: Installation) -> None:
    with relais.services.database.transaction() as session:
        ask(session, [relais.project_id])


def hashed(relais: Installation) -> set[Any]:
    """Every number and hash that a key stands behind."""
    keys = {row[0] for row in relais.rows("SELECT h FROM match_key")}
    contents = {bytes(each) for row in relais.rows("SELECT exact_hash, answers_hash FROM dup_feature") for each in row}
    names = {each for row in relais.rows("SELECT who, device, cell FROM seen_interview") for each in row}
    return keys | contents | names - {None}


def verdicts(relais: Installation) -> list[tuple[Any, ...]]:
    return relais.rows("SELECT one_id, other_id, bits, evidence FROM dup_pair ORDER BY 1, 2")


@pytest.fixture
def people(relais: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """Three submissions, two of one person; hashed two at a time."""
    monkeypatch.setattr(rehashing, "TOGETHER", 2)
    relais.publish(people_form())
    for answers in (MAHAMADOU, FATIMATA, MAMADOU):
        send(relais, **answers)
    matched(relais)
    return relais


def test_a_new_key_leaves_nothing_hashed_by_the_former_and_no_pair_changes(people: Installation) -> None:
    before, found = hashed(people), verdicts(people)
    asked(people)
    while rekey(people.services, GO_ON):
        pass
    after = hashed(people)
    assert len(after) == len(before)
    assert not after & before
    assert verdicts(people) == found
    with people.services.database.reading() as session:
        row = session.scalars(select(MatchSecret)).one()
        assert (row.former, row.asked_at, len(row.salt)) == (None, None, 32)
        current, former = matching_keys(session, people.project_id, people.services.secret)
    assert former is None
    assert current != matching_key(people.services.secret)
    assert not rekey(people.services, GO_ON)


def test_while_it_is_made_everybody_is_found_and_killed_it_goes_on(people: Installation) -> None:
    asked(people)
    assert rekey(people.services, GO_ON)  # a new salt
    assert rekey(people.services, GO_ON)  # the first two are hashed anew
    with people.services.database.reading() as session:
        reached = waiting(session)[people.project_id]
    asked(people)  # again: gone on with, not begun again
    near, copy = send(people, **{**MAMADOU, "age": "37", "note": "d"}), send(people, **FATIMATA)
    matched(people)
    found = {pair: kind for pair, (_, kind) in pairs(people).items()}
    assert sum(near in pair for pair in found) == 2
    assert [kind for pair, kind in found.items() if copy in pair] == ["exact"]
    while rekey(people.services, GO_ON):
        with people.services.database.reading() as session:
            assert waiting(session).get(people.project_id, reached) >= reached
    assert {pair: kind for pair, (_, kind) in pairs(people).items()} == found


def test_the_command_does_it_itself_where_no_server_runs(post_node: Installation) -> None:
    post_node.publish(people_form())
    first, again = send(post_node, **MAHAMADOU), send(post_node, **MAMADOU)
    matched(post_node)
    before = hashed(post_node)
    here = {"RELAIS_DATA": str(post_node.services.settings.data)}
    made = CliRunner().invoke(cli, ["matching", "rotate-key", "--project", str(post_node.project_id)], env=here)
    assert json.loads(made.stdout) == {"projects": [post_node.project_id], "done": True}
    assert CliRunner().invoke(cli, ["matching", "rotate-key", "--project", "99"], env=here).exit_code == 1
    assert not hashed(post_node) & before
    assert frozenset((first, again)) in pairs(post_node)
