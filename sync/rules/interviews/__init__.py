"""Rules about how interviews were made. Each file here is one rule: `examine(interviews)` answers evidence, for a person to look at.

Evidence is never an accusation: it says what was seen, in numbers. A rule that a form cannot bear (all interviews are made at one
post, so one place says nothing) answers nothing.

What is usual on a form, a rule finds with `measure(interviews)`: numbers and names of grids, never answers. `examine` takes it from the
interviews themselves, or is given it, and then needs only those beside the one in question.
"""

import pkgutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Interview:
    """What rules look at of one submission. Times are UTC as the phone claims them; `active_seconds` is what its audit log adds up to;
    `cell`: roughly the place, equal for all about ten metres around, where the place itself is not known; `subject` tells households or
    people apart (any text that is equal for one); `grids` are the answers of questions that share a list of choices, by name of the
    grid."""

    number: int
    enumerator: str = ""
    device: str = ""
    start: datetime | None = None
    end: datetime | None = None
    active_seconds: float | None = None
    answered: int = 0
    place: tuple[float, float] | None = None
    accuracy: float | None = None
    cell: str = ""
    subject: str = ""
    grids: Mapping[str, Sequence[str | None]] = field(default_factory=dict)

    @property
    def seconds(self) -> float | None:
        """How long it took: by the audit log, else from start to end; None when the phone's clock makes no sense."""
        if self.active_seconds is not None:
            return self.active_seconds
        if self.start is None or self.end is None:
            return None
        taken = (self.end - self.start).total_seconds()
        return taken if 0 < taken <= LONGEST_SECONDS else None


# A form left open overnight says nothing about how long the interview took.
LONGEST_SECONDS = 12 * 3600


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a rule saw: the `rule` (name of its file), the interviews it is about, how unusual that is (0…1, the more the odder), and numbers
    for the sentence."""

    rule: str
    interviews: tuple[int, ...]
    strength: float
    facts: Mapping[str, float]


Usual = Mapping[str, Any]
"""What a rule's `measure` found, as JSON."""


class Rule(Protocol):
    """What a rule examines, and how."""

    def __call__(self, interviews: Sequence[Interview], usual: Usual | None = None) -> Iterator[Evidence]:
        """The evidence in these interviews."""
        ...


def rules() -> dict[str, Rule]:
    """All rules by name: every file of this folder."""
    return {name: import_module(f"{__name__}.{name}").examine for name in _names()}


def looked_at(rule: str, *interviews: Interview) -> str:
    """What of these interviews evidence of a rule rests on, as text: equal while none of it changes."""
    names: tuple[str, ...] = import_module(f"{__name__}.{rule}").LOOKS_AT
    return repr(sorted(repr([getattr(each, name) for name in names]) for each in interviews))


def usual(interviews: Sequence[Interview]) -> dict[str, Usual]:
    """What is usual among these interviews, for each rule that asks."""
    measures = {name: getattr(import_module(f"{__name__}.{name}"), "measure", None) for name in _names()}
    return {name: measure(interviews) for name, measure in measures.items() if measure is not None}


@cache
def _names() -> tuple[str, ...]:
    return tuple(module.name for module in pkgutil.iter_modules(__path__))


def sentence(evidence: Evidence, language: str = "fr") -> str:
    """What was seen, in words: French or English."""
    words: dict[str, str] = import_module(f"{__name__}.{evidence.rule}").SENTENCES
    return _said(words[language], evidence.facts, language)


def sentence_of_several(rule: str, facts: Sequence[Mapping[str, float]], language: str) -> str:
    """What was seen of one interview beside several others: one sentence where the rule has one, else one for each."""
    module = import_module(f"{__name__}.{rule}")
    words: dict[str, str] | None = getattr(module, "SEVERAL", None)
    if words is None or len(facts) == 1:
        return " ".join(_said(module.SENTENCES[language], each, language) for each in facts)
    most = {name: max(each[name] for each in facts) for name in facts[0]}
    return _said(words[language], {**most, "count": float(len(facts))}, language)


def _said(words: str, facts: Mapping[str, float], language: str) -> str:
    shown = {name: f"{number:,.0f}" if abs(number) >= 10 else f"{number:.2g}" for name, number in facts.items()}
    if language == "fr":
        shown = {name: number.replace(",", "\u202f").replace(".", ",") for name, number in shown.items()}
    return words.format(**shown)
