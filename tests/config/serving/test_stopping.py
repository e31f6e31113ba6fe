import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config import server
from config.event_loop import PollLoop
from config.server import Server
from tests.config.serving.house import House, post_head, read_answer, refuse_submissions, write_then_read

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
        # Generous: on a busy machine the request must be at work, and the first signal heard.
        time.sleep(2)
        running.send_signal(signal.SIGTERM)
        time.sleep(1)
        running.send_signal(signal.SIGTERM)
        assert running.wait(5) == -signal.SIGTERM


def test_a_system_without_epoll_is_served_by_poll(
    open_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "event_loop", PollLoop)
    house = open_house(gate=refuse_submissions)
    with house.connect() as connection:
        assert write_then_read(connection, post_head("/submission", 1_000_000), 1_000_000)[0] == 201
        assert write_then_read(connection, post_head("/refused", 5_000_000), 5_000_000)[0] == 413
    assert house.get() == 200


def test_a_port_that_is_taken_is_said_at_once(open_house: Callable[..., House], tmp_path: Path) -> None:
    house = open_house()
    with pytest.raises(OSError, match="in use"):
        Server(house.app, host="127.0.0.1", port=house.server.port, tempdir=tmp_path)


def test_a_loop_that_ends_before_it_is_woken_is_not_written_to(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    # The thread that says stop is held up until the loop, which looks every second, has seen it.
    monkeypatch.setattr(server, "stop_is", lambda stopping: house.thread.join(1.5) if stopping else None)
    house.server.stop()
    house.thread.join(5)
    assert not house.thread.is_alive()
