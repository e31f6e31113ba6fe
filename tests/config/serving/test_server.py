import hashlib
import os
import resource
import socket
import time
from collections.abc import Callable
from typing import Any

import pytest

from config import server
from config.body_spool import MEMORY_LIMIT
from tests.config.serving.house import STALLED_SIZE, House, post_head, read_answer, write_then_read

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
        (
            b"POST /submission HTTP/1.1\r\nHost: a\r\nContent-Length: %b\r\n\r\n" % (b"9" * 5000),
            "<error path='/submission'>400</error>",
        ),
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


@pytest.mark.parametrize("path", ["/204", "/304"])
def test_an_answer_without_a_body_leaves_the_connection_usable_c39(house: House, path: str) -> None:
    with house.connect() as connection:
        for _ in range(2):
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            status, headers, body = read_answer(connection)
            assert (status, "connection" in headers, body) == (int(path[1:]), False, b"")
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        assert read_answer(connection)[1]["connection"] == "close"
        assert connection.recv(1) == b""


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
    assert {name for name in environ if "FORWARDED" in name} == {"HTTP_X_FORWARDED_PROTO"}
