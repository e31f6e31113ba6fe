"""Instance trees: what XPath walks over, and how a finished one is written."""

import csv
import io
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field

TEMPLATE = "{http://openrosa.org/javarosa}template"


@dataclass(eq=False)
class Node:
    """One element or attribute (`name` starts with "@") of an instance; `tag` keeps the prefix it is written with.

    `relevant` is the node's own condition; `kind` its bind's type, "" in secondary instances, whose values are texts.
    """

    name: str
    text: str = ""
    parent: "Node | None" = None
    children: list["Node"] = field(default_factory=list)
    attributes: list["Node"] = field(default_factory=list)
    tag: str = ""
    path: str = ""
    kind: str = ""
    relevant: bool = True
    repeat: bool = False
    index: dict[str, dict[str, list["Node"]]] = field(default_factory=dict)

    def add(self, child: "Node") -> "Node":
        """Append a child element or attribute and return it."""
        child.parent = self
        (self.attributes if child.name.startswith("@") else self.children).append(child)
        return child

    def named(self, name: str) -> list["Node"]:
        """Children (or one attribute) of that name; "*" for all elements."""
        pool = self.attributes if name.startswith("@") else self.children
        return list(pool) if name in {"*", "@*"} else [one for one in pool if one.name == name]

    def walk(self) -> Iterator["Node"]:
        """This node, its attributes and everything below, in document order."""
        yield self
        yield from self.attributes
        for child in self.children:
            yield from child.walk()

    def above(self) -> Iterator["Node"]:
        """This node and everything it is in, from the inside out."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    def copy(self) -> "Node":
        """A copy of the subtree without parent."""
        twin = Node(self.name, self.text, None, [], [], self.tag, self.path, self.kind, self.relevant, self.repeat)
        for one in (*self.attributes, *self.children):
            twin.add(one.copy())
        return twin

    def is_relevant(self) -> bool:
        """Whether this node and all above it are relevant."""
        node: Node | None = self  # a plain loop: asked for every node of every path
        while node is not None:
            if not node.relevant:
                return False
            node = node.parent
        return True

    def remove(self) -> None:
        """Take the element out of its parent."""
        if self.parent is not None:
            self.parent.children.remove(self)

    def where(self) -> str:
        """The path with positions of repeat instances, for people: /data/m[2]/age."""
        if self.parent is None:
            return f"/{self.name}"
        twins = [one for one in self.parent.children if one.name == self.name]
        position = f"[{twins.index(self) + 1}]" if self.repeat and self in twins else ""
        return f"{self.parent.where()}/{self.name}{position}"


def from_element(element: ET.Element, prefixes: dict[str, str], path: str = "") -> Node:
    """A tree from a parsed element; `prefixes` maps namespace URIs to the prefixes they are written with."""
    space, _, local = element.tag.rpartition("}")
    prefix = prefixes.get(space.lstrip("{"), "")
    node = Node(local, element.text or "", tag=f"{prefix}:{local}" if prefix else local, path=f"{path}/{local}")
    if len(element):
        node.text = ""
    for key, value in element.attrib.items():
        if key != TEMPLATE:
            space, _, local = key.rpartition("}")
            prefix = prefixes.get(space.lstrip("{"), "")
            written = f"{prefix}:{local}" if prefix else local
            node.add(Node(f"@{local}", value, tag=written, path=f"{node.path}/@{local}"))
    for child in element:
        if isinstance(child.tag, str) and TEMPLATE not in child.attrib:
            node.add(from_element(child, prefixes, node.path))
    return node


def from_csv(content: bytes) -> Node:
    """A CSV as the secondary instance `root/item/column`; an entity list gets the phone's own two columns (C71)."""
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig")))
    root = Node("root")
    header = next(rows, [])
    for row in rows:
        item = root.add(Node("item"))
        for column, value in zip(header, row, strict=False):
            item.add(Node(column, value))
            if column == "__version" and "__trunkVersion" not in header:
                item.add(Node("__trunkVersion", value))
                item.add(Node("__branchId", ""))
    return root


def escape(text: str, quote: bool = False) -> str:
    """Text as kXML writes it: `>` and `@` escaped too, line breaks raw, quotes only inside attributes."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("@", "&#64;")
    return text.replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;") if quote else text


def serialise(root: Node, namespaces: str = "") -> bytes:
    """A filled instance as Collect writes it (C55): irrelevant nodes absent, blank ones `<x />`, one line."""
    parts = ["<?xml version='1.0' encoding='UTF-8' ?>"]
    _write(root, parts, namespaces)
    return "".join(parts).encode("utf-8")


def _write(node: Node, parts: list[str], namespaces: str = "") -> None:
    attributes = "".join(f' {one.tag}="{escape(one.text, quote=True)}"' for one in node.attributes)
    children = [one for one in node.children if one.relevant]
    if not children and not node.text:
        parts.append(f"<{node.tag}{attributes}{namespaces} />")
        return
    parts.append(f"<{node.tag}{attributes}{namespaces}>{escape(node.text)}")
    for child in children:
        _write(child, parts)
    parts.append(f"</{node.tag}>")
