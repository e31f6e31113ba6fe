"""The lines of an export, written in one way: whole segments as they are kept, some lines taken out of others, the rest read and
written now. What was written is kept for the next time where it will be asked for again."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from collector import rendered
from collector.export import CHUNK, Plan
from collector.export_format import Dialect, Segment
from collector.export_reading import light_stretches, read, read_together
from collector.export_request import FILES, ExportRequest
from collector.kept_lines import WIDTH, Finder, Kept, Lines, Lot, Stretch, Written, stretches
from collector.line_writer import LineWriter
from collector.sheets import Look, Prepared, Sheet
from collector.unlocking import NO_KEYS
from config.clock import now
from config.services import Services

# Segments unpacked at a time: neighbours are asked for again.
_UNPACKED = 3
# Events that an export looks through once more before the segments are said to be right as of now.
_BEHIND = 1000


class Rendering:
    """One way of writing lines, and what is kept of it. `sheets` are all that are kept together."""

    def __init__(self, opened: Services, plan: Plan, look: Look, sheets: Sequence[Sheet], dialect: Dialect) -> None:
        form = plan.form
        self._opened, self._plan, self._sheets = opened, plan, sheets
        self._writers = [LineWriter(sheet, dialect) for sheet in sheets]
        numbers = [number for number, _ in form.versions] if look.words else []
        self._key = rendered.rendition_key(plan.definition, sheets, look, dialect, numbers)
        self._cover = self._covered()
        self._finder = Finder(self._cover.kept)
        self._unpacked: dict[tuple[int, int], Lines | None] = {}
        self._multiples = rendered.Multiples(plan.definition)
        self._whole: set[int] = set()
        self._fills = False

    def segments(self, asked: int) -> Iterator[Segment]:
        """The lines of the first `asked` sheets, in the order of the export."""
        for part in self._parts():
            if isinstance(part, Kept) and (segment := self._blocks(part, asked)) is not None:
                yield segment
                continue
            for stretch in light_stretches(self._opened, self._plan, self._stretch(part)):
                yield self._made(stretch, asked)
        self._end(asked=True)

    def lags_behind(self, count: int) -> bool:
        """Whether `fill` has something to do, of so many submissions: a segment or more. The plan need not be settled."""
        covered = sum(len(each.ids) for each in self._cover.kept) // WIDTH
        return count - covered >= rendered.SIZE or bool(self._cover.stale)

    @property
    def is_right(self) -> bool:
        """Whether nothing has happened to what is kept. The plan need not be settled."""
        return not any(each.touched for each in self._cover.kept)

    def mend(self) -> Iterator[None]:
        """Put segments right in which something has changed, one at a time. The plan need not be settled."""
        self._fills = True
        for kept in self._cover.kept:
            if kept.touched:
                lot, _ = self._lot(array("q", kept.ids), 0, may_keep=True)
                self._keep(lot, lot.segment(packed=True), instead=[kept.id])
                yield
        if self._cover.seq - self._cover.since > _BEHIND:
            with self._opened.database.transaction() as session:
                rendered.advance(session, self._plan.form.project_id, self._cover)

    def fill(self, *, asked: bool) -> Iterator[None]:
        """Keep the submissions of the plan and no others, a segment at a time; `asked`: it counts as if somebody had asked for such
        lines."""
        self._fills = True
        for part in self._parts():
            if isinstance(part, Kept):
                self._whole.add(part.id)
            elif part.whole and light_stretches(self._opened, self._plan, part) == [part]:
                self._made(part, 0)
                yield
        self._end(asked=asked)

    def chosen(self) -> Iterator[Mapping[str, Any]]:
        """The values chosen in questions with several answers, by path; the export's alone, perhaps more than once."""
        parts = list(self._parts())
        with self._opened.database.reading() as session:
            seen = rendered.seen_in(session, self._plan.form.project_id, [each.id for each in self._cover.kept])
        if self._plan.condition.holds is None:
            yield from (seen.get(part.id, {}) for part in parts if isinstance(part, Kept))
        for part in parts:
            if not isinstance(part, Kept):
                yield from self._chosen(self._wanted(part), seen)

    def _chosen(self, wanted: "array[int]", seen: Mapping[int, Any]) -> Iterator[Mapping[str, Any]]:
        missing, whose = array("q"), dict[int, int]()
        for each in wanted:
            found = None if self._plan.condition.holds is not None else self._finder.place(each)
            if found is None or found[0].id not in seen:
                missing.append(each)
            else:
                kept, place = found
                whose[kept.id] = whose.get(kept.id, 0) | 1 << place
        for segment_id, bits in whose.items():
            yield {
                path: [value for value, owners in values.items() if owners & bits]
                for path, values in seen[segment_id].items()
            }
        # As in ODK Central, what was encrypted adds no columns.
        yield from map(self._multiples.chosen, read(self._opened, self._plan, missing, NO_KEYS) if missing else ())

    def _covered(self) -> rendered.Cover:
        form = self._plan.form
        if self._plan.selection.mask.hidden or form.draft:
            return rendered.Cover()
        with self._opened.database.reading() as session:
            return rendered.cover_of(session, form.project_id, form.form_id, self._key)

    def _parts(self) -> Iterator[Kept | Stretch]:
        wanted = self._plan.wanted
        if self._plan.condition.holds is None:
            return stretches(wanted, self._cover.kept, rendered.SIZE)
        # Which of them are exported only their answers tell.
        return (Stretch(start, start + CHUNK, whole=False) for start in range(0, len(wanted), CHUNK))

    def _wanted(self, part: Stretch) -> "array[int]":
        return self._plan.wanted[part.start : part.end]

    def _stretch(self, part: Kept | Stretch) -> Stretch:
        if isinstance(part, Stretch):
            return part
        start = self._plan.wanted.index(array("q", part.ids)[0])
        return Stretch(start, start + len(part.ids) // WIDTH, whole=False)

    def _blocks(self, part: Kept, asked: int) -> Segment | None:
        with self._opened.database.reading() as session:
            segment = rendered.blocks_of(session, self._plan.form.project_id, part, asked)
        if segment is not None:
            self._whole.add(part.id)
        return segment

    def _made(self, part: Stretch, asked: int) -> Segment:
        wanted = self._wanted(part)
        lot, keeps = self._lot(wanted, asked, may_keep=part.whole and self._keeps)
        keeps = keeps and len(lot.ids) == len(wanted)
        segment = lot.segment(packed=keeps)
        if keeps:
            self._keep(lot, segment)
        return Segment(segment.submissions, segment.blocks[:asked], segment.rows[:asked])

    def _lot(self, wanted: "array[int]", asked: int, *, may_keep: bool) -> tuple[Lot, bool]:
        """The lines of these submissions, of all sheets if they are worth keeping, else of the first; whether they are."""
        places, lines = [self._finder.place(each) for each in wanted], dict[int, Lines]()
        missing = sum(place is None for place in places)
        # An export of some submissions keeps what it had to write, not what it has only chosen.
        keeps = may_keep and (self._takes_all or 2 * missing >= len(wanted))
        sheets = len(self._sheets) if keeps else asked
        for kept in {place[0].id: place[0] for place in places if place is not None}.values():
            unpacked = self._lines(kept, sheets)
            if unpacked is not None:
                lines[kept.id] = unpacked
        found = {
            each: place
            for each, place in zip(wanted, places, strict=True)
            if place is not None and place[0].id in lines
        }
        lot = Lot(sheets)
        if self._plan.condition.holds is not None:
            let_through, written = self._filtered(wanted, found, sheets)
            put_together(lot, let_through, found, lines, written)
        elif found:
            absent = array("q", [each for each in wanted if each not in found])
            written = {each.row.id: self._written(each, sheets, keeps) for each in self._read(absent)}
            put_together(lot, wanted, found, lines, written)
        else:
            lot.add_all([self._written(each, sheets, keeps) for each in self._read(wanted)])
        return lot, keeps

    def _filtered(
        self, wanted: "array[int]", found: dict[int, tuple[Kept, int]], sheets: int
    ) -> tuple["array[int]", dict[int, Written]]:
        """Those that the filter lets through, and the lines of those that are not kept as they were when it was asked."""
        let_through, written, form = array("q"), dict[int, Written](), self._plan.form
        page = self._read(wanted)
        with self._opened.database.reading() as session:
            touched = rendered.touched_since(session, form.project_id, form.form_id, self._cover.seq)
        for each in page:
            number = each.row.id
            let_through.append(number)
            if number in touched:
                found.pop(number, None)
            if number not in found:
                written[number] = self._written(each, sheets, keeps=False)
        return let_through, written

    def _read(self, wanted: "array[int]") -> Iterator[Prepared]:
        return read_together(self._opened, self._plan, wanted) if wanted else iter(())

    def _written(self, each: Prepared, sheets: int, keeps: bool) -> Written:
        made = [writer.lines(each) for writer in self._writers[:sheets]]
        return Written(each.row.id, made, each.row.submitter_id, self._multiples.chosen(each) if keeps else {})

    def _lines(self, kept: Kept, sheets: int) -> Lines | None:
        key = kept.id, sheets
        if key not in self._unpacked:
            if len(self._unpacked) >= _UNPACKED:
                del self._unpacked[next(iter(self._unpacked))]
            with self._opened.database.reading() as session:
                self._unpacked[key] = rendered.lines_of_segment(session, self._plan.form.project_id, kept, sheets)
        return self._unpacked[key]

    @property
    def _keeps(self) -> bool:
        """Whether the same submissions are likely to be asked for again, by anybody."""
        selection, request = self._plan.selection, self._plan.request
        seen = selection.mask.hidden or selection.scope.limited or self._plan.form.draft or self._plan.keys.asked
        return not (seen or request.filter or request.since)

    @property
    def _takes_all(self) -> bool:
        request = self._plan.request
        every = request.duplicates and not (request.states or request.versions)
        return self._keeps and (every or self._fills)

    def _keep(self, lot: Lot, segment: Segment, instead: Sequence[int] = ()) -> None:
        """Keep a segment, in place of others, unless something has happened to it meanwhile."""
        form, cover = self._plan.form, self._cover
        with self._opened.database.transaction() as session:
            touched = rendered.touched_since(session, form.project_id, form.form_id, cover.seq)
            if touched.keys() & lot.ids or not rendered.is_there(session, form.project_id, cover):
                return
            if not cover.rendition_id:
                self._note(session)
            if lot.ids:
                rendered.keep(session, form.project_id, cover, lot, segment)
            rendered.forget_segments(session, form.project_id, [*instead, *cover.stale])
            cover.stale = []

    def _note(self, session: Any) -> None:
        form, cover = self._plan.form, self._cover
        row = rendered.note(session, form.project_id, form.form_id, self._key, _asked_again(self._plan.request))
        cover.rendition_id, cover.used_at = row.id, row.used_at

    def _end(self, *, asked: bool) -> None:
        """Note that somebody has asked for such lines; throw away what is of no use any more."""
        form, cover = self._plan.form, self._cover
        if self._plan.selection.mask.hidden or form.draft or self._plan.keys.asked:
            return
        unused = [each.id for each in cover.kept if each.id not in self._whole] if self._takes_all else []
        noted = not asked or (cover.used_at is not None and now() - cover.used_at < rendered.NOTED)
        behind = cover.seq - cover.since > _BEHIND and self._keeps
        if noted and not (unused or cover.stale or behind):
            return
        with self._opened.database.transaction() as session:
            if not noted and rendered.is_there(session, form.project_id, cover):
                self._note(session)
            if self._keeps:
                rendered.forget_segments(session, form.project_id, [*unused, *cover.stale])
            if behind:
                rendered.advance(session, form.project_id, cover)


def put_together(
    lot: Lot,
    wanted: Sequence[int],
    found: Mapping[int, tuple[Kept, int]],
    lines: Mapping[int, Lines],
    written: Mapping[int, Written],
) -> None:
    """Fill the lot in the order of `wanted`; neighbours in a segment are taken together."""
    run: tuple[Kept, int, int] | None = None
    for each in wanted:
        place = found.get(each)
        if run is not None:
            if place is not None and place[0] is run[0] and place[1] == run[2]:
                run = run[0], run[1], run[2] + 1
                continue
            lot.take(run[0], lines[run[0].id], run[1], run[2])
            run = None
        if place is not None:
            run = place[0], place[1], place[1] + 1
        elif each in written:
            lot.add(written[each])
    if run is not None:
        lot.take(run[0], lines[run[0].id], run[1], run[2])


def _asked_again(request: ExportRequest) -> dict[str, Any] | None:
    """What asks for lines like these; None where the columns depend on what the answers are. ODK Central's lines are always those of all
    submissions, so that what is wanted of them by some is not thrown away for others."""
    if request.repeats != FILES:
        return None
    asked = replace(request, versions=(), filter="", since="", format="csv.zip", attachments=True, bom=False)
    asked = replace(asked, media_folders=False, passport=False, pseudonyms=False)
    every = replace(asked, states=(), duplicates=True)
    return (every if every == ExportRequest() else asked).as_json()
