"""What has arrived, as values: nothing here knows a database."""

import hashlib
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID, uuid5

import zstandard

from collector.errors import unusable_file_name
from collector.submission_xml import Envelope, read_envelope

# Namespace of the ids given to plain submissions that carry none (architecture §5, row 15).
UNNAMED = UUID("6f1b6a52-6f0f-5d0b-9d0e-0d7f0f3f6a11")
LIVE = 0
LONGEST_FILE_NAME = 255  # characters; a phone's own filesystem takes no longer one


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a submission whose bytes are already durably stored."""

    name: str
    content_type: str
    sha256: bytes
    md5: str
    size: int


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent it, with what, as far as the server knows (not what the XML claims)."""

    actor_id: int | None
    device_id: str | None
    user_agent: str | None
    training: bool = False


@dataclass(frozen=True, slots=True)
class DraftSpace:
    """The draft a test address leads to; its submissions live apart from the real ones."""

    version_id: int
    form_id: int
    xml_form_id: str


@dataclass(frozen=True)
class Arrival:
    """One instance as it came: its bytes, what they say of themselves, and the files that came along.

    Raises what `read_envelope` does, and Problem 400.8 for a file name that could not be kept.
    """

    project_id: int
    xml: bytes
    sender: Sender
    files: tuple[StoredFile, ...] = ()
    draft: DraftSpace | None = None
    # The name it gets when its XML gives it none; None: one that the same arrival gets again.
    new_id: str | None = None
    envelope: Envelope = field(init=False)
    sha256: bytes = field(init=False)
    instance_id: str = field(init=False)

    def __post_init__(self) -> None:
        if any(len(file.name) > LONGEST_FILE_NAME or "\0" in file.name + file.content_type for file in self.files):
            raise unusable_file_name()
        object.__setattr__(self, "envelope", read_envelope(self.xml))
        object.__setattr__(self, "sha256", hashlib.sha256(self.xml).digest())
        object.__setattr__(self, "instance_id", self.envelope.instance_id or self.new_id or self._made_up_id())

    def _made_up_id(self) -> str:
        facts = (self.envelope.xml_form_id, self.sender.actor_id, self.sender.device_id, self.sha256.hex())
        return f"uuid:{uuid5(UNNAMED, repr(facts))}"

    @property
    def draft_version_id(self) -> int:
        """0 for a live submission."""
        return self.draft.version_id if self.draft else LIVE

    @cached_property
    def encrypted(self) -> dict[str, Any] | None:
        """The parts of an encrypted envelope as they are stored, None for plain answers."""
        parts = self.envelope.encrypted
        if parts is None:
            return None
        return {
            "localKey": parts.local_key,
            "encDataAttachmentName": parts.xml_file,
            "signature": parts.signature,
            "media": list(parts.media_names),
        }


# A compressor serves one thread at a time, and costs more to make than to use.
_threads = threading.local()


def packed(xml: bytes) -> bytes:
    """How the bytes as received are stored."""
    try:
        compressor = _threads.compressor
    except AttributeError:
        compressor = _threads.compressor = zstandard.ZstdCompressor(level=3)
    return compressor.compress(xml)


def unpacked(stored: bytes) -> bytes:
    """The bytes as received."""
    return zstandard.ZstdDecompressor().decompress(stored)
