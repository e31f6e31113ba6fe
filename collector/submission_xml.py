"""What a submission's XML says before anyone knows its form: which form, which instance, encrypted or not.

Elements and attributes are found by their local name: plain `meta`, `orx:meta` and a `deprecatedID` without namespace
inside an `orx:meta` all occur (C53, C55). What counts as present follows ODK Central's `Submission.fromXml` (its
lib/model/frames/submission.js), except that ids are trimmed.
"""

import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

import orjson
from lxml import etree
from lxml.etree import _Element

from collector.errors import (
    encrypted_without_instance_id,
    identifier_not_printable,
    identifier_too_long,
    submission_names_no_form,
    unreadable_submission,
)

LONGEST_IDENTIFIER = 255  # characters; the width of the columns these are stored in
MOST_MARKUP = 500_000  # tags and attributes; 1,000 copies of a repeat of 60 questions have a third of it
XML_SPACE = " \t\r\n"

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CLAIMS = ("{*}end", "{*}start", "{*}deviceid")
_parsers = threading.local()


@dataclass(frozen=True, slots=True)
class EncryptedParts:
    """What an encrypted envelope holds besides its ids (C57); a part that is absent is "".

    `media_names` are the envelope's `media/file` texts in order, blank ones too, since the place of a file is part of how it
    was encrypted; `xml_file` is the encrypted submission itself.
    """

    local_key: str
    xml_file: str
    media_names: tuple[str, ...]
    signature: str

    @property
    def file_names(self) -> tuple[str, ...]:
        """Every file the envelope promises, each once: its media, then the encrypted submission."""
        return tuple(dict.fromkeys(name for name in (*self.media_names, self.xml_file) if name))


@dataclass(frozen=True, slots=True)
class Envelope:
    """One submission as far as it can be read without its form.

    `version` is "" when absent. `collected_at` is the phone's own `end` (else `start`) in UTC, `device_id_claimed` its
    `deviceid` question: both are claims of the device, None when it makes none.
    """

    root: _Element
    xml_form_id: str
    version: str
    instance_id: str | None
    deprecated_id: str | None
    instance_name: str | None
    encrypted: EncryptedParts | None
    collected_at: datetime | None
    device_id_claimed: str | None


def read_envelope(xml: bytes) -> Envelope:
    """Read a submission; raises Problem 400.1 (not safe XML), 400.2 (a part is missing), 400.8 or 400.13 (an id that
    cannot be kept). The caller limits the size."""
    root = parse(xml)
    instance_id, deprecated_id, instance_name = _meta(root)
    encrypted = encrypted_parts(root)
    if encrypted is not None and instance_id is None:
        raise encrypted_without_instance_id()
    xml_form_id = _attribute(root, "id")
    if not xml_form_id.strip():
        raise submission_names_no_form()
    collected_at, device_id = _claims(root)
    return Envelope(
        root=root,
        xml_form_id=_checked(xml_form_id, "form id"),
        version=_checked(_attribute(root, "version"), "version"),
        instance_id=instance_id and _checked(instance_id, "instanceID"),
        deprecated_id=deprecated_id and _checked(deprecated_id, "deprecatedID"),
        instance_name=instance_name,
        encrypted=encrypted,
        collected_at=collected_at,
        device_id_claimed=device_id,
    )


def parse(xml: bytes) -> _Element:
    """The root element; raises Problem 400.1 for what is not well-formed, has a DOCTYPE, nests too deeply (256 levels)
    or has too much markup, or one text over 10 million bytes."""
    # A tree takes thirty times the bytes of `<a/>`: 20 MB of it would be 650 MB.
    if xml.count(b"<") + xml.count(b"=") > MOST_MARKUP:
        raise unreadable_submission("too many elements", len(xml))
    try:
        parser = _parsers.safe
    except AttributeError:
        parser = _parsers.safe = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )
    try:
        root: _Element = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise unreadable_submission(f"not well-formed, line {error.lineno or 1}", len(xml)) from None
    # With resolve_entities=False a reference to a declared entity stays in the tree as a node: no DOCTYPE, no surprise.
    if root.getroottree().docinfo.internalDTD is not None:
        raise unreadable_submission("a DOCTYPE is not allowed", len(xml))
    return root


