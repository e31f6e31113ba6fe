"""Match submissions against all others of their form: hashes, keys, candidates, scores. Seconds after they came, never while they come.

A slice of submissions is matched together. What is compared is read and worked out beforehand, with nothing locked (`look`); what
follows is written at once in a short transaction (`write`), if nothing has changed meanwhile. The end is the same as if one had been
matched after the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from collector.answers import Tables
from config.clock import now
from config.outages import somebody_was_first
from config.statements import Among, Insert, listed, stored_moment
from config.storage import Storage
from forms.models import Form
from sync import arrived, effects, near_books, seeing
from sync.arrived import Arrived
from sync.candidates import Mine, mine_of, neighbourhood
from sync.corroborating import corroborates
from sync.decisions import pair_evidence
from sync.interviews import AUDIT, read_interview, seconds_in_log
from sync.matchers import Matcher, Token, matcher_of, matchers_of, token_of
from sync.near_books import books_of
from sync.neighbours import Seen
from sync.pairing import Compared, Pairs, near_json, pairs_of, shortlisted
from sync.readers import root_of
from sync.rules.near_copies import NearCopy
from sync.verdicts import settle_copies

_FORGET = [
    Among(f"DELETE FROM {table} WHERE project_id = ? AND {side} IN ?")  # noqa: S608 - our own names
    for table, side in (
        ("match_key", "submission_id"),
        ("dup_feature", "submission_id"),
        ("dup_pair", "one_id"),
        ("dup_pair", "other_id"),
    )
]
# Whoever has keys or pairs has a row here.
_KNOWN = Among("SELECT 1 FROM dup_feature WHERE project_id = ? AND submission_id IN ? LIMIT 1")
_KEYS = Insert("match_key", "project_id, h, submission_id")
_FEATURES = Insert(
    "dup_feature",
    "project_id, submission_id, form_id, receipt_id, version_id, exact_hash, answers_hash, said, evidence, vector, near_evidence",
)
_PAIRS = Insert(
    "dup_pair",
    "project_id, one_id, other_id, form_id, bits, copy, evidence, asked, near, near_evidence, model_no, found_at",
)


class NotReadyError(Exception):
    """A form, or a version of it, is met for the first time: `make_ready` must be called before."""


@dataclass(slots=True)
class _OfForm:
    """What was found of the submissions of one form."""

    form_id: int
    token: Token
    matcher: Matcher
    receipts: Mapping[int, tuple[int, int | None]]
    compared: Mapping[int, Compared]
    near: near_books.Turn
    seen: seeing.Turn
    vectors: Mapping[int, near_books.Kept | None]
    pairs: Pairs


@dataclass(slots=True)
class Looked:
    """What is to be written of a slice. `there`: its submissions as they were seen."""

    project_id: int
    ids: tuple[int, ...]
    there: Mapping[int, Arrived]
    forms: list[_OfForm]
    seen: seeing.Together


def match(session: Session, project_id: int, submission_id: int, secret: bytes, storage: Storage | None = None) -> None:
    """Bring everything kept of a submission to its current version, or forget it when it is gone, a test, or of a draft. The same again
    changes nothing. Without `storage` its log is not read, and it took as long as from start to end."""
    match_together(session, project_id, [submission_id], secret, storage)


def match_together(
    session: Session, project_id: int, ids: Sequence[int], secret: bytes, storage: Storage | None = None
) -> None:
    """The same for several, one after the other, in the transaction of this session."""
    session.flush()
    try:
        looked = look(session, project_id, ids, secret, storage)
    except NotReadyError:
        make_ready(session, project_id, ids, secret)
        looked = look(session, project_id, ids, secret, storage)
    if not write(session, looked):
        # Only where somebody else wrote between the statements of this transaction.
        raise somebody_was_first()


def make_ready(session: Session, project_id: int, ids: Sequence[int], secret: bytes) -> None:
    """See that `look` knows the forms and versions of these submissions. The newest version seen says which roles a form's questions play."""
    there = arrived.standing(session.connection(), project_id, ids)
    # In the order in which they are matched: rows come in any.
    living = [there[number] for number in ids if number in there and not there[number].left_out]
    for form_id, version_id in dict.fromkeys((each.form_id, each.version_id) for each in living):
        if version_id is not None:
            matcher = matcher_of(session, project_id, form_id, version_id, secret)
            near_books.make_ready(session, project_id, form_id, matcher.reader(session, version_id).columns)
            seeing.make_ready(session, project_id, form_id)


