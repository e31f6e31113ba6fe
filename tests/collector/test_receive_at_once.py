"""Rows 1 to 10 when everything arrives at the same moment (C77): in one process, and in several of one installation."""

from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle
from threading import Barrier

import pytest

from collector import release
from tests.collector.receiving import RULES, actions, files, is_sound, receipt, receipts, shown, submissions
from tests.installation import Installation, another_process, instance, new_id

Sent = tuple[bytes, Mapping[str, bytes]]


class Processes:
    """Several serving processes of one installation, each with a writer of its own; phones are spread over them."""

    def __init__(self, first: Installation, others: list[Installation]) -> None:
        self.first = first
        self.all = [first, *others]

    def send(self, *sent: Sent) -> list[int]:
        """POST all of it at the same moment; the status of each."""
        ready = Barrier(len(sent), timeout=30)

        def post(place: tuple[Installation, Sent]) -> int:
            process, (xml, photos) = place
            phone = Installation(process.app, process.services, process.app.test_client(), 1, process.phone)
            ready.wait()
            return phone.post(xml, photos).status_code

        with ThreadPoolExecutor(len(sent)) as pool:
            return list(pool.map(post, zip(cycle(self.all), sent)))

    def follow(self) -> None:
        """What the worker does after the events: find edits whose original was stored at the same moment."""
        with self.first.services.database.transaction() as session:
            connection = session.connection()
            for receipt_id in release.reunited(connection, self.first.project_id, 1000):
                release.reclassify(connection, self.first.project_id, receipt_id, RULES)


@pytest.fixture(
    params=[
        ("post_node", 1),
        ("post_node", 2),
        pytest.param(("hub", 1), marks=pytest.mark.postgres),
        pytest.param(("hub", 3), marks=pytest.mark.postgres),
    ],
    ids=["sqlite", "sqlite in two processes", "postgres", "postgres in three processes"],
)
def processes(request: pytest.FixtureRequest) -> Iterator[Processes]:
    name, number = request.param
    first: Installation = request.getfixturevalue(name)
    with ExitStack() as stack:
        yield Processes(first, [stack.enter_context(another_process(first)) for _ in range(number - 1)])


def test_the_same_instance_eight_times_at_once_is_stored_once(processes: Processes) -> None:
    """Row 1, C52, C77."""
    one = new_id()
    xml = instance(one, photo="a.jpg")
    assert processes.send(*[(xml, {"a.jpg": b"photo"})] * 8) == [201] * 8
    assert receipt(processes.first, one).version_no == 1
    assert len(files(processes.first, receipt(processes.first, one).id)) == 1
    assert actions(processes.first) == ["submission.create"]
    assert is_sound(processes.first)


def test_eight_contents_of_one_id_at_once_are_one_version_and_seven_conflicts(processes: Processes) -> None:
    """Row 6."""
    one = new_id()
    told = processes.send(*[(instance(one, name=f"Nom {number}"), {}) for number in range(8)])
    assert sorted(told) == [201] + [202] * 7
    assert Counter(each.status for each in receipts(processes.first)) == {"version": 1, "conflict": 7}
    assert len(submissions(processes.first)) == 1
    assert is_sound(processes.first)


def test_two_edits_of_one_original_at_once_are_one_version_and_one_conflict(processes: Processes) -> None:
    """Rows 7 and 10."""
    for _ in range(4):
        original, first, second = new_id(), new_id(), new_id()
        processes.first.post(instance(original))
        told = processes.send(*[(instance(each, deprecated_id=original), {}) for each in (first, second)])
        assert sorted(told) == [201, 202]
        statuses = sorted((receipt(processes.first, each).status, each) for each in (first, second))
        assert [status for status, _ in statuses] == ["conflict", "version"]
    assert is_sound(processes.first)


def test_originals_and_their_edits_at_once_end_as_chains(processes: Processes) -> None:
    """Rows 4, 7 and 9: whatever was told at the time, in the end every edit follows its original."""
    chains = [[new_id() for _ in range(3)] for _ in range(6)]
    sent: list[Sent] = [
        (instance(each, deprecated_id=chain[number - 1] if number else None), {})
        for chain in chains
        for number, each in reversed(list(enumerate(chain)))
    ]
    assert set(processes.send(*sent)) <= {201, 202}
    processes.follow()
    for chain in chains:
        assert [receipt(processes.first, each).version_no for each in chain] == [1, 2, 3]
    assert len(submissions(processes.first)) == 6
    assert processes.send(*sent) == [201] * 18
    assert is_sound(processes.first)


def test_thirty_two_different_ones_at_once_are_all_there(processes: Processes) -> None:
    """Row 4, C59: with their photos, in as many submissions, under numbers without gaps."""
    sent = {new_id(): b"photo %d" % number for number in range(32)}
    told = processes.send(*[(instance(one, photo="a.jpg"), {"a.jpg": photo}) for one, photo in sent.items()])
    assert told == [201] * 32
    assert {submission.instance_id for submission in submissions(processes.first)} == set(sent)
    assert all(shown(processes.first, one) == {"a.jpg": photo} for one, photo in sent.items())
    assert is_sound(processes.first)


def test_all_batches_of_one_instance_at_once_are_merged(processes: Processes) -> None:
    """Row 1, C45."""
    one = new_id()
    xml = instance(one, photo="0.jpg")
    assert processes.send(*[(xml, {f"{number}.jpg": b"%d" % number}) for number in range(8)]) == [201] * 8
    assert shown(processes.first, one) == {f"{number}.jpg": b"%d" % number for number in range(8)}
    assert is_sound(processes.first)


def test_one_name_with_eight_contents_at_once_shows_one_and_keeps_all(processes: Processes) -> None:
    """Row 2."""
    one = new_id()
    xml = instance(one, photo="a.jpg")
    assert processes.send(*[(xml, {"a.jpg": b"%d" % number}) for number in range(8)]) == [201] * 8
    kept = files(processes.first, receipt(processes.first, one).id)
    assert {file.content for file in kept} == {b"%d" % number for number in range(8)}
    assert sum(file.current for file in kept) == 1
    assert is_sound(processes.first)
