"""The files of an arrival as pages show them, and how a browser may have them."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from collector.models import ReceiptFile
from config.storage import Storage
from forms.models import Blob

# Only these are shown by the browser itself, known by their first bytes and not by what the phone called them: an SVG or
# an HTML page named photo.jpg would run as ours.
_SIGNATURES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
HEAD = 64 * 1024
# A picture without a small one inside is shown in the list only when it is small itself: pages are read over 2G too.
LARGEST_SHOWN = 100_000


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file that has come, or (size None) is still to come. `carried`: it came with an earlier version."""

    name: str
    size: int | None
    expected: bool
    carried: bool
    sha256: bytes = b""
    content_type: str = ""

    @property
    def picture(self) -> bool:
        """Whether the phone called it one; what it really is shows when it is opened."""
        return self.content_type.startswith("image/")


def files_shown(session: Session, project_id: int, receipt_id: int, expected: list[str]) -> list[ShownFile]:
    """Those the answers name, in their order, then what came besides."""
    rows = session.execute(
        select(ReceiptFile.name, Blob.size, ReceiptFile.carried_from, ReceiptFile.sha256, ReceiptFile.content_type)
        .join(Blob, (Blob.project_id == ReceiptFile.project_id) & (Blob.sha256 == ReceiptFile.sha256))
        .where(ReceiptFile.project_id == project_id, ReceiptFile.receipt_id == receipt_id, ReceiptFile.current)
        .order_by(ReceiptFile.name)
    )
    here = {
        name: ShownFile(name, size, name in expected, carried is not None, sha256, content_type)
        for name, size, carried, sha256, content_type in rows
    }
    named = [here.get(name) or ShownFile(name, None, True, False) for name in expected]
    return named + [file for name, file in here.items() if name not in expected]


def image_type(head: bytes) -> str | None:
    """The type of a picture browsers show, by its first bytes; None for everything else."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), None)


def head_of(storage: Storage, sha256: bytes) -> bytes:
    """The first bytes of a stored file, enough to tell what it is and to find the small picture inside a photo."""
    with storage.open(sha256) as file:
        return file.read(HEAD)


def small_picture(head: bytes) -> bytes | None:
    """The small JPEG that cameras put into the Exif part of a photo (Exif 2.32, 4.6.5: IFD1); None without one."""
    place = 2
    while head[place : place + 1] == b"\xff" and place + 4 <= len(head):
        marker, length = head[place + 1], int.from_bytes(head[place + 2 : place + 4], "big")
        segment = head[place + 4 : place + 2 + length]
        if marker == 0xE1 and segment.startswith(b"Exif\0\0"):
            return _picture_in_exif(segment[6:])
        if marker == 0xDA:
            return None
        place += 2 + max(length, 2)
    return None


def _picture_in_exif(tiff: bytes) -> bytes | None:
    order = {b"II": "little", b"MM": "big"}.get(tiff[:2])
    if order is None:
        return None

    def number(at: int, size: int) -> int:
        return int.from_bytes(tiff[at : at + size], "little" if order == "little" else "big")

    first = number(4, 4)
    second = number(first + 2 + 12 * number(first, 2), 4)
    if not 0 < second < len(tiff):
        return None
    tags = {
        number(at, 2): number(at + 8, 4) for at in range(second + 2, second + 2 + 12 * min(number(second, 2), 64), 12)
    }
    start, length = tags.get(0x0201, 0), tags.get(0x0202, 0)
    picture = tiff[start : start + length]
    return picture if length and len(picture) == length and picture.startswith(b"\xff\xd8\xff") else None
