"""The separate process in which a stranger's workbook is read. The server never imports it: it runs it.

Called by forms.limited as `python -P compile_child.py '{"kind": ".xlsx", "form_id": …, "limits": …, "root": …}'` with the
workbook on stdin. Writes to stdout one line of JSON, then the bytes of the XForm, then those of itemsets.csv; the JSON is
`{"xform": length, "itemsets": length or null, "warnings": […], "tables": {sheet: {"columns": …, "rows": …}},
"findings": [[rule, severity, en, fr, [sheet, row, column], path], …] or null}` or
`{"error": pyxform's text, "exception": its class, "cell": [sheet, row, column] or null, "warnings": […]}`.
With `{"program": […], …}` it becomes that program under the same limits.

Nothing of our packages is imported before the limits hold.
"""

import json
import os
import re
import resource
import signal
import sys
from typing import Any, BinaryIO

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


def compile_workbook(sheets: dict[str, Any], form_id: str, warnings: list[str]) -> tuple[bytes, bytes | None]:
    """The XForm and itemsets.csv; raises whatever pyxform raises, with the cell it seems to mean as `.cell`."""
    from pyxform.xls2xform import convert

    try:
        # A copy of each row: pyxform changes them, and cell_of must find what the author wrote.
        copied = {name: [*map(dict, rows)] if _is_rows(rows) else rows for name, rows in sheets.items()}
        result = convert({**copied, "fallback_form_name": form_id}, warnings=warnings)
    except Exception as error:
        error.cell = cell_of(str(error), sheets)  # type: ignore[attr-defined]
        raise
    return result.xform.encode(), None if result.itemsets is None else result.itemsets.encode()


def cell_of(message: str, sheets: dict[str, Any]) -> list[Any] | None:
    """The first cell [sheet, row, column] that holds exactly a value the message quotes; row 1 is the header."""
    for match in _QUOTED.finditer(message):
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
    from forms.lint import check
    from forms.tables import tables_from

    def stop(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        found = check(xform, tables_from(tables))
    except BaseException:  # noqa: BLE001 - time, memory, recursion: remarks are worth less than the form
        return None
    finally:
        signal.alarm(0)
    return [[each.rule, each.severity, each.en, each.fr, [*each.place], each.path] for each in found]


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _answer(out: BinaryIO, facts: dict[str, Any], *bodies: bytes) -> None:
    out.write(json.dumps(facts).encode() + b"\n")
    out.writelines(bodies)
    out.close()


def main() -> None:
    """Read the order and the workbook, answer, leave."""
    order = json.loads(sys.argv[1])
    set_limits(order["limits"])
    os.nice(10)  # phones come first
    if "program" in order:
        os.dup2(1, 2)
        os.execv(order["program"][0], order["program"])  # noqa: S606 - without a shell, and that is its purpose
    sys.path.append(order["root"])
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # xlrd prints its remarks to stdout
    warnings: list[str] = []
    try:
        sheets = read_workbook(sys.stdin.buffer.read(), order["kind"])
        xform, itemsets = compile_workbook(sheets, order["form_id"], warnings)
    except BaseException as error:  # noqa: BLE001 - pyxform also raises bare TypeErrors, memory may end: each is a sentence
        facts = {"error": str(error), "exception": type(error).__name__, "cell": getattr(error, "cell", None)}
        _answer(out, {**facts, "warnings": warnings})
        return
    lengths = {"xform": len(xform), "itemsets": None if itemsets is None else len(itemsets)}
    tables = tables_of(sheets)
    facts = {**lengths, "warnings": warnings, "tables": tables}
    facts["findings"] = findings_of(xform, tables, max(1, order["limits"]["seconds"] // 3))
    _answer(out, facts, xform, itemsets or b"")


if __name__ == "__main__":
    main()
