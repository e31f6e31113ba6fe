"""Lines of CSV rendered beforehand: submissions that follow each other are kept as one deflated block per sheet.

A cache: whatever it holds can be thrown away and made again. A segment is used only when its submissions stand in the export
exactly as they stand in it, nothing has happened to any of them since it was rendered, and their senders are still called the
same. Raise RENDERING when lines are to be written otherwise: what is kept then is not found any more, and made anew.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from accounts.models import Actor, Event, ProjectCounter
from collector.deflating import Block, block_of
from collector.export_format import Dialect, Segment
from collector.exports.csv import header, lines_of
from collector.models_exports import RenderedBlock, RenderedSegment, Rendition
from collector.sheets import Look, Prepared, Sheet
from collector.stamps import OF_THE_WHOLE, RENDERING, WITHOUT_TRACE
from config.clock import now
from config.database import next_ids
from forms.xform import FormDefinition

SIZE = 500
WIDTH = 8

Seen = dict[str, list[str]]


def rendition_key(
    definition: FormDefinition,
    sheets: Sequence[Sheet],
    look: Look,
    dialect: Dialect,
    words: Sequence[int] = (),
    chosen: Sequence[Sequence[str]] = (),
) -> str:
    """Equal exactly for exports whose lines are equal; `words` are the versions that labels are taken from, `chosen` what the
    submissions are chosen by."""
    facts = [
        RENDERING,
        definition.schema_sha256.hex(),
        [[type(sheet).__name__, header(sheet, dialect).hex()] for sheet in sheets],
        [look.group_paths, look.headers, look.choices, look.decimal_comma, sorted(look.splits.items())],
        [getattr(look.words, "language", ""), *words] if look.words else [],
        [dialect.separator, dialect.guard],
        [list(each) for each in chosen],
    ]
    return sha256(orjson.dumps(facts)).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """A segment in the database."""

    id: int
    ids: bytes
    rows: tuple[int, ...]
    seen: Seen


@dataclass
class Cover:
    """What of a rendition can be used now; `stale` are segments that cannot any more."""

    rendition_id: int = 0
    kept: dict[int, Kept] = field(default_factory=dict)
    stale: list[int] = field(default_factory=list)
    seq: int = 0
    people: dict[int, str] = field(default_factory=dict)


def cover_of(session: Session, project_id: int, form_id: int, key: str) -> Cover:
    """The good segments by their newest submission."""
    counter = session.get(ProjectCounter, project_id)
    names = select(Actor.id, Actor.display_name)
    cover = Cover(seq=counter.seq if counter else 0, people={row[0]: row[1] for row in session.execute(names)})
    query = select(Rendition).where(
        Rendition.project_id == project_id, Rendition.form_id == form_id, Rendition.key == key
    )
    rendition = session.scalars(query).first()
    if rendition is None:
        return cover
    cover.rendition_id = rendition.id
    touched = _touched(session, project_id, form_id, rendition.checked_seq)
    segments = select(
        RenderedSegment.id,
        RenderedSegment.ids,
        RenderedSegment.seq,
        RenderedSegment.people,
        RenderedSegment.seen,
        RenderedSegment.rows,
    ).where(RenderedSegment.project_id == project_id, RenderedSegment.rendition_id == rendition.id)
    for segment_id, ids, seq, people, seen, rows in session.execute(segments):
        members = array("q", ids)
        late = any(seq < touched[each] for each in touched.keys() & members) if touched else False
        renamed = any(cover.people.get(int(actor_id)) != name for actor_id, name in people.items())
        if late or renamed:
            cover.stale.append(segment_id)
        else:
            cover.kept[members[0]] = Kept(segment_id, bytes(ids), tuple(rows), seen)
    return cover


def _touched(session: Session, project_id: int, form_id: int, seq: int) -> dict[int, int]:
    """Submissions to which something has happened after event `seq`, and the last event of each."""
    query = (
        select(Event.submission_id, Event.seq)
        .where(
            Event.project_id == project_id,
            Event.form_id == form_id,
            Event.seq > seq,
            Event.submission_id.is_not(None),
            Event.action.not_in((*WITHOUT_TRACE, *OF_THE_WHOLE)),
        )
        .order_by(Event.seq)
    )
    return {row[0]: row[1] for row in session.execute(query) if row[0] is not None}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Submissions to be read: `wanted[start:end]`; `whole`: worth keeping once they are rendered."""

    start: int
    end: int
    whole: bool


def stretches(wanted: "array[int]", cover: Cover) -> Iterator[Kept | Stretch]:
    """What of the export is kept and what must be read, in its order. What is read is cut so that the odd number is at the
    newest end: there it will grow."""
    raw, place, begin = wanted.tobytes(), 0, 0
    while place < len(wanted):
        kept = cover.kept.get(wanted[place])
        if kept is not None and raw[place * WIDTH : place * WIDTH + len(kept.ids)] == kept.ids:
            yield from _cut(begin, place)
            yield kept
            place = begin = place + len(kept.ids) // WIDTH
        else:
            place += 1
    yield from _cut(begin, place)


