"""docs/exports.md names every format and every option."""

import re
from dataclasses import fields
from pathlib import Path

from collector.export_request import ExportRequest
from collector.exports import formats

PAGE = Path(__file__).parent.parent / "docs" / "exports.md"


def test_the_page_on_exports_lists_every_format_and_option() -> None:
    text = PAGE.read_text(encoding="utf-8")
    tables = [re.findall(r"^\| `([a-z_.]+)` \|", part, re.MULTILINE) for part in text.split("\n## ")]
    assert set(tables[1]) == set(formats())
    assert tables[2] == [each.name for each in fields(ExportRequest)]
    for name, each in formats().items():
        (row,) = re.findall(rf"^\| `{re.escape(name)}` \| (.*)$", text.split("\n## ")[1], re.MULTILINE)
        assert f"`form{each.suffix}`" in row
