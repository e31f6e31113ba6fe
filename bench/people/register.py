"""Another register than `sahel`: families as they live, in forms that ask differently. Written and committed before the estimates were
mended, to hold them to something that nobody had looked at.

Men are called after their fathers (Moussa Issa, son of Issa Garba) or bear a family name, women keep theirs; several households share a
compound and its phone; every form asks for a few of the same facts. Slips are of thumbs (a key beside), of ears (one way to spell for
another) and of haste (a field left empty), with their own frequencies for every clerk.
"""

import random
from dataclasses import dataclass
from typing import Any

from bench.people.sahel import Records

MEN = """Moussa Issa Garba Harouna Maman Sani Laouali Abdou Oumarou Amadou Mahamadou Issoufou Ibrahim Souleymane Adamou Idrissa Hassane
Saidou Boubacar Hamidou Seyni Soumana Djibo Yacouba Daouda Illiassou Chaibou Rabiou Salissou Nouhou Bachir Mahaman Elhadji Tanko Saley Alio
Habou Nassirou Kabirou Lawan Ousseini Zakari Ismael Tahirou Younoussa Moutari Aboubacar Ali Salifou Ayouba Mansour Hachimou Sidi Agali Rhissa
Bizo Dan Kaka Malam Sabiou Tassiou Mamoudou Barmou Gado Ganda Hima Karimou Kimba Koche Manzo Mayaki Nomao Ouma Rabo Samna Tinni Wada Yaou"""
WOMEN = """Hadiza Mariama Aichatou Zeinabou Rakia Hawa Amina Fati Ramatou Halima Hassana Saadatou Rabi Salamatou Zalika Maimouna Balkissa
Nana Indo Laraba Tchima Barira Haoua Saratou Kani Rachida Nafissa Samira Latifa Farida Rabiatou Hamsatou Roukayatou Habsatou Delou Dije Gambo
Hajara Jamila Kande Larai Magagia Mairo Nafi Oumoul Rakiatou Sakina Tani Ta Uwa Yahanasou Zara Zaharatou Zouera Zoulaha Aissa Biba Dada"""
FAMILIES = """Maiga Diallo Barry Toure Cisse Sow Dicko Traore Keita Ba Bello Sidibe Alfari Boukari Djermakoye Gati Hamani Idi Karidio Lompo
Mossi Namata Oumani Sabo Tankari Wangari Yaye Zaroumeye Zoubeirou Abarchi Bagna Chekou Dodo Elh Fodi Goni Habi Inoussa Jariri Kollo"""
SYLLABLES = "gar ba da ma ra di koi rey tou gou na li wa fo bon ko sa tam bou kan dan ga za bi ri ki yel sou man ta"
NEAR = dict(zip("azertyuiopqsdfghjklmwxcvbn", "zaretyiuoisqfdghkjlkxwvcnb", strict=True))
HEARD = (("ou", "u"), ("ch", "sh"), ("dj", "j"), ("i", "y"), ("ss", "s"), ("h", ""), ("k", "c"), ("ai", "ei"))


@dataclass(frozen=True, slots=True)
class Form:
    """What one form asks (role by question), and how its people live."""

    roles: dict[str, str]
    patronymic: float = 0.7
    people_per_village: int = 400
    household: int = 7
    shared_phone: float = 0.7


FORMS = {
    "distribution": Form({"name": "name", "village": "place", "phone": "phone", "age": "age", "sex": "sex"}),
    "census": Form(
        {"given": "name", "family": "name", "village": "place", "birth": "date", "sex": "sex"},
        patronymic=0.1,
        household=5,
    ),
    "households": Form(
        {"name": "name", "village": "place", "household": "household", "age": "age", "sex": "sex"}, household=9
    ),
    "clinic": Form({"name": "name", "village": "place", "age": "age", "visit": "date"}, household=3),
    "town": Form(
        {"given": "name", "family": "name", "quarter": "place", "phone": "phone", "card": "person_id"},
        patronymic=0.2,
        people_per_village=3000,
        household=4,
        shared_phone=0.3,
    ),
    "positions": Form({"name": "name", "village": "place", "gps": "gps", "age": "age"}, household=6),
}


def register(form: str, seed: int, people: int = 5000, copies: float = 0.05, slips: float = 1.0) -> Records:
    """So many people asked by one of the FORMS, and a share of them asked again (some of those a third time), with so many slips."""
    return _Clerks(random.Random(f"{form} {seed}"), FORMS[form], slips).register(
        f"register {form} {seed}, {copies:.0%} again", people, copies
    )


