"""Passwords of web users: argon2id, never checked once per request."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from accounts.errors import password_too_long, password_too_short

SHORTEST = 10
LONGEST = 1000
# OWASP's second choice for argon2id; about 0.1 s on the laptop of a post.
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hashed(password: str) -> str:
    """The argon2 hash of a password; Problem when it is too short or too long."""
    if len(password) < SHORTEST:
        raise password_too_short(SHORTEST)
    if len(password) > LONGEST:
        raise password_too_long(LONGEST)
    return hasher.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether `password` is the one; takes as long when there is none, so that accounts cannot be guessed by time."""
    try:
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
