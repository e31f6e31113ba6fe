"""`make crash`: kill the server and its database while eight phones post; nothing acknowledged may be lost or doubled.

    python -m tests.crash --rounds 50               # SQLite, then PostgreSQL
    python -m tests.crash --rounds 15 --postgres    # PostgreSQL alone; --sqlite likewise

A SIGKILL keeps what the kernel has of the files: that rows and files reach the disk before the 201 is what
tests/test_durability.py shows.
"""

import argparse
import functools
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import postgres
from tests.crashing import cases
from tests.crashing.clients import CLIENTS, Client, Ledger
from tests.crashing.verification import Verification, export_faults
from tests.server_process import ServerProcess, prepare

# What dies in which round: the kernel picks one victim when memory runs out, a power cut takes both.
VICTIMS = (("server",), ("database",), ("server", "database"))
LOAD_SECONDS = (0.4, 1.6)
FINISH_SECONDS = 60
SHOWN = 20

Say = Callable[[str], None]


@dataclass
class Outcome:
    """What a run showed: no faults, hopefully, and that there was something to lose."""

    rounds: int = 0
    sent: int = 0
    cut: int = 0
    starts: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass
class Scene:
    """One run's server, its database server if it has one, and its phones."""

    served: ServerProcess
    verification: Verification
    ledger: Ledger
    chance: random.Random
    database: postgres.Server | None
    outcome: Outcome


def run(folder: Path, rounds: int, seed: int, *, on_postgres: bool = False, say: Say = lambda line: None) -> Outcome:
    """Kill `rounds` times under load, in an installation made in `folder`, and look at what is left.

    PostgresFailed without a PostgreSQL; everything else that goes wrong is a fault of the outcome.
    """
    outcome = Outcome()
    with _database(folder, on_postgres) as (database, url):
        prepared = prepare(folder / "data", cases.form(), database_url=url)
        ledger = Ledger(outages=on_postgres)
        verification = Verification(url or f"sqlite:///{prepared.data / 'relais.sqlite3'}", prepared.data / "files")
        # All phones share one credential and dispute a tenth of what they send: its quota would end fifty rounds halfway.
        with ServerProcess(
            prepared.data, folder / "server.log", reserve_bytes=0, conflict_quota=100_000, database_url=url
        ) as served:
            chance = random.Random(seed)
            scene = Scene(served, verification, ledger, chance, database, outcome)
            clients = [Client(served.address, prepared.key_url, ledger, f"{seed}.{n}") for n in range(CLIENTS)]
            for client in clients:
                client.start()
            try:
                for number in range(rounds):
                    _round(scene, number, say)
            finally:
                for client in clients:
                    client.finish(FINISH_SECONDS)
                for client in clients:
                    client.join()
            outcome.faults += [f"{case.instance_id} never got through" for each in clients for case in each.unsent]
            outcome.faults += ledger.faults + list(verification.whole(ledger.cases))
            outcome.faults += export_faults(served, prepared, ledger.cases)
            outcome.faults += _end(served)
            outcome.faults += [f"{path.name} is left behind" for path in (prepared.data / "tmp").glob("upload-*")]
        verification.close()
    outcome.sent, outcome.cut = len(ledger.cases), ledger.cut
    return outcome


@contextmanager
def _database(folder: Path, on_postgres: bool) -> Iterator[tuple[postgres.Server | None, str]]:
    folder.mkdir(parents=True, exist_ok=True)
    if not on_postgres:
        yield None, ""
        return
    server = postgres.start(folder / "postgres", fsync=True)
    try:
        yield server, server.create_database("relais")
    finally:
        server.remove()


def _round(scene: Scene, number: int, say: Say) -> None:
    begin, answered, cut = time.monotonic(), scene.ledger.answers.total(), scene.ledger.cut
    time.sleep(scene.chance.uniform(*LOAD_SECONDS))
    victims = VICTIMS[number % len(VICTIMS)] if scene.database else VICTIMS[0]
    if scene.database and "database" in victims:
        scene.database.kill()
    if "server" in victims:
        scene.served.kill()
    time.sleep(scene.chance.uniform(0, 0.3))
    if scene.database and "database" in victims:
        scene.database.restart()
    if "server" in victims:
        scene.outcome.starts.append(scene.served.start())
    news = scene.ledger.news()
    faults = list(scene.verification.missing(news))
    scene.outcome.faults += [f"after round {number + 1}: {fault}" for fault in faults]
    scene.outcome.rounds += 1
    answered, cut = scene.ledger.answers.total() - answered, scene.ledger.cut - cut
    say(
        f"round {number + 1:>3}: {' and '.join(victims):<19} killed, {answered:>4} answers, {cut:>2} cut off, "
        f"{len(news):>4} acknowledged looked up, {time.monotonic() - begin:.1f} s" + "".join(f"\n  {f}" for f in faults)
    )


def _end(served: ServerProcess) -> Iterator[str]:
    """Faults that `relais check` finds, beside the running server, and those of a clean stop."""
    checked = served.relais("check")
    if checked.returncode != 0:
        yield f"relais check: exit {checked.returncode}\n{checked.stderr[-2000:]}"
    if (status := served.stop()) != 0:
        yield f"the server ended with {status}\n{served.log[-2000:]}"


def _show(outcome: Outcome) -> None:
    slowest = max(outcome.starts, default=0.0)
    print(
        f"{outcome.rounds} rounds, {outcome.sent} instances, {outcome.cut} answers cut off, slowest start "
        f"{slowest:.1f} s: {len(outcome.faults)} faults"
    )
    # Those of the rounds first: what never got through afterwards is often their consequence.
    for fault in sorted(outcome.faults, key=lambda fault: fault.endswith("never got through"))[:SHOWN]:
        print(f"  {fault}")


def main() -> int:
    """0 when nothing was lost, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description="Kill the server under load.")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None, help="the same forms, photos and moments as another run")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--sqlite", action="store_true", help="SQLite alone")
    only.add_argument("--postgres", action="store_true", help="PostgreSQL alone")
    chosen = parser.parse_args()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    faults = 0
    for name, left_out in (("SQLite", chosen.postgres), ("PostgreSQL", chosen.sqlite)):
        if left_out:
            continue
        print(f"{name}, seed {seed}", flush=True)
        with tempfile.TemporaryDirectory(prefix="relais-crash-") as folder:
            Path(folder).chmod(0o755)  # PostgreSQL runs as `nobody` when we are root
            say = functools.partial(print, flush=True)
            outcome = run(Path(folder), chosen.rounds, seed, on_postgres=name == "PostgreSQL", say=say)
        _show(outcome)
        faults += len(outcome.faults)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
