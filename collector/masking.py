"""Answers as a reader sees them from whom some classes are hidden: blanked, or under a name that tells nothing. Pure.

A name that was made from answers (instanceName, the label of an entity) is hidden together with any class: nobody declared
what it is made of.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from collector.answers import Tables
from forms.xform import Field, FormDefinition

MADE_FROM_ANSWERS = ("/meta/instanceName", "/meta/entity/label")
STAFF = "P-staff"

Rename = Callable[[str], str]
_MOST_PLANS = 1000
_plans: dict[tuple[bytes, frozenset[str]], dict[int, tuple[int, ...]]] = {}


@dataclass(frozen=True, slots=True)
class Mask:
    """`hidden`: sensitivity classes; `key`: hidden answers become names made with it, the same for the same answer. Without
    a key they are blank."""

    hidden: frozenset[str] = frozenset()
    key: bytes = b""

    @property
    def hides_staff(self) -> bool:
        """Whether it hides who sent a submission."""
        return STAFF in self.hidden

    @property
    def tag(self) -> str:
        """Equal exactly for masks that show the same: part of ETags and of the names of what is kept."""
        key = hmac.new(self.key, b"tag", sha256).hexdigest()[:16] if self.key else ""
        return f"{','.join(sorted(self.hidden))}:{key}" if self.hidden else ""

    def pseudonym(self, text: str) -> str:
        """`anon-` and 12 characters of a keyed hash: nobody without the key can try out names."""
        return f"anon-{hmac.new(self.key, text.strip().casefold().encode(), sha256).hexdigest()[:12]}"


NO_MASK = Mask()


def is_hidden(field: Field, mask: Mask) -> bool:
    """Whether the mask hides the answers to a question."""
    return bool(mask.hidden) and (field.sensitivity in mask.hidden or field.path in MADE_FROM_ANSWERS)


def masked(tables: Tables, definition: FormDefinition, mask: Mask) -> Tables:
    """`tables` with what the mask hides blanked or renamed; without a mask `tables` itself."""
    if not mask.hidden:
        return tables
    plan = _plan(definition, mask)
    if not plan:
        return tables
    rename: Rename = mask.pseudonym if mask.key else lambda _: ""
    return {
        number: rows if number not in plan else [_covered(row, plan[number], rename) for row in rows]
        for number, rows in tables.items()
    }


def _plan(definition: FormDefinition, mask: Mask) -> dict[int, tuple[int, ...]]:
    """The hidden places of the rows of each table that has any."""
    key = (definition.schema_sha256, mask.hidden)
    plan = _plans.get(key)
    if plan is None:
        if len(_plans) >= _MOST_PLANS:
            _plans.clear()
        places: dict[int, list[int]] = {}
        for field in definition.fields:
            if field.column_no is not None and is_hidden(field, mask):
                places.setdefault(field.table_no, []).append(field.column_no + (2 if field.table_no else 0))
        plan = _plans[key] = {table: tuple(found) for table, found in places.items()}
    return plan


def _covered(row: list[str | None], places: tuple[int, ...], rename: Rename) -> list[str | None]:
    covered = list(row)
    for place in places:
        text = covered[place]
        covered[place] = rename(text) if text else text
    return covered
