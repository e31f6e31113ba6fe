"""The real server for a measurement: `relais serve` in a process of its own, on an empty folder."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

RELAIS = Path(sys.executable).with_name("relais")


@dataclass
class Running:
    """A server at work."""

    url: str
    key_path: str
    host: str
    folder: Path
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """CPU used so far by the server and its children."""
        members = [self.process, *self.process.children(recursive=True)]
        return sum(sum(each.cpu_times()[:2]) for each in members)

    def megabytes(self) -> float:
        """Resident memory now."""
        return self.process.memory_info().rss / 1e6


@contextmanager
def running(xform: bytes, database_url: str = "", port: int = 8123) -> Iterator[Running]:
    """A server with project 1, the form, and one phone; its folder is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="relais-bench-", dir=os.environ.get("RELAIS_BENCH_FOLDER")))
    environment = {**os.environ, "RELAIS_DATA": str(folder / "data"), "RELAIS_PORT": str(port), "RELAIS_HOST": "127.0.0.1"}
    if database_url:
        environment["RELAIS_DATABASE_URL"] = database_url
    server = subprocess.Popen([RELAIS, "serve"], env=environment, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url)
        form = folder / "bench.xml"
        form.write_bytes(xform)
        _relais(environment, "form", "publish", "1", str(form))
        phone = json.loads(_relais(environment, "app-user", "create", "1", "bench"))
        path = f"/v1/key/{phone['token']}/projects/1/submission"
        yield Running(url, path, f"127.0.0.1:{port}", folder, psutil.Process(server.pid))
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


def _relais(environment: dict[str, str], *arguments: str) -> bytes:
    return subprocess.run([RELAIS, "--json", *arguments], env=environment, check=True, stdout=subprocess.PIPE).stdout


def _wait(url: str) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=1):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The server did not start.")
