"""What somebody asks of an export: read from an address, a page or a stored preset, checked, and written down again. Pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from collector.export_format import Dialect
from collector.exports import formats
from collector.models import REVIEW_STATES
from collector.odata.filter import parse_filter
from collector.sheets import BOTH, LABELS, NAMES
from config.api_errors import unexpected_value

RECEIVED = "received"
STATES = (RECEIVED, *REVIEW_STATES)
FILES, SPREAD, JOINED = "files", "spread", "joined"
_CHOICES = {
    "headers": (NAMES, LABELS, BOTH),
    "choices": (NAMES, LABELS, BOTH),
    "separator": (",", ";", "\t"),
    "repeats": (FILES, SPREAD, JOINED),
    "since": ("", "last"),
}


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Defaults are ODK Central's. `states`: review states that are taken, () for all; `duplicates`: with those left out in favour
    of another; `joined`: the path of the repeat whose rows a flat table has, "" for the first; `since`: "last" for what is new or
    changed since the person's last export."""

    format: str = "csv.zip"
    filter: str = ""
    states: tuple[str, ...] = ()
    duplicates: bool = True
    versions: tuple[str, ...] = ()
    since: str = ""
    attachments: bool = True
    group_paths: bool = True
    split_multiples: bool = False
    deleted_fields: bool = False
    headers: str = NAMES
    choices: str = NAMES
    language: str = ""
    repeats: str = FILES
    joined: str = ""
    separator: str = ","
    bom: bool = False
    decimal_comma: bool = False
    guard: bool = False
    pseudonyms: bool = False
    media_folders: bool = False
    passport: bool = False

    @property
    def dialect(self) -> Dialect:
        """How CSV is written."""
        return Dialect(self.separator, self.bom, self.guard)

    def as_json(self) -> dict[str, Any]:
        """Only what differs from the defaults, and the format."""
        plain = ExportRequest()
        return {
            "format": self.format,
            **{
                name: list(value) if isinstance(value, tuple) else value
                for name, value in asdict(self).items()
                if value != getattr(plain, name)
            },
        }


# What people get unless they choose otherwise: readable by a spreadsheet, without what was rejected or is a duplicate.
FOR_PEOPLE = ExportRequest(
    states=tuple(state for state in STATES if state != "rejected"),
    duplicates=False,
    guard=True,
    media_folders=True,
    passport=True,
)
FRENCH_EXCEL = replace(FOR_PEOPLE, separator=";", bom=True, decimal_comma=True)


def of_central(kind: str, query: Mapping[str, str]) -> ExportRequest:
    """ODK Central's query of `submissions.csv.zip` and `.csv`; ours: `duplicates=without`. Problem 400.18 for an empty filter."""
    if query.get("$filter") == "":
        parse_filter("")
    return ExportRequest(
        format=kind,
        filter=query.get("$filter", ""),
        duplicates=takes_duplicates(query),
        attachments=(query.get("attachments") or "").lower() != "false",
        group_paths=(query.get("groupPaths") or "").lower() != "false",
        split_multiples=(query.get("splitSelectMultiples") or "").lower() == "true",
        deleted_fields=(query.get("deletedFields") or "").lower() == "true",
    )


def takes_duplicates(query: Mapping[str, str]) -> bool:
    """Whether submissions left out as duplicates of another are asked for, as Central gives them; not with `duplicates=without`."""
    return (query.get("duplicates") or "").lower() != "without"


def of_json(given: Mapping[str, Any], base: ExportRequest = FOR_PEOPLE) -> ExportRequest:
    """The request that `as_json`, or a client, wrote; Problem 400.8 for what cannot be."""
    known = {each.name: each for each in fields(ExportRequest)}
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise unexpected_value(name, value, "it is no option of exports", "ce n’est pas une option des exports")
        found[name] = _read(name, value, getattr(ExportRequest(), name))
    return checked(replace(base, **found))


def _read(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple) and isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return tuple(value)
    if isinstance(value, type(default)) and not isinstance(default, tuple):
        return value
    raise unexpected_value(name, value, "it is of another kind", "elle est d’une autre sorte")


def checked(request: ExportRequest) -> ExportRequest:
    """The request itself; Problem 400.8 for what cannot be."""
    if request.format not in formats():
        raise unexpected_value("format", request.format, f"use one of {', '.join(formats())}", "format inconnu")
    for name, allowed in _CHOICES.items():
        value = getattr(request, name)
        if value not in allowed:
            raise unexpected_value(name, value, f"use one of {', '.join(map(repr, allowed))}", "valeur inconnue")
    for state in request.states:
        if state not in STATES:
            raise unexpected_value("states", state, f"use {', '.join(STATES)}", "état inconnu")
    return request
