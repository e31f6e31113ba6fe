"""What an export is made of, whatever its format: its tables, its rows, its files, and a ledger that no row is lost."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

from collector.codebook import Question
from collector.deflating import Block
from collector.sheets import Prepared, Sheet
from forms.languages import code_of
from forms.xform import FormDefinition


class RowsLost(Exception):
    """An exporter wrote fewer or more rows than it was given: its file must not pass for the data."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file of an export: its name, its rows if it is a table, its length and SHA-256."""

    name: str
    rows: int | None
    size: int
    sha256: str

    def as_json(self) -> dict[str, Any]:
        """As the passport holds it."""
        return {"name": self.name, "rows": self.rows, "size": self.size, "sha256": self.sha256}


@dataclass
class Ledger:
    """Rows that were read and rows that were written, by number of sheet; compared at the end."""

    submissions: int = 0
    due: dict[int, int] = field(default_factory=dict)
    written: dict[int, int] = field(default_factory=dict)
    files: list[FileFacts] = field(default_factory=list)
    media: int = 0

    def expect(self, sheets: Iterable[Sheet], each: Prepared) -> None:
        """A submission was read: every sheet owes its rows."""
        self.submissions += 1
        for number, sheet in enumerate(sheets):
            self.due[number] = self.due.get(number, 0) + sheet.row_count(each)

    def wrote(self, sheet: int, rows: int) -> None:
        """That many rows of a sheet have been written."""
        self.written[sheet] = self.written.get(sheet, 0) + rows

    def check(self) -> None:
        """Raise RowsLost unless every row that was read has been written."""
        for number, due in self.due.items():
            if self.written.get(number, 0) != due:
                raise RowsLost(f"sheet {number}: {due} rows read, {self.written.get(number, 0)} written")


class Hashed:
    """Bytes on their way into a file, counted and hashed."""

    def __init__(self) -> None:
        self._hash = sha256()
        self.size = 0

    def through(self, pieces: Iterable[bytes | Block]) -> Iterator[bytes | Block]:
        """The same pieces."""
        for piece in pieces:
            self.add(piece.unpacked() if isinstance(piece, Block) else piece)
            yield piece

    def add(self, data: bytes) -> None:
        """More bytes."""
        self._hash.update(data)
        self.size += len(data)

    def facts(self, name: str, rows: int | None = None) -> FileFacts:
        """What is known of the file."""
        return FileFacts(name, rows, self.size, self._hash.hexdigest())


@dataclass(frozen=True, slots=True)
class Dialect:
    """How CSV is written. `guard`: no cell can be a formula for a spreadsheet; see docs/exports.md for how it is undone."""

    separator: str = ","
    bom: bool = False
    guard: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """Many submissions in a row as they were rendered: their lines, or a block of them, and a number of rows for each sheet."""

    submissions: int
    blocks: tuple[Block | bytes, ...]
    rows: tuple[int, ...]


Chunk = Segment | list[Prepared]


@dataclass(frozen=True, slots=True)
class Media:
    """A file of a submission: where it goes in the archive, and its bytes."""

    path: str
    pieces: Iterator[bytes]


@dataclass
class Export:
    """What a format writes. `chunks` may be gone through once; only formats that ask for blocks meet segments in it.

    `passport` gives the last file of an archive, None when the archive is to be exactly ODK Central's.
    """

    xml_form_id: str
    title: str
    definition: FormDefinition
    sheets: list[Sheet]
    chunks: Iterator[Chunk]
    written_at: datetime
    language: str = "fr"
    dialect: Dialect = Dialect()
    media: Callable[[], Iterator[Media]] = lambda: iter(())
    audits: Callable[[], Iterator[tuple[str, bytes]]] = lambda: iter(())
    passport: Callable[["Ledger"], bytes] | None = None
    codebook: list[Question] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    due: Callable[[], int] | None = None

    @property
    def spoken(self) -> str:
        """In which language titles are that the form does not have: `en` where its labels are wanted in English, else `fr`."""
        return "en" if code_of(self.language) == "en" else "fr"

    def verify(self) -> None:
        """Raise RowsLost unless all that was read is written, and all that was wanted was read or is known to be gone."""
        self.ledger.check()
        due = self.ledger.submissions if self.due is None else self.due()
        if self.ledger.submissions != due:
            raise RowsLost(f"{due} submissions wanted, {self.ledger.submissions} written")

    def submissions(self) -> Iterator[Prepared]:
        """Every submission, for formats that write one after the other; each is entered in the ledger."""
        for chunk in self.chunks:
            assert not isinstance(chunk, Segment)
            for each in chunk:
                self.ledger.expect(self.sheets, each)
                yield each


class Write(Protocol):
    """Writes an export, piece by piece."""

    def __call__(self, export: Export) -> Iterator[bytes]: ...


@dataclass(frozen=True, slots=True)
class Format:
    """A way out. `blocks`: takes what was rendered before; `typed`: wants to know what the form says of questions and choices."""

    name: str
    suffix: str
    mimetype: str
    title: tuple[str, str]
    about: tuple[str, str]
    write: Write
    archive: bool = False
    blocks: bool = False
    typed: bool = False
