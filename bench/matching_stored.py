"""What matching costs a server among many people: `python -m bench.matching_stored FOLDER [--records 100000] [--database-url …]`.

A register as `bench.people` invents it lies in the server's own tables, hashed by its own matcher, which has learnt it. Later records of
people who are there arrive and are matched: a thousand in slices of fifty, then of a thousand the candidates alone (keys, look-up, answers,
scores), then a thousand one by one. A folder (with an empty database, on PostgreSQL) is filled at the first run and kept: fill it first, and
measure when nothing else runs.
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.projects import create_project
from app import create_app
from bench.people.sahel import Records, sahel
from bench.server import SECRET
from collector.models import Submission
from config.clock import now
from config.services import Services
from config.settings import Settings
from config.statements import Among, Insert, listed, stored_moment
from forms.compiler import compile_form
from forms.first_start import prepare_database
from forms.models import Form
from forms.publish import prepare, publish
from sync import arrived
from sync.candidates import features_of, mine_of, neighbourhood
from sync.learning import learn_form
from sync.matchers import matchers_of
from sync.matching import make_ready
from sync.matching_slices import Slices
from sync.models import MatchForm
from sync.pairing import shortlisted

ROLES = {"name": "name", "village": "place", "phone": "phone", "age": "age", "sex": "sex"}
PROBES, AT_ONCE, TOGETHER = 3_000, 20_000, 50
_SUBMISSIONS = Insert(
    "submission",
    "project_id, id, form_id, draft_version_id, instance_id, current_receipt_id, versions, training, created_at, received_at",
)
_RECEIPTS = Insert(
    "receipt",
    "project_id, id, xml_form_id, form_id, form_version_id, form_version, draft_version_id, instance_id, xml_sha256, status, "
    "submission_id, version_no, xml, expected, created_at, received_at",
)
_ANSWERS = Insert("answers", "project_id, receipt_id, table_no, rows")
_FEATURES = Insert(
    "dup_feature",
    "project_id, submission_id, form_id, receipt_id, version_id, exact_hash, answers_hash, said, evidence",
)
_KEYS = Insert("match_key", "project_id, h, submission_id")
_LATER = [
    Among(f"DELETE FROM {table} WHERE project_id = ? AND {side} IN ?")  # noqa: S608 - our own names
    for table, side in (
        ("match_key", "submission_id"),
        ("dup_feature", "submission_id"),
        ("seen_interview", "submission_id"),
        ("dup_pair", "one_id"),
        ("dup_pair", "other_id"),
    )
]


def xform() -> bytes:
    """The register's form."""
    nodes = "".join(f"<{name}/>" for name in ROLES)
    binds = "".join(f'<bind nodeset="/data/{name}" type="string" ibg:match="{role}"/>' for name, role in ROLES.items())
    inputs = "".join(f'<input ref="/data/{name}"><label>{name}</label></input>' for name in ROLES)
    return (
        '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:ibg="https://relais.example/ibg">'
        f'<h:head><h:title>Bench</h:title><model><instance><data id="bench" version="1">{nodes}<meta><instanceID/></meta></data>'
        f"</instance>{binds}</model></h:head><h:body>{inputs}</h:body></h:html>"
    ).encode()


