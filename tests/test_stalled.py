"""60 stalled uploads and 60 stalled downloads, on the real application: phones and pages hear nothing of it."""

import base64
import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.database import sqlite_module
from tests.installation import PASSWORD, instance, new_id
from tests.phone import Phone
from tests.server_process import Prepared, ServerProcess, prepare

pytestmark = pytest.mark.slow

STALLED = 60
VIDEO_BYTES = 40_000_000
# More than the kernel takes for a connection that nobody reads; each export of it lies on the disk while it leaves.
PHOTO_BYTES = 8_000_000
# Generous for a busy machine; a server whose threads are all taken would not answer at all.
SECONDS = 5.0
ANSWERS, ANSWER_BYTES = 24, 250_000
# A server at rest takes about 110; each of its threads may hold the lines of what it writes.
MEGABYTES = 600


def form_with_a_video() -> bytes:
    """A form that shows a video before it asks."""
    return (
        b'<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">'
        b'<h:head><h:title>Film</h:title><model><itext><translation lang="fr"><text id="q"><value>Vu ?</value>'
        b'<value form="video">jr://video/film.mp4</value></text></translation></itext><instance>'
        b'<data id="film" version="1"><seen/><meta><instanceID/></meta></data></instance>'
        b'<bind nodeset="/data/seen" type="string"/><bind nodeset="/data/meta/instanceID" type="string"/></model>'
        b'</h:head><h:body><input ref="/data/seen"><label ref="jr:itext(\'q\')"/></input></h:body></h:html>'
    )


@dataclass
class Post:
    """A server with a form that has a large video, and a submission with a large photo."""

    served: ServerProcess
    prepared: Prepared
    phone: Phone

    def assert_answers_quickly(self) -> None:
        """Health, a page, the form list and a submission with a photo."""
        begin = time.monotonic()
        assert self.served.get("/healthz", seconds=SECONDS) == (200, b"ok\n")
        assert self.served.get("/sign-in", seconds=SECONDS)[0] == 200
        assert {one.form_id for one in self.phone.form_list()} == {"household", "film"}
        filled = self.phone.finalize(instance(new_id(), photo="1.jpg"), {"1.jpg": os.urandom(100_000)})
        assert self.phone.send(filled).status == 201
        assert time.monotonic() - begin < SECONDS


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """One server for all; its connections are each test's own."""
    folder: Path = tmp_path_factory.mktemp("stalled")
    prepared = prepare(folder / "data", form_with_a_video(), {"film.mp4": os.urandom(VIDEO_BYTES)})
    with ServerProcess(prepared.data, folder / "log", reserve_bytes=0) as served:
        phone = Phone(served.url + prepared.key_url, read_seconds=30)
        filled = phone.finalize(instance(new_id(), photo="big.jpg"), {"big.jpg": os.urandom(PHOTO_BYTES)})
        assert phone.send(filled).status == 201
        yield Post(served, prepared, phone)


def stall(post: Post, head: str, begin: bytes, opened: ExitStack) -> socket.socket:
    """A connection over which a request, or the beginning of one, has been sent and nothing more happens."""
    connection = opened.enter_context(socket.create_connection(post.served.address, timeout=10))
    connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + begin)
    return connection


@pytest.mark.parametrize("size", [1_000, 1_000_000], ids=["in memory", "in files"])
def test_60_stalled_uploads_leave_phones_and_pages_answered(post: Post, size: int) -> None:
    head = (
        f"POST {post.prepared.key_url}/submission HTTP/1.1\nHost: relais\n"
        "Content-Type: multipart/form-data; boundary=x\nContent-Length: 2000000\n"
    )
    with ExitStack() as opened:
        for _ in range(STALLED):
            stall(post, head, b"--x\r\n".ljust(size, b"-"), opened)
        post.assert_answers_quickly()
    assert post.phone.remarks == []


