import hashlib
import http.client
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config import channel, server
from config.body_spool import MEMORY_LIMIT
from config.gate import Gate, Refusal
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


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    houses: list[House] = []

    def build(**choices: Any) -> House:
        (tmp_path / "tmp").mkdir(exist_ok=True)
        houses.append(House(tmp_path / "tmp", **choices))
        return houses[-1]

    yield build
    for house in houses:
        house.close()


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house(gate=refuse_submissions)


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


# --- Refusals at header time ---


@pytest.mark.parametrize("length", [1, 3_000, channel.SHORT_BODY, channel.SHORT_BODY + 1, 50_000_000])
def test_a_phone_that_writes_its_whole_body_first_still_reads_the_refusal(house: House, length: int) -> None:
    with house.connect() as connection:
        status, headers, body = write_then_read(connection, post_head("/refused", length), length)
    assert (status, body) == (413, b"<refused/>")
    assert headers["x-openrosa-version"] == "1.0"
    assert "server" not in headers
    assert house.environs == []


def test_a_long_refused_body_is_answered_before_it_is_sent(house: House) -> None:
    with house.connect() as connection:
        connection.sendall(post_head("/refused", 50_000_000))
        status, headers, _ = read_answer(connection)
    assert (status, headers["connection"]) == (413, "close")


def test_a_short_refused_body_leaves_the_connection_usable(house: House) -> None:
    with house.connect() as connection:
        for _ in range(2):
            status, headers, _ = write_then_read(connection, post_head("/refused", 500_000), 500_000)
            assert (status, "connection" in headers) == (413, False)
        assert write_then_read(connection, post_head("/submission", 10), 10)[0] == 201


@pytest.mark.parametrize("length", [200, 2_000_000])
def test_a_request_hidden_in_a_refused_body_is_not_served(house: House, length: int) -> None:
    hidden = b"GET /hidden HTTP/1.1\r\nHost: relais\r\n\r\n"
    with house.connect() as connection:
        connection.sendall(post_head("/refused", length) + hidden + bytes(length - len(hidden)))
        assert read_answer(connection)[0] == 413
    assert house.get() == 200
    assert [environ["PATH_INFO"] for environ in house.environs] == ["/"]


def test_lingering_ends_after_so_many_bytes_and_the_answer_can_still_be_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "LINGER_BYTES", 1_000_000)
    with house.connect() as connection:
        connection.sendall(post_head("/refused", 1 << 30))
        with pytest.raises(OSError, match=r"reset|pipe"):
            connection.sendall(bytes(1 << 28))
        assert read_answer(connection)[0] == 413


def test_lingering_ends_after_so_many_seconds(
    open_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "LINGER_SECONDS", 0.2)
    monkeypatch.setattr(server, "HOUSEKEEPING_SECONDS", 0)
    house = open_house(gate=refuse_submissions)
    with house.connect() as connection:
        connection.sendall(post_head("/refused", 1 << 30))
        assert read_answer(connection)[0] == 413
        wait_until(lambda: not house.server.active_channels)


def test_a_client_that_asks_first_is_told_at_once(house: House) -> None:
    with house.connect() as connection:
        connection.sendall(post_head("/refused", 1000, "Expect: 100-continue"))
        assert read_answer(connection)[0] == 413
    with house.connect() as connection:
        connection.sendall(post_head("/submission", 4, "Expect: 100-continue"))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"body")
        assert read_answer(connection)[0] == 201


