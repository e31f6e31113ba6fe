"""The real server for a measurement: `relais serve` in processes of their own, on an empty folder."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

SECRET = "the same for all workers"  # noqa: S105 - of a database that is thrown away
RELAIS = str(Path(sys.executable).with_name("relais"))


@dataclass
class Running:
    """A server at work, in one process or several."""

    ports: list[int]
    key_path: str
    processes: list[psutil.Process]

    @property
    def host(self) -> str:
        """What requests name as Host."""
        return f"127.0.0.1:{self.ports[0]}"

    def cpu_seconds(self) -> float:
        """CPU used so far by all of its processes."""
        return sum(sum(each.cpu_times()[:2]) for each in self.processes)

    def megabytes(self) -> float:
        """Resident memory of the largest process now."""
        return max(each.memory_info().rss for each in self.processes) / 1e6


@contextmanager
def running(xform: bytes, database_url: str = "", workers: int = 1) -> Iterator[Running]:
    """A server with project 1, the form, and one phone; its folder is removed afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="relais-bench-", dir=os.environ.get("RELAIS_BENCH_FOLDER")))
    ports = [_free_port() for _ in range(workers)]
    environments = [_environment(folder / f"data{port}", folder / "files", port, database_url) for port in ports]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        processes = [_start(stack, port, environment) for port, environment in zip(ports, environments, strict=True)]
        form = folder / "bench.xml"
        form.write_bytes(xform)
        _relais(environments[0], "form", "publish", "1", str(form))
        phone = json.loads(_relais(environments[0], "app-user", "create", "1", "bench"))
        path = f"/v1/key/{phone['token']}/projects/1/submission"
        yield Running(ports, path, processes)


@contextmanager
def running_on(data: Path, key_path: str) -> Iterator[Running]:
    """A server on a folder that has everything already; it stays."""
    port = _free_port()
    with ExitStack() as stack:
        process = _start(stack, port, _environment(data, data / "files", port, ""))
        yield Running([port], key_path, [process])


def _start(stack: ExitStack, port: int, environment: dict[str, str]) -> psutil.Process:
    server = subprocess.Popen([RELAIS, "serve"], env=environment, stdout=subprocess.DEVNULL)
    stack.callback(_stop, server)
    _wait(port)
    return psutil.Process(server.pid)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(data: Path, files: Path, port: int, database_url: str) -> dict[str, str]:
    chosen = {
        "RELAIS_DATA": str(data),
        "RELAIS_STORAGE_URL": f"file://{files}",
        "RELAIS_SECRET_KEY": SECRET,
        "RELAIS_HOST": "127.0.0.1",
        "RELAIS_PORT": str(port),
    }
    if database_url:
        chosen["RELAIS_DATABASE_URL"] = database_url
    ours = {name: value for name, value in os.environ.items() if not name.startswith("RELAIS_")}
    return {**ours, **chosen}


def _stop(server: "subprocess.Popen[bytes]") -> None:
    server.terminate()
    server.wait(timeout=30)


def _relais(environment: dict[str, str], *arguments: str) -> bytes:
    command = [RELAIS, "--json", *arguments]
    return subprocess.run(
        command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ).stdout


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("The server did not start.")
