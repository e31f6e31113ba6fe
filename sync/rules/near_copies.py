"""Interviews that agree more than chance allows: each against all others, by what the agreement is worth and not by a share of answers.

That 85 % of the answers agree means much on a long form and nothing on a list of yes and no that everybody answers alike. Here an agreement on
an answer that a share p of people give is worth log2((c + (1-c)p) / p) bits in favour of a copy and a difference log2(1-c), where
c is the share of answers a copyist leaves alone. What honest interviews reach by chance is measured on the form itself; a form on
which even a copy would not stand out says so.

Exact and without numpy: the answers lie as one long number per question and choice (bit i: interview i gave it), so that adding up the
agreements with all interviews is a few hundred operations on long numbers.
"""

import math
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

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
_TAIL = 4096
# So many are sooner scored than sifted again.
FEW = 40


@dataclass(frozen=True, slots=True)
class NearCopy:
    """Interview `number` agrees in `agreeing` of `compared` answers, worth `bits`."""

    number: int
    bits: float
    agreeing: int
    compared: int


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


class Interviews:
    """The answers of one form to `questions` questions with choices; None is no answer and no evidence. Leave out calculated
    questions and who and where the interview was."""

    def __init__(self, questions: int) -> None:
        self.questions = questions
        self._rows: list[tuple[int, ...]] = []
        self._code: list[dict[str, int]] = [{} for _ in range(questions)]
        self._count: list[Counter[int]] = [Counter() for _ in range(questions)]
        self._settled: list[list[int]] = [[] for _ in range(questions)]
        self._tail: list[list[int]] = [[] for _ in range(questions)]
        self._settled_rows = 0
        self._blanks: list[int] = []
        self._blanks_known = 0
        self._most_blanks = 0
        self._sparse: list[int] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, answers: Sequence[str | None]) -> int:
        """Keep an interview; answers its number. 64 bytes and a bit for each question."""
        bit = 1 << (len(self._rows) - self._settled_rows)
        row = []
        for question, answer in enumerate(answers):
            code = 0
            if answer is not None:
                codes = self._code[question]
                code = codes.setdefault(answer, len(codes) + 1)
                tail = self._tail[question]
                while len(tail) < code:
                    tail.append(0)
                    self._settled[question].append(0)
                tail[code - 1] |= bit
                self._count[question][code] += 1
            row.append(code)
        self._rows.append(tuple(row))
        self._blanks.append(row.count(0))
        if len(self._rows) - self._settled_rows >= _TAIL:
            self._settle()
        return len(self._rows) - 1

    def _settle(self) -> None:
        for settled, tail in zip(self._settled, self._tail, strict=True):
            for code, bits in enumerate(tail):
                settled[code] |= bits << self._settled_rows
                tail[code] = 0
        self._settled_rows = len(self._rows)

    def copies_of(self, number: int, standard: Standard) -> list[NearCopy]:
        """All interviews too alike with number `number`, the likest first; none when the form is too short to tell."""
        return self._from(number, standard.bits) if standard.enough else []

    def compare(self, number: int, other: int) -> NearCopy:
        """How alike interviews `number` and `other` are, by what the answers of the first are worth."""
        return self._scored(number, other, self._weights(number))

    def likest(self, number: int) -> NearCopy | None:
        """The interview most like number `number`, whatever that means."""
        weights = self._weights(number)
        least = max(1, self._most_agreements(number, weights) - 3)
        return max(
            (self._scored(number, other, weights) for other in self._agreeing(number, weights, least)),
            key=lambda each: each.bits,
            default=None,
        )

    def standard(self, seed: int = 1) -> Standard:
        """Measured on a sample of the interviews here: what honest ones reach (the bulk of the sample, carried on by the normal
        law), and what copies of them would reach."""
        chance = random.Random(seed)  # noqa: S311 -- a sample
        if len(self) < LEAST_INTERVIEWS:
            return Standard(math.inf, 0.0, self._information())
        sample = chance.sample(range(len(self)), min(SAMPLE, len(self)))
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
        for counter in self._count:
            said = sum(counter.values())
            total -= sum(count / said * math.log2(count / said) for count in counter.values())
        return total

    def _copied(self, number: int, chance: random.Random) -> float:
        """The score of an invented copy of an interview, what is changed in it changed at random."""
        total = 0.0
        for question, worth in self._weights(number).items():
            untouched = COPIED + (1 - COPIED) / len(self._code[question])
            total += worth if chance.random() < untouched else math.log2(1 - COPIED)
        return total

    def _weights(self, number: int) -> dict[int, float]:
        """What an agreement with this interview is worth, for each question that it answered and that tells anything."""
        weights = {}
        for question, code in enumerate(self._rows[number]):
            counter = self._count[question]
            said = sum(counter.values())
            if code and max(counter.values()) < CONSTANT * said:
                share = counter[code] / said
                weights[question] = math.log2((COPIED + (1 - COPIED) * share) / share)
        return weights

    def _from(self, number: int, bits: float) -> list[NearCopy]:
        weights = self._weights(number)
        found = (self._scored(number, other, weights) for other in self._reaching(number, weights, bits))
        return sorted((each for each in found if each.bits >= bits), key=lambda each: -each.bits)

    def _reaching(self, number: int, weights: dict[int, float], bits: float) -> Iterator[int]:
        """All interviews that may reach the score: those with enough agreements, and those with so many blanks that counting agreements
        does not tell."""
        most_blanks, sparse = self._blanks_here()
        against = math.log2(1 - COPIED)
        # With fewer agreements than this not even the most telling ones reach the score.
        best, least = 0.0, len(weights) + 1
        for count, worth in enumerate(sorted(weights.values(), reverse=True), 1):
            best += worth
            if best + against * max(0, len(weights) - most_blanks - count) >= bits:
                least = count
                break
        many = set(self._agreeing(number, weights, least))
        if len(many) > FEW:
            many &= set(self._weighing(number, weights, bits))
        yield from many
        yield from (other for other in sparse if other != number and other not in many)

    def _weighing(self, number: int, weights: dict[int, float], bits: float) -> Iterator[int]:
        """All interviews that may reach the score, weighed in half bits; interviews with many blanks may be missing."""
        row = self._rows[number]
        against = -math.log2(1 - COPIED)
        exact = {question: 2 * (worth + against) for question, worth in weights.items()}
        whole = {question: round(each) for question, each in exact.items()}
        lost = sum(max(0.0, exact[question] - whole[question]) for question in exact)
        least = math.floor(2 * (bits + against * (len(weights) - self._most_blanks)) - lost)
        for table, first in ((self._settled, 0), (self._tail, self._settled_rows)):
            columns: list[list[int]] = []
            for question, weight in whole.items():
                for power in range(weight.bit_length()):
                    if len(columns) <= power:
                        columns.append([])
                    if weight >> power & 1:
                        columns[power].append(table[question][row[question] - 1])
            yield from (first + at for at in ones(at_least(sums(columns), max(0, least))))

    def _blanks_here(self) -> tuple[int, list[int]]:
        """How many blanks all but one in a hundred interviews have at most, and the numbers of the others."""
        if len(self._blanks) > 1.05 * self._blanks_known:
            self._blanks_known = len(self._blanks)
            self._most_blanks = sorted(self._blanks)[int(len(self._blanks) * 0.99)]
            self._sparse = [number for number, blanks in enumerate(self._blanks) if blanks > self._most_blanks]
        newer = range(self._blanks_known, len(self._blanks))
        return self._most_blanks, self._sparse + [each for each in newer if self._blanks[each] > self._most_blanks]

    def _scored(self, number: int, other: int, weights: dict[int, float]) -> NearCopy:
        mine, theirs = self._rows[number], self._rows[other]
        bits, agreeing, compared = 0.0, 0, 0
        against = math.log2(1 - COPIED)
        for question, worth in weights.items():
            code = theirs[question]
            if code:
                compared += 1
                if code == mine[question]:
                    agreeing += 1
                    bits += worth
                else:
                    bits += against
        return NearCopy(other, bits, agreeing, compared)

    def _agreeing(self, number: int, weights: dict[int, float], least: int) -> Iterator[int]:
        """All other interviews that agree on at least `least` of these questions."""
        row = self._rows[number]
        for table, first in ((self._settled, 0), (self._tail, self._settled_rows)):
            planes = counts([table[question][row[question] - 1] for question in weights])
            yield from (first + at for at in ones(at_least(planes, least)) if first + at != number)

    def _most_agreements(self, number: int, weights: dict[int, float]) -> int:
        """The largest number of agreements with any other interview."""
        row = self._rows[number]
        most = 0
        for table, first in ((self._settled, 0), (self._tail, self._settled_rows)):
            planes = counts([table[question][row[question] - 1] for question in weights])
            is_here = (number >= self._settled_rows) == (table is self._tail)
            rest = ~(1 << (number - first)) if is_here else -1
            best = 0
            for power in reversed(range(len(planes))):
                if planes[power] & rest:
                    rest &= planes[power]
                    best |= 1 << power
            most = max(most, best)
        return most
