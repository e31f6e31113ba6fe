"""HTTP Digest without anything to remember (RFC 7616, and RFC 2617 for MD5), and reading a Basic header (C80-C87).

Collect answers Basic over https only (C82): on a post's plain http network Digest is what keeps a password off the air.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from urllib.parse import unquote

# In the order of our preference, which is also the order of the headers. OkHttp's authenticator and curl take the
# first Digest header they see; python-requests joins all headers with commas and lets the last one's parameters win.
# Both work because the challenges differ in nothing but the algorithm: same realm, same nonce, same parameters.
ALGORITHMS = ("SHA-256", "MD5")
# Longer than any upload takes (C86).
NONCE_LIFE = timedelta(hours=24)
# Our own clock may have been set back since we made the nonce.
CLOCK_STEP = timedelta(minutes=5)

_DIGESTS = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
_PARAMETER = re.compile(r'[\t ]*([A-Za-z0-9*_-]+)[\t ]*=[\t ]*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))[\t ]*(?:,|$)')
_NONCE = re.compile("([0-9a-f]{1,16})-[0-9a-f]{40}")
_ABSOLUTE = re.compile("https?://[^/?]*")


class Result(Enum):
    """What an answer is worth: `STALE` means the password is right and only the nonce must be renewed (C86)."""

    OK = "ok"
    STALE = "stale"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class DigestAnswer:
    """An `Authorization: Digest` header, its values unquoted; `uri` is exactly what the client sent (C84)."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    qop: str
    nc: str
    cnonce: str


@dataclass(frozen=True, slots=True)
class BasicAnswer:
    """An `Authorization: Basic` header."""

    username: str
    password: str


def ha1(username: str, realm: str, password: str, algorithm: str) -> str:
    """The lower-case hexadecimal hash of a login, the only thing to store of its password (RFC 7616 §3.4.2)."""
    return _DIGESTS[algorithm](f"{username}:{realm}:{password}".encode()).hexdigest()


def challenges(realm: str, secret: bytes, now: datetime, stale: bool = False) -> list[str]:
    """The `WWW-Authenticate` headers of a 401, one value each (C83); a Basic challenge, if offered, goes after them."""
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    nonce = _nonce(_milliseconds(now), secret)
    return [
        f'Digest realm="{quoted}", nonce="{nonce}", qop="auth", algorithm={algorithm}, charset=UTF-8'
        + (", stale=true" if stale else "")
        for algorithm in ALGORITHMS
    ]


def parse_authorization(header: str) -> DigestAnswer | BasicAnswer | None:
    """The credentials in an `Authorization` header as WSGI gives it (bytes read as latin-1); None if it has none."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() == "digest":
        return _parse_digest(rest)
    if scheme.lower() == "basic":
        return _parse_basic(rest)
    return None


def check(
    answer: DigestAnswer,
    method: str,
    raw_uri: str,
    ha1_by_algorithm: Mapping[str, str],
    secret: bytes,
    now: datetime,
) -> Result:
    """Whether `answer` proves the password behind `ha1_by_algorithm` for this request.

    `raw_uri` is the request target as it was on the wire, undecoded (C84), or the path and query of an absolute one.

    The nonce count is not tracked. It would need state shared by all workers, and would refuse Collect, whose counts
    arrive out of order (C84) and whose requests repeat themselves (C51, C77). Who records an answer can thus send to
    the same method and path for 24 hours; whoever can record it could alter the body under way just as well, and
    against both only https helps.
    """
    known = ha1_by_algorithm.get(answer.algorithm)
    if known is None or answer.qop != "auth" or not answer.cnonce or _path(answer.uri) != _path(raw_uri):
        return Result.WRONG
    expected = response(answer, method, known)
    if not hmac.compare_digest(expected.encode(), answer.response.lower().encode()):
        return Result.WRONG
    return Result.OK if _nonce_is_fresh(answer.nonce, secret, now) else Result.STALE


def response(answer: DigestAnswer, method: str, known_ha1: str) -> str:
    """The `response` a client that knows the password gives with these parameters (RFC 7616 §3.4.1, qop auth)."""
    ha2 = _hash(answer.algorithm, f"{method}:{answer.uri}")
    return _hash(answer.algorithm, f"{known_ha1}:{answer.nonce}:{answer.nc}:{answer.cnonce}:{answer.qop}:{ha2}")


def _parse_digest(text: str) -> DigestAnswer | None:
    values: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None or match[1].lower() in values:
            return None
        quoted = match[2]
        values[match[1].lower()] = match[3] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        position = match.end()
    username = _username(values)
    if username is None or not {"realm", "nonce", "uri", "response"} <= values.keys():
        return None
    return DigestAnswer(
        username,
        _utf8_or_latin1(values["realm"].encode("latin-1", "replace")),
        values["nonce"],
        values["uri"],
        values["response"],
        values.get("algorithm", "MD5").upper(),
        values.get("qop", ""),
        values.get("nc", ""),
        values.get("cnonce", ""),
    )


def _username(values: Mapping[str, str]) -> str | None:
    # RFC 7616 §3.4: `username*` is for names that plain header text cannot carry. curl and requests send them raw.
    extended = values.get("username*")
    if extended is not None:
        charset, _, name = extended.partition("''")
        return unquote(name, errors="replace") if charset.upper() == "UTF-8" else None
    plain = values.get("username")
    return None if plain is None else _utf8_or_latin1(plain.encode("latin-1", "replace"))


def _parse_basic(text: str) -> BasicAnswer | None:
    try:
        decoded = _utf8_or_latin1(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError):
        return None
    username, colon, password = decoded.partition(":")
    return BasicAnswer(username, password) if colon else None


def _utf8_or_latin1(raw: bytes) -> str:
    """Browsers send UTF-8, Collect ISO-8859-1 (C85); hardly any ISO-8859-1 text is valid UTF-8 by accident."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _hash(algorithm: str, text: str) -> str:
    # All of it was read from the header as latin-1, so that is how the client's bytes come back.
    return _DIGESTS[algorithm](text.encode("latin-1", "replace")).hexdigest()


def _nonce(milliseconds: int, secret: bytes) -> str:
    stamp = f"{milliseconds:x}"
    return f"{stamp}-{hmac.new(secret, b'digest nonce ' + stamp.encode(), hashlib.sha256).hexdigest()[:40]}"


def _nonce_is_fresh(nonce: str, secret: bytes, now: datetime) -> bool:
    match = _NONCE.fullmatch(nonce)
    if match is None or not hmac.compare_digest(_nonce(int(match[1], 16), secret), nonce):
        return False
    age = timedelta(milliseconds=_milliseconds(now) - int(match[1], 16))
    return -CLOCK_STEP <= age <= NONCE_LIFE


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _path(uri: str) -> str:
    # A client that believes in a proxy sends the absolute form in one place and only the path in the other.
    absolute = _ABSOLUTE.match(uri)
    return uri[absolute.end() :] or "/" if absolute else uri
