"""Lines of submissions that follow each other, and where those of each begin: an export takes those it wants. Pure."""

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from collector.deflating import block_of
from collector.export_format import Segment

WIDTH = 8
Seen = dict[str, dict[str, int]]
"""Values chosen in questions with several answers, by path: whose they are, as bits in the order of the submissions."""


class Written(NamedTuple):
    """What was just written of a submission: (lines, number of rows) in each sheet, who sent it, what is chosen in it."""

    number: int
    sheets: Sequence[tuple[bytes, int]]
    sender: int | None = None
    seen: Mapping[str, Iterable[str]] = {}


@dataclass(frozen=True, slots=True)
class Kept:
    """A segment in the database: `ids` are its submissions, 8 bytes each, `senders` who sent them. To those `touched` something
    has happened since."""

    id: int
    ids: bytes
    rows: tuple[int, ...]
    senders: frozenset[int] = frozenset()
    touched: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Submissions of an export that are not just the next segment: `wanted[start:end]`. `whole`: they will stay together."""

    start: int
    end: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Lines:
    """A segment unpacked: for each sheet its lines, and for each submission how many bytes and rows of them it has."""

    data: Sequence[bytes]
    lengths: Sequence["array[int]"]
    rows: Sequence["array[int]"]
    seen: Seen = field(default_factory=dict)
    starts: Sequence[Sequence[int]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", [list(accumulate(each, initial=0)) for each in self.lengths])


def packed_cuts(lengths: "array[int]", rows: "array[int]") -> bytes:
    """How many bytes and rows each submission has, as they are stored."""
    return zlib.compress(lengths.tobytes() + rows.tobytes(), 1)


def unpacked_cuts(stored: bytes) -> tuple["array[int]", "array[int]"]:
    """What `packed_cuts` was given."""
    both = array("I", zlib.decompress(stored))
    half = len(both) // 2
    return both[:half], both[half:]


class Lot:
    """Lines put together for an export, some taken from segments, some just written."""

    def __init__(self, sheets: int) -> None:
        self.ids = array("q")
        self.lengths = [array("I") for _ in range(sheets)]
        self.rows = [array("I") for _ in range(sheets)]
        self.seen: Seen = {}
        self.senders: set[int] = set()
        self._pieces: list[list[bytes]] = [[] for _ in range(sheets)]

    def add(self, written: Written) -> None:
        """A submission just written."""
        if written.sender is not None:
            self.senders.add(written.sender)
        bit = 1 << len(self.ids)
        for path, values in written.seen.items():
            bits = self.seen.setdefault(path, {})
            for value in values:
                bits[value] = bits.get(value, 0) | bit
        self.ids.append(written.number)
        for (lines, rows), pieces, lengths, counts in zip(
            written.sheets, self._pieces, self.lengths, self.rows, strict=True
        ):
            pieces.append(lines)
            lengths.append(len(lines))
            counts.append(rows)

    def add_all(self, written: Sequence[Written]) -> None:
        """Submissions just written, into an empty lot."""
        self.ids.extend([each.number for each in written])
        self.senders.update(each.sender for each in written if each.sender is not None)
        for sheet, pieces in enumerate(self._pieces):
            pieces.extend([each.sheets[sheet][0] for each in written])
            self.lengths[sheet].extend(map(len, pieces))
            self.rows[sheet].extend([each.sheets[sheet][1] for each in written])
        for place, each in enumerate(written):
            if each.seen:
                self._note(place, each.seen)

    def take(self, kept: Kept, lines: Lines, first: int, last: int) -> None:
        """The submissions number `first` up to, not including, `last` of a segment."""
        self.senders |= kept.senders
        place, mask = len(self.ids), (1 << last - first) - 1
        for path, values in lines.seen.items():
            bits = self.seen.setdefault(path, {})
            for value, whose in values.items():
                if taken := whose >> first & mask:
                    bits[value] = bits.get(value, 0) | taken << place
        self.ids.frombytes(kept.ids[first * WIDTH : last * WIDTH])
        for sheet, pieces in enumerate(self._pieces):
            starts = lines.starts[sheet]
            pieces.append(lines.data[sheet][starts[first] : starts[last]])
            self.lengths[sheet].extend(lines.lengths[sheet][first:last])
            self.rows[sheet].extend(lines.rows[sheet][first:last])

    def _note(self, place: int, seen: Mapping[str, Iterable[str]]) -> None:
        for path, values in seen.items():
            bits = self.seen.setdefault(path, {})
            for value in values:
                bits[value] = bits.get(value, 0) | 1 << place

    def segment(self, *, packed: bool) -> Segment:
        """All of it for a format; deflated so that it may be kept, or as it is."""
        data = [b"".join(pieces) for pieces in self._pieces]
        blocks = tuple(block_of(each) for each in data) if packed else tuple(data)
        return Segment(len(self.ids), blocks, tuple(sum(each) for each in self.rows))


class Finder:
    """Where the lines of a submission are. Ids of a segment lie close together, those of different segments mostly apart."""

    _MOST = 8

    def __init__(self, segments: Iterable[Kept]) -> None:
        ordered = []
        for each in segments:
            ids = array("q", each.ids)
            ordered.append((min(ids), max(ids), each))
        ordered.sort(key=lambda found: found[0])
        self._segments = [each for _, _, each in ordered]
        self._lowest = [low for low, _, _ in ordered]
        self._highest = list(accumulate((high for _, high, _ in ordered), max))
        self._places: dict[int, dict[int, int]] = {}
        self._last: tuple[Kept, dict[int, int]] | None = None

    def place(self, number: int) -> tuple[Kept, int] | None:
        """(segment, place in it); None when the lines are nowhere, or not right any more."""
        if self._last is not None and (found := self._last[1].get(number)) is not None:
            return None if number in self._last[0].touched else (self._last[0], found)
        at = bisect_right(self._lowest, number) - 1
        while at >= 0 and self._highest[at] >= number:
            kept = self._segments[at]
            places = self._in(kept)
            if number in places and number not in kept.touched:
                self._last = kept, places
                return kept, places[number]
            at -= 1
        return None

    def _in(self, kept: Kept) -> dict[int, int]:
        places = self._places.get(kept.id)
        if places is None:
            if len(self._places) >= self._MOST:
                del self._places[next(iter(self._places))]
            places = self._places[kept.id] = {each: at for at, each in enumerate(array("q", kept.ids))}
        return places


def stretches(wanted: "array[int]", segments: Iterable[Kept], size: int) -> Iterator[Kept | Stretch]:
    """What of the export are whole segments and what must be put together, in its order. What must be is cut so that the odd number is at the
    newest end: there it will grow."""
    firsts = {array("q", each.ids[:WIDTH])[0]: each for each in segments if not each.touched}
    raw, place, begin = wanted.tobytes(), 0, 0
    while place < len(wanted):
        kept = firsts.get(wanted[place])
        if kept is not None and raw.startswith(kept.ids, place * WIDTH):
            yield from _cut(begin, place, size)
            yield kept
            place = begin = place + len(kept.ids) // WIDTH
        else:
            place += 1
    yield from _cut(begin, place, size)


def _cut(begin: int, end: int, size: int) -> Iterator[Stretch]:
    first = begin + (end - begin) % size
    if first > begin:
        # In the middle a gap is as large as it will be; at the newest end it is not.
        yield Stretch(begin, first, whole=begin > 0)
    for start in range(first, end, size):
        yield Stretch(start, start + size, whole=True)
