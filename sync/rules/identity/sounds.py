"""How a written name is heard: French, English, Hausa and Fulfulde ways of writing brought to one form."""

import re
import unicodedata

_LETTERS = str.maketrans(
    {"ɓ": "b", "ɗ": "d", "ƙ": "k", "ŋ": "n", "ɲ": "ny", "ɛ": "e", "ɔ": "o", "ƴ": "y", "œ": "oe", "æ": "ae", "ß": "ss"}
)
_MARKS = re.compile(r"[\u0300-\u036f'’ʼ`´‘]")
_NOT_LETTERS = re.compile(r"[^a-z]+")
# What a scanner or a hurried thumb reads for a letter: 0uedraogo, lssoufou, M0ussa. No name here begins with l and another consonant.
_MISREAD = (
    (re.compile(r"0(?=[a-z])|(?<=[a-z])0"), "o"),
    (re.compile(r"[1|](?=[a-z])|(?<=[a-z])[1|]"), "i"),
    (re.compile(r"5(?=[a-z])|(?<=[a-z])5"), "s"),
    (re.compile(r"(?<![a-z])l(?=[bcdfgjkmnpqrstvwxz])"), "i"),
)
# In this order. V: a vowel follows.
_HEARD = tuple(
    (re.compile(pattern), into)
    for pattern, into in (
        (r"x", "ks"),
        (r"ph", "f"),
        (r"qu(?=[eiy])|q|ck|kh", "k"),
        (r"tch|tsh", "C"),
        (r"sch|ch|sh", "s"),
        # The Arabic ghayn and the Tamasheq one: Ghali, Rhali.
        (r"gh(?=[aeiouy])|rh(?=[aeiouy])", "g"),
        (r"th", "t"),
        (r"dh", "d"),
        (r"gn|ny(?=[aeiou])|ni(?=[aeou])", "N"),
        (r"dji(?=[aeou])|dj|dy(?=[aeiou])|di(?=[aeou])|ji(?=[aeou])|j", "j"),
        (r"gu(?=[ei])", "g"),
        (r"c(?=[eiy])", "s"),
        (r"c", "k"),
        (r"h", ""),
        (r"ou|oo", "u"),
        (r"ow$", "o"),
        (r"aw(?![aeiouy])|ao", "au"),
        (r"v", "w"),
        (r"uw|u(?=[aeiy])", "w"),
        (r"ee|ie$", "i"),
        (r"oe", "o"),
        (r"(?:ai|ay|ei|ey|ae)(?![aeiou])", "e"),
        (r"y", "i"),
        (r"z", "s"),
        (r"([a-zA-Z])\1+", r"\1"),
        (r"(?<=..)e$", ""),
        (r"ow$", "o"),
    )
)


def fold(text: str) -> str:
    """Small letters without marks; what is no letter becomes a space, apostrophes vanish (N'Diaye is Ndiaye)."""
    marked = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    for misread, letter in _MISREAD:
        marked = misread.sub(letter, marked)
    return _NOT_LETTERS.sub(" ", _MARKS.sub("", marked)).strip()


def sound(word: str) -> str:
    """What is heard of one folded word. Idempotence is not promised: only compare sounds with sounds."""
    heard = word
    for pattern, into in _HEARD:
        heard = pattern.sub(into, heard)
    return heard or word


def skeleton(heard: str) -> str:
    """At most six letters that survive most misspellings: the first letter and the consonants."""
    first, rest = heard[:1], heard[1:]
    bones = "".join(letter for letter in rest if letter not in "aeiou")
    return ((first if first not in "aeiou" else "a") + bones)[:6]
