"""Evidence about interviews: what is seen, what is not, and what a form cannot bear."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bench.people.interviews import KINDS, interviews
from sync.rules.bit_counts import at_least, counts, ones
from sync.rules.enumerators import summaries
from sync.rules.interviews import Evidence, Interview, rules, sentence
from sync.rules.near_copies import Interviews, Standard

MORNING = datetime(2026, 11, 25, 8, tzinfo=UTC)


def honest(count: int = 60) -> list[Interview]:
    """Interviews as they should be: two enumerators, half an hour each, one after the other, a walk between them."""
    chance = random.Random(1)
    made = []
    for number in range(count):
        start = MORNING + timedelta(minutes=60 * number, seconds=chance.randrange(60))
        made.append(
            Interview(
                number,
                enumerator="ab"[number % 2],
                device=f"phone {number % 2}",
                start=start,
                end=start + timedelta(minutes=chance.uniform(20, 45)),
                answered=40,
                place=(13.5 + number * 0.001, 2.1),
                accuracy=5,
                subject=f"h{number}",
                grids={"trust": [chance.choice("12345") for _ in range(8)]},
            )
        )
    return made


def changed(made: list[Interview], number: int, **facts: object) -> list[Interview]:
    return [replace(each, **facts) if each.number == number else each for each in made]  # type: ignore[arg-type]


def seen(made: list[Interview]) -> dict[str, list[tuple[int, ...]]]:
    return {name: [each.interviews for each in rule(made)] for name, rule in rules().items()}


def test_every_rule_is_a_file_with_its_words_in_both_languages() -> None:
    assert set(rules()) == {"overlapping", "same_place", "same_second", "straight_lining", "too_fast"}
    assert not any(seen(honest()).values())
    assert not any(seen([]).values())


@pytest.mark.parametrize(
    ("rule", "facts", "expected"),
    [
        ("too_fast", {"end": MORNING + timedelta(minutes=4 * 60 + 3)}, (4,)),
        ("too_fast", {"active_seconds": 150.0}, (4,)),
        ("overlapping", {"start": MORNING + timedelta(minutes=2 * 60 + 5)}, (2, 4)),
        ("same_second", {"start": honest()[6].start}, (4, 6)),
        ("same_place", {"place": (13.508, 2.10001)}, (4, 8)),
        ("straight_lining", {"grids": {"trust": ["3"] * 8}}, (4,)),
    ],
)
def test_what_is_odd_is_seen_and_said(rule: str, facts: dict[str, object], expected: tuple[int, ...]) -> None:
    made = changed(honest(), 4, **facts)
    evidence = list(rules()[rule](made))
    assert [each.interviews for each in evidence] == [expected]
    assert 0 < evidence[0].strength <= 1
    french, english = sentence(evidence[0]), sentence(evidence[0], "en")
    assert french != english
    assert "{" not in french + english


def test_one_place_says_nothing_where_everybody_is_interviewed_at_one_post() -> None:
    made = honest()
    for number in range(0, 60, 2):
        made = changed(made, number, place=(13.5, 2.1))
    assert seen(made)["same_place"] == []


def test_the_same_answer_to_all_says_nothing_where_many_do_so() -> None:
    made = honest()
    for number in range(10):
        made = changed(made, number, grids={"trust": ["3"] * 8})
    assert seen(made)["straight_lining"] == []


def test_clocks_that_make_no_sense_are_no_evidence() -> None:
    made = changed(honest(), 4, start=MORNING + timedelta(days=400), end=MORNING)
    made = changed(made, 6, start=MORNING, end=MORNING + timedelta(days=2))
    assert not any(seen(made).values())


def test_an_enumerator_stands_beside_all_others() -> None:
    made = honest()
    evidence = [Evidence("too_fast", (number,), 0.9, {}) for number in range(0, 24, 2)]
    one, other = summaries(made, [*evidence, Evidence("too_fast", (1,), 0.9, {})])
    assert (one.enumerator, one.interviews, one.evidence["too_fast"]) == ("a", 30, 12)
    assert one.odd["too_fast"]
    assert not other.odd["too_fast"]
    assert one.excess["too_fast"] > 1 > other.excess["too_fast"]
    assert 20 < (one.median_minutes or 0) < 45


def test_counting_on_long_numbers_counts() -> None:
    chance = random.Random(2)
    bits = [chance.getrandbits(200) for _ in range(37)]
    expected = [sum(each >> place & 1 for each in bits) for place in range(200)]
    for least in (0, 1, 15, 20, 37, 64):
        found = at_least(counts(bits), least) & ((1 << 200) - 1)
        assert list(ones(found)) == [place for place, count in enumerate(expected) if count >= least]


def test_near_copies_are_found_exactly() -> None:
    kept = Interviews(KINDS[1].questions)
    for answers in interviews(KINDS[1], seed=5, count=250).answers:
        kept.add(answers)
    for standard in (Standard(5.0, 1.0, 66.0), Standard(-15.0, 1.0, 66.0)):
        for number in range(0, 250, 25):
            scored = {other: kept.compare(number, other).bits for other in range(250) if other != number}
            assert {each.number for each in kept.copies_of(number, standard)} == {
                other for other, bits in scored.items() if bits >= standard.bits
            }


def test_near_copies_stay_exact_when_interviews_go_and_some_are_nearly_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.rules.answer_matrix._TAIL", 64)
    made = interviews(KINDS[0], seed=5, count=200)
    book = Interviews(made.kind.questions)
    for answers in made.answers:
        book.add(answers)
    for answers in made.answers[:20]:
        book.add([answer if place < 9 else None for place, answer in enumerate(answers)])
    gone = set(range(3, 200, 7))
    for number in gone:
        book.remove(number)
    book.remove(3)
    assert (len(book), book.here) == (220, 220 - len(gone))
    for number in sorted(set(range(0, 220, 20)) - gone):
        scored = {other: book.compare(number, other) for other in set(range(220)) - gone - {number}}
        for bits in (-300.0, -10.0, 8.0, 60.0):
            found = book.copies_of(number, Standard(bits, 1.0, 0.0))
            assert {each.number: each for each in found} == {
                other: each for other, each in scored.items() if each.bits >= bits
            }


def test_copies_stand_out_on_a_telling_form_and_nothing_is_said_on_one_that_tells_nothing() -> None:
    telling, silent = (interviews(KINDS[kind], seed=5, count=400) for kind in (0, 2))
    books = []
    for made in (telling, silent):
        book = Interviews(made.kind.questions)
        for answers in made.answers:
            book.add(answers)
        books.append(book)
    standard = books[0].standard()
    assert standard.enough
    found = {
        (min(number, each.number), max(number, each.number))
        for number in range(400)
        for each in books[0].copies_of(number, standard)
    }
    assert telling.copies <= found
    assert len(found) <= len(telling.copies) + 4
    short = books[1].standard()
    assert not short.enough
    assert books[1].copies_of(0, short) == []


def test_a_young_form_says_nothing_yet() -> None:
    book = Interviews(3)
    assert book.add(["1", None, "2"]) == 0
    assert not book.standard().enough
    assert book.likest(0) is None