def _cut(begin: int, end: int) -> Iterator[Stretch]:
    first = begin + (end - begin) % SIZE
    if first > begin:
        # In the middle a gap is as large as it will be; at the newest end it is not.
        yield Stretch(begin, first, whole=begin > 0)
    for start in range(first, end, SIZE):
        yield Stretch(start, start + SIZE, whole=True)


def blocks_of(session: Session, project_id: int, kept: Kept, sheets: int) -> Segment | None:
    """The blocks of the first sheets of a segment; None when it is gone."""
    query = (
        select(RenderedBlock.sheet, RenderedBlock.packed, RenderedBlock.crc, RenderedBlock.size)
        .where(
            RenderedBlock.project_id == project_id,
            RenderedBlock.segment_id == kept.id,
            RenderedBlock.sheet < sheets,
        )
        .order_by(RenderedBlock.sheet)
    )
    rows = session.execute(query).all()
    if len(rows) < sheets:
        return None
    blocks = tuple(Block(bytes(row[1]), row[2], row[3]) for row in rows)
    return Segment(len(kept.ids) // WIDTH, blocks, kept.rows[:sheets])


def rendered(sheets: Sequence[Sheet], chunk: Sequence[Prepared], dialect: Dialect) -> Segment:
    """The lines of these submissions in each sheet."""
    blocks, rows = [], []
    for sheet in sheets:
        lines = [lines_of(sheet, each, dialect) for each in chunk]
        blocks.append(block_of(b"".join(made for made, _ in lines)))
        rows.append(sum(count for _, count in lines))
    return Segment(len(chunk), tuple(blocks), tuple(rows))


def keep(
    session: Session,
    project_id: int,
    form_id: int,
    key: str,
    cover: Cover,
    chunk: Sequence[Prepared],
    segment: Segment,
    seen: Seen,
) -> None:
    """Store a segment; the stale ones go. Right as of the moment the cover was read: what has happened since counts against it."""
    connection = session.connection()
    rendition = _rendition(session, project_id, form_id, key, cover)
    if cover.stale:
        forget_segments(session, project_id, cover.stale)
        cover.stale = []
    rendition.checked_seq = max(rendition.checked_seq, cover.seq)
    rendition.used_at = now()
    (segment_id,) = next_ids(connection, "rendition")
    senders = {each.row.submitter_id for each in chunk} - {None}
    session.add(
        RenderedSegment(
            project_id=project_id,
            id=segment_id,
            rendition_id=rendition.id,
            ids=array("q", [each.row.id for each in chunk]).tobytes(),
            seq=cover.seq,
            people={str(each): cover.people.get(each or 0, "") for each in senders},
            seen=seen,
            rows=list(segment.rows),
        )
    )
    session.flush()
    for number, block in enumerate(segment.blocks):
        session.add(
            RenderedBlock(
                project_id=project_id,
                segment_id=segment_id,
                sheet=number,
                crc=block.crc,
                size=block.size,
                packed=block.packed,
            )
        )


def _rendition(session: Session, project_id: int, form_id: int, key: str, cover: Cover) -> Rendition:
    query = select(Rendition).where(
        Rendition.project_id == project_id, Rendition.form_id == form_id, Rendition.key == key
    )
    found = session.scalars(query).first()
    if found is None:
        (number,) = next_ids(session.connection(), "rendition")
        found = Rendition(
            project_id=project_id, id=number, form_id=form_id, key=key, checked_seq=cover.seq, used_at=now()
        )
        session.add(found)
        session.flush()
    return found


def forget_segments(session: Session, project_id: int, segment_ids: Sequence[int]) -> None:
    """Throw segments away."""
    for table, column in ((RenderedBlock, RenderedBlock.segment_id), (RenderedSegment, RenderedSegment.id)):
        session.execute(delete(table).where(table.project_id == project_id, column.in_(list(segment_ids))))


def forget_renditions(session: Session, project_id: int, rendition_ids: Sequence[int]) -> None:
    """Throw all that was rendered in these ways away: when nobody asks for it any more, or when something in it is erased."""
    segments = select(RenderedSegment.id).where(
        RenderedSegment.project_id == project_id, RenderedSegment.rendition_id.in_(list(rendition_ids))
    )
    forget_segments(session, project_id, list(session.scalars(segments)))
    session.execute(delete(Rendition).where(Rendition.project_id == project_id, Rendition.id.in_(list(rendition_ids))))


def forget_form(session: Session, project_id: int, form_id: int) -> None:
    """Throw away all that was rendered of a form."""
    query = select(Rendition.id).where(Rendition.project_id == project_id, Rendition.form_id == form_id)
    forget_renditions(session, project_id, list(session.scalars(query)))


def columns_seen(definition: FormDefinition, chunk: Sequence[Prepared]) -> Seen:
    """The values chosen in questions with several answers, by path."""
    found: dict[str, set[str]] = {}
    places = [
        (each.path, each.table_no, each.column_no + (2 if each.table_no else 0))
        for each in definition.fields
        if each.multiple and each.column_no is not None
    ]
    for each in chunk if places else ():
        for path, table, place in places:
            for row in (each.tables or {}).get(table, ()):
                if row[place]:
                    found.setdefault(path, set()).update(row[place].split())
    return {path: sorted(values) for path, values in found.items()}
