"""The neighbours of interviews: on the same phone at that time and begun in the same second, whatever their form, and in the same few
metres. Found for a slice of them together; each has those before it in the slice as they are now, and those after it as the table has them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from config.statements import Among, Statement, listed
from sync import seen_facts
from sync.interviews import Names, at_second, cells_around
from sync.matchers import Matcher
from sync.rules.interviews import Interview
from sync.seen_facts import BESIDE, Facts, facts_of, hashed_names

# Neighbours looked at for each kind; more than this in one place or second is how the form is used.
MOST_NEIGHBOURS = 40
LONGEST = timedelta(hours=12)
_ALL = f"SELECT {BESIDE} FROM seen_interview WHERE project_id = ? AND "  # noqa: S608 - our own names
_SAME_SECOND = {
    who: Statement(f"{_ALL}{who} IN (?, ?) AND start = ? ORDER BY submission_id + 0 LIMIT ?")
    for who in ("device", "who")
}
_AT_THAT_TIME = Statement(f'{_ALL}device IN (?, ?) AND start BETWEEN ? AND ? AND "end" > ? ORDER BY start DESC LIMIT ?')
# Not by whom as well: a database without statistics would read all interviews of an enumerator instead.
_AROUND = Among(f"{_ALL}form_id = ? AND cell IN ? LIMIT ?")

Place = tuple[tuple[float, float] | None, float | None, str]
NOWHERE: Place = (None, None, "")


@dataclass(frozen=True, slots=True)
class Seen:
    """A submission to look at. `interview` None: it is gone, and forgotten. `exact`: its content, times included; `copied`: others have the
    same. One interview twice is told of as such, and not by what rules see of it."""

    id: int
    interview: Interview | None
    exact: bytes = b""
    copied: bool = False


class Question:
    """A submission, and by what its neighbours are found."""

    __slots__ = ("cells", "device", "interview", "mine", "own", "seen", "who")

    def __init__(self, seen: Seen, interview: Interview, names: list[Names]) -> None:
        self.seen, self.interview = seen, interview
        self.own = facts_of(interview, names[0])
        # By whichever key: the same as its own.
        hashed = [hashed_names(interview, each) for each in names[1:]]
        self.who = (self.own.who, *(each["who"] for each in hashed))
        self.device = (self.own.device, *(each["device"] for each in hashed))
        self.cells: list[int] = []
        if self.own.cell is not None and interview.place is not None:
            self.cells = [each.number("cell", cell) for cell in cells_around(interview.place) for each in names]
        # Names as numbers, to lie beside others.
        self.mine = Interview(
            number=interview.number,
            enumerator=str(self.own.who or ""),
            device=str(self.own.device or ""),
            start=at_second(self.own.start),
            end=at_second(self.own.end),
            active_seconds=interview.seconds,
            place=interview.place,
            accuracy=interview.accuracy,
            subject=interview.subject,
        )

    def close(self, rows: Iterable[Facts]) -> Iterator[Facts]:
        """Those of its enumerator near it: where exactly they were matters."""
        if self.own.cell is not None:
            # Of its form: where those of others were is no news.
            near = (row for row in rows if row.cell is not None and row.form_id == self.own.form_id)
            yield from (row for row in near if row.who in self.who)

    def beside(self, row: Facts, place: Place) -> Interview:
        """A neighbour, named as it is itself where they are the same."""
        plain = row.interview
        return Interview(
            number=row.id,
            enumerator=str(self.own.who or "") if row.who in self.who else plain.enumerator,
            device=str(self.own.device or "") if row.device in self.device else plain.device,
            start=plain.start,
            end=plain.end,
            active_seconds=plain.active_seconds,
            place=place[0],
            accuracy=place[1],
            subject=place[2],
        )


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of neighbour: what `statement` finds when given `values`; of those at hand, the ones that share one of `names` in `column` and
    that `finds` says. `order`: which come first when there are too many."""

    column: str
    names: tuple[int | None, ...]
    finds: Callable[[Facts], bool]
    order: Callable[[Facts], tuple[int, ...]]
    statement: Statement
    values: tuple[Any, ...]


def _kinds(matcher: Matcher, question: Question) -> Iterator[_Kind]:
    """The kinds of neighbours that a submission can have."""
    project = (matcher.project_id,)
    own = question.own
    start, end = own.start, own.end
    if start is not None:
        for column, names in (("device", question.device), ("who", question.who)):
            if names[0] is not None:
                values: tuple[Any, ...] = (*project, names[0], names[-1], start)
                yield _Kind(column, names, lambda row: row.start == start, _by_number, _SAME_SECOND[column], values)
    if start is not None and end is not None and own.device is not None:
        earliest = start - int(LONGEST.total_seconds())

        def overlaps(row: Facts) -> bool:
            return row.start is not None and earliest <= row.start <= end and (row.end or 0) > start

        names = question.device
        values = (*project, names[0], names[-1], earliest, end, start)
        yield _Kind("device", names, overlaps, _newest_first, _AT_THAT_TIME, values)
    if question.cells:
        values = (*project, matcher.form_id, tuple(question.cells))
        yield _Kind("cell", tuple(question.cells), lambda row: True, _by_number, _AROUND, values)


def _by_number(row: Facts) -> tuple[int, ...]:
    return (row.id,)


def _newest_first(row: Facts) -> tuple[int, ...]:
    return (-(row.start or 0), row.id)


def stored_beside(
    connection: Connection, matcher: Matcher, questions: Sequence[Question]
) -> dict[int, list[tuple[_Kind, list[Facts]]]]:
    """For each submission, the kinds of neighbours and the rows that the table has of them."""
    found: dict[int, list[tuple[_Kind, list[Facts]]]] = {each.seen.id: [] for each in questions}
    # Copies ask the same: it is answered once.
    asked: dict[Statement, dict[tuple[Any, ...], list[Facts]]] = {}
    # So many may be of the slice and not count.
    most = MOST_NEIGHBOURS + len(questions) + 1
    for question in questions:
        for kind in _kinds(matcher, question):
            rows = asked.setdefault(kind.statement, {}).setdefault((*kind.values, most), [])
            found[question.seen.id].append((kind, rows))
    for statement, by_values in asked.items():
        many = [[listed(connection, each) if isinstance(each, tuple) else each for each in key] for key in by_values]
        answers = statement.rows_of_many(connection, many)
        for rows, answer in zip(by_values.values(), answers, strict=True):
            rows.extend(map(seen_facts.neighbour, answer))
    return found


class AtHand:
    """Those of the slice that were looked at already, of all its forms, as they are now."""

    def __init__(self) -> None:
        self.ids: set[int] = set()
        self._rows: dict[tuple[str, int], list[Facts]] = {}

    def add(self, number: int, facts: Facts | None) -> None:
        self.ids.add(number)
        if facts is not None:
            for column, name in (("device", facts.device), ("who", facts.who), ("cell", facts.cell)):
                if name is not None:
                    self._rows.setdefault((column, name), []).append(facts)

    def beside(self, number: int, kinds: Iterable[tuple[_Kind, list[Facts]]]) -> list[Facts]:
        """The neighbours of a submission at its turn."""
        found: dict[int, Facts] = {}
        for kind, rows in kinds:
            here = [row for row in rows if row.id not in self.ids and row.id != number]
            for name in dict.fromkeys(kind.names):
                here += [row for row in self._rows.get((kind.column, name or 0), ()) if kind.finds(row)]
            if len(here) > MOST_NEIGHBOURS:
                here.sort(key=kind.order)
            found |= {row.id: row for row in here[:MOST_NEIGHBOURS]}
        return list(found.values())
