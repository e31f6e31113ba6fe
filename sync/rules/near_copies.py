"""Interviews that agree more than chance allows: each against all others, by what the agreement is worth and not by a share of answers.

That 85 % of the answers agree means much on a long form and nothing on a list of yes and no that everybody answers alike. Here an agreement on
an answer that a share p of people give is worth log2((c + (1-c)p) / p) bits in favour of a copy and a difference log2(1-c), where
c is the share of answers a copyist leaves alone. What honest interviews reach by chance is measured on the form itself; a form on
which even a copy would not stand out says so.

Exact and without numpy: the answers lie as one long number per question and choice (bit i: interview i gave it), so that adding up the
agreements with all interviews is a few hundred operations on long numbers. The most telling answers are added up first: most often
they already rule out everybody.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from sync.rules.answer_matrix import AnswerMatrix
from sync.rules.bit_counts import at_least, counts, ones, sums

COPIED = 0.9
# A question that nearly everybody answers alike tells nothing.
CONSTANT = 0.97
# At most this share of honest interviews may seem copied.
FALSE_ALARMS = 0.005
SAMPLE = 400
# A copy must be found this often, or the form is too short to tell.
POWER = 0.8
LEAST_INTERVIEWS = 30
# An answer that fewer give is called rare.
RARE = 0.1
# So many are sooner scored than sifted again.
FEW = 40
_AGAINST = -math.log2(1 - COPIED)


@dataclass(frozen=True, slots=True)
class NearCopy:
    """Interview `number` agrees in `agreeing` of `compared` answers, worth `bits`; `rare` of them few people give."""

    number: int
    bits: float
    agreeing: int
    compared: int
    rare: int = 0


@dataclass(frozen=True, slots=True)
class Standard:
    """What counts as too alike on this form: scores from `bits` up. `power`: how many real copies would reach it; `enough` is False where
    too few would, and then nothing may be said about anybody."""

    bits: float
    power: float
    information: float

    @property
    def enough(self) -> bool:
        """True when the form is long and varied enough for this check."""
        return self.power >= POWER


class Interviews(AnswerMatrix):
    """The answers of one form to `questions` questions with choices. Leave out calculated questions and who and where the
    interview was."""

    def copies_of(self, number: int, standard: Standard) -> list[NearCopy]:
        """All interviews too alike with number `number`, the likest first; none when the form is too short to tell."""
        return self._from(number, standard.bits) if standard.enough else []

    def compare(self, number: int, other: int) -> NearCopy:
        """How alike interviews `number` and `other` are, by what the answers of the first are worth."""
        return self._scored(number, other, self._weights(number))

    def likest(self, number: int) -> NearCopy | None:
        """The interview most like number `number`, whatever that means."""
        weights = self._weights(number)
        tables = [(counts(bits), first) for bits, first in self._given(number, list(weights))]
        most = max(self._most(planes, first, number) for planes, first in tables)
        least = max(1, most - 3)
        alike = (first + at for planes, first in tables for at in ones(at_least(planes, least)) if first + at != number)
        return max((self._scored(number, other, weights) for other in alike), key=lambda each: each.bits, default=None)

    def standard(self, seed: int = 1) -> Standard:
        """Measured on a sample of the interviews here: what honest ones reach (the bulk of the sample, carried on by the normal
        law), and what copies of them would reach."""
        chance = random.Random(seed)  # noqa: S311 -- a sample
        if self.here < LEAST_INTERVIEWS:
            return Standard(math.inf, 0.0, self._information())
        numbers = [number for number in range(len(self)) if number not in self.gone] if self.gone else range(len(self))
        sample = chance.sample(numbers, min(SAMPLE, len(numbers)))
        reached = sorted(near.bits for near in map(self.likest, sample) if near is not None)
        if not reached:
            return Standard(math.inf, 0.0, self._information())
        # The upper quarter of the bulk, carried on as a normal law: copies among the sample hardly move quartiles.
        middle, high = (reached[int(len(reached) * share)] for share in (0.5, 0.75))
        law = NormalDist()
        bits = max(0.0, middle + (high - middle) * law.inv_cdf(1 - FALSE_ALARMS) / law.inv_cdf(0.75))
        copied = [self._copied(number, chance) for number in sample]
        return Standard(bits, sum(each >= bits for each in copied) / len(copied), self._information())

    def _information(self) -> float:
        """Bits that an interview says."""
        total = 0.0
        for count, said in zip(self._count, self._said, strict=True):
            total -= sum(each / said * math.log2(each / said) for each in count if each)
        return total

    def _copied(self, number: int, chance: random.Random) -> float:
        """The score of an invented copy of an interview, what is changed in it changed at random."""
        total = 0.0
        for question, worth in self._weights(number).items():
            choices = sum(each > 0 for each in self._count[question])
            untouched = COPIED + (1 - COPIED) / choices
            total += worth if chance.random() < untouched else -_AGAINST
        return total

    def _weights(self, number: int) -> dict[int, float]:
        """What an agreement with this interview is worth, for each question that it answered and that tells anything."""
        weights = {}
        for question, code in enumerate(self.row(number)):
            if code:
                count, said = self._count[question], self._said[question]
                if max(count) < CONSTANT * said:
                    share = count[code] / said
                    weights[question] = math.log2((COPIED + (1 - COPIED) * share) / share)
        return weights

    def _from(self, number: int, bits: float) -> list[NearCopy]:
        weights = self._weights(number)
        found = (self._scored(number, other, weights) for other in self._reaching(number, weights, bits))
        return sorted((each for each in found if each.bits >= bits), key=lambda each: (-each.bits, each.number))

    def _reaching(self, number: int, weights: dict[int, float], bits: float) -> list[int]:
        """All interviews that may reach the score: those left after adding up agreements, and those with so many blanks that counting
        agreements does not tell."""
        most_blanks, sparse = self._blanks_here()
        spare = sum(weights.values()) - bits
        telling = sorted(weights, key=lambda question: -weights[question])
        tables: list[tuple[list[int], int]] = [([], 0), ([], self._settled_rows)]
        done, left = 0, [(0, 0), (0, self._settled_rows)]
        for step in self._steps(number, telling, weights, spare, most_blanks):
            given = self._given(number, telling[done:step])
            tables = [
                (sums(_carried(planes, more)), first) for (planes, first), (more, _) in zip(tables, given, strict=True)
            ]
            done = step
            least = step - _most_lost([weights[question] for question in telling[:step]], spare, most_blanks)
            left = [(at_least(planes, least) if least > 0 else -1, first) for planes, first in tables]
            if least > 0 and sum(each.bit_count() for each, _ in left) <= FEW:
                break
        else:
            if any(each < 0 for each, _ in left):
                return [each for each in range(len(self)) if each != number and each not in self.gone]
            if sum(each.bit_count() for each, _ in left) > FEW:
                weighed = self._weighing(number, weights, bits)
                left = [(one & other, first) for (one, first), other in zip(left, weighed, strict=True)]
        many = {first + at for each, first in left for at in ones(each)} - {number}
        return [*many, *(other for other in sparse if other != number and other not in many)]

    def _steps(
        self, number: int, telling: list[int], weights: dict[int, float], spare: float, most_blanks: int
    ) -> Iterator[int]:
        """After how many of the most telling answers it pays to see who is left: first where chance would leave nobody, then more."""
        row, first = self.row(number), len(telling)
        mean = variance = 0.0
        worths: list[float] = []
        for place, question in enumerate(telling, 1):
            share = self._count[question][row[question]] / self._said[question]
            mean += share
            variance += share * (1 - share)
            worths.append(weights[question])
            if place % 8 == 0:
                least = place - _most_lost(worths, spare, most_blanks)
                # People are more alike than independent answers: as if answers came three at a time.
                if least > mean + 4.0 * math.sqrt(3 * variance):
                    first = place
                    break
        yield from range(first, len(telling), 24)
        yield len(telling)

    def _weighing(self, number: int, weights: dict[int, float], bits: float) -> list[int]:
        """The places of all interviews that may reach the score, weighed in half bits, settled ones and newer ones; interviews with
        many blanks may be missing."""
        exact = {question: 2 * (worth + _AGAINST) for question, worth in weights.items()}
        whole = {question: round(each) for question, each in exact.items()}
        lost = sum(max(0.0, exact[question] - whole[question]) for question in exact)
        least = math.floor(2 * (bits + _AGAINST * (len(weights) - self._most_blanks)) - lost)
        found = []
        for given, _ in self._given(number, list(whole)):
            columns: list[list[int]] = []
            for each, weight in zip(given, whole.values(), strict=True):
                for power in range(weight.bit_length()):
                    if len(columns) <= power:
                        columns.append([])
                    if weight >> power & 1:
                        columns[power].append(each)
            found.append(at_least(sums(columns), max(0, least)))
        return found

    def _scored(self, number: int, other: int, weights: dict[int, float]) -> NearCopy:
        mine, theirs = self.row(number), self.row(other)
        bits, agreeing, compared, rare = 0.0, 0, 0, 0
        for question, worth in weights.items():
            code = theirs[question]
            if code:
                compared += 1
                if code == mine[question]:
                    agreeing += 1
                    bits += worth
                    rare += worth > _RARE_WORTH
                else:
                    bits -= _AGAINST
        return NearCopy(other, bits, agreeing, compared, rare)

    def _most(self, planes: list[int], first: int, number: int) -> int:
        """The largest number of agreements with any other interview of a table."""
        rest = ~(1 << (number - first)) if number >= first else -1
        best = 0
        for power in reversed(range(len(planes))):
            if planes[power] & rest:
                rest &= planes[power]
                best |= 1 << power
        return best


_RARE_WORTH = math.log2((COPIED + (1 - COPIED) * RARE) / RARE)


def _carried(planes: list[int], more: list[int]) -> list[list[int]]:
    """What was added up, as columns, with more to add."""
    return [planes[:1] + more, *([plane] for plane in planes[1:])]


def _most_lost(worths: Sequence[float], spare: float, most_blanks: int) -> int:
    """How many of these answers (falling worths) another may not share and still reach the score, `spare` below the sum of all: where
    the least telling ones differ, as many as may be by being blank."""
    lost = 0
    for worth in reversed(worths):
        spare -= worth + (_AGAINST if lost >= most_blanks else 0.0)
        if spare < 0:
            return lost
        lost += 1
    return lost
