"""Forms that people write and that must be collected end to end. A string is a Markdown table."""

import base64
from collections.abc import Callable
from datetime import datetime, time
from io import BytesIO
from typing import Any

from openpyxl import Workbook

from tests.forms import with_member, workbook
from tests.forms.binary_workbook import binary_workbook

S = "| survey |\n| | type | name | label |\n"
C = "| choices |\n| | list_name | name | label |\n| | yn | yes | Oui |\n| | yn | no | Non |\n"
GROUP_END, REPEAT_END = "| | end group | | |\n", "| | end repeat | | |\n"
KEY = base64.b64encode(bytes(294)).decode()


def settings(**cells: str) -> str:
    """A settings sheet."""
    return f"| settings |\n| | {' | '.join(cells)} |\n| | {' | '.join(cells.values())} |\n"


def excel(sheets: dict[str, list[list[Any]]]) -> bytes:
    """A workbook of cells that are not all text."""
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def questions(count: int) -> str:
    """A long form: texts, numbers, choices and notes in groups of ten."""
    kinds = (
        "text",
        "integer",
        "select_one yn",
        "decimal",
        "date",
        "note",
        "time",
        "select_multiple yn",
        "text",
        "geopoint",
    )
    rows = [f"| | begin group | g{at} | G |\n" if at % 10 == 0 else "" for at in range(count)]
    rows = [
        f"{rows[at]}| | {kinds[at % 10]} | q{at} | Question {at} |\n" + (GROUP_END if at % 10 == 9 else "")
        for at in range(count)
    ]
    return S + "".join(rows) + C + settings(form_id="long", version="1")


KINDS = """text integer decimal date time dateTime geopoint geotrace geoshape image audio video file barcode note
    acknowledge hidden select_one_yn select_multiple_yn rank_yn start end today deviceid username email phonenumber"""
EVERY_TYPE = S + "".join(f"| | {kind.replace('_yn', ' yn')} | f_{kind.lower()} | L |\n" for kind in KINDS.split()) + C

