"""Near copies as the worker finds them on both databases: with reasons, never settled by themselves, followed through edits and deletions."""

import threading
from urllib.parse import quote

import pytest
from sqlalchemy import select

from collector.models import Submission
from config.clock import now
from sync.learning import rescan
from sync.matching import match
from sync.models import MatchPair, NearForm
from sync.near_books import MOST_BYTES, books_of
from sync.near_standards import measure
from sync.rekeying import ask, rekey
from tests.collector.rest import admin_of
from tests.installation import Installation, new_id
from tests.sync.survey_form import filled, honest, interview, survey_form
from tests.sync.test_matching_stored import matched

SURVEY = "/v1/projects/1/forms/survey"


def worked(relais: Installation) -> None:
    """What the worker does, until nothing waits."""
    matched(relais)
    while measure(relais.services):
        pass
    while rescan(relais.services, threading.Event()):
        pass


def near(relais: Installation) -> dict[frozenset[str], dict[str, float]]:
    with relais.services.database.reading() as session:
        names = {each.id: each.instance_id for each in session.scalars(select(Submission))}
        return {
            frozenset((names[pair.one_id], names[pair.other_id])): pair.near
            for pair in session.scalars(select(MatchPair))
            if pair.near
        }


def copied(number: int, source: int) -> dict[str, str]:
    """An interview whose answers to choose from are those of another but for three."""
    own, theirs = honest(number), honest(source)
    kept = [name for name in theirs if name[0] in "qg" and name != "gps" and name not in ("q1", "q2", "g3")]
    return {**own, "water": theirs["water"], **{name: theirs[name] for name in kept}}


def surveyed(relais: Installation) -> dict[int, str]:
    """Thirty-two honest interviews, and one copied from number 3; their instanceIDs."""
    relais.publish(survey_form())
    sent = {number: interview(relais, honest(number)) for number in range(32)}
    sent[32] = interview(relais, copied(32, 3))
    worked(relais)
    return sent


def test_a_copied_interview_is_found_explained_and_left_to_a_person(relais: Installation) -> None:
    sent = surveyed(relais)
    pair = frozenset((sent[3], sent[32]))
    assert set(near(relais)) == {pair}
    found = near(relais)[pair]
    assert found["agreeing"] >= found["compared"] - 3 > 40
    assert found["bits"] > 20 > found["least"]
    admin = admin_of(relais)
    (listed,) = admin.json(f"{SURVEY}/duplicates")
    assert (listed["open"], listed["verdict"], listed["copy"]) == (True, None, None)
    assert listed["near"] == found
    (explained,) = admin.json(f"{SURVEY}/submissions/{quote(sent[32], safe='')}/duplicates")
    assert explained["nearExplanation"].startswith(f"{found['agreeing']} réponses à choix sur {found['compared']}")
    matching = admin.json(f"{SURVEY}/duplicates/matching")
    assert matching["nearCopies"]["enough"]
    assert matching["nearCopies"]["columns"] == 49
    # What is kept are numbers and keyed hashes.
    stored = repr(
        relais.rows("SELECT vector, near_evidence FROM dup_feature") + relais.rows("SELECT h FROM near_choice")
    )
    for clear in ("Amina", "Boubacar", "Ménage"):
        assert clear not in stored
    # Called distinct, it stays so however often it is found again, until an answer to choose from changes.
    verdict = {"one": sent[3], "other": sent[32], "verdict": "distinct"}
    assert admin.call("POST", f"{SURVEY}/duplicates/decisions", json=verdict).status_code == 200
    # Nor does a new key make anybody ask again.
    choices = set(relais.rows("SELECT h FROM near_choice"))
    with relais.services.database.transaction() as session:
        ask(session, [relais.project_id])
    while rekey(relais.services, threading.Event()):
        pass
    assert not choices.intersection(relais.rows("SELECT h FROM near_choice"))
    _rescan(relais)
    assert len(relais.rows("SELECT h FROM near_choice")) == len(choices)
    assert set(near(relais)) == {pair}
    assert admin.json(f"{SURVEY}/duplicates") == []
    interview(relais, {**copied(32, 3), "q1": "a", "q5": "zzz"}, deprecated_id=sent[32])
    worked(relais)
    assert len(admin.json(f"{SURVEY}/duplicates")) == 1


def _rescan(relais: Installation) -> None:
    with relais.services.database.transaction() as session:
        for submission_id in session.scalars(select(Submission.id)):
            match(session, relais.project_id, submission_id, relais.services.secret)


def test_the_book_follows_edits_the_trash_and_a_start_anew(
    post_node: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    relais, sent = post_node, surveyed(post_node)
    interview(relais, honest(99), deprecated_id=sent[32])
    worked(relais)
    assert near(relais) == {}
    again = interview(relais, copied(40, 5))
    matched(relais)
    assert set(near(relais)) == {frozenset((sent[5], again))}
    # Another process reads all from the table and finds the same.
    engine = relais.services.database.engine
    books_of(engine).clear()
    _rescan(relais)
    assert set(near(relais)) == {frozenset((sent[5], again))}
    # A transaction that fails leaves the book as the table is.
    with pytest.raises(RuntimeError):
        _into_the_trash(relais, sent[5], fail=True)
    _rescan(relais)
    assert set(near(relais)) == {frozenset((sent[5], again))}
    _into_the_trash(relais, sent[5])
    assert near(relais) == {}
    # Of a form larger than the memory set aside, the newest are compared.
    monkeypatch.setattr("sync.near_books.MOST_BYTES", MOST_BYTES // 10_000)
    books_of(engine).clear()
    newest = interview(relais, copied(41, 20))
    matched(relais)
    assert set(near(relais)) == {frozenset((sent[20], newest))}


def _into_the_trash(relais: Installation, instance_id: str, *, fail: bool = False) -> None:
    with relais.services.database.transaction() as session:
        gone = session.scalars(select(Submission).where(Submission.instance_id == instance_id)).one()
        gone.deleted_at = now()
        match(session, relais.project_id, gone.id, relais.services.secret)
        if fail:
            raise RuntimeError


def test_a_form_too_short_to_tell_says_so_and_a_longer_version_does_not_lose_the_older(post_node: Installation) -> None:
    relais, few = post_node, ("q0", "q1")
    relais.publish(survey_form(questions=few))
    short = {number: {**honest(number), **dict.fromkeys([f"g{g}" for g in range(6)], "1")} for number in range(31)}
    for answers in short.values():
        kept = {name: text for name, text in answers.items() if name[0] != "q" or name in few}
        assert relais.post(filled(new_id(), kept)).status_code == 201
    worked(relais)
    admin = admin_of(relais)
    assert not admin.json(f"{SURVEY}/duplicates/matching")["nearCopies"]["enough"]
    assert near(relais) == {}
    relais.publish(survey_form("2"))
    interview(relais, honest(50), version="2")
    worked(relais)
    with relais.services.database.reading() as session:
        form = session.scalars(select(NearForm)).one()
        assert len(form.columns) == 49
    assert len(relais.rows("SELECT 1 FROM dup_feature WHERE vector IS NOT NULL")) == 32
