"""Which answers say others: a village lies in one commune, a commune in one region. Agreement on both is one piece of evidence, not two."""

from collections import Counter
from collections.abc import Sequence
from itertools import permutations

from sync.rules.identity.plan import Features, Plan

# Questions of one group may say each other: where, or when.
GROUPS = (("place", "post"), ("date",))
# Of two submissions that agree on the finer answer, at least this share agree on the other.
SAID_FROM = 0.9
# Fewer pairs show nothing: then the usual order of forms holds.
LEAST_PAIRS = 20


def measured(plan: Plan, submissions: Sequence[Features]) -> list[tuple[str, str]]:
    """(path, path that says it), as these submissions show it; for `Plan`."""
    found = []
    for group in GROUPS:
        members = [number for number, (_, kind) in enumerate(plan.fields) if kind.name in group]
        for coarser, finer in permutations(members, 2):
            path, finer_path = plan.fields[coarser][0], plan.fields[finer][0]
            share = _said(submissions, coarser, finer)
            if share is None:
                said = (path, finer_path) in plan.implied
            else:
                # Two questions that say each other (a code and its name): the later one counts.
                both = coarser > finer and (_said(submissions, finer, coarser) or 0.0) >= SAID_FROM
                said = share >= SAID_FROM and not both
            if said:
                found.append((path, finer_path))
    return found


def _said(submissions: Sequence[Features], coarser: int, finer: int) -> float | None:
    """Of the pairs that agree on `finer`, which share agrees on `coarser` too; None when there are too few."""
    together: Counter[object] = Counter()
    alone: Counter[object] = Counter()
    for features in submissions:
        one, other = features.values[coarser], features.values[finer]
        if one is not None and other is not None:
            together[one, other] += 1
            alone[other] += 1
    pairs = sum(count * (count - 1) for count in alone.values())
    return None if pairs < 2 * LEAST_PAIRS else sum(count * (count - 1) for count in together.values()) / pairs
