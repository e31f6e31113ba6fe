"""Tests of forms. A form is a Markdown table: a sheet's name stands alone in the first column of its first row."""

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from pyxform.xls2xform import convert

from forms.compile_child import compile_workbook, tables_of
from forms.compiler import Compiled
from forms.tables import tables_from

DEFINITIONS = Path(__file__).parents[2] / "forms" / "definitions"


def xform(table: str) -> bytes:
    """The XForm pyxform makes of a Markdown table, in this process: for tests that are not about compiling."""
    return str(convert(table, file_type=".md").xform).encode()


def sheets_of(table: str) -> dict[str, list[list[str | None]]]:
    """The rows of a Markdown table by sheet, the header first."""
    sheets: dict[str, list[list[str | None]]] = {}
    rows: list[list[str | None]] = []
    for line in filter(None, map(str.strip, table.splitlines())):
        name, *cells = (cell.strip() or None for cell in line.removeprefix("|").removesuffix("|").split("|"))
        if name is not None:
            rows = sheets.setdefault(name, [])
        if any(cells):
            rows.append(cells)
    return sheets


def workbook(table: str) -> bytes:
    """A Markdown table as .xlsx bytes."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets_of(table).items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def sheets_as_read(table: str) -> dict[str, Any]:
    """A Markdown table as the compiling child has it after reading a workbook."""
    sheets: dict[str, Any] = {"sheet_names": list(sheets_of(table))}
    for name, (header, *rows) in sheets_of(table).items():
        sheets[name] = [
            {str(key): value for key, value in zip(header, row, strict=False) if value is not None} for row in rows
        ]
        sheets[f"{name}_header"] = [dict.fromkeys(key for key in header if key is not None)]
    return sheets


def compiled(table: str, form_id: str = "form") -> Compiled:
    """What the compiler makes of a Markdown table, in this process and in milliseconds."""
    sheets = sheets_as_read(table)
    warnings: list[str] = []
    form, itemsets = compile_workbook(sheets, form_id, warnings)
    return Compiled(form, tuple(warnings), itemsets, tables_from(tables_of(sheets)))


def hand_written(instance: str, binds: str = "", body: str = "", head: str = "", title: str = "A form") -> bytes:
    """An XForm from its parts; `head` goes into the model after the primary instance."""
    return f"""<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
        xmlns:jr="http://openrosa.org/javarosa" xmlns:orx="http://openrosa.org/xforms"
        xmlns:odk="http://www.opendatakit.org/xforms" xmlns:ibg="https://ns.example.org/ibg/xlsform"
        xmlns:entities="http://www.opendatakit.org/xforms/entities">
      <h:head><h:title>{title}</h:title>
        <model><instance>{instance}</instance>{head}{binds}</model></h:head>
      <h:body>{body}</h:body></h:html>""".encode()


def with_member(content: bytes, name: str, data: bytes) -> bytes:
    """The .xlsx with one member added or replaced."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for each in source.namelist():
            if each != name:
                target.writestr(each, source.read(each))
        target.writestr(name, data)
    return out.getvalue()
