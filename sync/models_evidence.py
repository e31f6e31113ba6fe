"""What was seen of how interviews were made: facts by which rules find neighbours, evidence, and what people explained.

Whoever and whatever is named here is named by a keyed hash. Everything dies with its submission, and but for explanations can be made
again from the answers.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON, String

from config.columns import BigInt, Moment
from config.database import Model
from sync.models import of_submission

WAITING = text("NOT placed")


class SeenForm(Model):
    """What is usual on a form, by rule (sync.rules.interviews). `since`: how many interviews have come or changed since it was measured."""

    __tablename__ = "seen_form"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "form_id"], ["form.project_id", "form.id"], ondelete="CASCADE"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    usual: Mapped[dict[str, Any]] = mapped_column(JSON)
    measured: Mapped[int]
    since: Mapped[int]


class SeenInterview(Model):
    """One interview: who made it on which device, when (seconds since 1970), how long it took, in which cell of about ten metres;
    `grids`: by path how many questions are answered, and whether all alike."""

    __tablename__ = "seen_interview"
    __table_args__ = (
        of_submission("submission_id"),
        Index("ix_seen_interview_device", "project_id", "device", "start"),
        Index("ix_seen_interview_who", "project_id", "who", "start"),
        Index("ix_seen_interview_cell", "project_id", "form_id", "cell"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    submission_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt)
    who: Mapped[int | None] = mapped_column(BigInt)
    device: Mapped[int | None] = mapped_column(BigInt)
    start: Mapped[int | None] = mapped_column(BigInt)
    end: Mapped[int | None] = mapped_column(BigInt)
    seconds: Mapped[float | None]
    answered: Mapped[int]
    cell: Mapped[int | None] = mapped_column(BigInt)
    grids: Mapped[dict[str, list[int]]] = mapped_column(JSON)


class SeenEvidence(Model):
    """What a rule saw of a submission (of form `form_id`) beside another, perhaps of another form (alone: beside itself). `facts`: numbers
    for the sentence. `mark` changes with what it rests on."""

    __tablename__ = "seen_evidence"
    __table_args__ = (
        of_submission("submission_id"),
        of_submission("other_id"),
        Index("ix_seen_evidence_other", "project_id", "other_id"),
        Index("ix_seen_evidence_form", "project_id", "form_id", "found_at"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    submission_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    rule: Mapped[str] = mapped_column(String(32), primary_key=True)
    other_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt)
    strength: Mapped[float]
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    mark: Mapped[str] = mapped_column(String(16))
    found_at: Mapped[datetime] = mapped_column(Moment)


class SeenSaying(Model):
    """Why evidence is as it is, or that it be shown again: never changed, named by what travels (sync.explanations), without its words.
    `placed`: both submissions are here, and it has taken effect."""

    __tablename__ = "seen_saying"
    __table_args__ = (
        Index("ix_seen_saying_one", "project_id", "one"),
        Index("ix_seen_saying_waiting", "project_id", sqlite_where=WAITING, postgresql_where=WAITING),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), primary_key=True)
    rule: Mapped[str] = mapped_column(String(32))
    one_form: Mapped[str] = mapped_column(String(255))
    one: Mapped[str] = mapped_column(String(255))
    other_form: Mapped[str] = mapped_column(String(255))
    other: Mapped[str] = mapped_column(String(255))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    placed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Moment)


class SeenExplained(Model):
    """Somebody said why evidence is as it is (the SeenSaying `uid`); it is not shown again while it keeps its `mark`. Dies with either
    submission."""

    __tablename__ = "seen_explained"
    __table_args__ = (
        of_submission("submission_id"),
        of_submission("other_id"),
        Index("ix_seen_explained_other", "project_id", "other_id"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    submission_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    rule: Mapped[str] = mapped_column(String(32), primary_key=True)
    other_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    mark: Mapped[str] = mapped_column(String(16))
    uid: Mapped[str] = mapped_column(String(36), default="", server_default="")
    reason: Mapped[str]
    actor_id: Mapped[int] = mapped_column(BigInt)
    created_at: Mapped[datetime] = mapped_column(Moment)
