"""Eight phones at once that never give up: what was not acknowledged is sent again, from its first POST (C51)."""

import contextlib
import random
import threading
import time
from collections import Counter

from tests.crashing.cases import Author, Case
from tests.crashing.wire import Connection, post

CLIENTS = 8
# A phone with more than this unsent sends before it fills another form.
OUTBOX = 6
# At most, after an instance: enough to keep the server busy, without filling the disk in fifty rounds.
PAUSE_SECONDS = 0.05
ACKNOWLEDGED = frozenset({201, 202})


class Ledger:
    """What all phones know together. `outages`: the database dies too, so a 503 is an honest answer."""

    def __init__(self, *, outages: bool) -> None:
        self.outages = outages
        self.cases: list[Case] = []
        self.answers: Counter[int] = Counter()
        self.cut = 0  # POSTs whose answer never came
        self.faults: list[str] = []
        self._heard: list[tuple[Case, frozenset[str]]] = []
        self._lock = threading.Lock()

    def add(self, case: Case) -> None:
        """A form has been filled."""
        with self._lock:
            self.cases.append(case)

    def hear(self, case: Case, files: frozenset[str], status: int) -> None:
        """A POST of `case` with those files was answered."""
        with self._lock:
            self.answers[status] += 1
            if status in ACKNOWLEDGED:
                case.acknowledged = (case.acknowledged or set()) | files
                self._heard.append((case, files))
            if status not in case.answers and not (status == 503 and self.outages):
                self.faults.append(f"{case.kind} {case.instance_id} was answered {status}")

    def miss(self) -> None:
        """A POST was not answered."""
        with self._lock:
            self.cut += 1

    def news(self) -> list[tuple[Case, frozenset[str]]]:
        """What has been acknowledged since the last call."""
        with self._lock:
            heard, self._heard = self._heard, []
        return heard


class Client(threading.Thread):
    """One phone (or an office of them: it has several instances on the way)."""

    def __init__(self, address: tuple[str, int], path: str, ledger: Ledger, seed: str) -> None:
        super().__init__(name=f"phone {seed}")
        self._address, self._path, self._ledger = address, path, ledger
        self._chance = random.Random(seed)
        self._author = Author(self._chance)
        self._outbox: list[Case] = []
        self._sent: list[Case] = []
        self._connection: Connection | None = None
        self._filling = True
        self._until = float("inf")

    def finish(self, seconds: float) -> None:
        """Fill no more forms; send what waits, for at most so long. Then `join`."""
        self._until = time.monotonic() + seconds
        self._filling = False

    @property
    def unsent(self) -> list[Case]:
        """What still waits."""
        return list(self._outbox)

    def run(self) -> None:
        try:
            while (self._filling or self._outbox) and time.monotonic() < self._until:
                self._turn()
        except Exception as error:
            self._ledger.faults.append(f"{self.name} stopped: {error!r}")
            raise
        finally:
            self._hang_up()

    def _turn(self) -> None:
        if self._filling and len(self._outbox) < OUTBOX:
            self._fill()
        # In any order: an edit may come before its original (C38).
        case = self._chance.choice(self._outbox)
        if self._send(case):
            self._outbox.remove(case)
            if not case.done:
                case.done = True
                self._sent.append(case)
            time.sleep(self._chance.random() * PAUSE_SECONDS)
        else:
            time.sleep(0.05)

    def _fill(self) -> None:
        draw = self._chance.random()
        quiet = [case for case in self._sent[-50:] if case.kind == "original" and not case.edited and not case.disputed]
        if draw < 0.2 and self._sent:
            self._outbox.append(self._chance.choice(self._sent))
            return
        if draw < 0.3 and quiet:
            new = [self._author.edit(self._chance.choice(quiet))]
        elif draw < 0.4 and quiet:
            new = [self._author.conflict(self._chance.choice(quiet))]
        else:
            new = [self._author.original()]
            if draw > 0.9:
                new.append(self._author.edit(new[0]))
        for case in new:
            self._ledger.add(case)
            self._outbox.append(case)

    def _send(self, case: Case) -> bool:
        for instance, batch in case.posts():
            request = post(self._path, self._address, instance, batch)
            files = frozenset(name for name, _ in batch.files)
            # As OkHttp does when a pooled connection seems dead: the same request twice at the same moment (C77).
            copies = 2 if self._chance.random() < 0.1 else 1
            if not self._post(case, request, files, copies):
                return False
        return True

    def _post(self, case: Case, request: bytes, files: frozenset[str], copies: int) -> bool:
        heard = []
        with contextlib.ExitStack() as others:
            try:
                connections = [self._line()]
                if copies == 2:
                    connections.append(others.enter_context(contextlib.closing(Connection(self._address))))
            except OSError:
                return False  # nobody listens
            try:
                for connection in connections:
                    connection.send(request)
                for connection in connections:
                    status = connection.status()
                    self._ledger.hear(case, files, status)
                    heard.append(status in ACKNOWLEDGED)
            except OSError:
                self._ledger.miss()
                self._hang_up()
        return any(heard)

    def _line(self) -> Connection:
        if self._connection is None or self._connection.dead:
            self._hang_up()
            self._connection = Connection(self._address)
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
