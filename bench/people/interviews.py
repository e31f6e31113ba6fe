"""Interviews of answers to choose from, honest ones and copied ones: six kinds of form, from telling to saying nothing."""

import itertools
import random
from dataclasses import dataclass

SEED = 21
MISSING = 0.03
COPIED = 0.02
CHANGED = 0.10


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of form: `skew` 0 makes all options alike; `classes` of people answer differently."""

    name: str
    questions: int
    options: int
    classes: int
    skew: float
    interviews: int


KINDS = (
    Kind("100 q × 6 options, 8 classes", 100, 6, 8, 0.7, 3000),
    Kind("100 q skewed, 1 class", 100, 6, 1, 2.0, 3000),
    Kind("30 q yes/no", 30, 2, 1, 1.5, 3000),
    Kind("40 q × 4 skewed", 40, 4, 1, 1.8, 3000),
    Kind("100 q yes/no asset list", 100, 2, 1, 3.2, 3000),
    Kind("25 q × 3 health-post form", 25, 3, 2, 1.6, 10000),
)


@dataclass(frozen=True, slots=True)
class Interviews:
    """`answers[i][q]` is an option or None; `copies` are pairs (original, copy)."""

    kind: Kind
    answers: list[list[str | None]]
    copies: set[tuple[int, int]]


def interviews(kind: Kind, seed: int = SEED, count: int | None = None) -> Interviews:
    """Honest interviews, the last 2 % of them copied from earlier ones with a tenth of the answers changed."""
    chance = random.Random(f"{seed} {kind.name}")
    count = count or kind.interviews
    shares = [[_cumulated(kind, chance) for _ in range(kind.questions)] for _ in range(kind.classes)]
    honest = count - round(count * COPIED)
    answers = [_honest(kind, chance, shares) for _ in range(honest)]
    copies = set()
    for original in chance.sample(range(honest), count - honest):
        copy = [
            chance.choice(range(kind.options)) if chance.random() < CHANGED else answer for answer in answers[original]
        ]
        copies.add((original, len(answers)))
        answers.append(copy)
    return Interviews(kind, [[None if answer is None else str(answer) for answer in row] for row in answers], copies)


def _cumulated(kind: Kind, chance: random.Random) -> list[float]:
    weights = [2.718 ** (-kind.skew * rank) for rank in range(kind.options)]
    chance.shuffle(weights)
    weights = [weight * chance.uniform(0.5, 1.5) for weight in weights]
    return list(itertools.accumulate(weights))


def _honest(kind: Kind, chance: random.Random, shares: list[list[list[float]]]) -> list[int | None]:
    options = range(kind.options)
    return [
        None if chance.random() < MISSING else chance.choices(options, cum_weights=cumulated)[0]
        for cumulated in chance.choice(shares)
    ]
