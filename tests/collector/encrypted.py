"""A phone that encrypts what it sends (C57), written from ODK's specification and not from what decrypts."""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

from tests.collector.receiving import ENCRYPTED
from tests.forms.encrypting import encrypt
from tests.installation import Installation

SUBMISSION = "submission.xml"


def sealed(public: str, xml: bytes, files: Mapping[str, bytes] | None = None) -> tuple[bytes, dict[str, bytes]]:
    """The envelope of a submission and the files that go with it."""
    files = dict(files or {})
    root = etree.fromstring(xml)
    form_id, version = root.get("id", ""), root.get("version", "")
    instance_id = root.findtext("meta/instanceID") or ""
    local_key, encrypted = encrypt(public, instance_id, [*files.values(), xml])
    names = [*files, SUBMISSION]
    hashed = [f"{name}::{hashlib.md5(content).hexdigest()}" for name, content in [*files.items(), (SUBMISSION, xml)]]
    source = "".join(f"{line}\n" for line in (form_id, version, local_key, instance_id, *hashed))
    media = "".join(f"<media><file>{name}.enc</file></media>\n" for name in files)
    envelope = (
        f'<data xmlns="{ENCRYPTED}" id="{form_id}" version="{version}" encrypted="yes">'
        f'<base64EncryptedKey>{local_key}</base64EncryptedKey><orx:meta xmlns:orx="http://openrosa.org/xforms">'
        f"<orx:instanceID>{instance_id}</orx:instanceID></orx:meta>\n{media}"
        f"<encryptedXmlFile>{SUBMISSION}.enc</encryptedXmlFile>"
        f"<base64EncryptedElementSignature>{_signature(public, source)}</base64EncryptedElementSignature></data>"
    )
    return envelope.encode(), {f"{name}.enc": content for name, content in zip(names, encrypted, strict=True)}


def _signature(public: str, source: str) -> str:
    key = serialization.load_der_public_key(base64.b64decode(public))
    assert isinstance(key, RSAPublicKey)
    scheme = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return base64.b64encode(key.encrypt(hashlib.md5(source.encode()).digest(), scheme)).decode()


def send_sealed(
    relais: Installation, xml: bytes, files: Mapping[str, bytes] | None = None, *, without: str = "", **more: Any
) -> dict[str, bytes]:
    """Encrypt and send it, perhaps without one of its files; what went out."""
    root = etree.fromstring(xml)
    query = f"SELECT public_key FROM form_version WHERE version = '{root.get('version')}' AND public_key IS NOT NULL LIMIT 1"
    ((public,),) = relais.rows(query)
    envelope, sent = sealed(public, xml, files)
    sent.pop(without, None)
    assert relais.post(envelope, sent, **more).status_code == 201
    return sent
