"""Tokens: derived where a QR must be drawn again, random where not; only their SHA-256 is ever stored."""

import hashlib
import secrets

from config.secret import derive

# ODK Central's alphabet and length, so that tools which check the shape of a token accept ours.
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!$"
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


def derived(secret: bytes, purpose: str, uid: str, generation: int) -> str:
    """The 64-character token of an actor for a purpose; a new generation makes the old one worthless."""
    return "".join(ALPHABET[byte & 63] for byte in derive(secret, purpose, uid, generation))


def readable(secret: bytes, purpose: str, uid: str, generation: int, length: int = 16) -> str:
    """As `derived`, but short and without look-alike letters, for people who type it."""
    return "".join(READABLE[byte % len(READABLE)] for byte in derive(secret, purpose, uid, generation)[:length])


def is_token(text: str) -> bool:
    """Whether it has the shape of one."""
    return len(text) == 64 and all(letter in ALPHABET for letter in text)


def fresh() -> str:
    """A random 64-character token."""
    return "".join(secrets.choice(ALPHABET) for _ in range(64))


def fresh_for_links() -> str:
    """As `fresh`, without the two characters that shells, templates and messengers stumble over."""
    return fresh().replace("!", "a").replace("$", "b")


def fingerprint(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()
