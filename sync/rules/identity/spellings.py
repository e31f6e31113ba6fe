"""The list of names and their spellings, read once. A name is a family of sounds; numbers mean nothing outside this process."""

from pathlib import Path

from sync.rules.identity.sounds import fold, skeleton, sound

_LIST = Path(__file__).with_name("spellings.txt")


def _read() -> tuple[dict[str, int], dict[str, int], dict[int, tuple[str, ...]], frozenset[tuple[int, int]]]:
    written: dict[str, int] = {}
    heard_as: dict[str, int] = {}
    sounds_of: dict[int, tuple[str, ...]] = {}
    akin: set[tuple[int, int]] = set()
    for line in _LIST.read_text(encoding="utf-8").splitlines():
        if line.startswith("~"):
            families = [written[fold(word)] for word in line[1:].split()]
            akin |= {(families[0], other) for other in families[1:]} | {(other, families[0]) for other in families[1:]}
        elif line.startswith("!"):
            for word in map(fold, line[1:].split()):
                if word not in written:
                    number = len(sounds_of) + 1
                    written[word] = number
                    heard_as.setdefault(sound(word), number)
                    sounds_of[number] = (sound(word),)
        elif line and not line.startswith("#"):
            number = len(sounds_of) + 1
            spelled = [fold(word).replace(" ", "") for word in line.split()]
            heard = tuple(dict.fromkeys(sound(word) for word in spelled))
            # Who comes first keeps a sound that two names share: the commoner name stands higher in the list.
            for word, each in zip(spelled, map(sound, spelled), strict=True):
                written.setdefault(word, number)
                heard_as.setdefault(each, number)
            sounds_of[number] = heard
    return written, heard_as, sounds_of, frozenset(akin)


_WRITTEN, _HEARD_AS, SOUNDS_OF_FAMILY, AKIN = _read()
_SKELETONS = {number: skeleton(heard[0]) for number, heard in SOUNDS_OF_FAMILY.items()}


def family_of(word: str, heard: str) -> int:
    """The family of a folded word: by its letters when they are listed, else by its sound; 0 when neither is known."""
    return _WRITTEN.get(word) or _HEARD_AS.get(heard, 0)


def family_skeleton(family: int) -> str:
    """The key that all spellings of a listed name share."""
    return _SKELETONS[family]
