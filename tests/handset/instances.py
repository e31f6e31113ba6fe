"""What a phone holds of one filled form, and how it is edited (C53, C55, C56)."""

import re
import uuid
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.sax.saxutils import escape

_DEPRECATED = re.compile(rb"<(?:\w+:)?deprecatedID[^>]*?(?:/>|>[^<]*</(?:\w+:)?deprecatedID>)")
_INSTANCE = re.compile(rb"(<(?:\w+:)?instanceID[^>]*>)([^<]*)(</(?:\w+:)?instanceID>)")
_META_END = re.compile(rb"</(?:\w+:)?meta>")


def local_name(element: ET.Element) -> str:
    """The name without its namespace; "" for a comment."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def meta_text(xml: bytes, name: str) -> str | None:
    """The text of `meta/<name>` by local name, or None when absent or blank."""
    for meta in ET.fromstring(xml):
        if local_name(meta) == "meta":
            for child in meta:
                if local_name(child) == name and child.text:
                    return child.text
    return None


@dataclass
class Instance:
    """One finalised form: the exact XML bytes, its files by name, and what became of sending it.

    `status` is finalized, sent or failed; `message` what the enumerator last read; `acknowledged` whether any answer
    of 201 or 202 to its last batch was ever read.
    """

    xml: bytes
    files: dict[str, bytes] = field(default_factory=dict)
    finalized_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    title: str = "form"
    status: str = "finalized"
    message: str = ""
    acknowledged: bool = False

    @property
    def instance_id(self) -> str:
        """`meta/instanceID`, or "" when the XML has none."""
        return meta_text(self.xml, "instanceID") or ""

    @property
    def deprecated_id(self) -> str | None:
        """`meta/deprecatedID`, or None."""
        return meta_text(self.xml, "deprecatedID")

    @property
    def form_id(self) -> str:
        """The `id` of the root element."""
        return ET.fromstring(self.xml).get("id", "")

    @property
    def version(self) -> str | None:
        """The `version` of the root element, or None."""
        return ET.fromstring(self.xml).get("version") or None

    @property
    def file_name(self) -> str:
        """The instance file's name, which may be non-ASCII (C56)."""
        title = "".join(letter for letter in self.title if letter.isalnum() or letter == " ")
        return f"{title}_{self.finalized_at:%Y-%m-%d_%H-%M-%S}.xml"


def edited(original: Instance, xml: bytes | None = None, finalized_at: datetime | None = None) -> Instance:
    """An edit of a finalised or sent instance: a new instanceID, `deprecatedID` naming the original last in meta and
    without namespace, every attachment again. `xml` is the original's with changed answers, ids still the original's.
    """
    changed = _DEPRECATED.sub(b"", xml if xml is not None else original.xml)
    fresh = f"uuid:{uuid.uuid4()}".encode()
    changed, found = _INSTANCE.subn(lambda match: match[1] + fresh + match[3], changed, count=1)
    if not found:
        raise ValueError("an instance without instanceID cannot be edited")
    plain = b' xmlns=""' if re.search(rb"<[A-Za-z_][^>]*\sxmlns=[\"'][^\"']", changed) else b""
    old = escape(original.instance_id).encode()
    element = b"<deprecatedID%s>%s</deprecatedID>" % (plain, old)
    end = list(_META_END.finditer(changed))[-1].start()
    changed = changed[:end] + element + changed[end:]
    return Instance(changed, dict(original.files), finalized_at or datetime.now(UTC), original.title)
