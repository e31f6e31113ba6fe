"""Tests of the lint. A form is a Markdown table, compiled in this process."""

from collections.abc import Mapping

from forms.lint import Finding, check
from tests.forms import compiled


def findings(
    table: str, rule: str, *, before: str | None = None, files: Mapping[str, bytes] | None = None
) -> list[Finding]:
    """What one rule says of a form; `before` is the version that phones have."""
    new = compiled(table)
    previous = None if before is None else compiled(before).xform
    found = check(new.xform, new.tables, files=files, previous=previous)
    assert all(each.en != each.fr for each in found)
    return [each for each in found if each.rule == rule]
