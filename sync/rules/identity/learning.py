"""Learn the weights of a form from its own submissions, without anybody's verdicts.

Free estimation fails where duplicates are rare: it finds families and villages instead. Here every number has an anchor: `u` comes
from pairs taken by chance, `m` of a field from pairs that are surely one by their *other* fields, the number of duplicates from what the
scores then say; all start from shipped numbers, and stay near them while there is little to learn from.
"""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Any

from sync.rules.identity.keys import EXACT, Keys, parts_of
from sync.rules.identity.kin import is_slip, kin_words
from sync.rules.identity.model import (
    FIRST_WORD,
    NO_KIN,
    WORD,
    Model,
    is_telling,
    kin_doubt,
    level_bits,
    prior_bits,
    probability,
    shipped_model,
)
from sync.rules.identity.plan import NAME, Column, Features, Plan
from sync.rules.identity.scoring import ORDER, Scorer, local

RANDOM_PAIRS = 100_000
ROUNDS = 14
# So many imagined pairs speak for the shipped numbers.
TRUST_M = 30.0
TRUST_U = 200.0
# Who is rather one person than not by the other fields counts with that probability. To count only the surest would take the cleanest
# records for all, and learn that slips hardly happen. But where it is relatives that leave it open, what these share would soon be taken
# for slips: of those who count at most one in ten may be somebody's relative.
ANCHOR_FROM = 0.5
RELATIVES_AMONG = 0.1
# On these the people of a household agree as well, and are written down as badly, as one person twice.
OF_A_HOUSEHOLD = frozenset({"household", "place", "post", "gps", "enumerator"})
# Fewer people have no ways of their own.
VILLAGE = 50

# Levels of all columns; rarity in bits (rounded) of each group of columns, and of the words that kin share.
Pattern = tuple[tuple[int, ...], tuple[int, ...]]


def count_values(plan: Plan, keys: Keys, submissions: Sequence[Features]) -> dict[int, int]:
    """How many submissions have each value that is met more than once, by keyed hash (of numbers: how many people, as their names tell); and
    how many people of a place bear a word in their names, where they are more than the country would make one expect."""
    seen: dict[str, Counter[Any]] = {}
    people: set[tuple[str, object, frozenset[str]]] = set()
    for features in submissions:
        for part, said in parts_of(plan, features):
            seen.setdefault(part, Counter())[said] += 1
        words = {token.name for token in features.name.tokens}
        seen.setdefault(WORD, Counter()).update(words)
        seen.setdefault(FIRST_WORD, Counter()).update({token.name for token in features.name.tokens[:1]})
        for (path, kind), value in zip(plan.fields, features.values, strict=True):
            if kind.telling and value is not None:
                if words and kind.name in EXACT:
                    # Five records of one person with one number are no sign that it is a common one.
                    person = (path, value, frozenset(words))
                    if person in people:
                        continue
                    people.add(person)
                seen.setdefault(path, Counter())[value] += 1
                if kind.name == "place":
                    seen.setdefault(local(path, value), Counter()).update(words)
    return _counted(seen, keys, len(submissions))


def _counted(seen: dict[str, Counter[Any]], keys: Keys, submissions: int) -> dict[int, int]:
    everywhere = seen.get(WORD, Counter())
    counts: dict[int, int] = {}
    for counted, counter in seen.items():
        path, _, place = counted.partition("=")
        here = seen[path][place] if place else 0
        for value, count in counter.items():
            usual = max(VILLAGE / 10, 2 * here * everywhere[value] / submissions) if place else 1
            if count > usual and (not place or here >= VILLAGE):
                counts[keys.value(counted, value)] = count
    return counts


def learn(
    plan: Plan,
    keys: Keys,
    submissions: Sequence[Features],
    candidates: Sequence[tuple[int, int]],
    weights: Sequence[float] | None = None,
    seed: int = 1,
    counts: Mapping[int, int] | None = None,
    in_all: int | None = None,
) -> Model:
    """A model of these submissions, a sample of `in_all`. `candidates`: pairs that share a key, or a sample of them (`weights`: how many pairs
    each stands for); `counts` as `count_values` has them."""
    if counts is None:
        counts = count_values(plan, keys, submissions)
    start = replace(
        shipped_model(plan, len(submissions)), counts=counts, implied=plan.implied, in_all=in_all or len(submissions)
    )
    lesson = _Lesson(plan, keys, submissions, start)
    return lesson.learn(candidates, weights, random.Random(seed))  # noqa: S311 -- pairs to learn from


