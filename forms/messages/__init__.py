"""What pyxform and ODK Validate say in English, said again in English and French with what to do.

Each file beside this one holds RULES: (pattern in the message, English, French), where {0}, {1} are the pattern's groups.
The first match speaks, file after file in the order below.
"""

import re
from collections.abc import Callable, Iterable

from forms.messages import choices, entities, parameters, sheets, survey, validate

Sentences = tuple[str, str]


def spoken(rules: Iterable[tuple[str, str, str]]) -> Callable[[str], Sentences | None]:
    """Rules as a function: a message to its sentence in English and in French, None when no rule knows it."""
    compiled = [(re.compile(pattern, re.DOTALL), en, fr) for pattern, en, fr in rules]

    def speak(message: str) -> Sentences | None:
        for pattern, en, fr in compiled:
            match = pattern.search(message)
            if match:
                groups = [", ".join((group or "–").split("\n")).strip(" ,") for group in match.groups()]
                return en.format(*groups), fr.format(*groups)
        return None

    return speak


explained = spoken(rule for file in (sheets, entities, parameters, choices, survey, validate) for rule in file.RULES)
