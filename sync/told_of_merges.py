"""What a merge made of calculated answers, and what the form says of the merged version, in the words of its questions."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from collector.answer_sheet import plain_question
from collector.merge import follows_of
from collector.models import Submission
from forms.queries import labels_of

# What is told, the most pressing first.
KINDS = ("unsettled", "unanswered", "unmet", "irrelevant", "calculated")


@dataclass(frozen=True, slots=True)
class Note:
    """`kind`: one of KINDS; the questions (or names of what nobody is asked) it is about."""

    kind: str
    questions: tuple[str, ...]


def notes_of_merge(session: Session, kept: Submission, version: str, language: str) -> list[Note]:
    """What is to be said of a version that a merge made, while it stands."""
    made = follows_of(session, kept, version)
    if made is None:
        return []
    labels = labels_of(session, made.project_id, made.form_version_id)
    notes = []
    for kind in KINDS:
        questions = [plain_question(labels, path, language) for path in made.follows.get(kind, ())]
        if questions:
            notes.append(Note(kind, tuple(questions)))
    return notes
