"""A population as in a Sahelian village register: few names, few villages, ages rounded to 5, phones shared or lost."""

import itertools
import random
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PARAMETERS = Path(__file__).with_name("sahel.toml")


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one kind, and which of them are one thing: `entity[i]` is what `rows[i]` speaks of."""

    name: str
    rows: list[dict[str, str]]
    entity: list[str]

    def pairs(self) -> set[tuple[int, int]]:
        """All pairs (i, j), i < j, that are one thing."""
        members: dict[str, list[int]] = {}
        for index, entity in enumerate(self.entity):
            members.setdefault(entity, []).append(index)
        return {pair for group in members.values() for pair in itertools.combinations(group, 2)}


def parameters(variant: str = "") -> dict[str, Any]:
    """What the file says, with the sections of a variant laid over it."""
    read = tomllib.loads(PARAMETERS.read_text(encoding="utf-8"))
    for section, values in read.get(variant, {}).items():
        read[section] = {**read[section], **values}
    return read


def sahel(seed: int, people: int | None = None, variant: str = "") -> Records:
    """The population of a seed; `people` makes a smaller one of the same kind."""
    given = parameters(variant)
    return _Registrar(random.Random(seed), given, people or given["size"]["people"]).register(
        f"sahel {variant} {seed}".replace("  ", " ")
    )


def _weighted(names: str, exponent: float) -> tuple[list[str], list[float]]:
    listed = list(dict.fromkeys(names.split()))
    return listed, list(itertools.accumulate((rank + 1) ** -exponent for rank in range(len(listed))))


class _Registrar:
    """One run of the generator."""

    def __init__(self, chance: random.Random, given: dict[str, Any], people: int) -> None:
        self.chance = chance
        self.person: dict[str, Any] = given["person"]
        self.copy: dict[str, Any] = given["copy"]
        self.size: dict[str, Any] = given["size"]
        self.people = people
        names = given["names"]
        syllables = names["syllables"].split()
        invented = {
            "".join(chance.choice(syllables) for _ in range(chance.choice((2, 3, 3)))).capitalize()
            for _ in range(self.person["invented_last"])
        }
        self.first = {
            sex: _weighted(names[word], self.person["zipf_first"]) for sex, word in (("m", "male"), ("f", "female"))
        }
        self.last = _weighted(f"{names['last']} {' '.join(sorted(invented))}", self.person["zipf_last"])
        self.villages = self._villages(syllables)

    def register(self, name: str) -> Records:
        """Everybody once, then the copies, then all of them shuffled."""
        rows: list[dict[str, str]] = []
        while len(rows) < self.people:
            rows += self._household()[: self.people - len(rows)]
        entity = [f"p{index}" for index in range(len(rows))]
        for index in self.chance.sample(range(self.people), round(self.people * self.size["copies"])):
            rows.append(self._varied(rows[index]))
            entity.append(f"p{index}")
        order = list(range(len(rows)))
        self.chance.shuffle(order)
        return Records(name, [rows[index] for index in order], [entity[index] for index in order])

    def _villages(self, syllables: list[str]) -> tuple[list[tuple[str, list[str]]], list[float]]:
        count = max(1, round(self.people / self.size["people_per_village"]))
        named: dict[str, list[str]] = {}
        while len(named) < count:
            village = "".join(self.chance.choice(syllables) for _ in range(3)).capitalize()
            named[village] = [self._pick(self.last) for _ in range(3)]
        weights = [self.chance.lognormvariate(0, self.size["village_spread"]) for _ in range(count)]
        return list(named.items()), list(itertools.accumulate(weights))

    def _pick(self, weighted: tuple[list[Any], list[float]]) -> Any:
        return self.chance.choices(weighted[0], cum_weights=weighted[1])[0]

    def _household(self) -> list[dict[str, str]]:
        village, great = self._pick(self.villages)
        last = self.chance.choice(great) if self._happens(self.person["last_of_the_village"]) else self._pick(self.last)
        phone = self._phone()
        size = 1 if self.person["household"] == 1 else self.chance.randint(2, 2 * self.person["household"] - 2)
        return [self._someone(village, last, phone) for _ in range(size)]

    def _someone(self, village: str, last: str, phone: str) -> dict[str, str]:
        sex = self.chance.choice("mf")
        given = self._pick(self.first[sex])
        if self._happens(self.person["second_given"]):
            given = f"{given} {self._pick(self.first[sex])}"
        age = min(90, int(self.chance.expovariate(1 / 22)) + self.chance.randint(0, 8))
        if self._happens(self.person["age_rounded_to_5"]):
            age = 5 * round(age / 5)
        return {"name": f"{given} {last}", "village": village, "phone": phone, "age": str(age), "sex": sex}

    def _phone(self) -> str:
        if not self._happens(self.person["phone"]):
            return ""
        return f"{self.chance.choice('56789')}{self.chance.randrange(10**7):07}"

    def _happens(self, share: float) -> bool:
        return self.chance.random() < share

    def _varied(self, row: dict[str, str]) -> dict[str, str]:
        varied = dict(row)
        changes: tuple[tuple[str, Callable[[str], str]], ...] = (
            ("ou_to_u", lambda name: name.replace("ou", "u").replace("Ou", "U")),
            ("letter_dropped", self._letter_dropped),
            ("letter_doubled", self._letter_doubled),
            ("swapped_order", lambda name: " ".join(reversed(name.split()))),
        )
        for kind, change in changes:
            if self._happens(self.copy[kind]):
                varied["name"] = change(varied["name"])
        if varied["age"] and self._happens(self.copy["age_moved"]):
            step = self.copy["age_step"]
            varied["age"] = str(max(0, int(varied["age"]) + self.chance.randint(-step, step)))
        if self._happens(self.copy["age_lost"]):
            varied["age"] = ""
        if varied["phone"] and self._happens(self.copy["phone_digit"]):
            at = self.chance.randrange(8)
            varied["phone"] = varied["phone"][:at] + str(self.chance.randrange(10)) + varied["phone"][at + 1 :]
        if self._happens(self.copy["phone_lost"]):
            varied["phone"] = ""
        if self._happens(self.copy["village_moved"]):
            varied["village"] = self._pick(self.villages)[0]
        if self._happens(self.copy["sex_wrong"]):
            varied["sex"] = "f" if varied["sex"] == "m" else "m"
        return varied

    def _letter_dropped(self, name: str) -> str:
        at = self._letter(name)
        return name[:at] + name[at + 1 :]

    def _letter_doubled(self, name: str) -> str:
        at = self._letter(name)
        return name[: at + 1] + name[at] + name[at + 1 :]

    def _letter(self, name: str) -> int:
        """Somewhere inside a word: first letters are seldom wrong."""
        places = [at for at in range(1, len(name)) if name[at].isalpha() and name[at - 1].isalpha()]
        return self.chance.choice(places)
