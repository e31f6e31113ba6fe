"""Whom the submissions of a slice are compared with: by key, by equal content; read for all of them at once.

What the tables say is as it was before the slice. So that the end is the same as if they had been matched one after the other, each sees
those before it in the slice as they are now, and those after it as the tables have them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from collector.answers import Tables
from config.statements import Among, Statement, listed
from sync.arrived import Arrived
from sync.features import evidence_of
from sync.matchers import Matcher
from sync.readers import Reader, root_of
from sync.rules.content import ContentHashes
from sync.rules.identity.finding import shortlist
from sync.rules.identity.keys import GENERIC_FROM
from sync.rules.identity.plan import Features

# Equal content of fewer answers is no surprise.
LEAST_SAID = 5
# Of more copies of one content, each has a row with the first so many and with the one that is kept: they hang together all the same.
MOST_COPIES = 10

_BY_KEY = Statement("SELECT submission_id FROM match_key WHERE project_id = ? AND h = ? LIMIT ?")
_BY_KEYS = Statement(
    "SELECT k.h, m.submission_id FROM unnest(?::bigint[]) AS k(h) CROSS JOIN LATERAL "
    "(SELECT submission_id FROM match_key WHERE project_id = ? AND h = k.h LIMIT ?) AS m"
)
_BY_CONTENT = Statement(
    "SELECT submission_id, exact_hash, evidence FROM dup_feature WHERE project_id = ? AND form_id = ? AND answers_hash = ? "
    # Not by the column alone: without statistics SQLite would walk through the whole form in its order.
    "ORDER BY submission_id + 0 LIMIT ?"
)
_FIRST_BY_NAME = Statement(
    "SELECT s.id, s.instance_id, f.evidence FROM dup_feature f CROSS JOIN submission s "
    "WHERE f.project_id = ? AND f.form_id = ? AND f.answers_hash = ? AND f.exact_hash = ? "
    "AND s.project_id = f.project_id AND s.id = f.submission_id ORDER BY s.instance_id LIMIT ?"
)
_FEATURES = Among(
    # Who does not need the receipt does not look for it: among a million that is a third of the cost.
    "SELECT f.submission_id, f.answers_hash, f.evidence, f.near_evidence, COALESCE(f.version_id, "
    "(SELECT r.form_version_id FROM receipt r WHERE r.project_id = f.project_id AND r.id = f.receipt_id)), a.rows "
    "FROM dup_feature f CROSS JOIN answers a WHERE f.project_id = ? AND f.submission_id IN ? "
    "AND a.project_id = f.project_id AND a.receipt_id = f.receipt_id AND a.table_no = 0"
)


@dataclass(frozen=True, slots=True)
class Other:
    """What a submission is compared with: one that is matched."""

    features: Features
    answers_hash: bytes
    evidence: bytes
    near_evidence: bytes | None


@dataclass(frozen=True, slots=True)
class Mine(Other):
    """A submission of the slice. `hashes`: of its content under the matcher's key, and under the former one while not everything is hashed
    anew; `keys` as they are stored, `looked_up` those to find others by."""

    id: int
    instance_id: str
    hashes: tuple[ContentHashes, ...]
    keys: tuple[int, ...]
    looked_up: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """A submission of equal content, times included (`exact`) or not."""

    exact: bool
    evidence: bytes


@dataclass(slots=True)
class Neighbourhood:
    """What the tables say about all submissions of a slice, and which of them have been matched since (`done`; None: forgotten)."""

    matcher: Matcher
    by_key: Mapping[int, Sequence[int]]
    by_content: Mapping[bytes, Sequence[tuple[int, bytes, bytes]]]
    by_name: Mapping[tuple[bytes, bytes], Sequence[tuple[int, str, bytes]]]
    done: dict[int, Mine | None] = field(default_factory=dict)
    _keyed: dict[int, list[int]] = field(default_factory=dict)
    _told: dict[bytes, list[Mine]] = field(default_factory=dict)

    def is_matched(self, submission_id: int, mine: Mine | None) -> None:
        """From now on a submission is seen as it is."""
        self.done[submission_id] = mine
        if mine is not None:
            for key in mine.keys:
                self._keyed.setdefault(key, []).append(submission_id)
            self._told.setdefault(mine.answers_hash, []).append(mine)

    def shortlist(self, mine: Mine) -> list[int]:
        """Whom to score it against."""
        return shortlist(self._hits(mine))

    def _hits(self, mine: Mine) -> Iterator[tuple[int, int]]:
        done = self.done
        for key in mine.looked_up:
            for other in self.by_key.get(key, ()):
                if other not in done and other != mine.id:
                    yield key, other
            for other in self._keyed.get(key, ()):
                yield key, other

    def copies(self, mine: Mine) -> dict[int, Copy]:
        """Submissions of equal content: the first of them, and the one that is kept in their favour."""
        found: dict[int, Copy] = {}
        for hashes in mine.hashes:
            if hashes.said < LEAST_SAID:
                continue
            group = {
                other: Copy(exact == hashes.exact, evidence)
                for other, exact, evidence in self.by_content.get(hashes.answers, ())
                if other not in self.done and other != mine.id
            }
            for theirs in self._told.get(hashes.answers, ()):
                group[theirs.id] = Copy(theirs.hashes[0].exact == hashes.exact, theirs.evidence)
            found |= {other: group[other] for other in sorted(group)[:MOST_COPIES]}
            first = self.first(mine, hashes)
            if first is not None:
                found[first[0]] = Copy(True, first[2])
        return found

    def first(self, mine: Mine, hashes: ContentHashes) -> tuple[int, str, bytes] | None:
        """(number, instanceID, evidence) of the first by name, on every server the same, of all others of equal content, times included."""
        if hashes.said < LEAST_SAID:
            return None
        named = [
            each
            for each in self.by_name.get((hashes.answers, hashes.exact), ())
            if each[0] not in self.done and each[0] != mine.id
        ]
        named += [
            (theirs.id, theirs.instance_id, theirs.evidence)
            for theirs in self._told.get(hashes.answers, ())
            if theirs.hashes[0].exact == hashes.exact
        ]
        return min(named, key=lambda each: each[1], default=None)


def mine_of(
    matcher: Matcher,
    submission: Arrived,
    tables: Tables,
    files: dict[str, bytes],
    near_evidence: bytes | None,
    reader: Reader,
) -> Mine:
    """What a submission is compared by."""
    features = reader.features(root_of(tables))
    secrets = (matcher.secret, *((matcher.former[1],) if matcher.former else ()))
    hashes = tuple(reader.content.hashes(tables, each, files) for each in secrets)
    keys = () if matcher.stopped else matcher.keys.of(features, matcher.families)
    looked_up = keys
    if matcher.former is not None and not matcher.stopped:
        looked_up += matcher.former[0].of(features, matcher.families)
    return Mine(
        features,
        hashes[0].answers,
        evidence_of(features, submission.origin),
        near_evidence,
        submission.id,
        submission.instance_id,
        hashes,
        keys,
        looked_up,
    )


def neighbourhood(connection: Connection, matcher: Matcher, slice_of: Collection[Mine]) -> Neighbourhood:
    """Everything the tables hold that the submissions of a slice may be compared with."""
    keys = list(dict.fromkeys(key for mine in slice_of for key in mine.looked_up))
    # So many may be of the slice and not count.
    spare = len(slice_of) + 1
    contents = list(dict.fromkeys(each.answers for mine in slice_of for each in mine.hashes if each.said >= LEAST_SAID))
    of_form = (matcher.project_id, matcher.form_id)
    equal = _BY_CONTENT.rows_of_many(connection, [(*of_form, each, MOST_COPIES + spare) for each in contents])
    by_content = {
        content: [(row[0], bytes(row[1]), bytes(row[2])) for row in rows]
        for content, rows in zip(contents, equal, strict=True)
        if rows
    }
    exact = list(
        dict.fromkeys(
            (each.answers, each.exact) for mine in slice_of for each in mine.hashes if each.answers in by_content
        )
    )
    named = _FIRST_BY_NAME.rows_of_many(connection, [(*of_form, *each, spare) for each in exact])
    by_name = {
        hashes: [(row[0], row[1], bytes(row[2])) for row in rows] for hashes, rows in zip(exact, named, strict=True)
    }
    return Neighbourhood(matcher, _met(connection, matcher.project_id, keys, GENERIC_FROM + spare), by_content, by_name)


def _met(connection: Connection, project_id: int, keys: list[int], most: int) -> Mapping[int, Sequence[int]]:
    if connection.dialect.name == "sqlite":
        found = _BY_KEY.rows_of_many(connection, [(project_id, key, most) for key in keys])
        return {key: [row[0] for row in rows] for key, rows in zip(keys, found, strict=True) if rows}
    met: dict[int, list[int]] = {}
    for key, other in _BY_KEYS.rows(connection, (keys, project_id, most)) if keys else ():
        met.setdefault(key, []).append(other)
    return met


def features_of(session: Session, matcher: Matcher, submission_ids: Iterable[int]) -> dict[int, Other]:
    """What is compared of submissions that are matched, read from their answers."""
    connection = session.connection()
    asked = list(submission_ids)
    rows = _FEATURES.rows(connection, (matcher.project_id, listed(connection, asked))) if asked else ()
    found = {}
    for submission_id, answers_hash, evidence, near_evidence, version_id, answers in rows:
        if version_id is not None:
            root = root_of({0: orjson.loads(answers)})
            features = matcher.reader(session, version_id).features(root)
            near = None if near_evidence is None else bytes(near_evidence)
            found[submission_id] = Other(features, bytes(answers_hash), bytes(evidence), near)
    return found
