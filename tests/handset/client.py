"""One phone's HTTP client: Collect's headers, credentials, cache, redirects and repeats, in OkHttp's order."""

import gzip
import ssl
import time
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urljoin, urlsplit

from tests.handset.authentication import Authenticator, Credentials
from tests.handset.cache import Cache
from tests.handset.contract import ContractBroken, demand
from tests.handset.wire import HeaderList, Response, Wire, origin_of

USER_AGENT = "org.odk.collect.android/v2026.3.0 Dalvik/2.1.0 (Linux; U; Android 13; SM-A047F Build/TP1A.220624.014)"
MOST_FOLLOW_UPS = 20


def date_header(seconds: float) -> str:
    """The Date Collect sends: a 12-hour clock without am or pm (C74)."""
    return time.strftime("%a, %d %b %Y %I:%M:%S GMT", time.gmtime(seconds))


@dataclass(frozen=True)
class Request:
    """One request before the transport adds its own headers."""

    method: str
    url: str
    body: Sequence[bytes] = ()
    content_type: str | None = None
    authorization: str | None = None


class Client:
    """Performs whole calls: what comes back is what Collect's code would see."""

    def __init__(
        self, server_url: str, credentials: Credentials, ssl_context: ssl.SSLContext | None, read_seconds: float
    ) -> None:
        self.wire = Wire(ssl_context, read_seconds)
        self._host = urlsplit(server_url).hostname
        self._credentials = credentials
        self._sessions: dict[tuple[str, bool], tuple[Authenticator, Cache]] = {}

    def call(self, method: str, url: str, body: Sequence[bytes] = (), content_type: str | None = None) -> Response:
        """The final answer to a request; OSError or http.client.HTTPException when there is none."""
        authenticator, cache = self._session(url)
        plain = Request(method, url, body, content_type)
        cached = authenticator.preemptive(method, url)
        response = self._follow(replace(plain, authorization=cached), authenticator, cache)
        if cached is not None and response.status == 401 and authenticator.forget(url):
            return self._follow(plain, authenticator, cache)
        return response

    def restart(self) -> None:
        """What an app restart forgets: connections and cached credentials; the disk cache stays."""
        self.wire.close()
        for key, (_, cache) in list(self._sessions.items()):
            self._sessions[key] = (Authenticator(self._credentials_for(key)), cache)

    def _session(self, url: str) -> tuple[Authenticator, Cache]:
        key = (urlsplit(url).scheme, urlsplit(url).hostname == self._host)
        if key not in self._sessions:
            self._sessions[key] = (Authenticator(self._credentials_for(key)), Cache())
        return self._sessions[key]

    def _credentials_for(self, key: tuple[str, bool]) -> Credentials:
        return self._credentials if key[1] else Credentials()  # C81

    def _follow(self, request: Request, authenticator: Authenticator, cache: Cache) -> Response:
        previous = 0
        for _ in range(MOST_FOLLOW_UPS + 1):
            response = self._through_cache(request, cache)
            following = _follow_up(request, response, authenticator, previous)
            if following is None:
                return response
            request, previous = following, response.status
        raise OSError(f"more than {MOST_FOLLOW_UPS} redirects and repeats at {request.url}")

    def _through_cache(self, request: Request, cache: Cache) -> Response:
        headers = _headers(request)
        if request.method != "GET":
            return _unzipped(self.wire.exchange(request.method, request.url, headers, request.body))
        stored = cache.fresh(request.url, headers)
        if stored is not None:
            return stored
        condition = cache.condition(request.url, headers)
        sent = headers if condition is None else (*headers, condition)
        response = _unzipped(self.wire.exchange("GET", request.url, sent, ()))
        demand(response.status != 304 or condition, "C20", f"304 to an unconditional GET of {request.url}")
        return cache.settle(request.url, headers, response)


def new_boundary() -> str:
    """A multipart boundary as OkHttp makes it."""
    return str(uuid.uuid4())


def _headers(request: Request) -> HeaderList:
    scheme, host, port = origin_of(request.url)
    named = host if port == (443 if scheme == "https" else 80) else f"{host}:{port}"
    headers = [("User-Agent", USER_AGENT), ("X-OpenRosa-Version", "1.0"), ("Date", date_header(time.time()))]
    if request.authorization:
        headers.append(("Authorization", request.authorization))
    if request.content_type:
        headers.append(("Content-Type", request.content_type))
    if request.method == "POST":
        headers.append(("Content-Length", str(sum(map(len, request.body)))))
    return (*headers, ("Host", named), ("Connection", "Keep-Alive"), ("Accept-Encoding", "gzip"))


def _unzipped(response: Response) -> Response:
    encoding = (response.header("Content-Encoding") or "").lower()
    if not encoding or encoding == "identity" or not response.body:
        return response
    demand(encoding == "gzip", "C5", f"Content-Encoding {encoding} from {response.url}, the phone knows gzip only")
    try:
        body = gzip.decompress(response.body)
    except (OSError, EOFError, zlib.error) as failure:
        raise ContractBroken("C5", f"damaged gzip from {response.url}") from failure
    kept = tuple(pair for pair in response.headers if pair[0].lower() not in {"content-encoding", "content-length"})
    return replace(response, headers=kept, body=body)


def _follow_up(request: Request, response: Response, authenticator: Authenticator, previous: int) -> Request | None:
    if response.status == 401:
        value = authenticator.answer(request.method, request.url, request.authorization, response)
        return replace(request, authorization=value) if value else None
    if response.status in {300, 301, 302, 303, 307, 308}:
        return _redirected(request, response)
    if response.status == 408 and previous != 408:  # C76
        return request
    if response.status == 503 and previous != 503 and response.header("Retry-After") == "0":
        return request
    return None


def _redirected(request: Request, response: Response) -> Request | None:
    location = response.header("Location")
    if location is None:
        return None
    url = urljoin(request.url, location)
    if urlsplit(url).scheme not in {"http", "https"}:
        return None
    if request.method == "POST" and response.status not in {307, 308}:
        raise ContractBroken("C72", f"POST redirected with {response.status}: the phone would GET {url} instead")
    same = origin_of(url) == origin_of(request.url)
    return replace(request, url=url, authorization=request.authorization if same else None)
