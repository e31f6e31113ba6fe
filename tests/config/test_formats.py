"""Numbers, sizes and moments read as people say them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import formats

NIAMEY = ZoneInfo("Africa/Niamey")  # UTC+1 all year
NOON = datetime(2026, 11, 17, 11, 0, tzinfo=UTC)  # a Tuesday, 12:00 in Niamey


def spoken(age: timedelta, language: str = "fr") -> str:
    return formats.relative(NOON - age, NOON, language, NIAMEY)


@pytest.mark.parametrize(
    ("age", "french", "english"),
    [
        (timedelta(seconds=20), "à l’instant", "just now"),
        (timedelta(minutes=12, seconds=50), "il y a 12\u00a0min", "12\u00a0min ago"),
        (timedelta(hours=5), "aujourd’hui 07:00", "today 07:00"),
        (timedelta(hours=13), "hier 23:00", "yesterday 23:00"),
        (timedelta(days=4), "vendredi 12:00", "Friday 12:00"),
        (timedelta(days=10, hours=2), "7 nov. 10:00", "7 Nov 10:00"),
        (timedelta(days=400), "13 oct. 2025", "13 Oct 2025"),
    ],
)
def test_a_moment_is_told_as_one_would_say_it(age: timedelta, french: str, english: str) -> None:
    assert spoken(age) == french
    assert spoken(age, "en") == english


def test_midnight_is_that_of_the_post_not_of_greenwich() -> None:
    assert spoken(timedelta(hours=12, minutes=30)) == "hier 23:30"


def test_a_moment_of_a_wrong_clock_is_given_in_full() -> None:
    assert spoken(-timedelta(days=3653)) == "17 nov. 2036 12:00"


def test_a_clock_that_is_a_little_ahead_is_not_worth_a_word() -> None:
    assert spoken(-timedelta(seconds=30)) == "à l’instant"


@given(st.timedeltas(min_value=timedelta(days=-9000), max_value=timedelta(days=9000)))
def test_every_moment_can_be_told_in_both_languages(age: timedelta) -> None:
    assert spoken(age)
    assert spoken(age, "en")


def test_the_exact_moment_has_its_weekday_and_hour() -> None:
    assert formats.exact(NOON, "fr", NIAMEY) == "mardi 17 novembre 2026 à\u00a012:00"
    assert formats.exact(NOON, "en", NIAMEY) == "Tuesday 17 November 2026 at\u00a012:00"


def test_a_plain_date_is_not_moved_by_a_time_zone() -> None:
    assert formats.day(date(2026, 11, 1), "fr", NIAMEY) == "1 nov. 2026"


def test_a_day_is_the_day_it_was_at_the_post() -> None:
    assert formats.day(datetime(2026, 11, 1, 23, 30, tzinfo=UTC), "en", NIAMEY) == "2 Nov 2026"


def test_numbers_follow_the_language() -> None:
    assert formats.number(12345.678, "fr") == "12\u202f345,68"
    assert formats.number(12345.678, "en") == "12,345.68"


@pytest.mark.parametrize(
    ("count", "french"),
    [
        (0, "0\u00a0octets"),
        (999, "999\u00a0octets"),
        (2_345_678, "2,3\u00a0Mo"),
        (999_600, "1\u00a0Mo"),
        (41_200_000, "41\u00a0Mo"),
        (5 * 10**15, "5\u202f000\u00a0To"),
    ],
)
def test_a_size_is_read_in_one_glance(count: int, french: str) -> None:
    assert formats.size(count, "fr") == french


@pytest.mark.parametrize(
    ("seconds", "french"),
    [
        (45, "45\u00a0s"),
        (240, "4\u00a0min"),
        (3599, "1\u00a0h"),
        (3900, "1\u00a0h\u00a005"),
        (100 * 3600, "4\u00a0j 4\u00a0h"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: int, french: str) -> None:
    assert formats.duration(seconds, "fr") == french


@given(st.integers(0, 500), st.integers(0, 500))
def test_percent_says_all_only_when_it_is_all_and_none_only_when_it_is_none(part: int, more: int) -> None:
    whole = part + more
    text = formats.percent(part, whole, "en")
    assert (text == "100%") == (whole > 0 and part == whole)
    assert (text == "0%") == (whole > 0 and part == 0)


def test_an_enumeration_ends_with_and() -> None:
    assert formats.enumeration(["Diffa", "Maradi", "Zinder"], "fr") == "Diffa, Maradi et Zinder"


def test_a_question_mark_stays_with_its_word() -> None:
    assert formats.unbroken("« Quel village ? »") == "«\u00a0Quel village\u00a0?\u00a0»"


def test_apostrophes_are_curved_in_words_and_left_alone_in_expressions() -> None:
    assert formats.unbroken("la liste n'existe pas") == "la liste n’existe pas"
    for expression in ("${a} = 'oui'", "concat('a','b')", "jr:choice-name(${a}, '${a}')"):
        assert formats.unbroken(expression) == expression
