"""A new key for everything the matcher hashes, made while the server runs.

A project's key comes from the installation's secret and a salt. A new salt is a new key: from then on everything is written under it, and
candidates are looked for under both until the submissions that are there have been hashed anew, in the order of their numbers. Then the
former salt is forgotten, and with it the former key can be made no more. Decisions are not touched: nothing of them is hashed by this key.
"""

import secrets
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.models import Project
from config.clock import now
from config.services import Services
from config.statements import Insert, Statement
from forms.models import FormVersion
from forms.queries import labels_of
from sync import arrived, seen_facts
from sync.interviews import Sent
from sync.learning import sample
from sync.matchers import KEYED_BY, Matcher, matcher_from, matchers_of, matching_key, matching_keys, token_of
from sync.models import MatchForm, MatchSecret, NearChoice, NearForm
from sync.near_books import choice_hash
from sync.readers import root_of
from sync.rules.identity.learning import count_values
from sync.rules.identity.model import Model

SALT_BYTES = 32
# Hashed anew in one transaction, which takes about 50 ms.
SLICE = 250
_REACHED = Statement("SELECT reached FROM match_secret WHERE project_id = ?")
_NEXT = Statement(
    "SELECT f.submission_id, f.form_id, f.receipt_id, r.form_version_id, s.submitter_id, s.device_id "
    "FROM dup_feature f CROSS JOIN receipt r CROSS JOIN submission s "
    "WHERE f.project_id = ? AND f.submission_id > ? AND r.project_id = f.project_id AND r.id = f.receipt_id "
    "AND r.form_version_id IS NOT NULL AND s.project_id = f.project_id AND s.id = f.submission_id "
    "ORDER BY f.submission_id LIMIT ?"
)
_BETWEEN = Statement(
    "SELECT submission_id FROM dup_feature WHERE project_id = ? AND submission_id > ? AND submission_id <= ?"
)
_CONTENTS = Statement(
    "UPDATE dup_feature SET exact_hash = ?, answers_hash = ? WHERE project_id = ? AND submission_id = ?"
)
_OLD_KEYS = Statement("DELETE FROM match_key WHERE project_id = ? AND submission_id > ? AND submission_id <= ?")
_KEYS = Insert("match_key", "project_id, h, submission_id")


def ask(session: Session, project_ids: Iterable[int]) -> None:
    """Ask for a new key. One that is being made already is gone on with, not begun again."""
    for project_id in project_ids:
        row = session.get(MatchSecret, (project_id,)) or MatchSecret(project_id=project_id, salt=b"")
        if row.former is None and row.asked_at is None:
            row.asked_at = now()
        session.add(row)


def waiting(session: Session, project_ids: Sequence[int] | None = None) -> dict[int, int]:
    """Projects whose new key is asked for or being made, and the number of the last submission that is done."""
    query = select(MatchSecret).where(MatchSecret.asked_at.is_not(None) | MatchSecret.former.is_not(None))
    if project_ids is not None:
        query = query.where(MatchSecret.project_id.in_(project_ids))
    return {row.project_id: row.reached for row in session.scalars(query)}


def projects_of(session: Session, project_id: int | None) -> list[int]:
    """All projects, or the one if it is there."""
    query = select(Project.id).order_by(Project.id)
    return list(session.scalars(query if project_id is None else query.where(Project.id == project_id)))


def rekey(services: Services, stop: threading.Event) -> bool:
    """One slice of the work that was asked for; True while there is more. Only the holder of the worker's lease may call it: it and the
    matcher write the same rows. Killed at any point it goes on where it was."""
    with services.database.reading() as session:
        project_id = next(iter(waiting(session)), None)
    if project_id is None or stop.is_set():
        return False
    if not _begun(services, project_id) and not _counted(services, project_id):
        with services.database.reading() as session:
            hashed = _hashed(session, project_id, services.secret)
        with services.database.transaction() as session:
            _write(session, project_id, hashed)
    return True


def _begun(services: Services, project_id: int) -> bool:
    """True when this call took a new salt. What stands for choices (see near_books) is hashed anew with it, at once: the form says which
    choices there are."""
    salt = secrets.token_bytes(SALT_BYTES)
    with services.database.reading() as session:
        if session.get_one(MatchSecret, (project_id,)).asked_at is None:
            return False
        before, _ = matching_keys(session, project_id, services.secret)
        choices = _choices(session, project_id, before.secret, matching_key(services.secret, salt).secret)
    with services.database.transaction() as session:
        row = session.get_one(MatchSecret, (project_id,))
        row.former, row.salt, row.reached, row.asked_at = row.salt, salt, 0, None
        for form in session.scalars(select(NearForm).where(NearForm.project_id == project_id)):
            form.stamp = secrets.randbits(62)
        for choice in session.scalars(select(NearChoice).where(NearChoice.project_id == project_id)):
            # What no version lists was typed by hand: given again it is taken for another answer.
            choice.h = choices.get((choice.form_id, choice.h)) or secrets.token_bytes(len(choice.h))
    return True


