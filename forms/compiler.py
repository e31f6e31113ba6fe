"""A workbook or an XForm in, a form version's bytes out.

The same bytes and file name always give the same XForm: pyxform writes neither dates nor random values, the order of
its sets is fixed by PYTHONHASHSEED, and a workbook without a version gives a form without one (as in ODK Central),
never one invented from the clock. So uploading a file twice is recognisable as no change.
"""

import json
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from config.problem import Problem
from forms import odk_validate
from forms.converter_remarks import converter_remarks
from forms.errors import compiler_busy, workbook_refused
from forms.limited import TookTooLong, run_limited
from forms.lint import Finding, check
from forms.places import Place
from forms.tables import Tables, tables_from
from forms.turns import Turns
from forms.workbook import Kind, has_macros, kind_of
from forms.workbook_errors import child_died, form_refused, too_heavy, took_too_long, workbook_problem
from forms.xform import FormDefinition, parse_xform

# Two cores in a small laptop: a third workbook waits, phones do not.
PLACES = Turns(2)
# What a workbook that waited for its place still gets at least.
_LEAST_SECONDS = 6
# An XForm beyond this is not looked at for remarks: that would hold up a thread of the server for seconds.
_LINTED_BYTES = 2 * 1024 * 1024
_ENDING = re.compile(r"\.(?:xlsx?|xlsm|xml)$", re.IGNORECASE)


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

    `findings` are the remarks of forms.lint on the form alone (forms.lint.compare adds those that need the version before
    and the files). `tables` are the workbook's sheets (empty for a huge workbook), None for an uploaded XForm.
    `from_pyxform` are the converter's own warnings alone.
    """

    xform: bytes
    warnings: tuple[str, ...]
    itemsets: bytes | None
    tables: Tables | None = None
    findings: tuple[Finding, ...] = ()
    from_pyxform: tuple[str, ...] = ()


DEFAULT_LIMITS = CompileLimits()
UNFINISHED = Finding(
    "too-large-to-check",
    "advice",
    "the form is too large to be looked through for mistakes.",
    "le formulaire est trop grand pour qu'on y cherche des fautes.",
)


def compile_form(
    content: bytes, filename: str, *, limits: CompileLimits = DEFAULT_LIMITS, validate: bool = True
) -> Compiled:
    """Compile .xlsx, .xlsm or .xls with pyxform in a limited child process; take an XForm .xml byte for byte.

    The content decides what it is; the file name only gives a form id to workbooks without one, as in ODK Central. A
    workbook that phones could not open is refused: by our own rules always, by ODK Validate where there is Java
    (`validate` is for forms nobody has proven yet). Raises Problem 400.15 (workbook), 400.1, 400.2, 400.8, 400.25 (XForm)
    or 503.1 (too many at once).
    """
    if len(content) > limits.workbook_bytes:
        megabytes = limits.workbook_bytes // 1024 // 1024
        raise workbook_refused(
            f"The file is larger than {megabytes} MB. Delete images and unused sheets.",
            f"Le fichier dépasse {megabytes} Mo. Supprimez les images et les feuilles inutiles.",
        )
    if PurePosixPath(filename.replace("\\", "/")).name.startswith("~$"):
        raise workbook_refused(
            "This is the note Excel leaves beside an open workbook (~$…). Close Excel and send the workbook itself.",
            "C'est la note qu'Excel laisse à côté d'un classeur ouvert (~$…). Fermez Excel et envoyez le classeur.",
        )
    kind = kind_of(content, unpacked_bytes=limits.unpacked_bytes, members=limits.members)
    if kind == ".xml":
        warnings = _own_warnings(parse_xform(content))
        return Compiled(content, warnings, None, None, _findings_of_xform(content))
    with _place(limits) as deadline, tempfile.TemporaryDirectory(prefix="compile-") as folder:
        compiled = _in_child(content, kind, fallback_form_id(filename), limits, Path(folder), deadline)
        definition = judged(compiled)
        if validate:
            compiled = _validated(compiled, limits, Path(folder), deadline)
    macros = ("The workbook contains macros. They are ignored.",) if kind == ".xlsx" and has_macros(content) else ()
    warnings = (*compiled.warnings, *macros, *_own_warnings(definition))
    findings = (*compiled.findings, *converter_remarks(compiled.warnings, compiled.tables))
    return replace(compiled, warnings=warnings, findings=findings, from_pyxform=compiled.warnings)


@contextmanager
def _place(limits: CompileLimits) -> Iterator[float]:
    """One of the places for a compilation, and when it must be left: waiting counts."""
    deadline = time.monotonic() + limits.seconds
    with ExitStack() as stack:
        try:
            stack.enter_context(PLACES.taken(max(0, limits.seconds - _LEAST_SECONDS)))
        except TimeoutError:
            raise compiler_busy() from None
        yield deadline


def fallback_form_id(filename: str) -> str:
    """The form id of a workbook that declares none: its file name without folders and ending, `form` if empty."""
    name = PurePosixPath(filename.replace("\\", "/")).name
    return re.sub(r"[\x00-\x1f\x7f]", "", _ENDING.sub("", name)).strip()[:100].strip() or "form"


def _own_warnings(definition: FormDefinition) -> tuple[str, ...]:
    if definition.submission_url is None:
        return ()
    warning = (
        f"The form itself says where submissions go ({definition.submission_url}): phones will send them there and "
        "not to this server. Remove submission_url from the settings sheet."
    )
    return (warning,)


def judged(compiled: Compiled) -> FormDefinition:
    """The form that came out; raises Problem where phones could not open it."""
    definition = _checked(compiled.xform)
    faults = [each for each in compiled.findings if each.severity == "error"]
    if faults:
        raise form_refused(faults, compiled.warnings)
    return definition


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


def _in_child(
    content: bytes, kind: Kind, form_id: str, limits: CompileLimits, folder: Path, deadline: float
) -> Compiled:
    source = folder / "workbook"
    source.write_bytes(content)
    seconds = deadline - time.monotonic()
    try:
        status, answer = run_limited({"kind": kind, "form_id": form_id, "limits": asdict(limits)}, source, seconds)
    except TookTooLong:
        # One that had to wait may only need its full time.
        raise took_too_long() if seconds > limits.seconds - 1 else compiler_busy() from None
    if status != 0:
        raise child_died(status)
    return read_answer(answer)


def _validated(compiled: Compiled, limits: CompileLimits, folder: Path, deadline: float) -> Compiled:
    """As it was, or with the remark that ODK Validate did not look; raises its verdict as a sentence."""
    verdict = odk_validate.run(compiled.xform, asdict(limits), folder, deadline - time.monotonic())
    if verdict.faults:
        raise odk_validate.refusal(verdict.faults, compiled.xform, compiled.tables, compiled.warnings)
    return compiled if verdict.checked else replace(compiled, findings=(*compiled.findings, odk_validate.UNCHECKED))


def _findings_of_xform(xform: bytes) -> tuple[Finding, ...]:
    # Nobody's workbook: ODK Central takes an XForm as it is, so even what phones cannot open is only a remark.
    return tuple(check(xform)) if len(xform) <= _LINTED_BYTES else (UNFINISHED,)


def read_answer(answer: bytes) -> Compiled:
    """What the child answered (see forms.compile_child); raises Problem 400.15."""
    line, _, bodies = answer.partition(b"\n")
    try:
        facts: dict[str, Any] = json.loads(line)
    except ValueError:
        raise child_died(0) from None
    if "error" in facts:
        raise workbook_problem(facts)
    length = facts["xform"]
    itemsets = None if facts["itemsets"] is None else bodies[length : length + facts["itemsets"]]
    found = facts["findings"]
    findings = (
        (UNFINISHED,)
        if found is None
        else tuple(
            Finding(rule, severity, en, fr, Place(*place), path) for rule, severity, en, fr, place, path in found
        )
    )
    return Compiled(bodies[:length], tuple(facts["warnings"]), itemsets, tables_from(facts["tables"]), findings)
