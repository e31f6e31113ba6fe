"""What the matcher keeps: keys, hashes and pairs that can be made again from the answers, and decisions that cannot.

No answer stands here in clear. Everything but decisions dies with its submission, their words too.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, false, text, true
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import JSON, LargeBinary, String

from config.columns import BigInt, Moment
from config.database import Model

COPIES = ("exact", "answers")
ASKED = text("asked")


def of_submission(column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["project_id", column], ["submission.project_id", "submission.id"], ondelete="CASCADE")


class MatchForm(Model):
    """How the submissions of a form are matched: the roles of its questions as version `version_id` has them, the families of keys, the
    model learnt (None: the shipped one).

    `stopped`: why they are not scored (a code of rules.identity.bands.Breaker); `stopped_path`: the question to blame.
    `rescan_after`: submissions up to this id are matched by this model already; None: all are.
    """

    __tablename__ = "dup_form"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "form_id"], ["form.project_id", "form.id"], ondelete="CASCADE"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    version_id: Mapped[int] = mapped_column(BigInt)
    roles: Mapped[dict[str, str]] = mapped_column(JSON)
    families: Mapped[list[str]] = mapped_column(JSON)
    model: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    model_no: Mapped[int] = mapped_column(default=0)
    learnt_from: Mapped[int] = mapped_column(default=0)
    learnt_at: Mapped[datetime | None] = mapped_column(Moment)
    stopped: Mapped[str | None] = mapped_column(String(16))
    stopped_path: Mapped[str | None]
    rescan_after: Mapped[int | None] = mapped_column(BigInt)


class MatchSecret(Model):
    """The salt of a project's key for everything hashed here; without a row it is empty. `former`: the salt before, while submissions up to
    number `reached` are hashed anew. `asked_at`: when a new one was asked for that is not begun."""

    __tablename__ = "match_secret"
    project_id: Mapped[int] = mapped_column(BigInt, ForeignKey("project.id"), primary_key=True, autoincrement=False)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    former: Mapped[bytes | None] = mapped_column(LargeBinary)
    reached: Mapped[int] = mapped_column(BigInt, default=0, server_default=text("0"))
    asked_at: Mapped[datetime | None] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)


class ReviewCapacity(Model):
    """How many suspected pairs people of a project can look at, where they have said so (sync.reviewing)."""

    __tablename__ = "review_capacity"
    project_id: Mapped[int] = mapped_column(BigInt, ForeignKey("project.id"), primary_key=True, autoincrement=False)
    pairs: Mapped[int]


class MatchKey(Model):
    """A keyed hash of something a submission says, to find others by (see sync.rules.identity.keys)."""

    __tablename__ = "match_key"
    __table_args__ = (
        of_submission("submission_id"),
        Index("ix_match_key_submission", "project_id", "submission_id"),
        {"sqlite_with_rowid": False},
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    h: Mapped[int] = mapped_column(BigInt, primary_key=True)
    submission_id: Mapped[int] = mapped_column(BigInt, primary_key=True)


class MatchFeature(Model):
    """Hashes of the current version of a submission: its content with and without times, what its identity is judged by, and its answers to
    choose from (`vector`: a number for each of the form's columns, see NearForm; `near_evidence`: a hash of them)."""

    __tablename__ = "dup_feature"
    __table_args__ = (
        of_submission("submission_id"),
        Index("ix_dup_feature_answers", "project_id", "form_id", "answers_hash"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    submission_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt)
    receipt_id: Mapped[int] = mapped_column(BigInt)
    exact_hash: Mapped[bytes] = mapped_column(LargeBinary)
    answers_hash: Mapped[bytes] = mapped_column(LargeBinary)
    said: Mapped[int]
    evidence: Mapped[bytes] = mapped_column(LargeBinary)
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)
    near_evidence: Mapped[bytes | None] = mapped_column(LargeBinary)
    # The version of the form that receipt was filled with; NULL, from before: the receipt says it.
    version_id: Mapped[int | None] = mapped_column(BigInt)


class MatchPair(Model):
    """Two submissions of a form that may be one. `bits`: log2 odds by identity, NULL when not scored; `copy`: "exact" when their contents
    are equal to the second, "answers" without the times; `near`: how their answers to choose from agree beyond chance (`agreeing` of `compared`,
    `rare` of them, `bits`; the form's standard is `least`), NULL when they do not. `evidence` and `near_evidence`: change when what was
    compared does. `asked`: whether a person is to look at it, as decisions and evidence stand; `said`: whether anybody has said anything
    about it (both: sync.effects)."""

    __tablename__ = "dup_pair"
    __table_args__ = (
        CheckConstraint("one_id < other_id", name="order"),
        CheckConstraint(f"copy IN {COPIES}", name="copy"),
        of_submission("one_id"),
        of_submission("other_id"),
        Index("ix_dup_pair_other", "project_id", "other_id"),
        Index("ix_dup_pair_bits", "project_id", "form_id", "bits"),
        Index("ix_dup_pair_asked", "project_id", "form_id", sqlite_where=ASKED, postgresql_where=ASKED),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    one_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    other_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt)
    bits: Mapped[float | None]
    copy: Mapped[str | None] = mapped_column(String(8))
    evidence: Mapped[str] = mapped_column(String(32))
    asked: Mapped[bool] = mapped_column(default=True, server_default=true())
    said: Mapped[bool] = mapped_column(default=False, server_default=false())
    near: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True))
    near_evidence: Mapped[str | None] = mapped_column(String(32))
    model_no: Mapped[int]
    found_at: Mapped[datetime] = mapped_column(Moment)

    @property
    def whole_evidence(self) -> str:
        """What a verdict on it answers, parts joined by points."""
        return ".".join(filter(None, (self.evidence, self.near_evidence)))


