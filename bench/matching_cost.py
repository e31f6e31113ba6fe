"""What one new submission costs the matcher, with many or few records already there; and what near copies cost."""

import json
import random
import sqlite3
import tempfile
import time
from pathlib import Path

import psutil

from bench.people.interviews import KINDS, interviews
from bench.people.sahel import sahel
from sync.rules.identity.finding import find_pairs, shortlist
from sync.rules.identity.keys import GENERIC_FROM, Keys, affordable
from sync.rules.identity.plan import Plan
from sync.rules.identity.scoring import Scorer
from sync.rules.near_copies import Interviews

LEARNT_FROM = 20_000
TRIES = 2_000


def cost(records: int, roles: dict[str, str], secret: bytes) -> None:
    """Look up, shortlist and score against a table of keys in SQLite, at 10,000 records and more; the answers of candidates are
    read from their stored rows, as the server would."""
    print(
        "| records | keys each | bytes each | candidates | CPU ms p50 / p95 / p99 | the right one among them / the likeliest |"
    )
    print("|---|---|---|---|---|---|")
    size = 10_000
    while size <= records:
        with tempfile.TemporaryDirectory() as folder:
            print(_cost(size, roles, secret, Path(folder) / "keys.sqlite"), flush=True)
        size *= 10
    print()


def _cost(size: int, roles: dict[str, str], secret: bytes, path: Path) -> str:
    population = sahel(97, size)
    plan = Plan(roles)
    sample = population.rows[:LEARNT_FROM]
    found = find_pairs(sample, roles, secret)
    keys = Keys(plan, secret).among(found.model.counts, found.model.submissions, size)
    families = affordable(plan, [plan.read(row) for row in sample], size, crowd=keys.crowd)
    scorer = Scorer(plan, keys, found.model)
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE match_key (h INTEGER, record INTEGER, PRIMARY KEY (h, record)) WITHOUT ROWID")
    database.execute("CREATE TABLE record (id INTEGER PRIMARY KEY, answers TEXT)")
    made = 0
    probes = random.Random(1).sample(sorted(_second(population.entity)), min(TRIES, size // 40))
    probed = set(probes)
    rows: list[tuple[int, int]] = []
    for number, row in enumerate(population.rows):
        if number not in probed:
            own = keys.of(plan.read(row), families)
            made += len(own)
            rows += [(key, number) for key in own]
            database.execute("INSERT INTO record VALUES (?, ?)", (number, json.dumps(list(row.values()))))
    rows.sort()
    database.executemany("INSERT INTO match_key VALUES (?, ?)", rows)
    database.commit()
    size_of_keys = database.execute("SELECT sum(pgsize) FROM dbstat WHERE name = 'match_key'").fetchone()[0]
    rows.clear()
    paths = list(population.rows[0])
    first = {entity: number for number, entity in reversed(list(enumerate(population.entity))) if number not in probed}
    times, scored, hits, met_again = [], 0, 0, 0
    for number in probes:
        started = time.process_time()
        mine = plan.read(population.rows[number])
        met: list[tuple[int, int]] = []
        for key in keys.of(mine, families):
            met += database.execute(
                "SELECT h, record FROM match_key WHERE h = ? LIMIT ?", (key, GENERIC_FROM + 1)
            ).fetchall()
        best, chosen = -1e9, -1
        candidates = shortlist(met)
        for candidate in candidates:
            (stored,) = database.execute("SELECT answers FROM record WHERE id = ?", (candidate,)).fetchone()
            bits = scorer.bits(mine, plan.read(dict(zip(paths, json.loads(stored), strict=True))))
            if bits > best:
                best, chosen = bits, candidate
        times.append(1000 * (time.process_time() - started))
        scored += len(candidates)
        met_again += first.get(population.entity[number]) in candidates
        hits += chosen == first.get(population.entity[number])
    times.sort()
    shown = " / ".join(f"{times[int(len(times) * share)]:.2f}" for share in (0.5, 0.95, 0.99))
    count = size - len(probed)
    return (
        f"| {size:,} | {made / count:.1f} | {size_of_keys / count:.0f} | {scored / len(probes):.1f} | {shown} | "
        f"{met_again / len(probes):.4f} / {hits / len(probes):.4f} |"
    )


def _second(entities: list[str]) -> set[int]:
    """The later record of everybody who has two."""
    seen: set[str] = set()
    later = set()
    for number, entity in enumerate(entities):
        if entity in seen:
            later.add(number)
        seen.add(entity)
    return later


def near_copies() -> None:
    """The six kinds of form, then the time of one interview against ten and a hundred thousand."""
    print("| form | says enough | copies found | honest flagged | bits from | bits said |")
    print("|---|---|---|---|---|---|")
    for kind in KINDS:
        made = interviews(kind)
        book = Interviews(kind.questions)
        for answers in made.answers:
            book.add(answers)
        standard = book.standard()
        pairs = {
            (min(number, each.number), max(number, each.number))
            for number in range(len(book))
            for each in book.copies_of(number, standard)
        }
        touched = {number for pair in made.copies for number in pair}
        honest = {number for pair in pairs for number in pair} - touched
        recall = f"{len(pairs & made.copies) / len(made.copies):.3f}" if standard.enough else "–"
        print(
            f"| {kind.name}, {len(book):,} | {'yes' if standard.enough else 'no'} | {recall} | {len(honest) / len(book):.4f} | "
            f"{standard.bits:.1f} | {standard.information:.0f} |",
            flush=True,
        )
    print("\n| interviews of 100 questions | CPU ms p50 / p99 for one more | to keep it | standard s | bytes each |")
    print("|---|---|---|---|---|")
    for count in (10_000, 100_000):
        made = interviews(KINDS[0], count=count)
        before = psutil.Process().memory_info().rss
        book = Interviews(100)
        started = time.process_time()
        for answers in made.answers:
            book.add(answers)
        kept = 1000 * (time.process_time() - started) / count
        size = (psutil.Process().memory_info().rss - before) / count
        started = time.process_time()
        standard = book.standard()
        measured = time.process_time() - started
        times = []
        for number in range(count - 200, count):
            started = time.process_time()
            book.copies_of(number, standard)
            times.append(1000 * (time.process_time() - started))
        times.sort()
        print(
            f"| {count:,} | {times[100]:.2f} / {times[197]:.2f} | {kept:.3f} | {measured:.1f} | {size:.0f} |",
            flush=True,
        )
    print()
