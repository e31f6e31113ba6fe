"""A closed-loop client: N connections, each sends its next request when the last one is answered. One process, one thread,
epoll and prepared bytes, so that it takes as little as possible of the machine that is being measured."""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field


@dataclass
class Figures:
    """What a run showed: seconds per answer, answers by status, seconds in all."""

    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds within which that share of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


class _Connection:
    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.out = memoryview(b"")
        self.received = bytearray()
        self.started = 0.0

    def answer(self) -> int | None:
        """The status of a whole answer, None while parts are missing."""
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return None
        lower = head.lower()
        # With the line's beginning: there is an x-openrosa-accept-content-length, too.
        start = lower.find(b"\r\ncontent-length:")
        length = int(lower[start + 17 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
        return int(head[9:12]) if len(body) >= length else None


def run(ports: Sequence[int], requests: Iterator[bytes], concurrency: int) -> Figures:
    """Send `requests` (whole HTTP/1.1 requests as bytes) to the servers at `ports` of this machine, and measure."""
    selector = selectors.DefaultSelector()
    figures = Figures()
    open_connections = 0
    begin = time.perf_counter()
    for number in range(concurrency):
        connection = _Connection(("127.0.0.1", ports[number % len(ports)]))
        if _next(connection, requests):
            selector.register(connection.socket, selectors.EVENT_WRITE | selectors.EVENT_READ, connection)
            open_connections += 1
    while open_connections:
        for key, events in selector.select(timeout=60):
            connection = key.data
            if events & selectors.EVENT_WRITE and connection.out:
                sent = connection.socket.send(connection.out)
                connection.out = connection.out[sent:]
                if not connection.out:
                    selector.modify(connection.socket, selectors.EVENT_READ, connection)
            if not events & selectors.EVENT_READ:
                continue
            data = connection.socket.recv(65536)
            connection.received += data
            status = connection.answer()
            if status is None and data:
                continue
            now = time.perf_counter()
            figures.latencies.append(now - connection.started)
            figures.statuses[status or 0] = figures.statuses.get(status or 0, 0) + 1
            if not data or not _next(connection, requests):
                selector.unregister(connection.socket)
                connection.socket.close()
                open_connections -= 1
            else:
                selector.modify(connection.socket, selectors.EVENT_WRITE | selectors.EVENT_READ, connection)
    figures.seconds = time.perf_counter() - begin
    return figures


def _next(connection: _Connection, requests: Iterator[bytes]) -> bool:
    request = next(requests, None)
    if request is None:
        return False
    connection.out = memoryview(request)
    connection.received.clear()
    connection.started = time.perf_counter()
    return True
