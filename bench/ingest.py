"""Receiving: submissions a second, latency, server CPU each, memory. `python -m bench.ingest [--postgres] [--workers 2]`.

Closed loop on the same machine: the client takes a share of the processors too, so rates are low bounds and CPU per request
is the figure that carries over to another machine. CPU of PostgreSQL is not in it.
"""

import argparse
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import survey
from bench.load import Figures, run
from bench.server import Running, running
from tests import postgres

PHOTO = 200_000


def main() -> None:
    """Print one line per load."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=4000, help="submissions for each line")
    arguments.add_argument("--photos", type=int, default=800, help="submissions with a photo")
    arguments.add_argument("--postgres", action="store_true", help="on PostgreSQL with fsync, started for this")
    arguments.add_argument("--workers", type=int, default=1, help="processes of the server (PostgreSQL)")
    chosen = arguments.parse_args()
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    print(f"{machine}, load before {os.getloadavg()[0]:.1f}")
    print(f"{'load':<28}{'per s':>8}{'p50 ms':>8}{'p95':>7}{'p99':>7}{'CPU ms':>8}{'RSS MB':>8}  answers")
    with database(chosen.postgres) as url, running(survey.xform(), url, chosen.workers) as server:
        run(server.ports, survey.requests(server.key_path, server.host, 300, 0), 8)
        for concurrency in (1, 8, 32):
            count = chosen.count // 4 if concurrency == 1 else chosen.count
            measure(f"new, {concurrency} at once", server, _requests(server, count, concurrency), concurrency)
        measure("with a 200 KB photo, 32", server, _requests(server, chosen.photos, 99, PHOTO), 32)
        measure("the same again, 32", server, _requests(server, chosen.count, 32), 32)


@contextmanager
def database(wanted: bool) -> Iterator[str]:
    """The URL of a PostgreSQL started for this, as careful as a real one; empty for SQLite."""
    if not wanted:
        yield ""
        return
    with tempfile.TemporaryDirectory(prefix="relais-bench-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)
        server = postgres.start(Path(folder) / "data", fsync=True)
        try:
            yield server.create_database("bench")
        finally:
            server.remove()


def _requests(server: Running, count: int, seed: int, photo: int = 0) -> list[bytes]:
    return list(survey.requests(server.key_path, server.host, count, seed, photo))


def measure(name: str, server: Running, requests: list[bytes], concurrency: int) -> Figures:
    """One line."""
    before = server.cpu_seconds()
    figures = run(server.ports, iter(requests), concurrency)
    cpu = (server.cpu_seconds() - before) / len(requests) * 1000
    times = "".join(f"{figures.percentile(share):>{width}.0f}" for share, width in ((0.5, 8), (0.95, 7), (0.99, 7)))
    print(
        f"{name:<28}{figures.rate():>8.0f}{times}{cpu:>8.2f}{server.megabytes():>8.0f}  {figures.statuses}", flush=True
    )
    return figures


if __name__ == "__main__":
    main()
