"""A POST of one instance as Collect and OkHttp make it: batches, multipart bytes, the message in the answer."""

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass

from tests.handset.client import new_boundary
from tests.handset.instances import Instance, local_name

DEFAULT_LIMIT = 10_000_000
FILES_PER_BATCH = 101
_TYPES = {
    "3gp": "video/3gpp", "amr": "audio/amr", "csv": "text/csv", "gif": "image/gif", "jpeg": "image/jpeg",
    "jpg": "image/jpeg", "m4a": "audio/mp4", "mp3": "audio/mpeg", "mp4": "video/mp4", "oga": "audio/ogg",
    "ogv": "video/ogg", "pdf": "application/pdf", "png": "image/png", "txt": "text/plain", "wav": "audio/x-wav",
    "webm": "video/webm", "webp": "image/webp", "xml": "text/xml", "zip": "application/zip",
}  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """One POST: these files with the XML; `incomplete` when more follow (C44)."""

    files: tuple[tuple[str, bytes], ...]
    incomplete: bool


def batches(instance: Instance, limit: int) -> Iterator[Batch]:
    """The POSTs of one instance; `limit` counts file bytes only, and a batch always takes its first file."""
    waiting = [(name, content) for name, content in instance.files.items() if not name.startswith(".")]
    first = True
    while waiting or first:
        first = False
        taken: list[tuple[str, bytes]] = []
        size = len(instance.xml)
        while waiting:
            taken.append(waiting.pop(0))
            size += len(taken[-1][1])
            if waiting and (len(taken) >= FILES_PER_BATCH or size + len(waiting[0][1]) > limit):
                break
        yield Batch(tuple(taken), bool(waiting))


def multipart(instance: Instance, batch: Batch) -> tuple[str, list[bytes]]:
    """Content-Type and body of a POST (C43); the pieces are written one after the other."""
    boundary = new_boundary()
    pieces = []
    parts = [("xml_submission_file", instance.file_name, "text/xml", instance.xml)]
    parts += [(name, name, content_type(name), content) for name, content in batch.files]
    for name, file_name, kind, content in parts:
        head = f"--{boundary}\r\nContent-Disposition: form-data; name={_quoted(name)}; filename={_quoted(file_name)}"
        pieces += [f"{head}\r\nContent-Type: {kind}\r\n\r\n".encode(), content, b"\r\n"]
    if batch.incomplete:
        pieces.append(f'--{boundary}\r\nContent-Disposition: form-data; name="*isIncomplete*"\r\n\r\nyes\r\n'.encode())
    pieces.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", pieces


def content_type(name: str) -> str:
    """The type Android knows for the extension, else application/octet-stream."""
    return _TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")


def message_in(body: bytes) -> str | None:
    """The sentence the enumerator reads, or None when the body has none Collect recognises (C49)."""
    text = body.decode("utf-8", "replace")
    if "OpenRosaResponse" not in text:
        return None
    try:
        root = ET.fromstring(text)
    except ET.ParseError:
        return None
    return next(((one.text or "") for one in root.iter() if local_name(one) == "message"), None)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A") + '"'
