"""How fast are the calls programs make most? `python -m bench.api [--count 1000000] [--forms 50]`.

A project with that many forms is filled through intake without HTTP (as `bench.growth` does), a third of it one form, some of it
reviewed, edited and commented; then the real server answers each call `--times` times, one after the other. On SQLite.
"""

import argparse
import http.client
import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import func, select

from accounts import app_users, sessions, web_users
from accounts.models import Lease
from accounts.projects import create_project
from accounts.scopes import EVERYTHING
from bench import survey
from bench.growth import BATCH, opened
from bench.machine import machine
from bench.server import Running, running_on
from collector import review
from collector.arrival import Arrival, Sender
from collector.changes import newest
from collector.classify import Rules
from collector.intake import receive
from collector.models import Submission
from collector.reading import Selection
from config.clock import now
from config.services import Services
from forms.compiler import compile_form
from forms.first_start import prepare_database
from forms.models import Form
from forms.publish import prepare, publish
from sync import worker

GOAL_MS = 100
EMAIL = "bench@example.org"


@dataclass(frozen=True)
class Filled:
    """What there is to ask for: the large form and some of its submissions."""

    project_id: int
    token: str
    form: str
    stored: int
    ids: tuple[str, ...]
    seq: int


@dataclass(frozen=True)
class Call:
    """One kind of call: its path below the form, with whatever changes from one to the next."""

    name: str
    path: Callable[[random.Random], str]
    method: str = "GET"
    body: Callable[[random.Random], bytes] | None = None
    content_type: str = "application/json"
    extended: bool = False
    stream: bool = False


