"""A new key for everything the matcher hashes, made while the server runs.

A project's key comes from the installation's secret and a salt. A new salt is a new key: from then on everything is written under it, and
candidates are looked for under both until the submissions that are there have been hashed anew, in the order of their numbers. Then the
former salt is forgotten, and with it the former key can be made no more. Decisions are not touched: nothing of them is hashed by this key.
"""

import secrets
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.models import Project
from config.clock import now
from config.services import Services
from forms.models import FormVersion
from forms.queries import labels_of
from sync.learning import sample
from sync.matchers import KEYED_BY, matcher_from, matchers_of, matching_key, matching_keys
from sync.models import MatchForm, MatchSecret, NearChoice, NearForm
from sync.near_books import choice_hash
from sync.rehashing import hash_next
from sync.rules.identity.learning import count_values
from sync.rules.identity.model import Model

SALT_BYTES = 32


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
    """One step of the work that was asked for; True while there is more. Only the holder of the worker's lease may call it: it and the
    matcher write the same rows. Killed at any point it goes on where it was."""
    with services.database.reading() as session:
        project_id = next(iter(waiting(session)), None)
    if project_id is None or stop.is_set():
        return False
    if not _begun(services, project_id) and not _counted(services, project_id):
        hash_next(services, project_id, stop)
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
