"""Digest and Basic as okhttp-digest 3.1 answers them: nothing before a challenge, then pre-emptively per origin."""

import base64
import hashlib
import re
import secrets
import threading
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.handset.contract import demand
from tests.handset.wire import Response, target_of

_ALGORITHMS = {"md5": "md5", "md5-sess": "md5", "sha-256": "sha256"}
_PARAMETER = re.compile(r'([A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^",\s]+))')


@dataclass(frozen=True)
class Credentials:
    """What the project's settings hold; both empty when none were entered (C81)."""

    username: str = ""
    password: str = ""


@dataclass(frozen=True)
class Challenge:
    """One WWW-Authenticate header: the scheme in lower case and its parameters."""

    scheme: str
    parameters: dict[str, str]


def parse_challenge(header: str) -> Challenge:
    """Read one challenge; enforces C83."""
    scheme, _, rest = header.partition(" ")
    demand(
        scheme in {"Digest", "Basic"} or scheme.lower() not in {"digest", "basic"}, "C83", f"scheme case: {header!r}"
    )
    demand(not re.search(r",\s*(Basic|Digest)\s", rest), "C83", f"two schemes in one WWW-Authenticate: {header!r}")
    parameters = {
        match[1].lower(): match[2] if match[2] is not None else match[3] for match in _PARAMETER.finditer(rest)
    }
    if scheme == "Digest":
        demand(parameters.get("realm") is not None, "C83", f"Digest challenge without realm: {header!r}")
        demand(parameters.get("nonce"), "C83", f"Digest challenge without nonce: {header!r}")
        qop = [one.strip().lower() for one in parameters.get("qop", "auth").split(",")]
        demand("auth" in qop, "C83", f"qop without auth: {header!r}")
        algorithm = parameters.get("algorithm", "MD5").lower()
        demand(algorithm in _ALGORITHMS, "C83", f"algorithm the phone does not know: {header!r}")
    return Challenge(scheme.lower(), parameters)


class Authenticator:
    """The answers of one set of credentials; keeps nonce and counter, shared by every origin as in Collect."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._lock = threading.Lock()
        self._digest: dict[str, str] | None = None
        self._nonce = ""
        self._count = 0
        self._cnonce = ""
        self._by_origin: dict[str, str] = {}

    def preemptive(self, method: str, url: str) -> str | None:
        """The Authorization value to send unasked, or None before any challenge from that origin (C80)."""
        with self._lock:
            scheme = self._by_origin.get(_origin(url))
            if scheme == "basic":
                return self._basic()
            return self._answer(method, url) if scheme == "digest" else None

    def forget(self, url: str) -> bool:
        """Drop what was cached for the origin; False when nothing was."""
        with self._lock:
            return self._by_origin.pop(_origin(url), None) is not None

    def answer(self, method: str, url: str, sent: str | None, response: Response) -> str | None:
        """The Authorization value for a 401, or None to give up; `sent` is what the refused request carried."""
        with self._lock:
            for header in response.header_values("WWW-Authenticate"):
                challenge = parse_challenge(header)
                if challenge.scheme == "digest":
                    return self._answer_digest(method, url, sent, challenge)
                if challenge.scheme == "basic" and urlsplit(url).scheme == "https":  # C82
                    value = self._basic()
                    self._by_origin[_origin(url)] = "basic"
                    return None if sent == value else value
            return None

    def _answer_digest(self, method: str, url: str, sent: str | None, challenge: Challenge) -> str | None:
        self._digest = challenge.parameters
        stale = challenge.parameters.get("stale", "").lower() == "true"
        if sent is not None and sent.startswith("Digest") and not stale:  # C87
            return None
        self._by_origin[_origin(url)] = "digest"
        return self._answer(method, url)

    def _basic(self) -> str:
        pair = f"{self._credentials.username}:{self._credentials.password}"
        return "Basic " + base64.b64encode(pair.encode("latin-1", "replace")).decode()  # C85

    def _answer(self, method: str, url: str) -> str:
        assert self._digest is not None
        challenge = self._digest
        if challenge["nonce"] != self._nonce:
            self._nonce, self._count, self._cnonce = challenge["nonce"], 0, secrets.token_hex(8)
        self._count += 1
        count = f"{self._count:08x}"
        algorithm = challenge.get("algorithm", "MD5")
        charset = challenge.get("charset", "ascii")
        user, realm, uri = self._credentials.username, challenge["realm"], target_of(url)

        def digest(text: str) -> str:
            return hashlib.new(_ALGORITHMS[algorithm.lower()], text.encode(charset, "replace")).hexdigest()

        secret = digest(f"{user}:{realm}:{self._credentials.password}")
        if algorithm.lower() == "md5-sess":
            secret = digest(f"{secret}:{self._nonce}:{self._cnonce}")
        request = digest(f"{method}:{uri}")
        middle = f"{count}:{self._cnonce}:auth:" if "qop" in challenge else ""
        values = [
            f'username="{user}"',
            f'realm="{realm}"',
            f'nonce="{self._nonce}"',
            f'uri="{uri}"',
            f'response="{digest(f"{secret}:{self._nonce}:{middle}{request}")}"',
        ]
        if "qop" in challenge:
            values += ["qop=auth", f"nc={count}", f'cnonce="{self._cnonce}"']
        values.append(f"algorithm={algorithm}")
        if "opaque" in challenge:
            values.append(f'opaque="{challenge["opaque"]}"')
        return "Digest " + ", ".join(values)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}:{parts.hostname}:{parts.port}"
