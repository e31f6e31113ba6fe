"""What has been learnt of a form, and the score it gives: bits for and against "these two are one", that add up.

A weight is log2(m/u): how much oftener a level is met among submissions of one person (m) than among those of two (u). Agreement on a
value that is met often counts less: there u is the share of submissions with that very value.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sync.rules.identity.keys import Keys
from sync.rules.identity.levels import KINDS
from sync.rules.identity.plan import GRADES, NAME, Column, Features, Plan
from sync.rules.identity.tokens import REMEMBERED, Likeness, Token

# Before anything is known: one submission in fifty repeats another.
EXPECTED_SHARE = 0.02
# And shares its household with another.
KIN_SHARE = 1.0
NO_KIN = -200.0
# A value met once among few submissions may be common all the same.
UNSEEN = 20.0
# What words of names are counted under.
WORD = "word"
AGE = "age"
# So many people of the country are imagined in every village when its own names are counted.
ELSEWHERE = 10.0


@dataclass(frozen=True, slots=True)
class Model:
    """Numbers only, no names.

    `m`, `u`: per column, all situations one after the other; `kin`: the same among different people of one household, empty where that
    changes nothing. `prior_bits`: log2 odds that two submissions taken by chance are of one person; `kin_bits`: of one household.
    `counts`: how often values are met, by keyed hash, and only of those met more than once. `expected_pairs`: how many pairs of one
    person there seem to be. `slope`, `shift`: what verdicts made of the scores (see `calibration`).
    """

    m: tuple[tuple[float, ...], ...]
    u: tuple[tuple[float, ...], ...]
    kin: tuple[tuple[float, ...], ...]
    prior_bits: float
    kin_bits: float
    submissions: int = 0
    expected_pairs: float = 0.0
    counts: Mapping[int, int] = field(default_factory=dict)
    slope: float = 1.0
    shift: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """For a database column."""
        return {
            "m": [list(each) for each in self.m],
            "u": [list(each) for each in self.u],
            "kin": [list(each) for each in self.kin],
            "prior_bits": self.prior_bits,
            "kin_bits": self.kin_bits,
            "submissions": self.submissions,
            "expected_pairs": self.expected_pairs,
            "slope": self.slope,
            "shift": self.shift,
            "counts": {str(key): count for key, count in self.counts.items()},
        }

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> "Model":
        """The model that `to_json` wrote."""
        return cls(
            tuple(tuple(each) for each in read["m"]),
            tuple(tuple(each) for each in read["u"]),
            tuple(tuple(each) for each in read["kin"]),
            read["prior_bits"],
            read["kin_bits"],
            read["submissions"],
            read["expected_pairs"],
            {int(key): count for key, count in read["counts"].items()},
            read["slope"],
            read["shift"],
        )


def shipped_model(plan: Plan, submissions: int = 0) -> Model:
    """What holds before a form has taught us anything."""
    return Model(
        tuple(sum(column.m, ()) for column in plan.columns),
        tuple(sum(column.u, ()) for column in plan.columns),
        tuple(column.kin or () for column in plan.columns),
        prior_bits(EXPECTED_SHARE * max(submissions, 100), max(submissions, 100)),
        prior_bits(KIN_SHARE * max(submissions, 100), max(submissions, 100)) if plan.tells_kin_apart else NO_KIN,
        submissions,
        EXPECTED_SHARE * submissions,
    )


def prior_bits(pairs: float, submissions: int) -> float:
    """log2 odds that two of so many submissions are one, when so many pairs are."""
    everything = submissions * (submissions - 1) / 2
    share = min(max(pairs, 0.5) / max(everything, 1.0), 0.5)
    return math.log2(share / (1 - share))


def probability(bits: float) -> float:
    """Of log2 odds."""
    if bits > 60:
        return 1.0
    return 0.0 if bits < -1000 else 1 / (1 + 2.0**-bits)


def is_telling(column: Column, level: int) -> bool:
    """True when the weight of this level depends on how rare the value is."""
    if not column.telling or level < 0:
        return False
    if column.role == NAME:
        return level % GRADES >= Likeness.SPELLING
    # How many are about as old is known for every age.
    return level < column.levels - 1 if column.role == AGE else level == 0


def kin_doubt(bits: float) -> float:
    """What is taken off a score when the pair may as well be two people of one household (`bits`: log2 odds of that, against two
    strangers)."""
    if bits > 60:
        return bits
    return math.log2(1 + 2.0**bits)


def level_bits(column: Column, own: Sequence[float], u: Sequence[float]) -> list[float]:
    """log2(own/u) of every level, where rarity does not stand for `u`; to agree less never counts more."""
    bits = [
        math.log2(own[level]) - (0.0 if is_telling(column, level) else math.log2(u[level])) for level in range(len(own))
    ]
    for first in range(0, len(bits), column.levels):
        # Names count up from "different", everything else down from "equal".
        order = range(first, first + column.levels)
        plain = [
            level for level in (reversed(order) if column.role == NAME else order) if not is_telling(column, level)
        ]
        if column.name != "name.order":
            for better, worse in pairwise(plain):
                bits[worse] = min(bits[worse], bits[better])
    return bits


@dataclass(frozen=True, slots=True)
class Part:
    """What one column says: its level (as in `Plan.compare`) and its bits."""

    column: Column
    level: int
    bits: float


@dataclass(frozen=True, slots=True)
class Score:
    """Bits of every column; `kin` (never positive) is the doubt that both live in one household. They and `prior` sum to `bits`."""

    parts: tuple[Part, ...]
    kin: float
    prior: float

    @property
    def bits(self) -> float:
        """log2 odds."""
        return sum(part.bits for part in self.parts) + self.kin + self.prior

    @property
    def probability(self) -> float:
        """0…1."""
        return probability(self.bits)


class Scorer:
    """Scores pairs of one form by one model."""

    def __init__(self, plan: Plan, keys: Keys, model: Model) -> None:
        self.plan = plan
        self.keys = keys
        self.model = model
        self._rarity: dict[tuple[str, object, str], float] = {}
        self._places = [(index, path) for index, (path, kind) in enumerate(plan.fields) if kind.name == "place"]
        # For each level: bits, bits for kin, and whether rarity comes on top; the last element is for level -1, "not compared".
        self._weights: list[list[tuple[float, float, bool]]] = []
        for column, m, u, kin in zip(plan.columns, model.m, model.u, model.kin, strict=True):
            among_kin = level_bits(column, kin, u) if kin else [0.0] * len(m)
            telling = [is_telling(column, level) for level in range(len(m))]
            weights = list(zip(level_bits(column, m, u), among_kin, telling, strict=True))
            self._weights.append([*weights, (0.0, 0.0, False)])
        self._offset = len(plan.columns) - len(plan.fields)

    def bits(self, one: Features, other: Features) -> float:
        """log2 odds that both speak of one person, the prior included."""
        levels, tokens = self.plan.compare(one, other)
        total = self.model.prior_bits
        kin = self.model.kin_bits
        rarest = 0.0
        village = self.village(one, levels)
        for number, level in enumerate(levels):
            bits, among_kin, telling = self._weights[number][level]
            total += bits
            kin += among_kin
            if telling:
                rarity = self.rarity(number, level, one, other, tokens, village)
                total += rarity
                if number < self._offset:
                    rarest = max(rarest, rarity)
                elif among_kin:
                    kin += rarity
        return self.model.slope * (total - kin_doubt(kin + rarest)) + self.model.shift

    def score(self, one: Features, other: Features) -> Score:
        """The same with what each column says."""
        levels, tokens = self.plan.compare(one, other)
        slope = self.model.slope
        parts = []
        kin = self.model.kin_bits
        rarest = 0.0
        village = self.village(one, levels)
        for number, (column, level) in enumerate(zip(self.plan.columns, levels, strict=True)):
            bits, among_kin, telling = self._weights[number][level]
            rarity = self.rarity(number, level, one, other, tokens, village) if telling else 0.0
            kin += among_kin
            if number < self._offset:
                rarest = max(rarest, rarity)
            elif among_kin:
                kin += rarity
            parts.append(Part(column, level, slope * (bits + rarity)))
        doubt = -slope * kin_doubt(kin + rarest)
        return Score(tuple(parts), doubt, slope * self.model.prior_bits + self.model.shift)

    def rarity(
        self, number: int, level: int, one: Features, other: Features, tokens: list[Token], village: str = ""
    ) -> float:
        """-log2 of the share of submissions that agree as well as these two on column `number`; for a word of a name in a `village`
        (that the two agree on) the share there, where a few families may be half of the people."""
        if number < self._offset:
            # All words by the measure of the first column: which of two equal ones stands first must not matter.
            return self._known(0, WORD, tokens[number].key, village)
        index = number - self._offset
        path, kind = self.plan.fields[index]
        if kind.name == AGE:
            ages = sorted((one.values[index], other.values[index]))
            return (self._as_old(path, ages[0], level) + self._as_old(path, ages[1], level)) / 2
        return self._known(number, path, one.values[index], "")

    def _as_old(self, path: str, age: int, level: int) -> float:
        at = (path, age, str(level))
        known = self._rarity.get(at)
        if known is None:
            apart = range(max(0, age - 10), age + 11)
            met = sum(
                self.model.counts.get(self.keys.value(path, each), 0)
                for each in apart
                if KINDS[AGE].level(age, each) == level
            )
            usual = KINDS[AGE].u[level]
            known = self._rarity[at] = -math.log2((met + UNSEEN * usual) / (self.model.submissions + UNSEEN))
        return known

    def village(self, one: Features, levels: list[int]) -> str:
        """The place both agree on, as `local` names it; "" when there is none."""
        for index, path in self._places:
            if levels[self._offset + index] == 0:
                return local(path, one.values[index])
        return ""

    def _known(self, number: int, kind: str, value: object, village: str) -> float:
        at = (kind, value, village)
        known = self._rarity.get(at)
        if known is None:
            if len(self._rarity) >= REMEMBERED:
                self._rarity.clear()
            share = self._share(number, kind, value)
            if village:
                here = self.model.counts.get(self.keys.value(village, value), 0)
                if here:
                    people = self.model.counts.get(self.keys.value(*village.split("=", 1)), here)
                    share = max(share, (here - 1 + ELSEWHERE * share) / (people - 1 + ELSEWHERE))
            known = self._rarity[at] = -math.log2(share)
        return known

    def _share(self, number: int, kind: str, value: object) -> float:
        column = self.plan.columns[number]
        usual = sum(column.u[0][level] for level in range(column.levels) if is_telling(column, level))
        met = self.model.counts.get(self.keys.value(kind, value), 1)
        # One of those who have it is the other of this pair.
        return (max(met - 1, 1) + UNSEEN * usual) / (self.model.submissions + UNSEEN)


def local(path: str, place: object) -> str:
    """The kind under which the words of a place's names are counted."""
    return f"{path}={place}"
