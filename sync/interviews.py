"""A submission as the rules about interviews see it, read from its answers and its log."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Protocol

from config.storage import Storage
from forms.labels import Labels
from forms.xform import FormDefinition
from sync.rules.audit_log import MOST_BYTES, active_seconds
from sync.rules.interviews import Interview
from sync.rules.interviews.same_place import cell_of
from sync.rules.interviews.straight_lining import LEAST_QUESTIONS

AUDIT = "audit.csv"
DEVICE, STARTS, ENDS = "deviceid", ("start", "starttime"), ("end", "endtime")
SUBJECT = ("household", "person_id", "name", "phone")

Answers = Mapping[str, str | None]
Roles = Mapping[str, str]


class Sent(Protocol):
    """A submission, as far as it says who sent it."""

    @property
    def id(self) -> int: ...

    @property
    def device_id(self) -> str | None: ...

    @property
    def submitter_id(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Names:
    """Turns names into numbers that only the installation's key connects with them: people and phones by one number in all of a project,
    places by another on each form."""

    project_id: int
    form_id: int
    secret: bytes

    def number(self, kind: str, text: str) -> int:
        """A signed 64-bit keyed hash."""
        scope = f"{self.project_id}/{self.form_id}" if kind == "cell" else str(self.project_id)
        said = f"{scope}\0{kind}\0{text}".encode()
        return int.from_bytes(
            blake2b(said, digest_size=8, key=self.secret[:64], person=b"seen").digest(), "big", signed=True
        )


def grids_of(definition: FormDefinition, labels: Labels) -> dict[str, list[str]]:
    """The grids of a form: five questions and more of one group that offer the same choices, by the path of the first."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for field in definition.fields:
        choices = labels.choices_of(field.path)
        if field.table_no == 0 and field.column_no is not None and len(choices) > 1 and not field.multiple:
            found.setdefault((field.path.rpartition("/")[0], tuple(choices)), []).append(field.path)
    return {paths[0]: paths for paths in found.values() if len(paths) >= LEAST_QUESTIONS}


def read_interview(
    submission: Sent,
    answers: Answers,
    roles: Roles,
    grids: Mapping[str, list[str]],
    facts: tuple[int, float | None],
) -> Interview:
    """What the answers say; `facts`: how many answers there are, and the seconds its log adds up to."""
    place, accuracy = place_of(answers, roles)
    return Interview(
        number=submission.id,
        enumerator=who_of(submission, answers, roles),
        device=submission.device_id or (answers.get(f"/{DEVICE}") or "").strip(),
        start=_moment(answers, STARTS),
        end=_moment(answers, ENDS),
        active_seconds=facts[1],
        answered=facts[0],
        place=place,
        accuracy=accuracy,
        subject=subject_of(answers, roles),
        grids={name: [answers.get(path) or None for path in paths] for name, paths in grids.items()},
    )


def who_of(submission: Sent, answers: Answers, roles: Roles) -> str:
    """Who made the interview: as its answers say, else whose phone sent it."""
    said = _with_roles(answers, roles, ("enumerator",))
    return said or (f"\0{submission.submitter_id}" if submission.submitter_id is not None else "")


def subject_of(answers: Answers, roles: Roles) -> str:
    """Who or what it is about."""
    return _with_roles(answers, roles, SUBJECT)


def place_of(answers: Answers, roles: Roles) -> tuple[tuple[float, float] | None, float | None]:
    """Where it was, and how well the phone knew."""
    for path, role in roles.items():
        if role == "gps":
            parts = (answers.get(path) or "").split()
            try:
                north, east, *more = (float(part) for part in parts[:4])
            except ValueError:
                continue
            if abs(north) <= 90 and abs(east) <= 180 and (north, east) != (0.0, 0.0):
                return (north, east), more[1] if len(more) > 1 else None
    return None, None


def cells_around(place: tuple[float, float]) -> list[str]:
    """The cell of a place, and those beside it."""
    north, east = cell_of(place)
    beside = (0, 1, -1)
    return [f"{north + up} {east + right}" for up in beside for right in beside]


def seconds_in_log(storage: Storage, sha256: bytes) -> float | None:
    """What the log of a submission adds up to."""
    try:
        with storage.open(sha256) as file:
            return active_seconds(file.read(MOST_BYTES))
    except OSError:
        # The file is lost; the check of stored files says so.
        return None


def _with_roles(answers: Answers, roles: Roles, wanted: tuple[str, ...]) -> str:
    said = [(answers.get(path) or "").strip().casefold() for path, role in roles.items() if role in wanted]
    return "\0".join(said) if any(said) else ""


def _moment(answers: Answers, names: tuple[str, ...]) -> datetime | None:
    for name in names:
        try:
            moment = datetime.fromisoformat((answers.get(f"/{name}") or "").strip())
        except ValueError:
            continue
        if moment.tzinfo is not None:
            try:
                return moment.astimezone(UTC)
            except OverflowError:
                continue
    return None


def at_second(seconds: int | None) -> datetime | None:
    """A moment from whole seconds since 1970."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
