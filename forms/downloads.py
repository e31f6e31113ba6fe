"""Form definitions, workbooks and form attachments on their way to whoever may have them."""

from flask import Response, request, send_file

from accounts.errors import not_found
from config.api_answers import content_disposition
from config.services import services
from forms.attached import EXACT_TYPE, Attached

# An XForm is XHTML and an attachment anything at all: neither may run as a page of ours, or with one.
HARMLESS = "default-src 'none'; sandbox"


def send_xform(xml: bytes, md5: str) -> Response:
    """The exact bytes whose MD5 lists announce."""
    return _revalidated(Response(xml, content_type="application/xml; charset=utf-8"), md5)


def send_attachment(file: Attached) -> Response:
    """The file in a place, under its name."""
    if file.sha256 is None or file.md5 is None:
        raise not_found()
    return send_stored(file.sha256, file.md5, file.size or 0, file.name, file.content_type or EXACT_TYPE)


def send_stored(sha256: bytes, md5: str, size: int, name: str, content_type: str) -> Response:
    """Stored bytes as a download; they leave through the server's own file sender, so that a slow reader holds no thread."""
    answer = send_file(services().storage.open(sha256), mimetype=content_type, etag=False, max_age=None)
    answer.content_length = size
    answer.headers["Content-Disposition"] = content_disposition(name)
    return _revalidated(answer, md5)


def _revalidated(answer: Response, etag: str) -> Response:
    answer.set_etag(etag)
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = HARMLESS
    answer.make_conditional(request)
    return answer