class _Lesson:
    def __init__(self, plan: Plan, keys: Keys, submissions: Sequence[Features], start: Model) -> None:
        self.columns = plan.columns
        self.plan = plan
        self.submissions = submissions
        self.start = start
        self.scorer = Scorer(plan, keys, start)
        # The words of a name stand and fall together; every other column is a group of its own.
        names = [NAME if column.role == NAME else column.name for column in plan.columns]
        groups = list(dict.fromkeys(names))
        self.group = [groups.index(name) for name in names]
        self.groups = len(groups)
        self.shared = [any(column.kin for column in self._of(group)) for group in range(self.groups)]
        self.sexes = [any(column.role == "sex" for column in self._of(group)) for group in range(self.groups)]
        self.named = groups.index(NAME) if NAME in groups else -1
        self.m = [list(each) for each in start.m]
        self.u = [list(each) for each in start.u]
        self.kin = [list(each) for each in start.kin]
        self.prior = start.prior_bits
        self.kin_words = start.kin_words
        self.slips = [level_bits(column, own, u) for column, own, u in zip(plan.columns, start.m, start.u, strict=True)]
        self.kin_prior = start.kin_bits

    def _of(self, group: int) -> list[Column]:
        return [column for own, column in zip(self.group, self.columns, strict=True) if own == group]

    def pattern(self, pair: tuple[int, int]) -> Pattern:
        one, other = self.submissions[pair[0]], self.submissions[pair[1]]
        levels, tokens = self.plan.compare(one, other)
        rarity = [0.0] * self.groups
        words: list[float] = []
        village = self.scorer.village(one, levels)
        for number, level in enumerate(levels):
            if is_telling(self.columns[number], level):
                rare = self.scorer.rarity(number, level, one, other, tokens, village)
                rarity[self.group[number]] += rare
                if self.group[number] == self.named:
                    words.append(rare)
                    rarity[self.group[number]] += self.scorer.joined(number, levels, one, other)
            elif number < ORDER and is_slip(self.plan, number, level):
                words.append(self.slips[number][level])
        return tuple(levels), (
            *(round(each) for each in rarity),
            round(self.scorer.shared(levels, words, one, other, tokens)),
        )

    def learn(
        self, candidates: Sequence[tuple[int, int]], weights: Sequence[float] | None, chance: random.Random
    ) -> Model:
        count = len(self.submissions)
        wanted = min(RANDOM_PAIRS, 30 * count, count * (count - 1) // 2)
        drawn = [(one, other) for one, other in (chance.sample(range(count), 2) for _ in range(wanted))]
        if self.named >= 0:
            usual = self.start.kin_words
            self.kin_words = kin_words(self.plan, self.submissions, candidates, weights, drawn, usual)
            self.scorer = Scorer(self.plan, self.scorer.keys, replace(self.start, kin_words=self.kin_words))
        likely: dict[Pattern, float] = {}
        for pair, weight in zip(candidates, weights or repeat(1.0), strict=False):
            pattern = self.pattern(pair)
            likely[pattern] = likely.get(pattern, 0.0) + weight
        by_chance = Counter(self.pattern((one, other)) for one, other in drawn)
        expected = 0.0
        for _ in range(ROUNDS):
            expected, kin = self._round(likely, by_chance)
            self.prior = prior_bits(expected, count)
            if self.start.kin_bits > NO_KIN:
                self.kin_prior = prior_bits(kin, count)
        return replace(
            self.start,
            m=tuple(map(tuple, self.m)),
            u=tuple(map(tuple, self.u)),
            kin=tuple(map(tuple, self.kin)),
            prior_bits=self.prior,
            kin_bits=self.kin_prior,
            kin_words=self.kin_words,
            expected_pairs=expected,
        )

    def _round(self, likely: dict[Pattern, float], by_chance: Counter[Pattern]) -> tuple[float, float]:
        """One round: score every pattern by what is known, then count again. Answers the expected numbers of pairs that are one
        person and of pairs that are two of one household."""
        weights, kin_weights = self._weights(self.m), self._weights(self.kin)
        seen_m, seen_u, seen_kin = ([[0.0] * len(each) for each in table] for table in (self.m, self.u, self.kin))
        expected = relatives = 0.0
        for pattern, count in likely.items():
            parts, kin_parts = self._by_group(pattern, weights), self._by_group(pattern, kin_weights, among_kin=True)
            total, kin = sum(parts) + self.prior, sum(kin_parts) + self.kin_prior
            one = probability(total - kin_doubt(kin))
            expected += one * count
            of_one_home = (1 - one) * probability(kin) * count
            relatives += of_one_home
            surely = [_anchor(total - part, kin - kin_part) for part, kin_part in zip(parts, kin_parts, strict=True)]
            self._count(pattern[0], seen_m, [count * each for each in surely])
            self._count(pattern[0], seen_kin, [of_one_home] * self.groups)
            # What belongs to a person is as among strangers: where there are no households, to learn it would take slips for relatives.
            # Keys never contain the sex: here candidates are as good as chance, and there are enough of one name.
            self._count(pattern[0], seen_u, [(1 - one) * count * is_sex for is_sex in self.sexes])
        for pattern, count in by_chance.items():
            apart = 1 - probability(sum(self._by_group(pattern, weights)) + self.prior)
            self._count(pattern[0], seen_u, [apart * count] * self.groups)
        self._take(seen_m, self.m, self.start.m, TRUST_M)
        self._take(seen_kin, self.kin, self.start.kin, TRUST_M)
        for number, column in enumerate(self.columns):
            if column.role in OF_A_HOUSEHOLD:
                self.kin[number] = list(self.m[number])
        self._take(seen_u, self.u, self.start.u, TRUST_U)
        return expected, relatives

    def _by_group(self, pattern: Pattern, weights: list[list[float]], *, among_kin: bool = False) -> list[float]:
        """The bits of each group of columns; among kin only what a household shares counts, and one word of the name."""
        levels, rarity = pattern
        if among_kin:
            parts = [rarity[group] if shared else 0.0 for group, shared in enumerate(self.shared)]
            if self.named >= 0:
                parts[self.named] = rarity[-1]
        else:
            parts = list(rarity[: self.groups])
        for number, level in enumerate(levels):
            parts[self.group[number]] += weights[number][level]
        return parts

    def _count(self, levels: tuple[int, ...], seen: list[list[float]], by_group: list[float]) -> None:
        for number, level in enumerate(levels):
            if level >= 0 and seen[number]:
                seen[number][level] += by_group[self.group[number]]

    def _weights(self, table: list[list[float]]) -> list[list[float]]:
        """Bits of every level and, last, of level -1; zeros for columns that the table leaves out."""
        return [
            [*(level_bits(column, own, u) if own else [0.0] * len(u)), 0.0]
            for column, own, u in zip(self.columns, table, self.u, strict=True)
        ]

    def _take(
        self,
        seen: list[list[float]],
        into: list[list[float]],
        start: tuple[tuple[float, ...], ...],
        trust: float,
    ) -> None:
        for number, column in enumerate(self.columns):
            if into is self.u and column.name == "name.order":
                continue
            for first in range(0, len(seen[number]), column.levels):
                levels = range(first, first + column.levels)
                total = sum(seen[number][level] for level in levels)
                for level in levels:
                    into[number][level] = (seen[number][level] + trust * start[number][level]) / (total + trust)


def _anchor(bits: float, kin: float) -> float:
    """How much a pair says of a field, by its others: log2 odds that it is one person, and that it is of one household, against strangers."""
    doubt = kin_doubt(kin)
    surely = probability(bits - doubt)
    if surely < ANCHOR_FROM or (1 - surely) * (1 - 2.0**-doubt) > RELATIVES_AMONG:
        return 0.0
    return surely