class _Clerks:
    def __init__(self, chance: random.Random, form: Form, slips: float) -> None:
        self.chance, self.form, self.slips = chance, form, slips

    def register(self, name: str, people: int, copies: float) -> Records:
        villages = ["".join(self.chance.choices(SYLLABLES.split(), k=3)).capitalize() for _ in range(60)]
        villages = villages[: max(1, people // self.form.people_per_village)]
        everybody: list[dict[str, Any]] = []
        while len(everybody) < people:
            everybody += self._compound(self.chance.choice(villages), len(everybody))
        rows, entity = [], []
        for number, person in enumerate(everybody[:people]):
            times = 1 + (self.chance.random() < copies) * (1 + (self.chance.random() < 0.1))
            for _ in range(times):
                rows.append(self._written(person))
                entity.append(f"r{number}")
        order = list(range(len(rows)))
        self.chance.shuffle(order)
        return Records(name, [rows[at] for at in order], [entity[at] for at in order])

    def _compound(self, village: str, number: int) -> list[dict[str, Any]]:
        """Fathers, mothers and children of one or more households behind one wall."""
        people: list[dict[str, Any]] = []
        place = (self.chance.uniform(13, 14), self.chance.uniform(2, 3))
        phone = self._phone()
        family = self._pick(FAMILIES)
        for part in range(self.chance.choice((1, 1, 2))):
            father = self._pick(MEN)
            for member in range(self.chance.randint(2, 2 * self.form.household - 2)):
                sex = "m" if member == 0 or (member > 1 and self.chance.random() < 0.5) else "f"
                given = father if member == 0 else self._pick(MEN if sex == "m" else WOMEN)
                called_after = self.chance.random() < self.form.patronymic
                after = (self._pick(MEN) if member < 2 else father) if called_after else family
                if member == 1 and not called_after:
                    after = self._pick(FAMILIES)
                age = self.chance.randint(18, 70) if member < 2 else self.chance.randint(0, 20)
                people.append(
                    {
                        "given": given,
                        "family": after,
                        "name": f"{given} {after}",
                        "village": village,
                        "quarter": village,
                        "phone": phone if self.chance.random() < self.form.shared_phone else self._phone(),
                        "age": age,
                        "sex": sex,
                        "household": f"{number}-{part}",
                        "birth": (2025 - age, self.chance.randint(1, 12), self.chance.randint(1, 28)),
                        "visit": f"2025-{self.chance.randint(1, 12):02}-{self.chance.randint(1, 28):02}",
                        "card": f"{self.chance.randrange(10**9):09}",
                        "gps": place,
                    }
                )
        return people

    def _pick(self, names: str) -> str:
        listed = names.split()
        # Half of a village bears a dozen names.
        return listed[int(len(listed) * self.chance.random() ** 2)]

    def _phone(self) -> str:
        return f"{self.chance.choice('89')}{self.chance.randrange(10**7):07}" if self.chance.random() < 0.7 else ""

    def _written(self, person: dict[str, Any]) -> dict[str, str]:
        """What a clerk makes of it; a second one of the same may differ in all of it."""
        wrong = self.slips * self.chance.choice((0.3, 1.0, 2.0))
        written = {}
        for path, role in self.form.roles.items():
            said = person[path]
            if role in ("name", "place"):
                said = self._misspelled(said, wrong * (0.3 if role == "name" else 0.05))
                if path == "name" and self._happens(0.06 * wrong):
                    said = " ".join(reversed(said.split()))
            elif role == "age":
                said = str(max(0, said + self.chance.choice((-2, -1, 1, 2)) * self._happens(0.3 * wrong)))
                said = str(5 * round(int(said) / 5)) if int(said) > 20 and self._happens(0.5) else said
            elif path == "birth":
                year, month, day = said
                if self._happens(0.1 * wrong):
                    year, month, day = (year, day if day < 13 else month, month) if self._happens(0.5) else (year, 1, 1)
                said = f"{year:04}-{month:02}-{day:02}"
            elif role == "gps":
                said = " ".join(f"{each + self.chance.gauss(0, 0.0001):.6f}" for each in said) + " 0 5"
            elif role in ("phone", "person_id", "household") and said and self._happens(0.03 * wrong):
                at = self.chance.randrange(len(said))
                said = said[:at] + self.chance.choice("0123456789") + said[at + 1 :]
            written[path] = "" if role != "name" and self._happens(0.02 * wrong) else said
        return written

    def _misspelled(self, words: str, share: float) -> str:
        return " ".join(self._slip(word) if self._happens(share) else word for word in words.split())

    def _slip(self, word: str) -> str:
        heard = [(one, other) for one, other in HEARD if one in word[1:].lower()]
        if heard and self._happens(0.6):
            one, other = self.chance.choice(heard)
            return word[0] + word[1:].replace(one, other, 1)
        at = self.chance.randrange(1, len(word)) if len(word) > 2 else len(word)
        kind = self.chance.randrange(3)
        if at == len(word) or kind == 0:
            return word + word[-1]
        return word[:at] + ("" if kind == 1 else NEAR.get(word[at], word[at])) + word[at + 1 :]

    def _happens(self, share: float) -> bool:
        return self.chance.random() < share
