"""How well two answers agree, in few levels: 0 is best, the last is "they differ". One function for each kind of field."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rapidfuzz.distance import OSA, JaroWinkler

from sync.rules.identity.sounds import fold, skeleton, sound

_DIGITS = re.compile(r"\d+")
_PUNCTUATION = re.compile(r"[\W_]+")
# Country codes a number may be written with or without: Niger, Mali, Burkina Faso and their neighbours.
_COUNTRY = re.compile(r"^(?:00|\+)?(?:2(?:2[0-9]|3[0-9])|213|218)(?=\d{8,10}$)")
_DATE = re.compile(r"\s*(\d{4})-?(\d{2})-?(\d{2})")
# A code of a list (NE-6.01, PK 12): nobody types it, and the next one is another place.
_LISTED = re.compile(r"[a-z]{1,3}(?: ?\d+)+")
PHONE_DIGITS = 8
# Any year will do: only differences are looked at.
BIRTHS_COUNTED_FROM = 2030
Date = tuple[int, int, int]
EARTH_METRES = 6_371_000.0
# Villages, ages and days are met again and again.
REMEMBERED = 50_000


@lru_cache(maxsize=REMEMBERED)
def read_text(text: str) -> str | None:
    """Small letters and digits, single spaces, no marks; None when nothing is left."""
    spaced = " ".join(_PUNCTUATION.sub(" ", text.lower()).split())
    if spaced.isascii():
        return spaced or None
    return " ".join(filter(None, (_folded(word) for word in spaced.split()))) or None


def _folded(word: str) -> str:
    return "".join(
        part if part.isdigit() else fold(part).replace(" ", "") or part for part in re.findall(r"\d+|\D+", word)
    )


def read_code(text: str) -> str | None:
    """Letters and digits only: what is left of a number on a card, however it is spaced."""
    return _PUNCTUATION.sub("", text.lower()) or None


def read_phone(text: str) -> str | None:
    """The last eight digits without the country; None for what is no number (fewer than six digits, or one digit repeated)."""
    if len(text) == PHONE_DIGITS and text.isascii() and text.isdigit():
        # As most are written.
        return text if len(set(text)) > 1 else None
    plain = re.sub(r"[^\d+]", "", text)
    digits = "".join(_DIGITS.findall(_COUNTRY.sub("", plain)))[-PHONE_DIGITS:]
    return digits if len(digits) >= 6 and len(set(digits)) > 1 else None


@lru_cache(maxsize=REMEMBERED)
def read_date(text: str) -> Date | str | None:
    """Year, month, day of 2026-11-25, 20261125 or a date with a time; parts out of range are kept (a slip is still evidence). What is no
    date is a choice that stands for one (a round, a wave)."""
    digits = _DATE.match(text)
    return (int(digits[1]), int(digits[2]), int(digits[3])) if digits else read_text(text)


@lru_cache(maxsize=REMEMBERED)
def read_age(text: str) -> int | None:
    """Whole years, or those since a date of birth (counted from one year for all); None when it is none or no human's."""
    birth = _DATE.match(text)
    number = re.match(r"\s*(\d{1,3})(?:[.,]\d+)?\s*$", text)
    years = BIRTHS_COUNTED_FROM - int(birth[1]) if birth else int(number[1]) if number else -1
    return years if 0 <= years <= 120 else None


def read_place(text: str) -> tuple[float, float] | None:
    """Latitude and longitude of "lat lon alt acc"; None when it is no place on Earth (0 0 is a phone without a fix)."""
    try:
        latitude, longitude = (float(part) for part in text.split()[:2])
    except ValueError:
        return None
    fits = -90 <= latitude <= 90 and -180 <= longitude <= 180 and (latitude, longitude) != (0.0, 0.0)
    return (latitude, longitude) if fits else None


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Distance over ground."""
    north = math.radians(other[0] - one[0])
    east = math.radians((other[1] - one[1] + 180) % 360 - 180) * math.cos(math.radians((one[0] + other[0]) / 2))
    return EARTH_METRES * math.hypot(north, east)


@lru_cache(maxsize=200_000)
def place_key(text: str) -> str:
    """Equal for most spellings of a place's name; digits are kept, but not their order (they are exchanged more than replaced)."""
    return "".join("".join(sorted(word)) if word[0].isdigit() else skeleton(sound(fold(word))) for word in text.split())


def text_level(one: str, other: str) -> int:
    """Equal, nearly so (a slip, words in another order), something in common, different."""
    if one == other:
        return 0
    if _LISTED.fullmatch(one) and _LISTED.fullmatch(other):
        return 3
    shorter = min(len(one), len(other))
    if shorter >= 4 and OSA.distance(one, other, score_cutoff=1) == 1:
        return 1
    likeness = JaroWinkler.similarity(one, other, score_cutoff=0.8)
    if likeness >= 0.93 and shorter >= 5:
        return 1
    if " " in one and " " in other and sorted(one.split()) == sorted(other.split()):
        return 1
    if likeness >= 0.85 or (" " in one and " " in other and _shared_words(one, other)):
        return 2
    return 3


