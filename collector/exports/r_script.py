"""R: the CSV files and a script that reads them with their types, labels and choices; no package is needed."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing

from collector.archive import Archive, PackedFile, safe_file_name
from collector.codebook import Question
from collector.deflating import Deflater
from collector.export_format import Export, Format, Hashed
from collector.exports.csv import file_name, header, line
from collector.sheets import Sheet

# A column gets a type only if every cell of it is of that type, to the last digit; else it stays the text that is in the file.
_FUNCTIONS = r"""relais_typed <- function(text, value, form) {
  if (any(!is.na(text) & (is.na(value) | !grepl(form, text)))) text else value
}
relais_number <- function(text) {
  many <- nchar(gsub("[^0-9]", "", text)) > 15
  value <- suppressWarnings(as.numeric(text))
  relais_typed(text, ifelse(many, NA, value), "^-?(0|[1-9][0-9]*)([.][0-9]+)?$")
}
relais_calculated <- function(text) {
  if (any(!is.na(text) & !grepl("^-?[0-9]{0,9}([.]|$)", text))) text else relais_number(text)
}
relais_day <- function(text) {
  relais_typed(text, as.Date(text, format = "%Y-%m-%d"), "^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
}
relais_moment <- function(text) {
  plain <- sub("([+-][0-9]{2}):([0-9]{2})$", "\\1\\2", sub("Z$", "+0000", text))
  value <- as.POSIXct(strptime(plain, "%Y-%m-%dT%H:%M:%OS%z", tz = "UTC"))
  relais_typed(text, value, "T[0-9:.]+(Z|[+-][0-9]{2}:?[0-9]{2})$")
}
"""
_READ_BY = {
    "int": "relais_number",
    "decimal": "relais_number",
    "split": "relais_number",
    "calculated": "relais_calculated",
    "date": "relais_day",
    "dateTime": "relais_moment",
}


def write(export: Export) -> Iterator[bytes]:
    """A ZIP of the script, one CSV per table, and the passport if it has one."""
    ledger = export.ledger
    with closing(Archive(export.written_at)) as archive, ExitStack() as stack:
        spools = [stack.enter_context(tempfile.TemporaryFile()) for _ in export.sheets]
        deflaters, hashes = [Deflater() for _ in spools], [Hashed() for _ in spools]

        def add(number: int, data: bytes) -> None:
            hashes[number].add(data)
            spools[number].write(deflaters[number].add(data))

        for number, sheet in enumerate(export.sheets):
            add(number, header(sheet))
        for each in export.submissions():
            for number, sheet in enumerate(export.sheets):
                rows = sheet.rows(each)
                if rows:
                    add(number, b"".join(map(line, rows)))
                    ledger.wrote(number, len(rows))
        export.verify()
        name = f"{safe_file_name(export.xml_form_id) or 'form'}.R"
        yield from archive.file(name, [script(export).encode()])
        for number, sheet in enumerate(export.sheets):
            spools[number].write(deflaters[number].end())
            deflater, name = deflaters[number], file_name(export.definition, sheet.table.number)
            packed = PackedFile(spools[number], deflater.crc, deflater.packed, deflater.size)
            yield from archive.packed_file(name, packed)
            ledger.files.append(hashes[number].facts(name, ledger.written.get(number, 0)))
        if export.passport is not None:
            yield from archive.file("passport.json", [export.passport(ledger)])
        yield from archive.end()


def script(export: Export) -> str:
    """The script: one data frame per table, with `label` attributes and factors."""
    lines = [
        f"# {export.title.splitlines()[0] if export.title else export.xml_form_id}",
        "# source() this file from the folder it lies in; moments are in UTC.",
        "",
        _FUNCTIONS,
    ]
    questions = {each.path: each for each in export.codebook}
    taken: set[str] = set()
    for sheet in export.sheets:
        lines += _frame(export, sheet, questions, _variable(sheet.name or export.xml_form_id, taken))
    return "\n".join(lines) + "\n"


def _frame(export: Export, sheet: Sheet, questions: dict[str, Question], name: str) -> list[str]:
    file = file_name(export.definition, sheet.table.number)
    lines = [
        f'{name} <- read.csv({_quoted(file)}, check.names = FALSE, colClasses = "character", na.strings = "",',
        '  encoding = "UTF-8", stringsAsFactors = FALSE)',
    ]
    for column in sheet.columns:
        at = f"{name}[[{_quoted(column.name)}]]"
        if column.kind in _READ_BY:
            lines.append(f"{at} <- {_READ_BY[column.kind]}({at})")
        question = questions.get(column.path)
        if column.labels and question is not None and question.choices:
            levels = ", ".join(_quoted(value) for value, _ in question.choices)
            labels = ", ".join(_quoted(label) for _, label in question.choices)
            # A choice that is in no list any more keeps its code.
            lines.append(
                f"{at} <- local({{ v <- {at}; k <- c({levels}); l <- make.unique(c({labels})); "
                "o <- setdiff(unique(v[!is.na(v)]), k); factor(v, levels = c(k, o), labels = c(l, o)) })"
            )
        if column.label and column.label != column.name:
            lines.append(f'attr({at}, "label") <- {_quoted(column.label)}')
    return [*lines, ""]


def _variable(name: str, taken: set[str]) -> str:
    plain = "".join(each if each.isascii() and each.isalnum() else "_" for each in name).lstrip("_0123456789") or "data"
    unique, number = plain, 2
    while unique in taken:
        unique, number = f"{plain}_{number}", number + 1
    taken.add(unique)
    return unique


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


FORMATS = (
    Format(
        "r",
        "-R.zip",
        "application/zip",
        ("R : script et CSV (ZIP)", "R: script and CSV (ZIP)"),
        (
            "Types, libellés et choix prêts dans R, sans paquet.",
            "Types, labels and choices ready in R, without packages.",
        ),
        write,
        archive=True,
        typed=True,
    ),
)
