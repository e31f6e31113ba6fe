"""One answer to every question of a grid, where others differ."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sync.rules.interviews import Evidence, Interview

SENTENCES = {
    "fr": "La même réponse aux {questions} questions d’un même tableau ; {percent} % des entretiens font de même.",
    "en": "One answer to all {questions} questions of a grid; {percent} % of interviews do so.",
}
LEAST_QUESTIONS = 5
LEAST_INTERVIEWS = 20
# What more than one in twenty do is an opinion, not a habit.
USUAL_SHARE = 0.05


def examine(interviews: Sequence[Interview]) -> Iterator[Evidence]:
    """Each interview and grid of five questions and more that are all answered alike, if that is rare on this form."""
    for grid in dict.fromkeys(name for each in interviews for name in each.grids):
        alike: list[tuple[int, int]] = []
        whole = 0
        for each in interviews:
            answers = Counter(answer for answer in each.grids.get(grid, ()) if answer is not None)
            count = sum(answers.values())
            if count >= LEAST_QUESTIONS:
                whole += 1
                if len(answers) == 1:
                    alike.append((each.number, count))
        if whole >= LEAST_INTERVIEWS and len(alike) <= USUAL_SHARE * whole:
            for number, count in alike:
                facts = {"questions": float(count), "percent": 100 * len(alike) / whole}
                yield Evidence("straight_lining", (number,), 1 - len(alike) / whole, facts)