def test_the_gate_sees_the_request_as_it_was_sent(open_house: Callable[..., House]) -> None:
    asked: list[tuple[Any, ...]] = []
    house = open_house(gate=lambda *question: asked.append(question))
    uri = "/v1/projects/1/submission?deviceID=collect%3Aabc"
    with house.connect() as connection:
        write_then_read(connection, post_head(uri, 5, "X-OpenRosa-Version: 1.0"), 5)
        connection.sendall(b"PUT /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        read_answer(connection)
    house.get("/without/body")
    (method, raw_uri, headers, length, client, scheme), chunked = asked
    assert (method, raw_uri, length, client, scheme) == ("POST", uri, 5, "127.0.0.1", "http")
    assert headers == {
        "host": "relais",
        "content-type": "text/plain",
        "content-length": "5",
        "x-openrosa-version": "1.0",
    }
    assert (chunked[0], chunked[3]) == ("PUT", -1)


def test_a_broken_gate_lets_the_request_in(open_house: Callable[..., House]) -> None:
    def broken(*_: object) -> Refusal | None:
        raise KeyError("no such project")

    gate: Gate = broken
    with open_house(gate=gate).connect() as connection:
        assert write_then_read(connection, post_head("/", 10), 10)[0] == 201


# --- The server's own errors ---


def openrosa_errors(raw_path: str, status: int) -> tuple[list[tuple[str, str]], bytes]:
    return [("Content-Type", "text/xml")], f"<error path='{raw_path}'>{status}</error>".encode()


@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        (
            b"POST /submission?a=b HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n",
            "<error path='/submission'>413</error>",
        ),
        (b"POST /submission HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "<error path='/submission'>400</error>"),
        (b"GET /fails HTTP/1.1\r\nHost: a\r\n\r\n", "<error path='/fails'>500</error>"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", "<error path='/'>501</error>"),
        (b"GET /" + b"x" * 300_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", "<error path='/'>431</error>"),
        (b"nonsense\r\n\r\n", "<error path='/'>400</error>"),
    ],
)
def test_errors_of_the_server_itself_look_as_their_path_needs(
    open_house: Callable[..., House], request_bytes: bytes, answer: str
) -> None:
    with open_house(error_page=openrosa_errors, max_body_bytes=1000).connect() as connection:
        connection.sendall(request_bytes)
        status, headers, body = read_answer(connection)
    assert (body.decode(), headers["content-type"]) == (answer, "text/xml")
    assert str(status) in answer


def test_an_error_tells_nothing_about_the_inside(house: House) -> None:
    client = house.client()
    client.request("GET", "/fails")
    answer = client.getresponse()
    assert answer.status == 500
    assert answer.headers["Server"] is None
    assert answer.read() == b"500 Internal Server Error\n"


def test_an_error_answer_to_head_has_no_body(house: House) -> None:
    with house.connect() as connection:
        connection.sendall(b"HEAD /fails HTTP/1.1\r\nHost: a\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    assert received.startswith(b"HTTP/1.1 500 ")
    assert received.endswith(b"\r\n\r\n")


def test_request_lines_of_200_kb_arrive_c31(house: House) -> None:
    uri = "/integrity?id=" + "%2C".join(["8f3c0a1e-2b54-4c0e-9d0a-5a3a7f1f2b6c"] * 5_000)
    assert len(uri) > 190_000
    assert house.get(uri) == 200
    assert house.environs[0]["REQUEST_URI"] == uri


# --- Bodies on disk ---


def test_a_large_body_arrives_whole_and_leaves_nothing_behind(house: House) -> None:
    body = os.urandom(5_000_000)
    client = house.client()
    client.request("POST", "/submission", body)
    assert client.getresponse().read() == hashlib.sha256(body).hexdigest().encode()
    assert list(house.tempdir.iterdir()) == []


def test_a_chunked_body_arrives_whole(house: House) -> None:
    pieces = [os.urandom(100_000) for _ in range(5)]
    client = house.client()
    client.request("POST", "/submission", iter(pieces), encode_chunked=True, headers={"Transfer-Encoding": "chunked"})
    assert client.getresponse().read() == hashlib.sha256(b"".join(pieces)).hexdigest().encode()


def test_a_temporary_folder_that_was_tidied_away_is_made_again(house: House) -> None:
    house.tempdir.rmdir()
    with house.connect() as connection:
        assert write_then_read(connection, post_head("/submission", 1_000_000), 1_000_000)[0] == 201


def test_a_temporary_folder_that_cannot_be_made_is_503_for_that_request(house: House) -> None:
    house.tempdir.rmdir()
    house.tempdir.write_text("in the way")
    with house.connect() as connection:
        assert write_then_read(connection, post_head("/submission", 2_000_000), 2_000_000)[0] == 503
    assert house.get() == 200


def test_a_full_disk_is_503_for_that_request_and_the_next_one_works(open_house: Callable[..., House]) -> None:
    house = open_house(error_page=openrosa_errors)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # A limit on the size of files fails in the same place and way as a full disk, without needing one.
    resource.setrlimit(resource.RLIMIT_FSIZE, (MEMORY_LIMIT + 200_000, hard))
    try:
        with house.connect() as connection:
            status, _, body = write_then_read(connection, post_head("/submission", 3_000_000), 3_000_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (status, body) == (503, b"<error path='/submission'>503</error>")
    with house.connect() as connection:
        assert write_then_read(connection, post_head("/submission", 3_000_000), 3_000_000)[0] == 201


# --- Slow links ---


def test_60_stalled_uploads_leave_every_page_answering(house: House) -> None:
    stalled = [house.connect() for _ in range(60)]
    for number, connection in enumerate(stalled):
        connection.sendall(post_head("/submission", 2_000_000) + bytes(0 if number % 2 else 400_000))
    started = time.monotonic()
    assert [house.get() for _ in range(5)] == [200] * 5
    assert time.monotonic() - started < 1
    for connection in stalled:
        connection.close()


@pytest.mark.parametrize("path", ["/media", "/csv.zip"])
def test_60_stalled_downloads_leave_every_page_answering(house: House, path: str) -> None:
    with house.media.open("wb") as file:
        file.truncate(STALLED_SIZE)
    stalled = []
    for _ in range(60):
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", house.server.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: relais\r\n\r\n".encode())
        stalled.append(connection)
    for connection in stalled:
        connection.settimeout(10)
        assert connection.recv(1) == b"H"
    started = time.monotonic()
    assert [house.get() for _ in range(5)] == [200] * 5
    assert time.monotonic() - started < 1
    for connection in stalled:
        connection.close()


def test_a_download_arrives_whole(house: House) -> None:
    content = os.urandom(3_000_000)
    house.media.write_bytes(content)
    client = house.client()
    client.request("GET", "/media")
    assert client.getresponse().read() == content


def test_an_unused_connection_outlives_the_phones_pool_c77(house: House) -> None:
    assert house.server.adj.channel_timeout > 300


def test_unused_connections_make_room_when_nearly_all_are_taken(
    open_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HOUSEKEEPING_SECONDS", 0)
    monkeypatch.setattr(server, "CROWDED_IDLE_SECONDS", 0)
    house = open_house(connection_limit=20)
    uploading = house.connect()
    uploading.sendall(post_head("/submission", 10))
    unused = [house.connect() for _ in range(40)]
    assert house.get() == 200
    uploading.sendall(bytes(10))
    assert read_answer(uploading)[0] == 201
    for connection in [uploading, *unused]:
        connection.close()


# --- Proxies ---


def test_a_configured_proxy_says_who_the_client_is(open_house: Callable[..., House]) -> None:
    asked: list[tuple[Any, ...]] = []
    house = open_house(proxies=["127.0.0.1"], gate=lambda *question: asked.append(question))
    forwarded = {"X-Forwarded-For": "10.0.0.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "relais.example.org"}
    client = house.client()
    client.request("POST", "/", b"x", forwarded)
    client.getresponse()
    environ = house.environs[0]
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("10.0.0.7", "https")
    assert environ["HTTP_HOST"] == "relais.example.org"
    assert asked[0][4:] == ("10.0.0.7", "https")
    assert not any("FORWARDED" in name for name in environ)


def test_anybody_else_is_not_believed(house: House) -> None:
    house.get("/", **{"X-Forwarded-For": "10.0.0.7", "X-Forwarded-Proto": "https", "Forwarded": "for=10.0.0.7"})
    environ = house.environs[0]
    assert (environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]) == ("127.0.0.1", "http")
    assert not any("FORWARDED" in name for name in environ)


# --- Stopping ---

PROGRAM = """
import sys, time
from pathlib import Path
from config.server import serve

def app(environ, start_response):
    time.sleep(float(environ["QUERY_STRING"] or 0))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"done"]

serve(app, host="127.0.0.1", port=0, tempdir=Path(sys.argv[1]), ready=lambda port: print(port, flush=True))
print("stopped", flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    root = Path(server.__file__).parents[1]
    call = [sys.executable, "-c", PROGRAM, str(tmp_path / "new" / "tmp")]
    with subprocess.Popen(call, cwd=root, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield running, int(running.stdout.readline())
        running.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_running_request_finish_and_ends_the_process(
    program: tuple["subprocess.Popen[str]", int], number: signal.Signals
) -> None:
    running, port = program
    idle = socket.create_connection(("127.0.0.1", port))
    halfway = socket.create_connection(("127.0.0.1", port))
    halfway.sendall(post_head("/", 1000) + b"x")
    with socket.create_connection(("127.0.0.1", port)) as busy:
        busy.sendall(b"GET /?0.6 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        started = time.monotonic()
        running.send_signal(number)
        assert read_answer(busy)[2] == b"done"
    assert running.wait(5) == 0
    assert time.monotonic() - started < 3
    assert running.stdout is not None
    assert running.stdout.read() == "stopped\n"
    idle.close()
    halfway.close()


def test_a_second_signal_does_not_wait(program: tuple["subprocess.Popen[str]", int]) -> None:
    running, port = program
    with socket.create_connection(("127.0.0.1", port)) as busy:
        busy.sendall(b"GET /?30 HTTP/1.1\r\nHost: a\r\n\r\n")
        time.sleep(0.2)
        running.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        running.send_signal(signal.SIGTERM)
        assert running.wait(5) == -signal.SIGTERM


def test_a_port_that_is_taken_is_said_at_once(open_house: Callable[..., House], tmp_path: Path) -> None:
    house = open_house()
    with pytest.raises(OSError, match="in use"):
        Server(house.app, host="127.0.0.1", port=house.server.port, tempdir=tmp_path)


def wait_until(true: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
