"""A link to PostgreSQL that breaks at a chosen moment: bytes pass through until the client says a word."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class CutLink:
    """Passes everything between one client after another and the server. Once `cut_after` is set, the next client that
    sends it is heard by the server to the end, and hears nothing more itself."""

    def __init__(self, listen_at: Path, server: Path) -> None:
        self.cut_after: bytes | None = None
        self.cut = threading.Event()
        self._server = server
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(listen_at))
        self._listener.listen()
        self._start(self._accept)

    def close(self) -> None:
        """Stop accepting and wait for those still connected to leave."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(self._server))
            silent = threading.Event()
            self._start(self._to_server, client, server, silent)
            self._start(self._to_client, client, server, silent)

    def _to_server(self, client: socket.socket, server: socket.socket, silent: threading.Event) -> None:
        while data := _receive(client):
            if self.cut_after is not None and self.cut_after in data:
                self.cut_after = None
                silent.set()
            server.sendall(data)
        _shut(server)

    def _to_client(self, client: socket.socket, server: socket.socket, silent: threading.Event) -> None:
        while data := _receive(server):
            if silent.is_set():
                break
            client.sendall(data)
        _shut(client)
        client.close()
        server.close()
        if silent.is_set():
            self.cut.set()


def _receive(link: socket.socket) -> bytes:
    try:
        return link.recv(65536)
    except OSError:
        return b""


def _shut(link: socket.socket) -> None:
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@contextmanager
def cut_link(url: str, folder: Path) -> Iterator[tuple[str, CutLink]]:
    """The URL of the same database through such a link, and the link. `folder` must have a short path."""
    split = urlsplit(url)
    (host,) = parse_qs(split.query)["host"]
    link = CutLink(folder / ".s.PGSQL.5432", Path(host) / ".s.PGSQL.5432")
    try:
        yield split._replace(query=f"host={folder}").geturl(), link
    finally:
        link.close()
