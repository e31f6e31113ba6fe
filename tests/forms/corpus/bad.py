"""Workbooks that must not become forms, and what their authors must read: words of the sentence, and the cell."""

import io
import struct
import zipfile
from collections.abc import Callable

from tests.forms import with_member, workbook
from tests.forms.binary_workbook import binary_workbook, compound_file
from tests.forms.corpus.good import GROUP_END, REPEAT_END, C, S, excel, settings

Place = tuple[str | None, int | None, str | None]
NOWHERE: Place = (None, None, None)


def archive(*names: str) -> bytes:
    """A zip of empty members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as target:
        for name in names:
            target.writestr(name, b"<a/>")
    return out.getvalue()


def sealed() -> bytes:
    """An .xls behind a password: its records follow a FILEPASS record."""
    plain = binary_workbook({"survey": [["type", "name", "label"], ["text", "a", "A"]]})
    begin = plain.find(struct.pack("<HH", 0x809, 16))
    end = begin + 20
    return plain[:end] + struct.pack("<HHHHH", 0x2F, 6, 0, 1, 2) + plain[end + 10 :]


def survey(*rows: str, columns: str = "", rest: str = "") -> str:
    """A survey sheet with more columns than type, name and label."""
    return f"| survey |\n| | type | name | label{' | ' + columns if columns else ''} |\n" + "".join(rows) + rest


def entity(*cells: str) -> str:
    """An entities sheet of one row, given as column=value."""
    pairs = [cell.split("=", 1) for cell in cells]
    return (
        f"| entities |\n| | {' | '.join(pair[0] for pair in pairs)} |\n| | {' | '.join(pair[1] for pair in pairs)} |\n"
    )


TEXT = "| | text | a | A |\n"
TEXT4 = "| | text | a | A | |\n"

BAD: dict[str, tuple[str | Callable[[], bytes], str, Place]] = {
    # The survey sheet
    "unknown type": (S + "| | txet | a | A |\n", "« txet » does not exist", ("survey", 2, "type")),
    "no type": (S + TEXT + "| | | b | B |\n", "no type", ("survey", 3, "type")),
    "no name": (S + "| | text | | A |\n", "no name", ("survey", 2, "name")),
    "name with a space": (S + "| | text | a b | A |\n", "begins with a letter", ("survey", 2, "name")),
    "name with a digit first": (S + "| | text | 1a | A |\n", "begins with a letter", ("survey", 2, "name")),
    "the same name twice": (S + TEXT + TEXT, "already used", ("survey", 3, "name")),
    "meta": (S + "| | text | meta | A |\n", "reserved", ("survey", 2, "name")),
    "repeat called data": (S + "| | begin repeat | data | R |\n" + TEXT + REPEAT_END, "like the form", ("survey", 2, "name")),
    "two repeats of one name": (
        S + ("| | begin group | g1 | G |\n| | begin repeat | r | R |\n" + TEXT + REPEAT_END + GROUP_END)
        + ("| | begin group | g2 | G |\n| | begin repeat | r | R |\n" + TEXT + REPEAT_END + GROUP_END),
        "another repeat", ("survey", 8, "name"),
    ),
    "group never closed": (S + "| | begin group | g | G |\n" + TEXT, "never closed", ("survey", 2, "type")),
    "group never opened": (S + TEXT + GROUP_END, "without its begin_group", ("survey", 3, "type")),
    "repeat closed as a group": (S + "| | begin repeat | r | R |\n" + TEXT + GROUP_END, "without its begin", ("survey", 4, "type")),
    "calculation missing": (S + "| | calculate | a | |\n" + TEXT, "needs a calculation", ("survey", 2, "calculation")),
    "no label": (S + "| | text | a | |\n", "neither label nor hint", ("survey", 2, "label")),
    "reference to nobody": (S + "| | note | a | ${nobody} |\n", "${nobody} refers to", ("survey", 2, "label")),
    "reference to two": (
        S + "| | begin group | g | G |\n" + TEXT + GROUP_END + "| | begin group | h | H |\n" + TEXT + GROUP_END + "| | note | n | ${a} |\n",
        "ambiguous", ("survey", 8, "label"),
    ),
    "reference without brace": (S + TEXT + "| | note | n | ${a |\n", "both braces", ("survey", 3, "label")),
    "include": (S + "| | include | other | A |\n" + TEXT, "no longer supported", ("survey", 2, None)),
    "or_other and filter": (
        survey("| | select_one yn or_other | a | A | name='yes' |\n", columns="choice_filter", rest=C),
        "or_other and choice_filter", ("survey", 2, "choice_filter"),
    ),
    "table of two lists": (
        survey(
            "| | begin group | g | G | table-list |\n| | select_one yn | a | A | |\n| | select_one l | b | B | |\n| | end group | | | |\n",
            columns="appearance", rest=C + "| | l | x | X |\n",
        ),
        "uses one list", ("survey", 4, "type"),
    ),
    "trigger nobody sees": (
        survey("| | calculate | a | | 1 | |\n| | calculate | b | | 2 | ${a} |\n", columns="calculation | trigger"),
        "not shown to anyone", ("survey", 3, "trigger"),
    ),
    "audit with a name": (S + "| | audit | log | |\n" + TEXT, "no name of its own", ("survey", 2, "name")),
    "audit without all of place": (
        survey("| | audit | | | location-priority=balanced |\n" + TEXT4, columns="parameters"),
        "needs all three", ("survey", 2, "parameters"),
    ),
    "parameters without equals": (
        survey("| | photo | a | A | max-pixels 100 |\n", columns="parameters"), "key=value", ("survey", 2, "parameters"),
    ),
    "unknown parameter": (survey("| | text | a | A | lines=3 |\n", columns="parameters"), "« lines »", ("survey", 2, "parameters")),
    "pixels in words": (
        survey(TEXT4 + "| | photo | p | A | max-pixels=many |\n", columns="parameters"), "whole number", ("survey", 3, "parameters"),
    ),
    "range of letters": (survey("| | range | a | A | start=a end=5 |\n", columns="parameters"), "must be a number", ("survey", 2, "parameters")),
    "file without ending": (S + "| | select_one_from_file posts | a | A |\n", "must end with one of", ("survey", 2, "type")),
    "column of another language of forms": (
        survey("| | begin group | g | G | x |\n| | text | b | B | |\n| | end group | | | |\n", columns="instance::tag"),
        "cannot be read", ("survey", 2, "instance::tag"),
    ),
    "encrypted without ids": (
        S + TEXT + settings(omit_instanceID="yes", public_key="abc"), "omit_instanceID and public_key", ("settings", 2, "omit_instanceID"),
    ),
    # Choices
    "unknown list": (S + "| | select_one towns | a | A |\n" + C, "« towns » does not exist", ("survey", 2, "type")),
    "no choices sheet": (S + "| | select_one yn | a | A |\n", "no choices sheet", NOWHERE),
    "choices sheet misspelt": (S + "| | select_one yn | a | A |\n" + C.replace("choices", "choice"), "rename it", NOWHERE),
    "no external_choices": (
        survey("| | text | r | R | |\n| | select_one_external d | d | D | r=${r} |\n", columns="choice_filter"), "external_choices", NOWHERE,
    ),
    "choice twice": (S + "| | select_one yn | a | A |\n" + C + "| | yn | no | N |\n", "appears twice", ("choices", 4, "name")),
    "choice without name": (S + "| | select_one yn | a | A |\n" + C + "| | yn | | N |\n", "no name", ("choices", 4, "name")),
    "space in a choice": (S + "| | select_multiple yn | a | A |\n" + C + "| | yn | not yet | N |\n", "holds a space", ("choices", 4, "name")),
    # Entities
    "save_to without entities": (survey("| | text | a | A | x |\n", columns="save_to"), "needs an entities sheet", ("survey", 2, "save_to")),
    "entity without label": (
        survey("| | text | a | A | x |\n", columns="save_to", rest=entity("list_name=trees")), "need a label", ("entities", 2, None),
    ),
    "property called name": (
        survey("| | text | a | A | name |\n", columns="save_to", rest=entity("list_name=trees", "label=${a}")),
        "cannot be called name", ("survey", 2, "save_to"),
    ),
    "entity list with a dot": (S + TEXT + entity("list_name=a.b", "label=${a}"), "no full stop", ("entities", 2, "list_name")),
    "unknown entities column": (S + TEXT + entity("list_name=trees", "label=${a}", "colour=red"), "mean nothing there", ("entities", 1, None)),
    # Sheets and headers
    "survey sheet misspelt": (lambda: excel({"surveys": [["type"]], "x": [["y"]]}), "Rename it", NOWHERE),
    "no survey sheet": (lambda: excel({"Data": [["type"]], "x": [["y"]]}), "no sheet named « survey »", NOWHERE),
    "no header": (lambda: excel({"survey": [["text", "a", "A"]]}), "required columns are missing", ("survey", None, None)),
    "empty workbook": (lambda: excel({"survey": []}), "survey", NOWHERE),
    "column twice": (
        lambda: excel({"survey": [["type", "name", "label", "label"], ["text", "a", "A", "B"]]}), "appears twice", ("survey", 1, "label"),
    ),
    "two names of one column": (survey("| | text | a | A | | |\n", columns="relevant | relevance"), "mean the same", ("survey", None, None)),
    "a year as header": (lambda: excel({"survey": [["type", "name", 2026], ["text", "a", "A"]]}), "number or a date", ("survey", 1, "2026")),
    # What phones could not open
    "circle": (
        survey("| | calculate | a | | ${b} |\n| | calculate | b | | ${a} |\n", columns="calculation"),
        "in a circle: a → b → a", ("survey", 2, "calculation"),
    ),
    "two equals": (survey(TEXT4 + "| | text | b | B | ${a} == 1 |\n", columns="relevant"), "write « = »", ("survey", 3, "relevant")),
    "function of a spreadsheet": (
        survey(TEXT4 + "| | calculate | b | | LEN(${a}) |\n", columns="calculation"), "LEN()", ("survey", 3, "calculation"),
    ),
    "empty group": (S + "| | begin group | g | G |\n" + GROUP_END + TEXT, "shows no question", ("survey", 2, "name")),
    "name in arabic": (S + "| | text | عمر | A |\n", "letters a to z", ("survey", 2, "name")),
    "no label on choices": (
        S + "| | select_one l | a | A |\n| choices |\n| | list_name | name |\n| | l | x |\n", "no label", ("choices", 2, "label"),
    ),
    # Files that are no workbook, or a broken one
    "nothing": (lambda: b"", "empty", NOWHERE),
    "password": (lambda: compound_file("EncryptedPackage", b""), "password", NOWHERE),
    "password of old excel": (sealed, "password", NOWHERE),
    "binary workbook": (lambda: archive("xl/workbook.bin"), ".xlsb", NOWHERE),
    "opendocument": (lambda: archive("mimetype", "content.xml"), "OpenDocument", NOWHERE),
    "word document": (lambda: archive("word/document.xml"), "not an Excel", NOWHERE),
    "csv": (lambda: b"type,name,label\ntext,a,A\n", "CSV", NOWHERE),
    "pdf": (lambda: b"%PDF-1.7\n", "PDF", NOWHERE),
    "web page": (lambda: b"<!DOCTYPE html><html><body>sign in</body></html>", "web page", NOWHERE),
    "cut off on the way": (lambda: workbook(S + TEXT)[:2500], "damaged", NOWHERE),
    "damaged sheet": (lambda: with_member(workbook(S + TEXT), "xl/worksheets/sheet1.xml", b"<worksheet>"), "damaged", NOWHERE),
    "entities in the xml": (
        lambda: with_member(workbook(S + TEXT), "xl/worksheets/sheet1.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "damaged", NOWHERE,
    ),
}  # fmt: skip


def content_of(name: str) -> bytes:
    """The bytes of a bad workbook."""
    made = BAD[name][0]
    return workbook(made) if isinstance(made, str) else made()
