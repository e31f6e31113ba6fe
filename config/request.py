"""A request on its way in: judged as soon as its headers are complete, its body waits where there is room."""

import contextlib
import logging
from typing import TYPE_CHECKING, Any

from waitress.parser import HTTPRequestParser, ParsingError

from config.body_spool import BodySpool
from config.forwarding import take_forwarding
from config.gate import Refusal
from config.lane import Prepared

if TYPE_CHECKING:
    from config.channel import GatedChannel
    from config.server import Server

logger = logging.getLogger(__name__)

# A refused body up to this many bytes is read before the answer is given.
SHORT_BODY = 1024 * 1024


class GatedRequest(HTTPRequestParser):  # type: ignore[misc]  # waitress has no type information
    """A request as waitress parses it. `refusal`: what the gate said; `cut_short`: the client is still sending;
    `prepared`: its answer, when it went the way of config.lane."""

    refusal: Refusal | None = None
    cut_short = False
    prepared: Prepared | None = None
    client_ip = ""
    body_rcv: Any
    completed: bool
    content_length: int
    expect_continue: bool

    def __init__(self, adj: Any, channel: "GatedChannel") -> None:
        super().__init__(adj)
        self.channel = channel

    def received(self, data: bytes) -> int:
        """Take bytes from the socket; how many of them belong to this request."""
        try:
            consumed: int = super().received(data)
        except OSError as error:
            logger.warning("A request body could not be spooled: %s", error)
            self._forget_body()
            self._refuse(self._own_refusal(503))
            consumed = len(data)
        if self.completed and self.error is not None and not isinstance(self.body_rcv, _Discarded):
            self.cut_short = True
            # What follows is the refused body, not another request.
            return len(data)
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers, then ask the gate."""
        try:
            super().parse_header(header_plus)
        except ValueError:
            # Python reads no number of thousands of digits.
            raise ParsingError("Content-Length is invalid") from None
        server = self.channel.server
        self.client_ip, scheme = take_forwarding(self.headers, self.channel.addr[0], server.proxies)
        if scheme:
            self.url_scheme = scheme
        if self.body_rcv is not None:
            self.body_rcv.buf = BodySpool(server.tempdir)
        elif not self.expect_continue:
            return
        refusal = self._ask(server)
        if refusal is not None:
            self._refuse(refusal)

    def close(self) -> None:
        """Give back what the body took."""
        self._forget_body()

    def _ask(self, server: "Server") -> Refusal | None:
        if server.gate is None:
            return None
        headers = {name.replace("_", "-").lower(): value for name, value in self.headers.items()}
        length = -1 if self.chunked else self.content_length
        try:
            return server.gate(self.command, self.request_uri, headers, length, self.client_ip, self.url_scheme)
        except Exception:
            # The application will find out by itself what is wrong; a broken gate must not close the house.
            logger.exception("The gate failed for %s %s", self.command, raw_path(self))
            return None

    def _own_refusal(self, status: int) -> Refusal:
        headers, body = self.channel.server.error_page(raw_path(self), status)
        return Refusal(status, headers, body)

    def _refuse(self, refusal: Refusal) -> None:
        self.error = self.refusal = refusal
        # Once a part of the body has been taken, what is left of it is not worth the counting.
        untouched = not self.headers_finished and not self.expect_continue
        if untouched and 0 < self.content_length <= SHORT_BODY:
            self.body_rcv = _Discarded(self.content_length)
        else:
            self.body_rcv = None
            self.content_length = 0
            self.completed = True
        self.expect_continue = False

    def _forget_body(self) -> None:
        body, self.body_rcv = self.body_rcv, None
        if body is not None:
            with contextlib.suppress(OSError):
                body.getbuf().close()


class _Discarded:
    """Counts down a body that nobody wants."""

    error = None
    completed = False

    def __init__(self, length: int) -> None:
        self._remaining = length

    def received(self, data: bytes) -> int:
        taken = min(len(data), self._remaining)
        self._remaining -= taken
        self.completed = self._remaining == 0
        return taken

    def getbuf(self) -> "_Discarded":
        return self

    def close(self) -> None:
        pass


def raw_path(request: HTTPRequestParser) -> str:
    """The undecoded path of a request, `/` if it could not be read."""
    uri: str = getattr(request, "request_uri", "/")
    return uri.partition("?")[0]
