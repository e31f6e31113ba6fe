"""What publishing a form's draft would change, compared with what is published and what was before."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.difference import Difference, difference
from forms.models import Form, FormVersion
from forms.outline import Outline, outline
from forms.queries import ByContent, get_version

# Older versions that are asked whether a question that comes back means what it meant.
REMEMBERED = 12
_outlines = ByContent(outline, 2 * REMEMBERED)


def difference_of_draft(session: Session, form: Form, language: str = "fr") -> tuple[Difference, FormVersion | None]:
    """The difference and the version it is against; without a published one there is no change. Problem 404.1 without a draft."""
    draft = get_version(session, form.project_id, form.draft_version_id)
    if form.current_version_id is None:
        return Difference((), ()), None
    published = get_version(session, form.project_id, form.current_version_id)
    older = session.scalars(
        select(FormVersion)
        .where(
            FormVersion.project_id == form.project_id,
            FormVersion.form_id == form.id,
            FormVersion.published_at.is_not(None),
            FormVersion.id != published.id,
        )
        .order_by(FormVersion.published_at.desc(), FormVersion.id.desc())
        .limit(REMEMBERED)
    )
    earlier = [_outline(version) for version in older]
    return difference(_outline(published), _outline(draft), earlier, language), published


def _outline(version: FormVersion) -> Outline:
    return _outlines.get(version.sha256, lambda: version.xml)
