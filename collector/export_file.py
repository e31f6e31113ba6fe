"""A kept export as an answer to a request."""

from flask import Response, send_file

from accounts.errors import not_found
from collector.exports import formats
from collector.held_keys import path_of
from collector.models_exports import StoredExport
from config.api_answers import content_disposition
from config.clock import now
from config.settings import Settings


def file_answer(settings: Settings, stored: StoredExport) -> Response:
    """The file, or the part of it that the reader asks for (Range); Problem 404.1 when it is not kept (any more)."""
    path = path_of(settings, stored.project_id, stored.id)
    if stored.status != "done" or stored.expires_at is None or stored.expires_at <= now() or not path.is_file():
        raise not_found()
    kind = formats()[stored.request["format"]]
    answer = send_file(path, mimetype=kind.mimetype, conditional=True, etag=stored.sha256 or False)
    # What had been encrypted is not to lie in the reader's cache.
    answer.headers["Cache-Control"] = "private, no-store" if "keys" in stored.request else "private, no-cache"
    answer.headers["Content-Disposition"] = content_disposition(stored.file_name or path.name)
    return answer