def _choices(session: Session, project_id: int, before: bytes, after: bytes) -> dict[tuple[int, bytes], bytes]:
    """By form and former hash, the new hash of every choice that a version lists."""
    found: dict[tuple[int, bytes], bytes] = {}
    for form in session.scalars(select(NearForm).where(NearForm.project_id == project_id)):
        versions = select(FormVersion.id).where(
            FormVersion.project_id == project_id, FormVersion.form_id == form.form_id
        )
        for version_id in session.scalars(versions):
            labels = labels_of(session, project_id, version_id)
            for at, (path, choice) in enumerate(form.columns):
                for value in labels.choices_of(str(path)) if choice is None else ():
                    found[form.form_id, choice_hash(at, value, before)] = choice_hash(at, value, after)
    return found


def _counted(services: Services, project_id: int) -> bool:
    """True when this call counted anew, under the new key, how often values are met on one form. Nothing is locked meanwhile."""
    with services.database.reading() as session:
        current, _ = matching_keys(session, project_id, services.secret)
        stale = (
            form
            for form in session.scalars(select(MatchForm).where(MatchForm.project_id == project_id))
            if form.model and form.model.get(KEYED_BY, "") != current.tag
        )
        form = next(stale, None)
        if form is None:
            return False
        form_id, model_no, matcher = form.form_id, form.model_no, matcher_from(session, form, services.secret)
    counts = count_values(matcher.plan, matcher.keys, sample(services, matcher))
    with services.database.transaction() as session:
        form = session.get(MatchForm, (project_id, form_id))
        if form is not None and form.model is not None and form.model_no == model_no:
            counted = replace(Model.from_json(form.model), counts=counts)
            form.model = {**counted.to_json(), KEYED_BY: current.tag}
    matchers_of(services.database.engine).clear()
    return True


@dataclass(slots=True)
class _Hashed:
    """A slice hashed anew, up to the submission `last`; `token`: what it was hashed by."""

    token: tuple[Any, ...]
    form_ids: list[int]
    reached: int
    last: int
    ids: list[int] = field(default_factory=list)
    contents: list[tuple[bytes, bytes, int, int]] = field(default_factory=list)
    keys: list[tuple[int, int, int]] = field(default_factory=list)
    facts: list[tuple[int | None, int | None, int | None, int, int]] = field(default_factory=list)


def _hashed(session: Session, project_id: int, secret: bytes) -> _Hashed:
    """The next slice under the new key; an empty one when everything is hashed anew."""
    connection = session.connection()
    reached = int(_REACHED.value(connection, (project_id,)))
    rows = _NEXT.rows(connection, (project_id, reached, SLICE))
    form_ids = sorted({row[1] for row in rows})
    token = _token(session, project_id, form_ids)
    found = _Hashed(token, form_ids, reached, rows[-1][0] if rows else reached)
    receipts = [row[2] for row in rows]
    answers = arrived.answers_of(connection, project_id, receipts)
    files = arrived.files_of(connection, project_id, receipts)
    matchers: dict[int, Matcher] = {}
    sent: dict[int, list[tuple[Sent, Mapping[str, str | None]]]] = {}
    for submission_id, form_id, receipt_id, version_id, submitter_id, device_id in rows:
        if form_id not in matchers:
            known = matchers_of(connection.engine).of(session, project_id, form_id, secret)
            assert known is not None, "what is matched has a matcher"
            matchers[form_id] = known[1]
        matcher, tables = matchers[form_id], answers.get(receipt_id, {})
        reader, root = matcher.reader(session, version_id), root_of(tables)
        hashes = reader.content.hashes(tables, matcher.secret, files.get(receipt_id, {}))
        found.ids.append(submission_id)
        found.contents.append((hashes.exact, hashes.answers, project_id, submission_id))
        sender = _Sender(submission_id, device_id, submitter_id)
        sent.setdefault(form_id, []).append((sender, reader.interview(root)))
        if not matcher.stopped:
            keys = matcher.keys.of(reader.features(root), matcher.families)
            found.keys += [(project_id, key, submission_id) for key in keys]
    for form_id, of_form in sent.items():
        found.facts += seen_facts.rehashed(matchers[form_id], of_form)
    found.keys.sort()
    return found


@dataclass(frozen=True, slots=True)
class _Sender:
    id: int
    device_id: str | None
    submitter_id: int | None


def _token(session: Session, project_id: int, form_ids: Sequence[int]) -> tuple[Any, ...]:
    return tuple(token_of(session, project_id, form_id) for form_id in form_ids)


def _write(session: Session, project_id: int, hashed: _Hashed) -> None:
    """Write a slice, unless something of it has changed since it was hashed: then it is hashed once more."""
    row = session.get_one(MatchSecret, (project_id,), with_for_update=True)
    connection = session.connection()
    between = (project_id, hashed.reached, hashed.last)
    if row.former is None or row.reached != hashed.reached:
        return
    if not hashed.ids:
        row.former, row.reached, row.ended_at = None, 0, now()
        return
    here = {each[0] for each in _BETWEEN.rows(connection, between)}
    if not here.issuperset(hashed.ids) or _token(session, project_id, hashed.form_ids) != hashed.token:
        return
    _CONTENTS.run_many(connection, hashed.contents)
    seen_facts.write_rehashed(connection, hashed.facts)
    _OLD_KEYS.run(connection, between)
    if hashed.keys:
        _KEYS.run_many(connection, hashed.keys)
    row.reached = hashed.last
