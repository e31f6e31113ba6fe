"""What there is to say of a draft today: what the lint said when it came, and what its files and the published version add."""

from typing import get_args

from sqlalchemy.orm import Session

from config.storage import Storage
from forms.attachments import form_files
from forms.lint import Finding, Severity, compare
from forms.models import Form
from forms.queries import findings_of, get_version


def findings_of_draft(session: Session, storage: Storage, form: Form) -> list[Finding]:
    """The gravest first; Problem 404.1 without a draft."""
    draft = get_version(session, form.project_id, form.draft_version_id)
    published = get_version(session, form.project_id, form.current_version_id) if form.current_version_id else None
    files = form_files(session, storage, form.project_id, draft.id)
    new = compare(draft.xml, files=files, previous=published.xml if published else None)
    return sorted([*findings_of(draft), *new], key=lambda finding: get_args(Severity).index(finding.severity))
