"""PostgreSQL is away: phones hear so before they send a long body, nobody waits, and it passes by itself."""

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tests import postgres as postgres_programs
from tests.handset.submission import message_in
from tests.installation import instance, new_id
from tests.phone import Phone
from tests.server_process import Prepared, ServerProcess, prepare
from tests.skips import require_tool

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

BUSY = "Le serveur ne peut rien enregistrer"


@dataclass
class Hub:
    """A server, and its database server, which is about to be killed."""

    database: postgres_programs.Server
    server: ServerProcess
    prepared: Prepared
    phone: Phone


@pytest.fixture
def dying_hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub with a PostgreSQL of its own."""
    present = postgres_programs.find_binaries() is not None
    require_tool("PostgreSQL", present, postgres_programs.HOW_TO_INSTALL)
    database = postgres_programs.start(tmp_path / "postgres")
    try:
        url = database.create_database("relais")
        prepared = prepare(tmp_path / "data", database_url=url)
        with ServerProcess(prepared.data, tmp_path / "log", reserve_bytes=0, database_url=url) as server:
            yield Hub(database, server, prepared, Phone(server.url + prepared.key_url))
    finally:
        database.remove()


def test_phones_hear_at_header_time_that_the_database_is_away_and_get_through_when_it_is_back(dying_hub: Hub) -> None:
    hub = dying_hub
    sent = hub.phone.finalize(instance(new_id(), photo="1.jpg"), {"1.jpg": os.urandom(70_000)})
    assert hub.phone.send(sent).status == 201
    hub.database.kill()
    time.sleep(2.1)  # the door remembers a phone for 2 s; what a remembered one hears is the application's business
    begin = time.monotonic()
    with socket.create_connection(hub.server.address, timeout=10) as connection:
        connection.sendall(
            f"POST {hub.prepared.key_url}/submission HTTP/1.1\r\nHost: relais\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 8000000\r\n\r\n".encode()
        )
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, (message_in(answer.read()) or "")[: len(BUSY)]) == (503, BUSY)
    results = [hub.phone.send(sent), hub.phone.send(hub.phone.finalize(instance(new_id())))]
    assert [(result.status, result.message[: len(BUSY)]) for result in results] == [(503, BUSY)] * 2
    assert hub.server.get("/healthz") == (503, b"database\n")
    assert hub.server.get(f"{hub.prepared.key_url}/formList")[0] == 503  # an empty 200 would delete forms (C17)
    assert time.monotonic() - begin < 5
    hub.database.restart()
    assert [result.status for result in hub.phone.send_all()] == [201] * 2
    assert hub.server.get("/healthz") == (200, b"ok\n")
