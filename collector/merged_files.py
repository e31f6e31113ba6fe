"""Files that come late for a submission that was merged: the merged version that names them gets them too."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from collector.arrival import unpacked
from collector.files import attach, stored_files_of
from collector.merge import event_of, version_of
from collector.merging import names_along
from collector.models import Receipt, Submission
from collector.receipts import receipts_of
from config.clock import now
from forms.queries import definition_of


def bring_late_files(
    session: Session, kept: Submission, instance_id: str, source: Submission, paths: Sequence[str]
) -> int:
    """Give a merged version (of `kept`, by its instanceID) what it lacks of the files that the answers taken of `source` name; how many.
    Nothing when it was taken back; those after it carry them on."""
    merged = version_of(session, kept, instance_id)
    event = event_of(session, merged) if merged is not None else None
    if merged is None or event is None:
        return 0
    project_id, connection = kept.project_id, session.connection()
    parents = select(Receipt).where(
        Receipt.project_id == project_id,
        Receipt.submission_id == source.id,
        Receipt.id.in_((event.details or {}).get("parents", [])),
    )
    parent = session.scalars(parents).first()
    if parent is None:
        return 0
    definition = definition_of(session, project_id, merged.form_version_id or 0)
    fields = [each for each in definition.fields if each.path in paths]
    wanted = names_along(unpacked(merged.xml), unpacked(parent.xml), definition, fields)
    here = {file.name for file in stored_files_of(connection, project_id, merged.id)}
    there = {file.name: file for file in stored_files_of(connection, project_id, parent.id)}
    late = [replace(there[name], name=own) for name, own in wanted if name in there and own not in here]
    known = next(each for each in receipts_of(connection, project_id, merged.instance_id) if each.id == merged.id)
    return attach(connection, project_id, known, late, now(), actor_id=None, new=False)
