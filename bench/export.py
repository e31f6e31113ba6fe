"""What exports and feeds cost: `python -m bench.export [--count 200000] [--data FOLDER]`.

In one process, on SQLite, with submissions of the survey of `bench.survey`. "Again" has the lines rendered the first time.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from accounts.scopes import EVERYTHING
from bench.growth import fill, opened, prepare_place
from collector import rendered
from collector.export import form_facts, plan_export, selection_of
from collector.export_request import ExportRequest, of_json
from collector.export_run import Run
from collector.exports import formats, is_here
from config.services import Services

PROJECT, FORM = 1, "bench"
CSV: list[tuple[str, dict[str, object]]] = [
    ("csv.zip, first time", {"format": "csv.zip"}),
    ("csv.zip, again", {"format": "csv.zip"}),
    ("csv, again", {"format": "csv"}),
    ("csv.zip split, first time", {"format": "csv.zip", "split_multiples": True}),
    ("csv.zip split, again", {"format": "csv.zip", "split_multiples": True}),
    ("csv.zip, one state", {"format": "csv.zip", "states": ["received"]}),
    ("csv.zip, filtered by an answer", {"format": "csv.zip", "filter": "meta/instanceName ne 'nobody'"}),
    (
        "csv French, labels",
        {"format": "csv", "separator": ";", "bom": True, "decimal_comma": True, "choices": "labels"},
    ),
]


def main() -> None:
    """Print a line for each way."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=20_000)
    arguments.add_argument("--data", type=Path, help="a folder filled before by this script, or to be filled and kept")
    arguments.add_argument("--only", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.only:
        with opened(chosen.data) as services:
            print(_measured(services, json.loads(chosen.only)))
        return
    with tempfile.TemporaryDirectory(prefix="relais-export-", dir=os.environ.get("RELAIS_BENCH_FOLDER")) as folder:
        data = chosen.data or Path(folder)
        _filled(data, chosen.count)
        print(f"{chosen.count} submissions, load {os.getloadavg()[0]:.1f}")
        print(f"{'':32}{'per s':>9}{'CPU s':>8}{'us each':>9}{'first s':>9}{'MB':>8}{'RSS MB':>8}")
        others = [(name, {"format": name}) for name, each in formats().items() if is_here(each) and not each.blocks]
        for label, asked in [*CSV, *others]:
            # A process for each: the largest memory of a process never falls.
            words = [sys.executable, "-m", "bench.export", "--data", str(data), "--only", json.dumps(asked)]
            ran = subprocess.run(words, capture_output=True, text=True, check=False)
            print(f"{label:32}{ran.stdout.strip() or ran.stderr.strip().splitlines()[-1]}", flush=True)


def _filled(data: Path, count: int) -> None:
    filled = (data / "relais.sqlite3").exists()
    with opened(data) as services:
        if not filled:
            fill(services, prepare_place(services), count)
        with services.database.transaction() as session:
            rendered.forget_form(session, PROJECT, form_facts(session, PROJECT, FORM).form_id)


def _measured(services: Services, asked: dict[str, object]) -> str:
    request = of_json(asked, ExportRequest())
    cpu, begin, first, size = time.process_time(), time.perf_counter(), 0.0, 0
    with services.database.reading() as session:
        form = form_facts(session, PROJECT, FORM)
        plan = plan_export(session, services, form, selection_of(form, EVERYTHING), request)
    for piece in Run(services, plan, 0, None).pieces():
        first = first or time.perf_counter() - begin
        size += len(piece)
    cpu, seconds, count = time.process_time() - cpu, time.perf_counter() - begin, len(plan.wanted) or 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{count / seconds:>9.0f}{cpu:>8.2f}{cpu / count * 1e6:>9.1f}{first:>9.2f}{size / 1e6:>8.1f}{memory:>8.0f}"


if __name__ == "__main__":
    main()
