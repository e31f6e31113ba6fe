"""Whatever is sent, in whatever order, however often: nothing is lost, nothing is there twice, chains hold (C38)."""

import hashlib
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector import release
from collector.arrival import Arrival, Sender, StoredFile
from collector.intake import Receive
from collector.outcomes import Outcome
from collector.submission_xml import canonical
from forms.publish import Published
from tests.collector.receiving import (
    RULES as DEFAULT_RULES,
)
from tests.collector.receiving import (
    Held,
    files,
    is_sound,
    receipts,
    same_content,
    set_form,
    submissions,
    visit,
    visit_form,
)
from tests.installation import Installation, new_id

FILES = {"a.jpg": b"photo", "b.m4a": b"voice"}
# One phone sends all of it.
RULES = replace(DEFAULT_RULES, conflict_quota=1_000_000)
FORM_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Copy:
    """One thing a phone sends: which of the instances, what it corrects, in which words, with which files."""

    instance: int
    corrects: int | None
    content: str
    again: bool
    version: str
    names: tuple[str, ...]


@st.composite
def journeys(draw: st.DrawFn, *, chain: bool = False) -> list[Copy | str]:
    """Deliveries in some order, some of them twice, and what happens to the form meanwhile. `chain`: nobody contradicts
    anybody, so that there is but one right end."""
    copies: list[Copy] = []
    for number in range(draw(st.integers(1, 5))):
        # 9 never comes.
        others = [0, number, 9, *range(number)]
        corrects = number - 1 if chain else draw(st.sampled_from(others))
        contents = ["A"] if chain else draw(st.lists(st.sampled_from("AB"), min_size=1, max_size=2, unique=True))
        version = draw(st.sampled_from("12"))
        for content in contents:
            for again in draw(st.sampled_from([(False,), (False, True)])):
                names = tuple(draw(st.sets(st.sampled_from(sorted(FILES)))))
                copies.append(Copy(number, corrects if number else None, content, again, version, names))
    replays = draw(st.lists(st.sampled_from(copies), max_size=4))
    changes = draw(st.lists(st.sampled_from(["publish", "close", "open"]), max_size=3))
    steps: list[Copy | str] = [*copies, *replays, *changes]
    return draw(st.permutations(steps))


class Journey:
    """Sends everything to a form of its own."""

    def __init__(self, relais: Installation) -> None:
        self.relais = relais
        self.form_id = f"journey{next(FORM_NUMBERS)}"
        self.form: Published = relais.publish(visit_form(form_id=self.form_id))
        self.ids = [new_id() for _ in range(10)]
        self.sent: dict[bytes, set[str]] = defaultdict(set)
        for content in FILES.values():
            relais.services.storage.put(hashlib.sha256(content).digest(), content)

    def xml(self, copy: Copy) -> bytes:
        xml = visit(
            self.ids[copy.instance],
            form_id=self.form_id,
            version=copy.version,
            deprecated_id=None if copy.corrects is None else self.ids[copy.corrects],
            name=copy.content,
            photo="a.jpg",
            voice="b.m4a",
        )
        return same_content(xml) if copy.again else xml

    def send(self, copy: Copy) -> int:
        xml = self.xml(copy)
        self.sent[xml].update(copy.names)
        arrival = Arrival(
            self.relais.project_id,
            xml,
            Sender(self.relais.phone.actor_id, None, None),
            tuple(
                StoredFile(name, "image/jpeg", hashlib.sha256(FILES[name]).digest(), "", len(FILES[name]))
                for name in copy.names
            ),
        )
        answer = self.relais.services.database.writer.commit(Receive(arrival, RULES, self.relais.services.secret))
        assert isinstance(answer, Outcome)
        return answer.status

    def take(self, steps: Sequence[Copy | str]) -> None:
        """Every step, and what the worker does after it; at the end the form is published and open."""
        for step in [*steps, "publish", "open"]:
            if isinstance(step, Copy):
                self.send(step)
                continue
            if step == "publish":
                self.relais.publish(visit_form("2", self.form_id))
            else:
                set_form(self.relais, self.form, state="closed" if step == "close" else "open")
            with self.relais.services.database.transaction() as session:
                connection, project_id = session.connection(), self.relais.project_id
                release.release_for_version(connection, project_id, self.form_id, "2", RULES, 100)
                if step == "open":
                    release.release_late(connection, project_id, self.form.form_id, RULES, 100)

    def receipts(self) -> list[Held]:
        return receipts(self.relais, form_id=self.form.form_id)


