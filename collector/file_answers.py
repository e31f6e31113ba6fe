"""Handing a stored file of a submission to a browser: never as a page of ours, whatever it is."""

from flask import Response, request, send_file

from collector.archive import safe_file_name
from collector.shown_files import LARGEST_SHOWN, ShownFile, head_of, image_type, small_picture
from config.services import services

# Nothing in the file may run or load anything, even if a browser takes it for a page.
POLICY = "default-src 'none'; sandbox"
FRAME = (
    b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 34 34"><path fill="none" stroke="#6b7976" d="M9 11h16v12H9z'
    b'M9 20l5-4 4 3 3-2 4 3"/><circle cx="20.500" cy="14.500" r="1.500" fill="#6b7976"/></svg>'
)


def stored_file(file: ShownFile) -> Response:
    """The whole file: pictures are shown, everything else is saved."""
    storage = services().storage
    kind = image_type(head_of(storage, file.sha256))
    answer = send_file(
        storage.open(file.sha256),
        mimetype=kind or "application/octet-stream",
        as_attachment=kind is None,
        download_name=safe_file_name(file.name) or "file",
        etag=False,
        max_age=None,
    )
    answer.headers["Content-Length"] = str(file.size)
    return _guarded(answer, file.sha256.hex())


def picture_or_drawing(file: ShownFile) -> Response:
    """A small picture for a list: the one inside the photo, the photo itself when it is light, else a drawn frame."""
    storage = services().storage
    head = head_of(storage, file.sha256)
    kind = image_type(head)
    small = small_picture(head) if kind == "image/jpeg" else None
    if small is not None:
        answer = Response(small, mimetype="image/jpeg")
    elif kind is not None and (file.size or 0) <= LARGEST_SHOWN:
        return stored_file(file)
    else:
        answer = Response(FRAME, mimetype="image/svg+xml")
    return _guarded(answer, f"{file.sha256.hex()}-small")


def _guarded(answer: Response, etag: str) -> Response:
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(etag)
    answer.make_conditional(request)
    return answer
