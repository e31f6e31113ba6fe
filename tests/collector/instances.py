"""Random submissions of a form, and their answers read again by another way than the server's.

The server walks the document once; here every field is looked for by its path, with the standard library's ElementTree.
"""

import xml.etree.ElementTree as ET

from hypothesis import strategies as st

from forms.xform import Field, FormDefinition

OPENROSA = "http://openrosa.org/xforms"
ANSWERS = st.one_of(
    st.none(),
    st.sampled_from(
        ["", " ", "x", "=1+1", "a,b", 'say "hi"', "two\nlines", "\ttab ", "12.5 -3.2 0 4.5", "1 2", "\u202bعربي", "'"]
    ),
    st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff"), max_size=6),
)


def children_of(definition: FormDefinition, path: str) -> list[Field]:
    return [field for field in definition.fields if field.path.rpartition("/")[0] == path]


@st.composite
def submissions(draw: st.DrawFn, definition: FormDefinition, instance_id: str = "uuid:1") -> bytes:
    """A submission as a phone may send it: absent and blank nodes, any order, several copies of repeats, orx:meta."""
    root = ET.Element("data", {"id": definition.xml_form_id, "version": definition.version})
    _fill(draw, definition, root, "")
    for meta in root.findall("meta") or [ET.SubElement(root, "meta")]:
        for name in meta.findall("instanceID"):
            meta.remove(name)
    ET.SubElement(root.findall("meta")[0], "instanceID").text = instance_id
    if draw(st.booleans()):
        for meta in root.findall("meta"):
            for element in meta.iter():
                element.tag = f"{{{OPENROSA}}}{element.tag}"
    return ET.tostring(root, encoding="unicode").encode()


def _fill(draw: st.DrawFn, definition: FormDefinition, element: ET.Element, path: str) -> None:
    for field in draw(st.permutations(children_of(definition, path))):
        copies = draw(st.integers(0, 3)) if field.type == "repeat" else 1
        for _ in range(copies):
            text = draw(ANSWERS)
            if field.type in ("structure", "repeat"):
                _fill(draw, definition, ET.SubElement(element, field.name), field.path)
            elif text is not None:
                ET.SubElement(element, field.name).text = text


def plain(xml: bytes) -> ET.Element:
    """The submission with all namespaces taken off."""
    root = ET.fromstring(xml)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def below(path: str, above: str) -> str:
    """`/a/b/c` seen from `/a`, as ElementTree wants it: `b/c`."""
    return path[len(above) + 1 :]
