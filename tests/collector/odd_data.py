"""A form and submissions as bad as they come, and exports of them."""

from typing import Any

from accounts.scopes import EVERYTHING
from collector.export import form_facts, plan_export, selection_of
from collector.export_request import ExportRequest, checked
from collector.export_run import Run, begin
from collector.models_exports import StoredExport
from tests.collector.forms import group, question, repeat
from tests.collector.receiving import envelope
from tests.collector.xforms import send, xform_of
from tests.installation import Installation

LONG = "é" * 40_000
TEXTS = (
    'a"b,c;d',
    "two\nlines",
    "\u202bعربي\u202c",
    "🐪 👩\u200d👧",
    "=cmd()|' /C calc'!A0",
    "+227 90 12 34 56",
    "-x",
    "007",
    " ",
    LONG,
)
OLD = xform_of(
    question("text"), question("gone"), repeat("member", question("name"), repeat("child", question("age", "int")))
)
NEW = xform_of(
    question("text"),
    question("size", "int"),
    question("price", "decimal"),
    question("day", "date"),
    question("seen", "dateTime"),
    question("regions", "select"),
    group("home", question("place", "geopoint"), question("land", "geoshape")),
    repeat("member", question("name"), question("here", "geopoint"), repeat("child", question("age", "int"))),
    repeat("empty", question("x")),
    version="2",
)


def fill_oddly(relais: Installation) -> None:
    """A form of two versions with everything that analysts trip over."""
    relais.publish(OLD)
    send(relais, {"text": "old", "gone": "x", "member": [{"name": "A", "child": [{"age": "1"}]}]}, "uuid:old")
    assert relais.post(envelope("uuid:encrypted").replace(b'id="visit"', b'id="survey"')).status_code == 201
    relais.publish(NEW)
    for number, text in enumerate(TEXTS):
        send(relais, {"text": text, "regions": "north nowhere"}, f"uuid:{number}", version="2")
    send(
        relais,
        {"size": "many", "price": "1,5", "day": "0001-01-01", "seen": "soon", "home": {"place": "95 200"}},
        "uuid:bad",
        version="2",
    )
    members = [{"name": "B", "here": "13.6 2.2 0 0", "child": [{"age": "7"}, {"age": "8"}]}, {"name": "C"}]
    home = {"place": "13.5 2.1 210 4.5", "land": "1 1;1 2;2 2;1 1"}
    send(
        relais,
        {
            "size": "12", "price": "12.50", "day": "2026-11-23", "seen": "2026-11-23T12:00:00.000+01:00", "home": home,
            "member": members,
        },
        "uuid:good",
        version="2",
    )  # fmt: skip


COUNT = len(TEXTS) + 4


def export(relais: Installation, request: ExportRequest) -> tuple[bytes, dict[str, Any]]:
    """The file, and the passport that is kept of it."""
    request = checked(request)
    with relais.services.database.reading() as session:
        form = form_facts(session, relais.project_id, "survey")
        plan = plan_export(session, relais.services, form, selection_of(form, EVERYTHING), request)
    with relais.services.database.transaction() as session:
        run = Run(relais.services, plan, *begin(session, plan, None))
    content = b"".join(run.pieces())
    with relais.services.database.reading() as session:
        stored = session.get_one(StoredExport, (relais.project_id, run.number))
    assert stored.status == "done"
    assert stored.passport is not None
    return content, stored.passport