def _shared_words(one: str, other: str) -> bool:
    """Half of the words, or all of the shorter text (28 Pondeossa for 28 John Cleland Crescent Ponderossa)."""
    words, others = sorted((set(one.split()), set(other.split())), key=len)
    if 2 * len(words & others) >= len(others):
        return True
    return len(words) >= 2 and all(
        word in others or (len(word) >= 5 and any(OSA.distance(word, each, score_cutoff=1) <= 1 for each in others))
        for word in words
    )


def code_level(one: str, other: str) -> int:
    """Equal, one slip (a digit, two exchanged), two slips in a long one, different."""
    if one == other:
        return 0
    shorter = min(len(one), len(other))
    slips = OSA.distance(one, other, score_cutoff=2)
    return 1 if slips == 1 and shorter >= 5 else 2 if slips <= 2 and shorter >= 7 else 3


def same_level(one: str, other: str) -> int:
    """Equal or not."""
    return 0 if one == other else 1


def date_level(one: Date | str, other: Date | str) -> int:
    """Equal; a slip (one digit, day and month exchanged); two of year, month and day equal; the same year; different."""
    if one == other:
        return 0
    if isinstance(one, str) or isinstance(other, str):
        return 4
    if one[0] == other[0] and one[1] == other[2] and one[2] == other[1]:
        return 1
    if OSA.distance(_digits(one), _digits(other), score_cutoff=1) == 1:
        return 1
    agreeing = sum(mine == theirs for mine, theirs in zip(one, other, strict=True))
    if agreeing == 2:
        return 2
    return 3 if one[0] == other[0] else 4


def _digits(date: Date) -> str:
    return f"{date[0]:04}{date[1]:02}{date[2]:02}"


def age_level(one: int, other: int) -> int:
    """Equal; equal but round (ages heap at 0 and 5); two years apart; five; ten; more."""
    apart = abs(one - other)
    if apart == 0:
        return 1 if one % 5 == 0 else 0
    return 2 if apart <= 2 else 3 if apart <= 5 else 4 if apart <= 10 else 5


def gps_level(one: tuple[float, float], other: tuple[float, float]) -> int:
    """Within 30 m, 100 m, 500 m, 2 km, 10 km, farther."""
    distance = metres(one, other)
    return next((level for level, most in enumerate((30, 100, 500, 2_000, 10_000)) if distance <= most), 5)


@dataclass(frozen=True, slots=True)
class Kind:
    """How answers of a kind are read and compared. `m` and `u`: how often each level is met among submissions of one person and
    of two, before anything has been learnt; `telling`: agreement on a rare value counts more."""

    name: str
    read: Callable[[str], Any]
    level: Callable[[Any, Any], int]
    m: tuple[float, ...]
    u: tuple[float, ...]
    telling: bool = False
    kin: tuple[float, ...] | None = None
    """how often among different people of one household; None where they agree no oftener than anybody"""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "person_id", read_code, code_level, (0.93, 0.04, 0.01, 0.02), (0.0002, 0.0003, 0.0005, 0.999), telling=True
        ),
        Kind(
            "phone",
            read_phone,
            code_level,
            (0.85, 0.06, 0.01, 0.08),
            (0.0002, 0.0002, 0.0006, 0.999),
            telling=True,
            kin=(0.5, 0.01, 0.005, 0.485),
        ),
        Kind(
            "household",
            read_code,
            code_level,
            (0.9, 0.04, 0.01, 0.05),
            (0.002, 0.01, 0.02, 0.968),
            telling=True,
            kin=(0.9, 0.04, 0.01, 0.05),
        ),
        Kind(
            "place",
            read_text,
            text_level,
            (0.86, 0.08, 0.02, 0.04),
            (0.01, 0.003, 0.02, 0.967),
            telling=True,
            kin=(0.86, 0.08, 0.02, 0.04),
        ),
        Kind(
            "post",
            read_text,
            text_level,
            (0.93, 0.03, 0.01, 0.03),
            (0.1, 0.01, 0.05, 0.84),
            telling=True,
            kin=(0.93, 0.03, 0.01, 0.03),
        ),
        Kind("date", read_date, date_level, (0.85, 0.08, 0.02, 0.02, 0.03), (0.0004, 0.001, 0.005, 0.02, 0.9736)),
        Kind(
            "age",
            read_age,
            age_level,
            (0.3, 0.25, 0.25, 0.12, 0.04, 0.04),
            (0.02, 0.04, 0.07, 0.12, 0.17, 0.58),
            telling=True,
        ),
        Kind("sex", read_code, same_level, (0.985, 0.015), (0.5, 0.5)),
        Kind(
            "gps",
            read_place,
            gps_level,
            (0.45, 0.2, 0.15, 0.08, 0.06, 0.06),
            (0.001, 0.004, 0.02, 0.05, 0.1, 0.825),
            kin=(0.45, 0.2, 0.15, 0.08, 0.06, 0.06),
        ),
        Kind("enumerator", read_code, same_level, (0.6, 0.4), (0.1, 0.9), kin=(0.6, 0.4)),
    )
}
