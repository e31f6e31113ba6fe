"""Interviews far shorter than this form usually takes."""

import math
from collections.abc import Iterator, Sequence
from statistics import median

from sync.rules.interviews import Evidence, Interview

SENTENCES = {
    "fr": "Entretien de {minutes} min ; la moitié des entretiens de ce formulaire durent plus de {usual} min.",
    "en": "Interview of {minutes} min; half of this form's interviews take more than {usual} min.",
}
LEAST_INTERVIEWS = 20
# Robust standard deviations of the logarithm below the median, and at most this share of it.
DEVIATIONS = 3.0
SHARE = 0.5


def examine(interviews: Sequence[Interview]) -> Iterator[Evidence]:
    """Each that is far below the median of all (per answer given, so that skipped sections do not count)."""
    paces = {
        each.number: math.log(each.seconds / each.answered)
        for each in interviews
        if each.seconds is not None and each.answered
    }
    if len(paces) < LEAST_INTERVIEWS:
        return
    middle = median(paces.values())
    spread = max(1.4826 * median(abs(pace - middle) for pace in paces.values()), 0.1)
    for each in interviews:
        pace = paces.get(each.number)
        if pace is None or each.seconds is None:
            continue
        deviations = (middle - pace) / spread
        if deviations >= DEVIATIONS and pace <= middle + math.log(SHARE):
            facts = {
                "minutes": each.seconds / 60,
                "usual": math.exp(middle) * each.answered / 60,
                "deviations": deviations,
            }
            yield Evidence("too_fast", (each.number,), 1 - DEVIATIONS / (2 * deviations), facts)
