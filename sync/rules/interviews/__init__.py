"""Rules about how interviews were made. Each file here is one rule: `examine(interviews)` answers evidence, for a person to look at.

Evidence is never an accusation: it says what was seen, in numbers. A rule that a form cannot bear (all interviews are made at one
post, so one place says nothing) answers nothing.
"""

import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module


@dataclass(frozen=True, slots=True)
class Interview:
    """What rules look at of one submission. Times are UTC as the phone claims them; `active_seconds` is what its audit log adds up to;
    `subject` tells households or people apart (any text that is equal for one); `grids` are the answers of questions that
    share a list of choices, by name of the grid."""

    number: int
    enumerator: str = ""
    device: str = ""
    start: datetime | None = None
    end: datetime | None = None
    active_seconds: float | None = None
    answered: int = 0
    place: tuple[float, float] | None = None
    accuracy: float | None = None
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


Rule = Callable[[Sequence[Interview]], Iterator[Evidence]]


def rules() -> dict[str, Rule]:
    """All rules by name: every file of this folder."""
    return {
        module.name: import_module(f"{__name__}.{module.name}").examine for module in pkgutil.iter_modules(__path__)
    }


def sentence(evidence: Evidence, language: str = "fr") -> str:
    """What was seen, in words: French or English."""
    words: dict[str, str] = import_module(f"{__name__}.{evidence.rule}").SENTENCES
    shown = {
        name: f"{number:,.0f}" if abs(number) >= 10 else f"{number:.3g}" for name, number in evidence.facts.items()
    }
    if language == "fr":
        shown = {name: number.replace(",", "\u202f").replace(".", ",") for name, number in shown.items()}
    return words[language].format(**shown)
