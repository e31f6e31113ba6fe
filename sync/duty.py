"""A thread that does one kind of work whenever there is any, in one process of an installation at a time."""

import logging
import threading
from collections.abc import Callable

from config.services import Services
from sync.lease import Lease

GoesOn = Callable[[], bool]
PAUSE_SECONDS = 1.0
FAILURE_SECONDS = 5.0
log = logging.getLogger("relais.duty")


class Duty:
    """`work(services, goes_on)` does one piece and says whether there may be more; what is due lives in tables. Start it in the
    process that serves."""

    def __init__(self, services: Services, name: str, work: Callable[[Services, GoesOn], bool]) -> None:
        self._services, self._work = services, work
        self._lease = Lease(services.database, name)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is under way begins anew at the next start."""
        self._stop.set()
        self._thread.join(timeout=5)
        self._lease.give_back()

    def _goes_on(self) -> bool:
        return not self._stop.is_set() and self._lease.hold()

    def _follow(self) -> None:
        while not self._stop.is_set():
            busy = False
            try:
                busy = self._lease.hold() and self._work(self._services, self._goes_on)
            except Exception:
                # The database may be away or the disk full; the rows say how far it has come.
                log.exception("%s: will try again", self._thread.name)
                self._stop.wait(FAILURE_SECONDS)
            if not busy:
                self._stop.wait(PAUSE_SECONDS)
