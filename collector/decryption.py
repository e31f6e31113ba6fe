"""Opening what phones encrypted, with private keys whose passphrases somebody has just given. Pure.

https://getodk.github.io/xforms-spec/encryption: one AES key per submission, sealed with the form's public key; AES-256-CFB
for each file, its IV made from the instanceID, the key and the file's place in the envelope.
"""

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from typing import IO, BinaryIO

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from forms.errors import undecryptable

_BLOCK = 16
PIECE = 1 << 18


class Decryptor:
    """The keys at hand, by the number of the public key (`keyId`)."""

    def __init__(self, keys: Mapping[int, RSAPrivateKey]) -> None:
        self._keys = dict(keys)

    def private_keys(self) -> dict[int, str]:
        """Each as PEM, not sealed in any way: for who seals it."""
        return {
            number: key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
            for number, key in self._keys.items()
        }

    def opens(self, key_id: int | None) -> bool:
        """Whether the private half of that key is here."""
        return key_id in self._keys

    def files(self, key_id: int, local_key: str, instance_id: str) -> "SubmissionFiles":
        """The files of one submission; Problem 400.12 when its key was sealed for another pair."""
        return SubmissionFiles(_unsealed(self._keys[key_id], local_key), instance_id)

    def signed(self, key_id: int, signature: str) -> bytes:
        """The hash in an envelope's signature; Problem 400.12 when it was sealed for another pair."""
        return _unsealed(self._keys[key_id], signature)


def private_key(pem: str) -> RSAPrivateKey:
    """What `private_keys` gave."""
    found = load_pem_private_key(pem.encode(), password=None)
    assert isinstance(found, RSAPrivateKey)
    return found


def _unsealed(private: RSAPrivateKey, sealed: str) -> bytes:
    # Collect, Enketo and Central mask with SHA-256; Java's own provider, asked for the same by name, takes SHA-1.
    for mask in (hashes.SHA256(), hashes.SHA1()):  # noqa: S303 - ODK's scheme, and no weakness in a mask
        try:
            return private.decrypt(base64.b64decode(sealed), padding.OAEP(padding.MGF1(mask), hashes.SHA256(), None))
        except ValueError:
            continue
    raise undecryptable()


class SubmissionFiles:
    """Opens the files of one submission, each by its place in the envelope: its media from 0, then the submission itself."""

    def __init__(self, key: bytes, instance_id: str) -> None:
        self._key = key
        self._seed = hashlib.md5(instance_id.encode() + key, usedforsecurity=False).digest()

    def read(self, content: bytes, place: int) -> bytes:
        """The whole of a small file."""
        return b"".join(self._plain(iter([content]), place))

    def stream(self, file: IO[bytes], place: int) -> Iterator[bytes]:
        """A file piece by piece; Problem 400.12 at its end when it was damaged or belongs to something else."""
        return self._plain(iter(lambda: file.read(PIECE), b""), place)

    def ends_well(self, file: BinaryIO, place: int) -> bool:
        """Whether the end of a file is what it must be, before anything of it is used: a file cut short, or encrypted with
        another key, is noticed (but for one in 250 of the latter)."""
        size = file.seek(0, os.SEEK_END)
        if size == 0 or size % _BLOCK:
            return False
        file.seek(max(0, size - 2 * _BLOCK))
        end = file.read()
        # In this mode every block is opened by the one before it.
        iv = end[:_BLOCK] if size > _BLOCK else self._iv(place)
        decryptor = Cipher(algorithms.AES(self._key), CFB(iv)).decryptor()
        return _padding(decryptor.update(end[-_BLOCK:])) is not None

    def _plain(self, pieces: Iterator[bytes], place: int) -> Iterator[bytes]:
        decryptor = Cipher(algorithms.AES(self._key), CFB(self._iv(place))).decryptor()
        kept = b""
        for piece in pieces:
            kept += decryptor.update(piece)
            # The last block says how much of it is padding.
            if len(kept) > _BLOCK:
                yield kept[:-_BLOCK]
                kept = kept[-_BLOCK:]
        kept += decryptor.finalize()
        yield _unpadded(kept)

    def _iv(self, place: int) -> bytes:
        iv = bytearray(self._seed)
        for count in range(place + 1):
            iv[count % _BLOCK] = (iv[count % _BLOCK] + 1) % 256
        return bytes(iv)


def _unpadded(block: bytes) -> bytes:
    length = _padding(block)
    if length is None:
        raise undecryptable()
    return block[:-length]


def _padding(block: bytes) -> int | None:
    length = block[-1] if block else 0
    return length if 1 <= length <= _BLOCK and block[-length:] == bytes([length]) * length else None