def look(session: Session, project_id: int, ids: Sequence[int], secret: bytes, storage: Storage | None) -> Looked:
    """Find out what is to be written of a slice; NotReadyError where `make_ready` must be called before. Of a submission that is named more than
    once the last time counts."""
    connection = session.connection()
    ids = tuple(reversed(dict.fromkeys(reversed(ids))))
    there = arrived.standing(connection, project_id, ids)
    receipts = [each.receipt_id for each in there.values() if not each.left_out]
    answers = arrived.answers_of(connection, project_id, receipts)
    files = arrived.files_of(connection, project_id, receipts)
    by_form: dict[int, list[Arrived]] = {}
    for number in ids:
        if number in there:
            by_form.setdefault(there[number].form_id, []).append(there[number])
    forms = []
    seen = seeing.Together(connection, project_id, ids)
    for form_id, of_form in by_form.items():
        read = _Read(answers, files, storage, seen)
        if any(each.receipt_id in answers and each.version_id for each in of_form) or _is_known(
            session, project_id, form_id
        ):
            forms.append(_look_at_form(session, project_id, form_id, of_form, read, secret))
    return Looked(project_id, ids, there, forms, seen)


@dataclass(frozen=True, slots=True)
class _Read:
    answers: Mapping[int, Tables]
    files: Mapping[int, dict[str, bytes]]
    storage: Storage | None
    seen: seeing.Together


def _is_known(session: Session, project_id: int, form_id: int) -> bool:
    """Whether anything is kept of a form. Of one whose submissions all are encrypted or gone nothing is."""
    return token_of(session, project_id, form_id) is not None and seeing.is_ready(session, project_id, form_id)


def _look_at_form(
    session: Session, project_id: int, form_id: int, of_form: Sequence[Arrived], read: _Read, secret: bytes
) -> _OfForm:
    engine = session.connection().engine
    known = matchers_of(engine).of(session, project_id, form_id, secret)
    book = books_of(engine).of(session, project_id, form_id)
    if known is None or book is None or not seeing.is_ready(session, project_id, form_id):
        raise NotReadyError
    token, matcher = known
    turn = near_books.Turn(book, project_id, form_id)
    here: dict[int, Mine] = {}
    interviews: dict[int, Seen] = {}
    vectors: dict[int, near_books.Kept | None] = {}
    near: dict[int, dict[int, NearCopy]] = {}
    for each in of_form:
        version_id, tables = each.version_id, read.answers.get(each.receipt_id)
        if (
            not each.left_out
            and tables is not None
            and version_id is not None
            and not (version_id <= matcher.version_id and book.holds(matcher.reader(session, version_id).columns))
        ):
            raise NotReadyError
    for each in of_form:
        version_id, tables = each.version_id, read.answers.get(each.receipt_id)
        if each.left_out or tables is None or version_id is None:
            # Encrypted ones have no answers: there is nothing to compare.
            turn.drop(each.id)
            interviews[each.id] = Seen(each.id, None)
            continue
        reader, root = matcher.reader(session, version_id), root_of(tables)
        vectors[each.id] = kept = turn.keep(each.id, reader, root, matcher.secret, each.origin)
        near[each.id] = turn.copies_of(each.id)
        files = read.files.get(each.receipt_id, {})
        here[each.id] = mine = mine_of(matcher, each, tables, files, kept.evidence if kept else None, reader)
        log = seconds_in_log(read.storage, files[AUDIT]) if read.storage and AUDIT in files else None
        told = reader.interview(root)
        facts = (mine.hashes[0].said, log)
        interviews[each.id] = Seen(each.id, read_interview(each, told, matcher.plan.roles, reader.grids, facts))
    around = neighbourhood(session.connection(), matcher, list(here.values()))
    compared = shortlisted(of_form, here, around, near)
    pairs = pairs_of(session, matcher, of_form, compared)
    slice_of = [interviews[each.id] for each in of_form]
    for at, each in enumerate(of_form):
        if each.id in compared:
            is_copied = compared[each.id].first is not None
            slice_of[at] = replace(slice_of[at], exact=here[each.id].hashes[0].exact, copied=is_copied)
    receipts, seen = (
        {each.id: (each.receipt_id, each.version_id) for each in of_form},
        seeing.look(session, matcher, slice_of, read.seen),
    )
    return _OfForm(form_id, token, matcher, receipts, compared, turn, seen, vectors, pairs)


