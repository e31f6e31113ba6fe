"""Different households, one place on the map."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sync.rules.identity.levels import metres
from sync.rules.interviews import Evidence, Interview

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


def examine(interviews: Sequence[Interview]) -> Iterator[Evidence]:
    """Groups of interviews of different subjects and one enumerator around one point, the largest first; each in one group."""
    placed = [each for each in interviews if each.place and (each.accuracy or 0.0) <= WORST_ACCURACY]
    if len(placed) < LEAST_INTERVIEWS:
        return
    cells: dict[tuple[int, int], list[Interview]] = defaultdict(list)
    for each in placed:
        cells[_cell(each)].append(each)
    if max(map(len, cells.values())) > USUAL_SHARE * len(placed):
        return
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


def _cell(each: Interview) -> tuple[int, int]:
    assert each.place is not None
    return int(each.place[0] // _CELL_DEGREES), int(each.place[1] // _CELL_DEGREES)


def _around(each: Interview, cells: dict[tuple[int, int], list[Interview]]) -> list[Interview]:
    """All of its enumerator within reach, itself included. A cell is eleven metres: the neighbours suffice."""
    north, east = _cell(each)
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
