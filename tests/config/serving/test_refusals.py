from collections.abc import Callable
from typing import Any

import pytest

from config import channel, server
from config.gate import Gate, Refusal
from config.request import SHORT_BODY
from tests.config.serving.house import House, post_head, read_answer, refuse_submissions, wait_until, write_then_read


@pytest.mark.parametrize("length", [1, 3_000, SHORT_BODY, SHORT_BODY + 1, 50_000_000])
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
