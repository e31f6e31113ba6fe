"""One answer to every question of a grid, where others differ."""

from collections.abc import Iterator, Sequence

from sync.rules.interviews import Evidence, Interview, Usual

SENTENCES = {
    "fr": "La même réponse aux {questions} questions d’un même tableau ; {percent} % des entretiens font de même.",
    "en": "One answer to all {questions} questions of a grid; {percent} % of interviews do so.",
}
LEAST_QUESTIONS = 5
LEAST_INTERVIEWS = 20
# What more than one in twenty do is an opinion, not a habit.
USUAL_SHARE = 0.05


# Evidence that somebody explained is shown again when one of these changes.
LOOKS_AT = ("grids",)


def measure(interviews: Sequence[Interview]) -> dict[str, list[int]]:
    """For each grid how many answered it whole, and how many of these alike."""
    found: dict[str, list[int]] = {}
    for each in interviews:
        for grid, count, alike in _whole(each):
            if count >= LEAST_QUESTIONS:
                so_far = found.setdefault(grid, [0, 0])
                so_far[0] += 1
                so_far[1] += alike
    return found


def bears(counted: Sequence[int]) -> bool:
    """Whether one answer throughout is rare where so many answered a grid whole, and so many of them alike."""
    whole, alike = counted
    return whole >= LEAST_INTERVIEWS and alike <= USUAL_SHARE * whole


def examine(interviews: Sequence[Interview], usual: Usual | None = None) -> Iterator[Evidence]:
    """Each interview and grid of five questions and more that are all answered alike, if that is rare on this form."""
    usual = measure(interviews) if usual is None else usual
    for each in interviews:
        for grid, count, alike in _whole(each):
            whole, so_many = usual.get(grid, (0, 0))
            if alike and count >= LEAST_QUESTIONS and bears((whole, so_many)):
                facts = {"questions": float(count), "percent": 100 * so_many / whole}
                yield Evidence("straight_lining", (each.number,), 1 - so_many / whole, facts)


def _whole(each: Interview) -> Iterator[tuple[str, int, bool]]:
    """(grid, how many of its questions are answered, whether all alike)"""
    for grid, answers in each.grids.items():
        said = [answer for answer in answers if answer is not None]
        yield grid, len(said), len(set(said)) == 1
