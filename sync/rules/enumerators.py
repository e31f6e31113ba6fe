"""What evidence says of each enumerator, beside all others. Numbers to talk about with them, not a ranking."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
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
    minutes: dict[str, list[float]] = {}
    for interview in interviews:
        if interview.seconds is not None:
            minutes.setdefault(interview.enumerator, []).append(interview.seconds / 60)
    return summed(
        Counter(of.values()),
        {name: median(each) for name, each in minutes.items()},
        {rule: Counter(of[number] for number in numbers) for rule, numbers in touched.items()},
    )


def summed(
    made: Mapping[str, int], minutes: Mapping[str, float], counted: Mapping[str, Mapping[str, int]]
) -> list[Summary]:
    """The same from counts: interviews by enumerator, the median of their minutes, and interviews touched by rule and enumerator."""
    all_made = sum(made.values())
    found = []
    for name, count in sorted(made.items()):
        ours = {rule: counter[name] for rule, counter in counted.items() if counter.get(name)}
        totals = {rule: sum(counted[rule].values()) for rule in ours}
        found.append(
            Summary(
                name,
                count,
                minutes.get(name),
                ours,
                {rule: _excess(touched, count, totals[rule] / all_made) for rule, touched in ours.items()},
                {
                    rule: _is_odd(touched, count, totals[rule] - touched, all_made - count)
                    for rule, touched in ours.items()
                },
            )
        )
    return found


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
