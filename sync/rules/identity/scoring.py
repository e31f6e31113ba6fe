"""The score of a pair by a model: bits of every field that add up."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from sync.rules.identity.keys import EXACT, Keys
from sync.rules.identity.kin import OPPOSITE, is_slip, where
from sync.rules.identity.levels import KINDS
from sync.rules.identity.model import (
    AGE,
    FIRST_WORD,
    UNSEEN,
    WORD,
    Model,
    is_telling,
    kin_doubt,
    level_bits,
    probability,
)
from sync.rules.identity.plan import WORDS, Column, Features, Plan
from sync.rules.identity.tokens import REMEMBERED, Token

# The column that says in which order words stand; such a share of names is written the other way round.
ORDER = 3
REVERSED = 0.1
# So many people of the country are imagined in every village when its own names are counted.
STRANGERS = 10.0
# That kin share a second word of three (a double family name, a father's name) is met in a third of families.
SECOND_WORD_BITS = -1.6


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
        # Bits that are missing where kin seldom share the word that stands there.
        self._stands = [math.log2(share / max(model.kin_words)) for share in model.kin_words]

    def bits(self, one: Features, other: Features) -> float:
        """log2 odds that both speak of one person, the prior included."""
        levels, tokens = self.plan.compare(one, other)
        total = self.model.prior_bits
        kin = self.model.kin_bits
        words: list[float] = []
        village = self.village(one, levels)
        for number, level in enumerate(levels):
            bits, among_kin, telling = self._weights[number][level]
            total += bits
            kin += among_kin
            if telling:
                rarity = self.rarity(number, level, one, other, tokens, village)
                total += rarity
                if number < self._offset:
                    words.append(rarity)
                    total += self.joined(number, levels, one, other)
                elif among_kin:
                    kin += rarity
            elif number < ORDER and is_slip(self.plan, number, level):
                words.append(bits)
        return (
            self.model.slope * (total - kin_doubt(kin + self.shared(levels, words, one, other, tokens)))
            + self.model.shift
        )

    def score(self, one: Features, other: Features) -> Score:
        """The same with what each column says."""
        levels, tokens = self.plan.compare(one, other)
        slope = self.model.slope
        parts = []
        kin = self.model.kin_bits
        words: list[float] = []
        village = self.village(one, levels)
        for number, (column, level) in enumerate(zip(self.plan.columns, levels, strict=True)):
            bits, among_kin, telling = self._weights[number][level]
            rarity = self.rarity(number, level, one, other, tokens, village) if telling else 0.0
            kin += among_kin
            if number < self._offset:
                if telling:
                    words.append(rarity)
                    rarity += self.joined(number, levels, one, other)
                elif number < ORDER and is_slip(self.plan, number, level):
                    words.append(bits)
            elif among_kin:
                kin += rarity
            parts.append(Part(column, level, slope * (bits + rarity)))
        doubt = -slope * kin_doubt(kin + self.shared(levels, words, one, other, tokens))
        return Score(tuple(parts), doubt, slope * self.model.prior_bits + self.model.shift)

    def rarity(
        self, number: int, level: int, one: Features, other: Features, tokens: list[Token], village: str = ""
    ) -> float:
        """-log2 of the share of submissions that agree as well as these two on column `number`; for a word of a name in a `village`
        (that the two agree on) the share there, where a few families may be half of the people."""
        if number < self._offset:
            # All words by the measure of the first column: which of two equal ones stands first must not matter.
            return self._known(0, WORD, tokens[number].name, village)
        index = number - self._offset
        path, kind = self.plan.fields[index]
        if kind.name == AGE:
            ages = sorted((one.values[index], other.values[index]))
            return (self._as_old(path, ages[0], level) + self._as_old(path, ages[1], level)) / 2
        return self._known(number, path, one.values[index], "")

    def shared(
        self, levels: Sequence[int], rarities: Sequence[float], one: Features, other: Features, tokens: list[Token]
    ) -> float:
        """Bits of the names that kin explain (`rarities`: of every word that agrees). Kin share a name that stands where on this form the
        names of families stand; somebody of their own has a name of their own, which agrees with that of a relative by chance only."""
        agreeing = len(rarities)
        compared = sum(level >= 0 for level in levels[:WORDS])
        if not agreeing or (agreeing == 1 and len(one.name.tokens) == 1 == len(other.name.tokens)):
            return 0.0
        if compared == 1:
            return rarities[0] + self._stands[where(tokens[0], one, other)]
        if agreeing < compared:
            told = sum(rarities) + (agreeing - 1) * SECOND_WORD_BITS
            return told + self._stands[where(tokens[0], one, other)] if agreeing == 1 else told
        everything = sum(rarities) + (agreeing - 2) * SECOND_WORD_BITS
        own = [
            everything - rare + self._stands[OPPOSITE[where(token, one, other)]]
            for rare, token in zip(rarities, tokens, strict=False)
        ]
        most = max(own)
        return most + math.log2(sum(2.0 ** (each - most) for each in own))

    def joined(self, number: int, levels: Sequence[int], one: Features, other: Features) -> float:
        """Zero but for the second word of two names of two words that agree: bits for where the words stand. A word that is always first is
        never met beside another that is, and no stranger has them in another order unless he writes all names so; where sons are called after
        their fathers any order may be another man's."""
        if number != 1 or not len(one.name.tokens) == 2 == len(other.name.tokens):
            return 0.0
        first, second = (self._first(token.name) for token in one.name.tokens)
        written, turned = first * (1 - second), second * (1 - first)
        by_chance = (1 - REVERSED) * written + REVERSED * turned
        if levels[ORDER] == 1:
            # Between what a stranger to either of them would write.
            by_chance = math.sqrt(by_chance * ((1 - REVERSED) * turned + REVERSED * written))
        # What the order alone says by its own column is in here.
        return math.log2(self.model.u[ORDER][levels[ORDER]] / by_chance)

    def _first(self, word: str) -> float:
        """How often, where this word is in a name, it is the first."""
        at = (FIRST_WORD, word, "")
        known = self._rarity.get(at)
        if known is None:
            met = self.model.counts.get(self.keys.value(WORD, word), 1)
            first = self.model.counts.get(self.keys.value(FIRST_WORD, word), 0 if met > 1 else 0.5)
            known = self._rarity[at] = (first + 0.25) / (met + 0.5)
        return known

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
                    share = max(share, (here - 1 + STRANGERS * share) / (people - 1 + STRANGERS))
            known = self._rarity[at] = -math.log2(share)
        return known

    def _share(self, number: int, kind: str, value: object) -> float:
        column = self.plan.columns[number]
        usual = sum(column.u[0][level] for level in range(column.levels) if is_telling(column, level))
        met = self.model.counts.get(self.keys.value(kind, value), 1)
        # One of those who have it is the other of this pair. A number that nobody else has may be nobody else's in the whole country; a
        # name or a place of which there is one here is not the only one.
        others = met - 1 if column.role in EXACT else max(met - 1, 1)
        if column.role == "person_id" and not self.plan.name_paths:
            # No name says how many people two records are: then a number is whose it is meant to be.
            others = max(met - 2, 0)
        return (others + UNSEEN * usual) / (self.model.submissions + UNSEEN)


def local(path: str, place: object) -> str:
    """The kind under which the words of a place's names are counted."""
    return f"{path}={place}"
