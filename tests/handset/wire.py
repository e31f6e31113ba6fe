"""HTTP/1.1 as OkHttp puts it on the wire: header order, keep-alive pool, repeat on a dead pooled connection."""

import http.client
import select
import ssl
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.handset.link import Fate, Link, LinkBroken

CONNECT_SECONDS = 30.0
READ_SECONDS = 60.0
IDLE_SECONDS = 300.0
SMALL = 65536
Origin = tuple[str, str, int]
HeaderList = tuple[tuple[str, str], ...]


def origin_of(url: str) -> Origin:
    """(scheme, host, port) of an absolute URL."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def target_of(url: str) -> str:
    """Raw path and query of a URL, undecoded: the request target, and the `uri` of Digest (C84)."""
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True)
class Response:
    """One answer; `body` is already ungzipped, `url` is where it came from after redirects."""

    status: int
    reason: str
    headers: HeaderList
    body: bytes
    url: str

    def header(self, name: str) -> str | None:
        """The last value of a header, names compared without case, or None."""
        values = self.header_values(name)
        return values[-1] if values else None

    def header_values(self, name: str) -> list[str]:
        """All values of a header in the order received."""
        return [value for key, value in self.headers if key.lower() == name.lower()]


@dataclass(frozen=True)
class Exchange:
    """What the phone remembers of one request for tests to look at; `status` is None when no answer came."""

    method: str
    url: str
    headers: HeaderList
    size: int
    status: int | None
    seconds: float


class _Counting(http.client.HTTPConnection):
    """A connection that stops for good after `budget` more bytes have been sent."""

    budget: int | None = None
    idle_since = 0.0
    answered = False

    def send(self, data: object) -> None:
        payload = bytes(data)  # type: ignore[call-overload]
        if self.budget is not None and len(payload) >= self.budget:
            super().send(payload[: self.budget])
            raise LinkBroken("the link went down while the request was being sent")
        if self.budget is not None:
            self.budget -= len(payload)
        super().send(payload)


class _CountingTls(_Counting, http.client.HTTPSConnection):
    """The same over TLS."""


class Wire:
    """The connections of one phone. Thread-safe; every connection serves one request at a time."""

    def __init__(self, ssl_context: ssl.SSLContext | None = None, read_seconds: float = READ_SECONDS) -> None:
        self.link: Link = Link()
        self.exchanges: deque[Exchange] = deque(maxlen=2000)
        self._ssl = ssl_context
        self._read_seconds = read_seconds
        self._idle: dict[Origin, list[_Counting]] = {}
        self._lock = threading.Lock()

    def exchange(self, method: str, url: str, headers: Iterable[tuple[str, str]], body: Sequence[bytes]) -> Response:
        """Send one request and read its answer; OSError or http.client.HTTPException when none came.

        A connection from the pool that proves dead is replaced once and the request repeated (C77), POST too.
        """
        sent = tuple(headers)
        size = sum(map(len, body))
        fate = self.link.fate(method, size)
        started = time.monotonic()
        status = None
        try:
            response = self._with_repeat(method, url, sent, body, fate)
            status = response.status
            return response
        finally:
            self.exchanges.append(Exchange(method, url, sent, size, status, time.monotonic() - started))

    def close(self) -> None:
        """Close what is idle, as when the app is killed."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def _with_repeat(self, method: str, url: str, headers: HeaderList, body: Sequence[bytes], fate: Fate) -> Response:
        connection = self._take(origin_of(url))
        try:
            return self._once(connection, method, url, headers, body, fate)
        except (LinkBroken, TimeoutError):
            raise
        except (OSError, http.client.HTTPException):
            if not connection.answered:
                raise
        return self._once(self._open(origin_of(url)), method, url, headers, body, fate)

    def _once(
        self, connection: _Counting, method: str, url: str, headers: HeaderList, body: Sequence[bytes], fate: Fate
    ) -> Response:
        try:
            connection.budget = fate.cut_after
            refusal = self._send(connection, method, url, headers, body)
            if fate.hang_up or fate.lose_answer:
                if fate.lose_answer and connection.sock is not None:
                    select.select([connection.sock], [], [], self._read_seconds)
                raise LinkBroken("the link went down before the answer was read")
            try:
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException) as failure:
                raise refusal or failure from failure
        except BaseException:
            connection.close()
            raise
        response = Response(answer.status, answer.reason, tuple(answer.headers.items()), content, url)
        if refusal is None and not answer.will_close:
            connection.answered = True
            self._give_back(origin_of(url), connection)
        else:
            connection.close()
        return response

    @staticmethod
    def _send(
        connection: _Counting, method: str, url: str, headers: HeaderList, body: Sequence[bytes]
    ) -> OSError | None:
        """Send head and body. A server that answers at header time and closes makes the write fail: OkHttp then still
        looks for the answer, so the failure is returned instead of raised."""
        connection.putrequest(method, target_of(url), skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        try:
            for piece in body if sum(map(len, body)) > SMALL else [b"".join(body)]:
                connection.send(piece)
        except (LinkBroken, TimeoutError):
            raise
        except OSError as failure:
            return failure
        return None

    def _take(self, origin: Origin) -> _Counting:
        with self._lock:
            while pooled := self._idle.get(origin):
                connection = pooled.pop()
                if time.monotonic() - connection.idle_since < IDLE_SECONDS and not _hung_up(connection):
                    return connection
                connection.close()
        return self._open(origin)

    def _open(self, origin: Origin) -> _Counting:
        scheme, host, port = origin
        if scheme == "https":
            connection: _Counting = _CountingTls(host, port, timeout=CONNECT_SECONDS, context=self._ssl)
        else:
            connection = _Counting(host, port, timeout=CONNECT_SECONDS)
        connection.connect()
        assert connection.sock is not None
        connection.sock.settimeout(self._read_seconds)
        return connection

    def _give_back(self, origin: Origin, connection: _Counting) -> None:
        connection.idle_since = time.monotonic()
        with self._lock:
            self._idle.setdefault(origin, []).append(connection)


def _hung_up(connection: _Counting) -> bool:
    """Whether an idle connection has something to read, which can only be the end of it."""
    return connection.sock is None or bool(select.select([connection.sock], [], [], 0)[0])
