"""A submission as exports, feeds and filters read it: what the server knows of it, and its answers."""

from datetime import datetime
from typing import NamedTuple

from collector.answers import Tables
from forms.xform import FormDefinition

NOT_DECRYPTED = "not decrypted"
MISSING_ENCRYPTED_DATA = "missing encrypted form data"


class RootRow(NamedTuple):
    """What the root table says of a submission besides its answers.

    `instance_id` (KEY), `created_at` (aware), submitter, `device_id` and `form_version` are those of the first version,
    `edits` counts the later ones. The attachment counts are of the current version and count only files its XML names.
    `status` is None for answers that can be read, else NOT_DECRYPTED or MISSING_ENCRYPTED_DATA (its .enc never came).
    """

    instance_id: str
    created_at: datetime
    submitter_id: int | None
    submitter_name: str | None
    attachments_present: int
    attachments_expected: int
    status: str | None
    review_state: str | None
    device_id: str | None
    edits: int
    form_version: str
    id: int = 0
    updated_at: datetime | None = None
    deleted_at: datetime | None = None


class ExportedSubmission(NamedTuple):
    """One submission: `tables` as its own version's `definition` lays them out, None when encrypted."""

    row: RootRow
    definition: FormDefinition
    tables: Tables | None
