"""What there is to say of a draft today: what the lint said when it came, and what it says of the files brought since."""

from typing import get_args

from sqlalchemy.orm import Session

from config.storage import Storage
from forms.attachments import form_files
from forms.lint import Finding, Severity, compare
from forms.models import Form
from forms.queries import findings_of, get_version


def findings_of_draft(session: Session, storage: Storage, form: Form) -> list[Finding]:
    """The gravest first; Problem 404.1 without a draft. What it changes for people who have data is its difference."""
    draft = get_version(session, form.project_id, form.draft_version_id)
    files = form_files(session, storage, form.project_id, draft.id)
    found = [*findings_of(draft), *compare(draft.xml, files=files)]
    return sorted(found, key=lambda finding: get_args(Severity).index(finding.severity))
