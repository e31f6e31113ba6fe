"""Names of people as the Sahel writes them: one name in many spellings, many names of one sound, order and titles at will.

`compare_names` answers for whole names, `compare_tokens` for single words; `read_name` gives the words with the keys to find them by.
Everything is pure and remembers what it has read, so that a second comparison costs a look-up.
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

from rapidfuzz.distance import JaroWinkler

from sync.rules.identity.particles import ASIDES, DAUGHTERS, FIRST_HALVES, LINKS, PRENASAL, SONS, TITLES
from sync.rules.identity.sounds import fold
from sync.rules.identity.tokens import REMEMBERED, Likeness, Token, compare_tokens, read_token

MOST_TOKENS = 6
SAME_FROM = 0.85
INITIAL = 0.92

_VALUE = {Likeness.LOOSE: 0.72, Likeness.TYPO: 0.9, Likeness.SPELLING: 0.96, Likeness.EQUAL: 1.0}


@dataclass(frozen=True, slots=True)
class Name:
    """A name taken apart: words in written order, words that may be missing elsewhere, and whose child it says."""

    tokens: tuple[Token, ...]
    asides: tuple[Token, ...] = ()
    child: str = ""
    """"m" when it says son of, "f" daughter of"""


@dataclass(frozen=True, slots=True)
class NameComparison:
    """`similarity` 0…1 (from SAME_FROM on: one name). `grades`: the words laid side by side, best first; `swapped`: in another order;
    `extra`: words that only one of them has."""

    similarity: float
    grades: tuple[Likeness, ...]
    swapped: bool
    extra: int
    matched: tuple[Token, ...] = ()
    """the words of the first name that stand beside `grades`, in the same order"""

    @property
    def same(self) -> bool:
        """True when a careful reader would call it one name, perhaps spelled differently."""
        return self.similarity >= SAME_FROM


@lru_cache(maxsize=REMEMBERED)
def read_name(text: str) -> Name:
    """A name taken apart; titles are left out unless nothing else is there."""
    words = _put_together(fold(text).split()[: 2 * MOST_TOKENS])
    plain = [word for number, word in enumerate(words) if not _is_title(words, number)] or words
    tokens: list[str] = []
    asides: list[str] = []
    into = tokens
    child = ""
    for number, word in enumerate(plain):
        between = tokens and number < len(plain) - 1
        if between and word in ASIDES:
            into = asides
        elif between and (word in SONS or word in DAUGHTERS):
            child = "m" if word in SONS else "f"
        elif not (between and word in LINKS):
            into.append(word)
    return Name(
        tuple(read_token(word) for word in tokens[:MOST_TOKENS]),
        tuple(read_token(word) for word in asides[:MOST_TOKENS]),
        child,
    )


def _is_title(words: list[str], number: int) -> bool:
    """Before another initial, M. is one as well, and no Monsieur."""
    following = words[number + 1 : number + 2]
    return words[number] in TITLES and not (len(words[number]) == 1 and following and len(following[0]) == 1)


def _put_together(words: list[str]) -> list[str]:
    together: list[str] = []
    half = ""
    for number, word in enumerate(words):
        if number < len(words) - 1 and _begins_a_word(word, words[number + 1]):
            half += word
        else:
            together.append(half + word)
            half = ""
    return together


def _begins_a_word(word: str, following: str) -> bool:
    """Abdoul Karim, N Diaye; but M Traoré is somebody whose first name begins with M."""
    if len(word) == 1:
        return following[:1] in PRENASAL.get(word, "")
    return word in FIRST_HALVES and word not in TITLES


def compare_names(one: str, other: str) -> NameComparison:
    """Two names as written. Symmetric but for `matched`, which are words of the first."""
    return compare_read(read_name(one), read_name(other))


def same_name(one: str, other: str) -> bool:
    """True when both are one name in perhaps two spellings."""
    return compare_names(one, other).same


def compare_read(one: Name, other: Name) -> NameComparison:
    """Two names that `read_name` took apart."""
    best = _side_by_side(one.tokens, other.tokens)
    for mine, theirs in ((one, other), (other, one)):
        # "Fatimata Diallo née Barry" is Fatimata Barry to those who knew her before.
        if mine.asides:
            both = (*mine.tokens, *mine.asides)
            again = _side_by_side(both, theirs.tokens) if mine is one else _side_by_side(theirs.tokens, both)
            best = max(best, again, key=lambda each: each.similarity)
    # A son is no daughter; and where both say whose child they are, the other order is the child's father.
    if one.child and other.child and (one.child != other.child or best.swapped):
        return NameComparison(min(best.similarity, 0.4), best.grades, best.swapped, best.extra, best.matched)
    return best


def _side_by_side(one: tuple[Token, ...], other: tuple[Token, ...]) -> NameComparison:
    if not one or not other:
        return NameComparison(0.0, (), False, max(len(one), len(other)))
    if len(one) != len(other):
        one, other = _joined(one, other), _joined(other, one)
    shorter, longer, turned = (one, other, False) if len(one) <= len(other) else (other, one, True)
    pairs = _aligned(shorter, longer)
    graded = sorted(
        ((grade, (longer[far] if turned else shorter[near])) for near, far, grade in pairs),
        key=lambda each: -each[0],
    )
    grades = tuple(grade for grade, _ in graded)
    places = [far for _, far, grade in pairs if grade > Likeness.DIFFERENT]
    swapped = any(places[index] > places[index + 1] for index in range(len(places) - 1)) or _moved(pairs, longer)
    extra = len(longer) - len(shorter)
    similarity = _similarity(grades, [(shorter[near], longer[far]) for near, far, _ in pairs], swapped, extra)
    return NameComparison(similarity, grades, swapped, extra, tuple(token for _, token in graded))


def _moved(pairs: list[tuple[int, int, Likeness]], longer: tuple[Token, ...]) -> bool:
    """Of two words of equal number one agrees, but in another place."""
    return len(pairs) == len(longer) and any(near != far and grade > 0 for near, far, grade in pairs)


def _joined(one: tuple[Token, ...], other: tuple[Token, ...]) -> tuple[Token, ...]:
    """`one` with two neighbours written as one word, when the other name writes them so (Cheick Oumar, Cheickoumar)."""
    if len(one) <= len(other):
        return one
    sounds = {token.sound for token in other}
    families = {token.family for token in other} - {0}
    for at in range(len(one) - 1):
        together = read_token(one[at].text + one[at + 1].text)
        if together.sound in sounds or together.family in families:
            return (*one[:at], together, *one[at + 2 :])
    return one


def _aligned(shorter: tuple[Token, ...], longer: tuple[Token, ...]) -> list[tuple[int, int, Likeness]]:
    """Every word of the shorter beside one of the longer, so that they agree best; as written rather than crossed."""
    table = [[compare_tokens(near, far) for far in longer] for near in shorter]
    if len(shorter) == 2 == len(longer):
        straight, crossed = (table[0][0], table[1][1]), (table[0][1], table[1][0])
        if _weight(crossed) > _weight(straight):
            return [(0, 1, crossed[0]), (1, 0, crossed[1])]
        return [(0, 0, straight[0]), (1, 1, straight[1])]
    if len(longer) <= 4:
        places = max(
            permutations(range(len(longer)), len(shorter)),
            key=lambda order: (
                _weight(tuple(table[near][far] for near, far in enumerate(order))),
                [-far for far in order],
            ),
        )
        return [(near, far, table[near][far]) for near, far in enumerate(places)]
    return _greedy(table)


def _weight(grades: tuple[Likeness, ...]) -> int:
    """Two fair matches are worth more than one perfect and one that fails."""
    return sum((0, 3, 8, 10, 11)[grade] for grade in grades)


def _greedy(table: list[list[Likeness]]) -> list[tuple[int, int, Likeness]]:
    cells = sorted(
        ((grade, -abs(near - far), near, far) for near, row in enumerate(table) for far, grade in enumerate(row)),
        reverse=True,
    )
    taken: dict[int, tuple[int, int, Likeness]] = {}
    used: set[int] = set()
    for grade, _, near, far in cells:
        if near not in taken and far not in used:
            taken[near] = (near, far, grade)
            used.add(far)
    return [taken[near] for near in sorted(taken)]


def _similarity(grades: tuple[Likeness, ...], pairs: list[tuple[Token, Token]], swapped: bool, extra: int) -> float:
    initials = sum(_is_initial(*pair) for pair in pairs)
    if initials and len(grades) > initials:
        # The words that agree, and one that may: Moussa I. Traoré may well be Moussa Ibrahim Traoré.
        spelled = [pair for pair in pairs if not _is_initial(*pair)]
        rest = tuple(sorted((compare_tokens(*pair) for pair in spelled), reverse=True))
        return _similarity(rest, spelled, swapped, extra) * INITIAL**initials
    values = [_VALUE[grade] for grade in grades if grade]
    values += [
        0.6 * JaroWinkler.similarity(near.sound, far.sound)
        for near, far in pairs
        if compare_tokens(near, far) == Likeness.DIFFERENT
    ]
    similarity = (min(values) + sum(values) / len(values)) / 2
    if swapped:
        similarity *= 0.97
    if extra:
        # One word of two says little; two of three say nearly all.
        similarity *= 0.78 if len(grades) == 1 else 0.94**extra
    return similarity


def _is_initial(one: Token, other: Token) -> bool:
    """One of them is the first letter of the other."""
    return 1 in (len(one.text), len(other.text)) and one.text[:1] == other.text[:1] and one is not other
