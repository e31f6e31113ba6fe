"""Opening an XForm safely, and the few ways the rest of the package looks into it.

Names are matched without their namespace throughout: forms in the wild write `orx:meta`, `meta`, `h:title`, `title`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element

from forms.errors import not_an_xform, xform_part_missing, xform_unreadable

_PREFIX = re.compile(r"(^|/)[^:/]+:")
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class XFormDocument:
    """The parts of an XForm that every reader needs; `instance` is the root element of the primary instance."""

    title: str
    model: _Element
    instance: _Element
    body: _Element

    @property
    def root_name(self) -> str:
        """The name of the primary instance's root, without namespace: `data` in most forms."""
        return local_name(self.instance)

    def absolute(self, nodeset: str) -> str:
        """A bind's or control's node as `/root/group/name`, without prefixes; relative ones count from the root."""
        path = without_prefixes(nodeset.strip())
        return path if path.startswith("/") else f"/{self.root_name}/{path}"


def local_name(element: _Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def without_prefixes(path: str) -> str:
    """`/data/orx:meta/x:name` as `/data/meta/name`."""
    return _PREFIX.sub(r"\1", path)


def attribute(element: _Element, name: str) -> str | None:
    """The attribute `name`; one without a namespace wins over `jr:name`, `orx:name` …"""
    plain = element.get(name)
    if plain is not None:
        return plain
    ending = "}" + name
    return next((str(value) for key, value in element.attrib.items() if str(key).endswith(ending)), None)


def children(element: _Element, name: str) -> Iterator[_Element]:
    """The child elements called `name`, in document order."""
    return (child for child in element if local_name(child) == name)


def descendants(element: _Element, name: str) -> Iterator[_Element]:
    """The elements called `name` at any depth below, in document order."""
    return element.iterdescendants(f"{{*}}{name}")


def text_of(element: _Element) -> str:
    """All text below the element, joined and trimmed."""
    return "".join(str(piece) for piece in element.itertext()).strip()


def open_xform(xform: bytes) -> XFormDocument:
    """Parse and check what ODK Central asks of a form; raises Problem 400.1 or 400.2.

    A form without a title is one that phones cannot download (C33): `forms.names` refuses to publish it from a file.
    """
    tree = _parse(xform)
    head = next(children(tree, "head"), None)
    if local_name(tree) != "html" or head is None:
        raise not_an_xform(
            "This XML is not an XForm: it must begin with h:html and h:head.",
            "Ce fichier XML n'est pas un XForm : il doit commencer par h:html et h:head.",
        )
    title = next((text_of(element) for element in children(head, "title")), "")
    model = next(children(head, "model"), None)
    if model is None:
        raise xform_part_missing("model")
    body = next(children(tree, "body"), None)
    if body is None:
        # A form that asks nothing: ODK Central takes it, phones open it.
        body = etree.Element("body")
    return XFormDocument(title=title, model=model, instance=_primary_instance(model, len(xform)), body=body)


def _primary_instance(model: _Element, length: int) -> _Element:
    first = next(children(model, "instance"), None)
    if first is None or len(first) == 0:
        raise xform_part_missing("instance")
    # Collect takes as primary the last instance without attributes: one with an id or src, or a second bare one,
    # makes the phone read the wrong form or none (FormMetadataParser.kt).
    if first.attrib or any(not other.attrib for other in list(children(model, "instance"))[1:]):
        raise xform_unreadable(
            "In the XForm, only the first <instance> may be without attributes, and it must be.",
            "Dans le XForm, seule la première <instance> doit être sans attribut.",
            length,
        )
    return first[0]


def _parse(xform: bytes) -> _Element:
    _refuse_other_encodings(xform)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        tree = etree.fromstring(xform, parser)
    except etree.XMLSyntaxError as error:
        line = error.lineno or 1
        en = f"This file is not well-formed XML (line {line}: {error.msg})."
        fr = f"Ce fichier n'est pas du XML bien formé (ligne {line} : {error.msg})."
        raise (xform_unreadable(en, fr, len(xform)) if _names_a_form(xform) else not_an_xform(en, fr)) from None
    facts = tree.getroottree().docinfo
    # With resolve_entities=False an entity reference stays in the tree as a node: no DOCTYPE, no surprise.
    if facts.doctype:  # type: ignore[union-attr]  # missing from lxml's stubs
        raise xform_unreadable(
            "This form contains a DOCTYPE, which is refused for safety. Remove it and send the form again.",
            "Ce formulaire contient un DOCTYPE, refusé par sécurité. Retirez-le et renvoyez le formulaire.",
            len(xform),
        )
    if (facts.encoding or "UTF-8").upper() not in ("UTF-8", "US-ASCII", "ASCII") and not xform.isascii():
        raise _not_utf8(xform)
    return tree


def _names_a_form(broken: bytes) -> bool:
    """Whether a forgiving reader, as ODK Central's is, would still find a form's id in it."""
    forgiving = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    try:
        tree: _Element | None = etree.fromstring(broken, forgiving)
    except etree.XMLSyntaxError:
        return False
    return tree is not None and bool(tree.xpath("//*[local-name()='model']/*[local-name()='instance'][1]/*[1]/@id"))


def _refuse_other_encodings(xform: bytes) -> None:
    # Phones decode as UTF-8 whatever the file declares, and fail on a byte order mark (C8).
    if xform.startswith(_BYTE_ORDER_MARKS):
        raise _not_utf8(xform)
    try:
        xform.decode("utf-8")
    except UnicodeDecodeError:
        raise _not_utf8(xform) from None


def _not_utf8(xform: bytes) -> Exception:
    en = "Phones read forms as UTF-8 without a byte order mark. Save the file in that encoding and send it again."
    fr = "Les téléphones lisent l'UTF-8 sans marque d'ordre (BOM). Enregistrez ainsi le fichier et renvoyez-le."
    return xform_unreadable(en, fr, len(xform)) if _names_a_form(xform) else not_an_xform(en, fr)
