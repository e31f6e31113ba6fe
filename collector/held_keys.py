"""Keys opened for exports that are prepared in the background: in the memory of this process alone, never on a disk.

A server that starts anew has none of them; such an export ends with a sentence then, and is asked for again.
"""

import threading
from collections import OrderedDict
from weakref import WeakKeyDictionary

from collector.unlocking import Keys
from config.database import Database

# Of so many exports at once; what was never carried out is forgotten first.
MOST = 50
_Held = OrderedDict[tuple[int, int], Keys]
_held: "WeakKeyDictionary[Database, _Held]" = WeakKeyDictionary()
_lock = threading.Lock()


def hold(database: Database, project_id: int, number: int, keys: Keys) -> None:
    """Keep the keys of an export until it is made."""
    with _lock:
        own = _held.setdefault(database, OrderedDict())
        own[project_id, number] = keys
        while len(own) > MOST:
            own.popitem(last=False)


def held(database: Database, project_id: int, number: int) -> Keys | None:
    """The keys of an export; None when this process has none of it."""
    with _lock:
        return _held.get(database, OrderedDict()).get((project_id, number))


def let_go(database: Database, project_id: int, number: int) -> None:
    """Forget the keys of an export."""
    with _lock:
        _held.get(database, OrderedDict()).pop((project_id, number), None)
