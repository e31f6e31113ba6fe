"""Interviews far shorter than this form usually takes."""

import math
from collections.abc import Iterator, Sequence
from statistics import median

from sync.rules.interviews import Evidence, Interview, Usual

SENTENCES = {
    "fr": "Entretien de {minutes} min ; la moitié des entretiens de ce formulaire durent plus de {usual} min.",
    "en": "Interview of {minutes} min; half of this form's interviews take more than {usual} min.",
}
LEAST_INTERVIEWS = 20
# Evidence that somebody explained is shown again when one of these changes.
LOOKS_AT = ("seconds", "answered")
# Robust standard deviations of the logarithm below the median, and at most this share of it.
DEVIATIONS = 3.0
SHARE = 0.5


def measure(interviews: Sequence[Interview]) -> dict[str, float]:
    """The median of the logarithms of seconds per answer, and how far they spread."""
    paces = [_pace(each) for each in interviews]
    known = [pace for pace in paces if pace is not None]
    if not known:
        return {"count": 0}
    middle = median(known)
    spread = max(1.4826 * median(abs(pace - middle) for pace in known), 0.1)
    return {"count": len(known), "middle": middle, "spread": spread}


def examine(interviews: Sequence[Interview], usual: Usual | None = None) -> Iterator[Evidence]:
    """Each that is far below the median of all (per answer given, so that skipped sections do not count)."""
    usual = measure(interviews) if usual is None else usual
    if usual["count"] < LEAST_INTERVIEWS:
        return
    middle = usual["middle"]
    for each in interviews:
        pace = _pace(each)
        if pace is None or each.seconds is None:
            continue
        deviations = (middle - pace) / usual["spread"]
        if deviations >= DEVIATIONS and pace <= middle + math.log(SHARE):
            facts = {
                "minutes": each.seconds / 60,
                "usual": math.exp(middle) * each.answered / 60,
                "deviations": deviations,
            }
            yield Evidence("too_fast", (each.number,), 1 - DEVIATIONS / (2 * deviations), facts)


def _pace(each: Interview) -> float | None:
    return math.log(each.seconds / each.answered) if each.seconds and each.answered else None
