"""The separate process in which a stranger's workbook is read. The server never imports it: it runs it.

Called by forms.limited as `python -P compile_child.py '{"kind": ".xlsx", "form_id": …, "limits": …, "root": …}'` with the
workbook on stdin. Writes to stdout one line of JSON, then the bytes of the XForm, then those of itemsets.csv; the JSON is
`{"xform": length, "itemsets": length or null, "warnings": […], "tables": {sheet: {"columns": …, "rows": …}},
"findings": [[rule, severity, en, fr, [sheet, row, column], path], …] or null}` or
`{"error": pyxform's text, "exception": its class, "cell": [sheet, row, column] or null, "warnings": […],
"headers": {sheet: [header, …]}, "more": [the same for further mistakes, …]}`.
With `{"program": […], …}` it becomes that program under the same limits.

Nothing of our packages is imported before the limits hold.
"""

import functools
import gc
import json
import os
import re
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

_MOST_OF_TABLES = 6 * 1024 * 1024
# Nobody's cell.
_WHOLE_SHEET = re.compile(
    r"must have a sheet named|should be an? (?:external_)?choices sheet|Error reading|for sheet: "
)
_SHEETS = ("survey", "choices", "settings", "entities", "external_choices", "osm")
# Values that pyxform's sentences quote: 'x', [x], named x, `: x` at the end.
_QUOTED = re.compile(r"'([^']+)'|\[([^\[\]:]+)\]|\$\{([^}]+)\}|: (\S+)$")


