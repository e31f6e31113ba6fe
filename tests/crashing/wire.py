"""The phone's end of a connection that may die at any byte: a status line that was read is an answer that was heard."""

import re
import socket

from tests.handset.client import USER_AGENT
from tests.handset.instances import Instance
from tests.handset.submission import Batch, multipart

SECONDS = 60
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


class Connection:
    """One connection; OSError when it is dead, or when it dies before a whole status line has come."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.dead = False
        self._socket = socket.create_connection(address, timeout=SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        """Write a whole request. A failure is kept for `status`: an answer may lie here already."""
        try:
            self._socket.sendall(request)
        except OSError:
            self.dead = True

    def status(self) -> int:
        """The status of the answer; the rest of the answer is read too, if it still comes."""
        received = b""
        while b"\r\n" not in received:
            received += self._more()
        status = int(received.split(b" ", 2)[1])
        try:
            while b"\r\n\r\n" not in received:
                received += self._more()
            head, _, body = received.partition(b"\r\n\r\n")
            length = _LENGTH.search(head + b"\r\n")
            missing = (int(length[1]) if length else 0) - len(body)
            while missing > 0:
                missing -= len(self._more())
            self.dead = self.dead or b"\r\nconnection: close" in head.lower()
        except OSError:
            self.dead = True
        return status

    def close(self) -> None:
        """Hang up."""
        self.dead = True
        self._socket.close()

    def _more(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the connection ended")
        return data


def post(path: str, address: tuple[str, int], instance: Instance, batch: Batch) -> bytes:
    """One whole POST in OkHttp's form (C43)."""
    kind, pieces = multipart(instance, batch)
    head = (
        f"POST {path}/submission?deviceID=collect%3Aabcdefghijklmnop HTTP/1.1\r\nX-OpenRosa-Version: 1.0\r\n"
        f"User-Agent: {USER_AGENT}\r\nContent-Type: {kind}\r\nContent-Length: {sum(map(len, pieces))}\r\n"
        f"Host: {address[0]}:{address[1]}\r\nConnection: Keep-Alive\r\nAccept-Encoding: gzip\r\n\r\n"
    )
    return head.encode() + b"".join(pieces)
