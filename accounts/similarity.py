"""How alike two texts are, counted in trigrams as PostgreSQL's pg_trgm counts: people are looked for as ODK Central looks. Pure."""

import re

_WORDS = re.compile(r"[^\W_]+")


def trigrams(text: str) -> list[str]:
    """The trigrams of a text in their order: words in lower case, two blanks before each and one after."""
    return [
        padded[start : start + 3]
        for word in _WORDS.findall(text.lower())
        for padded in [f"  {word} "]
        for start in range(len(padded) - 2)
    ]


def similarity(one: str, other: str) -> float:
    """Shared trigrams among all of both texts, 0 to 1."""
    first, second = set(trigrams(one)), set(trigrams(other))
    return len(first & second) / len(first | second) if first and second else 0.0


def word_similarity(one: str, other: str) -> float:
    """The greatest similarity of the first text with any stretch of the second."""
    wanted, found = set(trigrams(one)), trigrams(other)
    best = 0.0
    for start in range(len(found)):
        stretch: set[str] = set()
        shared = 0
        for trigram in found[start:]:
            if trigram not in stretch:
                stretch.add(trigram)
                shared += trigram in wanted
            best = max(best, shared / (len(wanted) + len(stretch) - shared))
    return best


def score(text: str, wanted: str) -> float:
    """How well a name or an address answers a search; above 0.5 it is shown."""
    return word_similarity(text, wanted) + similarity(text, wanted)
