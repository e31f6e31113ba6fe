"""Find the pairs of a whole form at once: keys, learning, scores. For one new submission against a table of keys see `keys` and `model`."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sync.rules.identity.keys import GENERIC_FROM, Keys, affordable
from sync.rules.identity.learning import learn
from sync.rules.identity.model import Model, Scorer, probability
from sync.rules.identity.plan import Plan

SHARES = 8
LEARN_FROM = 150_000
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
    """The pairs from REVIEW_FROM up, the model, and how many candidates were looked at."""

    pairs: list[Pair]
    model: Model
    candidates: int
    families: frozenset[str]


def find_pairs(
    submissions: Sequence[Mapping[str, str | None]],
    roles: Mapping[str, str],
    secret: bytes,
    *,
    model: Model | None = None,
    review_from: float = REVIEW_FROM,
) -> Found:
    """All suspected pairs among submissions (path → answer) of one form."""
    plan = Plan(roles)
    keys = Keys(plan, secret)
    features = [plan.read(answers) for answers in submissions]
    families = affordable(plan, features)
    made = [keys.of(each, families) for each in features]
    if model is None:
        sample, share = _sample(made)
        model = learn(plan, keys, features, sample, share)
    scorer = Scorer(plan, keys, model)
    pairs: list[Pair] = []
    candidates = 0
    for one, other in candidate_pairs(made):
        candidates += 1
        bits = scorer.bits(features[one], features[other])
        if probability(bits) >= review_from:
            pairs.append(Pair(min(one, other), max(one, other), bits))
    return Found(pairs, model, candidates, families)


def _sample(keys: Sequence[tuple[int, ...]]) -> tuple[list[tuple[int, int]], float]:
    """At most LEARN_FROM candidate pairs, each as likely as any other, and the share of all that they are."""
    chance = random.Random(1)  # noqa: S311 -- a sample, the same every time
    kept: list[tuple[int, int]] = []
    for seen, pair in enumerate(candidate_pairs(keys), 1):
        if len(kept) < LEARN_FROM:
            kept.append(pair)
        else:
            at = chance.randrange(seen)
            if at < LEARN_FROM:
                kept[at] = pair
    return kept, len(kept) / max(1, seen) if kept else 1.0
