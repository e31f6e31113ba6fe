"""Asks every operation of the OpenAPI document for what it describes and for what nobody described: `make fuzz`.

    python -m tests.fuzz [--rounds 20] [--examples 10] [--odd 1000] [--seed 1] [--postgres]

Whatever is asked, the answer is one that the document names, in the shape it names, and never a 5xx but 501 (a part of a
standard that is not answered). Then requests that no document describes, at every address (tests/fuzz_odd.py).
Each round begins with a fresh installation, since an administrator who asks at random soon deletes everything. Prints
each kind of defect with the request that showed it; exit 1 when there is any.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import argon2
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckFunction, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.schemas import OpenApiSchema
from werkzeug.test import Client, TestResponse

from accounts import passwords
from tests import fuzz_odd, postgres
from tests.accounts.calling import administrator
from tests.house import House, furnished

# A part of a standard that is not answered. 503 would say that the database is away, which it is not.
DELIBERATE = (501,)
CHECKS: list[CheckFunction] = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
# What reads comes first, so that there is something to read; what takes away comes last.
ORDER = ("GET", "POST", "PATCH", "PUT", "DELETE")


@dataclass
class Found:
    """The defects met, each once: by operation, what is wrong and the status, with the request that showed it."""

    defects: dict[tuple[str, str, int], str] = field(default_factory=dict)
    asked: int = 0

    def note(self, case: Case[Any], what: str, answer: Response) -> None:
        """Keep the first request that showed this."""
        key = (case.operation.label, what, answer.status_code)
        if key not in self.defects:
            said = answer.content[:300].decode("utf-8", "replace")
            self.defects[key] = f"{case.as_curl_command()}\n      {said}"

    def __str__(self) -> str:
        return "\n".join(
            f"{name}: {what} ({status})\n      {how}" for (name, what, status), how in self.defects.items()
        )


class _Client(Client):
    """Reads every answer to its end, and closes what it was read from."""

    def open(self, *arguments: Any, **choices: Any) -> TestResponse:
        return super().open(*arguments, **{**choices, "buffered": True})


def explore(house: House, found: Found, *, examples: int, number: int) -> None:
    """Ask each operation `examples` times, as a viewer and as the administrator; the same `number` asks the same."""
    people = (house.viewer, administrator(house.relais))
    load_all_checks()
    described = schemathesis.openapi.from_wsgi("/v1/openapi.json", house.relais.app)
    for operation in _operations(described):
        values = house.values
        real = {name: quote(str(values[name]), safe="") for name in _arguments(operation) if name in values}

        @seed(number)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=_cases(operation, real))
        def ask(case: Case[Any]) -> None:
            for who in people:
                found.asked += 1
                answer = case.call(
                    session=_Client(house.relais.app), headers={**who.headers, "Accept-Encoding": "identity"}
                )
                if answer.status_code >= 500 and answer.status_code not in DELIBERATE:
                    found.note(case, "a failure of the server", answer)
                else:
                    _check(case, answer, found)

        ask()


def _check(case: Case[Any], answer: Response, found: Found) -> None:
    try:
        case.validate_response(answer, checks=CHECKS)
    except (FailureGroup, Failure) as failures:
        for failure in failures.exceptions if isinstance(failures, FailureGroup) else [failures]:
            said = " ".join(failure.message.split())[:160]
            found.note(case, f"{failure.title}: {said}", answer)


def _operations(described: OpenApiSchema) -> list[Any]:
    found = [result.ok() for result in described.get_all_operations()]
    return sorted(found, key=lambda operation: ORDER.index(operation.method.upper()))


def _arguments(operation: Any) -> list[str]:
    return [parameter.name for parameter in operation.path_parameters]


def _cases(operation: Any, real: dict[str, Any]) -> st.SearchStrategy[Case[Any]]:
    """Mostly about what is there: addresses that lead nowhere are answered before anything else is read."""
    first = dict(list(real.items())[:1])
    made = [
        operation.as_strategy(generation_mode=mode, path_parameters=parts)
        for parts in (real, real, first, {})
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    ]
    return st.one_of(made)


@contextmanager
def _databases(*, on_postgres: bool) -> Iterator[Iterator[str]]:
    """URLs of empty databases; "" for SQLite."""
    if not on_postgres:
        yield ("" for _ in count())
        return
    folder = Path(tempfile.mkdtemp(prefix="relais-fuzz-", dir="/tmp"))
    folder.chmod(0o755)
    server = postgres.start(folder / "data")
    try:
        yield (server.create_database(f"round_{number}") for number in count())
    finally:
        server.remove()
        shutil.rmtree(folder)


def main() -> int:
    """Rounds of it; 0 when nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="fresh installations (default 20)")
    parser.add_argument("--examples", type=int, default=10, help="requests of each operation and person (default 10)")
    parser.add_argument("--odd", type=int, default=1000, help="odd requests of each round (default 1000)")
    parser.add_argument("--seed", type=int, default=1, help="where chance begins (default 1)")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    chosen = parser.parse_args()
    passwords.hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    found = Found()
    with _databases(on_postgres=chosen.postgres) as urls:
        for number in range(chosen.seed, chosen.seed + chosen.rounds):
            before = set(found.defects)
            with tempfile.TemporaryDirectory(prefix="relais-fuzz-") as folder:
                for house in furnished(Path(folder) / "data", next(urls)):
                    explore(house, found, examples=chosen.examples, number=number)
                for house in furnished(Path(folder) / "odd", next(urls)):
                    found.asked += chosen.odd
                    for failure in fuzz_odd.failures(house, number, chosen.odd):
                        found.defects.setdefault(("an odd request", failure, 500), "")
            for key in set(found.defects) - before:
                print(*key, found.defects[key], sep="\n    ", flush=True)
            print(f"round {number}: {found.asked} requests, {len(found.defects)} defects", flush=True)
    return 1 if found.defects else 0


if __name__ == "__main__":
    sys.exit(main())
