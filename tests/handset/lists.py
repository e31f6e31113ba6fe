"""formList, manifest and integrity documents, read as strictly as Collect reads them (C6 to C13, C21 to C23, C30)."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.handset.contract import ContractBroken, demand
from tests.handset.wire import Response

FORMS_NAMESPACE = "http://openrosa.org/xforms/xformsList"
MANIFEST_NAMESPACE = "http://openrosa.org/xforms/xformsManifest"
_HASH = re.compile(r"md5:[0-9a-f]{32}\Z")
_URL_CHARACTERS = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+\Z")
ENTITY_TYPES = {"entityList", "approvalEntityList"}


@dataclass(frozen=True)
class ListedForm:
    """One entry of the form list; `md5` without its prefix."""

    form_id: str
    name: str
    version: str | None
    md5: str
    download_url: str
    manifest_url: str | None


@dataclass(frozen=True)
class MediaFile:
    """One entry of a manifest; `name` is already cut to its last segment."""

    name: str
    md5: str
    download_url: str
    kind: str | None
    integrity_url: str | None


def document(response: Response, what: str) -> ET.Element:
    """The root of a list, manifest or integrity answer of status 200."""
    kind = response.header("Content-Type")
    demand(kind is None or "text/xml" in kind.lower(), "C6", f"Content-Type of the {what} is {kind!r}")
    demand(response.header("X-OpenRosa-Version") is not None, "C7", f"no X-OpenRosa-Version on the {what}")
    body = response.body
    demand(not body.startswith(b"\xef\xbb\xbf"), "C8", f"the {what} starts with a byte order mark")
    demand(not body[:1].isspace(), "C8", f"the {what} starts with white space")
    try:
        return ET.fromstring(body.decode("utf-8"))
    except (UnicodeDecodeError, ET.ParseError) as failure:
        raise ContractBroken("C8", f"the {what} is not well-formed UTF-8 XML: {failure}") from failure


def parse_form_list(response: Response) -> list[ListedForm]:
    """All entries; one bad entry rejects the list."""
    root = document(response, "form list")
    demand(root.tag == f"{{{FORMS_NAMESPACE}}}xforms", "C9", f"root of the form list is {root.tag}")
    entries = [entry for entry in _children(root, FORMS_NAMESPACE) if _local(entry).lower() == "xform"]
    return [_listed_form(_texts(entry, FORMS_NAMESPACE)) for entry in entries]


def _listed_form(texts: dict[str, str]) -> ListedForm:
    form_id = texts.get("formID", "")
    for name in ("formID", "name", "downloadUrl"):
        demand(texts.get(name), "C10", f"entry {form_id!r} of the form list has no {name}")
    demand(_HASH.match(texts.get("hash", "")), "C11", f"hash of {form_id!r} is {texts.get('hash')!r}")
    download = _url(texts["downloadUrl"])
    manifest = _url(texts["manifestUrl"]) if texts.get("manifestUrl") else None
    return ListedForm(form_id, texts["name"], texts.get("version") or None, texts["hash"][4:], download, manifest)


def parse_manifest(response: Response) -> list[MediaFile]:
    """All files; one bad entry voids the manifest."""
    root = document(response, "manifest")
    demand(root.tag == f"{{{MANIFEST_NAMESPACE}}}manifest", "C21", f"root of the manifest is {root.tag}")
    entries = [entry for entry in _children(root, MANIFEST_NAMESPACE) if _local(entry) == "mediaFile"]
    files = [_media_file(entry) for entry in entries]
    names = [file.name for file in files]
    demand(len(set(names)) == len(names), "C23", f"the manifest names a file twice: {sorted(names)}")
    return files


def _media_file(entry: ET.Element) -> MediaFile:
    texts = _texts(entry, MANIFEST_NAMESPACE)
    name = texts.get("filename", "")
    for needed in ("filename", "hash", "downloadUrl"):
        demand(texts.get(needed), "C22", f"manifest entry {name!r} has no {needed}")
    demand(_HASH.match(texts["hash"]), "C22", f"hash of {name!r} is {texts['hash']!r}")
    demand("/" not in name and "\\" not in name, "C23", f"folder in file name {name!r}")
    demand(name != "last-saved.xml", "C31", "last-saved.xml is the phone's own")
    integrity = _url(texts["integrityUrl"]) if texts.get("integrityUrl") else None
    return MediaFile(name, texts["hash"][4:], _url(texts["downloadUrl"]), entry.get("type"), integrity)


def parse_integrity(response: Response) -> dict[str, bool]:
    """Entity id to whether the server says it was deleted (C30)."""
    deleted = {}
    for entity in document(response, "integrity answer").iter():
        if _local(entity) == "entity":
            state = next((child.text for child in entity if _local(child) == "deleted"), None)
            demand(state in {"true", "false"}, "C30", f"deleted is {state!r}, must be exactly true or false")
            demand(entity.get("id"), "C30", "entity without id")
            deleted[str(entity.get("id"))] = state == "true"
    return deleted


def _url(text: str) -> str:
    parts = urlsplit(text)
    demand(parts.scheme in {"http", "https"} and parts.hostname, "C13", f"not an absolute URL: {text!r}")
    demand(_URL_CHARACTERS.match(text), "C13", f"not percent-encoded: {text!r}")
    return text


def _children(parent: ET.Element, namespace: str) -> Iterator[ET.Element]:
    for child in parent:
        if isinstance(child.tag, str) and child.tag.startswith(f"{{{namespace}}}"):
            yield child


def _texts(entry: ET.Element, namespace: str) -> dict[str, str]:
    return {_local(child): (child.text or "").strip() for child in _children(entry, namespace)}


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
