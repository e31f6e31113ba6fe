"""Whether two wordings say the same, nearly the same, or something else. Pure, and easily fooled: people decide."""

import re
import unicodedata
from collections.abc import Mapping
from difflib import SequenceMatcher

# Up to this likeness a label is taken to ask something else: « Nom du chef », « Nom du village ».
UNLIKE = 0.5
SLIP = 0.75
_WORD = re.compile(r"\w+")
# Words that any two labels share.
_EMPTY = frozenset(
    (
        *("le", "la", "les", "l", "un", "une", "des", "de", "du", "d", "et", "ou", "a", "au", "aux", "en", "est", "ce"),
        *(
            "cette",
            "pour",
            "par",
            "sur",
            "dans",
            "etes",
            "avez",
            "quel",
            "quelle",
            "quels",
            "quelles",
            "vous",
            "votre",
            "vos",
            "the",
            "of",
            "and",
            "or",
            "in",
            "is",
        ),
        *(
            "are",
            "what",
            "which",
            "how",
            "your",
            "you",
            "this",
            "that",
            "many",
            "much",
            "does",
            "did",
            "do",
            "for",
            "on",
            "to",
        ),
    )
)


def plain(text: str) -> str:
    """`text` in lower case without accents, references, signs and superfluous spaces."""
    bare = re.sub(r"\{[^}]*\}|<[^>]*>", " ", text)
    letters = "".join(each for each in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(each))
    return " ".join(_WORD.findall(letters.casefold()))


def same_words(texts: Mapping[str, str]) -> str:
    """A key equal for labels that say the same in every language."""
    return " | ".join(f"{language}:{plain(text)}" for language, text in sorted(texts.items()) if plain(text))


def means_something_else(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Whether no language that both have still says something alike; False when there is nothing to compare."""
    shared = [language for language in old if plain(old[language]) and plain(new.get(language, ""))]
    if not shared and len(old) == len(new) == 1:
        # One language, called differently.
        (before,), (after,) = old.values(), new.values()
        return bool(plain(before) and plain(after)) and likeness(before, after) <= UNLIKE
    return bool(shared) and all(likeness(old[language], new[language]) <= UNLIKE for language in shared)


def likeness(one: str, other: str) -> float:
    """From 0 (no word in common) to 1 (the same words): the mean of what share of either's words the other has."""
    first, second = plain(one), plain(other)
    if first == second:
        return 1.0
    words, others = set(first.split()) - _EMPTY, set(second.split()) - _EMPTY
    if not words or not others:
        return SequenceMatcher(None, first, second, autojunk=False).ratio()
    shared = sum(any(_alike(word, each) for each in others) for word in words) / len(words)
    back = sum(any(_alike(word, each) for each in words) for word in others) / len(others)
    return (shared + back) / 2


def _alike(word: str, other: str) -> bool:
    """The same word, but for its ending or a slip."""
    return word == other or SequenceMatcher(None, word, other, autojunk=False).ratio() >= SLIP
