"""Single words of names: read once into what is heard and which name it is, then compared by look-up."""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import count

from rapidfuzz.distance import OSA, JaroWinkler

from sync.rules.identity.sounds import skeleton, sound
from sync.rules.identity.spellings import AKIN, SOUNDS_OF_FAMILY, family_of, family_skeleton

REMEMBERED = 400_000


class Likeness(IntEnum):
    """How alike two words of a name are."""

    DIFFERENT = 0
    LOOSE = 1
    """something in common: a similar sound, a short form, an initial"""
    TYPO = 2
    """one slip of the pen apart"""
    SPELLING = 3
    """the same name in another spelling"""
    EQUAL = 4


@dataclass(frozen=True, slots=True, eq=False)
class Token:
    """One word of a name. `family` is 0 for names the list of spellings does not know; `key` is equal for most spellings of one
    name; `number` tells tokens apart quickly and means nothing outside this process."""

    text: str
    sound: str
    family: int
    key: str
    number: int


_numbers = count(1)


@lru_cache(maxsize=REMEMBERED)
def read_token(text: str) -> Token:
    """A folded word of a name."""
    heard = sound(text)
    family = family_of(text, heard)
    key = family_skeleton(family) if family else skeleton(heard)
    return Token(text, heard, family, key, next(_numbers))


_grades: dict[int, Likeness] = {}


def compare_tokens(one: Token, other: Token) -> Likeness:
    """How alike two words of names are; the order does not matter."""
    if one is other:
        return Likeness.EQUAL
    if one.number > other.number:
        one, other = other, one
    pair = one.number << 32 | other.number
    grade = _grades.get(pair)
    if grade is None:
        if len(_grades) >= REMEMBERED:
            _grades.clear()
        grade = _grades[pair] = _compare(one, other)
    return grade


def _compare(one: Token, other: Token) -> Likeness:
    if one.text == other.text:
        return Likeness.EQUAL
    if one.family == other.family and (one.family or one.sound == other.sound):
        return Likeness.SPELLING
    if len(one.text) == 1 or len(other.text) == 1:
        return Likeness.LOOSE if one.sound[:1] == other.sound[:1] else Likeness.DIFFERENT
    if one.family and other.family:
        akin = (one.family, other.family) in AKIN
        near = OSA.distance(one.sound, other.sound) <= 1 and min(len(one.sound), len(other.sound)) >= 4
        return Likeness.LOOSE if akin or near else Likeness.DIFFERENT
    return _compare_unknown(one, other)


def _compare_unknown(one: Token, other: Token) -> Likeness:
    """At least one of them is on no list."""
    known, free = (one, other) if one.family else (other, one)
    heard = SOUNDS_OF_FAMILY[known.family] if known.family else (known.sound,)
    if any(_one_slip(each, free.sound) for each in heard) or _one_slip_written(one.text, other.text):
        return Likeness.TYPO
    near = max(
        JaroWinkler.similarity(one.sound, other.sound), JaroWinkler.similarity(one.text, other.text)
    ) >= 0.88 or (
        min(len(one.sound), len(other.sound)) >= 5 and OSA.distance(one.sound, other.sound, score_cutoff=2) <= 2
    )
    return Likeness.LOOSE if near else Likeness.DIFFERENT


VOWELS = frozenset("aeiou")
# Heard alike, or beside each other in many mouths and ears.
CONFUSED = frozenset(
    frozenset(pair)
    for pair in ("nm", "td", "kg", "bp", "lr", "fp", "gj", "jz", "sc", "wb", "nN", "sj", "dr", "in", "fv", "qg", "uw")
)


def _one_slip(one: str, other: str) -> bool:
    """True when one sound is the other with one slip that leaves it recognisable (two in long names)."""
    shorter, longer = sorted((one, other), key=len)
    if len(longer) - len(shorter) > 2 or len(shorter) < 3:
        return False
    distance = OSA.distance(one, other, score_cutoff=2)
    if distance == 2:
        return len(shorter) >= 9 and one[0] == other[0]
    if distance != 1:
        return False
    if len(shorter) >= 6:
        return not _tells_sex(one, other)
    return len(shorter) >= 4 and one[0] == other[0] and not _tells_sex(one, other) and _slight(shorter, longer)


def _one_slip_written(one: str, other: str) -> bool:
    """The same of the letters, for slips that change how it sounds (Faimata for Fatimata)."""
    shorter = min(len(one), len(other))
    least = 6 if len(one) == len(other) else 5
    return (
        shorter >= least
        and one[0] == other[0]
        and OSA.distance(one, other, score_cutoff=1) == 1
        and not _tells_sex(one, other)
    )


def _tells_sex(one: str, other: str) -> bool:
    """Hassane and Hassana, Amina and Aminou: only the last vowel differs, and it says man or woman."""
    stem, other_stem = one.rstrip("aeiou"), other.rstrip("aeiou")
    return stem == other_stem and (one.endswith("a") != other.endswith("a"))


def _slight(shorter: str, longer: str) -> bool:
    at = next((index for index, letter in enumerate(shorter) if longer[index] != letter), len(shorter))
    if len(shorter) < len(longer):
        return longer[at] in VOWELS or longer[at] in longer[max(0, at - 1) : at] or longer[at] in "nhwr"
    if shorter[at + 1 : at + 2] == longer[at] and longer[at + 1 : at + 2] == shorter[at]:
        return True
    pair = frozenset((shorter[at], longer[at]))
    return pair <= VOWELS or pair in CONFUSED
