"""Which files a form asks for: its form attachments, before anybody has given them.

The places looked at, and the types, are those of ODK Central's `expectedFormAttachments` (its lib/data/schema.js).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from forms.xform_document import XFormDocument, attribute, children, descendants, local_name, text_of

# Only these hosts name a file of the server; `jr://instance/last-saved` lives on the phone alone (C31).
_REFERENCE = re.compile(r"jr://(?:images|audio|video|file|file-csv)/([^/]+)")
_MEDIA = {"image": "image", "big-image": "image", "audio": "audio", "video": "video"}
_SEARCH = re.compile(r"""\bsearch\s*\(\s*(["'])(.+?)\1""")


@dataclass(frozen=True)
class Slot:
    """A file the form names. `type` is one of image, audio, video, file (CSV, GeoJSON and XML are all `file`)."""

    name: str
    type: str


def find_slots(document: XFormDocument) -> tuple[Slot, ...]:
    """Every file the form names, each name once: phones keep one file per name (C23), so the first type wins."""
    slots: dict[str, Slot] = {}
    for slot in _all_slots(document):
        slots.setdefault(slot.name, slot)
    return tuple(slots.values())


def _all_slots(document: XFormDocument) -> Iterator[Slot]:
    yield from _external_instances(document)
    yield from _translated_media(document)
    yield from _default_images(document)
    if any(attribute(control, "query") is not None for control in descendants(document.body, "input")):
        yield Slot("itemsets.csv", "file")
    yield from _searched_tables(document)


def _external_instances(document: XFormDocument) -> Iterator[Slot]:
    for instance in children(document.model, "instance"):
        name = _file_name(attribute(instance, "src") or "")
        if name:
            yield Slot(name, "file")


def _translated_media(document: XFormDocument) -> Iterator[Slot]:
    for value in (value for itext in children(document.model, "itext") for value in descendants(itext, "value")):
        kind = _MEDIA.get(attribute(value, "form") or "")
        name = _file_name(text_of(value)) if kind else None
        if kind and name:
            yield Slot(name, kind)


def _default_images(document: XFormDocument) -> Iterator[Slot]:
    for instance in children(document.model, "instance"):
        for node in instance.iterdescendants():
            text = (node.text or "").strip()
            name = _file_name(text) if text.startswith("jr://images/") else None
            if name:
                yield Slot(name, "image")


def _searched_tables(document: XFormDocument) -> Iterator[Slot]:
    """The CSV named by `search('list', …)` in a select's appearance; Collect adds the ending itself."""
    for control in document.body.iterdescendants():
        if local_name(control) not in ("select", "select1"):
            continue
        match = _SEARCH.search(attribute(control, "appearance") or "")
        # Blanks at the ends make Collect look for a file that cannot exist.
        if match and match[2] == match[2].strip():
            yield Slot(match[2] if match[2].endswith(".csv") else f"{match[2]}.csv", "file")


def _file_name(reference: str) -> str | None:
    match = _REFERENCE.fullmatch(reference.strip())
    return match[1] if match else None
