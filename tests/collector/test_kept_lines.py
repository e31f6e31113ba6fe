"""Whatever submissions an export takes, and whatever of them is kept, its lines are those of each, one after the other."""

from array import array
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from collector.deflating import Block
from collector.export_format import Segment
from collector.export_lines import put_together
from collector.kept_lines import Finder, Kept, Lines, Lot, Stretch, Written, packed_cuts, stretches, unpacked_cuts

SHEETS = 2


def written(number: int) -> Written:
    """The lines of a submission: one in the first sheet, some in the other, among them none."""
    rows = number % 3
    return Written(
        number, [(f"root {number}\n".encode(), 1), (f"{number}\n".encode() * rows, rows)], 7, {"/q": {str(rows)}}
    )


def texts(segment: Segment) -> list[bytes]:
    return [each.unpacked() if isinstance(each, Block) else each for each in segment.blocks]


def made(lot: Lot) -> Lines:
    """A lot stored and read again."""
    segment = lot.segment(packed=True)
    cuts = [unpacked_cuts(packed_cuts(lengths, rows)) for lengths, rows in zip(lot.lengths, lot.rows, strict=True)]
    return Lines(texts(segment), [each[0] for each in cuts], [each[1] for each in cuts], lot.seen)


def chosen(seen: Mapping[str, Mapping[str, int]], ids: "array[int]") -> dict[int, str]:
    """Which value each submission has."""
    return {each: value for value, bits in seen["/q"].items() for at, each in enumerate(ids) if bits >> at & 1}


@given(
    order=st.permutations(range(1, 25)),
    cuts=st.sets(st.integers(1, 23)),
    known=st.sets(st.integers(1, 24)),
    touched=st.sets(st.integers(1, 24)),
    wanted=st.sets(st.integers(1, 24), min_size=1),
)
def test_lines_that_are_kept_and_those_written_now_are_the_same(
    order: list[int], cuts: set[int], known: set[int], touched: set[int], wanted: set[int]
) -> None:
    kept, lines = [], {}
    for number, (start, end) in enumerate(zip([0, *sorted(cuts)], [*sorted(cuts), 24], strict=True)):
        ids = array("q", [each for each in order[start:end] if each in known])
        if ids:
            lot = Lot(SHEETS)
            # One after the other or all at once is the same.
            for each in ids if number % 2 else ():
                lot.add(written(each))
            if not number % 2:
                lot.add_all([written(each) for each in ids])
            lines[number] = made(lot)
            kept.append(Kept(number, ids.tobytes(), (1, 1), frozenset({7}), frozenset(touched & set(ids))))
    asked = array("q", [each for each in order if each in wanted])
    finder, found, rows = Finder(kept), [b"", b""], [0, 0]
    for part in stretches(asked, kept, 4):
        if isinstance(part, Stretch):
            ids, lot = asked[part.start : part.end], Lot(SHEETS)
            places = {each: place for each in ids if (place := finder.place(each)) is not None}
            assert places.keys() == set(ids) & known - touched
            put_together(lot, ids, places, lines, {each: written(each) for each in ids if each not in places})
            segment = lot.segment(packed=part.whole)
            assert lot.ids == ids
            assert chosen(lot.seen, ids) == {each: str(each % 3) for each in ids}
            texts_of_part, rows_of_part = texts(segment), list(segment.rows)
        else:
            whole = lines[part.id]
            texts_of_part, rows_of_part = list(whole.data), [sum(each) for each in whole.rows]
        found = [before + after for before, after in zip(found, texts_of_part, strict=True)]
        rows = [before + after for before, after in zip(rows, rows_of_part, strict=True)]
    for sheet in range(SHEETS):
        assert found[sheet] == b"".join(written(each).sheets[sheet][0] for each in asked)
        assert rows[sheet] == sum(written(each).sheets[sheet][1] for each in asked)
