"""Find the pairs of a whole form at once: keys, learning, scores. For one new submission against a table of keys see `keys` and `model`."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sync.rules.identity.bands import Breaker, breaker
from sync.rules.identity.implied import measured
from sync.rules.identity.keys import GENERIC_FROM, Keys, affordable
from sync.rules.identity.learning import count_values, learn
from sync.rules.identity.model import Model, probability
from sync.rules.identity.plan import Plan
from sync.rules.identity.scoring import Scorer

SHARES = 8
LEARN_FROM = 75_000
REVIEW_FROM = 0.05
# A new submission is scored against so many at most: what it costs must not depend on how common its names are.
MOST_SCORED = 40


@dataclass(frozen=True, slots=True)
class Pair:
    """Two submissions (their numbers, the smaller first) and the odds that they speak of one."""

    one: int
    other: int
    bits: float

    @property
    def probability(self) -> float:
        """0…1."""
        return probability(self.bits)


def candidate_pairs(keys: Sequence[tuple[int, ...]], generic_from: int = GENERIC_FROM) -> Iterator[tuple[int, int]]:
    """Every pair that shares a key which is not generic, once. Memory: an eighth of the keys at a time."""
    generic: set[int] = set()
    for share in range(SHARES):
        buckets: dict[int, int | list[int]] = {}
        _fill(buckets, keys, share)
        generic |= {key for key, bucket in buckets.items() if isinstance(bucket, list) and len(bucket) > generic_from}
    for share in range(SHARES):
        buckets = {}
        _fill(buckets, keys, share)
        for key, bucket in buckets.items():
            if isinstance(bucket, int) or key in generic:
                continue
            for place, one in enumerate(bucket):
                mine = keys[one]
                for other in bucket[place + 1 :]:
                    theirs = keys[other]
                    first = next(each for each in mine if each in theirs and each not in generic)
                    if first == key:
                        yield one, other


def _fill(buckets: dict[int, int | list[int]], keys: Sequence[tuple[int, ...]], share: int) -> None:
    for number, mine in enumerate(keys):
        for key in mine:
            if key % SHARES == share:
                bucket = buckets.get(key)
                if bucket is None:
                    buckets[key] = number
                elif isinstance(bucket, int):
                    buckets[key] = [bucket, number]
                else:
                    bucket.append(number)


def shortlist(hits: Iterable[tuple[int, int]], most: int = MOST_SCORED, generic_from: int = GENERIC_FROM) -> list[int]:
    """Whom to score a new submission against, from what a table of keys holds: `hits` are (key, submission) of all its keys. Generic keys
    are left out; who shares more keys, and keys that fewer share, comes first."""
    buckets: dict[int, list[int]] = {}
    for key, number in hits:
        buckets.setdefault(key, []).append(number)
    worth: dict[int, float] = {}
    for bucket in buckets.values():
        if len(bucket) <= generic_from:
            each = 1 + 1 / len(bucket)
            for number in bucket:
                worth[number] = worth.get(number, 0.0) + each
    return sorted(worth, key=lambda number: (-worth[number], number))[:most]


@dataclass(frozen=True, slots=True)
class Found:
    """The pairs from REVIEW_FROM up, the model, and how many candidates were looked at. `stopped`: why the form cannot tell who is who; then
    there are no pairs."""

    pairs: list[Pair]
    model: Model
    candidates: int
    families: frozenset[str]
    stopped: Breaker | None = None


def find_pairs(
    submissions: Sequence[Mapping[str, str | None]],
    roles: Mapping[str, str],
    secret: bytes,
    *,
    model: Model | None = None,
    review_from: float = REVIEW_FROM,
) -> Found:
    """All suspected pairs among submissions (path → answer) of one form."""
    plan = Plan(roles, None if model is None else model.implied)
    features = [plan.read(answers) for answers in submissions]
    if model is None:
        plan = Plan(roles, measured(plan, features))
    plain = Keys(plan, secret)
    counts = count_values(plan, plain, features) if model is None else model.counts
    sample = len(features) if model is None else model.submissions
    keys = plain.among(counts, sample, len(features))
    families = affordable(plan, features, crowd=keys.crowd)
    made = [keys.of(each, families) for each in features]
    if model is None:
        model = learn(plan, keys, features, *_sample(made), counts=counts)
    scorer = Scorer(plan, keys, model)
    pairs: list[Pair] = []
    candidates = 0
    expected = 0.0
    for one, other in candidate_pairs(made):
        candidates += 1
        bits = scorer.bits(features[one], features[other])
        chance = probability(bits)
        expected += chance
        if chance >= review_from:
            pairs.append(Pair(min(one, other), max(one, other), bits))
    flagged = [(pair.one, pair.other) for pair in pairs if pair.bits >= 0]
    stopped = breaker(plan, model, features, flagged, keys)
    return Found(
        [] if stopped else pairs,
        replace(model, expected_pairs=0.0 if stopped else expected),
        candidates,
        families,
        stopped,
    )


def _sample(keys: Sequence[tuple[int, ...]]) -> tuple[list[tuple[int, int]], list[float]]:
    """Candidate pairs to learn from, and how many pairs each stands for: at most LEARN_FROM of those that share several keys (where the
    duplicates are), and as many of those that share one."""
    chance = random.Random(1)  # noqa: S311 -- a sample, the same every time
    kept: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    seen = [0, 0]
    for one, other in candidate_pairs(keys):
        theirs = keys[other]
        several = sum(key in theirs for key in keys[one]) > 1
        seen[several] += 1
        if len(kept[several]) < LEARN_FROM:
            kept[several].append((one, other))
        else:
            at = chance.randrange(seen[several])
            if at < LEARN_FROM:
                kept[several][at] = (one, other)
    weights = [count / max(1, len(part)) for count, part in zip(seen, kept, strict=True)]
    return kept[0] + kept[1], [weights[0]] * len(kept[0]) + [weights[1]] * len(kept[1])
