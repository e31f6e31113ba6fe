"""Encrypted submissions opened on their way into an export, with passphrases somebody has just given.

The plain text exists only in what is being written. What does not open although its key is there (damaged, or sealed for another
key) is left as it is, with the status of a submission nobody opened: one bad file must not cost the others.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased

from collector.answers import flatten
from collector.exported import NOT_DECRYPTED, ExportedSubmission
from collector.masking import Mask, masked
from collector.models import Receipt, ReceiptFile, Submission
from collector.reading import Selection
from collector.submission_xml import parse
from config.problem import Problem
from config.storage import Storage
from forms.errors import undecryptable
from forms.models import EncryptionKey, FormVersion

if TYPE_CHECKING:
    from collector.decryption import Decryptor, SubmissionFiles

PIECE = 1 << 18
ENDING = ".enc"


@dataclass(frozen=True)
class Keys:
    """`asked`: the numbers of the keys somebody gave passphrases for, whether or not such keys are here. As in ODK Central,
    who asks for some gets nothing that needs another. `decryptor`: those that are here and were opened."""

    asked: tuple[int, ...] = ()
    decryptor: "Decryptor | None" = None

    def open(self, key_id: int | None) -> bool:
        """Whether what was encrypted for that key can be read."""
        return self.decryptor is not None and self.decryptor.opens(key_id)

    def condition(self) -> ColumnElement[bool]:
        """Of Submission: its form asked for no encryption, or for a key that was given."""
        current, version = aliased(Receipt), aliased(FormVersion)
        return (
            select(current.id)
            .join(version, (version.project_id == current.project_id) & (version.id == current.form_version_id))
            .where(
                current.project_id == Submission.project_id,
                current.id == Submission.current_receipt_id,
                or_(version.key_id.is_(None), version.key_id.in_(self.asked)),
            )
            .exists()
        )


NO_KEYS = Keys()


def keys_needed(session: Session, selection: Selection) -> list[EncryptionKey]:
    """The keys that encrypted submissions of the selection need, those of exercises too; the newest first."""
    of_form = select(FormVersion.key_id, FormVersion.id).where(
        FormVersion.project_id == selection.project_id,
        FormVersion.form_id == selection.form_id,
        FormVersion.key_id.is_not(None),
    )
    versions: dict[int, list[int]] = {}
    for key_id, version_id in session.execute(of_form):
        versions.setdefault(key_id or 0, []).append(version_id)
    # One found is enough: a form without keys costs nothing, one that is encrypted little.
    needed = [key_id for key_id, ids in versions.items() if _is_used(session, selection, ids)]
    return [session.get_one(EncryptionKey, (selection.project_id, key_id)) for key_id in sorted(needed, reverse=True)]


def _is_used(session: Session, selection: Selection, version_ids: list[int]) -> bool:
    query = (
        select(Submission.id)
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .where(*selection.every(), Receipt.encrypted.is_not(None), Receipt.form_version_id.in_(version_ids))
    )
    return session.scalar(query.limit(1)) is not None


def managed_keys(session: Session, project_id: int, asked: Iterable[int]) -> dict[int, dict[str, str]]:
    """What is sealed of those keys, by number; keys that came with a form have nothing here that could be opened."""
    query = select(EncryptionKey.id, EncryptionKey.sealed).where(
        EncryptionKey.project_id == project_id, EncryptionKey.id.in_(list(asked)), EncryptionKey.managed
    )
    return {row[0]: row[1] or {} for row in session.execute(query)}


def opened_keys(sealed: Mapping[int, Mapping[str, str]], passphrases: Mapping[int, str]) -> Keys:
    """The keys opened; Problem 400.12 if one passphrase is wrong. Takes a twentieth of a second for each."""
    asked = tuple(sorted(passphrases))
    if not sealed:
        return Keys(asked)
    # Read only by who opens something: it costs 12 MB.
    from collector.decryption import Decryptor
    from forms.managed_key import open_managed_key

    keys = {key_id: open_managed_key(parts, passphrases[key_id]) for key_id, parts in sealed.items()}
    return Keys(asked, Decryptor(keys))


@dataclass(frozen=True, slots=True)
class Lock:
    """How a file was encrypted: for which key, by which envelope (its ids as phones wrote them), at which place of it."""

    key_id: int | None
    form_id: str
    version: str
    instance_id: str
    envelope: Mapping[str, Any]
    place: int

    @property
    def local_key(self) -> str:
        """The submission's own key, sealed."""
        return str(self.envelope["localKey"])

    @property
    def media(self) -> list[str]:
        """Names of the files besides the submission, in their places."""
        return list(self.envelope["media"])

    @property
    def submission(self) -> str:
        """Name of the file with the submission itself."""
        return str(self.envelope["encDataAttachmentName"])


