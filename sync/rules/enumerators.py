"""What evidence says of each enumerator, beside all others. Numbers to talk about with them, not a ranking."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from sync.rules.interviews import Evidence, Interview

# One interview in five from everybody else's habits is imagined for each: a newcomer's first oddity is no pattern.
TRUST = 20.0


@dataclass(frozen=True, slots=True)
class Summary:
    """One enumerator. `evidence`: interviews touched, by rule; `excess`: how many times the usual share (of all enumerators) that is,
    drawn towards 1 while there are few; `odd` is True where chance alone would do so in less than one in a thousand."""

    enumerator: str
    interviews: int
    median_minutes: float | None
    evidence: dict[str, int]
    excess: dict[str, float]
    odd: dict[str, bool]


def summaries(interviews: Sequence[Interview], evidence: Iterable[Evidence]) -> list[Summary]:
    """One for each enumerator, by name. Evidence of a rule counts once for each interview it touches."""
    of = {each.number: each.enumerator for each in interviews}
    touched: dict[str, set[int]] = {}
    for each in evidence:
        touched.setdefault(each.rule, set()).update(number for number in each.interviews if number in of)
    counted = {rule: Counter(of[number] for number in numbers) for rule, numbers in touched.items()}
    made = Counter(of.values())
    minutes: dict[str, list[float]] = {name: [] for name in made}
    for interview in interviews:
        if interview.seconds is not None:
            minutes[interview.enumerator].append(interview.seconds / 60)
    return [
        Summary(
            name,
            count,
            median(minutes[name]) if minutes[name] else None,
            {rule: counter[name] for rule, counter in counted.items() if counter[name]},
            {
                rule: _excess(counter[name], count, len(touched[rule]) / len(of))
                for rule, counter in counted.items()
                if counter[name]
            },
            {
                rule: _is_odd(counter[name], count, len(touched[rule]) - counter[name], len(of) - count)
                for rule, counter in counted.items()
                if counter[name]
            },
        )
        for name, count in sorted(made.items())
    ]


def _excess(touched: int, made: int, usual: float) -> float:
    return (touched + TRUST * usual) / ((made + TRUST) * usual)


def _is_odd(touched: int, made: int, touched_elsewhere: int, made_elsewhere: int) -> bool:
    """Would the others' share (never taken as less than one more than was seen) bring so many in less than one case of a thousand?"""
    share = (touched_elsewhere + 1) / (made_elsewhere + 2)
    return _tail(touched, made, share) < 0.001


def _tail(least: int, tries: int, share: float) -> float:
    """The chance of `least` or more among `tries`."""
    return sum(
        math.exp(
            math.lgamma(tries + 1)
            - math.lgamma(count + 1)
            - math.lgamma(tries - count + 1)
            + count * math.log(share)
            + (tries - count) * math.log1p(-share)
        )
        for count in range(least, tries + 1)
    )
