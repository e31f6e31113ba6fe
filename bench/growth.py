"""Does receiving slow down as the database fills? `python -m bench.growth [--until 1000000] [--database-url …]`.

Submissions go through intake in transactions of 64, as the writer does it, without HTTP; nothing is switched off (WAL, fsync at
every commit). Each line is the last 5,000 before that size.
"""

import argparse
import os
import random
import tempfile
import time
from pathlib import Path

from accounts import app_users
from accounts.projects import create_project
from app import create_app
from bench import survey
from collector.arrival import Arrival, Sender
from collector.classify import Rules
from collector.intake import receive
from config.services import Services
from config.settings import Settings
from forms.compiler import compile_form
from forms.first_start import prepare_database
from forms.publish import prepare, publish

BATCH = 64
WINDOW = 5_000
SIZES = (10_000, 30_000, 100_000, 200_000, 300_000, 500_000, 700_000, 1_000_000)


def main() -> None:
    """Print the curve."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--until", type=int, default=SIZES[-1])
    arguments.add_argument("--database-url", default="")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="relais-growth-", dir=os.environ.get("RELAIS_BENCH_FOLDER")) as folder:
        app = create_app(Settings(data=Path(folder), database_url=chosen.database_url))
        services: Services = app.extensions["relais"]
        with app.app_context():
            grow(services, chosen.until)
        services.database.close()


def grow(services: Services, until: int) -> None:
    """Fill one project with the bench survey and print a line at each size."""
    sender, project_id = _prepare(services)
    print(f"{'stored':>10}{'per s':>8}{'CPU ms':>8}{'database MB':>13}{'load':>6}")
    chance = random.Random(1)
    stored, window_start, window_cpu = 0, time.perf_counter(), time.process_time()
    made = 0.0
    for size in (size for size in SIZES if size <= until):
        while stored < size:
            if stored >= size - WINDOW and made == 0.0:
                window_start, window_cpu, made, begin = time.perf_counter(), time.process_time(), 1e-9, stored
            started = time.perf_counter(), time.process_time()
            arrivals = [Arrival(project_id, survey.submission(chance)[1], sender) for _ in range(BATCH)]
            # The time it takes to invent submissions is not the server's.
            window_start += time.perf_counter() - started[0]
            window_cpu += time.process_time() - started[1]
            _receive(services, arrivals)
            stored += BATCH
        count = stored - begin
        seconds, cpu = time.perf_counter() - window_start, time.process_time() - window_cpu
        megabytes = _megabytes(services)
        print(
            f"{stored:>10}{count / seconds:>8.0f}{cpu / count * 1000:>8.2f}{megabytes:>13.0f}{os.getloadavg()[0]:>6.1f}",
            flush=True,
        )
        made = 0.0


def _receive(services: Services, arrivals: list[Arrival]) -> None:
    with services.database.transaction() as session:
        connection = session.connection()
        for arrival in arrivals:
            receive(connection, arrival, Rules(), services.secret)


def _prepare(services: Services) -> tuple[Sender, int]:
    prepare_database(services)
    xform = survey.xform()
    prepared = prepare(services.storage, compile_form(xform, "bench.xml"), "bench.xml", xform, {})
    with services.database.transaction() as session:
        project = create_project(session, "Bench", language="fr")
        publish(session, project.id, prepared)
        phone = app_users.create_app_user(session, services.secret, project.id, "bench")
        return Sender(phone.actor_id, "collect:bench", "bench"), project.id


def _megabytes(services: Services) -> float:
    return sum(path.stat().st_size for path in services.settings.data.glob("relais.sqlite3*")) / 1e6


if __name__ == "__main__":
    main()