def set_limits(limits: dict[str, int]) -> None:
    """Cap this process; the values come from forms.compiler.CompileLimits."""
    caps = (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        # One second more than the wall clock gives: it only ends a child whose parent has died.
        (resource.RLIMIT_CPU, limits["seconds"] + 1),
        (resource.RLIMIT_FSIZE, limits["output_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_CORE, 0),
    )
    for which, wanted in caps:
        # An unprivileged process may not raise its hard limit: keep a lower one that is already there.
        hard = resource.getrlimit(which)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(which, (value, value))


def read_workbook(content: bytes, kind: str) -> dict[str, Any]:
    """The sheets as pyxform wants them, and its reading errors: convert() hides them behind "not recognized"."""
    from io import BytesIO

    from pyxform.xls2json_backends import xls_to_dict, xlsx_to_dict

    return dict((xls_to_dict if kind == ".xls" else xlsx_to_dict)(BytesIO(content)))


def bad_header(content: bytes, kind: str) -> list[Any] | None:
    """The header [sheet, 1, text] that keeps a workbook from being read: one that is there twice, or no text."""
    from io import BytesIO

    if kind == ".xls":
        from xlrd import open_workbook

        book = open_workbook(file_contents=content)
        headers = {sheet.name: sheet.row_values(0) if sheet.nrows else [] for sheet in book.sheets()}
    else:
        from openpyxl import load_workbook

        book = load_workbook(BytesIO(content), read_only=True)
        headers = {sheet.title: [*next(sheet.iter_rows(max_row=1, values_only=True), ())] for sheet in book.worksheets}
    for sheet, cells in headers.items():
        seen: set[str] = set()
        for cell in cells if sheet.lower() in _SHEETS or len(headers) == 1 else ():
            if cell not in (None, "") and (not isinstance(cell, str) or cell in seen):
                return [sheet.lower(), 1, str(cell)]
            seen.add(cell)
    return None


def compile_workbook(sheets: dict[str, Any], form_id: str, warnings: list[str]) -> tuple[bytes, bytes | None]:
    """The XForm and itemsets.csv; raises whatever pyxform raises."""
    from pyxform.xls2xform import convert

    # A copy of each row: pyxform changes them, and the search for a mistake needs what the author wrote.
    copied = {name: [*map(dict, rows)] if _is_rows(rows) else rows for name, rows in sheets.items()}
    result = convert({**copied, "fallback_form_name": form_id}, warnings=warnings)
    return result.xform.encode(), None if result.itemsets is None else result.itemsets.encode()


def place_of(error: BaseException, sheets: dict[str, Any], form_id: str, seconds: float) -> list[Any] | None:
    """The cell [sheet, row, column] an error of pyxform means, where its message does not name a row."""
    from forms.culprit import culprit

    message = str(error)
    if "[row : " in message or _WHOLE_SHEET.search(message):
        return None

    def attempt(changed: dict[str, Any]) -> str | None:
        try:
            compile_workbook(changed, form_id, [])
        except Exception as other:  # noqa: BLE001 - whatever it is, it is compared with the first one
            return f"{type(other).__name__} {other}"
        return None

    return cell_of(message, sheets) or culprit(sheets, attempt, seconds)


def cell_of(message: str, sheets: dict[str, Any]) -> list[Any] | None:
    """The first cell [sheet, row, column] that holds exactly a value the message quotes; row 1 is the header."""
    quoted = list(_QUOTED.finditer(message))
    # « The question ${a} … can't be used as a calculation trigger for question ${b} »: b is the one to mend.
    for match in reversed(quoted) if "calculation trigger" in message else quoted:
        wanted = next(group for group in match.groups() if group)
        for sheet in ("survey", "choices", "settings", "entities", "external_choices"):
            for number, row in enumerate(sheets.get(sheet) or (), start=2):
                for column, value in row.items():
                    if value == wanted and column not in ("label", "hint"):
                        return [sheet, number, column]
    return None


def tables_of(sheets: dict[str, Any]) -> dict[str, Any]:
    """The sheets as the author wrote them; `rows` begins with Excel's row 2."""
    return {
        name: {"columns": [*sheets[f"{name}_header"][0]] if sheets.get(f"{name}_header") else [], "rows": rows}
        for name, rows in sheets.items()
        if _is_rows(rows) and not name.endswith("_header")
    }


def findings_of(xform: bytes, tables: dict[str, Any], seconds: int) -> list[list[Any]] | None:
    """What the lint says of the form alone, None when it did not come to its end. A hostile form may keep it busy."""
    from config.problem import Problem
    from forms.lint import check
    from forms.tables import tables_from

    def stop(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        found = check(xform, tables_from(tables))
    except Problem:  # the server reads the form itself, and says so
        return []
    except BaseException:  # noqa: BLE001 - time, memory, recursion: remarks are worth less than the form
        return None
    finally:
        signal.alarm(0)
    return [[each.rule, each.severity, each.en, each.fr, [*each.place], each.path] for each in found]


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def fault(error: BaseException, place: Callable[[], list[Any] | None], sheets: dict[str, Any]) -> dict[str, Any]:
    """What to answer about an error: pyxform's words, and the cell it means."""
    facts: dict[str, Any] = {"error": str(error), "exception": type(error).__name__}
    if not isinstance(error, Exception) or isinstance(error, MemoryError | RecursionError):
        return facts
    try:
        cell = place()
    except Exception:  # noqa: BLE001 - a file so broken that nobody can say where
        cell = None
    return {**facts, "cell": cell, "headers": {name: table["columns"] for name, table in tables_of(sheets).items()}}


def more_of(sheets: dict[str, Any], first: dict[str, Any], form_id: str, seconds: float) -> list[dict[str, Any]]:
    """The facts of the mistakes behind the first one."""
    from forms.more_mistakes import more_mistakes

    def attempt(mended: dict[str, Any]) -> dict[str, Any] | None:
        try:
            compile_workbook(mended, form_id, [])
        except Exception as error:  # noqa: BLE001 - as above
            cell = functools.partial(cell_of, str(error), mended)
            return fault(error, cell, mended)
        return None

    return more_mistakes(sheets, first, attempt, seconds)


def work(content: bytes, kind: str, form_id: str, seconds: int) -> tuple[dict[str, Any], bytes, bytes]:
    """The facts to answer, the XForm and itemsets.csv; never raises."""
    try:
        sheets = read_workbook(content, kind)
    except BaseException as error:  # noqa: BLE001 - whatever a stranger's file makes a reader raise
        return fault(error, lambda: bad_header(content, kind), {}), b"", b""
    return work_on(sheets, form_id, seconds)


def work_on(sheets: dict[str, Any], form_id: str, seconds: int) -> tuple[dict[str, Any], bytes, bytes]:
    """The same for sheets that were read."""
    warnings: list[str] = []
    try:
        xform, itemsets = compile_workbook(sheets, form_id, warnings)
    except BaseException as error:  # noqa: BLE001 - pyxform also raises bare TypeErrors, memory may end: each is a sentence
        place = functools.partial(place_of, error, sheets, form_id, seconds / 4)
        facts = {**fault(error, place, sheets), "warnings": warnings}
        if "headers" in facts:
            facts["more"] = more_of(sheets, facts, form_id, seconds / 4)
        return facts, b"", b""
    tables = tables_of(sheets)
    # The server wants no list of a hundred thousand choices in its memory.
    small = len(json.dumps(tables)) <= _MOST_OF_TABLES
    facts = {
        "xform": len(xform),
        "itemsets": None if itemsets is None else len(itemsets),
        "warnings": warnings,
        "tables": tables if small else {},
        "findings": findings_of(xform, tables, max(1, seconds // 3)),
    }
    return facts, xform, itemsets or b""


def main() -> None:
    """Read the order and the workbook, answer, leave."""
    order = json.loads(sys.argv[1])
    set_limits(order["limits"])
    os.nice(10)  # phones come first
    if "program" in order:
        os.dup2(1, 2)
        os.execv(order["program"][0], order["program"])  # noqa: S606 - without a shell, and that is its purpose
    sys.path.append(order["root"])
    gc.disable()  # a short life: looking for cycles would cost a third of it
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # xlrd prints its remarks to stdout
    facts, *bodies = work(sys.stdin.buffer.read(), order["kind"], order["form_id"], order["limits"]["seconds"])
    out.write(json.dumps(facts).encode() + b"\n")
    out.writelines(bodies)
    out.close()


if __name__ == "__main__":
    main()