def encrypted_parts(root: _Element) -> EncryptedParts | None:
    """The parts of an encrypted envelope, None for plain answers."""
    local_key = _child_text(root, "base64EncryptedKey")
    if not local_key and root.get("encrypted") != "yes":
        return None
    media = (file for each in root.iterchildren("{*}media") for file in each.iterchildren("{*}file"))
    return EncryptedParts(
        local_key=local_key,
        xml_file=_child_text(root, "encryptedXmlFile"),
        media_names=tuple(text_of(file).strip() for file in media),
        signature=_child_text(root, "base64EncryptedElementSignature"),
    )


def text_of(element: _Element) -> str:
    """The element's own text, comments skipped. Blank text around child elements is layout, not an answer: ""."""
    if not len(element):
        return element.text or ""
    text = (element.text or "") + "".join(child.tail or "" for child in element)
    return text if text.strip(XML_SPACE) or next(element.iterchildren("*"), None) is None else ""


def canonical(xml: bytes) -> bytes:
    """Bytes that are equal for two submissions exactly when their content is: to be compared or hashed, not stored.

    The XML declaration, the encoding, attribute order, quoting, CDATA, `<a/>` against `<a></a>`, comments, namespace
    prefixes, namespace declarations nobody uses and blank text beside child elements make no difference. Everything
    else does: any text (a leaf's even if it is only blanks), attribute, name, order of elements. Raises Problem 400.1.
    """
    # Not C14N 1.0: it refuses documents with a relative namespace name, which forms in the wild have (xmlns="my_form").
    # A flat list of [name, attributes…], text and null (end of element) cannot be read in two ways.
    events: list[list[str] | str | None] = []
    _write_events(parse(xml), events)
    return orjson.dumps(events)


def _write_events(element: _Element, events: list[list[str] | str | None]) -> None:
    # At most 256 levels deep: libxml2 refuses more.
    events.append([element.tag, *(str(part) for pair in sorted(element.items()) for part in pair)])
    is_layout = len(element) > 0 and not text_of(element)
    text = element.text or ""
    for child in element:
        tag: object = child.tag
        if isinstance(tag, str):
            if text and not is_layout:
                events.append(text)
            _write_events(child, events)
            text = child.tail or ""
        else:
            text += child.tail or ""
    if text and not is_layout:
        events.append(text)
    events.append(None)


def _meta(root: _Element) -> tuple[str | None, str | None, str | None]:
    """instanceID, deprecatedID and instanceName; the first of each wins, a blank one is none."""
    found: dict[str, str] = {}
    for meta in root.iterchildren("{*}meta"):
        for child in meta.iterchildren("{*}instanceID", "{*}deprecatedID", "{*}instanceName"):
            name = _local_name(child.tag)
            text = text_of(child)
            # The name is shown to people as written; ids are compared.
            text = text if name == "instanceName" else text.strip()
            if text.strip():
                found.setdefault(name, text)
    # As Central: older forms carry it directly below the root.
    instance_id = found.get("instanceID") or _child_text(root, "instanceID") or None
    return instance_id, found.get("deprecatedID"), found.get("instanceName")


def _claims(root: _Element) -> tuple[datetime | None, str | None]:
    """When the phone says it was filled in, and on which device; nodes directly below the root win over deeper ones."""
    found: dict[str, datetime | str] = {}
    for element in chain(root.iterchildren(*_CLAIMS), root.iter(*_CLAIMS)):
        name = _local_name(element.tag)
        if name in found:
            continue
        text = text_of(element).strip()
        claim = text[:LONGEST_IDENTIFIER] if name == "deviceid" else _moment(text)
        if claim:
            found[name] = claim
            if len(found) == len(_CLAIMS):
                break
    moment, device = found.get("end") or found.get("start"), found.get("deviceid")
    return moment if isinstance(moment, datetime) else None, device if isinstance(device, str) else None


def _moment(text: str) -> datetime | None:
    """An XML Schema dateTime with its offset, in UTC; None for anything else, a time of unknown zone included."""
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _attribute(root: _Element, name: str) -> str:
    """The first attribute with that local name (`version`, `orx:version`), plain first; "" when absent."""
    plain = root.get(name)
    if plain is not None:
        return str(plain)
    return next((str(value) for key, value in root.attrib.items() if _local_name(key) == name), "")


def _child_text(root: _Element, name: str) -> str:
    child = next(root.iterchildren(f"{{*}}{name}"), None)
    return "" if child is None else text_of(child).strip()


def _local_name(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def _checked(identifier: str, field: str) -> str:
    if len(identifier) > LONGEST_IDENTIFIER:
        raise identifier_too_long(field, LONGEST_IDENTIFIER)
    if _CONTROL.search(identifier):
        raise identifier_not_printable(field)
    return identifier
