"""What near copies and the rules about interviews add to the matching of one submission: `python -m bench.evidence [--sizes 10000,100000]`.

Interviews of 100 questions with six choices lie in the tables already, as the worker would have kept them (written at once; only what the
two read); 200 more are received and matched as they come, one by one, and a thousand that have all been waiting. On SQLite.
"""

import argparse
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
from sqlalchemy import insert

from accounts.projects import create_project
from bench.growth import Place, opened
from collector.arrival import Arrival, Sender
from collector.classify import Rules
from collector.intake import receive
from collector.models import Submission
from config.clock import now
from config.services import Services
from forms.compiler import compile_form
from forms.first_start import prepare_database
from forms.publish import prepare, publish
from sync import near_books, seeing
from sync.matching_slices import Slices
from sync.models import MatchFeature, NearForm
from sync.models_evidence import SeenInterview
from sync.near_books import books_of

QUESTIONS, CHOICES, MORE, AT_ONCE = 100, "abcdef", 200, 5000
# So many wait at once, and are matched in slices of that size.
BACKLOG, TOGETHER = 1000, 100
PHONES = 40
MORNING = datetime(2026, 1, 5, 8, tzinfo=UTC)


def xform() -> bytes:
    """The form: who, which household, where, and a hundred questions of six choices."""
    names = [f"q{number}" for number in range(QUESTIONS)]
    meta = {"start": "", "end": "", "deviceid": "", "enumerator": "enumerator", "household": "household", "gps": "gps"}
    nodes = "".join(f"<{name}/>" for name in (*meta, *names))
    binds = "".join(
        f'<bind nodeset="/data/{name}" type="{"geopoint" if name == "gps" else "string"}"'
        + (f' ibg:match="{role}"' if role else "")
        + "/>"
        for name, role in meta.items()
    )
    items = "".join(f"<item><label>{value}</label><value>{value}</value></item>" for value in CHOICES)
    body = "".join(f'<select1 ref="/data/{name}"><label>{name}</label>{items}</select1>' for name in names)
    return (
        '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:ibg="https://relais.example/ibg">'
        f'<h:head><h:title>Bench</h:title><model><instance><data id="bench" version="1">{nodes}<meta><instanceID/></meta></data>'
        f'</instance>{binds}</model></h:head><h:body><input ref="/data/household"><label>h</label></input>{body}</h:body></h:html>'
    ).encode()


