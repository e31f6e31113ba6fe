"""Keys opened for exports that are prepared in the background, until these are made (docs/decisions/012).

On a post they are in the memory of its one process and nowhere else: after a start such an export ends with a sentence, and is asked
for again. Where processes share a store of files, one may hear the passphrase and another make the file: there the keys lie
beside the place of the file, sealed with a key made of the installation's secret, and are removed with the first end of the export.
"""

import contextlib
import os
import threading
from collections import OrderedDict
from pathlib import Path
from weakref import WeakKeyDictionary

import orjson

from collector.unlocking import Keys
from config.database import Database
from config.secret import derive
from config.services import Services
from config.settings import Settings

# Of so many exports at once in memory; what was never carried out is forgotten first.
MOST = 50
ENDING = ".keys"
_NONCE = 12
_Held = OrderedDict[tuple[int, int], Keys]
_held: "WeakKeyDictionary[Database, _Held]" = WeakKeyDictionary()
_lock = threading.Lock()


def folder_of(settings: Settings) -> Path:
    """Where finished files are kept: beside the stored files where processes share these."""
    return settings.blobs / "exports" if settings.storage_url else settings.data / "exports"


def path_of(settings: Settings, project_id: int, number: int) -> Path:
    """The file of an export."""
    return folder_of(settings) / f"{project_id}-{number}"


def hold(opened: Services, project_id: int, number: int, keys: Keys) -> None:
    """Keep the keys of an export until it is made."""
    if opened.settings.storage_url:
        _seal(opened, project_id, number, keys)
        return
    with _lock:
        own = _held.setdefault(opened.database, OrderedDict())
        own[project_id, number] = keys
        while len(own) > MOST:
            own.popitem(last=False)


def held(opened: Services, project_id: int, number: int) -> Keys | None:
    """The keys of an export; None when they are gone."""
    if opened.settings.storage_url:
        return _unseal(opened, project_id, number)
    with _lock:
        return _held.get(opened.database, OrderedDict()).get((project_id, number))


def let_go(opened: Services, project_id: int, number: int) -> None:
    """Forget the keys of an export."""
    if opened.settings.storage_url:
        _sealed_at(opened.settings, project_id, number).unlink(missing_ok=True)
    with _lock:
        _held.get(opened.database, OrderedDict()).pop((project_id, number), None)


def _sealed_at(settings: Settings, project_id: int, number: int) -> Path:
    path = path_of(settings, project_id, number)
    return path.with_name(path.name + ENDING)


def _sealing_key(opened: Services, path: Path) -> bytes:
    return derive(opened.secret, "export-keys", path.name)[:32]


def _seal(opened: Services, project_id: int, number: int, keys: Keys) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    path = _sealed_at(opened.settings, project_id, number)
    opened_here = keys.decryptor.private_keys() if keys.decryptor else {}
    content = orjson.dumps({"asked": keys.asked, "opened": {str(each): text for each, text in opened_here.items()}})
    nonce = os.urandom(_NONCE)
    sealed = nonce + AESGCM(_sealing_key(opened, path)).encrypt(nonce, content, path.name.encode())
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(sealed)


def _unseal(opened: Services, project_id: int, number: int) -> Keys | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from collector.decryption import Decryptor, private_key

    path = _sealed_at(opened.settings, project_id, number)
    with contextlib.suppress(FileNotFoundError, InvalidTag, ValueError):
        sealed = path.read_bytes()
        content = AESGCM(_sealing_key(opened, path)).decrypt(sealed[:_NONCE], sealed[_NONCE:], path.name.encode())
        found = orjson.loads(content)
        private = {int(number): private_key(text) for number, text in found["opened"].items()}
        return Keys(tuple(found["asked"]), Decryptor(private) if private else None)
    return None
