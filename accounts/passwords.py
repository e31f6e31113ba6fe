"""Passwords of web users: argon2id, never checked once per request; refused where ODK Central refuses them."""

import secrets
import threading
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from accounts.errors import password_too_long, password_too_short, password_too_weak
from config.api_errors import wrong_type

SHORTEST = 10
# In bytes, as ODK Central counts: a password must work on either server.
LONGEST = 72
# Of zxcvbn's 0 to 4: "safely unguessable" begins here.
STRONG = 3
# OWASP's second choice for argon2id; about 0.1 s on the laptop of a post.
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# Each takes 19 MB and a processor: thirty people (or one who guesses) at once must not take the laptop.
_places = threading.BoundedSemaphore(2)


@dataclass(frozen=True)
class Strength:
    """How hard a password is to guess, and why it is not harder, in zxcvbn's words."""

    score: int
    warning: str
    suggestions: list[str]


def hashed(password: str) -> str:
    """The argon2 hash of a password; Problem when it is too short or too long."""
    if len(password) < SHORTEST:
        raise password_too_short(SHORTEST)
    if len(password.encode("utf-8", "surrogatepass")) > LONGEST:
        raise password_too_long(LONGEST)
    return hasher.hash(password)


def strong_hash(password: Any) -> str:
    """As `hashed`, with ODK Central's refusal of what is no text or easily guessed, for the API."""
    if not isinstance(password, str):
        raise wrong_type("string", value=password)
    kept = hashed(password)
    found = strength(password)
    if found.score < STRONG:
        raise password_too_weak(found.warning, found.suggestions)
    return kept


def strength(password: str) -> Strength:
    """How hard `password` is to guess."""
    # Reading its word lists takes a moment that no start should spend.
    from zxcvbn import zxcvbn

    found = zxcvbn(password[:LONGEST])
    feedback = found["feedback"]
    # The port ends sentences that the original, and so ODK Central, leaves open.
    warning = feedback["warning"].removesuffix(".").replace('like "abc" or "6543"', "like abc or 6543")
    suggestions = [text if ". " in text else text.removesuffix(".") for text in feedback["suggestions"]]
    return Strength(found["score"], warning, suggestions)


def matches(password: str, stored: str | None) -> bool:
    """Whether `password` is the one; takes as long when there is none, so that accounts cannot be guessed by time."""
    try:
        with _places:
            return hasher.verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


_unknown: list[str] = []


def _nobody() -> str:
    if not _unknown:
        _unknown.append(hasher.hash(secrets.token_hex(16)))
    return _unknown[0]


def one_time() -> str:
    """A password somebody can read from a terminal and type once: four groups of four."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
