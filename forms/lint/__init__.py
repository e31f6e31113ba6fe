"""Remarks on a form before it reaches phones. A rule is a function in one of the files beside this one.

`check` is all that others need. Nothing here touches a database or the network, and nothing here refuses a form: what
phones could not open is refused by the compiler.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from forms.lint.finding import Finding, Rule, Severity, Subject, Version
from forms.tables import Tables

__all__ = ["Finding", "Rule", "Severity", "check", "rules"]

_SEVERITIES: tuple[Severity, ...] = ("loss", "warning", "advice")


def check(
    xform: bytes,
    tables: Tables | None = None,
    *,
    files: Mapping[str, bytes] | None = None,
    previous: bytes | None = None,
) -> list[Finding]:
    """Every remark on a form, the gravest first, then in the order of the workbook.

    `xform` and `tables` come from forms.compiler.Compiled; `files` are the form's attachments that are there already;
    `previous` is the XForm of the version that phones have now.
    """
    old = None if previous is None else Version(previous)
    subject = Subject(Version(xform, tables, files or {}), old)
    findings = [finding for rule in rules().values() for finding in rule.findings(subject)]
    return sorted(findings, key=_order)


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
