"""Different households, one place on the map."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from sync.rules.identity.levels import metres
from sync.rules.interviews import Evidence, Interview, Usual

SENTENCES = {
    "fr": "{count} entretiens de ménages différents à moins de {metres} m les uns des autres.",
    "en": "{count} interviews of different households within {metres} m of each other.",
}
NEAR_METRES = 5.0
# If so many are made in one place, that is how this form is used (a border post, a market).
USUAL_SHARE = 0.2
LEAST_INTERVIEWS = 10
# Of a phone without a good fix the place says nothing.
WORST_ACCURACY = 20.0
_CELL_DEGREES = 0.0001


# Evidence that somebody explained is shown again when one of these changes.
LOOKS_AT = ("place", "subject")


def measure(interviews: Sequence[Interview]) -> dict[str, int]:
    """How many have a place, and how many are in the one where most are."""
    cells = Counter(each.cell or str(cell_of(each.place)) for each in interviews if is_placed(each))
    return {"placed": cells.total(), "busiest": max(cells.values(), default=0)}


def bears(usual: Usual) -> bool:
    """Whether a place says anything on this form."""
    return bool(usual["placed"] >= LEAST_INTERVIEWS and usual["busiest"] <= USUAL_SHARE * usual["placed"])


def examine(interviews: Sequence[Interview], usual: Usual | None = None) -> Iterator[Evidence]:
    """Groups of interviews of different subjects and one enumerator around one point, the largest first; each in one group."""
    usual = measure(interviews) if usual is None else usual
    if not bears(usual):
        return
    placed = [each for each in interviews if each.place and is_placed(each)]
    cells: dict[tuple[int, int], list[Interview]] = defaultdict(list)
    for each in placed:
        cells[cell_of(each.place)].append(each)
    groups = sorted((_around(each, cells) for each in placed), key=len, reverse=True)
    seen: set[int] = set()
    for group in groups:
        fresh = [each for each in group if each.number not in seen]
        subjects = {each.subject or str(each.number) for each in fresh}
        if len(subjects) > 1:
            seen.update(each.number for each in fresh)
            numbers = tuple(sorted(each.number for each in fresh))
            facts = {"count": float(len(subjects)), "metres": NEAR_METRES}
            yield Evidence("same_place", numbers, 1 - 1 / len(subjects), facts)


def is_placed(each: Interview) -> bool:
    """Whether its place is known well enough."""
    return (each.place is not None or each.cell != "") and (each.accuracy or 0.0) <= WORST_ACCURACY


def cell_of(place: tuple[float, float] | None) -> tuple[int, int]:
    """The cell of about eleven metres a place lies in."""
    assert place is not None
    return int(place[0] // _CELL_DEGREES), int(place[1] // _CELL_DEGREES)


def _around(each: Interview, cells: dict[tuple[int, int], list[Interview]]) -> list[Interview]:
    """All of its enumerator within reach, itself included. A cell is eleven metres: the neighbours suffice."""
    north, east = cell_of(each.place)
    near = (cells.get((north + up, east + right), ()) for up in (-1, 0, 1) for right in (-1, 0, 1))
    return [
        other
        for cell in near
        for other in cell
        if other.enumerator == each.enumerator
        and other.place is not None
        and each.place is not None
        and metres(each.place, other.place) <= NEAR_METRES
    ]
