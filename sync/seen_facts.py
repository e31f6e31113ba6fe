"""The facts of an interview by which rules find its neighbours: hashed names, times, counts; a row of `seen_interview`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from config.statements import Among, Insert, Statement, listed, read_json
from sync.interviews import Names, Sent, at_second, cells_around, read_interview
from sync.matchers import Matcher
from sync.rules.interviews import Interview
from sync.rules.interviews.same_place import is_placed

BESIDE = 'form_id, submission_id, who, device, start, "end", seconds, answered, cell'
COLUMNS = f"{BESIDE}, grids"
_OWN = Among(f"SELECT {COLUMNS} FROM seen_interview WHERE project_id = ? AND submission_id IN ?")  # noqa: S608 - our names
_FORGET = Among("DELETE FROM seen_interview WHERE project_id = ? AND submission_id IN ?")
_INSERT = Insert("seen_interview", f"project_id, {COLUMNS}")
REHASH = Statement("UPDATE seen_interview SET who = ?, device = ?, cell = ? WHERE project_id = ? AND submission_id = ?")


class Facts(NamedTuple):
    """One row; see `SeenInterview`."""

    form_id: int
    id: int
    who: int | None
    device: int | None
    start: int | None
    end: int | None
    seconds: float | None
    answered: int
    cell: int | None
    grids: dict[str, list[int]]

    @property
    def interview(self) -> Interview:
        """The interview as far as they tell: names are numbers, places cells."""
        return Interview(
            number=self.id,
            enumerator=str(self.who or ""),
            device=str(self.device or ""),
            start=at_second(self.start),
            end=at_second(self.end),
            active_seconds=self.seconds,
            answered=self.answered,
            cell=str(self.cell or ""),
            grids={
                name: ["1"] * count if alike else [str(number) for number in range(count)]
                for name, (count, alike) in self.grids.items()
            },
        )


def facts_of(interview: Interview, names: Names) -> Facts:
    """Those of an interview."""
    hashed = hashed_names(interview, names)
    return Facts(
        names.form_id,
        interview.number,
        hashed["who"],
        hashed["device"],
        int(interview.start.timestamp()) if interview.start else None,
        int(interview.end.timestamp()) if interview.end else None,
        interview.seconds,
        interview.answered,
        hashed["cell"],
        {
            name: [len(said), int(len(set(said)) == 1)]
            for name, given in interview.grids.items()
            if (said := [each for each in given if each is not None])
        },
    )


def names_of(matcher: Matcher) -> list[Names]:
    """By the matcher's key, and by the former one while not everything is hashed anew."""
    secrets = [matcher.secret, *([matcher.former[1]] if matcher.former else [])]
    return [Names(matcher.project_id, matcher.form_id, secret) for secret in secrets]


def hashed_names(interview: Interview, names: Names) -> dict[str, int | None]:
    """Who, with which phone and where, as numbers."""
    cell = cells_around(interview.place)[0] if interview.place and is_placed(interview) else None
    said = {"who": interview.enumerator, "device": interview.device, "cell": cell}
    return {kind: names.number(kind, text) if text else None for kind, text in said.items()}


def neighbour(row: Sequence[Any]) -> Facts:
    """From the columns BESIDE: grids are looked at in nobody beside another."""
    return Facts._make((*row, {}))


def from_row(row: Sequence[Any]) -> Facts:
    """From the columns COLUMNS."""
    return Facts._make((*row[:9], read_json(row[9])))


def stored(connection: Connection, project_id: int, submission_ids: Iterable[int]) -> dict[int, Facts]:
    """The rows of these submissions."""
    rows = _OWN.rows(connection, (project_id, listed(connection, submission_ids)))
    return {row[1]: from_row(row) for row in rows}


def write(
    connection: Connection,
    matcher: Matcher,
    facts: Mapping[int, Facts | None],
    before: Mapping[int, Facts],
) -> None:
    """Bring the rows of these submissions (None: forgotten) from what they are to what they shall be."""
    old = [number for number, each in facts.items() if number in before and each != before[number]]
    if old:
        _FORGET.run(connection, (matcher.project_id, listed(connection, old)))
    new = [each for number, each in facts.items() if each is not None and each != before.get(number)]
    if new:
        _INSERT.run_many(
            connection, [(matcher.project_id, *each[:9], orjson.dumps(each.grids).decode()) for each in new]
        )


def rehashed(
    matcher: Matcher, sent: Iterable[tuple[Sent, Mapping[str, str | None]]]
) -> list[tuple[int | None, int | None, int | None, int, int]]:
    """For `REHASH`: the names in the facts of these submissions (with their answers) under the matcher's key."""
    names = names_of(matcher)[0]
    found = []
    for submission, answers in sent:
        hashed = hashed_names(read_interview(submission, answers, matcher.plan.roles, {}, (0, None)), names)
        found.append((hashed["who"], hashed["device"], hashed["cell"], matcher.project_id, submission.id))
    return found
