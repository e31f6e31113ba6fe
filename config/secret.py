"""The installation's secret: made once, kept beside the data, part of every backup."""

import hashlib
import hmac
import os
import secrets

from config.settings import Settings

FILE = "secret.key"


def load_secret(settings: Settings) -> bytes:
    """32 bytes from the setting, or from `secret.key` in the data folder, which is made at the first start."""
    if settings.secret_key:
        return hashlib.sha256(settings.secret_key.encode()).digest()
    path = settings.data / FILE
    try:
        return bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        pass
    fresh = secrets.token_bytes(32)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return load_secret(settings)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(fresh.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return fresh


def derive(secret: bytes, purpose: str, *parts: object) -> bytes:
    """A 64-byte key for one purpose: HMAC-SHA512 of its name and parts."""
    return hmac.digest(secret, "\x1f".join([purpose, *map(str, parts)]).encode(), "sha512")