@pytest.mark.parametrize("what", ["film.mp4", "csv.zip"])
def test_60_stalled_downloads_leave_phones_and_pages_answered(post: Post, what: str) -> None:
    if what == "film.mp4":
        path = f"{post.prepared.key_url}/forms/film/attachments/film.mp4"
    else:
        path = "/v1/projects/1/forms/household/submissions.csv.zip"
    more = "".join(f"{name}: {value}\n" for name, value in post.prepared.admin.items() if what == "csv.zip")
    with ExitStack() as opened:
        stalled = [stall(post, f"GET {path} HTTP/1.1\nHost: relais\n{more}", b"", opened) for _ in range(STALLED)]
        # The first bytes have come on each: all of them are under way, and none is read any further.
        assert {connection.recv(12) for connection in stalled} == {b"HTTP/1.1 200"}
        post.assert_answers_quickly()
        stalled[0].settimeout(30)
        assert read_to_the_end(stalled[0]) >= (VIDEO_BYTES if what == "film.mp4" else PHOTO_BYTES)


@pytest.fixture(scope="module")
def written(post: Post) -> Post:
    """The form with the video has been answered at length: more than the kernel takes for a connection that nobody reads."""
    for _ in range(ANSWERS):
        text = base64.b64encode(os.urandom(ANSWER_BYTES)).decode()
        meta = f"<meta><instanceID>{new_id()}</instanceID></meta>"
        filled = post.phone.finalize(f'<data id="film" version="1"><seen>{text}</seen>{meta}</data>'.encode(), {})
        assert post.phone.send(filled).status == 201
    return post


@pytest.mark.parametrize(
    ("path", "readers"),
    [
        # More than there are threads; the others go the same way.
        ("/v1/projects/1/forms/film/submissions.csv", 40),
        ("/v1/projects/1/forms/film.svc/Submissions", 10),
        ("/projects/1/forms/film/data/file?format=xlsx", 2),
    ],
)
def test_exports_that_nobody_reads_on_hold_neither_threads_nor_memory_nor_the_database(
    written: Post, path: str, readers: int
) -> None:
    token = signed_in(written.served)
    head = f"GET {path} HTTP/1.1\nHost: relais\nAuthorization: Bearer {token}\nCookie: relais_session={token}\n"
    with ExitStack() as opened:
        stalled = [stall(written, head, b"", opened) for _ in range(readers)]
        assert {connection.recv(12) for connection in stalled} == {b"HTTP/1.1 200"}
        written.assert_answers_quickly()
        # What waits for readers waits in files, and no read transaction keeps the log of the database growing.
        assert written.served.megabytes() < MEGABYTES
        assert checkpointed(written.prepared.data)
        stalled[0].settimeout(30)
        assert read_to_the_end(stalled[0]) >= ANSWERS * ANSWER_BYTES
    until = time.monotonic() + 30
    while (left := list((written.prepared.data / "tmp").iterdir())) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []


def signed_in(served: ServerProcess) -> str:
    """A token of the administrator, for the API and for pages."""
    with closing(http.client.HTTPConnection(*served.address, timeout=SECONDS)) as client:
        body = json.dumps({"email": "admin@example.org", "password": PASSWORD})
        client.request("POST", "/v1/sessions", body, {"Content-Type": "application/json"})
        return str(json.load(client.getresponse())["token"])


def checkpointed(data: Path) -> bool:
    """Whether all of the log could be put into the database: nobody reads what stood there before."""
    with closing(sqlite_module().connect(data / "relais.sqlite3", timeout=10)) as connection:
        return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)


def read_to_the_end(connection: socket.socket) -> int:
    """How many bytes the answer has: a download that was stalled goes on where it was."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1024)
    head, _, body = head.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        while not body.endswith(b"\r\n0\r\n\r\n"):
            piece = connection.recv(1 << 20)
            assert piece
            body += piece
        return len(body)
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    missing = length - len(body)
    while missing > 0:
        piece = connection.recv(1 << 20)
        assert piece
        missing -= len(piece)
    return length
