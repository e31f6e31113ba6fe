"""OkHttp's disk cache as far as a server can notice it (C20): revalidation, `max-age`, and its `Date` fallback."""

import re
import time
from dataclasses import dataclass, field, replace

from tests.handset.wire import HeaderList, Response

_CONTENT_HEADERS = {"content-encoding", "content-length", "content-type"}


@dataclass
class _Entry:
    response: Response
    varying: dict[str, str | None]
    stored_at: float = field(default_factory=time.monotonic)


class Cache:
    """GET answers of one set of credentials, by URL."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    def fresh(self, url: str, headers: HeaderList) -> Response | None:
        """The stored answer when `max-age` lets it be used without asking; deviceID in every URL rules guesses out."""
        entry = self._usable(url, headers)
        if entry is None:
            return None
        directives = (entry.response.header("Cache-Control") or "").lower()
        age = re.search(r"max-age=(\d+)", directives)
        if age is None or "no-cache" in directives:
            return None
        return entry.response if time.monotonic() - entry.stored_at < int(age[1]) else None

    def condition(self, url: str, headers: HeaderList) -> tuple[str, str] | None:
        """The conditional header for a stored answer, or None."""
        entry = self._usable(url, headers)
        if entry is None:
            return None
        if etag := entry.response.header("ETag"):
            return "If-None-Match", etag
        since = entry.response.header("Last-Modified") or entry.response.header("Date")
        return ("If-Modified-Since", since) if since else None

    def settle(self, url: str, headers: HeaderList, response: Response) -> Response:
        """What the app sees: a 304 becomes the stored 200 with renewed headers, a 200 is stored."""
        if response.status == 304 and (entry := self._usable(url, headers)):
            renewed = {name.lower() for name, _ in response.headers} - _CONTENT_HEADERS
            kept = [pair for pair in entry.response.headers if pair[0].lower() not in renewed]
            added = [pair for pair in response.headers if pair[0].lower() in renewed]
            response = replace(entry.response, headers=(*kept, *added))
        if response.status == 200:
            self._store(url, headers, response)
        return response

    def _store(self, url: str, headers: HeaderList, response: Response) -> None:
        vary = [name.strip().lower() for name in (response.header("Vary") or "").split(",") if name.strip()]
        if "no-store" in (response.header("Cache-Control") or "").lower() or "*" in vary:
            self._entries.pop(url, None)
            return
        sent = {name.lower(): value for name, value in headers}
        self._entries[url] = _Entry(response, {name: sent.get(name) for name in vary})

    def _usable(self, url: str, headers: HeaderList) -> _Entry | None:
        entry = self._entries.get(url)
        sent = {name.lower(): value for name, value in headers}
        if entry is None or any(sent.get(name) != value for name, value in entry.varying.items()):
            return None
        return entry
