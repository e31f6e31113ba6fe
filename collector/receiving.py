"""One POST of a phone, from its bytes to what it hears. Knows no web framework: two doors lead here (openrosa.py, key_lane.py)."""

from dataclasses import dataclass
from typing import BinaryIO

from accounts.errors import insufficient_rights
from collector.arrival import Arrival, Sender, StoredFile
from collector.classify import Rules
from collector.errors import no_space
from collector.intake import Receive
from collector.multipart_body import read_submission
from collector.openrosa_xml import response
from collector.outcomes import Answer, Outcome
from collector.phone_access import Access
from collector.upload_part import Part
from config.problem import Problem
from config.services import Services
from config.statements import Statement

TEXT_LIMIT = 255


# Deleted ones too: what a phone still holds for them is kept (C97).
_FORMS = Statement("SELECT id FROM form WHERE project_id = ? AND xml_form_id = ?")


@dataclass(frozen=True, slots=True)
class Posted:
    """What a request brings: its body, and what the phone says of itself."""

    body: BinaryIO
    content_type: str
    content_length: int | None
    device_id: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class Ready:
    """An arrival whose files are stored and which may be committed."""

    work: Receive


def program_of(user_agent: str | None, client: str | None) -> str | None:
    """What a sender says it is; a library says so beside its transport, in `ODK-Client`."""
    return f"{client or ''} {user_agent or ''}".strip() or None


def receive_posted(opened: Services, who: Access, posted: Posted) -> Outcome:
    """Receive one instance, or one batch of its files (C43-C59); returns once it is committed to disk, or raises a Problem."""
    ready = prepare(opened, who, posted)
    assert ready is not None
    answer: Answer = opened.database.writer.commit(ready.work)
    if isinstance(answer, Problem):
        raise answer
    return answer


def prepare(opened: Services, who: Access, posted: Posted, *, files: bool = True) -> Ready | None:
    """Everything before the commit. Without `files`: None, and nothing stored, for one that brings any."""
    settings = opened.settings
    if opened.storage.free() < settings.reserve_bytes + (posted.content_length or 0):
        raise no_space()
    with read_submission(
        posted.body,
        posted.content_type,
        posted.content_length,
        spool=settings.temporary,
        max_xml=settings.max_xml_bytes,
        max_file=settings.max_file_bytes,
    ) as upload:
        if upload.files and not files:
            return None
        sender = Sender(who.actor_id, _short(posted.device_id), _short(posted.user_agent), who.training)
        # Parsed before any file is stored: what cannot be received leaves nothing behind.
        arrival = Arrival(who.project_id, upload.xml, sender, tuple(map(_promised, upload.files)), who.draft)
        _require_right(opened, who, arrival.envelope.xml_form_id)
        for part in upload.files:
            opened.storage.put(part.sha256, part.path or part.content or b"")
    rules = Rules(who.late or settings.late, settings.conflict_limit, settings.conflict_quota)
    return Ready(Receive(arrival, rules, opened.secret))


def _require_right(opened: Services, who: Access, xml_form_id: str) -> None:
    """Problem 403.1 for a form that was not given to this sender; one that is not here yet is given to nobody."""
    if who.forms is None or who.draft is not None:
        return
    rows = opened.database.look_up(_FORMS, (who.project_id, xml_form_id))
    if rows and not any(who.may_use(row[0]) for row in rows):
        raise insufficient_rights()


def thanks(outcome: Outcome, language: str) -> bytes:
    """The body of a success: a sentence, and the end of the id, short enough to be read aloud."""
    return response(f"{outcome.sentence(language)} ({outcome.instance_id[-4:].upper()})", "submit_success")


def regrets(problem: Problem, language: str) -> bytes:
    """The body of a problem as a phone reads it (C47, C49): one sentence, and a short number to quote."""
    return response(f"{problem.sentence(language)} (R-{problem.code:g})", "error")


def _promised(part: Part) -> StoredFile:
    return StoredFile(part.name, part.content_type[:TEXT_LIMIT], part.sha256, part.md5.hex(), part.size)


def _short(text: str | None) -> str | None:
    # PostgreSQL has no such character, and a phone that cannot send is worse than one with an odd name.
    return text.replace("\0", "")[:TEXT_LIMIT] if text else None
