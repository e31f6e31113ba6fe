"""What is decided about a phone's request before its body is read: a 200 MB video should not travel for a refusal."""

import re
import threading
import time
from collections.abc import Mapping
from urllib.parse import unquote

from sqlalchemy.orm import Session

from accounts.app_users import Phone, phone_by_token
from accounts.digest import challenges
from accounts.errors import authentication_failed, insufficient_rights
from accounts.key_addresses import token_in_query
from accounts.models import Server
from collector.errors import body_too_large, no_space
from collector.openrosa import is_phone_path
from collector.openrosa_xml import CONTENT_TYPE, OPENROSA_HEADERS, response
from config.clock import now
from config.errors import BY_STATUS, too_large, unexpected
from config.gate import Headers, Refusal, plain_error
from config.problem import Problem
from config.segments import single_slashes
from config.services import Services

_TOKEN = re.compile(r"/v1/key/([^/]+)/")
# What surrounds the files of a POST: boundaries and part headers of at most 200 parts.
SURROUNDINGS = 1_000_000
# Bytes of everything that is not a submission: workbooks and their media.
OTHER_BODIES = 100_000_000
# While a body is received it may lie on the disk twice: as the server's buffer and as the file made from it.
COPIES = 2
REMEMBERED_SECONDS = 2.0
# 64 characters, each of which may be percent-encoded.
LONGEST_TOKEN = 192


class Door:
    """Asked by the server with the headers of every request that has a body; called in its one I/O thread."""

    def __init__(self, services: Services) -> None:
        self._services = services
        with services.database.reading() as session:
            self._realm = _realm(session)
        self._known: dict[str, tuple[Phone | None, float]] = {}
        self._lock = threading.Lock()

    def __call__(
        self,
        method: str,
        raw_uri: str,
        headers: Mapping[str, str],
        content_length: int,
        client_ip: str,  # noqa: ARG002 - what every gate is told
        scheme: str,
    ) -> Refusal | None:
        raw_path, _, query = raw_uri.partition("?")
        path = single_slashes(raw_path)
        token = _token_of(path, query)
        language = self._services.settings.language
        try:
            problem = self._problem(method, path, token, headers, max(0, content_length))
            if problem is not None and token is not None and (phone := self._phone(token)):
                language = phone.language
        except Problem as outage:
            # The database is away: said now, rather than after a body that nobody could keep.
            problem = outage
        if problem is None:
            return None
        if not is_phone_path(path):
            answer_headers, body = plain_error(path, problem.status)
            return Refusal(problem.status, answer_headers, body)
        return Refusal(problem.status, self._headers(problem, scheme, headers), _body(problem, language))

    def error_page(self, raw_path: str, status: int) -> tuple[Headers, bytes]:
        """Headers and body of an answer the server gives by itself."""
        if not is_phone_path(single_slashes(raw_path.split("?", 1)[0])):
            return plain_error(raw_path, status)
        problem = no_space() if status == 503 else too_large() if status == 413 else BY_STATUS.get(status, unexpected)()
        return [("Content-Type", CONTENT_TYPE), *OPENROSA_HEADERS], _body(problem, self._services.settings.language)

    def _problem(
        self, method: str, path: str, token: str | None, headers: Mapping[str, str], length: int
    ) -> Problem | None:
        settings = self._services.settings
        submission = method == "POST" and path.rstrip("/").endswith("/submission") and is_phone_path(path)
        if submission:
            refused = self._credentials(path, token, headers)
            if refused is not None:
                return refused
        limit = settings.max_file_bytes + settings.max_xml_bytes + SURROUNDINGS if submission else OTHER_BODIES
        if length > limit:
            return body_too_large(limit)
        if self._services.storage.free() < settings.reserve_bytes + COPIES * length:
            return no_space()
        return None

    def _credentials(self, path: str, token: str | None, headers: Mapping[str, str]) -> Problem | None:
        if token is not None:
            return insufficient_rights() if self._phone(token) is None else None
        if path.startswith("/v1/test/") or "authorization" in headers:
            return None  # looked at by the application, which has the right questions at hand
        return authentication_failed()

    def _phone(self, token: str) -> Phone | None:
        # A longer one is nobody's, and is not worth remembering.
        if len(token) > LONGEST_TOKEN:
            return None
        moment = time.monotonic()
        phone, until = self._known.get(token, (None, 0.0))
        if until < moment:
            # The application asks again: a token revoked in these seconds costs a body, nothing more.
            phone = phone_by_token(self._services.database, token)
            with self._lock:
                if len(self._known) > 10_000:
                    self._known.clear()
                self._known[token] = (phone, moment + REMEMBERED_SECONDS)
        return phone

    def _headers(self, problem: Problem, scheme: str, asked: Mapping[str, str]) -> Headers:
        headers: Headers = [("Content-Type", CONTENT_TYPE), *OPENROSA_HEADERS, *problem.headers.items()]
        if problem.status == 401:
            headers += [("WWW-Authenticate", value) for value in challenges(self._realm, self._services.secret, now())]
            claimed = asked.get("x-forwarded-proto") == "https"
            if scheme == "https" or claimed or self._services.settings.insecure_basic:
                headers.append(("WWW-Authenticate", f'Basic realm="{self._realm}", charset="UTF-8"'))
        return headers


def _token_of(path: str, query: str) -> str | None:
    """The token of a key address, or of an address that ends with ?st=…"""
    found = _TOKEN.match(path)
    return unquote(found[1]) if found else token_in_query(query)


def _body(problem: Problem, language: str) -> bytes:
    return response(f"{problem.sentence(language)} (R-{problem.code:g})", "error")


def _realm(session: Session) -> str:
    return session.get_one(Server, 1).realm
