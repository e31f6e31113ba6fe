"""Single words of names: read once into what is heard and which name it is, then compared by look-up."""

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from itertools import count, pairwise

from rapidfuzz.distance import OSA, JaroWinkler

from sync.rules.identity.sounds import skeleton, sound
from sync.rules.identity.spellings import AKIN, SPELLINGS_OF_FAMILY, family_of, family_skeleton, is_listed, is_odd

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
    """One word of a name. `family` is 0 for names the list of spellings does not know; `name` is equal for all spellings of one name and for no
    other; `key` also for most of those misspelled, and for some other names; `number` tells tokens apart quickly and means nothing
    outside this process."""

    text: str
    sound: str
    family: int
    name: str
    key: str
    number: int
    listed: bool = False
    """the list has it in these letters"""


_FEMININE = re.compile(r"(?<=....a)t[ua]?$")


def _stem(heard: str) -> str:
    """Without the ending that women's names may have or not: Zaliha, Zalihatou."""
    return _FEMININE.sub("", heard)


_numbers = count(1)


@lru_cache(maxsize=REMEMBERED)
def read_token(text: str) -> Token:
    """A folded word of a name."""
    heard = sound(text)
    family = family_of(text, heard)
    key = family_skeleton(family) if family else skeleton(heard)
    name = SPELLINGS_OF_FAMILY[family][0] if family else f"~{_stem(heard)}"
    return Token(text, heard, family, name, key, next(_numbers), is_listed(text))


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
    if one.name == other.name:
        return Likeness.SPELLING
    if len(one.text) == 1 or len(other.text) == 1:
        return Likeness.LOOSE if one.sound[:1] == other.sound[:1] else Likeness.DIFFERENT
    if not (one.listed and other.listed) and _squeezed(one.text) == _squeezed(other.text):
        return Likeness.TYPO
    if one.family and other.family and ((one.listed and other.listed) or not _slip(one.text, other.text)):
        akin = (one.family, other.family) in AKIN
        near = OSA.distance(one.sound, other.sound) <= 1 and min(len(one.sound), len(other.sound)) >= 4
        return Likeness.LOOSE if akin or near else Likeness.DIFFERENT
    return _compare_unknown(one, other)


def _compare_unknown(one: Token, other: Token) -> Likeness:
    """At least one of them is on no list."""
    if _cut_short(one, other) or _slip(one.text, other.text) or _slip_heard(one.sound, other.sound):
        return Likeness.TYPO
    known, free = (one, other) if one.family else (other, one)
    spelled = SPELLINGS_OF_FAMILY.get(known.family, ())
    if any(_slip_of_another_spelling(each, free.text) for each in spelled):
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
    for pair in (
        *("nm", "td", "kg", "bp", "lr", "fp", "gj", "jz", "sc", "wb", "nN", "sj", "dr", "in", "fv", "qg", "uw"),
        *("ei", "ae", "ou"),
    )
)
_KEYS = ("azertyuiop", "qsdfghjklm", "wxcvbn", "qwertyuiop", "asdfghjkl", "zxcvbnm")
# Letters under neighbouring fingers, on French and English keyboards.
NEIGHBOURS = frozenset(frozenset(pair) for row in _KEYS for pair in pairwise(row))
_DOUBLED = re.compile(r"(.)\1+")


LEAST_LEFT = 5


def _cut_short(one: Token, other: Token) -> bool:
    """The phone's field was full: Kiendreb."""
    shorter, longer = sorted((one, other), key=lambda token: len(token.text))
    return (
        not shorter.family
        and len(shorter.text) >= LEAST_LEFT
        and longer.text.startswith(shorter.text)
        and not _tells_sex(shorter.text, longer.text)
    )


def _squeezed(word: str) -> str:
    return _DOUBLED.sub(r"\1", word)


def _slip(one: str, other: str) -> bool:
    """True when one written word is the other with one slip of the pen or thumb. What nobody could be called is a slip for sure; what may
    be a name of its own must be long enough, or the slip one that fingers make."""
    shorter = min(len(one), len(other))
    if shorter < 4 or OSA.distance(one, other, score_cutoff=1) != 1 or _tells_sex(one, other):
        return False
    if _exchanged(one, other):
        return True
    odd = is_odd(one) or is_odd(other)
    if len(one) != len(other):
        return odd or (shorter >= 5 and one[0] == other[0])
    at = next(index for index, letter in enumerate(one) if other[index] != letter)
    pair = frozenset((one[at], other[at]))
    thumb = pair in NEIGHBOURS and (odd or VOWELS.isdisjoint(pair))
    if odd:
        return thumb or (at > 0 and (pair in CONFUSED or shorter >= 5))
    # A first letter is seldom wrong.
    return (thumb and shorter >= 5 + (at == 0)) or (at > 0 and shorter >= 6)


def _exchanged(one: str, other: str) -> bool:
    return len(one) == len(other) and sorted(one) == sorted(other)


def _slip_of_another_spelling(spelled: str, free: str) -> bool:
    """A slip in a spelling that is not the one it is compared with (Faimata for Fatimata, beside Fatoumata)."""
    return min(len(spelled), len(free)) >= 6 and spelled[0] == free[0] and _slip(spelled, free)


def _slip_heard(one: str, other: str) -> bool:
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


def _tells_sex(one: str, other: str) -> bool:
    """Hassane and Hassana, Amina and Aminou: only the last vowel differs, and it says man or woman."""
    stem, other_stem = one.rstrip("aeiou"), other.rstrip("aeiou")
    # No name ends in two consonants: Kouand is Kouanda, cut off.
    cut = stem in (one, other) and not VOWELS.intersection(stem[-2:-1])
    return stem == other_stem and not cut and (one.endswith("a") != other.endswith("a"))


def _slight(shorter: str, longer: str) -> bool:
    at = next((index for index, letter in enumerate(shorter) if longer[index] != letter), len(shorter))
    if len(shorter) < len(longer):
        return longer[at] in VOWELS or longer[at] in longer[max(0, at - 1) : at] or longer[at] in "nhwr"
    if shorter[at + 1 : at + 2] == longer[at] and longer[at + 1 : at + 2] == shorter[at]:
        return True
    pair = frozenset((shorter[at], longer[at]))
    return pair in CONFUSED and (len(longer) >= 5 or pair <= VOWELS)