GOOD: dict[str, str | Callable[[], bytes]] = {
    "smallest": S + "| | text | a | A |\n",
    "without settings": S + "| | select_one yn | a | A |\n" + C,
    "id with spaces": S + "| | text | a | A |\n" + settings(form_id="Enquête ménages 2026", version="v 1"),
    "id with slashes": S + "| | text | a | A |\n" + settings(form_id="niger/zinder/2026", version="1/2"),
    "id in another script": S + "| | text | a | A |\n" + settings(form_id="استبيان", version="١"),
    "id with every mark": S + "| | text | a | A |\n" + settings(form_id="a&b<c>?#%+é'", version="1"),
    "title without id": S + "| | text | a | A |\n" + settings(form_title="Alerte & <incident>"),
    "id_string": S + "| | text | a | A |\n" + settings(id_string="old_id", form_title="T"),
    "every type": EVERY_TYPE,
    "legacy types": S
    + "| | select one from yn | a | A |\n| | select all that apply from yn | b | B |\n| | add integer prompt | c | C |\n"
    "| | string | d | D |\n| | int | e | E |\n| | add text prompt | f | F |\n| | select1 yn | g | G |\n| | photo | h | H |\n" + C,
    "legacy headers": "| survey |\n| | Type | Name | Caption | Relevance | Read Only | Constraint Message | media::image |\n"
    "| | text | a | A | | | | a.png |\n| | text | b | B | ${a} != '' | yes | | |\n",
    "single colons": "| survey |\n| | type | name | label:English | label:French | bind:relevant |\n| | text | a | A | B | |\n"
    "| | text | c | C | D | ${a} != '' |\n",
    "blank rows and remarks": S + "| | text | a | A |\n| | | | |\n" + "| | text | b | B |\n",
    "disabled rows": "| survey |\n| | type | name | label | disabled |\n| | text | a | A | yes |\n| | text | b | B | no |\n",
    "languages": "| survey |\n| | type | name | label::Français (fr) | label::English (en) | hint::Français (fr) |\n"
    "| | text | a | Nom | Name | Indice |\n" + settings(default_language="English (en)"),
    "languages with holes": "| survey |\n| | type | name | label::French(FR) | label::francais | label::ha |\n| | text | a | A | | |\n"
    "| | note | n | N | M | |\n",
    "arabic labels": S + "| | text | village | ما اسم القرية؟ |\n| | select_one yn | ok | هل توافق؟ |\n" + C.replace("Oui", "نعم"),
    "marks in labels": S + "| | text | a | <b>Nom</b> & \"prénom\" l’eau ‘x’ **gras** 🐪 |\n| | note | n | ${a} < 3 & > 2 |\n",
    "accented names": S + "| | text | prénom | A |\n| | text | âge_2 | B |\n",
    "dots and dashes": S + "| | text | a.b-c_d | A |\n| | note | n | ${a.b-c_d} |\n",
    "very long names": S + f"| | begin group | {'g' * 60} | G |\n| | text | {'q' * 200} | A |\n" + GROUP_END,
    "same name in two groups": S + "| | begin group | g | G |\n| | text | a | A |\n" + GROUP_END
    + "| | begin group | h | H |\n| | text | a | A |\n" + GROUP_END,
    "deep groups": S + "".join(f"| | begin group | g{n} | G |\n" for n in range(30)) + "| | text | a | A |\n" + GROUP_END * 30,
    "repeat": S + "| | begin repeat | r | R |\n| | text | a | A |\n" + REPEAT_END + "| | note | n | ok |\n",
    "repeats in groups in repeats": S + "| | begin repeat | r | R |\n| | begin group | g | G |\n| | begin repeat | s | S |\n| | text | a | A |\n"
    + REPEAT_END + GROUP_END + "| | image | p | P |\n" + REPEAT_END,
    "repeat counts": "| survey |\n| | type | name | label | repeat_count |\n| | integer | n | N | |\n| | begin repeat | r | R | ${n} |\n"
    "| | text | a | A | |\n| | end repeat | | | |\n| | begin repeat | s | S | 2 |\n| | text | b | B | |\n| | end repeat | | | |\n"
    "| | begin repeat | t | T | ${n} + 1 |\n| | text | c | C | |\n| | end repeat | | | |\n",
    "calculations over repeats": "| survey |\n| | type | name | label | calculation |\n| | begin repeat | r | R | |\n| | integer | a | A | |\n"
    "| | calculate | at | | position(..) |\n| | end repeat | | | |\n| | calculate | total | | sum(${a}) |\n"
    "| | calculate | first | | indexed-repeat(${a}, ${r}, 1) |\n| | calculate | many | | count(${r}) |\n| | note | n | ${total} | |\n",
    "choices from a repeat": S + "| | begin repeat | r | R |\n| | text | who | W |\n" + REPEAT_END + "| | select_one ${who} | head | H |\n",
    "or_other": S + "| | select_one yn or_other | a | A |\n| | select_multiple yn or_other | b | B |\n" + C,
    "cascade": "| survey |\n| | type | name | label | choice_filter |\n| | select_one r | r | R | |\n| | select_one d | d | D | r=${r} |\n"
    "| choices |\n| | list_name | name | label | r |\n| | r | a | A | |\n| | r | b | B | |\n| | d | a1 | A1 | a |\n| | d | b1 | B1 | b |\n",
    "choices from csv": S + "| | select_one_from_file posts.csv | a | A |\n| | select_multiple_from_file posts.csv | b | B |\n",
    "choices from xml": S + "| | select_one_from_file posts.xml | a | A |\n",
    "choices from geojson": S + "| | select_one_from_file posts.geojson | a | A |\n",
    "value and label of a file": "| survey |\n| | type | name | label | parameters |\n"
    "| | select_one_from_file p.csv | a | A | value=code label=nom |\n",
    "pulldata": "| survey |\n| | type | name | label | calculation |\n| | text | a | A | |\n"
    "| | calculate | p | | pulldata('people', 'age', 'name', ${a}) |\n",
    "search": "| survey |\n| | type | name | label | appearance |\n| | select_one p | a | A | minimal search('people') |\n"
    "| choices |\n| | list_name | name | label |\n| | p | name | label |\n",
    "select_one_external": "| survey |\n| | type | name | label | choice_filter |\n| | text | r | R | |\n"
    "| | select_one_external d | d | D | r=${r} |\n| external_choices |\n| | list_name | name | label | r |\n| | d | 1 | Un | a |\n",
    "csv-external": S + "| | csv-external | people | |\n| | text | a | A |\n",
    "range": "| survey |\n| | type | name | label | parameters |\n| | range | a | A | start=0 end=10 step=0.5 |\n| | range | b | B | |\n",
    "rank and random": "| survey |\n| | type | name | label | parameters |\n| | rank yn | a | A | |\n"
    "| | select_one yn | b | B | randomize=true seed=7 |\n"
    + C,
    "audit": "| survey |\n| | type | name | label | parameters |\n| | audit | | | location-priority=balanced location-min-interval=60 "
    "location-max-age=120 track-changes=true |\n| | text | a | A | |\n",
    "background": "| survey |\n| | type | name | label | parameters | trigger |\n"
    "| | background-audio | rec | | quality=low | |\n"
    "| | start-geopoint | here | | | |\n| | text | a | A | | |\n| | background-geopoint | there | | | ${a} |\n",
    "triggers": "| survey |\n| | type | name | label | calculation | trigger |\n| | integer | a | A | | |\n"
    "| | calculate | at | | now() | ${a} |\n"
    "| | text | b | B | ${a} * 2 | ${a} |\n",
    "defaults": "| survey |\n| | type | name | label | default |\n| | date | a | A | today() |\n| | text | b | B | Zinder |\n"
    "| | text | c | C | ${last-saved#c} |\n| | image | d | D | map.png |\n| | select_one yn | e | E | yes |\n" + C,
    "instance name": S + "| | text | a | A |\n" + settings(instance_name="concat(${a}, ' ', today())", style="pages theme-grid"),
    "encrypted": S + "| | text | a | A |\n" + settings(form_id="enc", version="1", public_key=KEY),
    "auto send": S + "| | text | a | A |\n" + settings(auto_send="true", auto_delete="false", submission_url="https://x.example.org/s"),
    "entities created": "| survey |\n| | type | name | label | save_to |\n| | text | a | A | species |\n| entities |\n| | list_name | label |\n"
    "| | trees | ${a} |\n",
    "entities updated": "| survey |\n| | type | name | label | save_to |\n| | select_one_from_file trees.csv | tree | T | |\n"
    "| | text | a | A | height |\n"
    "| entities |\n| | list_name | entity_id | update_if |\n| | trees | ${tree} | true() |\n",
    "media of choices": "| survey |\n"
    "| | type | name | label::Français (fr) | label::English (en) | media::image::Français (fr) | audio::English (en) |\n"
    "| | select_one l | a | A | A | a.png | a.mp3 |\n| choices |\n| | list_name | name | label::Français (fr) | label::English (en) |"
    " image::Français (fr) | image::English (en) |\n| | l | x | X | X | x fr.png | x en.png |\n",
    "double choices": S + "| | select_one yn | a | A |\n" + C + "| | yn | yes | Encore |\n" + settings(allow_choice_duplicates="yes"),
    "tables of questions": "| survey |\n| | type | name | label | appearance |\n| | begin group | g | G | table-list |\n"
    "| | select_one yn | a | A | |\n"
    "| | select_one yn | b | B | |\n| | end group | | | |\n| | begin group | h | H | field-list |\n| | text | c | C | numbers |\n"
    "| | end group | | | |\n" + C,
    "classes": "| survey |\n| | type | name | label | bind::ibg:sensitivity |\n| | text | a | A | P |\n"
    + settings(namespaces='ibg="https://ns.example.org/ibg"', form_id="c", version="1"),
    "other apps": "| survey |\n| | type | name | label | appearance | body::intent |\n| | text | a | A | ex:org.example.scan(x=${b}) | |\n"
    "| | text | b | B | | |\n",
    "numbers and dates as cells": lambda: excel(
        {
            "survey": [["type", "name", "label"], ["select_one n", "a", 12.0], ["text", "b", datetime(2026, 11, 23)], ["note", "c", True]],  # noqa: DTZ001 - Excel has no zones
            "choices": [["list_name", "name", "label"], ["n", 1, 1.5], ["n", 2, time(8, 30)], ["n", 3.0, "Trois"]],
            "settings": [["form_id", "version"], ["typed", 2026112301]],
        }
    ),
    "one sheet of any name": lambda: excel({"Feuil1": [["type", "name", "label"], ["text", "a", "A"]]}),
    "sheets in capitals": lambda: excel({"SURVEY": [["type", "name", "label"], ["text", "a", "A"]], "Notes": [["x"], ["y"]]}),
    "spaces in headers": lambda: excel({"survey": [["  type ", "name\u00a0", " label  ::  fr "], [" text ", " a ", "  A  B "]]}),
    "empty columns and rows": lambda: excel({"survey": [["type", None, "name", None, "label"], ["text", None, "a", None, "A"], *[[None]] * 50]}),
    "macros": lambda: with_member(workbook(S + "| | text | a | A |\n"), "xl/vbaProject.bin", b"x"),
    "old excel": lambda: binary_workbook({"survey": [["type", "name", "label"], ["text", "a", "Où ?"]]}),
    "many choices": S + "| | select_one c | a | A |\n| choices |\n| | list_name | name | label |\n"
    + "".join(f"| | c | n{n} | Choix {n} |\n" for n in range(600)),
    "hundreds of questions": questions(150),
}  # fmt: skip


def content_of(name: str) -> bytes:
    """The bytes of a good workbook."""
    made = GOOD[name]
    return workbook(made) if isinstance(made, str) else made()
