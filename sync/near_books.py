"""Compare each new interview with all others of its form: the answers to choose from, kept compactly in memory and in a table.

In the table an interview is one byte a column, numbers that mean nothing without the form's list of keyed hashes; in memory a byte and a few
bits. What is in memory is only ever a copy: it is read anew whenever the table's stamp is another one.
"""

import math
import secrets
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from config.statements import Insert, Statement
from sync.models import MatchFeature, NearChoice, NearForm
from sync.readers import Reader
from sync.rules.answer_columns import Column, answers_in
from sync.rules.answer_matrix import MOST_CHOICES
from sync.rules.near_copies import LEAST_INTERVIEWS, Interviews, NearCopy, Standard

# Bytes that all forms together may take in this process, and one alone; of a larger form the newest that fit are compared.
MOST_BYTES = 96_000_000
# What one answer takes: its byte, and the bits that say who gave each choice.
BYTES_EACH = 2
# Numbers of interviews that are gone are given up when they are so many.
MOST_GONE = 1000
# The likest so many are worth a row.
MOST_COPIES = 20
GROWTH = 1.5
# No table has this stamp.
UNKNOWN = -1
_STAMP = Statement("SELECT stamp, measured FROM near_form WHERE project_id = ? AND form_id = ?")
_NEXT_STAMP = Statement(
    "UPDATE near_form SET stamp = ? WHERE project_id = ? AND form_id = ? AND stamp = ? RETURNING stamp"
)
_CHOICES = Insert("near_choice", "project_id, form_id, column_no, code, h")


@dataclass
class Book:
    """The interviews of one form as they are in the table of that `stamp`."""

    stamp: int
    columns: list[Column]
    codes: list[dict[bytes, int]]
    interviews: Interviews
    standard: Standard | None
    measured: int
    ids: "array[int]" = field(default_factory=lambda: array("q"))
    loaded: int = 0
    newer: dict[int, int] = field(default_factory=dict)
    places: dict[Column, int] = field(default_factory=dict)
    said: list[dict[str, int]] = field(default_factory=list)

    def holds(self, columns: Sequence[Column]) -> bool:
        """Whether it has all of these columns."""
        return all(each in self.places for each in columns)

    def number_of(self, submission_id: int) -> int | None:
        """The number of a submission's interview."""
        if submission_id in self.newer:
            return self.newer[submission_id]
        at = bisect_left(self.ids, submission_id, 0, self.loaded)
        found = at < self.loaded and self.ids[at] == submission_id
        return at if found and at not in self.interviews.gone else None

    @property
    def bytes(self) -> int:
        """About what it takes in memory."""
        return len(self.interviews) * max(1, len(self.columns)) * BYTES_EACH

    @property
    def must_be_measured(self) -> bool:
        """Whether it has grown so much that its standard may be another."""
        return bool(self.columns) and self.interviews.here >= max(LEAST_INTERVIEWS, GROWTH * self.measured)


