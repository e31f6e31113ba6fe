"""Which suspected pairs a supervisor is asked about, and when a form must not be asked about at all."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sync.rules.identity.keys import EXACT
from sync.rules.identity.model import UNSEEN, Model, probability
from sync.rules.identity.plan import GRADES, NAME, Features, Plan

# Of what a supervisor is shown at least half should be worth it.
LEAST_PRECISION = 0.5
# A form of more suspicion than this says nothing about anybody.
MOST_PER_SUBMISSION = 5.0
MOST_FLAGGED = 0.5
ENOUGH = 30
# Full agreement on a form that tells people apart is worth this much and more.
SURE_BITS = 10.0


@dataclass(frozen=True, slots=True)
class Band:
    """Pairs from `bits` up are shown: `pairs` of them, of which the share `precision` is expected to be right."""

    bits: float
    pairs: int
    precision: float


def review_band(scores: Iterable[float], capacity: int) -> Band:
    """The band that fits a supervisor who can look at `capacity` pairs: the likeliest, while half of all shown are expected to be right.
    Nothing to show is a band from infinity."""
    right = 0.0
    band = Band(math.inf, 0, 0.0)
    for kept, bits in enumerate(sorted(scores, reverse=True)[:capacity], 1):
        right += probability(bits)
        if right < LEAST_PRECISION * kept:
            break
        band = Band(bits, kept, right / kept)
    return band


@dataclass(frozen=True, slots=True)
class Breaker:
    """Why a form is not scored: `code` "no_role" (no question tells people apart), "too_little" (even full agreement proves nothing) or
    "too_many" (half of the form would be suspected). `path`: the question that tells least, if one is to blame."""

    code: str
    path: str | None = None


def breaker(
    plan: Plan, model: Model, submissions: Sequence[Features], flagged: Sequence[tuple[int, int]]
) -> Breaker | None:
    """None when the form can be scored. `flagged`: pairs (numbers of submissions) of probability 0.5 and more."""
    if not plan.columns or all(column.role == "enumerator" for column in plan.columns):
        return Breaker("no_role")
    if best_bits(plan, model) < 0:
        return Breaker("too_little", least_telling(plan, submissions))
    if len(submissions) < ENOUGH:
        return None
    touched = {number for pair in flagged for number in pair}
    many = len(flagged) > MOST_PER_SUBMISSION * len(submissions)
    # Many copies of few are found together; half of all suspected *and* hardly anything to tell them apart is another matter.
    if many or (len(touched) > MOST_FLAGGED * len(submissions) and best_bits(plan, model) < SURE_BITS):
        return Breaker("too_many", least_telling(plan, submissions))
    return None


def best_bits(plan: Plan, model: Model) -> float:
    """The score of two submissions that agree on everything, with values as rare as can be."""
    total = model.prior_bits
    rarest = math.log2(model.submissions + 1)
    for column, m, u in zip(plan.columns, model.m, model.u, strict=True):
        if column.name in ("name.3", "name.order"):
            continue
        if column.role == NAME:
            best = max(range(len(m)), key=lambda level: (level % GRADES, level))
            total += math.log2(m[best]) + rarest
        elif column.telling:
            alone = -math.log2(UNSEEN * u[0] / (model.submissions + UNSEEN))
            is_own = column.role in EXACT and (plan.name_paths or column.role == "person_id")
            total += math.log2(m[0]) + (alone if is_own else min(rarest, -math.log2(u[0])))
        else:
            total += math.log2(m[0] / u[0])
    return model.slope * total + model.shift


def least_telling(plan: Plan, submissions: Sequence[Features]) -> str | None:
    """The path, among those with a role, whose answers say least (in bits of entropy); blank answers say nothing."""
    said = {
        path: entropy([features.values[number] for features in submissions])
        for number, (path, _) in enumerate(plan.fields)
    }
    if plan.name_paths:
        said[plan.name_paths[0]] = entropy([features.name.tokens or None for features in submissions])
    return min(said, key=lambda path: said[path]) if said else None


def entropy(values: Sequence[object | None]) -> float:
    """Bits that an answer says on average."""
    met = Counter(value for value in values if value is not None)
    count = sum(met.values())
    return -sum(each / len(values) * math.log2(each / count) for each in met.values()) if count else 0.0
