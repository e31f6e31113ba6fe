"""Language names as form authors write them (`Français (fr)`, `French(FR)`, `english`), understood by code."""

import re
from collections.abc import Iterable, Mapping

# A code in parentheses at the end, or a name that is nothing but a code.
_CODE = re.compile(r"(?:\(\s*|^\s*)([A-Za-z]{2,3})(?:[-_]\w+)*\s*\)?\s*$")
# Names written without a code: the languages of our own pages, and those spoken where this server is used.
_NAMES = {
    "fr": ("français", "francais", "french"),
    "en": ("english", "anglais"),
    "ar": ("arabic", "arabe", "العربية"),
    "ha": ("hausa", "haoussa"),
    "dje": ("zarma", "djerma"),
    "ff": ("fulfulde", "fula", "peul"),
    "bm": ("bambara", "bamanankan"),
    "pt": ("portuguese", "português", "portugais"),
    "es": ("spanish", "español", "espagnol"),
}


def code_of(name: str) -> str | None:
    """The two- or three-letter code in a language's name, None when it has none we can tell."""
    match = _CODE.search(name)
    if match:
        return match[1].lower()
    plain = name.strip().lower()
    return next((code for code, names in _NAMES.items() if plain.startswith(names)), None)


def best_language(wanted: str, languages: Iterable[str]) -> str | None:
    """The language of the form that `wanted` (its name, or a code such as `fr` or `fr-FR`) means."""
    names = list(languages)
    if wanted in names:
        return wanted
    code = code_of(wanted)
    return next((name for name in names if code is not None and code_of(name) == code), None)


def pick(texts: Mapping[str, str], wanted: str, languages: Iterable[str]) -> str | None:
    """The text in the wanted language, else in the form's default, else in any; texts have language names as keys."""
    names = list(languages)
    best = best_language(wanted, names)
    for name in (best, *names, *texts):
        # pyxform writes "-" where a translation is missing, so that phones show at least something.
        if name is not None and texts.get(name, "-") not in ("", "-"):
            return texts[name]
    return None
