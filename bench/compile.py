"""Compiling workbooks: time, CPU and memory of the limited child, also for hostile ones. `python -m bench.compile`.

CPU and memory are the children's (pyxform, and ODK Validate where there is Java); the server's own share is the column
beside them. `--uploads` compiles one survey again and again, as many at once as the server allows.
"""

import argparse
import os
import resource
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO

from openpyxl import Workbook

from bench.machine import machine
from config.problem import Problem
from forms import odk_validate
from forms.bundled import bundled_workbooks
from forms.compiler import compile_form

Cells = list[list[str | None]]
KINDS = (
    "text",
    "integer",
    "select_one yn",
    "decimal",
    "date",
    "note",
    "time",
    "select_multiple yn",
    "text",
    "geopoint",
)


def main() -> None:
    """One line for each workbook, then the uploads."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--uploads", type=int, default=100, help="compilations in a row")
    chosen = arguments.parse_args()
    print(machine())
    print(f"{'workbook':<34}{'KB':>7}{'s':>7}{'CPU s':>7}{'MB':>6}{'own s':>7}  outcome")
    for path in bundled_workbooks():
        _line(path.stem, path.read_bytes(), validate=False)
    for name, build in _workbooks():
        _line(name, build(), validate=False)
    if odk_validate.command:
        for path in bundled_workbooks():
            _line(f"{path.stem}, ODK Validate", path.read_bytes(), validate=True)
    _uploads(chosen.uploads)


def _line(name: str, content: bytes, *, validate: bool) -> None:
    """Measured in a process of its own: the peak memory of children is known only for all of a process's together."""
    if os.fork():
        os.wait()
        return
    begin = time.perf_counter(), time.process_time()
    try:
        compiled = compile_form(content, f"{name}.xlsx", validate=validate)
        outcome = f"{len(compiled.xform) / 1000:.0f} KB, {len(compiled.findings)} remarks"
    except Problem as problem:
        outcome = problem.en[:60]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, own = time.perf_counter() - begin[0], time.process_time() - begin[1]
    figures = f"{len(content) / 1024:>7.0f}{seconds:>7.1f}{used.ru_utime + used.ru_stime:>7.1f}{used.ru_maxrss / 1024:>6.0f}{own:>7.2f}"
    print(f"{name:<34}{figures}  {outcome}", flush=True)
    os._exit(0)


def _uploads(count: int) -> None:
    content = bundled_workbooks()[0].read_bytes()
    for at_once in (1, 10):
        with _measured(f"{count} uploads, {at_once} at once", count), ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda number: _upload(content, number), range(count)))


def _upload(content: bytes, number: int) -> None:
    compile_form(content, f"survey{number}.xlsx", validate=False)


@contextmanager
def _measured(name: str, count: int) -> Iterator[None]:
    begin, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    own = time.process_time()
    yield
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    seconds, own = time.perf_counter() - begin, time.process_time() - own
    print(
        f"{name}: {seconds:.0f} s, {cpu / count:.2f} s CPU and {own / count * 1000:.0f} ms of the server's own each",
        flush=True,
    )


def _workbooks() -> Iterator[tuple[str, Callable[[], bytes]]]:
    yield "660 questions", lambda: _excel(_survey(660))
    yield "3,000 questions", lambda: _excel(_survey(3000))
    yield "20,000 choices", lambda: _excel(_choices(20_000))
    yield "100,000 choices", lambda: _excel(_choices(100_000))
    yield "16,384 columns, all named", lambda: _excel(_wide(16_384))
    yield "a million empty rows", _empty_rows


def _survey(count: int) -> dict[str, Cells]:
    rows: Cells = [["type", "name", "label::Français (fr)", "label::English (en)", "relevant", "constraint"]]
    for number in range(count):
        shown = f"${{q{number - 1}}} != ''" if number % 5 == 4 else None
        bound = ". >= 0 and . <= 120" if KINDS[number % 10] == "integer" else None
        rows.append([KINDS[number % 10], f"q{number}", f"Question {number}", f"Question {number}", shown, bound])
    return {"survey": rows, **_list([("y", "Oui"), ("n", "Non")])}


def _choices(count: int) -> dict[str, Cells]:
    rows: Cells = [["type", "name", "label"], ["select_one yn", "a", "A"]]
    return {"survey": rows, **_list([(f"c{number}", f"Choix {number}") for number in range(count)])}


def _list(choices: list[tuple[str, str]]) -> dict[str, Cells]:
    return {"choices": [["list_name", "name", "label"], *_choice_rows(choices)]}


def _choice_rows(choices: list[tuple[str, str]]) -> Cells:
    return [["yn", name, label] for name, label in choices]


def _wide(columns: int) -> dict[str, Cells]:
    more = [f"column {number}" for number in range(columns - 3)]
    return {"survey": [["type", "name", "label", *more], ["text", "a", "A", *more]]}


def _empty_rows() -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("survey")
    sheet.append(["type", "name", "label"])
    sheet.append(["text", "a", "A"])
    for _ in range(1_000_000):
        sheet.append([""])
    return _saved(book)


def _excel(sheets: dict[str, Cells]) -> bytes:
    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return _saved(book)


def _saved(book: Workbook) -> bytes:
    content = BytesIO()
    book.save(content)
    return content.getvalue()


if __name__ == "__main__":
    main()
