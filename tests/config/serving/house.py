"""A small application behind the real server, and clients that behave as badly as phones on bad networks do."""

import hashlib
import http.client
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from config.gate import Refusal
from config.server import Server

TOO_LARGE = Refusal(413, [("Content-Type", "text/xml; charset=utf-8"), ("X-OpenRosa-Version", "1.0")], b"<refused/>")
STALLED_SIZE = 40_000_000
Environ = dict[str, Any]


def refuse_submissions(_: str, raw_uri: str, *__: object) -> Refusal | None:
    return TOO_LARGE if raw_uri.startswith("/refused") else None


class House:
    """A small application, its server in a thread, and what happened there."""

    def __init__(self, tempdir: Path, **choices: Any) -> None:
        self.tempdir = tempdir
        self.environs: list[Environ] = []
        self.media = tempdir.parent / "media.bin"
        self.server = Server(self.app, host="127.0.0.1", port=0, tempdir=tempdir, **{"threads": 4, **choices})
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()

    def app(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.environs.append(environ)
        path = environ["PATH_INFO"]
        if path in ("/media", "/csv.zip"):
            file = self.media.open("rb") if path == "/media" else self.spooled_export()
            start_response("200 OK", [("Content-Type", "application/octet-stream")])
            wrapped: Iterable[bytes] = environ["wsgi.file_wrapper"](file)
            return wrapped
        if path in ("/204", "/304"):
            start_response("204 No Content" if path == "/204" else "304 Not Modified", [])
            return []
        if path == "/fails":
            raise RuntimeError("a secret detail")
        digest = hashlib.sha256()
        while piece := environ["wsgi.input"].read(65536):
            digest.update(piece)
        body = digest.hexdigest().encode()
        start_response("201 Created" if environ["REQUEST_METHOD"] == "POST" else "200 OK", [("Content-Type", "text/x")])
        return [body]

    def spooled_export(self) -> Any:
        file = tempfile.TemporaryFile(dir=self.tempdir)  # noqa: SIM115 - the server closes it
        file.truncate(STALLED_SIZE)
        return file

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=10)

    def client(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)

    def get(self, path: str = "/", **headers: str) -> int:
        client = self.client()
        client.request("GET", path, headers=headers)
        status = client.getresponse().status
        client.close()
        return status

    def close(self) -> None:
        self.server.stop()
        self.thread.join(15)


def post_head(path: str, length: int, *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: relais", "Content-Type: text/plain", f"Content-Length: {length}", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def read_answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def write_then_read(connection: socket.socket, head: bytes, length: int) -> tuple[int, dict[str, str], bytes]:
    """As OkHttp does: not a byte of the answer is read before the whole body is written."""
    connection.sendall(head)
    piece = bytes(65536)
    for _ in range(length // len(piece)):
        connection.sendall(piece)
    connection.sendall(bytes(length % len(piece)))
    return read_answer(connection)


def wait_until(true: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
