"""The real server process for tests: `relais serve` on a folder, which may be killed and started again."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.installation import install

RELAIS = Path(sys.executable).with_name("relais")
START_SECONDS = 60
STOP_SECONDS = 30


@dataclass(frozen=True)
class Prepared:
    """A data folder made without a server: project 1, the household form, one phone, an administrator."""

    data: Path
    key_url: str  # path of the phone's conversation, without host
    admin: Mapping[str, str]  # headers of the administrator


def prepare(
    data: Path, form: bytes | None = None, media: Mapping[str, bytes] | None = None, database_url: str = ""
) -> Prepared:
    """Make `data`, with one more form if given; much quicker than a first start, which compiles four surveys."""
    with contextlib.contextmanager(install)(data, database_url) as made:
        if form is not None:
            made.publish(form, media=media)
        return Prepared(data, made.key_url, made.admin)


class StartFailed(Exception):
    """The server ended, or said nothing, before it answered; the text is the end of its log."""


class ServerProcess:
    """The server of one data folder, always at the same port; `settings` as in RELAIS_…, in lower case.

    `wrapper` is a command line put before every command, which must `exec` it: strace, nsenter.
    """

    def __init__(self, data: Path, log: Path, wrapper: Sequence[str] = (), **settings: object) -> None:
        self.port = free_port()
        self.address = ("127.0.0.1", self.port)
        self.url = f"http://127.0.0.1:{self.port}"
        self.wrapper = tuple(wrapper)
        self._log = log
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RELAIS_")}
        given = {"data": data, "host": "127.0.0.1", "port": self.port, **settings}
        self._environment = kept | {f"RELAIS_{name.upper()}": str(value) for name, value in given.items()}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "ServerProcess":
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    @property
    def log(self) -> str:
        """What the server has logged since it was first started."""
        return self._log.read_text(errors="replace")

    def start(self) -> float:
        """Start, and return once pages are answered: after how many seconds."""
        begin = time.monotonic()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self.wrapper, str(RELAIS), "serve"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while time.monotonic() - begin < START_SECONDS:
            if self._process.poll() is not None:
                raise StartFailed(self.log[-3000:])
            with contextlib.suppress(OSError):
                self.get("/healthz")
                return time.monotonic() - begin
            time.sleep(0.02)
        self.kill()
        raise StartFailed(self.log[-3000:])

    def megabytes(self) -> float:
        """Its memory now."""
        assert self._process is not None
        return float(psutil.Process(self._process.pid).memory_info().rss) / 1e6

    def kill(self) -> None:
        """SIGKILL, as the kernel does when memory runs out; nothing when it is not running."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> int:
        """Ask it to end; its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def get(self, path: str, headers: Mapping[str, str] | None = None, seconds: float = 30) -> tuple[int, bytes]:
        """(status, body) of one GET; OSError when there is no answer within `seconds`."""
        client = http.client.HTTPConnection(*self.address, timeout=seconds)
        with contextlib.closing(client):
            client.request("GET", path, headers={"X-OpenRosa-Version": "1.0", **(headers or {})})
            answer = client.getresponse()
            return answer.status, answer.read()

    def relais(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command on the same folder, whether the server runs or not."""
        command = [*self.wrapper, str(RELAIS), *words]
        return subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
