"""A form whose questions say who somebody is, and its instances as Collect writes them."""

from xml.sax.saxutils import escape

from tests.installation import Installation, new_id

ROLES = {"name": "name", "phone": "phone", "village": "place", "age": "age", "sex": "sex"}
QUESTIONS = ("start", "end", *ROLES, "note")


def people_form(version: str = "1", roles: dict[str, str] | None = None) -> bytes:
    """The form; `roles` by question."""
    roles = ROLES if roles is None else roles
    nodes = "".join(f"<{name}/>" for name in QUESTIONS)
    binds = "".join(
        f'<bind nodeset="/data/{name}" type="string"' + (f' ibg:match="{roles[name]}"' if name in roles else "") + "/>"
        for name in QUESTIONS
    )
    inputs = "".join(f'<input ref="/data/{name}"><label>{name}</label></input>' for name in QUESTIONS)
    return (
        '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:ibg="https://relais.example/ibg">'
        f'<h:head><h:title>Personnes</h:title><model><instance><data id="people" version="{version}">{nodes}'
        f'<meta><instanceID/></meta></data></instance>{binds}<bind nodeset="/data/meta/instanceID" type="string"/></model>'
        f"</h:head><h:body>{inputs}</h:body></h:html>"
    ).encode()


def person(instance_id: str, version: str = "1", deprecated_id: str = "", **answers: str) -> bytes:
    """One filled form; a question that is not given stands blank."""
    given = {"start": "2026-11-25T08:00:00.000+01:00", "end": "2026-11-25T08:20:00.000+01:00", **answers}
    nodes = "".join(f"<{name}>{escape(given.get(name, ''))}</{name}>" for name in QUESTIONS)
    before = f"<deprecatedID>{deprecated_id}</deprecatedID>" if deprecated_id else ""
    return (
        f'<data id="people" version="{version}">{nodes}<meta><instanceID>{instance_id}</instanceID>{before}</meta></data>'
    ).encode()


MAHAMADOU = {
    "name": "Mahamadou Zongo",
    "phone": "90112233",
    "village": "Tenkodogo",
    "age": "35",
    "sex": "m",
    "note": "a",
}
MAMADOU = {**MAHAMADOU, "name": "Mamadou Zongo", "age": "36", "note": "b", "end": "2026-11-26T09:20:00.000+01:00"}
THIRD = {**MAMADOU, "note": "c", "end": "2026-11-27T09:20:00.000+01:00"}
FATIMATA = {"name": "Fatimata Diallo", "phone": "70445566", "village": "Gao", "age": "22", "sex": "f", "note": "c"}


def send(relais: Installation, version: str = "1", deprecated_id: str = "", **answers: str) -> str:
    """Send one as a phone does; its instanceID."""
    instance_id = new_id()
    answer = relais.post(person(instance_id, version, deprecated_id, **answers))
    assert answer.status_code == 201, answer.data
    return instance_id
