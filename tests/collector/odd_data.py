"""A form of five versions and submissions as bad as they come, and exports of them."""

from typing import Any

import pytest

from accounts.scopes import EVERYTHING
from collector.export import form_facts, plan_export, selection_of
from collector.export_request import ExportRequest, checked
from collector.export_run import Run, begin
from collector.models_exports import StoredExport
from collector.unlocking import NO_KEYS, Keys, managed_keys, opened_keys
from forms import managed_key
from tests.collector.encrypted import send_sealed
from tests.collector.forms import Node, group, question, repeat
from tests.collector.receiving import envelope
from tests.collector.xforms import filled, send, xform_of
from tests.installation import Installation

PASSPHRASE = "mange mille et un mil"
# A megabyte; the last character of a piece is rarely where a piece ends.
LONG = "x" + "é" * 524_288
TEXTS = (
    'a"b,c;d',
    "two\nlines",
    "one\r\nand\rother ends",
    "\u202bعربي\u202c",
    "🐪 👩\u200d👧",
    "=cmd()|' /C calc'!A0",
    "+227 90 12 34 56",
    "-x",
    "'=already guarded",
    "007",
    " ",
    "\ttab\t",
    "\u0085\u0090\u2028\ufeff\u0301",
    "<b>&amp;</b>]]>",
    "NA",
    LONG,
)
_REGIONS = question("regions", "select")
_MEMBER = repeat("member", question("name"), question("here", "geopoint"), repeat("child", question("age", "int")))
_TYPED = (question("size", "int"), question("price", "decimal"), question("day", "date"), question("seen", "dateTime"))
_HOME = group("home", question("place", "geopoint"), question("land", "geoshape"))
_OLD = (
    question("text"), question("gone"), repeat("member", question("name"), repeat("child", question("age", "int")))
)  # fmt: skip
VERSIONS: tuple[tuple[Node, ...], ...] = (
    _OLD,
    # Another order, a group, a repeat that will be gone.
    (repeat("lost", question("x")), question("gone"), question("text"), group("home", question("roof"))),
    (question("text"), *_TYPED, _MEMBER),
    (question("text"), *_TYPED, _HOME, _MEMBER, question("regions", "select")),
    (question("text"), *_TYPED, _REGIONS, _HOME, _MEMBER, repeat("empty", question("x"))),
)
CURRENT = str(len(VERSIONS))
ANSWERS: dict[str, dict[str, Any]] = {
    "uuid:old1": {"text": "old", "gone": "x", "member": [{"name": "A", "child": [{"age": "1"}]}]},
    "uuid:old2": {"text": "two", "gone": "y", "lost": [{"x": "1"}, {"x": "2"}], "home": {"roof": "tôle"}},
    "uuid:old3": {"text": "three", "size": "3", "member": [{"name": "M"}, {}]},
    "uuid:old4": {"text": "four", "regions": "south", "home": {"place": "13 2"}},
    **{f"uuid:{number}": {"text": text, "regions": "north nowhere"} for number, text in enumerate(TEXTS)},
    "uuid:bad": {"size": "many", "price": "1,5", "day": "0001-01-01", "seen": "soon", "home": {"place": "95 200"}},
    "uuid:odd": {
        "size": "9007199254740993", "price": "0.1000000000000000055", "day": "2026-02-30", "seen": "99999-01-01T00:00:00",
        "home": {"place": "north", "land": "1 1;1 2"},
    },
    "uuid:empty": {},
    "uuid:good": {
        "size": "12",
        "price": "12.50",
        "day": "2026-11-23",
        "seen": "2026-11-23T12:00:00.000+01:00",
        "home": {"place": "13.5 2.1 210 4.5", "land": "1 1;1 2;2 2;1 1"},
        "member": [{"name": "B", "here": "13.6 2.2 0 0", "child": [{"age": "7"}, {"age": "8"}]}, {"name": "C"}],
    },
}  # fmt: skip
# Sealed for a key that nobody has, and for the project's own.
LOCKED, SEALED = "uuid:encrypted", "uuid:sealed"
COUNT = len(ANSWERS) + 2


def fill_oddly(relais: Installation) -> None:
    """A form of five versions, and a sixth that encrypts, with everything that analysts trip over."""
    old = iter(("uuid:old1", "uuid:old2", "uuid:old3", "uuid:old4"))
    for number, nodes in enumerate(VERSIONS, 1):
        relais.publish(xform_of(*nodes, version=str(number)))
        if (name := next(old, None)) is not None:
            send(relais, ANSWERS[name], name, version=str(number))
    sealed = envelope(LOCKED).replace(b'id="visit"', b'id="survey"')
    assert relais.post(sealed).status_code == 201
    for name, answers in ANSWERS.items():
        if not name.startswith("uuid:old"):
            # XML has no carriage return but as a reference.
            xml = filled(answers, name, version=CURRENT).replace(b"\r", b"&#13;")
            assert relais.post(xml).status_code == 201, name
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(managed_key, "ROUNDS", 10)
        answer = relais.client.post("/v1/projects/1/key", json={"passphrase": PASSPHRASE}, headers=relais.admin)
        assert answer.status_code == 200, answer.text
    version = relais.client.get("/v1/projects/1/forms/survey", headers=relais.admin).get_json()["version"]
    send_sealed(relais, filled({"text": "sealed", "size": "5"}, SEALED, version=version))


def keys_of(relais: Installation) -> Keys:
    """The project's key, opened."""
    key_id = relais.client.get("/v1/projects/1", headers=relais.admin).get_json()["keyId"]
    with relais.services.database.reading() as session, pytest.MonkeyPatch.context() as patched:
        patched.setattr(managed_key, "ROUNDS", 10)
        return opened_keys(managed_keys(session, relais.project_id, [key_id]), {key_id: PASSPHRASE})


def export(relais: Installation, request: ExportRequest, keys: Keys = NO_KEYS) -> tuple[bytes, dict[str, Any]]:
    """The file, and the passport that is kept of it."""
    request = checked(request)
    with relais.services.database.reading() as session:
        form = form_facts(session, relais.project_id, "survey")
        plan = plan_export(session, relais.services, form, selection_of(form, EVERYTHING), request, keys=keys)
    with relais.services.database.transaction() as session:
        run = Run(relais.services, plan, *begin(session, plan, None))
    content = b"".join(run.pieces())
    with relais.services.database.reading() as session:
        stored = session.get_one(StoredExport, (relais.project_id, run.number))
    assert stored.status == "done"
    assert stored.passport is not None
    return content, stored.passport
