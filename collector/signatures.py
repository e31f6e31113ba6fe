"""Whether what was opened is what the phone signed: each envelope carries a hash of its submission and of all its files.

In ODK's scheme a file can be altered bit by bit without its key; only this hash tells. It is compared while the files are on
their way out, so nothing is read twice but audit logs and submissions, which are small.
"""

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from collector.stored_files import FileOfSubmission
from collector.unlocking import ENDING, Lock, Opener
from config.problem import Problem

MOST_NAMED = 100
log = logging.getLogger("relais.exports")


@dataclass
class Signatures:
    """What was found of the encrypted submissions of an export. `differing` names the first of the `wrong` ones by instanceID;
    `unknown`: something is missing or does not open, so that nothing can be said."""

    right: int = 0
    wrong: int = 0
    unknown: int = 0
    differing: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The facts, for a passport."""
        return {"right": self.right, "wrong": self.wrong, "unknown": self.unknown, "differing": self.differing}


class Check:
    """Follows the files of an export, which come submission by submission."""

    def __init__(self, opener: Opener, found: Signatures) -> None:
        self._opener = opener
        self._found = found
        self._lock: Lock | None = None
        self._md5s: dict[int, str] = {}

    def turn_to(self, file: FileOfSubmission | None) -> None:
        """The next file; None behind the last."""
        lock = file.lock if file else None
        if self._lock is not None and (lock is None or lock.instance_id != self._lock.instance_id):
            self._judge(self._lock)
            self._md5s = {}
        self._lock = lock

    def followed(self, lock: Lock, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The opened bytes of a file on their way out."""
        md5 = hashlib.md5(usedforsecurity=False)
        for piece in pieces:
            md5.update(piece)
            yield piece
        self._md5s[lock.place] = md5.hexdigest()

    def read(self, file: FileOfSubmission) -> None:
        """A file that does not go out here."""
        assert file.lock is not None
        name, pieces = self._opener.file(file.sha256, file.lock, file.name)
        if name != file.name:
            for _ in self.followed(file.lock, pieces):
                pass

    def _judge(self, lock: Lock) -> None:
        names = [*lock.media, lock.submission]
        if len(self._md5s) < len(names):
            self._found.unknown += 1
            return
        hashed = [f"{name.removesuffix(ENDING)}::{self._md5s[place]}" for place, name in enumerate(names)]
        # Without a version Collect signs none, or an empty one.
        versions = [[lock.version]] if lock.version else [[], [""]]
        sources = [[lock.form_id, *version, lock.local_key, lock.instance_id, *hashed] for version in versions]
        try:
            signed = self._opener.signed(lock)
        except Problem:
            self._found.unknown += 1
            return
        if any(hashlib.md5(_text(source), usedforsecurity=False).digest() == signed for source in sources):
            self._found.right += 1
            return
        self._found.wrong += 1
        if len(self._found.differing) < MOST_NAMED:
            self._found.differing.append(lock.instance_id)
        log.warning("signature of an encrypted submission differs: %s", lock.instance_id)


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
