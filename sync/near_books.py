"""Compare each new interview with all others of its form: the answers to choose from, kept compactly in memory and in a table.

In the table an interview is one byte a column, numbers that mean nothing without the form's list of keyed hashes; in memory a byte and a few
bits. What is in memory is only ever a copy: it is read anew whenever the table's stamp is another one.
"""

import secrets
from array import array
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from threading import RLock
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from collector.models import Submission
from forms.queries import definition_of, labels_of
from sync.models import MatchFeature, NearChoice, NearForm
from sync.rules.answer_columns import Column, answers_in, columns_of
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
    versions: dict[int, list[int]] = field(default_factory=dict)

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

    def of(self, session: Session, project_id: int, form_id: int) -> tuple[NearForm, Book] | None:
        """A form's book as its table is now; None before any interview is in it."""
        kept = session.get(NearForm, (project_id, form_id))
        if kept is None:
            self._books.pop((project_id, form_id), None)
            return None
        book = self._books.get((project_id, form_id))
        if book is None or book.stamp != kept.stamp or len(book.interviews.gone) > max(MOST_GONE, len(book.ids) // 4):
            book = self._books[project_id, form_id] = _load(session, kept)
        if book.measured != kept.measured:
            book.standard, book.measured = Standard(**kept.standard) if kept.standard else None, kept.measured
        self._books.move_to_end((project_id, form_id))
        while len(self._books) > 1 and sum(each.bytes for each in self._books.values()) > MOST_BYTES:
            self._books.popitem(last=False)
        return kept, book

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
    number: int


def keep(
    session: Session,
    place: tuple[int, int, int],
    version_id: int,
    answers: dict[str, str | None],
    secret: bytes,
    origin: bytes,
) -> Kept | None:
    """Put the interview of a submission (`place`: project, form, submission) into its book, for whoever writes its feature; None where there is
    nothing to choose on its form. `secret` keys what is stored, `origin` (what only servers that hold it know) its evidence."""
    project_id, form_id, submission_id = place
    books = books_of(session.connection().engine)
    with books.lock:
        found = books.of(session, project_id, form_id) or _begin(session, books, project_id, form_id)
        kept, book = found
        if version_id not in book.versions:
            book = _add_version(session, books, kept, book, version_id)
        columns = [book.columns[at] for at in book.versions[version_id]]
        if not columns:
            drop(session, project_id, form_id, submission_id)
            return None
        said = answers_in(columns, answers)
        codes = bytearray(len(book.columns))
        for at, answer in zip(book.versions[version_id], said, strict=True):
            if answer is not None:
                codes[at] = _code(session, kept, book, at, answer, secret)
        vector = bytes(codes.rstrip(b"\0"))
        number = book.number_of(submission_id)
        if number is None or bytes(book.interviews.row(number)).rstrip(b"\0") != vector:
            if number is not None:
                book.interviews.remove(number)
            number = book.newer[submission_id] = book.interviews.add_codes(vector)
            book.ids.append(submission_id)
            _stamp(kept, book)
        told = repr(sorted(each for each in zip(columns, said, strict=True) if each[1] is not None)).encode()
        return Kept(vector, blake2b(told, digest_size=8, key=origin, person=b"near").digest(), number)


def drop(session: Session, project_id: int, form_id: int, submission_id: int) -> None:
    """Take a submission out of its book: it is gone, or says nothing to compare."""
    books = books_of(session.connection().engine)
    with books.lock:
        found = books.of(session, project_id, form_id)
        number = found[1].number_of(submission_id) if found else None
        if found and number is not None:
            found[1].interviews.remove(number)
            found[1].newer.pop(submission_id, None)
            _stamp(*found)


def copies_of(session: Session, project_id: int, form_id: int, submission_id: int) -> dict[int, NearCopy]:
    """The submissions too alike with one, the likest few; none where the form is too short to tell, or young."""
    books = books_of(session.connection().engine)
    with books.lock:
        found = books.of(session, project_id, form_id)
        number = found[1].number_of(submission_id) if found else None
        if found is None or number is None or found[1].standard is None:
            return {}
        book = found[1]
        assert book.standard is not None
        return {book.ids[each.number]: each for each in book.interviews.copies_of(number, book.standard)[:MOST_COPIES]}


def standard_of(session: Session, project_id: int, form_id: int) -> float:
    """From how many bits on interviews are too alike; infinite while that is not known."""
    kept = session.get(NearForm, (project_id, form_id))
    return kept.standard["bits"] if kept is not None and kept.standard else float("inf")


def _begin(session: Session, books: Books, project_id: int, form_id: int) -> tuple[NearForm, Book]:
    kept = NearForm(project_id=project_id, form_id=form_id, columns=[], stamp=secrets.randbits(62), measured=0)
    session.add(kept)
    session.flush()
    found = books.of(session, project_id, form_id)
    assert found is not None
    return found


def _add_version(session: Session, books: Books, kept: NearForm, book: Book, version_id: int) -> Book:
    """Add the columns a version has anew. Older ones stay: interviews without an answer there are blank. Where a column has become
    something else (who or where), it is blank in all new interviews."""
    wanted = columns_of(
        definition_of(session, kept.project_id, version_id), labels_of(session, kept.project_id, version_id)
    )
    known = set(book.columns)
    more = [each for each in wanted if each not in known]
    if more:
        kept.columns = [*kept.columns, *(list(each) for each in more)]
        kept.stamp = secrets.randbits(62)
        session.flush()
        found = books.of(session, kept.project_id, kept.form_id)
        assert found is not None
        book = found[1]
    at = {column: place for place, column in enumerate(book.columns)}
    book.versions[version_id] = [at[each] for each in wanted]
    return book


def _code(session: Session, kept: NearForm, book: Book, at: int, answer: str, secret: bytes) -> int:
    if book.columns[at].choice is not None:
        return 1 if answer == "1" else 2
    value = choice_hash(at, answer, secret)
    code = book.codes[at].get(value)
    if code is None:
        code = len(book.codes[at]) + 1
        if code > MOST_CHOICES:
            return 0
        row = {"project_id": kept.project_id, "form_id": kept.form_id, "column_no": at, "code": code, "h": value}
        session.add(NearChoice(**row))
        session.flush()
        book.codes[at][value] = code
        _stamp(kept, book)
    return code


def choice_hash(at: int, answer: str, secret: bytes) -> bytes:
    """What stands for an answer in column `at`."""
    return blake2b(f"{at}:{answer}".encode(), digest_size=8, key=secret[:64], person=b"choice").digest()


def _stamp(kept: NearForm, book: Book) -> None:
    """Say that the table is another than before. Written with the session; a rollback leaves the old one, and the book is read anew."""
    kept.stamp = book.stamp = secrets.randbits(62)


def prepare(session: Session, project_id: int, submission_ids: Sequence[int]) -> None:
    """Read the books that matching these submissions will need, while no lock of the database is held."""
    books = books_of(session.connection().engine)
    forms = select(Submission.form_id).where(Submission.project_id == project_id, Submission.id.in_(submission_ids))
    for form_id in set(session.scalars(forms)):
        with books.lock:
            books.of(session, project_id, form_id)
