"""One connection of the server: waitress's, taught to decide at header time, refuse kindly and survive a full disk.

A phone writes its whole body before it reads a byte of the answer (OkHttp's CallServerInterceptor). Closing the socket
with unread bytes in it makes the kernel send a reset, which can destroy an answer the phone has not read yet. So a
refused body is still read, and thrown away: a short one before the answer, which keeps the connection for the next
request; a long one after it, until the phone hangs up or a bound is reached. When the bound ends it, the answer lies in
the phone's receive buffer already, where OkHttp 5 looks after its write has failed.
"""

import functools
import logging
import socket
import time
from typing import TYPE_CHECKING, Any

from waitress.channel import HTTPChannel
from waitress.task import Task, WSGITask

from config.gate import reason
from config.request import GatedRequest, raw_path

if TYPE_CHECKING:
    from config.server import Server

logger = logging.getLogger(__name__)

# Of a long refused body, this much is read after the answer, for at most so many seconds: on a good network all of it.
LINGER_BYTES = 64 * 1024 * 1024
LINGER_SECONDS = 30
LINGER_READ = 256 * 1024
# The kernel's send buffer may hold megabytes; reading that much of a file for every few KB a slow phone takes is waste.
SEND_PIECE = 128 * 1024


class ErrorAnswer(Task):  # type: ignore[misc]
    """The answer to a request that never reaches the application."""

    complete = True

    def execute(self) -> None:
        """Write the gate's refusal, or the server's own error in the form its path calls for."""
        request = self.request
        # After an exception in the application, `request` is a stand-in that waitress makes, without a path.
        asked = next(iter(self.channel.requests), request)
        if request.refusal is not None:
            status, headers, body = request.refusal.status, request.refusal.headers, request.refusal.body
        else:
            status = request.error.code
            headers, body = self.channel.server.error_page(raw_path(asked), status)
        self.status = f"{status} {reason(status)}"
        self.response_headers.extend(headers)
        self.content_length = len(body)
        if request.cut_short:
            self.channel.linger = True
        if request.cut_short or request.refusal is None:
            self.set_close_on_finish()
        self.write(b"" if getattr(asked, "command", "") == "HEAD" else body)


class Answer(WSGITask):  # type: ignore[misc]
    """The application's answer."""

    wrote_header: bool

    def execute(self) -> None:
        """Ask the application, unless the answer is there already (config.lane)."""
        prepared = self.request.prepared
        if prepared is None:
            super().execute()
            return
        self.complete = True
        self.status = f"{prepared.status} {reason(prepared.status)}"
        self.response_headers.extend(prepared.headers)
        self.content_length = len(prepared.body)
        self.write(prepared.body)

    def get_environment(self) -> dict[str, Any]:
        """The WSGI environment, with the client's address as the proxy gives it."""
        environ: dict[str, Any] = super().get_environment()
        environ["REMOTE_ADDR"] = environ["REMOTE_HOST"] = self.request.client_ip
        if environ["SERVER_SOFTWARE"] is None:
            del environ["SERVER_SOFTWARE"]
        return environ

    def set_close_on_finish(self) -> None:
        """Close the connection after this answer, but not because a 204 or 304 has no length: it has no body either.

        Every submission begins with a HEAD that is answered 204 (C39, C40); waitress would hang up on each.
        """
        asked = self.request.headers.get("CONNECTION", "").lower()
        if self.wrote_header or self.has_body or self.version != "1.1" or asked == "close":
            super().set_close_on_finish()

    def write(self, data: bytes) -> None:
        """Send a piece of the answer: the headers and a whole body in one packet, and one system call."""
        if self.wrote_header or not self.complete or not self.has_body or len(data) != self.content_length:
            super().write(data)
            return
        header = self.build_response_header()
        self.wrote_header = True
        self.content_bytes_written = len(data)
        self.channel.write_soon(header + data)


class GatedChannel(HTTPChannel):  # type: ignore[misc]
    """A connection. After a refusal with `linger` it reads on, keeping nothing, so that the answer is heard."""

    task_class = Answer
    error_task_class = ErrorAnswer
    close_when_flushed: bool
    sendbuf_len: int
    linger = False
    lingering_until: float | None = None
    lingered_bytes = 0

    def __init__(self, server: "Server", sock: socket.socket, addr: Any, adj: Any, **more: Any) -> None:
        super().__init__(server, sock, addr, adj, **more)
        self.sendbuf_len = min(self.sendbuf_len, SEND_PIECE)
        self.parser_class = functools.partial(GatedRequest, channel=self)

    def readable(self) -> bool:
        """Whether more bytes are wanted."""
        return not self.server.stopping and bool(super().readable())

    def handle_read(self) -> None:
        """Bytes have come, or the end of them."""
        lingering = self.lingering_until is not None
        try:
            data = self.recv(LINGER_READ if lingering else self.adj.recv_bytes)
        except BlockingIOError:
            return
        except OSError as error:
            logger.info("A connection broke while reading: %s", error)
            self.handle_close()
            return
        if lingering:
            self.lingered_bytes += len(data)
            if self.lingered_bytes > LINGER_BYTES:
                self.will_close = True
        elif data:
            self.last_activity = time.time()
            self.received(data)

    def handle_write(self) -> None:
        """The socket takes bytes again, or it is time to close."""
        if not (self.linger and self.close_when_flushed):
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if self.will_close:
            self.handle_close()
        elif not self.total_outbufs_len and self.connected:
            self.close_when_flushed = False
            self._start_lingering()

    def handle_close(self) -> None:
        """The connection is gone: give back what its half-received request took."""
        super().handle_close()
        if self.request is not None:
            self.request.close()

    def _start_lingering(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.handle_close()
        else:
            self.lingering_until = time.monotonic() + LINGER_SECONDS

    def _flush_exception(self, flush: Any, do_close: bool = True) -> Any:
        # As waitress's, without a traceback in the log for every phone that walks out of reach.
        if flush:
            try:
                return flush(do_close=do_close), False
            except OSError as error:
                logger.info("A connection broke while writing: %s", error)
            except Exception:
                logger.exception("An answer could not be sent")
            self.will_close = True
            return False, True
        return None

    def add_channel(self, map: Any = None) -> None:  # noqa: A002 - waitress's name
        """The connection is open."""
        super().add_channel(map)
        self.server.loop.touch(self)

    def del_channel(self, map: Any = None) -> None:  # noqa: A002 - waitress's name
        """The connection is about to be closed."""
        self.server.loop.forget(self._fileno)
        super().del_channel(map)

    def is_settled(self) -> bool:
        """Whether no thread works for this connection; if so, none will before it has received something."""
        with self.requests_lock:
            return not self.requests

    def is_idle(self) -> bool:
        """Whether nothing is under way: no request in part or whole, no answer still leaving."""
        with self.requests_lock:
            return not self.requests and self.request is None and not self.total_outbufs_len
