"""Sending one instance: HEAD, then its batches, and what each answer means (C37 to C52)."""

import http.client
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote_plus, urlsplit

from tests.handset.client import Client
from tests.handset.contract import demand
from tests.handset.instances import Instance
from tests.handset.submission import DEFAULT_LIMIT, batches, message_in, multipart
from tests.handset.wire import Response

NO_ANSWER = (OSError, http.client.HTTPException)
LONGEST_SENTENCE = 120
NOT_ABOUT_THE_REPLAY = {401, 403, 404, 408, 413, 429}


@dataclass(frozen=True)
class SendResult:
    """The outcome of sending one instance; `status` is the last HTTP status or None when no answer was read."""

    instance: Instance
    sent: bool
    status: int | None
    message: str
    posts: int
    error: Exception | None = None


class Sender:
    """Sends instances; remembers a HEAD's Location until the app restarts (C42)."""

    def __init__(self, client: Client, remark: Callable[[str], None]) -> None:
        self._client = client
        self._remark = remark
        self._remapped: dict[str, str] = {}

    def forget(self) -> None:
        """What an app restart forgets."""
        self._remapped.clear()

    def send(self, instance: Instance, submission_url: str) -> SendResult:
        """All batches of an instance to a URL that already carries deviceID; stops at the first failure (C46)."""
        posts = 0
        try:
            url, limit = self._announced(submission_url)
            if url is None:
                return SendResult(instance, False, 401, "credentials wanted", 0)
            for batch in batches(instance, limit):
                posts += 1
                kind, body = multipart(instance, batch)
                response = self._client.call("POST", url, body, kind)
                message = self._read_answer(instance, response)
                if response.status not in {201, 202}:
                    return SendResult(instance, False, response.status, message, posts)
        except NO_ANSWER as failure:
            return SendResult(instance, False, None, str(failure), posts, failure)
        return SendResult(instance, True, response.status, message, posts)

    def _announced(self, url: str) -> tuple[str | None, int]:
        """Where to POST and the batch limit, after HEAD (C39 to C42); None when credentials are refused."""
        if url in self._remapped:
            return self._remapped[url], DEFAULT_LIMIT
        response = self._client.call("HEAD", url)
        if response.status == 401:
            return None, 0
        demand(response.status == 204 or not 200 <= response.status < 300, "C40", f"HEAD answered {response.status}")
        if response.status != 204:
            self._remark(f"C40: HEAD answered {response.status}")
            return url, DEFAULT_LIMIT
        text = response.header("X-OpenRosa-Accept-Content-Length") or ""
        if not re.fullmatch(r"\d+", text):
            self._remark(f"C41: X-OpenRosa-Accept-Content-Length is {text!r}")
        limit = int(text) if re.fullmatch(r"\d+", text) else DEFAULT_LIMIT
        if (location := response.header("Location")) is None:
            return url, limit
        target = unquote_plus(location)
        demand(urlsplit(target).hostname == urlsplit(url).hostname, "C42", f"HEAD Location {location!r}: another host")
        self._remapped[url] = target if urlsplit(target).query else f"{target}?{urlsplit(url).query}"
        return self._remapped[url], limit

    def _read_answer(self, instance: Instance, response: Response) -> str:
        status = response.status
        demand(status != 204, "C46", "204 to a POST: an exception without words on the phone")
        demand(status in {201, 202} or not 200 <= status < 300, "C46", f"{status} to a POST means a network login")
        refused = 400 <= status < 500 and status not in NOT_ABOUT_THE_REPLAY
        demand(not (refused and instance.acknowledged), "C52", f"{status} to a replay of {instance.instance_id}")
        message = message_in(response.body)
        if message is None and status not in {201, 401}:
            self._remark(f"C49: {status} without a message")
        if message is not None and len(message) > LONGEST_SENTENCE:
            self._remark(f"C49: a message of {len(message)} characters: {message}")
        return message if message is not None else f"{response.reason} ({status}) at {response.url}"
