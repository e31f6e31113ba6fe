"""What people choose on the page of data: a form's fields, as an address has them, to a request and back. Pure."""

from dataclasses import replace
from typing import Any, Protocol

from collector.export_request import FOR_PEOPLE, FRENCH_EXCEL, STATES, ExportRequest, checked

FRENCH, PLAIN = "french", "plain"
# Boxes that may be ticked; one that is not is not in the address.
BOXES = ("duplicates", "attachments", "split_multiples", "deleted_fields", "pseudonyms")
TEXTS = ("headers", "choices", "language", "repeats", "joined", "filter")
# A format that is not made of lines rendered beforehand takes a while for more submissions than this, the others for more.
QUICK, VERY_QUICK = 1_000, 20_000


class Fields(Protocol):
    """A form's fields, as werkzeug's MultiDict has them."""

    def get(self, key: str, default: str) -> str:
        """The first value."""

    def getlist(self, key: str) -> list[str]:
        """Every value."""


def of_fields(given: Fields, spreadsheet: str) -> ExportRequest:
    """The request; Problem 400.8 for what cannot be. Without a `format` nothing is chosen yet: what people get unless
    they choose, for the kind of spreadsheet named."""
    chosen = given.get("format", "")
    spreadsheet = given.get("spreadsheet", "") if chosen else spreadsheet
    base = FRENCH_EXCEL if spreadsheet == FRENCH else FOR_PEOPLE
    if not chosen:
        return base
    found: dict[str, Any] = {name: bool(given.get(name, "")) for name in BOXES}
    found |= {name: value for name in TEXTS if (value := given.get(name, ""))}
    return checked(
        replace(
            base,
            format=chosen,
            states=tuple(state for state in STATES if state in given.getlist("states")),
            versions=tuple(given.getlist("versions")),
            since="last" if given.get("since", "") else "",
            **found,
        )
    )


def as_fields(asked: ExportRequest) -> list[tuple[str, str]]:
    """The fields of which `of_fields` makes the same request."""
    found = [("format", asked.format), ("spreadsheet", spreadsheet_of(asked))]
    found += [("states", state) for state in asked.states] + [("versions", name) for name in asked.versions]
    found += [(name, "1") for name in (*BOXES, "since") if getattr(asked, name)]
    return found + [(name, value) for name in TEXTS if (value := getattr(asked, name))]


def spreadsheet_of(asked: ExportRequest) -> str:
    """Which kind of spreadsheet the cells are for."""
    return FRENCH if asked.decimal_comma else PLAIN
