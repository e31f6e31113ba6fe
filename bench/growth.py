"""Does receiving slow down as the database fills? `python -m bench.growth [--until 1000000]`.

The database is filled through intake without HTTP, in transactions of 64 as the writer does it; nothing is switched off (WAL,
fsync at every commit). At each size the real server is started on it and receives over HTTP, 32 at once. On SQLite.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from accounts import app_users
from accounts.projects import create_project
from app import create_app
from bench import survey
from bench.load import Figures, run
from bench.server import SECRET, running_on
from collector.arrival import Arrival, Sender
from collector.classify import Rules
from collector.intake import receive
from config.services import Services
from config.settings import Settings
from forms.compiler import compile_form
from forms.first_start import prepare_database
from forms.publish import prepare, publish

BATCH = 64
SIZES = (10_000, 30_000, 100_000, 200_000, 300_000, 500_000, 700_000, 1_000_000)


@dataclass(frozen=True)
class Place:
    """Where submissions go, and as whom."""

    project_id: int
    sender: Sender
    key_path: str


def main() -> None:
    """Print the curve."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--until", type=int, default=SIZES[-1])
    arguments.add_argument("--count", type=int, default=5000, help="submissions over HTTP at each size")
    chosen = arguments.parse_args()
    heads = f"{'filled per s':>13}{'CPU ms':>8}{'HTTP per s':>12}{'p50 ms':>8}{'p99':>6}{'CPU ms':>8}{'RSS MB':>8}"
    print(f"{'stored':>10}{heads}{'database MB':>13}{'load':>6}")
    with tempfile.TemporaryDirectory(prefix="relais-growth-", dir=os.environ.get("RELAIS_BENCH_FOLDER")) as folder:
        data, chance, stored = Path(folder), random.Random(1), 0
        with opened(data) as services:
            place = prepare_place(services)
        for size in (size for size in SIZES if size <= chosen.until):
            with opened(data) as services:
                filled = fill(services, place, size - stored, chance)
            stored = size + chosen.count
            served = _over_http(data, place, size, chosen.count)
            megabytes = sum(path.stat().st_size for path in data.glob("relais.sqlite3*")) / 1e6
            print(f"{size:>10}{filled}{served}{megabytes:>13.0f}{os.getloadavg()[0]:>6.1f}", flush=True)


@contextmanager
def opened(data: Path) -> Iterator[Services]:
    """The program's inside on this folder."""
    app = create_app(Settings(data=data, secret_key=SECRET))
    services: Services = app.extensions["relais"]
    with app.app_context():
        yield services
    services.database.close()


def fill(services: Services, place: Place, count: int, chance: random.Random | None = None) -> str:
    """Receive so many submissions without HTTP; how fast, and with how much CPU each."""
    chance = chance or random.Random(1)
    seconds = cpu = 0.0
    for _ in range(0, count, BATCH):
        # The time it takes to invent submissions is not the server's.
        arrivals = [Arrival(place.project_id, survey.submission(chance)[1], place.sender) for _ in range(BATCH)]
        begin = time.perf_counter(), time.process_time()
        with services.database.transaction() as session:
            connection = session.connection()
            for arrival in arrivals:
                receive(connection, arrival, Rules(), services.secret)
        seconds += time.perf_counter() - begin[0]
        cpu += time.process_time() - begin[1]
    return f"{count / seconds:>13.0f}{cpu / count * 1000:>8.2f}"


def _over_http(data: Path, place: Place, seed: int, count: int) -> str:
    with running_on(data, place.key_path) as server:
        run(server.ports, survey.requests(server.key_path, server.host, 300, seed + 1), 8)
        requests = list(survey.requests(server.key_path, server.host, count, seed))
        before = server.cpu_seconds()
        figures: Figures = run(server.ports, iter(requests), 32)
        cpu = (server.cpu_seconds() - before) / count * 1000
        times = f"{figures.percentile(0.5):>8.0f}{figures.percentile(0.99):>6.0f}"
        return f"{figures.rate():>12.0f}{times}{cpu:>8.2f}{server.megabytes():>8.0f}"


def prepare_place(services: Services) -> Place:
    """A project with the form of `bench.survey`, and a phone."""
    prepare_database(services)
    xform = survey.xform()
    prepared = prepare(services.storage, compile_form(xform, "bench.xml"), "bench.xml", xform, {})
    with services.database.transaction() as session:
        project = create_project(session, "Bench", language="fr")
        publish(session, project.id, prepared)
        phone = app_users.create_app_user(session, services.secret, project.id, "bench")
        path = f"/v1/key/{phone.token}/projects/{project.id}/submission"
        return Place(project.id, Sender(phone.actor_id, "collect:bench", "bench"), path)


if __name__ == "__main__":
    main()