# What `lock_of` needs of a receipt.
LOCKED = (
    Receipt.encrypted,
    Receipt.xml_form_id,
    Receipt.form_version,
    Receipt.instance_id.label("version_instance_id"),
    Receipt.form_version_id,
)


def lock_of(row: Any, name: str, key_id: int | None) -> Lock:
    """The lock of a file of an envelope (a row with LOCKED); the submission itself comes behind the media."""
    media = row.encrypted["media"]
    place = media.index(name) if name in media else len(media)
    return Lock(key_id, row.xml_form_id, row.form_version, row.version_instance_id, row.encrypted, place)


def key_ids(session: Session, project_id: int, version_ids: set[int | None]) -> dict[int | None, int | None]:
    """The key of each form version."""
    query = select(FormVersion.id, FormVersion.key_id).where(
        FormVersion.project_id == project_id, FormVersion.id.in_(version_ids)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def locked_answers(
    session: Session, project_id: int, page: Iterable[ExportedSubmission], keys: Keys
) -> dict[int, tuple[bytes, Lock]]:
    """(SHA-256, lock) of the encrypted answers of each submission of a page that the keys open."""
    wanted = [each.row.id for each in page if each.row.status == NOT_DECRYPTED]
    if not wanted:
        return {}
    query = (
        select(Submission.id, *LOCKED, ReceiptFile.name, ReceiptFile.sha256)
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .join(ReceiptFile, (ReceiptFile.project_id == Receipt.project_id) & (ReceiptFile.receipt_id == Receipt.id))
        .where(
            Submission.project_id == project_id,
            Submission.id.in_(wanted),
            Receipt.encrypted.is_not(None),
            ReceiptFile.current,
        )
    )
    rows = [row for row in session.execute(query) if row.name == row.encrypted["encDataAttachmentName"]]
    versions = key_ids(session, project_id, {row.form_version_id for row in rows})
    return {
        row.id: (row.sha256, lock_of(row, row.name, versions.get(row.form_version_id)))
        for row in rows
        if keys.open(versions.get(row.form_version_id))
    }


@dataclass
class Opener:
    """Opens files one after the other; those of one submission share the slow part."""

    storage: Storage
    keys: Keys
    largest_xml: int
    _last: "tuple[str, str, SubmissionFiles] | None" = None

    def submission(self, each: ExportedSubmission, sha256: bytes, lock: Lock, mask: Mask) -> ExportedSubmission:
        """The submission with its answers; as it was if they cannot be read."""
        try:
            with self.storage.open(sha256) as file:
                content = file.read(self.largest_xml + 1)
            if len(content) > self.largest_xml:
                return each
            root = parse(self._files(lock).read(content, lock.place))
        except Problem:
            return each
        tables = masked(flatten(root, each.definition), each.definition, mask)
        return ExportedSubmission(each.row._replace(status=None), each.definition, tables)

    def file(self, sha256: bytes, lock: Lock, name: str) -> tuple[str, Iterator[bytes]]:
        """What the file was called on the phone, and its bytes; as it came if it cannot be read."""
        try:
            files = self._files(lock)
            with self.storage.open(sha256) as file:
                whole = files.ends_well(file, lock.place)
        except Problem:
            whole = False
        if not whole:
            return name, self._pieces(sha256, None, lock)
        plain = name[: -len(ENDING)] if name.lower().endswith(ENDING) else name
        return plain, self._pieces(sha256, files, lock)

    def signed(self, lock: Lock) -> bytes:
        """The hash that the phone signed; Problem 400.12 when it cannot be read."""
        if self.keys.decryptor is None or lock.key_id is None:
            raise undecryptable()
        return self.keys.decryptor.signed(lock.key_id, str(lock.envelope["signature"]))

    def _pieces(self, sha256: bytes, files: "SubmissionFiles | None", lock: Lock) -> Iterator[bytes]:
        with self.storage.open(sha256) as file:
            if files is not None:
                yield from files.stream(file, lock.place)
            else:
                yield from iter(lambda: file.read(PIECE), b"")

    def _files(self, lock: Lock) -> "SubmissionFiles":
        last = self._last
        if last is not None and last[:2] == (lock.local_key, lock.instance_id):
            return last[2]
        if self.keys.decryptor is None or lock.key_id is None:
            raise undecryptable()
        files = self.keys.decryptor.files(lock.key_id, lock.local_key, lock.instance_id)
        self._last = (lock.local_key, lock.instance_id, files)
        return files
