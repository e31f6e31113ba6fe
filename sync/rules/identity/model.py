"""What has been learnt of a form, and the score it gives: bits for and against "these two are one", that add up.

A weight is log2(m/u): how much oftener a level is met among submissions of one person (m) than among those of two (u). Agreement on a
value that is met often counts less: there u is the share of submissions with that very value.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sync.rules.identity.plan import GRADES, NAME, Column, Plan
from sync.rules.identity.tokens import Likeness

# Before anything is known: one submission in fifty repeats another.
EXPECTED_SHARE = 0.02
# And shares its household with another.
KIN_SHARE = 1.0
NO_KIN = -200.0
# A value met once among few submissions may be common all the same.
UNSEEN = 20.0
# Where kin share a word: first in both names, last in both, elsewhere. What is called a given name or a family name is taken at its word.
KIN_WORDS = (0.15, 0.65, 0.2)
KIN_WORDS_SAID = (0.03, 0.92, 0.05)
# What words of names are counted under.
WORD = "word"
FIRST_WORD = "first word"
AGE = "age"


@dataclass(frozen=True, slots=True)
class Model:
    """Numbers only, no names.

    `m`, `u`: per column, all situations one after the other; `kin`: the same among different people of one household, empty where that
    changes nothing. `prior_bits`: log2 odds that two submissions taken by chance are of one person; `kin_bits`: of one household.
    `counts`: how often values are met, by keyed hash, and only of those met more than once. `expected_pairs`: how many pairs of one
    person there seem to be. `slope`, `shift`: what verdicts made of the scores (see `calibration`). `implied`: for `Plan`, as measured.
    `in_all`: how many the form had, of which `submissions` were learnt from (0: an earlier release did not tell).
    `kin_words`: of kin who share one word of their names, how many share the first of both, the last of both, or one that stands elsewhere.
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
    implied: tuple[tuple[str, str], ...] | None = None
    kin_words: tuple[float, ...] = KIN_WORDS
    in_all: int = 0

    def fits(self, plan: Plan) -> bool:
        """True when it has a number for every level of the plan's columns: a newer release may know more levels than one that learnt."""
        return [len(each) for each in self.m] == [column.levels * len(column.m) for column in plan.columns]

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
            "kin_words": list(self.kin_words),
            "in_all": self.in_all,
            "implied": None if self.implied is None else [list(each) for each in self.implied],
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
            None if read["implied"] is None else tuple((one, other) for one, other in read["implied"]),
            tuple(read.get("kin_words", KIN_WORDS)),
            read.get("in_all", 0),
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
        kin_words=_usual_kin_words(plan),
    )


def _usual_kin_words(plan: Plan) -> tuple[float, ...]:
    if plan.own_word is None:
        return KIN_WORDS
    first, last, elsewhere = KIN_WORDS_SAID
    return (first, last, elsewhere) if plan.own_word == 0 else (last, first, elsewhere)


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
