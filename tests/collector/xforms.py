"""XForms written from the nodes of tests/collector/forms.py, for tests that publish what they define."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.collector.forms import META, Node
from tests.installation import Installation, new_id

HEAD = (
    '<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>{title}</h:title><model>{key}<instance><data id={id} '
    "version={version}>{nodes}</data></instance>{binds}</model></h:head><h:body>{body}</h:body></h:html>"
)
CHOICES = ("north", "south", "east")


def xform_of(*nodes: Node, xml_form_id: str = "survey", version: str = "1", key: str = "") -> bytes:
    """The form; a question of kind `select` takes several of CHOICES."""
    every = (*nodes, META)
    return HEAD.format(
        title=escape(xml_form_id),
        id=quoteattr(xml_form_id),
        version=quoteattr(version),
        key=f'<submission base64RsaPublicKey="{key}"/>' if key else "",
        nodes="".join(map(_instance, every)),
        binds="".join(_binds(every, "/data")),
        body="".join(_controls(nodes, "/data")),
    ).encode()


def _instance(node: Node) -> str:
    template = ' jr:template=""' if node.kind == "repeat" else ""
    return f"<{node.name}{template}>{''.join(map(_instance, node.children))}</{node.name}>"


def _binds(nodes: Sequence[Node], above: str) -> Iterator[str]:
    for node in nodes:
        path = f"{above}/{node.name}"
        if node.kind not in ("structure", "repeat"):
            kind = "string" if node.kind == "select" else node.kind
            yield f'<bind nodeset="{path}" type="{kind}"/>'
        yield from _binds(node.children, path)


def _controls(nodes: Sequence[Node], above: str) -> Iterator[str]:
    for node in nodes:
        path = f"{above}/{node.name}"
        label = f"<label>{node.name.capitalize()}</label>"
        inside = "".join(_controls(node.children, path))
        if node.kind == "repeat":
            yield f'<group ref="{path}">{label}<repeat nodeset="{path}">{inside}</repeat></group>'
        elif node.kind == "structure":
            yield f'<group ref="{path}">{label}{inside}</group>'
        elif node.kind == "select":
            items = "".join(f"<item><label>{each.capitalize()}</label><value>{each}</value></item>" for each in CHOICES)
            yield f'<select ref="{path}">{label}{items}</select>'
        elif node.kind == "binary":
            yield f'<upload ref="{path}" mediatype="image/*">{label}</upload>'
        else:
            yield f'<input ref="{path}">{label}</input>'


Filled = Mapping[str, Any]
"""Answers by name: a text, the Filled of a group, a list of them for a repeat."""


def filled(answers: Filled, instance_id: str = "", *, xml_form_id: str = "survey", version: str = "1") -> bytes:
    """A submission of it."""
    inside = _nodes(answers)
    meta = f"<meta><instanceID>{instance_id or new_id()}</instanceID></meta>"
    return f"<data id={quoteattr(xml_form_id)} version={quoteattr(version)}>{inside}{meta}</data>".encode()


def _nodes(answers: Filled) -> str:
    return "".join(
        f"<{name}>{escape(each) if isinstance(each, str) else _nodes(each)}</{name}>"
        for name, value in answers.items()
        for each in (value if isinstance(value, list) else [value])
    )


def send(relais: Installation, answers: Filled, instance_id: str = "", **more: Any) -> str:
    """Send a submission; its instanceID."""
    instance_id = instance_id or new_id()
    files = more.pop("files", None)
    answer = relais.post(filled(answers, instance_id, **more), files)
    assert answer.status_code == 201, answer.data
    return instance_id
