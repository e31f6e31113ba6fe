"""POSTs to key addresses, which is nearly everything phones send, without the web framework around them.

Flask's routing, contexts and response objects take a third of the CPU of such a request, and a thread for each of them
another half. So forms without files are received many at a time (`KeyLane`), those with files each in its own thread
(`key_lane`): storing a file waits for the disk. Anything unforeseen goes the ordinary way from its beginning: receiving
twice is safe, and errors look the same everywhere.
"""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any, BinaryIO
from urllib.parse import parse_qs

from accounts.app_users import Phone, phone_by_token
from accounts.errors import insufficient_rights
from collector.openrosa_xml import CONTENT_TYPE
from collector.outcomes import Outcome
from collector.phone_access import SUBMIT, access_of_phone
from collector.receiving import Posted, Ready, prepare, program_of, receive_posted, regrets, thanks
from config.gate import Headers
from config.lane import Asked, Prepared
from config.problem import Problem
from config.services import Services

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# In bytes. Most forms without files are a tenth of it.
LONGEST = 64 * 1024
_ADDRESS = re.compile(r"/v1/key/([^/]+)/projects/[0-9]+/submission/?")
PROTOCOL = "HTTP_X_OPENROSA_VERSION"
log = logging.getLogger("relais.receiving")


def key_lane(app: Wsgi, services: Callable[[], Services]) -> Wsgi:
    """`app` with a shorter way in front of it for one POST."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        address = _ADDRESS.fullmatch(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        # What is no phone's request is refused the ordinary way.
        if address is None or environ.get(PROTOCOL) != "1.0":
            return app(environ, start_response)
        try:
            answer = _receive(services(), address[1], environ)
        except Exception:
            # The ordinary way meets the same again, and reports it.
            log.debug("a POST goes the ordinary way", exc_info=True)
            environ["wsgi.input"].seek(0)
            return app(environ, start_response)
        headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [answer.body]

    return serve


class KeyLane:
    """Many at a time; see config.lane.Together."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def takes(self, method: str, path: str, length: int) -> bool:
        """A form of a phone, by its key."""
        return method == "POST" and 0 < length <= LONGEST and _ADDRESS.fullmatch(path) is not None

    def answer(self, asked: Sequence[Asked]) -> list[Prepared | None]:
        """Receive them all in one commit, or as few as the database needs."""
        opened = self._services
        answers: list[Prepared | None] = [None] * len(asked)
        phones: dict[str, Phone] = {}
        ready: list[tuple[int, Phone, Ready]] = []
        for number, each in enumerate(asked):
            if each.headers.get(PROTOCOL.removeprefix("HTTP_")) != "1.0":
                continue
            try:
                language = opened.settings.language
                phone = self._phone(each, phones)
                language = phone.language
                who = access_of_phone(opened.database, phone, SUBMIT)
                prepared = prepare(opened, who, _asked(each), files=False)
                if prepared is not None:
                    ready.append((number, phone, prepared))
            except Problem as problem:
                answers[number] = _answer(opened, problem, language)
            except Exception:
                # The ordinary way meets the same again, and reports it.
                log.debug("a POST goes the ordinary way", exc_info=True)
        outcomes = opened.database.writer.commit_all([each.work for _, _, each in ready])
        for (number, phone, _), outcome in zip(ready, outcomes, strict=True):
            if isinstance(outcome, Problem | Outcome):
                answers[number] = _answer(opened, outcome, phone.language)
        return answers

    def _phone(self, asked: Asked, phones: dict[str, Phone]) -> Phone:
        address = _ADDRESS.fullmatch(asked.path)
        assert address is not None
        token = address[1]
        if token not in phones:
            phones[token] = _phone(self._services, token)
        return phones[token]


def _asked(asked: Asked) -> Posted:
    headers = asked.headers
    return _posted(
        asked.body,
        headers.get("CONTENT_TYPE", ""),
        asked.length,
        asked.query,
        program_of(headers.get("USER_AGENT"), headers.get("ODK_CLIENT")),
    )


def _receive(opened: Services, token: str, environ: dict[str, Any]) -> Prepared:
    language = opened.settings.language
    try:
        phone = _phone(opened, token)
        language = phone.language
        length = environ.get("CONTENT_LENGTH") or ""
        posted = _posted(
            environ["wsgi.input"],
            environ.get("CONTENT_TYPE", ""),
            int(length) if length.isdecimal() else None,
            environ.get("QUERY_STRING", ""),
            program_of(environ.get("HTTP_USER_AGENT"), environ.get("HTTP_ODK_CLIENT")),
        )
        outcome = receive_posted(opened, access_of_phone(opened.database, phone, SUBMIT), posted)
    except Problem as problem:
        return _answer(opened, problem, language)
    return _answer(opened, outcome, language)


def _phone(opened: Services, token: str) -> Phone:
    phone = phone_by_token(opened.database, token)
    if phone is None:
        raise insufficient_rights()
    return phone


def _posted(body: BinaryIO, content_type: str, length: int | None, query: str, user_agent: str | None) -> Posted:
    # Bytes that are not UTF-8 stay percent-encoded, as everywhere else (the handler is Werkzeug's).
    device_id = parse_qs(query, errors="werkzeug.url_quote").get("deviceID", [None])[0]
    return Posted(body, content_type, length, device_id, user_agent)


def _answer(opened: Services, what: Problem | Outcome, language: str) -> Prepared:
    headers: Headers = [
        ("Content-Type", CONTENT_TYPE),
        ("X-OpenRosa-Version", "1.0"),
        ("X-OpenRosa-Accept-Content-Length", str(opened.settings.accept_content_length)),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if isinstance(what, Problem):
        return Prepared(what.status, [*headers, *what.headers.items()], regrets(what, language))
    return Prepared(what.status, headers, thanks(what, language))
