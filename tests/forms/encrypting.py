"""What Collect does with a public key (C57): written from the specification, and sharing nothing with what decrypts."""

import base64
import hashlib
import os
from collections.abc import Sequence

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

SHA256 = hashes.SHA256()


def encrypt(
    public: str, instance_id: str, files: Sequence[bytes], mask: hashes.HashAlgorithm = SHA256
) -> tuple[str, list[bytes]]:
    """(base64EncryptedKey, encrypted files), the submission's XML being the last file."""
    key = os.urandom(32)
    loaded = serialization.load_der_public_key(base64.b64decode(public))
    assert isinstance(loaded, RSAPublicKey)
    sealed = loaded.encrypt(key, padding.OAEP(padding.MGF1(mask), SHA256, None))
    seed = bytearray(hashlib.md5(instance_id.encode() + key).digest())
    encrypted = []
    for number, content in enumerate(files):
        seed[number % 16] = (seed[number % 16] + 1) & 0xFF
        pad = 16 - len(content) % 16
        encryptor = Cipher(algorithms.AES(key), CFB(bytes(seed))).encryptor()
        encrypted.append(encryptor.update(content + bytes([pad]) * pad) + encryptor.finalize())
    return base64.b64encode(sealed).decode(), encrypted
