"""A workbook or an XForm in, a form version's bytes out.

The same bytes and file name always give the same XForm: pyxform writes neither dates nor random values, the order of
its sets is fixed by PYTHONHASHSEED, and a workbook without a version gives a form without one (as in ODK Central),
never one invented from the clock. So uploading a file twice is recognisable as no change.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from config.problem import Problem
from forms.errors import compiler_busy, workbook_refused
from forms.tables import Tables, tables_from
from forms.workbook import Kind, has_macros, kind_of
from forms.workbook_errors import child_died, too_heavy, took_too_long, workbook_problem
from forms.xform import FormDefinition, parse_xform

_CHILD = Path(__file__).with_name("compile_child.py")
# Two cores in a small laptop: a third workbook waits, phones do not.
PLACES = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class CompileLimits:
    """What one compilation may use. `seconds` bounds wall clock and CPU; sizes are bytes.

    Measured: the bundled surveys need 0.4 s CPU and 45 MB, 3,000 questions 1 s and 80 MB.
    """

    seconds: int = 18
    memory_bytes: int = 512 * 1024 * 1024
    workbook_bytes: int = 32 * 1024 * 1024
    unpacked_bytes: int = 256 * 1024 * 1024
    members: int = 4000
    output_bytes: int = 40 * 1024 * 1024
    open_files: int = 64


@dataclass(frozen=True, slots=True)
class Compiled:
    """A form version: the XForm exactly as phones will get it, pyxform's and our warnings, itemsets.csv if any.

    `tables` are the workbook's sheets, None for an uploaded XForm; with the XForm they are what forms.lint looks at.
    """

    xform: bytes
    warnings: tuple[str, ...]
    itemsets: bytes | None
    tables: Tables | None = None


DEFAULT_LIMITS = CompileLimits()


def compile_form(content: bytes, filename: str, *, limits: CompileLimits = DEFAULT_LIMITS) -> Compiled:
    """Compile .xlsx, .xlsm or .xls with pyxform in a limited child process; take an XForm .xml byte for byte.

    The content decides what it is; the file name only gives a form id to workbooks without one, as in ODK Central.
    Raises Problem 400.15 (workbook), 400.1, 400.2, 400.8, 400.25 (XForm) or 503.1 (too many at once).
    """
    if len(content) > limits.workbook_bytes:
        megabytes = limits.workbook_bytes // 1024 // 1024
        raise workbook_refused(
            f"The file is larger than {megabytes} MB. Delete images and unused sheets.",
            f"Le fichier dépasse {megabytes} Mo. Supprimez les images et les feuilles inutiles.",
        )
    kind = kind_of(content, unpacked_bytes=limits.unpacked_bytes, members=limits.members)
    if kind == ".xml":
        return Compiled(content, _own_warnings(parse_xform(content)), None)
    compiled = _in_child(content, kind, fallback_form_id(filename), limits)
    macros = ("The workbook contains macros. They are ignored.",) if kind == ".xlsx" and has_macros(content) else ()
    warnings = (*compiled.warnings, *macros, *_own_warnings(_checked(compiled.xform)))
    return Compiled(compiled.xform, warnings, compiled.itemsets, compiled.tables)


def fallback_form_id(filename: str) -> str:
    """The form id of a workbook that declares none: its file name without folders and ending, `form` if empty."""
    stem = PurePosixPath(filename.replace("\\", "/")).stem
    return re.sub(r"[\x00-\x1f\x7f]", "", stem).strip()[:100].strip() or "form"


def _own_warnings(definition: FormDefinition) -> tuple[str, ...]:
    if definition.submission_url is None:
        return ()
    warning = (
        f"The form itself says where submissions go ({definition.submission_url}): phones will send them there and "
        "not to this server. Remove submission_url from the settings sheet."
    )
    return (warning,)


def _checked(xform: bytes) -> FormDefinition:
    try:
        return parse_xform(xform)
    except Problem as problem:
        if problem.code != 400.1:
            raise
        if "Excessive depth" in problem.en:
            raise too_heavy(problem.en) from None
        # pyxform copies some cells into the XML unescaped; then its own output is not well-formed.
        raise workbook_refused(
            "A cell holds text that does not fit into a form (control characters, < or &). Retype it.",
            "Une cellule contient un texte impossible dans un formulaire (caractères de contrôle, < ou &). "
            "Ressaisissez-le.",
            problem.en,
        ) from None


def _in_child(content: bytes, kind: Kind, form_id: str, limits: CompileLimits) -> Compiled:
    if not PLACES.acquire(timeout=limits.seconds):
        raise compiler_busy()
    try:
        with tempfile.TemporaryDirectory(prefix="compile-") as folder:
            answer = _run(content, kind, form_id, limits, Path(folder))
    finally:
        PLACES.release()
    return _read_answer(answer)


def _run(content: bytes, kind: Kind, form_id: str, limits: CompileLimits, folder: Path) -> bytes:
    """What the child wrote; everything it can touch lies in `folder`."""
    order = json.dumps({"kind": kind, "form_id": form_id, "limits": asdict(limits)})
    source, target = folder / "workbook", folder / "answer"
    source.write_bytes(content)
    # Nothing of the server's environment (secrets!) but what Python itself may need to start.
    environment = {name: os.environ[name] for name in ("PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ} | {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # Files rather than pipes: RLIMIT_FSIZE then bounds the answer, and nobody waits on a full pipe.
    with source.open("rb") as stdin, target.open("wb") as stdout:
        child = subprocess.Popen(
            [sys.executable, "-P", "-s", str(_CHILD), order],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        try:
            status = child.wait(limits.seconds)
        except subprocess.TimeoutExpired:
            raise took_too_long() from None
        finally:
            _end(child)
    if status != 0:
        raise child_died(status)
    return target.read_bytes()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child's process group, and reap the child."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _read_answer(answer: bytes) -> Compiled:
    line, _, bodies = answer.partition(b"\n")
    try:
        facts: dict[str, Any] = json.loads(line)
    except ValueError:
        raise child_died(0) from None
    if "error" in facts:
        raise workbook_problem(facts)
    length = facts["xform"]
    itemsets = None if facts["itemsets"] is None else bodies[length : length + facts["itemsets"]]
    return Compiled(bodies[:length], tuple(facts["warnings"]), itemsets, tables_from(facts["tables"]))