def chains_of(found: list[Held]) -> Iterator[list[Held]]:
    """The versions of every submission, first to last."""
    versions = sorted(
        (each for each in found if each.status == "version"), key=lambda each: (each.submission_id, each.version_no)
    )
    for _, chain in itertools.groupby(versions, key=lambda each: each.submission_id):
        yield list(chain)


def deprecated_id(xml: bytes) -> str | None:
    return xml.partition(b"<deprecatedID>")[2].partition(b"</")[0].decode() or None


def assert_nothing_lost(journey: Journey, found: list[Held]) -> None:
    """Every text sent is one receipt, byte for byte, with every file that came along with it."""
    assert Counter(each.xml for each in found) == Counter(journey.sent.keys())
    for each in found:
        kept = {file.name: file.content for file in files(journey.relais, each.id)}
        assert all(kept[name] == FILES[name] for name in journey.sent[each.xml])


def assert_chains(journey: Journey, found: list[Held]) -> None:
    """A submission's versions are numbered from 1 and each corrects the one before; what names a file shows it."""
    current = {submission.id: submission.current_receipt_id for submission in submissions(journey.relais)}
    for chain in chains_of(found):
        assert [each.version_no for each in chain] == list(range(1, len(chain) + 1))
        assert [deprecated_id(each.xml) for each in chain] == [None, *(each.instance_id for each in chain[:-1])]
        assert current[chain[0].id] == chain[-1].id
        inherited: set[str] = set()
        for each in chain:
            inherited |= journey.sent[each.xml]
            assert {file.name for file in files(journey.relais, each.id) if file.current} >= inherited


def assert_classes(found: list[Held]) -> None:
    """Of what is no version, each has its reason; nothing waits that could have been settled."""
    version = {each.instance_id: each for each in found if each.status == "version"}
    for each in found:
        mine, parent = version.get(each.instance_id), version.get(deprecated_id(each.xml) or "")
        if each.status == "same_content":
            assert mine is not None
            assert canonical(each.xml) == canonical(mine.xml)
        elif each.status == "conflict":
            reasons = {
                "same_id": mine is not None and canonical(each.xml) != canonical(mine.xml),
                "own_id": deprecated_id(each.xml) == each.instance_id,
                "stale_original": parent is not None,
                "ambiguous_original": parent is not None,
            }
            assert reasons[each.reason or ""]
        elif each.status == "held":
            assert parent is None
        else:
            assert each.status == "version"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def examples(request: pytest.FixtureRequest) -> tuple[Installation, int]:
    """An installation, and how many journeys it can bear in about two seconds."""
    if request.param == "sqlite":
        return request.getfixturevalue("post_node"), 25
    return request.getfixturevalue("hub"), 10


def try_journeys(
    number: int, strategy: st.SearchStrategy[list[Copy | str]], check: Callable[[list[Copy | str]], None]
) -> None:
    """Hypothesis around a function that has the fixtures already: one installation bears all journeys."""
    given(strategy)(settings(max_examples=number, suppress_health_check=list(HealthCheck))(check))()


def test_nothing_is_lost_and_chains_are_chains(examples: tuple[Installation, int]) -> None:
    relais, number = examples

    def check(steps: list[Copy | str]) -> None:
        journey = Journey(relais)
        journey.take(steps)
        found = journey.receipts()
        assert_nothing_lost(journey, found)
        assert_chains(journey, found)
        assert_classes(found)
        told = {each.xml: 201 if each.status in ("version", "same_content") else 202 for each in found}
        for step in steps:
            if isinstance(step, Copy):
                assert journey.send(replace(step, names=())) == told[journey.xml(step)]
        assert journey.receipts() == found

    try_journeys(number, journeys(), check)
    assert is_sound(relais)


def test_without_contradictions_every_order_ends_in_the_same_chain(examples: tuple[Installation, int]) -> None:
    relais, number = examples

    def check(steps: list[Copy | str]) -> None:
        journey = Journey(relais)
        journey.take(steps)
        found = journey.receipts()
        assert_nothing_lost(journey, found)
        (chain,) = chains_of(found)
        assert [each.instance_id for each in chain] == journey.ids[: len(chain)]
        assert len(chain) == len({step.instance for step in steps if isinstance(step, Copy)})
        assert Counter(each.status for each in found) == Counter(
            {"version": len(chain), "same_content": len(found) - len(chain)}
        )

    try_journeys(number, journeys(chain=True), check)
    assert is_sound(relais)
