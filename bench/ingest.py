"""Receiving: submissions a second, latency, server CPU each, memory. `python -m bench.ingest [--count 4000]`.

Closed loop on the same machine: the client takes a share of the processors too (shown), so rates are low bounds and CPU per
request is the figure that carries over to another machine.
"""

import argparse
import os
import platform

from bench import survey
from bench.load import Figures, run
from bench.server import Running, running

PHOTO = 200_000


def main() -> None:
    """Print one line per load."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=4000, help="submissions for each line")
    arguments.add_argument("--photos", type=int, default=800, help="submissions with a photo")
    arguments.add_argument("--database-url", default="")
    chosen = arguments.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}")
    print(f"{'load':<28}{'per s':>8}{'p50 ms':>8}{'p95':>7}{'p99':>7}{'CPU ms':>8}{'RSS MB':>8}  answers")
    with running(survey.xform(), chosen.database_url) as server:
        run(server.url, survey.requests(server.key_path, server.host, 300, 0), 8)
        for concurrency in (1, 8, 32):
            count = chosen.count // 4 if concurrency == 1 else chosen.count
            measure(f"new, {concurrency} at once", server, list(_requests(server, count, concurrency)), concurrency)
        measure("with a 200 KB photo, 32", server, list(_requests(server, chosen.photos, 99, PHOTO)), 32)
        measure("the same again, 32", server, list(_requests(server, chosen.count, 32)), 32)


def _requests(server: Running, count: int, seed: int, photo: int = 0) -> list[bytes]:
    return list(survey.requests(server.key_path, server.host, count, seed, photo))


def measure(name: str, server: Running, requests: list[bytes], concurrency: int) -> Figures:
    """One line."""
    before = server.cpu_seconds()
    figures = run(server.url, iter(requests), concurrency)
    cpu = (server.cpu_seconds() - before) / len(requests) * 1000
    times = "".join(f"{figures.percentile(share):>{width}.0f}" for share, width in ((0.5, 8), (0.95, 7), (0.99, 7)))
    print(f"{name:<28}{figures.rate():>8.0f}{times}{cpu:>8.2f}{server.megabytes():>8.0f}  {figures.statuses}", flush=True)
    return figures


if __name__ == "__main__":
    main()
