"""Let the supervisors' verdicts correct the scores: each is one pair whose truth is known."""

import math
from collections.abc import Sequence
from dataclasses import replace

from sync.rules.identity.model import Model, probability
from sync.rules.identity.plan import Features
from sync.rules.identity.scoring import Scorer

# How far a handful of verdicts may move the scores: one standard deviation, in bits and as a factor.
SHIFT_TRUST = 3.0
SLOPE_TRUST = 0.3
LEAST, MOST = 0.3, 2.0
STEPS = 25
# So many imagined pairs speak for what was learnt without verdicts.
TRUST = 50.0

Verdict = tuple[Features, Features, bool]


def calibrated(scorer: Scorer, verdicts: Sequence[Verdict]) -> Model:
    """The model after verdicts (one, other, is it one person?). Levels of fields are counted among pairs found to be one; then the
    scores are stretched and moved so that of pairs said to be 70 % likely about 70 % were. Without verdicts nothing changes."""
    if not verdicts:
        return scorer.model
    plain = replace(scorer.model, slope=1.0, shift=0.0)
    model = replace(plain, m=_recounted(scorer, verdicts))
    bits = [Scorer(scorer.plan, scorer.keys, model).bits(one, other) for one, other, _ in verdicts]
    slope, shift = _fit(bits, [truth for _, _, truth in verdicts])
    return replace(model, slope=slope, shift=shift)


def _recounted(scorer: Scorer, verdicts: Sequence[Verdict]) -> tuple[tuple[float, ...], ...]:
    seen = [[0.0] * len(each) for each in scorer.model.m]
    for one, other, truth in verdicts:
        if truth:
            for number, level in enumerate(scorer.plan.compare(one, other)[0]):
                if level >= 0:
                    seen[number][level] += 1
    counted = []
    for column, m, own in zip(scorer.plan.columns, scorer.model.m, seen, strict=True):
        shares: list[float] = []
        for first in range(0, len(m), column.levels):
            total = sum(own[first : first + column.levels])
            shares += [(own[at] + TRUST * m[at]) / (total + TRUST) for at in range(first, first + column.levels)]
        counted.append(tuple(shares))
    return tuple(counted)


def _fit(bits: Sequence[float], truths: Sequence[bool]) -> tuple[float, float]:
    """Slope and shift of a logistic regression that prefers (1, 0); Newton's method."""
    slope, shift = 1.0, 0.0
    for _ in range(STEPS):
        gradient = [-(slope - 1) / SLOPE_TRUST**2, -shift / SHIFT_TRUST**2]
        curve = [1 / SLOPE_TRUST**2, 0.0, 1 / SHIFT_TRUST**2]
        for each, truth in zip(bits, truths, strict=True):
            score = max(-40.0, min(40.0, each))
            chance = probability(slope * score + shift)
            error, weight = (truth - chance) * math.log(2), chance * (1 - chance) * math.log(2) ** 2
            gradient[0] += error * score
            gradient[1] += error
            curve[0] += weight * score * score
            curve[1] += weight * score
            curve[2] += weight
        volume = curve[0] * curve[2] - curve[1] ** 2
        slope += max(-0.5, min(0.5, (curve[2] * gradient[0] - curve[1] * gradient[1]) / volume))
        shift += max(-3.0, min(3.0, (curve[0] * gradient[1] - curve[1] * gradient[0]) / volume))
        slope = max(LEAST, min(MOST, slope))
    return slope, shift