def write(session: Session, looked: Looked) -> bool:
    """Write what was found of a slice, and what follows from decisions about it; False when something has changed since: then the caller
    takes back what was written."""
    connection, project_id = session.connection(), looked.project_id
    forms = sorted({each.form_id for each in looked.there.values()})
    # First of all, as whoever decides does: pairs are written by both.
    for form_id in forms:
        effects.lock(connection, project_id, form_id)
    if arrived.standing(connection, project_id, looked.ids) != looked.there:
        return False
    if any(token_of(session, project_id, each.form_id) != each.token for each in looked.forms):
        return False
    ids = listed(connection, looked.ids)
    # Most have come for the first time: nothing is kept of them.
    if _KNOWN.row(connection, (project_id, ids)) is not None:
        for statement in _FORGET:
            statement.run(connection, (project_id, ids))
    for each in looked.forms:
        if not each.near.write(connection):
            return False
        _write_form(connection, each)
        each.seen.write(connection)
    looked.seen.write(connection)
    for form_id in forms:
        of_form = next((each for each in looked.forms if each.form_id == form_id), None)
        settled = _settle(session, of_form) if of_form else []
        names = [each.instance_id for each in looked.there.values() if each.form_id == form_id and not each.draft]
        effects.follow(session, project_id, form_id, names, settled)
    return True


def _write_form(connection: Connection, of_form: _OfForm) -> None:
    matcher, project_id = of_form.matcher, of_form.matcher.project_id
    mine = [each.mine for each in of_form.compared.values()]
    features = []
    for each in mine:
        kept, hashes = of_form.vectors[each.id], each.hashes[0]
        place = (project_id, each.id, matcher.form_id, *of_form.receipts[each.id])
        told = (hashes.exact, hashes.answers, hashes.said, each.evidence)
        features.append((*place, *told, kept.vector if kept else None, each.near_evidence))
    if features:
        _FEATURES.run_many(connection, features)
    keys = sorted((key, each.id) for each in mine for key in each.keys)
    if keys:
        _KEYS.run_many(connection, [(project_id, key, number) for key, number in keys])
    moment, least = stored_moment(connection, now()), of_form.near.least
    pairs = []
    for (one, other), (first, found) in of_form.pairs.items():
        near = found.near
        told_near = pair_evidence(first.near_evidence or b"", found.near_evidence or b"") if near else None
        what = (found.bits, found.copy, pair_evidence(first.evidence, found.evidence), True)
        said = near_json(near, least) if near else None
        pairs.append((project_id, one, other, matcher.form_id, *what, said, told_near, matcher.model_no, moment))
    if pairs:
        _PAIRS.run_many(connection, pairs)


def _settle(session: Session, of_form: _OfForm) -> list[effects.Settled]:
    """Of the same content, times included, one stays: the first of all of them by name, on every server. Who has been settled here."""
    firsts = [(each.mine, each.first) for each in of_form.compared.values() if each.first is not None]
    if not firsts:
        return []
    form = session.get_one(Form, (of_form.matcher.project_id, of_form.form_id))
    if corroborates(session, form):
        return []
    copies = [(mine.instance_id, name, pair_evidence(mine.evidence, theirs)) for mine, (_, name, theirs) in firsts]
    left_out = settle_copies(session, form, copies)
    return [
        effects.Settled(mine.id, mine.instance_id, first[0]) for mine, first in firsts if mine.instance_id in left_out
    ]