class Books:
    """The books of one installation, those used last in memory."""

    def __init__(self) -> None:
        self.lock = RLock()
        self._books: OrderedDict[tuple[int, int], Book] = OrderedDict()

    def of(self, session: Session, project_id: int, form_id: int) -> Book | None:
        """A form's book as its table is now; None before any interview is in it."""
        row = _STAMP.row(session.connection(), (project_id, form_id))
        if row is None:
            self._books.pop((project_id, form_id), None)
            return None
        stamp, measured = row
        book = self._books.get((project_id, form_id))
        if book is None or book.stamp != stamp or len(book.interviews.gone) > max(MOST_GONE, len(book.ids) // 4):
            kept = session.get_one(NearForm, (project_id, form_id), populate_existing=True)
            book = self._books[project_id, form_id] = _load(session, kept)
        elif book.measured != measured:
            kept = session.get_one(NearForm, (project_id, form_id), populate_existing=True)
            book.standard, book.measured = Standard(**kept.standard) if kept.standard else None, kept.measured
        self._books.move_to_end((project_id, form_id))
        while len(self._books) > 1 and sum(each.bytes for each in self._books.values()) > MOST_BYTES:
            self._books.popitem(last=False)
        return book

    def clear(self) -> None:
        """Give the memory back."""
        with self.lock:
            self._books.clear()

    def due(self) -> list[tuple[int, int]]:
        """Forms in memory whose standard is to be measured."""
        return [key for key, book in self._books.items() if book.must_be_measured]


_BOOKS: "WeakKeyDictionary[Engine, Books]" = WeakKeyDictionary()


def books_of(engine: Engine) -> Books:
    """The books of the installation with this database."""
    return _BOOKS.setdefault(engine, Books())


def _load(session: Session, kept: NearForm) -> Book:
    columns = [Column(str(path), choice) for path, choice in kept.columns]
    codes: list[dict[bytes, int]] = [{} for _ in columns]
    of_form = (NearChoice.project_id == kept.project_id, NearChoice.form_id == kept.form_id)
    for column_no, code, value in session.execute(
        select(NearChoice.column_no, NearChoice.code, NearChoice.h).where(*of_form)
    ):
        codes[column_no][value] = code
    standard = Standard(**kept.standard) if kept.standard else None
    book = Book(kept.stamp, columns, codes, Interviews(len(columns)), standard, kept.measured)
    book.places = {column: place for place, column in enumerate(columns)}
    book.said = [{} for _ in columns]
    # Three quarters, so that a form at the limit is not read anew for every interview.
    most = max(1, int(0.75 * MOST_BYTES / BYTES_EACH / max(1, len(columns))))
    query = (
        select(MatchFeature.submission_id, MatchFeature.vector)
        .where(
            MatchFeature.project_id == kept.project_id,
            MatchFeature.form_id == kept.form_id,
            MatchFeature.vector.is_not(None),
        )
        .order_by(MatchFeature.submission_id.desc())
        .limit(most)
    )
    # The driver's own rows, the oldest first.
    rows = list(reversed(session.connection().execute(query).cursor.fetchall()))
    book.ids = array("q", [row[0] for row in rows])
    book.loaded = len(rows)
    book.interviews.load(row[1] for row in rows)
    return book


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one interview; `evidence` is equal on all servers that hold it, and changes when an answer does."""

    vector: bytes
    evidence: bytes


class Turn:
    """The book of one form while interviews are laid into it one after the other, and what is to be written of that. From the first change
    on the book is worth nothing until `write` has told the table: whoever does not get so far has it read anew."""

    def __init__(self, book: Book, project_id: int, form_id: int) -> None:
        self._book, self._place = book, (project_id, form_id)
        self._before = book.stamp
        self._changed = False
        self._choices: list[tuple[int, int, int, int, bytes]] = []

    @property
    def least(self) -> float:
        """From how many bits on interviews are too alike; infinite while that is not known."""
        standard = self._book.standard
        return standard.bits if standard is not None else math.inf

    def keep(
        self, submission_id: int, reader: Reader, root: Sequence[Any], secret: bytes, origin: bytes
    ) -> Kept | None:
        """Lay the interview of a submission into the book; None where there is nothing to choose on its form. `secret` keys what is
        stored, `origin` (what only servers that hold it know) its evidence."""
        if not reader.columns:
            self.drop(submission_id)
            return None
        book = self._book
        said = answers_in(reader.columns, reader.chosen(root))
        codes = bytearray(len(book.columns))
        for column, answer in zip(reader.columns, said, strict=True):
            if answer is not None:
                at = book.places[column]
                code = book.said[at].get(answer)
                codes[at] = self._code(at, answer, secret) if code is None else code
        vector = bytes(codes.rstrip(b"\0"))
        number = book.number_of(submission_id)
        if number is None or bytes(book.interviews.row(number)).rstrip(b"\0") != vector:
            self._change()
            if number is not None:
                book.interviews.remove(number)
            book.newer[submission_id] = book.interviews.add_codes(vector)
            book.ids.append(submission_id)
        told = ", ".join(f"({name}, {said[at]!r})" for at, name in reader.named if said[at] is not None)
        return Kept(vector, blake2b(f"[{told}]".encode(), digest_size=8, key=origin, person=b"near").digest())

    def drop(self, submission_id: int) -> None:
        """Take a submission out of the book: it is gone, or says nothing to compare."""
        number = self._book.number_of(submission_id)
        if number is not None:
            self._change()
            self._book.interviews.remove(number)
            self._book.newer.pop(submission_id, None)

    def copies_of(self, submission_id: int) -> dict[int, NearCopy]:
        """The submissions too alike with one, the likest few; none where the form is too short to tell, or young."""
        book = self._book
        number = book.number_of(submission_id)
        if number is None or book.standard is None:
            return {}
        return {book.ids[each.number]: each for each in book.interviews.copies_of(number, book.standard)[:MOST_COPIES]}

    def write(self, connection: Connection) -> bool:
        """Tell the table; False, and nothing done, when it is not as it was any more."""
        if not self._changed:
            return True
        stamp = secrets.randbits(62)
        if not _NEXT_STAMP.rows(connection, (stamp, *self._place, self._before)):
            return False
        if self._choices:
            _CHOICES.run_many(connection, self._choices)
        self._book.stamp = stamp
        return True

    def _change(self) -> None:
        self._changed = True
        self._book.stamp = UNKNOWN

    def _code(self, at: int, answer: str, secret: bytes) -> int:
        book = self._book
        if book.columns[at].choice is not None:
            return 1 if answer == "1" else 2
        value = choice_hash(at, answer, secret)
        code = book.codes[at].get(value)
        if code is None:
            code = len(book.codes[at]) + 1
            if code > MOST_CHOICES:
                return 0
            self._change()
            self._choices.append((*self._place, at, code, value))
            book.codes[at][value] = code
        book.said[at][answer] = code
        return code


def make_ready(session: Session, project_id: int, form_id: int, columns: Sequence[Column]) -> None:
    """See that the table of a form is there and has these columns. Older ones stay: interviews without an answer there are blank. Where a
    column has become something else (who or where), it is blank in all new interviews."""
    kept = session.get(NearForm, (project_id, form_id), populate_existing=True)
    if kept is None:
        kept = NearForm(project_id=project_id, form_id=form_id, columns=[], stamp=secrets.randbits(62), measured=0)
        session.add(kept)
    known = {Column(str(path), choice) for path, choice in kept.columns}
    more = [each for each in columns if each not in known]
    if more:
        kept.columns = [*kept.columns, *(list(each) for each in more)]
        kept.stamp = secrets.randbits(62)
    session.flush()


def choice_hash(at: int, answer: str, secret: bytes) -> bytes:
    """What stands for an answer in column `at`."""
    return blake2b(f"{at}:{answer}".encode(), digest_size=8, key=secret[:64], person=b"choice").digest()
