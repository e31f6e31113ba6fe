"""What pyxform and ODK Validate say in English, said again in English and French with what to do.

Each file beside this one holds RULES: (pattern in the message, English, French), where {0}, {1} are the pattern's groups.
The first match speaks, file after file in the order below.
"""

import re

from forms.messages import choices, entities, parameters, sheets, survey, validate

_RULES = tuple(
    (re.compile(pattern, re.DOTALL), en, fr)
    for file in (sheets, entities, parameters, choices, survey, validate)
    for pattern, en, fr in file.RULES
)


def explained(message: str) -> tuple[str, str] | None:
    """The sentence in English and in French, None when no rule knows the message."""
    for pattern, en, fr in _RULES:
        match = pattern.search(message)
        if match:
            groups = [", ".join((group or "–").split("\n")).strip(" ,") for group in match.groups()]
            return en.format(*groups), fr.format(*groups)
    return None
