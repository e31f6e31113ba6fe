"""Tests of forms. A form is a Markdown table: a sheet's name stands alone in the first column of its first row."""

import zipfile
from io import BytesIO
from pathlib import Path

from openpyxl import Workbook
from pyxform.xls2xform import convert

DEFINITIONS = Path(__file__).parents[2] / "forms" / "definitions"


def xform(table: str) -> bytes:
    """The XForm pyxform makes of a Markdown table, in this process: for tests that are not about compiling."""
    return str(convert(table, file_type=".md").xform).encode()


def workbook(table: str) -> bytes:
    """A Markdown table as .xlsx bytes."""
    book = Workbook()
    book.remove(book.active)
    sheet = None
    for line in filter(None, map(str.strip, table.splitlines())):
        name, *cells = (cell.strip() or None for cell in line.strip("|").split("|"))
        if name is not None:
            sheet = book.create_sheet(name)
        if sheet is not None and any(cells):
            sheet.append(cells)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


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
