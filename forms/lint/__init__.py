"""Remarks on a form before it reaches phones. A rule is a function in one of the files beside this one.

`check` and `compare` are all that others need. Nothing here touches a database or the network, and nothing here refuses a form: the
compiler refuses workbooks with findings of severity error.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache

from forms.lint.finding import Finding, Rule, Severity, Subject, Version
from forms.tables import Tables

__all__ = ["Finding", "Rule", "Severity", "check", "compare", "rules"]

_SEVERITIES: tuple[Severity, ...] = ("error", "loss", "warning", "advice")


def check(
    xform: bytes,
    tables: Tables | None = None,
    *,
    files: Mapping[str, bytes] | None = None,
    previous: bytes | None = None,
) -> list[Finding]:
    """Every remark on a form: the gravest first, then in the order of the workbook.

    `xform` and `tables` come from forms.compiler.Compiled; `files` are the form's attachments that are there already;
    `previous` is the XForm of the version that phones have now.
    """
    return _findings(_subject(xform, tables, files, previous), rules().values())


def compare(
    xform: bytes,
    tables: Tables | None = None,
    *,
    files: Mapping[str, bytes] | None = None,
    previous: bytes | None = None,
) -> list[Finding]:
    """The remarks that need the files or the version before: what forms.compiler.Compiled.findings cannot hold yet."""
    asked = [rule for rule in rules().values() if rule.needs_more]
    return _findings(_subject(xform, tables, files, previous), asked)


def _subject(xform: bytes, tables: Tables | None, files: Mapping[str, bytes] | None, previous: bytes | None) -> Subject:
    return Subject(Version(xform, tables, files or {}), None if previous is None else Version(previous))


def _findings(subject: Subject, asked: Iterable[Rule]) -> list[Finding]:
    return sorted((finding for rule in asked for finding in rule.findings(subject)), key=_order)


@cache
def rules() -> Mapping[str, Rule]:
    """All rules by name."""
    modules = [importlib.import_module(f"{__name__}.{each.name}") for each in pkgutil.iter_modules(__path__)]
    found = [each for module in modules for each in vars(module).values() if isinstance(each, Rule)]
    return {each.name: each for each in found}


def _order(finding: Finding) -> tuple[int, int, int]:
    sheets = ("survey", "choices")
    sheet = sheets.index(finding.place.sheet) if finding.place.sheet in sheets else len(sheets)
    return _SEVERITIES.index(finding.severity), sheet, finding.place.row or 0
