"""A full disk: phones hear a sentence, nothing acknowledged is lost, pages answer, and it passes when space returns."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests.handset.submission import Batch, message_in, multipart
from tests.installation import instance, new_id
from tests.phone import Phone
from tests.server_process import Prepared, ServerProcess, prepare
from tests.skips import require_tool
from tests.small_disk import HOW_TO_ALLOW, SmallDisk, can_mount, small_disk

pytestmark = pytest.mark.slow

RESERVE = 2_000_000
FULL = "Le serveur n'a plus de place."
BUSY = "Le serveur ne peut rien enregistrer"


@dataclass
class Post:
    """A border post whose whole data folder is on a small disk, and a phone that sends to it."""

    disk: SmallDisk
    served: ServerProcess
    prepared: Prepared
    phone: Phone

    def send(self, photos: int = 0, size: int = 0) -> tuple[int | None, str]:
        """Fill a form with `photos` of `size` random bytes and send it once: (status, what the enumerator reads)."""
        files = {f"{new_id()[-12:]}.jpg": os.urandom(size) for _ in range(photos)}
        filled = self.phone.finalize(instance(new_id(), photo=next(iter(files), "")), files)
        result = self.phone.send(filled)
        return result.status, result.message

    def head(self, length: int, content_type: str) -> bytes:
        """The headers of a POST."""
        return (
            f"POST {self.prepared.key_url}/submission HTTP/1.1\r\nHost: relais\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n"
        ).encode()

    def assert_whole(self) -> None:
        """All that was acknowledged is there, and `relais check` finds no fault."""
        acknowledged = {one.instance_id for one in self.phone.outbox if one.status == "sent"}
        status, body = self.served.get("/v1/projects/1/forms/household/submissions.csv", self.prepared.admin)
        assert status == 200
        stored = {line.rpartition(b"uuid:")[2][:36] for line in body.splitlines()[1:]}
        assert {one.removeprefix("uuid:").encode() for one in acknowledged} == stored
        checked = self.served.relais("check")
        assert checked.returncode == 0, checked.stderr


Open = Callable[[int], Post]


@pytest.fixture
def post_with(tmp_path: Path) -> Iterator[Open]:
    """Opens a post with a given reserve, in bytes; one per test."""
    mount = tmp_path / "disk"
    mount.mkdir()
    require_tool("a small disk", can_mount(mount), HOW_TO_ALLOW)
    prepared = prepare(tmp_path / "data")
    with small_disk(mount) as disk:
        shutil.copytree(prepared.data, disk.path / "data")
        served: list[ServerProcess] = []

        def opened(reserve: int) -> Post:
            served.append(ServerProcess(disk.inside / "data", tmp_path / "log", disk.wrapper, reserve_bytes=reserve))
            served[0].start()
            return Post(disk, served[0], prepared, Phone(served[0].url + prepared.key_url))

        yield opened
        served[0].kill()


def test_below_the_reserve_phones_hear_a_sentence_until_space_returns(post_with: Open) -> None:
    post = post_with(RESERVE)
    assert post.send(photos=1, size=100_000)[0] == 201
    post.disk.fill(leave=RESERVE - 100_000)
    refusals = [post.send(), post.send(photos=1, size=100_000), post.send(photos=1, size=5_000_000)]
    assert [(status, message.startswith(FULL)) for status, message in refusals] == [(503, True)] * 3
    assert list((post.disk.path / "data" / "tmp").iterdir()) == []
    post.disk.clear()
    assert [result.status for result in post.phone.send_all()] == [201] * 3
    post.assert_whole()


def test_below_the_reserve_pages_and_forms_are_still_served(post_with: Open) -> None:
    post = post_with(RESERVE)
    post.send(photos=1, size=100_000)
    post.disk.fill(leave=RESERVE - 100_000)
    assert post.served.get("/healthz") == (503, b"space\n")
    assert post.served.get("/sign-in")[0] == 200
    assert post.served.get("/v1/projects/1/forms/household/submissions.csv.zip", post.prepared.admin)[0] == 200
    assert post.phone.refresh().downloaded == ["household"]


def test_a_large_upload_is_refused_before_its_body_is_sent_and_the_answer_is_never_cut_off(post_with: Open) -> None:
    post = post_with(RESERVE)
    post.disk.fill(leave=RESERVE + 1_000_000)
    with socket.create_connection(post.served.address, timeout=10) as connection:
        connection.sendall(post.head(8_000_000, "multipart/form-data; boundary=x"))
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.status == 503
        # A phone looks for the answer after its last byte only: what it sends meanwhile must not break the connection.
        connection.sendall(bytes(8_000_000))
        assert (message_in(answer.read()) or "").startswith(FULL)


def test_a_disk_that_fills_during_an_upload_is_an_answer_too(post_with: Open) -> None:
    post = post_with(0)
    kind, pieces = multipart(
        post.phone.finalize(instance(new_id(), photo="1.jpg")), Batch((("1.jpg", os.urandom(5_000_000)),), False)
    )
    body = b"".join(pieces)
    with socket.create_connection(post.served.address, timeout=10) as connection:
        connection.sendall(post.head(len(body), kind) + body[:1_000_000])
        assert post.served.get("/healthz")[0] == 200
        post.disk.fill(leave=0)
        connection.sendall(body[1_000_000:])
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, (message_in(answer.read()) or "").startswith(FULL)) == (503, True)
    post.disk.clear()
    assert post.send(photos=1, size=5_000_000)[0] == 201


def test_many_small_files_for_which_there_is_only_half_the_room_leave_nothing_behind(post_with: Open) -> None:
    post = post_with(0)
    post.disk.fill(leave=40_000)
    status, message = post.send(photos=30, size=100)
    assert (status, message.startswith(FULL)) == (503, True)
    assert list((post.disk.path / "data" / "tmp").iterdir()) == []
    post.disk.clear()
    assert [result.status for result in post.phone.send_all()] == [201]
    post.assert_whole()


def test_a_database_that_cannot_grow_loses_nothing_it_acknowledged(post_with: Open) -> None:
    post = post_with(0)
    heard: list[tuple[int | None, str]] = []
    for leave in (300_000, 120_000, 60_000, 20_000, 8_000, 0):
        post.disk.fill(leave)
        heard += [post.send() for _ in range(12)] + [post.send(photos=1, size=3_000)]
    assert {status for status, _ in heard} == {201, 503}
    # Both the check before the transaction and SQLite itself have refused.
    assert {message[: len(FULL)] for status, message in heard if status == 503} == {FULL, BUSY[: len(FULL)]}
    assert post.served.get("/sign-in")[0] == 200
    post.served.kill()
    post.served.start()
    post.disk.clear()
    assert {result.status for result in post.phone.send_all()} == {201}
    post.assert_whole()
