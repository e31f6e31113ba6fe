"""What the questions and choices of a form are called in one language, looked for in its newest version first."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from config.storage import Storage
from forms.attachments import FormFiles, form_files
from forms.labels import Labels
from forms.queries import labels_of


class FormWords:
    """Implements collector.sheets.Words. A choice that the newest list no longer has is looked for in older ones."""

    def __init__(self, versions: Sequence[tuple[Labels, FormFiles]], language: str) -> None:
        self._versions = versions
        self.language = language

    @property
    def languages(self) -> tuple[str, ...]:
        """Those of the newest version, its default first."""
        return self._versions[0][0].languages if self._versions else ()

    def spoken(self, language: str) -> "FormWords":
        """The same words in another language."""
        return FormWords(self._versions, language)

    def question(self, path: str) -> str:
        """Its text; "" when no version has one."""
        found = (labels.question(path, self.language) for labels, _ in self._versions)
        return next((" ".join(text.split()) for text in found if text), "")

    def is_choice(self, path: str) -> bool:
        """Whether any version offers choices there."""
        return any(labels.is_choice(path) for labels, _ in self._versions)

    def choice(self, path: str, value: str) -> str:
        """What the value says in the newest version that has it; the value itself when none does."""
        for labels, files in self._versions:
            said = labels.choice(path, value, self.language, files)
            if said != value:
                return said
        return value

    def choices(self, path: str) -> dict[str, str]:
        """Every choice that is written in the form itself, of any version: value to text."""
        found: dict[str, str] = {}
        for labels, _ in reversed(self._versions):
            found |= labels.choices(path, self.language)
        return found


def form_words(
    session: Session, storage: Storage, project_id: int, version_ids: Sequence[int], language: str
) -> FormWords:
    """`version_ids` newest first."""
    versions = [
        (labels_of(session, project_id, version_id), form_files(session, storage, project_id, version_id))
        for version_id in version_ids
    ]
    return FormWords(versions, language)
