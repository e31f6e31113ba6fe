"""Lines of CSV rendered beforehand: submissions that follow each other are kept as one deflated block per sheet.

A cache: whatever it holds can be thrown away and made again. Lines of a submission are used only while nothing has happened to it
since they were rendered, and the senders of its segment are still called the same; exports of some submissions take theirs out of
the segments. Raise RENDERING when lines are to be written otherwise: what is kept then is not found any more, and made anew.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from accounts.models import Actor, Event, ProjectCounter
from collector.deflating import Block
from collector.export_format import Dialect, Segment
from collector.exports.csv import header
from collector.kept_lines import WIDTH, Kept, Lines, Lot, Seen, packed_cuts, unpacked_cuts
from collector.models_exports import RenderedBlock, RenderedSegment, Rendition
from collector.sheets import Look, Prepared, Sheet
from collector.stamps import OF_THE_WHOLE, RENDERING, WITHOUT_TRACE
from config.clock import now
from config.database import next_ids
from config.one_of import OneOf
from forms.xform import FormDefinition

SIZE = 500
# Who asks for a way of rendering is noted once in so long.
NOTED = timedelta(hours=12)


def rendition_key(
    definition: FormDefinition,
    sheets: Sequence[Sheet],
    look: Look,
    dialect: Dialect,
    words: Sequence[int] = (),
) -> str:
    """Equal exactly for exports whose lines of a submission are equal; `words` are the versions that labels are taken from."""
    plain = replace(dialect, bom=False)
    facts = [
        RENDERING,
        definition.schema_sha256.hex(),
        [[type(sheet).__name__, header(sheet, plain).hex()] for sheet in sheets],
        [look.group_paths, look.headers, look.choices, look.decimal_comma, sorted(look.splits.items())],
        [getattr(look.words, "language", ""), *words] if look.words else [],
        [dialect.separator, dialect.guard],
    ]
    return sha256(orjson.dumps(facts)).hexdigest()


@dataclass
class Cover:
    """What of a rendition can be used now, as of event `seq`; `stale` are segments that cannot any more. Events after `since`
    were looked through. `known`: it is written down how it is made."""

    rendition_id: int = 0
    used_at: datetime | None = None
    known: bool = False
    since: int = 0
    kept: list[Kept] = field(default_factory=list)
    stale: list[int] = field(default_factory=list)
    seq: int = 0
    people: dict[int, str] = field(default_factory=dict)


def cover_of(session: Session, project_id: int, form_id: int, key: str) -> Cover:
    """The good segments."""
    counter = session.get(ProjectCounter, project_id)
    names = select(Actor.id, Actor.display_name)
    cover = Cover(seq=counter.seq if counter else 0, people={row[0]: row[1] for row in session.execute(names)})
    rendition = _find(session, project_id, form_id, key)
    if rendition is None:
        return cover
    cover.rendition_id = rendition.id
    cover.used_at, cover.known = rendition.used_at, rendition.request is not None
    own = (RenderedSegment.project_id == project_id, RenderedSegment.rendition_id == rendition.id)
    cover.since = session.scalar(select(func.min(RenderedSegment.seq)).where(*own)) or cover.seq
    touched = touched_since(session, project_id, form_id, cover.since)
    segments = select(
        RenderedSegment.id,
        RenderedSegment.ids,
        RenderedSegment.seq,
        RenderedSegment.people,
        RenderedSegment.rows,
    ).where(*own)
    for segment_id, ids, seq, people, rows in session.execute(segments):
        late = touched.keys() & array("q", ids) if touched else ()
        if any(cover.people.get(int(actor_id)) != name for actor_id, name in people.items()):
            cover.stale.append(segment_id)
        else:
            since = frozenset(each for each in late if seq < touched[each])
            cover.kept.append(Kept(segment_id, bytes(ids), tuple(rows), frozenset(map(int, people)), since))
    return cover


def _find(session: Session, project_id: int, form_id: int, key: str) -> Rendition | None:
    query = select(Rendition).where(
        Rendition.project_id == project_id, Rendition.form_id == form_id, Rendition.key == key
    )
    return session.scalars(query).first()


def touched_since(session: Session, project_id: int, form_id: int, seq: int) -> dict[int, int]:
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


def blocks_of(session: Session, project_id: int, kept: Kept, sheets: int) -> Segment | None:
    """The blocks of the first sheets of a segment; None when it is gone."""
    rows = _blocks(session, project_id, kept.id, sheets, RenderedBlock.packed, RenderedBlock.crc, RenderedBlock.size)
    if len(rows) < sheets:
        return None
    blocks = tuple(Block(bytes(row[0]), row[1], row[2]) for row in rows)
    return Segment(len(kept.ids) // WIDTH, blocks, kept.rows[:sheets])


def lines_of_segment(session: Session, project_id: int, kept: Kept, sheets: int) -> Lines | None:
    """The lines of the first sheets of a segment; None when it is gone."""
    columns = (RenderedBlock.packed, RenderedBlock.crc, RenderedBlock.size, RenderedBlock.cuts)
    rows = _blocks(session, project_id, kept.id, sheets, *columns)
    seen = seen_in(session, project_id, [kept.id]).get(kept.id)
    if len(rows) < sheets or seen is None:
        return None
    cuts = [unpacked_cuts(bytes(row[3])) for row in rows]
    data = [Block(bytes(row[0]), row[1], row[2]).unpacked() for row in rows]
    return Lines(data, [each[0] for each in cuts], [each[1] for each in cuts], seen)


def _blocks(session: Session, project_id: int, segment_id: int, sheets: int, *columns: Any) -> Sequence[Any]:
    query = select(*columns).where(
        RenderedBlock.project_id == project_id, RenderedBlock.segment_id == segment_id, RenderedBlock.sheet < sheets
    )
    return session.execute(query.order_by(RenderedBlock.sheet)).all()


def seen_in(session: Session, project_id: int, segment_ids: Sequence[int]) -> dict[int, Seen]:
    """The values chosen in questions with several answers, of each segment."""
    query = select(RenderedSegment.id, RenderedSegment.seen).where(
        RenderedSegment.project_id == project_id, OneOf(RenderedSegment.id, segment_ids)
    )
    return {
        row[0]: {path: {value: int(whose, 16) for value, whose in values.items()} for path, values in row[1].items()}
        for row in session.execute(query)
    }


def advance(session: Session, project_id: int, cover: Cover) -> None:
    """Note that segments to which nothing has happened are right as of now: events before need not be looked through again."""
    right = [each.id for each in cover.kept if not each.touched]
    session.execute(
        update(RenderedSegment)
        .where(
            RenderedSegment.project_id == project_id,
            OneOf(RenderedSegment.id, right),
            RenderedSegment.seq < cover.seq,
        )
        .values(seq=cover.seq)
    )


def is_there(session: Session, project_id: int, cover: Cover) -> bool:
    """Whether the rendition was not thrown away since, as when something in it is erased."""
    return not cover.rendition_id or session.get(Rendition, (project_id, cover.rendition_id)) is not None


def keep(session: Session, project_id: int, cover: Cover, lot: Lot, segment: Segment) -> None:
    """Store a segment. It is right as of the moment the cover was read: what has happened since counts against it."""
    (segment_id,) = next_ids(session.connection(), "rendition")
    session.add(
        RenderedSegment(
            project_id=project_id,
            id=segment_id,
            rendition_id=cover.rendition_id,
            ids=lot.ids.tobytes(),
            seq=cover.seq,
            people={str(each): cover.people.get(each, "") for each in lot.senders},
            seen={path: {value: f"{bits:x}" for value, bits in each.items()} for path, each in lot.seen.items()},
            rows=list(segment.rows),
        )
    )
    session.flush()
    for number, block in enumerate(segment.blocks):
        assert isinstance(block, Block)
        session.add(
            RenderedBlock(
                project_id=project_id,
                segment_id=segment_id,
                sheet=number,
                crc=block.crc,
                size=block.size,
                packed=block.packed,
                cuts=packed_cuts(lot.lengths[number], lot.rows[number]),
            )
        )


def note(session: Session, project_id: int, form_id: int, key: str, request: dict[str, Any] | None) -> Rendition:
    """The row of a way of rendering, which somebody uses now; `request` asks for it again."""
    found = _find(session, project_id, form_id, key)
    if found is None:
        (number,) = next_ids(session.connection(), "rendition")
        inserts: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
        row = {"project_id": project_id, "id": number, "form_id": form_id, "key": key, "used_at": now()}
        # Another export that began at the same moment may be writing it too.
        insert = inserts[session.connection().dialect.name]
        session.execute(insert(Rendition).values(row).on_conflict_do_nothing())
        found = _find(session, project_id, form_id, key)
    assert found is not None
    found.used_at, found.request = now(), request
    session.flush()
    return found


def forget_segments(session: Session, project_id: int, segment_ids: Sequence[int]) -> None:
    """Throw segments away."""
    if not segment_ids:
        return
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


class Multiples:
    """The questions with several answers, and what is chosen in them."""

    def __init__(self, definition: FormDefinition) -> None:
        self._places = [
            (each.path, each.table_no, each.column_no + (2 if each.table_no else 0))
            for each in definition.fields
            if each.multiple and each.column_no is not None
        ]

    def chosen(self, each: Prepared) -> dict[str, set[str]]:
        """The values that a submission has, by path."""
        found: dict[str, set[str]] = {}
        for path, table, place in self._places:
            for row in (each.tables or {}).get(table, ()):
                if row[place]:
                    found.setdefault(path, set()).update(row[place].split())
        return found