def main() -> None:
    """Print one row of the table."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("folder", type=Path)
    reader.add_argument("--records", type=int, default=100_000)
    reader.add_argument("--database-url", default="")
    asked = reader.parse_args()
    app = create_app(Settings(data=asked.folder, database_url=asked.database_url, secret_key=SECRET))
    services: Services = app.extensions["relais"]
    with app.app_context():
        prepare_database(services)
        population = sahel(97, asked.records)
        first, later = _parted(population)
        with services.database.reading() as session:
            filled = session.scalar(select(func.count()).select_from(Submission)) or 0
        if not filled:
            _fill(services, population, first, later)
        _measure(services, population, first, later)


def _parted(population: Records) -> tuple[list[int], list[int]]:
    """The records that are there, and the later ones that arrive."""
    seen: set[str] = set()
    second = [number for number, entity in enumerate(population.entity) if entity in seen or seen.add(entity)]  # type: ignore[func-returns-value]
    later = random.Random(1).sample(second, min(PROBES, len(second)))
    gone = set(later)
    return [number for number in range(len(population.rows)) if number not in gone], later


def _fill(services: Services, population: Records, first: Sequence[int], later: Sequence[int]) -> None:
    form = xform()
    prepared = prepare(services.storage, compile_form(form, "bench.xml"), "bench.xml", form, {})
    with services.database.transaction() as session:
        project_id = create_project(session, "Bench", language="fr").id
        published = publish(session, project_id, prepared)
    place = project_id, published.form_id, published.version_id
    for part in _parts([*first, *later]):
        with services.database.transaction() as session:
            _store(session, place, population, part)
    with services.database.transaction() as session:
        make_ready(session, project_id, [first[0] + 1], services.secret)
    for part in _parts(first):
        with services.database.transaction() as session:
            own = {number: (project_id, number + 1, place[1], number + 1, place[2]) for number in part}
            rows = [(*own[each], each.to_bytes(16), each.to_bytes(16), 5, each.to_bytes(16)) for each in part]
            _write(session, _FEATURES, rows)
    learn_form(services, project_id, place[1], len(first))
    with services.database.transaction() as session:
        session.get_one(MatchForm, place[:2]).rescan_after = None
    with services.database.reading() as session:
        known = matchers_of(services.database.engine).of(session, *place[:2], services.secret)
        assert known is not None
        matcher = known[1]
    keys = [
        (project_id, key, number + 1)
        for number in first
        for key in matcher.keys.of(
            matcher.plan.read({f"/{name}": text for name, text in population.rows[number].items()}), matcher.families
        )
    ]
    keys.sort()
    for start in range(0, len(keys), 10 * AT_ONCE):
        with services.database.transaction() as session:
            _write(session, _KEYS, keys[start : start + 10 * AT_ONCE])
    print(f"{len(keys) / len(first):.1f} keys each: {', '.join(sorted(matcher.families))}", flush=True)


def _parts(whole: Sequence[int]) -> Iterator[Sequence[int]]:
    return (whole[start : start + AT_ONCE] for start in range(0, len(whole), AT_ONCE))


def _store(session: Session, place: tuple[int, int, int], population: Records, part: Sequence[int]) -> None:
    project_id, form_id, version_id = place
    moment = stored_moment(session.connection(), now())
    submissions, receipts, answers = [], [], []
    for number in part:
        at, name = number + 1, f"uuid:{number}"
        submissions.append((project_id, at, form_id, 0, name, at, 1, False, moment, moment))
        of_form = (project_id, at, "bench", form_id, version_id, "1", 0, name, number.to_bytes(32))
        receipts.append((*of_form, "version", at, 1, b"", "[]", moment, moment))
        row = population.rows[number]
        told = [[*(row.get(each) for each in ROLES), name]]
        answers.append((project_id, at, 0, orjson.dumps(told).decode()))
    for insert, rows in ((_SUBMISSIONS, submissions), (_RECEIPTS, receipts), (_ANSWERS, answers)):
        _write(session, insert, rows)


def _write(session: Session, insert: Insert, rows: Sequence[Sequence[Any]]) -> None:
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        insert.run_many(connection, rows)
    else:
        insert.write(connection, rows)


def _measure(services: Services, population: Records, first: Sequence[int], later: Sequence[int]) -> None:
    with services.database.reading() as session:
        form = session.scalars(select(Form)).one()
        place = form.project_id, form.id
        matched = set(session.scalars(select(MatchForm.form_id)))
    assert matched
    there = {population.entity[number]: number + 1 for number in reversed(first)}
    third = len(later) // 3
    candidates, alone, together = later[:third], later[third : 2 * third], later[2 * third :]
    _forget(services, place[0], later)
    slices = Slices(services, Event())
    # The first half is not counted: a server has met names before.
    warmed = len(together) // 2 // TOGETHER * TOGETHER
    for start in range(0, len(together), TOGETHER):
        if start == warmed:
            started = time.process_time()
        ids = [number + 1 for number in together[start : start + TOGETHER]]
        slices.match(place[0], ids, lambda session: True)
    backlog = 1000 * (time.process_time() - started) / (len(together) - warmed)
    cpu, wall, met, right = [], [], 0, 0
    for number in candidates:
        started, clock = time.process_time(), time.perf_counter()
        found = _candidates(services, place, number + 1)
        cpu.append(time.process_time() - started)
        wall.append(time.perf_counter() - clock)
        met += len(found)
        right += bool(found) and max(found, key=lambda each: found[each]) == there[population.entity[number]]
    each = []
    for number in alone:
        started = time.process_time()
        slices.match(place[0], [number + 1], lambda session: True)
        each.append(time.process_time() - started)
    print(
        "| records | candidates: CPU ms p50 / p95 / p99 | clock ms p50 / p99 | how many | found | alone CPU ms p50 / p99 | "
        "in a backlog CPU ms |\n|---|---|---|---|---|---|---|"
    )
    shares = f"{met / len(candidates):.1f} | {right / len(candidates):.3f}"
    print(
        f"| {len(first):,} | {_shown(cpu, 0.5, 0.95, 0.99)} | {_shown(wall, 0.5, 0.99)} | {shares} | {_shown(each, 0.5, 0.99)} | "
        f"{backlog:.2f} |"
    )


def _forget(services: Services, project_id: int, later: Sequence[int]) -> None:
    """What another run matched has not arrived yet."""
    with services.database.transaction() as session:
        connection = session.connection()
        numbers = listed(connection, [number + 1 for number in later])
        for statement in _LATER:
            statement.run(connection, (project_id, numbers))


def _candidates(services: Services, place: tuple[int, int], submission_id: int) -> dict[int, float]:
    """The score of everybody it is compared with."""
    with services.database.reading() as session:
        connection = session.connection()
        known = matchers_of(services.database.engine).of(session, *place, services.secret)
        assert known is not None
        matcher = known[1]
        (submission,) = arrived.standing(connection, place[0], [submission_id]).values()
        tables = arrived.answers_of(connection, place[0], [submission.receipt_id])[submission.receipt_id]
        mine = mine_of(matcher, submission, tables, {}, None, matcher.reader(session, submission.version_id or 0))
        around = neighbourhood(connection, matcher, [mine])
        compared = shortlisted([submission], {mine.id: mine}, around, {mine.id: {}})[mine.id]
        others = features_of(session, matcher, compared.others)
        return {number: matcher.scorer.bits(mine.features, other.features) for number, other in others.items()}


def _shown(times: list[float], *shares: float) -> str:
    ordered = sorted(times)
    return " / ".join(f"{1000 * ordered[int(len(ordered) * share)]:.2f}" for share in shares)


if __name__ == "__main__":
    main()
