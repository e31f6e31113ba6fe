"""`relais serve` as a process: the first start, the ones after it, and how it ends."""

import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from forms.first_start import Welcome
from sync.serving import greet
from tests.command import PROGRAM, environment, run, spawn
from tests.installation import Installation, instance, new_id
from tests.phone import Phone
from tests.served import ask

LAST_LINE = "Next: sign in"
START_SECONDS = 60


class Process:
    """One `relais serve`; `greeting` is what it wrote until it was ready, `log` all of standard error so far."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.settings = {"data": folder, "host": "127.0.0.1", "port": free_port(), "reserve_bytes": 0, **settings}
        self.url = f"http://127.0.0.1:{self.settings['port']}"
        self.process = subprocess.Popen(
            [PROGRAM, "serve"],
            env=environment(**self.settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.greeting, self.log = "", ""
        self._reader = threading.Thread(target=self._read_log)
        self._reader.start()
        timer = threading.Timer(START_SECONDS, self.process.kill)
        timer.start()
        assert self.process.stdout is not None
        while LAST_LINE not in self.greeting and (line := self.process.stdout.readline()):
            self.greeting += line
        timer.cancel()

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log += line

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """The exit code, when it has ended."""
        try:
            code = self.process.wait(30)
        finally:
            self.process.kill()
            self._reader.join()
            for stream in (self.process.stdout, self.process.stderr):
                assert stream is not None
                stream.close()
        return code

    def phone(self) -> Phone:
        """The phone whose address the greeting shows, on this machine."""
        path = re.findall(r"https?://\S+(/v1/key/\S+)", self.greeting)
        return Phone(self.url + path[0])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def serve() -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(folder: Path, **settings: Any) -> Process:
        started.append(Process(folder, **settings))
        return started[-1]

    yield start
    for process in started:
        if process.process.poll() is None:
            process.stop(signal.SIGKILL)


@pytest.mark.slow
def test_the_first_start_says_what_a_person_does_next(serve: Callable[..., Process], tmp_path: Path) -> None:
    server = serve(tmp_path / "data")
    words = server.greeting
    assert f"http://localhost:{server.settings['port']}" in words
    assert "admin@relais.local" in words
    password = re.findall(r"\b[a-z2-9]{4}(?:-[a-z2-9]{4}){3}\b", words)
    assert len(password) == 1
    assert "▀" in words
    phone = server.phone()
    assert set(phone.refresh().downloaded) == {
        "border_post_assessment",
        "community_resilience",
        "flow_monitoring",
        "incident_alert",
    }
    content = f'{{"email": "admin@relais.local", "password": "{password[0]}"}}'.encode()
    assert ask("POST", f"{server.url}/v1/sessions", content, {"Content-Type": "application/json"}).status == 200
    assert password[0] not in server.log
    assert server.stop() == 0
    again = serve(tmp_path / "data", port=server.settings["port"])
    assert "admin@relais.local" not in again.greeting
    assert password[0] not in again.greeting
    assert again.phone().server_url == phone.server_url
    assert set(phone.refresh().states) == {form.form_id for form in phone.forms}
    assert phone.refresh().downloaded == []
    assert again.stop() == 0


def test_a_chosen_password_is_not_shown(post_node: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    welcome = Welcome("chef@example.org", "chosen by somebody", password_is_new=False)
    with post_node.app.app_context():
        greet(post_node.services, 8000, welcome, post_node.phone)
    words = capsys.readouterr().out
    assert "chef@example.org" in words
    assert "chosen by somebody" not in words
    assert "RELAIS_ADMIN_PASSWORD" in words


@pytest.mark.slow
def test_sigterm_ends_it_cleanly_too(serve: Callable[..., Process], quiet_folder: Path) -> None:
    server = serve(quiet_folder)
    assert (quiet_folder / "running").exists()
    assert server.stop(signal.SIGTERM) == 0
    assert not (quiet_folder / "running").exists()
    assert "Traceback" not in server.log
    assert run("check", data=quiet_folder).code == 0


@pytest.mark.slow
def test_after_a_kill_the_next_start_looks_first_and_nothing_is_lost(
    serve: Callable[..., Process], quiet_folder: Path
) -> None:
    server = serve(quiet_folder)
    phone = server.phone()
    sent = phone.finalize(instance(new_id(), photo="a.jpg"), {"a.jpg": b"photo"})
    assert phone.send(sent).status == 201
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL
    assert (quiet_folder / "running").exists()
    for blob in (path for path in (quiet_folder / "files").rglob("*") if path.is_file()):
        blob.write_bytes(b"half")
    again = serve(quiet_folder, port=server.settings["port"])
    assert "The last stop was not clean" in again.log
    assert again.log.count("its bytes have changed. Run: relais check") == 1
    assert phone.send(sent).status == 201
    assert again.stop() == 0
    # So the next one need not look.
    assert not (quiet_folder / "running").exists()


@pytest.mark.slow
def test_a_second_server_on_the_same_folder_is_refused(serve: Callable[..., Process], quiet_folder: Path) -> None:
    first = serve(quiet_folder)
    second = serve(quiet_folder)
    assert second.wait() == 1
    assert f"Another Relais already serves the data in {quiet_folder}" in second.log
    assert "Traceback" not in second.log
    assert first.phone().refresh().downloaded == ["household"]
    assert (quiet_folder / "running").exists()
    assert first.stop() == 0


@pytest.mark.slow
def test_a_port_that_is_taken_is_a_sentence_and_no_unclean_stop(
    serve: Callable[..., Process], quiet_folder: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = serve(quiet_folder, port=taken.getsockname()[1])
        assert server.wait() == 1
    assert f"Port {server.settings['port']} cannot be used" in server.log
    assert "RELAIS_PORT=" in server.log
    assert "Traceback" not in server.log
    assert not (quiet_folder / "running").exists()


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"host": "relais.invalid"}, "RELAIS_HOST"),
        ({"host": "203.0.113.9"}, "RELAIS_HOST"),
        ({"admin_password": "short"}, "RELAIS_ADMIN_PASSWORD"),
        ({"admin_email": "nobody"}, "RELAIS_ADMIN_EMAIL"),
    ],
    ids=["no name", "no address of ours", "a short password", "no e-mail"],
)
def test_a_setting_that_proves_wrong_at_the_start_is_named(
    tmp_path: Path, settings: dict[str, Any], named: str
) -> None:
    ran = run("serve", **{"data": tmp_path / "data", "port": free_port(), "host": "127.0.0.1", **settings})
    assert (ran.code, named in ran.err) == (2, True)
    assert "Traceback" not in ran.err
    assert not (tmp_path / "data" / "running").exists()


@pytest.mark.slow
def test_every_command_works_beside_a_server(serve: Callable[..., Process], quiet_folder: Path, tmp_path: Path) -> None:
    server = serve(quiet_folder)
    project = run("project", "create", "Autre", "--json", data=quiet_folder)
    assert (project.code, project.result["name"]) == (0, "Autre")
    made = run("app-user", "create", project.result["id"], "Agent", data=quiet_folder, public_url=server.url)
    phone = Phone.from_qr(made.result["qr"])
    assert phone.form_list() == []
    assert phone.server_url.startswith(server.url)
    first = server.phone()
    first.send(first.finalize(instance(new_id())))
    assert run("export", 1, "household", "--output", tmp_path / "out.zip", data=quiet_folder).result["submissions"] == 1
    assert spawn("check", data=quiet_folder).code == 0
    assert server.stop(signal.SIGINT) == 0
    assert not (quiet_folder / "running").exists()
    assert "Traceback" not in server.log
