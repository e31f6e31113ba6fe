"""What a csv.zip must hold for the forms that were sent, worked out from the XForm and the XML alone, and compared.

ODK Central's layout: one file per table, groups joined by "-", geopoints in four columns, root rows framed by metadata,
repeat rows ending with PARENT_KEY and KEY (`uuid:.../group/repeat[1]`). Nothing of the server's is imported.
"""

import csv
import io
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tests.phone import Instance

XFORMS = "{http://www.w3.org/2002/xforms}"
TEMPLATE = "{http://openrosa.org/javarosa}template"
GEOPOINT = ("Latitude", "Longitude", "Altitude", "Accuracy")
Row = dict[str, str]


@dataclass
class Case:
    """One submission as the phones know it: its first and current version, and what must be said of it."""

    first: Instance
    current: Instance
    submitter: str
    submitter_id: int
    device_id: str
    edits: int = 0
    review: str = ""


@dataclass
class Comparison:
    """`cells` compared; `differences` as sentences."""

    cells: int = 0
    rows: int = 0
    differences: list[str] = field(default_factory=list)

    def check(self, where: str, wanted: object, found: object) -> None:
        """Count one cell and note it when it differs."""
        self.cells += 1
        if wanted != found:
            self.differences.append(f"{where}: sent {wanted!r}, exported {found!r}")


class ServedForm:
    """The tables of a form as served: path of each repeat ("" for the root) to its leaves' relative paths."""

    def __init__(self, xform: bytes) -> None:
        root = ET.fromstring(xform)
        model = next(root.iter(f"{XFORMS}model"))
        primary = model.find(f"{XFORMS}instance")
        assert primary is not None
        self.root = primary[0]
        self.form_id = str(self.root.get("id"))
        self.kinds = {str(one.get("nodeset")): one.get("type", "string") for one in model.iter(f"{XFORMS}bind")}
        name = f"/{_local(self.root)}"
        self.repeats = {str(one.get("nodeset")).removeprefix(name) for one in root.iter(f"{XFORMS}repeat")}
        self.tables: dict[str, list[str]] = {path: [] for path in ("", *sorted(self.repeats))}
        self._lay_out(self.root, "", "")

    def columns(self, table: str) -> list[str]:
        """The answer columns of a table's file, in order."""
        return [column for path in self.tables[table] for column in self._names(table, path)]

    def cells(self, table: str, values: dict[str, str]) -> Row:
        """The answer cells of one row; `values` by path."""
        row: Row = {}
        for path in self.tables[table]:
            names = self._names(table, path)
            text = values.get(path, "")
            parts = [*text.split(), "", "", "", ""][:4] if len(names) > 1 else [text]
            row.update(zip(names, parts, strict=True))
        return row

    def files_named(self, xml: bytes) -> set[str]:
        """The files an instance names in its binary questions."""
        return {
            element.text
            for path, element in _walk(ET.fromstring(xml), "")
            if self.kinds.get(f"/{_local(self.root)}{path}") == "binary" and element.text
        }

    def _lay_out(self, element: ET.Element, path: str, table: str) -> None:
        for child in element:
            below = f"{path}/{_local(child)}"
            inside = below if below in self.repeats else table
            if len(child):
                self._lay_out(child, below, inside)
            elif below not in self.tables[inside]:
                self.tables[inside].append(below)

    def _names(self, table: str, path: str) -> list[str]:
        name = path[len(table) + 1 :].replace("/", "-")
        geopoint = self.kinds.get(f"/{_local(self.root)}{path}") == "geopoint"
        return [f"{name}-{part}" for part in GEOPOINT] if geopoint else [name]


def compare_zip(content: bytes, form: ServedForm, cases: list[Case], started: datetime) -> Comparison:
    """Compare every cell, every file and every audit line of an export with what the phones sent."""
    result = Comparison()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _compare_root(result, _rows(archive, f"{form.form_id}.csv"), form, cases, started)
        for table in form.repeats:
            name = f"{form.form_id}-{table.rpartition('/')[2]}.csv"
            _compare_repeat(result, _rows(archive, name), form, cases, table)
        _compare_files(result, archive, form, cases)
        _compare_audits(result, archive, form, cases)
    return result


def _rows(archive: zipfile.ZipFile, name: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(archive.read(name).decode("utf-8"), newline="")))