class NearForm(Model):
    """How answers to choose from are laid out to find near copies: `columns` are (path, choice or null), only ever more. `standard`: what is
    too alike, as measured on `measured` interviews; NULL while there are too few. `stamp` changes with every vector of the form."""

    __tablename__ = "near_form"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "form_id"], ["form.project_id", "form.id"], ondelete="CASCADE"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    columns: Mapped[list[list[str | None]]] = mapped_column(JSON)
    standard: Mapped[dict[str, float] | None] = mapped_column(JSON(none_as_null=True))
    measured: Mapped[int]
    stamp: Mapped[int] = mapped_column(BigInt)


class NearChoice(Model):
    """The number that a choice has in vectors; `h`: a keyed hash of it."""

    __tablename__ = "near_choice"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "form_id"], ["near_form.project_id", "near_form.form_id"], ondelete="CASCADE"
        ),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    form_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    column_no: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[int] = mapped_column(primary_key=True)
    h: Mapped[bytes] = mapped_column(LargeBinary)


class MatchDecision(Model):
    """One verdict, never changed (see sync.decisions). Named by what travels: uid, xmlFormId, instanceIDs. Its reason is a MatchWord."""

    __tablename__ = "dup_decision"
    __table_args__ = (
        Index("ix_dup_decision_pair", "project_id", "xml_form_id", "one", "other"),
        Index("ix_dup_decision_other", "project_id", "xml_form_id", "other"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), primary_key=True)
    xml_form_id: Mapped[str] = mapped_column(String(255))
    one: Mapped[str] = mapped_column(String(255))
    other: Mapped[str] = mapped_column(String(255))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(Moment)


class MatchWord(Model):
    """Why somebody decided so, in their words: about people, so they are erased with either submission."""

    __tablename__ = "dup_word"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "uid"], ["dup_decision.project_id", "dup_decision.uid"]),
        of_submission("one_id"),
        of_submission("other_id"),
        Index("ix_dup_word_one", "project_id", "one_id"),
        Index("ix_dup_word_other", "project_id", "other_id"),
    )
    project_id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    uid: Mapped[str] = mapped_column(String(36), primary_key=True)
    one_id: Mapped[int] = mapped_column(BigInt)
    other_id: Mapped[int] = mapped_column(BigInt)
    body: Mapped[str]
