"""Exports on demand: the whole file is made first, so that a slow reader holds nothing but a file."""

import tempfile
from typing import IO

from sqlalchemy.orm import Session

from accounts.errors import not_found
from accounts.events import Happening, record
from accounts.scopes import Scope
from collector import stored_files, stored_submissions
from collector.exports import csv
from collector.reading import Selection
from config.clock import now
from config.services import Services
from forms.queries import definition_of, get_form


def selection_of(session: Session, project_id: int, xml_form_id: str, scope: Scope) -> tuple[Selection, int]:
    """What an export of a form covers within the scope of whoever asks, and the version whose columns it has; Problem 404.1 without one."""
    form = get_form(session, project_id, xml_form_id)
    if form.current_version_id is None:
        raise not_found()
    return Selection(project_id, form.id, scope), form.current_version_id


def csv_zip(
    opened: Services, selection: Selection, version_id: int, out: IO[bytes], *, attachments: bool = True
) -> None:
    """ODK Central's `submissions.csv.zip`, written to `out`."""
    read = opened.database.reading
    with read() as session:
        definition = definition_of(session, selection.project_id, version_id)
    csv.write_zip(
        out,
        definition,
        stored_submissions.submissions(read, selection),
        stored_files.media(read, opened.storage, selection) if attachments else (),
        stored_files.audits(read, opened.storage, selection) if attachments else (),
        written_at=now(),
    )


def root_csv(opened: Services, selection: Selection, version_id: int, out: IO[bytes]) -> None:
    """ODK Central's `submissions.csv`, written to `out`."""
    read = opened.database.reading
    with read() as session:
        definition = definition_of(session, selection.project_id, version_id)
    for line in csv.root_csv(definition, stored_submissions.submissions(read, selection)):
        out.write(line)


def spool(opened: Services) -> IO[bytes]:
    """A nameless temporary file beside the data, gone when closed."""
    return tempfile.TemporaryFile(dir=opened.settings.temporary)


def record_export(session: Session, selection: Selection, actor_id: int | None) -> None:
    """Remember that somebody took the data out."""
    happening = Happening(selection.project_id, "form.submission.export", actor_id, form_id=selection.form_id)
    record(session, happening)
