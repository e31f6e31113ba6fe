"""The list of names and their spellings, read once. A name is a family of sounds; numbers mean nothing outside this process."""

from collections.abc import Iterator
from pathlib import Path

from rapidfuzz.distance import OSA

from sync.rules.identity.sounds import fold, skeleton, sound

_LIST = Path(__file__).with_name("spellings.txt")


def _read() -> tuple[dict[str, int], dict[str, int], dict[int, tuple[str, ...]], frozenset[tuple[int, int]]]:
    """Families by letters and by sound, the spellings of every family, and which families are akin."""
    written: dict[str, int] = {}
    heard_as: dict[str, int] = {}
    spellings: dict[int, tuple[str, ...]] = {}
    akin: set[tuple[int, int]] = set()
    for line in _LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("~"):
            families = [written[fold(word)] for word in line[1:].split()]
            akin |= {(families[0], other) for other in families[1:]} | {(other, families[0]) for other in families[1:]}
        elif line.startswith("!"):
            for word in map(fold, line[1:].split()):
                if word not in written:
                    heard = sound(word)
                    known = heard_as.get(heard, 0)
                    number = known if _is_respelled(word, spellings.get(known, ())) else len(spellings) + 1
                    written[word] = number
                    heard_as.setdefault(heard, number)
                    spellings[number] = (*spellings.get(number, ()), word)
        elif line and not line.startswith("#"):
            number = len(spellings) + 1
            spelled = [fold(word).replace(" ", "") for word in line.split()]
            # Who comes first keeps a sound that two names share: the commoner name stands higher in the list.
            for word, each in zip(spelled, map(sound, spelled), strict=True):
                written.setdefault(word, number)
                heard_as.setdefault(each, number)
            spellings[number] = tuple(dict.fromkeys(spelled))
    return written, heard_as, spellings, frozenset(akin)


def _is_respelled(word: str, spelled: tuple[str, ...]) -> bool:
    """Ki and Ky, Meda and Medah, which are heard alike; but Louise is not Louis."""
    return any(
        word[0] == each[0] and word.endswith("e") == each.endswith("e") and OSA.distance(word, each) <= 1
        for each in spelled
    )


def _triples(word: str) -> Iterator[str]:
    bounded = f" {word} "
    return (bounded[at : at + 3] for at in range(len(word)))


_WRITTEN, _HEARD_AS, SPELLINGS_OF_FAMILY, AKIN = _read()
_SKELETONS = {number: skeleton(sound(spelled[0])) for number, spelled in SPELLINGS_OF_FAMILY.items()}
# Three letters in a row that are met in some name.
_MET = frozenset(triple for word in _WRITTEN for triple in _triples(word))


def is_listed(word: str) -> bool:
    """True when the list has a folded word in these letters."""
    return word in _WRITTEN


def is_odd(word: str) -> bool:
    """True when a folded word has three letters in a row (or two at an end) that no listed name has: it is rather a slip than a name."""
    return not _MET.issuperset(_triples(word))


def family_of(word: str, heard: str) -> int:
    """The family of a folded word: by its letters when they are listed, else by its sound; 0 when neither is known."""
    return _WRITTEN.get(word) or _HEARD_AS.get(heard, 0)


def family_skeleton(family: int) -> str:
    """The key that all spellings of a listed name share."""
    return _SKELETONS[family]
