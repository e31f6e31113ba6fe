"""Forms on a phone: what the list means for them (C14), their metadata (C33 to C36), entity lists (C27, C28)."""

import csv
import enum
import hashlib
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.handset.contract import ContractBroken, demand
from tests.handset.instances import local_name
from tests.handset.lists import ENTITY_TYPES, ListedForm, MediaFile

_ENTITY_VERSIONS = ("2022.1", "2023.1", "2024.1", "2025.1")


class State(enum.Enum):
    """What a listed form means to the phone."""

    ON_DEVICE = "on device"
    UPDATED_MEDIA = "updated media"
    NEW = "new"
    UPDATED_HASH = "updated hash"
    UPDATED_VERSION = "updated version"


@dataclass
class PhoneForm:
    """One form version on the phone: bytes as served, media by name, entity lists (CSV bytes) by list name."""

    form_id: str
    version: str | None
    md5: str
    xml: bytes
    title: str
    action: str | None
    client_editable: bool
    media: dict[str, bytes] = field(default_factory=dict)
    entity_lists: dict[str, bytes] = field(default_factory=dict)
    deleted: bool = False

    @property
    def attachments(self) -> dict[str, bytes]:
        """Media and entity lists together, by file name: what a respondent needs to fill the form."""
        return self.media | {f"{name}.csv": content for name, content in self.entity_lists.items()}


def md5_of(content: bytes) -> str:
    """32 lower-case hexadecimal digits."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def state_of(listed: ListedForm, manifest: Iterable[MediaFile], forms: Iterable[PhoneForm]) -> State:
    """The update logic: only the md5 decides, the version decides nothing but the wording."""
    known = [form for form in forms if not form.deleted]
    same = next((form for form in known if form.md5 == listed.md5), None)
    if same is not None:
        local = {md5_of(content) for content in same.media.values()}
        news = [file for file in manifest if not file.name.endswith(".zip") and file.md5 not in local]
        return State.UPDATED_MEDIA if news else State.ON_DEVICE
    versions = [form.version for form in known if form.form_id == listed.form_id]
    if not versions:
        return State.NEW
    return State.UPDATED_HASH if listed.version in versions else State.UPDATED_VERSION


def read_form(listed: ListedForm, xml: bytes) -> PhoneForm:
    """The form as Collect's metadata reader sees it; enforces C11, C15 and C33 to C36."""
    demand(md5_of(xml) == listed.md5, "C15", f"md5 of {listed.form_id!r} as served is not the listed hash")
    try:
        root = ET.fromstring(xml)
    except ET.ParseError as failure:
        raise ContractBroken("C33", f"{listed.form_id!r} is not well-formed: {failure}") from failure
    title = next((one.text for one in root.iter() if local_name(one) == "title"), None)
    demand(title and title.strip(), "C33", f"{listed.form_id!r} has no h:head/h:title")
    model = next((one for one in root.iter() if local_name(one) == "model"), None)
    demand(model is not None, "C33", f"{listed.form_id!r} has no model")
    assert model is not None
    primary = next((one for one in model if local_name(one) == "instance"), None)
    demand(primary is not None and len(primary), "C33", f"{listed.form_id!r} has no primary instance")
    assert primary is not None
    demand(primary[0].get("id") == listed.form_id, "C15", f"root id {primary[0].get('id')!r} of {listed.form_id!r}")
    version = primary[0].get("version") or None
    demand(version == listed.version, "C15", f"version {version!r} of {listed.form_id!r} is listed {listed.version!r}")
    _check_entities_version(listed.form_id, model)
    submission = next((one for one in model if local_name(one) == "submission"), None)
    attributes = {} if submission is None else submission.attrib
    editable = next((value for key, value in attributes.items() if key.endswith("client-editable")), "")
    return PhoneForm(
        listed.form_id, version, listed.md5, xml, (title or "").strip(), attributes.get("action"), editable == "true"
    )


def _check_entities_version(form_id: str, model: ET.Element) -> None:
    for name, value in model.attrib.items():
        if name.endswith("entities-version"):
            known = value.startswith(_ENTITY_VERSIONS)
            demand(known, "C36", f"{form_id!r} has entities-version {value}, it does not open")


def check_entity_list(name: str, content: bytes) -> None:
    """Enforces C28 on the CSV of an entity list."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    demand(rows, "C28", f"entity list {name!r} is empty, it has not even a header")
    header, *entities = rows
    for column in ("name", "label", "__version"):
        demand(column in header, "C28", f"entity list {name!r} has no column {column}")
    version = header.index("__version")
    for number, row in enumerate(entities, 2):
        demand(len(row) == len(header), "C28", f"line {number} of entity list {name!r} has {len(row)} values")
        demand(re.fullmatch(r"\d+", row[version]), "C28", f"line {number} of {name!r}: __version {row[version]!r}")


def is_entity_list(file: MediaFile) -> bool:
    """Whether the manifest marks the file as an entity list."""
    return file.kind in ENTITY_TYPES
