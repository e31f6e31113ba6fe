"""Words for the tests of receiving: a form with files, its instances, and what a server holds of them afterwards.

Rows are those of the table in docs (architecture §5), C-numbers those of docs/collect-contract.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from accounts import events
from accounts.models import Actor, Event
from accounts.scopes import EVERYTHING
from collector.arrival import unpacked
from collector.check import check_everything
from collector.classify import Rules
from collector.models import Receipt, ReceiptFile, Submission
from collector.reading import Selection
from collector.trash import delete_submission, restore_submission
from forms.models import Form
from forms.publish import Published
from tests.installation import Installation

RESPONSE = "{http://openrosa.org/http/response}"
ENCRYPTED = "http://www.opendatakit.org/xforms/encrypted"

# Two files of its own and the client's audit log.
VISIT = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>Visite</h:title>'
    '<model><instance><data id="{form_id}" version="{version}"><name/><photo/><voice/><meta><audit/><instanceID/>'
    '<instanceName/></meta></data></instance><bind nodeset="/data/name" type="string"/>'
    '<bind nodeset="/data/photo" type="binary"/><bind nodeset="/data/voice" type="binary"/>'
    '<bind nodeset="/data/meta/audit" type="binary"/><bind nodeset="/data/meta/instanceID" type="string"/>'
    '</model></h:head><h:body><input ref="/data/name"><label>Nom</label></input>'
    '<upload ref="/data/photo" mediatype="image/*"><label>Photo</label></upload>'
    '<upload ref="/data/voice" mediatype="audio/*"><label>Voix</label></upload></h:body></h:html>'
)


def visit_form(version: str = "1", form_id: str = "visit") -> bytes:
    return VISIT.format(form_id=form_id, version=version).encode()


def visit(
    instance_id: str | None,
    *,
    form_id: str = "visit",
    version: str = "1",
    deprecated_id: str | None = None,
    name: str = "Aïchatou",
    photo: str = "",
    voice: str = "",
    audit: str = "",
) -> bytes:
    """A filled visit, written as Collect writes it (C55)."""
    answers = f"<name>{name}</name><photo>{photo}</photo><voice>{voice}</voice>"
    meta = f"<audit>{audit}</audit>" if audit else ""
    meta += f"<instanceID>{instance_id}</instanceID>" if instance_id else ""
    meta += f"<deprecatedID>{deprecated_id}</deprecatedID>" if deprecated_id else ""
    return (
        f"<?xml version='1.0' encoding='UTF-8' ?><data id=\"{form_id}\" version=\"{version}\">{answers}"
        f"<meta>{meta}</meta></data>"
    ).encode()


def same_content(xml: bytes) -> bytes:
    """The same answers written another way."""
    return xml.replace(b"<?xml version='1.0' encoding='UTF-8' ?>", b"").replace(b"<meta>", b"<!-- again --><meta>")


def envelope(
    instance_id: str | None, *media: str, version: str = "1", deprecated_id: str = "", key: str = "a2V5"
) -> bytes:
    """An encrypted submission (C57)."""
    meta = f"<instanceID>{instance_id}</instanceID>" if instance_id else ""
    meta += f"<deprecatedID>{deprecated_id}</deprecatedID>" if deprecated_id else ""
    files = "".join(f"<media><file>{name}</file></media>" for name in media)
    return (
        f'<data id="visit" version="{version}" encrypted="yes" xmlns="{ENCRYPTED}">'
        f"<base64EncryptedKey>{key}</base64EncryptedKey>"
        f'<meta xmlns="http://openrosa.org/xforms">{meta}</meta>{files}'
        "<encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
        "<base64EncryptedElementSignature>c2ln</base64EncryptedElementSignature></data>"
    ).encode()


def message(answer: TestResponse) -> str:
    """The sentence a phone shows (C49)."""
    root = etree.fromstring(answer.data)
    assert root.tag == f"{RESPONSE}OpenRosaResponse"
    text = root.findtext(f"{RESPONSE}message")
    assert text
    return text


def post_twice(
    relais: Installation, xml: bytes, files: Mapping[str, bytes] | None = None, **choices: Any
) -> TestResponse:
    """Send it, and send it again as a phone does that lost the answer (C51): the second time changes nothing at all."""
    first = relais.post(xml, files, **choices)
    before = everything(relais)
    second = relais.post(xml, files, **choices)
    assert second.status_code == first.status_code
    assert message(second) == message(first)
    assert everything(relais) == before
    return first


TABLES = ("receipt", "receipt_file", "blob", "submission", "answers", "event")


def everything(relais: Installation) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of receiving."""
    return {table: sorted(map(_bare, relais.rows("SELECT * FROM " + table)), key=repr) for table in TABLES}