def _compare_root(
    result: Comparison, rows: list[list[str]], form: ServedForm, cases: list[Case], started: datetime
) -> None:
    header, *lines = rows
    end = ["KEY", "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status", "ReviewState"]
    wanted = ["SubmissionDate", *form.columns(""), *end, "DeviceID", "Edits", "FormVersion"]
    result.check(f"{form.form_id} header", wanted, header)
    found = {line[header.index("KEY")]: dict(zip(header, line, strict=True)) for line in lines}
    result.check(f"{form.form_id} keys", sorted(case.first.instance_id for case in cases), sorted(found))
    result.check(f"{form.form_id} rows", len(cases), len(lines))
    dates = [line[0] for line in lines]
    result.check(f"{form.form_id} order", sorted(dates, reverse=True), dates)
    for case in cases:
        key = case.first.instance_id
        if key not in found:
            continue
        result.rows += 1
        row = found[key]
        for column, text in _root_cells(form, case).items():
            result.check(f"{key} {column}", text, row.get(column))
        date = datetime.fromisoformat(row["SubmissionDate"])
        result.check(f"{key} SubmissionDate", True, started <= date <= datetime.now(date.tzinfo))


def _root_cells(form: ServedForm, case: Case) -> Row:
    values = {path: element.text or "" for path, element in _walk(ET.fromstring(case.current.xml), "")}
    named = form.files_named(case.current.xml)
    return form.cells("", values) | {
        "SubmitterID": str(case.submitter_id),
        "SubmitterName": case.submitter,
        "AttachmentsPresent": str(len(named & set(case.current.files))),
        "AttachmentsExpected": str(len(named)),
        "Status": "",
        "ReviewState": case.review,
        "DeviceID": case.device_id,
        "Edits": str(case.edits),
        "FormVersion": case.first.version or "",
    }


def _compare_repeat(result: Comparison, rows: list[list[str]], form: ServedForm, cases: list[Case], table: str) -> None:
    header, *lines = rows
    result.check(f"{table} header", [*form.columns(table), "PARENT_KEY", "KEY"], header)
    found = {line[-1]: dict(zip(header, line, strict=True)) for line in lines}
    wanted = {row["KEY"]: row for case in cases for row in _repeat_cells(form, case, table)}
    result.check(f"{table} rows", len(wanted), len(lines))
    for key, row in wanted.items():
        result.rows += 1
        for column, text in row.items():
            result.check(f"{key} {column}", text, found.get(key, {}).get(column))


def _repeat_cells(form: ServedForm, case: Case, table: str) -> Iterator[Row]:
    def visit(element: ET.Element, path: str, parent: str, step: str) -> Iterator[Row]:
        positions: Counter[str] = Counter()
        for child in element:
            below = f"{path}/{_local(child)}"
            key, onward = parent, f"{step}/{_local(child)}"
            if below in form.repeats:
                positions[below] += 1
                key, onward = f"{parent}{onward}[{positions[below]}]", ""
            if below == table:
                values = {at: one.text or "" for at, one in _walk(child, below)}
                yield form.cells(table, values) | {"PARENT_KEY": parent, "KEY": key}
            elif table.startswith(f"{below}/"):
                yield from visit(child, below, key, onward)

    yield from visit(ET.fromstring(case.current.xml), "", case.first.instance_id, "")


def _compare_files(result: Comparison, archive: zipfile.ZipFile, form: ServedForm, cases: list[Case]) -> None:
    found = Counter(
        (one.filename.removeprefix("media/"), archive.read(one))
        for one in archive.infolist()
        if one.filename.startswith("media/")
    )
    wanted: Counter[tuple[str, bytes]] = Counter()
    for case in cases:
        for name in form.files_named(case.current.xml) - {"audit.csv"}:
            wanted[name, case.current.files[name]] += 1
    missing, surplus = wanted - found, found - wanted
    result.check(f"{form.form_id} files missing", [], [name for name, _ in missing])
    result.check(f"{form.form_id} files too many", [], [name for name, _ in surplus])


def _compare_audits(result: Comparison, archive: zipfile.ZipFile, form: ServedForm, cases: list[Case]) -> None:
    logs = {case.first.instance_id: case.current.files.get("audit.csv") for case in cases}
    name = f"{form.form_id} - audit.csv"
    if name not in archive.namelist():
        result.check(f"{name} present", not any(logs.values()), True)
        return
    header, *lines = _rows(archive, name)
    found = Counter(tuple(zip(header, line, strict=True)) for line in lines)
    wanted: Counter[tuple[tuple[str, str], ...]] = Counter()
    for instance_id, log in logs.items():
        for event in csv.DictReader(io.StringIO((log or b"").decode("utf-8"), newline="")):
            cells = {"instance ID": instance_id} | {key: text.strip() for key, text in event.items()}
            wanted[tuple((column, cells.get(column, "")) for column in header)] += 1
    result.cells += len(header) * len(lines)
    result.check(f"{name} lines missing", [], list(wanted - found))
    result.check(f"{name} lines too many", [], list(found - wanted))


def _walk(element: ET.Element, path: str) -> Iterator[tuple[str, ET.Element]]:
    """Leaves by path without positions, the first of each; attributes are no columns."""
    for child in element:
        below = f"{path}/{_local(child)}"
        if len(child):
            yield from _walk(child, below)
        else:
            yield below, child


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
