"""What exports and feeds cost: `python -m bench.export [--count 200000] [--keep FOLDER] [--parts csv others server]`.

Formats in one process, on SQLite, with submissions of the survey of `bench.survey`; "again" has the lines rendered the first time,
"first s" is what passes until the first byte in a process that has begun such an export before, as a server has. Then the real
server answers what programs ask for again and again.
"""

import argparse
import http.client
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import psutil
from sqlalchemy import func, select

from accounts import sessions, web_users
from accounts.scopes import EVERYTHING
from bench.growth import Place, fill, opened, prepare_place
from bench.machine import machine
from bench.server import Running, running_on
from collector import rendered
from collector.arrival import Sender
from collector.export import Plan, form_facts, plan_export, selection_of
from collector.export_request import ExportRequest, of_json
from collector.export_run import Run
from collector.exports import formats
from collector.models import Submission
from collector.review import set_review_state
from config.services import Services
from forms.first_start import prepare_database
from sync.rendering import Renderer

PROJECT, FORM = 1, "bench"
EMAIL, PASSWORD = "bench@example.org", "three words together"
ROWS_EACH = 4
STATES = ["received", "edited", "hasIssues", "approved"]
ON_PAGES: dict[str, object] = {
    "format": "csv.zip",
    "states": STATES,
    "duplicates": False,
    "guard": True,
    "passport": True,
}
HEAD = f"{'':40}{'per s':>9}{'CPU s':>8}{'us each':>9}{'first s':>9}{'MB':>8}{'+RSS MB':>9}"
CSV: list[tuple[str, dict[str, object]]] = [
    ("csv.zip, first time", {"format": "csv.zip"}),
    ("csv.zip, again", {"format": "csv.zip"}),
    ("csv, again", {"format": "csv"}),
    ("csv.zip split, first time", {"format": "csv.zip", "split_multiples": True}),
    ("csv.zip split, again", {"format": "csv.zip", "split_multiples": True}),
    ("csv.zip, without the rejected", {"format": "csv.zip", "states": STATES}),
    ("csv.zip, filtered by an answer", {"format": "csv.zip", "filter": "meta/instanceName ne 'nobody'"}),
    (
        "csv French, labels, first time",
        {"format": "csv", "separator": ";", "bom": True, "decimal_comma": True, "choices": "labels"},
    ),
    ("csv.zip as on the pages, first time", ON_PAGES),
    ("csv.zip as on the pages, again", ON_PAGES),
]
# What came and was reviewed since, rendered by the worker, then exported.
AFTER_WORK: list[tuple[str, dict[str, object]]] = [
    ("the worker: 2,000 new, 200 reviewed", {"work": 2_000}),
    ("csv.zip after that", {"format": "csv.zip"}),
    ("csv after that", {"format": "csv"}),
    ("csv.zip as on the pages after that", ON_PAGES),
]
# One in so many is rejected, so that nearly no segment is taken whole.
REJECTED = 50
TIMES = 40
PARTS = ("csv", "others", "server")