def _bare(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)


@dataclass(frozen=True)
class Held:
    """A receipt as a test asks about it."""

    id: int
    instance_id: str
    status: str
    reason: str | None
    submission_id: int | None
    version_no: int | None
    xml: bytes
    form_id: int
    draft: bool
    created_at: datetime


def receipts(relais: Installation, *, form_id: int | None = None) -> list[Held]:
    """Every receipt (of a form), in order of arrival."""
    query = select(Receipt).order_by(Receipt.id)
    if form_id is not None:
        query = query.where(Receipt.form_id == form_id)
    with relais.services.database.reading() as session:
        return [
            Held(
                row.id,
                row.instance_id,
                row.status,
                row.reason,
                row.submission_id,
                row.version_no,
                unpacked(row.xml),
                row.form_id,
                bool(row.draft_version_id),
                row.created_at,
            )
            for row in session.scalars(query)
        ]


def receipt(relais: Installation, instance_id: str) -> Held:
    """The only receipt of an instance."""
    (found,) = (each for each in receipts(relais) if each.instance_id == instance_id)
    return found


def status(relais: Installation, instance_id: str) -> tuple[str, str | None]:
    """(status, reason) of the only receipt of an instance."""
    found = receipt(relais, instance_id)
    return found.status, found.reason


@dataclass(frozen=True)
class Shown:
    """A file of a receipt."""

    name: str
    content: bytes
    current: bool
    expected: bool
    carried: bool


def files(relais: Installation, receipt_id: int) -> list[Shown]:
    """Every file of a receipt, oldest first."""
    query = select(ReceiptFile).where(ReceiptFile.receipt_id == receipt_id)
    with relais.services.database.reading() as session:
        rows = list(session.scalars(query.order_by(ReceiptFile.created_at, ReceiptFile.name)))
    found = []
    for row in rows:
        with relais.services.storage.open(row.sha256) as file:
            found.append(Shown(row.name, file.read(), row.current, row.expected, row.carried_from is not None))
    return found


def shown(relais: Installation, instance_id: str) -> dict[str, bytes]:
    """name → bytes of what is shown with the only receipt of an instance."""
    return {file.name: file.content for file in files(relais, receipt(relais, instance_id).id) if file.current}


def submissions(relais: Installation) -> list[Submission]:
    """Every submission, in order of arrival."""
    with relais.services.database.reading() as session:
        return list(session.scalars(select(Submission).order_by(Submission.id)))


def actions(relais: Installation) -> list[str]:
    """What the event log says of receiving, in its order."""
    with relais.services.database.reading() as session:
        found = events.after(session, relais.project_id, 0, 10_000)
    return [event.action for event in found if event.action.startswith(("receipt.", "submission."))]


def last_event(relais: Installation) -> Event:
    with relais.services.database.reading() as session:
        return session.scalars(
            select(Event).where(Event.project_id == relais.project_id).order_by(Event.seq.desc())
        ).first()  # type: ignore[return-value]


def is_sound(relais: Installation) -> bool:
    """`relais check` finds nothing; what it finds is shown."""
    assert check_everything(relais.services).faults == []
    return True


def set_form(relais: Installation, published: Published, **values: Any) -> None:
    """Close, open, delete or restore a form."""
    with relais.services.database.transaction() as session:
        session.execute(update(Form).where(Form.id == published.form_id).values(**values))


def set_in_trash(relais: Installation, submission_id: int, *, away: bool = True) -> None:
    with relais.services.database.transaction() as session:
        submission = session.get_one(Submission, (relais.project_id, submission_id))
        place = Selection(relais.project_id, submission.form_id, EVERYTHING, in_trash=not away)
        change = delete_submission if away else restore_submission
        change(session, place, submission.instance_id, by=admin_id(relais))


def admin_id(relais: Installation) -> int:
    with relais.services.database.reading() as session:
        return session.scalars(select(Actor.id).where(Actor.type == "user")).one()


RULES = Rules()
