"""ODK Validate, the judge of forms that comes inside pyxform: run where there is Java, its words made sentences.

It steps through the form with JavaRosa, the engine inside ODK Collect; what it refuses, phones do not open.
"""

import importlib.util
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.problem import Problem
from forms.errors import workbook_refused
from forms.limited import TookTooLong, run_limited
from forms.lint import Finding
from forms.lint.finding import Version
from forms.messages import explained
from forms.phone_functions import knows
from forms.places import Place
from forms.tables import Tables


def installed() -> tuple[str, ...] | None:
    """How to call it on this machine, None without Java or without the program."""
    java, package = shutil.which("java"), importlib.util.find_spec("pyxform")
    if java is None or package is None or package.origin is None:
        return None
    jar = Path(package.origin).parent / "validators" / "odk_validate" / "bin" / "ODK_Validate.jar"
    if not jar.is_file():
        return None
    # A JVM reserves far more address space than it uses: these bound what it uses to about 320 MB. Stacks are large
    # because JavaRosa reads nested expressions recursively.
    memory = [
        "-Xmx224m",
        "-XX:MaxMetaspaceSize=48m",
        "-XX:CompressedClassSpaceSize=16m",
        "-XX:ReservedCodeCacheSize=24m",
    ]
    quick = ["-Xss4m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:ErrorFile=/dev/null"]
    return (java, *memory, *quick, "-Djava.awt.headless=true", "-jar", str(jar))


# None switches it off.
command = installed()
_ADDRESS_SPACE = 1536 * 1024 * 1024

UNCHECKED = Finding(
    "not-validated",
    "advice",
    "ODK Validate did not look at this form (no Java here, or no time). Checked all the same: expressions, functions, "
    "references, circles, empty groups, labels of choices. Not checked: types of values inside expressions. Try the form on "
    "a phone before publishing it.",
    "ODK Validate n'a pas examiné ce formulaire (pas de Java ici, ou pas le temps). Vérifiés quand même : expressions, "
    "fonctions, références, cercles, groupes vides, labels des choix. Non vérifiés : les types des valeurs dans les "
    "expressions. Essayez le formulaire sur un téléphone avant de le publier.",
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ODK Validate said; `checked` is False when it said nothing: no Java, no time, no memory."""

    checked: bool
    faults: tuple[str, ...] = ()


def run(xform: bytes, limits: dict[str, Any], folder: Path, seconds: float) -> Verdict:
    """Validate a form in a limited process; everything it touches lies in `folder`."""
    if command is None or seconds < 1:
        return Verdict(checked=False)
    source = folder / "form.xml"
    source.write_bytes(xform)
    # Its verdict goes to standard error, which the child joins to its output.
    order = {"program": [*command, str(source)], "limits": {**limits, "memory_bytes": _ADDRESS_SPACE}}
    try:
        status, answer = run_limited(order, source, seconds)
    except TookTooLong:
        return Verdict(checked=False)
    text = answer.decode("utf-8", "replace").replace(str(source), "")
    if status == 0:
        return Verdict(checked=True)
    return Verdict(checked=bool(faults := _faults(text)) or _IGNORED.search(text) is not None, faults=faults)


_IGNORED = re.compile(r"cannot handle function '([\w:.-]+)'(?!\. Requires)")
_STACK = re.compile(r"^\s+at |^Caused by|^\s*\.\.\. \d+ more|^Validating|^The following|^Result|^>>|^$")
_GROUP = re.compile(r"Group has no children! Group: (\S+?)\. The XML is invalid\.")
_EXCEPTION = re.compile(r"^(?:[\w$]+\.)+[\w$]+(?:Exception|Error): ")
_EXHAUSTED = ("OutOfMemoryError", "StackOverflowError", "Could not reserve", "Could not create the Java")


def _faults(text: str) -> tuple[str, ...]:
    """The verdict without its stack traces; () when the judge broke down, or only misses what Collect knows."""
    # A Java that did not even start it has no opinion.
    if "Validating" not in text or any(word in text for word in _EXHAUSTED):
        return ()
    unknown = _IGNORED.search(text)
    if unknown and knows(unknown[1]):
        return ()
    groups = tuple(dict.fromkeys(match[0] for match in _GROUP.finditer(text)))
    if groups:
        return groups
    lines = [line.rstrip() for line in text.splitlines() if not _STACK.search(line)]
    said = _EXCEPTION.sub("", "\n".join(lines).strip())
    return (said,) if said else ()


_FIELD = re.compile(
    r"Error evaluating field '[^']*' \((/[^)]+)\)|Group: (/\S+?)\. The XML|\bref=\"(/[^\"]+)\""
    r"|(?:attached to \"|for node \[|bind for |\n)(/[^\s\"\]]+)"
)
_KINDS = {
    "Calculate expression": "calculation",
    "Invalid calculate": "calculation",
    "display condition": "relevant",
    "require condition": "required",
    "readonly condition": "read_only",
    "invalid constraint": "constraint",
    "set action": "default",
}


def refusal(faults: Sequence[str], xform: bytes, tables: Tables | None, warnings: Sequence[str]) -> Problem:
    """The verdict as Problem 400.15 with the cell it means."""
    said = faults[0]
    place = _place(said, Version(xform, tables))
    sentences = explained(said)
    en, fr = sentences or (
        f"phones could not open this form: {said}",
        f"les téléphones ne pourraient pas ouvrir ce formulaire (message d'ODK Validate) : {said}",
    )
    problem = workbook_refused(place.sentence(en, "en"), place.sentence(fr, "fr"), "\n".join(faults), **place.known())
    problem.details["warnings"] = list(warnings)
    return problem


def _place(said: str, version: Version) -> Place:
    match = _FIELD.search(said)
    if match is None:
        return Place()
    node = re.sub(r"\[\d+\]", "", next(group for group in match.groups() if group))
    kind = next((kind for words, kind in _KINDS.items() if words in said), None)
    return version.place(node, kind)
