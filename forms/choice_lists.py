"""Choice lists that live in form attachments: CSV, GeoJSON and XML files beside the form."""

import csv
import json
from functools import lru_cache
from io import StringIO
from typing import Any

from lxml import etree

from forms.xform_document import local_name, text_of

Rows = tuple[dict[str, str], ...]


@lru_cache(maxsize=32)
def rows_of(name: str, content: bytes) -> Rows:
    """The rows of an attachment as {column: text}; () for a file that cannot be read. The ending tells the format."""
    try:
        if name.lower().endswith(".geojson"):
            return _geojson_rows(content)
        if name.lower().endswith(".xml"):
            return _xml_rows(content)
        return _csv_rows(content)
    except (ValueError, csv.Error, etree.XMLSyntaxError, AttributeError, TypeError):
        # The file is the form manager's to mend; an answer is then shown by its name.
        return ()


@lru_cache(maxsize=64)
def lookup(name: str, content: bytes, value_column: str, label_column: str) -> dict[str, str]:
    """Value to label, the first row of a value winning."""
    labels: dict[str, str] = {}
    for row in rows_of(name, content):
        if row.get(value_column) and row.get(label_column):
            labels.setdefault(row[value_column], row[label_column])
    return labels


@lru_cache(maxsize=64)
def itemset_lookup(content: bytes, list_name: str) -> dict[str, dict[str, str]]:
    """Value to {language: label} for one list of itemsets.csv; an unnamed label column has the key ""."""
    labels: dict[str, dict[str, str]] = {}
    for row in rows_of("itemsets.csv", content):
        if row.get("list_name", row.get("list name")) == list_name and row.get("name"):
            named = {column.partition("::")[2]: text for column, text in row.items() if column.startswith("label")}
            labels.setdefault(row["name"], named)
    return labels


def _csv_rows(content: bytes) -> Rows:
    text = content.decode("utf-8-sig", "replace")
    header = text.partition("\n")[0]
    # JavaRosa reads semicolons when the header holds no comma: spreadsheets in French write them.
    delimiter = ";" if "," not in header and ";" in header else ","
    reader = csv.DictReader(StringIO(text), delimiter=delimiter, restkey="", restval="")
    return tuple({str(key).strip(): str(value).strip() for key, value in row.items()} for row in reader)


def _geojson_rows(content: bytes) -> Rows:
    features: list[dict[str, Any]] = json.loads(content)["features"]
    facts = ({"id": each.get("id")} | (each.get("properties") or {}) for each in features)
    return tuple({str(key): str(value) for key, value in each.items() if value is not None} for each in facts)


def _xml_rows(content: bytes) -> Rows:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    root = etree.fromstring(content, parser)
    return tuple({local_name(cell): text_of(cell) for cell in item} for item in root.iter("{*}item"))