def interview(number: int, chance: random.Random) -> bytes:
    """One filled form: each phone one an hour, each household where it is."""
    start = MORNING + timedelta(hours=number // PHONES, seconds=chance.randrange(900))
    end = start + timedelta(minutes=chance.uniform(25, 40))
    meta = {
        "start": start.isoformat(),
        "end": end.isoformat(),
        "deviceid": f"collect:{number % PHONES}",
        "enumerator": f"Agent {number % PHONES}",
        "household": f"Ménage {number}",
        "gps": f"{13 + chance.random():.6f} {2 + chance.random():.6f} 0 5",
        **{f"q{question}": chance.choice(CHOICES) for question in range(QUESTIONS)},
    }
    nodes = "".join(f"<{name}>{text}</{name}>" for name, text in meta.items())
    instance_id = f"uuid:{UUID(int=chance.getrandbits(128), version=4)}"
    return f'<data id="bench" version="1">{nodes}<meta><instanceID>{instance_id}</instanceID></meta></data>'.encode()


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sizes", default="10000,100000")
    print(
        "| interviews | read into memory s, MB | near copies ms p50 / p99 | rules ms p50 / p99 "
        "| all of matching, alone ms p50 / p99 | in a backlog ms |"
    )
    print("|---|---|---|---|---|---|")
    for size in map(int, arguments.parse_args().sizes.split(",")):
        folder = tempfile.TemporaryDirectory(prefix="relais-evidence-", dir=os.environ.get("RELAIS_BENCH_FOLDER"))
        with folder as path, opened(Path(path)) as services:
            print(_measured(services, size), flush=True)


def _measured(services: Services, size: int) -> str:
    chance = random.Random(3)
    place, form_id = _place(services)
    ids = [_receive(services, place, number, chance) for number in range(40)]
    _match(Slices(services, threading.Event()), place, ids)
    _fill(services, place.project_id, form_id, size - len(ids), chance)
    before, started = psutil.Process().memory_info().rss, time.process_time()
    books = books_of(services.database.engine)
    books.clear()
    with services.database.reading() as session:
        found = books.of(session, place.project_id, form_id)
    assert found is not None
    taken, memory = time.process_time() - started, psutil.Process().memory_info().rss - before
    book = found
    book.standard = book.interviews.standard()
    with services.database.transaction() as session:
        kept = session.get_one(NearForm, (place.project_id, form_id))
        standard = book.standard
        kept.standard = {"bits": standard.bits, "power": standard.power, "information": standard.information}
        kept.measured = book.measured = size
    times: dict[str, list[float]] = {"near": [], "rules": [], "alone": []}
    wraps: list[tuple[Any, str, str]] = [
        (near_books.Turn, "keep", "near"),
        (near_books.Turn, "copies_of", "near"),
        (seeing, "look", "rules"),
    ]
    own = [(where, name, getattr(where, name)) for where, name, _ in wraps]
    for where, name, kind in wraps:
        setattr(where, name, _timed(getattr(where, name), times[kind]))
    slices = Slices(services, threading.Event())
    try:
        for number in range(size, size + MORE):
            submission_id = _receive(services, place, number, chance)
            started = time.process_time()
            _match(slices, place, [submission_id])
            times["alone"].append(time.process_time() - started)
    finally:
        for where, name, function in own:
            setattr(where, name, function)
    both = times["near"]
    times["near"] = [one + other for one, other in zip(both[::2], both[1::2], strict=True)]
    waiting = [_receive(services, place, number, chance) for number in range(size + MORE, size + MORE + BACKLOG)]
    started = time.process_time()
    for first in range(0, BACKLOG, TOGETHER):
        _match(slices, place, waiting[first : first + TOGETHER])
    each = 1000 * (time.process_time() - started) / BACKLOG
    shown = " | ".join(_shown(times[kind]) for kind in ("near", "rules", "alone"))
    return f"| {size:,} | {taken:.2f}, {memory / 1e6:.0f} | {shown} | {each:.2f} |"


def _shown(times: list[float]) -> str:
    ordered = sorted(times)
    return f"{1000 * ordered[len(ordered) // 2]:.2f} / {1000 * ordered[int(len(ordered) * 0.99)]:.2f}"


def _timed(function: Callable[..., Any], into: list[float]) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        started = time.process_time()
        try:
            return function(*given, **named)
        finally:
            into.append(time.process_time() - started)

    return timed


def _place(services: Services) -> tuple[Place, int]:
    prepare_database(services)
    form = xform()
    prepared = prepare(services.storage, compile_form(form, "bench.xml"), "bench.xml", form, {})
    with services.database.transaction() as session:
        project = create_project(session, "Bench", language="fr")
        form_id = publish(session, project.id, prepared).form_id
        return Place(project.id, Sender(None, "collect:bench", "Collect"), ""), form_id


def _receive(services: Services, place: Place, number: int, chance: random.Random) -> int:
    arrival = Arrival(
        place.project_id, interview(number, chance), Sender(None, f"collect:{number % PHONES}", "Collect")
    )
    with services.database.transaction() as session:
        answer = receive(session.connection(), arrival, Rules(), services.secret)
    assert answer.status == 201
    with services.database.reading() as session:
        return int(session.connection().exec_driver_sql("SELECT max(id) FROM receipt").scalar_one())


def _match(slices: Slices, place: Place, ids: list[int]) -> None:
    slices.match(place.project_id, ids, lambda session: True)


def _fill(services: Services, project_id: int, form_id: int, count: int, chance: random.Random) -> None:
    """Interviews as the tables hold them, without what the two do not read."""
    with services.database.reading() as session:
        first = int(session.connection().exec_driver_sql("SELECT max(id) FROM receipt").scalar_one()) + 1_000_000
    for start in range(0, count, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, count))
        with services.database.transaction() as session:
            own = {"project_id": project_id, "form_id": form_id}
            moment = now()
            session.execute(
                insert(Submission),
                [
                    {
                        **own,
                        "id": first + number,
                        "instance_id": f"filled {number}",
                        "current_receipt_id": first + number,
                        "created_at": moment,
                        "received_at": moment,
                    }
                    for number in numbers
                ],
            )
            session.execute(
                insert(MatchFeature),
                [
                    {
                        **own,
                        "submission_id": first + number,
                        "receipt_id": first + number,
                        "exact_hash": number.to_bytes(16),
                        "answers_hash": number.to_bytes(16),
                        "said": QUESTIONS,
                        "evidence": b"e" * 16,
                        "vector": bytes(chance.choices(range(1, 7), k=QUESTIONS)),
                        "near_evidence": b"n" * 8,
                    }
                    for number in numbers
                ],
            )
            session.execute(insert(SeenInterview), [_facts(own, first + number, number, chance) for number in numbers])


def _facts(own: dict[str, int], submission_id: int, number: int, chance: random.Random) -> dict[str, Any]:
    start = int((MORNING + timedelta(hours=number // PHONES)).timestamp()) + chance.randrange(900)
    seconds = chance.uniform(1500, 2400)
    hashed = {"who": number % PHONES, "device": number % PHONES, "cell": chance.getrandbits(62)}
    times = {"start": start, "end": start + int(seconds), "seconds": seconds}
    return {**own, "submission_id": submission_id, **hashed, **times, "answered": QUESTIONS, "grids": {}}


if __name__ == "__main__":
    main()
