"""Requests that are answered together by one thread (config.lane)."""

import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from config.lane import BATCH, Asked, Prepared
from tests.config.serving.house import STALLED_SIZE, House, post_head, read_answer, wait_until


class Echo:
    """Answers POSTs to /small with their body; leaves those that say so to the application; fails as a whole on demand."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.busy, self.open = threading.Event(), threading.Event()
        self.open.set()

    def takes(self, method: str, path: str, length: int) -> bool:
        return method == "POST" and path == "/small" and length <= 100

    def answer(self, asked: Sequence[Asked]) -> list[Prepared | None]:
        self.busy.set()
        self.open.wait(10)
        bodies = [each.body.read() for each in asked]
        self.batches.append(bodies)
        if b"fail" in bodies:
            raise RuntimeError("all of them")
        return [None if body == b"pass" else Prepared(202, [("X-Query", asked[0].query)], body) for body in bodies]


def post(house: House, body: bytes, path: str = "/small") -> tuple[int, bytes]:
    with house.connect() as connection:
        connection.sendall(post_head(path, len(body)) + body)
        status, _, answer = read_answer(connection)
        return status, answer


def test_what_waits_is_answered_together_and_each_hears_its_own(open_house: Callable[..., House]) -> None:
    echo = Echo()
    house = open_house(together=echo)
    echo.open.clear()
    with ThreadPoolExecutor(100) as pool:
        first = pool.submit(post, house, b"first")
        assert echo.busy.wait(10)
        sent = [str(number).encode() for number in range(99)]
        waiting = [pool.submit(post, house, body) for body in sent]
        wait_until(lambda: house.server.task_dispatcher.lane_length == len(sent), 10)
        echo.open.set()
        assert first.result() == (202, b"first")
        assert [each.result() for each in waiting] == [(202, body) for body in sent]
    assert [len(batch) for batch in echo.batches] == [1, BATCH, 99 - BATCH]
    assert house.environs == []


def test_others_go_to_the_application_and_so_does_what_the_lane_leaves(open_house: Callable[..., House]) -> None:
    house = open_house(together=Echo())
    assert post(house, b"small", path="/other")[0] == 201
    assert post(house, b"x" * 101)[0] == 201
    assert post(house, b"pass")[0] == 201
    assert [environ["PATH_INFO"] for environ in house.environs] == ["/other", "/small", "/small"]


def test_a_batch_that_fails_as_a_whole_is_answered_by_the_application(open_house: Callable[..., House]) -> None:
    house = open_house(together=Echo())
    assert post(house, b"fail")[0] == 201
    assert post(house, b"next") == (202, b"next")


def test_a_connection_serves_one_request_after_another_whichever_way_they_go(open_house: Callable[..., House]) -> None:
    house = open_house(together=Echo())
    pipelined = b"".join(post_head(path, 4) + b"body" for path in ("/small", "/other", "/small"))
    with house.connect() as connection:
        connection.sendall(pipelined)
        received = b""
        while received.count(b"HTTP/1.1 ") < 3 or not received.endswith(b"body"):
            received += connection.recv(65536)
    assert re.findall(rb"HTTP/1\.1 (\d+)", received) == [b"202", b"201", b"202"]


def test_a_client_that_hangs_up_costs_its_neighbours_nothing(open_house: Callable[..., House]) -> None:
    echo = Echo()
    house = open_house(together=echo)
    echo.open.clear()
    gone = house.connect()
    gone.sendall(post_head("/small", 4) + b"gone")
    assert echo.busy.wait(10)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, house, b"here")
        gone.close()
        echo.open.set()
        assert waiting.result() == (202, b"here")


def test_stopping_answers_what_was_asked(open_house: Callable[..., House]) -> None:
    echo = Echo()
    house = open_house(together=echo)
    echo.open.clear()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, house, b"late")
        assert echo.busy.wait(10)
        house.server.stop()
        echo.open.set()
        assert waiting.result() == (202, b"late")


def test_the_thread_of_the_sockets_is_woken_once_for_all_answers_of_a_batch(open_house: Callable[..., House]) -> None:
    """Woken for each, it looked at all connections each time: a third of the rate at 32 phones."""
    echo = Echo()
    house = open_house(together=echo)
    wake: Callable[[], None] = house.server.trigger.pull_trigger
    pulls: list[str] = []

    def counted() -> None:
        pulls.append(threading.current_thread().name)
        wake()

    house.server.trigger.pull_trigger = counted
    echo.open.clear()
    with ThreadPoolExecutor(40) as pool:
        first = pool.submit(post, house, b"first")
        assert echo.busy.wait(10)
        waiting = [pool.submit(post, house, b"x") for _ in range(39)]
        wait_until(lambda: house.server.task_dispatcher.lane_length == 39, 10)
        echo.open.set()
        assert {each.result() for each in [first, *waiting]} == {(202, b"first"), (202, b"x")}
    wait_until(lambda: pulls.count("lane") == 2)
    assert [len(batch) for batch in echo.batches] == [1, 39]


def test_behind_a_download_that_nobody_reads_no_one_waits_in_the_lane(open_house: Callable[..., House]) -> None:
    house = open_house(together=Echo())
    with house.connect() as stalled:
        stalled.sendall(b"GET /csv.zip HTTP/1.1\r\nHost: relais\r\n\r\n" + post_head("/small", 4) + b"mine")
        wait_until(lambda: len(house.environs) == 2)
        assert post(house, b"other") == (202, b"other")
        read = len(stalled.recv(65536))
        while read < STALLED_SIZE:
            read += len(stalled.recv(1 << 20))