def main() -> None:
    """Print a line for each way."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=20_000)
    arguments.add_argument("--keep", type=Path, help="a folder filled before by this script, or to be filled and kept")
    arguments.add_argument("--parts", nargs="*", choices=PARTS, default=PARTS, help="what is measured")
    arguments.add_argument("--only", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.only:
        with opened(chosen.keep) as services:
            asked = json.loads(chosen.only)
            print(_worked(services, asked["work"]) if "work" in asked else measured(services, asked))
        return
    with tempfile.TemporaryDirectory(prefix="relais-export-", dir=os.environ.get("RELAIS_BENCH_FOLDER")) as folder:
        data = chosen.keep or Path(folder)
        count, token = _filled(data, chosen.count)
        print(f"{count} submissions, {machine()}")
        print(HEAD, flush=True)
        others = [(name, {"format": name}) for name, each in formats().items() if not each.blocks]
        for label, asked in [
            *(CSV + AFTER_WORK if "csv" in chosen.parts else []),
            *(others if "others" in chosen.parts else []),
        ]:
            # A process for each: the largest memory of a process never falls.
            words = [sys.executable, "-m", "bench.export", "--keep", str(data), "--only", json.dumps(asked)]
            ran = subprocess.run(words, capture_output=True, text=True, check=False)
            print(f"{label:40}{ran.stdout.rstrip() or ran.stderr.strip().splitlines()[-1]}", flush=True)
        if "server" in chosen.parts:
            with running_on(data, "") as server:
                _over_http(server, token, count)


def _filled(data: Path, count: int) -> tuple[int, str]:
    """How many submissions there are, and a token that reads them."""
    data.mkdir(exist_ok=True)
    filled = (data / "relais.sqlite3").exists()
    with opened(data) as services:
        if filled:
            prepare_database(services)
        else:
            fill(services, prepare_place(services), count)
        _reject_some(services)
        with services.database.transaction() as session:
            rendered.forget_form(session, PROJECT, form_facts(session, PROJECT, FORM).form_id)
            known = web_users.account_by_email(session, EMAIL)
            person = known.actor if known else web_users.create_web_user(session, EMAIL, PASSWORD, role="admin")
            token = sessions.start(session, person.id).token
        plan = _plan(services, ExportRequest())
        with services.database.reading() as session:
            plan.settle(session)
        return len(plan.wanted), token


def _reject_some(services: Services) -> None:
    """Reject one in so many, unless that is done."""
    with services.database.reading() as session:
        chosen = select(Submission.id).where(Submission.project_id == PROJECT, Submission.id % REJECTED == 0)
        left = list(session.scalars(chosen.where(Submission.review_state.is_(None))))
    _review(services, left, "rejected")


def _review(services: Services, numbers: Sequence[int], state: str) -> None:
    for start in range(0, len(numbers), 100):
        with services.database.transaction() as session:
            for number in numbers[start : start + 100]:
                set_review_state(session, session.get_one(Submission, (PROJECT, number)), state, by=1)


def _worked(services: Services, count: int) -> str:
    """The worker's part after so many have come in, and a tenth of that was reviewed, scattered among all."""
    with services.database.reading() as session:
        newest = session.scalar(select(func.max(Submission.id))) or 0
        first = session.get_one(Submission, (PROJECT, newest))
        sender = Sender(first.submitter_id, "collect:bench", "bench")
    fill(services, Place(PROJECT, sender, ""), count, random.Random(newest))
    _review(services, [1 + number * newest // (count // 10) for number in range(count // 10)], "approved")
    renderer, cpu, begin = Renderer(services), time.process_time(), time.perf_counter()
    while renderer.work(threading.Event()):
        pass
    cpu, seconds = time.process_time() - cpu, time.perf_counter() - begin
    return f"{'':>9}{cpu:>8.2f}{cpu / count * 1e6:>9.1f}   in {seconds:.1f} s"


def _plan(services: Services, request: ExportRequest, form_id: str = FORM) -> Plan:
    with services.database.reading() as session:
        form = form_facts(session, PROJECT, form_id)
        return plan_export(session, services, form, selection_of(form, EVERYTHING), request)


def measured(services: Services, asked: dict[str, object], form_id: str = FORM) -> str:
    """An export's figures, under the names of HEAD."""
    request = of_json(asked, ExportRequest())
    idle = psutil.Process().memory_info().rss / 1e6
    if formats()[request.format].blocks:
        next(Run(services, _plan(services, request, form_id), 0, None).pieces())
    cpu, begin, first, size = time.process_time(), time.perf_counter(), 0.0, 0
    plan = _plan(services, request, form_id)
    for piece in Run(services, plan, 0, None).pieces():
        first = first or time.perf_counter() - begin
        size += len(piece)
    cpu, seconds, count = time.process_time() - cpu, time.perf_counter() - begin, len(plan.wanted) or 1
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6 - idle
    return f"{count / seconds:>9.0f}{cpu:>8.2f}{cpu / count * 1e6:>9.1f}{first:>9.3f}{size / 1e6:>8.1f}{memory:>9.0f}"


def _over_http(server: Running, token: str, count: int) -> None:
    form = f"/v1/projects/{PROJECT}/forms/{FORM}"
    ask = _Ask(server, token)
    print(f"\n{'':44}{'p50 ms':>8}{'p95 ms':>8}{'CPU ms':>8}{'bytes':>10}")
    page = f"{form}.svc/Submissions?$top=250"
    ask.times("OData, 250", [page] * TIMES)
    ask.times("OData, 250, nothing new (304)", [page] * TIMES, unchanged=ask.tag(page))
    ask.times("OData, 250 after $skip", [f"{page}&$skip={at}" for at in _depths(count)])
    ask.times("OData, 250 after $skiptoken", list(ask.links(f"{page}&$skip={count * 9 // 10}", TIMES)))
    ask.times("OData, 250 after $skiptoken, expanded", list(ask.links(f"{page}&$expand=*&$skip={count // 2}", TIMES)))
    repeat = f"{form}.svc/Submissions.member?$top=250"
    ask.times("OData, 250 rows of a repeat, $skiptoken", list(ask.links(f"{repeat}&$skip={count * 2}", TIMES)))
    for name in ("submissions.csv.zip", "submissions.csv"):
        tag = ask.tag(f"{form}/{name}")
        # That download was not read to its end, and takes a moment to notice.
        time.sleep(2)
        ask.times(f"{name}, nothing new (304)", [f"{form}/{name}"] * TIMES, unchanged=tag)
        ask.times(f"{name}, first byte", [f"{form}/{name}"] * 5, whole=False)
    print(f"{server.megabytes():.0f} MB; {machine()}")


def _depths(count: int) -> list[int]:
    return [count * 8 // 10 + number * count // 1000 for number in range(TIMES)]


class _Ask:
    def __init__(self, server: Running, token: str) -> None:
        self._server = server
        self._headers = {"Authorization": f"Bearer {token}"}
        self._connection = self._connect()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._server.ports[0], timeout=300)

    def times(self, label: str, paths: list[str], *, unchanged: str = "", whole: bool = True) -> None:
        """Ask for each path, one after the other; `unchanged`: the tag of what the reader has."""
        seconds, size, cpu = [], 0, self._server.cpu_seconds()
        headers = dict(self._headers)
        if unchanged:
            headers["If-None-Match"] = unchanged
        for path in paths:
            begin = time.perf_counter()
            self._connection.request("GET", quote(path, safe="/?&=$*.%"), headers=headers)
            answer = self._connection.getresponse()
            if answer.status != (304 if unchanged else 200):
                raise SystemExit(f"{label}: {answer.status} {answer.read(300)!r}")
            size = len(answer.read() if whole else answer.read(1))
            seconds.append(time.perf_counter() - begin)
            if not whole:
                self._connection.close()
                self._connection = self._connect()
        cpu = (self._server.cpu_seconds() - cpu) / len(paths) * 1000
        seconds.sort()
        p50, p95 = (1000 * seconds[min(len(seconds) - 1, int(len(seconds) * share))] for share in (0.5, 0.95))
        print(f"{label:44}{p50:>8.1f}{p95:>8.1f}{cpu:>8.1f}{size:>10}", flush=True)

    def links(self, path: str, most: int) -> Iterator[str]:
        """The addresses of the pages that follow."""
        for _ in range(most):
            self._connection.request("GET", path, headers=self._headers)
            link = json.loads(self._connection.getresponse().read()).get("@odata.nextLink")
            if link is None:
                return
            path = link.partition(self._server.host)[2]
            yield path

    def tag(self, path: str) -> str:
        """The tag of an answer, which is not read."""
        connection = self._connect()
        connection.request("GET", path, headers=self._headers)
        tag = connection.getresponse().headers["ETag"]
        connection.close()
        return str(tag)


if __name__ == "__main__":
    main()