def main() -> None:
    """One line for each call."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=1_000_000)
    arguments.add_argument("--forms", type=int, default=50)
    arguments.add_argument("--times", type=int, default=100)
    arguments.add_argument("--keep", type=Path, help="fill this folder, or measure on it when it is filled")
    chosen = arguments.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory(prefix="relais-api-", dir=os.environ.get("RELAIS_BENCH_FOLDER")) as folder:
        data = chosen.keep or Path(folder)
        with opened(data) as services:
            filled = fill(services, chosen.forms, chosen.count)
        with running_on(data, "") as server:
            measure(server, filled, chosen.times)


def fill(services: Services, forms: int, count: int) -> Filled:
    """Everything the calls ask for; what is there already stays."""
    prepare_database(services)
    with services.database.reading() as session:
        stored = session.scalar(select(func.count()).select_from(Submission)) or 0
    if not stored:
        project_id, senders = _prepare(services, forms)
        begin = time.perf_counter()
        _receive(services, project_id, senders, forms, count)
        print(f"{count} submissions received in {time.perf_counter() - begin:.0f} s", flush=True)
    return _found(services)


def _prepare(services: Services, forms: int) -> tuple[int, list[Sender]]:
    with services.database.transaction() as session:
        project = create_project(session, "Bench", language="fr")
        web_users.create_web_user(session, EMAIL, "three words together", role="admin")
        phones = [app_users.create_app_user(session, services.secret, project.id, f"phone {n}") for n in range(20)]
    for number in range(forms):
        xform = survey.xform().replace(b'id="bench"', f'id="bench_{number}"'.encode())
        prepared = prepare(services.storage, compile_form(xform, "bench.xml"), "bench.xml", xform, {})
        with services.database.transaction() as session:
            publish(session, project.id, prepared)
    return project.id, [Sender(each.actor_id, f"collect:{each.actor_id}", "bench") for each in phones]


def _receive(services: Services, project_id: int, senders: Sequence[Sender], forms: int, count: int) -> None:
    chance = random.Random(1)
    for start in range(0, count, BATCH):
        with services.database.transaction() as session:
            connection = session.connection()
            for number in range(start, min(start + BATCH, count)):
                form = 0 if number % 3 == 0 else number % forms
                arrival = Arrival(project_id, _xml(chance, form), senders[number % len(senders)])
                receive(connection, arrival, Rules(), services.secret)
    with services.database.transaction() as session:
        form_id = session.scalars(select(Form.id).where(Form.project_id == project_id).order_by(Form.id).limit(1)).one()
        selection = Selection(project_id, form_id, EVERYTHING)
        ids = list(session.scalars(select(Submission.instance_id).where(*selection.conditions()).limit(2000)))
        for at, state in enumerate(("approved", "hasIssues", "rejected")):
            review.set_review_states(session, selection, ids[at * 500 : at * 500 + 500], state, by=1)


def _xml(chance: random.Random, form: int) -> bytes:
    return survey.submission(chance)[1].replace(b'id="bench"', f'id="bench_{form}"'.encode(), 1)


def _found(services: Services) -> Filled:
    with services.database.transaction() as session:
        # The worker would look for duplicates of a million submissions meanwhile: another process seems to do it.
        session.merge(Lease(name=worker.NAME, holder="bench", expires_at=now() + timedelta(hours=1), fence=1))
        account = web_users.account_by_email(session, EMAIL)
        assert account is not None
        token = sessions.start(session, account.actor.id).token
    with services.database.reading() as session:
        form = session.scalars(select(Form).where(Form.xml_form_id == "bench_0")).one()
        selection = Selection(form.project_id, form.id, EVERYTHING)
        stored = session.scalar(select(func.count()).select_from(Submission).where(*selection.conditions())) or 0
        numbers = random.Random(2).sample(range(stored), min(1000, stored))
        low, high = session.execute(
            select(func.min(Submission.id), func.max(Submission.id)).where(*selection.conditions())
        ).one()
        near = [low + int((high - low) * number / stored) // 3 * 3 for number in numbers]
        ids = session.scalars(select(Submission.instance_id).where(*selection.conditions(), Submission.id.in_(near)))
        return Filled(form.project_id, token, "bench_0", stored, tuple(ids), newest(session, form.project_id))


def calls(filled: Filled) -> Iterator[Call]:
    """The twenty that programs make most, and what is new here."""
    project = f"/v1/projects/{filled.project_id}"
    form = f"{project}/forms/{filled.form}"

    def fixed(path: str) -> Callable[[random.Random], str]:
        return lambda _: path

    def one(rest: str = "") -> Callable[[random.Random], str]:
        return lambda chance: f"{form}/submissions/{quote(chance.choice(filled.ids), safe='')}{rest}"

    yield Call("users/current", fixed("/v1/users/current"), extended=True)
    yield Call("projects", fixed("/v1/projects"), extended=True)
    yield Call("one project", fixed(project), extended=True)
    yield Call("forms", fixed(f"{project}/forms"), extended=True)
    yield Call("one form", fixed(form), extended=True)
    yield Call("form .xml", fixed(f"{form}.xml"))
    yield Call("form fields", fixed(f"{form}/fields?odata=true"))
    yield Call("app users", fixed(f"{project}/app-users"), extended=True)
    yield Call("submissions, 250", fixed(f"{form}/submissions?limit=250"))
    yield Call("submissions, 250 extended", fixed(f"{form}/submissions?limit=250"), extended=True)
    yield Call(
        "submissions, 250 far down",
        lambda chance: f"{form}/submissions?limit=250&offset={chance.randrange(filled.stored)}",
    )
    yield Call("one submission", one(), extended=True)
    yield Call("submission .xml", one(".xml"))
    yield Call("submission attachments", one("/attachments"))
    yield Call("submission versions", one("/versions"))
    yield Call("submission comments", one("/comments"))
    yield Call("submission audits", one("/audits"), extended=True)
    yield Call("submission diffs", one("/diffs"))
    yield Call("submitters", fixed(f"{form}/submissions/submitters"))
    yield Call("OData, 250", fixed(f"{form}.svc/Submissions?$top=250"))
    yield Call("OData, 250 and count", fixed(f"{form}.svc/Submissions?$top=250&$count=true"))
    yield Call("OData, 250 expanded", fixed(f"{form}.svc/Submissions?$top=250&$expand=*"))
    approved = quote("__system/reviewState eq 'approved'")
    yield Call("OData, 250 approved", fixed(f"{form}.svc/Submissions?$top=250&$filter={approved}"))
    yield Call("audits, 100", fixed("/v1/audits?limit=100"), extended=True)
    yield Call("review", one(), "PATCH", lambda chance: _json(reviewState=chance.choice(["approved", None])))
    yield Call("comment", one("/comments"), "POST", lambda chance: _json(body=f"vu {chance.random()}"))
    yield Call("create", fixed(f"{form}/submissions"), "POST", lambda chance: _xml(chance, 0), "application/xml")
    yield Call("changes, 250", lambda chance: f"{project}/changes?after={chance.randrange(filled.seq)}")
    yield Call("changes, none", fixed(f"{project}/changes?after=now"))
    yield Call("search", lambda chance: f"{form}/submissions/search?q=chatou%20{chance.randrange(10**6)}", stream=True)
    yield Call("page of the project", fixed(f"/projects/{filled.project_id}"))
    yield Call("page of submissions", fixed(f"/projects/{filled.project_id}/forms/{filled.form}"))


def _json(**value: object) -> bytes:
    return json.dumps(value).encode()


def measure(server: Running, filled: Filled, times: int) -> None:
    """Ask, and say which take longer than they may."""
    print(f"\n{filled.stored} submissions in the form asked about\n")
    print(f"| {'call':<26} | {'p50 ms':>7} | {'p95 ms':>7} | {'CPU ms':>7} | {'bytes':>8} |\n|---|---|---|---|---|")
    connection = http.client.HTTPConnection("127.0.0.1", server.ports[0], timeout=300)
    late = []
    for call in calls(filled):
        chance = random.Random(f"{call.name} {filled.seq}")
        seconds, size, cpu = [], 0, 0.0
        for number in range(times + 3):
            if number == 3:
                cpu = server.cpu_seconds()
            begin = time.perf_counter()
            size = _ask(connection, filled, call, chance)
            if number >= 3:
                seconds.append(time.perf_counter() - begin)
        cpu = (server.cpu_seconds() - cpu) / times * 1000
        seconds.sort()
        p50, p95 = (1000 * seconds[min(len(seconds) - 1, int(len(seconds) * share))] for share in (0.5, 0.95))
        if p95 > GOAL_MS and not call.stream:
            late.append(call.name)
        print(f"| {call.name:<26} | {p50:>7.1f} | {p95:>7.1f} | {cpu:>7.1f} | {size:>8} |", flush=True)
    print(f"\nover {GOAL_MS} ms at p95: {', '.join(late) or 'none'}; {server.megabytes():.0f} MB; {machine()}")


def _ask(connection: http.client.HTTPConnection, filled: Filled, call: Call, chance: random.Random) -> int:
    headers = {"Authorization": f"Bearer {filled.token}", "Cookie": f"relais_session={filled.token}"}
    if call.extended:
        headers["X-Extended-Metadata"] = "true"
    body = call.body(chance) if call.body else None
    if body is not None:
        headers["Content-Type"] = call.content_type
    connection.request(call.method, call.path(chance), body, headers)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{call.name}: {answer.status} {content[:300]!r}")
    return len(content)


if __name__ == "__main__":
    main()
