"""The HTTP server: waitress, one process, bodies buffered before a thread is used, decisions at header time."""

import contextlib
import logging
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from config.channel import GatedChannel
from config.event_loop import event_loop
from config.gate import ErrorPage, Gate, plain_error
from config.lane import Lanes, Together
from config.stopping import stop_is

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

logger = logging.getLogger(__name__)

# A phone keeps an unused connection for 5 minutes (C77). Closing later than it does spares it the request that dies
# on a connection it believed in. Nothing else is timed: an upload may take hours as long as bytes come (C75).
IDLE_SECONDS = 330
# With nine tenths of all connections taken, unused ones are closed after this time instead.
CROWDED_IDLE_SECONDS = 5
HOUSEKEEPING_SECONDS = 5
# Integrity URLs carry 39 characters per offline entity (C31).
HEADER_LIMIT = 256 * 1024
READ_PIECE = 64 * 1024
STOP_SECONDS = 10
UNREACHED = 1 << 60
# A socket, the file of a body, the file of an answer.
FILES_PER_CONNECTION = 3
OTHER_FILES = 200


class Server(TcpWSGIServer):  # type: ignore[misc]  # waitress has no type information
    """A listening socket and its connections; `run` serves until `stop`, which any thread or signal handler calls."""

    channel_class = GatedChannel
    stopping = False

    def __init__(  # noqa: PLR0913 - what a deployment and the application choose, each by name
        self,
        app: "WSGIApplication",
        *,
        host: str,
        port: int,
        tempdir: Path,
        threads: int = 32,
        gate: Gate | None = None,
        together: Together | None = None,
        error_page: ErrorPage = plain_error,
        max_body_bytes: int = 2 << 30,
        proxies: Sequence[str] = (),
        connection_limit: int = 1000,
    ) -> None:
        self.gate, self.error_page, self.tempdir, self.proxies = gate, error_page, tempdir, frozenset(proxies)
        self._thread_count = threads
        # A signal may come while its own thread holds it.
        self._waking = threading.RLock()
        choices = Adjustments(
            host=host,
            port=port,
            ident=None,
            # Forwarding headers are judged, and removed, in forwarding.py, for the gate and the application alike.
            clear_untrusted_proxy_headers=False,
            connection_limit=_affordable(connection_limit),
            channel_timeout=IDLE_SECONDS,
            cleanup_interval=HOUSEKEEPING_SECONDS,
            max_request_header_size=HEADER_LIMIT,
            max_request_body_size=max_body_bytes,
            recv_bytes=READ_PIECE,
            # An answer made piece by piece waits for a slow reader in a file, never in a thread.
            outbuf_high_watermark=UNREACHED,
        )
        dispatchers: dict[int, Any] = {}
        try:
            super().__init__(app, dispatchers, dispatcher=Lanes(together), adj=choices, sockinfo=choices.listen[0])
        except OSError:
            self.trigger.close()
            wasyncore.dispatcher.close(self)
            raise
        self.loop = event_loop(dispatchers)

    @property
    def port(self) -> int:
        """The port in use, also when 0 was asked for."""
        return int(self.effective_port)

    def run(self) -> None:
        """Serve until told to stop; then let running requests finish, for at most 10 seconds."""
        stop_is(False)
        self.task_dispatcher.set_thread_count(self._thread_count)
        while not self.stopping:
            # Whether it accepts depends on how many connections there are, and it does the housekeeping when asked.
            self.loop.touch(self)
            self.loop.once(1.0)
        self._finish()

    def stop(self) -> None:
        """Make `run` return soon."""
        # The loop may end by itself before it is woken, and the pipe's number may be another file's by then.
        with self._waking:
            if not self.stopping:
                self.stopping = True
                stop_is(True)
                self.pull_trigger()

    def pull_trigger(self) -> None:
        """Wake the thread that serves the sockets; not for each of the answers that the lane gives together: it would look
        at all connections each time, and hold the interpreter while the lane has more to say."""
        if self.task_dispatcher.speaker != threading.get_ident():
            super().pull_trigger()

    def maintenance(self, now: float) -> None:
        """Close what has been silent, or has lingered, for too long."""
        super().maintenance(now)
        crowded = len(self._map) > self.adj.connection_limit * 0.9
        for channel in self.active_channels.values():
            lingered = channel.lingering_until is not None and time.monotonic() > channel.lingering_until
            unused = crowded and now - channel.last_activity > CROWDED_IDLE_SECONDS and channel.is_idle()
            if lingered or unused:
                channel.will_close = True
            self.loop.touch(channel)

    def _finish(self) -> None:
        self.loop.forget(self._fileno)
        wasyncore.dispatcher.close(self)
        deadline = time.monotonic() + STOP_SECONDS
        while self.active_channels and time.monotonic() < deadline:
            for channel in list(self.active_channels.values()):
                # Nobody waits for a download that has come to a halt, nor for an upload that has only begun.
                halted = time.time() - channel.last_activity > 1
                if not channel.requests and (not channel.total_outbufs_len or halted):
                    channel.handle_close()
            self.loop.once(0.05)
        self.task_dispatcher.shutdown(timeout=max(0.5, deadline - time.monotonic()))
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        self.loop.close()
        # A thread that is still running would write its wake-up byte into whatever file gets the pipe's number next.
        with self._waking:
            if not self.task_dispatcher.threads:
                self.trigger.close()


def serve(
    app: "WSGIApplication",
    *,
    host: str,
    port: int,
    tempdir: Path,
    ready: Callable[[int], None] | None = None,
    **choices: Any,
) -> None:
    """Serve `app` until SIGINT or SIGTERM; a second one ends the process at once. OSError if the port is taken.

    `tempdir` must be on the data's filesystem: bodies wait there. `ready(port)` is called once connections are
    accepted. `choices` are those of `Server`; `max_body_bytes` must exceed the largest file by what surrounds it.
    """
    tempdir.mkdir(parents=True, exist_ok=True)
    # Long answers that no thread waits for are spooled too, by waitress, wherever this points.
    tempfile.tempdir = str(tempdir)
    # One line per request that waits for a thread helps nobody while everything arrives at once.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = Server(app, host=host, port=port, tempdir=tempdir, **choices)
    with _stopped_by_signals(server):
        if ready is not None:
            ready(server.port)
        server.run()


@contextlib.contextmanager
def _stopped_by_signals(server: Server) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in signals]

    def stop(*_: object) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        server.stop()

    for number in signals:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def _affordable(connection_limit: int) -> int:
    """As many connections as the process may have files for; its soft limit is raised as far as needed and allowed."""
    if sys.platform == "win32":
        return connection_limit
    wanted = connection_limit * FILES_PER_CONNECTION + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = resource.RLIM_INFINITY
    allowed = wanted if hard == unlimited else min(wanted, hard)
    if soft != unlimited and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        soft = allowed
    files = wanted if soft == unlimited else soft
    return max(20, min(connection_limit, (files - OTHER_FILES) // FILES_PER_CONNECTION))
