"""The real server as the demo uses it: a process, its command line, and its REST API through the standard library."""

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

ADMIN = "admin@example.org"
PASSWORD = "relais-demo-only"
START_SECONDS = 120
STOP_SECONDS = 30


class Server:
    """`relais serve` on a data folder, bound to loopback; a context manager."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._program = str(Path(sys.executable).with_name("relais"))
        self._log = data.with_name(data.name + ".log")
        self._process: subprocess.Popen[bytes] | None = None
        self._token = ""

    def __enter__(self) -> "Server":
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, "serve"], env=self._environment(), stdout=log, stderr=subprocess.STDOUT
            )
        deadline = time.monotonic() + START_SECONDS
        while not _listens(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server did not start, see {self._log}\n{self._log.read_text()[-2000:]}")
            time.sleep(0.1)
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def exit_code(self) -> int | None:
        """How the server ended; None while it runs."""
        return None if self._process is None else self._process.returncode

    def command(self, *words: str) -> dict[str, Any]:
        """The JSON a `relais` command printed; RuntimeError with its words when it was refused."""
        done = subprocess.run(
            [self._program, "--json", *words], env=self._environment(), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"relais {' '.join(words)}: exit {done.returncode}\n{done.stderr}{done.stdout}")
        return cast(dict[str, Any], json.loads(done.stdout))

    def sign_in(self) -> None:
        """Open a REST session as the administrator."""
        self._token = self.rest("POST", "/v1/sessions", {"email": ADMIN, "password": PASSWORD})["token"]

    def review(self, form_id: str, instance_id: str, state: str, *, basic: bool = False) -> None:
        """Set a review state, with the session's bearer token or with Basic credentials."""
        path = f"/v1/projects/1/forms/{quote(form_id, safe='')}/submissions/{quote(instance_id, safe='')}"
        answer = self.rest("PATCH", path, {"reviewState": state}, basic=basic)
        if answer["reviewState"] != state:
            raise RuntimeError(f"{instance_id} is {answer['reviewState']!r} after it was set to {state!r}")

    def csv_zip(self, form_id: str) -> bytes:
        """The form's `submissions.csv.zip`."""
        return self._request("GET", f"/v1/projects/1/forms/{quote(form_id, safe='')}/submissions.csv.zip", None, False)

    def rest(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, basic: bool = False
    ) -> dict[str, Any]:
        """A JSON answer; urllib's HTTPError when the server refuses."""
        return cast(dict[str, Any], json.loads(self._request(method, path, body, basic)))

    def _request(self, method: str, path: str, body: Mapping[str, object] | None, basic: bool) -> bytes:
        headers = {"Content-Type": "application/json"}
        if basic:
            pair = base64.b64encode(f"{ADMIN}:{PASSWORD}".encode()).decode()
            headers |= {"Authorization": f"Basic {pair}", "X-Forwarded-Proto": "https"}
        elif self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        content = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, content, headers, method=method)  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return cast(bytes, answer.read())

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RELAIS_")}
        return kept | {
            "RELAIS_DATA": str(self.data),
            "RELAIS_HOST": "127.0.0.1",
            "RELAIS_PORT": str(self.port),
            "RELAIS_PUBLIC_URL": self.url,
            "RELAIS_ACCEPT_CONTENT_LENGTH": "40000",  # so small that a photo and an audit log need a POST each
            "RELAIS_ADMIN_EMAIL": ADMIN,
            "RELAIS_ADMIN_PASSWORD": PASSWORD,
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
