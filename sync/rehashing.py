"""Hash what is kept of many submissions by a new key: worked out with nothing locked, written in short transactions.

Keys are numbers without any order: those of one submission lie all over their index, and written one submission after the other each costs a
page of the disk. So some thousand submissions are hashed together, and their keys, the former and the new ones, written in the order of the
index. Only the worker writes here, and it does nothing else meanwhile; what is killed in between is hashed once more, and finds that part
of it is done.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from config.clock import now
from config.services import Services
from config.statements import Insert, Statement
from sync import arrived, seen_facts
from sync.interviews import Sent
from sync.matchers import Matcher, matchers_of, token_of
from sync.models import MatchSecret
from sync.readers import root_of

# Submissions hashed together, so many read at once, and keys written in one transaction: some 20 ms.
TOGETHER, AT_ONCE, WRITTEN = 4_000, 250, 4_000
# While phones have asked for something in the last so many seconds, they are left as much time as was taken from them.
QUIET = 1.0
_REACHED = Statement("SELECT reached FROM match_secret WHERE project_id = ? AND former IS NOT NULL")
_NEXT = Statement(
    "SELECT f.submission_id, f.form_id, f.receipt_id, r.form_version_id, s.submitter_id, s.device_id "
    "FROM dup_feature f CROSS JOIN receipt r CROSS JOIN submission s "
    "WHERE f.project_id = ? AND f.submission_id > ? AND r.project_id = f.project_id AND r.id = f.receipt_id "
    "AND r.form_version_id IS NOT NULL AND s.project_id = f.project_id AND s.id = f.submission_id "
    "ORDER BY f.submission_id LIMIT ?"
)
_THERE = Statement("SELECT count(*) FROM dup_feature WHERE project_id = ? AND submission_id > ? AND submission_id <= ?")
_OLD = Statement(
    "SELECT h, submission_id FROM match_key WHERE project_id = ? AND submission_id > ? AND submission_id <= ?"
)
_CONTENTS = Statement(
    "UPDATE dup_feature SET exact_hash = ?, answers_hash = ? WHERE project_id = ? AND submission_id = ?"
)
_DELETE = Statement("DELETE FROM match_key WHERE project_id = ? AND h = ? AND submission_id = ?")
_INSERT = Insert("match_key", "project_id, h, submission_id")
_Key = tuple[int, int]
"""(hash, submission)"""


@dataclass(slots=True)
class _Hashed:
    """Submissions after `reached` up to `last`, of which so many are `there`, hashed anew; `token`: by what, for each form."""

    project_id: int
    reached: int
    last: int
    there: int
    token: dict[int, Any] = field(default_factory=dict)
    contents: list[tuple[bytes, bytes, int, int]] = field(default_factory=list)
    facts: list[tuple[int | None, int | None, int | None, int, int]] = field(default_factory=list)
    old: set[_Key] = field(default_factory=set)
    new: set[_Key] = field(default_factory=set)

    @property
    def between(self) -> tuple[int, int, int]:
        """Which submissions, for a statement."""
        return self.project_id, self.reached, self.last


@dataclass(frozen=True, slots=True)
class _Sender:
    id: int
    device_id: str | None
    submitter_id: int | None


def hash_next(services: Services, project_id: int, stop: threading.Event) -> None:
    """Hash the next submissions of a project by its new key; when there are none, forget the former one. Whatever changes meanwhile is left for
    the next call."""
    hashed = _hash(services, project_id, stop)
    if hashed is None:
        return
    for portion in _portions(hashed):
        started = time.perf_counter()
        with services.database.transaction() as session:
            if not _stands(session, hashed):
                return
            _write(session, portion)
        if services.database.writer.quiet_seconds() < QUIET:
            stop.wait(time.perf_counter() - started)
        if stop.is_set():
            return
    with services.database.transaction() as session:
        if _stands(session, hashed):
            row = session.get_one(MatchSecret, (project_id,))
            if hashed.there:
                row.reached = hashed.last
            else:
                row.former, row.reached, row.ended_at = None, 0, now()


def _hash(services: Services, project_id: int, stop: threading.Event) -> _Hashed | None:
    with services.database.reading() as session:
        connection = session.connection()
        begun = _REACHED.row(connection, (project_id,))
        if begun is None:
            return None
        rows = _NEXT.rows(connection, (project_id, begun[0], TOGETHER))
        hashed = _Hashed(project_id, begun[0], rows[-1][0] if rows else begun[0], len(rows))
        hashed.there = int(_THERE.value(connection, hashed.between))
        hashed.old = {(row[0], row[1]) for row in _OLD.rows(connection, hashed.between)}
        for first in range(0, len(rows), AT_ONCE):
            if stop.is_set():
                return None
            _hash_some(session, hashed, rows[first : first + AT_ONCE], services.secret)
    return hashed


def _hash_some(session: Session, hashed: _Hashed, rows: Sequence[Sequence[Any]], secret: bytes) -> None:
    connection, project_id = session.connection(), hashed.project_id
    receipts = [row[2] for row in rows]
    answers = arrived.answers_of(connection, project_id, receipts)
    files = arrived.files_of(connection, project_id, receipts)
    sent: dict[int, list[tuple[Sent, Mapping[str, str | None]]]] = {}
    matchers: dict[int, Matcher] = {}
    for submission_id, form_id, receipt_id, version_id, submitter_id, device_id in rows:
        if form_id not in matchers:
            known = matchers_of(connection.engine).of(session, project_id, form_id, secret)
            assert known is not None, "what is matched has a matcher"
            hashed.token[form_id], matchers[form_id] = known
        matcher, tables = matchers[form_id], answers.get(receipt_id, {})
        reader, root = matcher.reader(session, version_id), root_of(tables)
        hashes = reader.content.hashes(tables, matcher.secret, files.get(receipt_id, {}))
        hashed.contents.append((hashes.exact, hashes.answers, project_id, submission_id))
        sender = _Sender(submission_id, device_id, submitter_id)
        sent.setdefault(form_id, []).append((sender, reader.interview(root)))
        if not matcher.stopped:
            keys = matcher.keys.of(reader.features(root), matcher.families)
            hashed.new |= {(key, submission_id) for key in keys}
    for form_id, of_form in sent.items():
        hashed.facts += seen_facts.rehashed(matchers[form_id], of_form)


def _stands(session: Session, hashed: _Hashed) -> bool:
    """Whether nobody was erased and no form is matched otherwise since these were hashed."""
    row = session.get_one(MatchSecret, (hashed.project_id,), with_for_update=True, populate_existing=True)
    return (
        row.former is not None
        and row.reached == hashed.reached
        and _THERE.value(session.connection(), hashed.between) == hashed.there
        and all(token_of(session, hashed.project_id, form_id) == token for form_id, token in hashed.token.items())
    )


_Portion = list[tuple[Statement, Sequence[Sequence[Any]]]]


def _portions(hashed: _Hashed) -> Iterator[_Portion]:
    """What is written in one transaction each."""
    many = max(1, WRITTEN // 8)
    for first in range(0, len(hashed.contents), many):
        yield [
            (_CONTENTS, hashed.contents[first : first + many]),
            (seen_facts.REHASH, hashed.facts[first : first + many]),
        ]
    old, new = hashed.old - hashed.new, hashed.new - hashed.old
    keys = sorted([*((*key, False) for key in old), *((*key, True) for key in new)])
    for first in range(0, len(keys), WRITTEN):
        part = keys[first : first + WRITTEN]
        yield [
            (_DELETE, [(hashed.project_id, key, number) for key, number, is_new in part if not is_new]),
            (_INSERT, [(hashed.project_id, key, number) for key, number, is_new in part if is_new]),
        ]


def _write(session: Session, portion: _Portion) -> None:
    for statement, rows in portion:
        if rows:
            statement.run_many(session.connection(), rows)
