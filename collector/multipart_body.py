"""Reading what a phone POSTs: the submission's XML and its files, as multipart/form-data (C43, C44, C91, C93)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from multipart import MultipartError, MultipartSegment, ParserError, PushMultipartParser, parse_options_header

from collector import errors
from collector.upload_part import GatheredPart, Part, delete
from config.problem import Problem
from config.storage import DISK_FULL

XML_FIELD = "xml_submission_file"
INCOMPLETE_FIELD = "*isIncomplete*"
PIECE = 64 * 1024
FIELD_LIMIT = 1024
# The last piece is at least this long, so that the closing "--" and a line end after it are never in two pieces.
LAST_PIECE = 1024
UNKNOWN_TYPE = "application/octet-stream"


class Readable(Protocol):
    """What a WSGI input offers; short reads are allowed, an empty one means the end."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """One POST: the XML's raw bytes, the files in the order they came (equal names both kept), and whether the phone
    says that more will follow. Leaving the `with` block deletes temporary files that were not moved away.
    """

    xml: bytes
    files: tuple[Part, ...]
    incomplete: bool

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        delete(part.path for part in self.files)


def read_submission(
    stream: Readable,
    content_type: str,
    content_length: int | None,
    *,
    spool: Path,
    max_xml: int,
    max_file: int,
    max_total_parts: int = 200,
) -> Upload:
    """The submission in `stream`, for a `with` block; a Problem, and no file left behind, when it is not whole.

    `content_length` is the request's, in bytes (None: read to the end); `max_xml` and `max_file` are bytes, inclusive.
    Files over 64 KB are written below `spool`, which should be on the filesystem where they will stay. The body must
    be boundary, parts, closing boundary and at most line ends after it: a cut one is never taken for a whole one.
    """
    contents = _Contents(spool, max_xml, max_file, max_total_parts)
    try:
        parser = PushMultipartParser(_boundary(content_type), strict=True)
        for piece in _pieces(stream, content_length):
            for event in parser.parse(piece):
                if event is None:
                    contents.end_part()
                elif isinstance(event, MultipartSegment):
                    contents.begin_part(event)
                else:
                    contents.add(event)
        _require_end(parser)
        return contents.upload()
    except BaseException as error:
        contents.discard()
        if isinstance(error, MultipartError):
            raise errors.unreadable_body(str(error)) from error
        if isinstance(error, OSError) and error.errno in DISK_FULL:
            raise errors.no_space() from error
        raise


def _boundary(content_type: str) -> str:
    kind, options = parse_options_header(content_type)
    boundary: str = options.get("boundary", "")
    # Central's parser looks only at multipart bodies, so for anything else it misses the field.
    if kind != "multipart/form-data" or not boundary:
        raise errors.missing_submission_file()
    return boundary


def _require_end(parser: PushMultipartParser) -> None:
    try:
        parser.close()
    except ParserError as error:
        raise errors.truncated_body() from error


def _pieces(stream: Readable, content_length: int | None) -> Iterator[bytes]:
    """The body in pieces that depend on its bytes only, not on how the network cut them, with the closing `--` alone.

    The parser is strict about bytes after the closing boundary only if they come in a later call, and reports an early
    closing boundary only then. Handing it the final `--` by itself makes both exact.
    """
    remaining = 1 << 62 if content_length is None else content_length
    piece = _read(stream, min(PIECE, remaining))
    remaining -= len(piece)
    while True:
        following = _read(stream, min(PIECE, remaining)) if remaining else b""
        remaining -= len(following)
        if len(following) < LAST_PIECE:
            piece += following
            break
        yield piece
        piece = following
    end = piece.rstrip(b"\r\n")
    if (remaining and content_length is not None) or not end.endswith(b"--"):
        raise errors.truncated_body()
    if len(end) > 2:
        yield end[:-2]
    yield b"--"


def _read(stream: Readable, size: int) -> bytes:
    """Exactly `size` bytes unless the stream ends before."""
    data = stream.read(size)
    if len(data) == size or not data:
        return data
    pieces = [data]
    missing = size - len(data)
    while missing and (data := stream.read(missing)):
        pieces.append(data)
        missing -= len(data)
    return b"".join(pieces)


class _Contents:
    """Sorts the parser's events into the XML, the files, and the one form field that matters."""

    def __init__(self, spool: Path, max_xml: int, max_file: int, max_parts: int) -> None:
        self._spool, self._max_xml, self._max_file, self._max_parts = spool, max_xml, max_file, max_parts
        self._part_count = 0
        self._xml: bytes | None = None
        self._files: list[Part] = []
        self._incomplete = False
        self._segment: MultipartSegment | None = None
        self._gathered: GatheredPart | None = None

    def begin_part(self, segment: MultipartSegment) -> None:
        """The headers of a part have been read: decide what becomes of its bytes."""
        self._part_count += 1
        if self._part_count > self._max_parts:
            raise errors.too_many_parts(self._max_parts)
        self._segment = segment
        if segment.name == XML_FIELD:
            if self._xml is not None:
                raise errors.repeated_submission_file()
            self._gathered = GatheredPart(self._max_xml)
        elif _is_file(segment):
            self._gathered = GatheredPart(self._max_file, self._spool)
        elif segment.name == INCOMPLETE_FIELD:
            self._gathered = GatheredPart(FIELD_LIMIT)
        else:
            self._gathered = None

    def add(self, data: bytes) -> None:
        """Bytes of the current part."""
        if self._gathered is not None and self._segment is not None and not self._gathered.add(data):
            raise self._too_large(self._segment)

    def end_part(self) -> None:
        """The current part is whole."""
        gathered, segment = self._gathered, self._segment
        if gathered is None or segment is None:
            return
        if segment.name == XML_FIELD:
            self._xml = gathered.content()
        elif _is_file(segment):
            self._end_file(segment, gathered)
        else:
            self._incomplete = gathered.content().strip().lower() not in (b"", b"no", b"false", b"0")
        self._gathered = None

    def _end_file(self, segment: MultipartSegment, gathered: GatheredPart) -> None:
        name = _file_name(segment)
        if name:
            self._files.append(gathered.part(name, segment.content_type or UNKNOWN_TYPE))
        elif gathered.size:
            raise errors.unnamed_file()

    def _too_large(self, segment: MultipartSegment) -> Problem:
        if segment.name == XML_FIELD:
            return errors.submission_xml_too_large(self._max_xml)
        if _is_file(segment):
            return errors.file_too_large(self._max_file, _file_name(segment))
        return errors.unreadable_body("a form field is too long")

    def upload(self) -> Upload:
        """All that came; from here on the temporary files are the caller's."""
        if self._xml is None:
            raise errors.missing_submission_file()
        return Upload(self._xml, tuple(self._files), self._incomplete)

    def discard(self) -> None:
        """Leave no temporary file behind."""
        if self._gathered is not None:
            self._gathered.discard()
        delete(part.path for part in self._files)


def _is_file(segment: MultipartSegment) -> bool:
    # A browser's and Collect's form fields have neither; a file sent by a script may lack the file name.
    return segment.filename is not None or segment.content_type not in (None, "text/plain")


def _file_name(segment: MultipartSegment) -> str:
    return segment.filename or segment.name or ""
