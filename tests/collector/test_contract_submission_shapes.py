"""docs/collect-contract.md, section 4: the shapes of what a phone sends, old forms, and what the enumerator reads."""

import pytest

from collector.outcomes import SENTENCES
from forms.states import set_form_state
from tests.collector.published import filled, form_with_files
from tests.installation import Installation, instance, new_id, xform
from tests.served import Place, ask, multipart, serving

# --- Shapes ---


SHAPES = {
    "as Collect": (
        "<?xml version='1.0' encoding='UTF-8' ?><data id=\"household\" version=\"1\"><name>😀 =1+1 \u202bعربي\u202c\nligne"
        "</name><age /><meta><instanceID>{id}</instanceID></meta></data>"
    ),
    "with orx:meta": (
        '<data xmlns:orx="http://openrosa.org/xforms" xmlns:jr="http://openrosa.org/javarosa" id="household" version="1">'
        "<orx:meta><orx:instanceID>{id}</orx:instanceID></orx:meta><child><first_name>B</first_name></child>"
        "<name>A</name><child><first_name>C</first_name></child></data>"
    ),
    "with a default namespace": (
        '<data xmlns="http://example.org/household" id="household" version="1"><meta><instanceID>{id}</instanceID></meta>'
        "</data>"
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_any_xml_a_phone_writes_is_kept_to_the_byte_c55(place: Place, shape: str) -> None:
    xml = SHAPES[shape]
    content = xml.format(id=new_id()).encode()
    phone = place.phone()
    assert phone.send(phone.finalize(content)).status == 201
    assert place.receipts() == [(content, "version")]


def test_the_same_file_name_in_two_forms_is_two_files_c56(place: Place) -> None:
    phone = place.phone()
    phone.refresh()
    for content in (b"one", b"three"):
        phone.finalize(instance(new_id(), photo="1700000000000.jpg"), {"1700000000000.jpg": content})
    assert {result.status for result in phone.send_all()} == {201}
    assert place.files() == {"1700000000000.jpg": [3, 5]}


def test_the_instance_file_may_have_any_name_c56(place: Place) -> None:
    place.relais.publish(form_with_files(title="Été « نموذج » 表"))
    phone = place.phone()
    phone.refresh()
    sent = phone.finalize(filled("survey", "1", new_id()))
    assert not sent.file_name.isascii()
    assert phone.send(sent).status == 201


@pytest.mark.parametrize(
    "name", ['a "b".jpg', "\u00e9t\u00e9.jpg", "e\u0301te\u0301.jpg", "a\r\nb.jpg", "100%.jpg", "a;b=c.jpg", "😀.jpg"]
)
def test_a_file_keeps_the_name_its_form_knows_it_by_c91(place: Place, name: str) -> None:
    phone = place.phone()
    sent = phone.finalize(instance(new_id(), photo=name), {name: b"photo"})
    assert phone.send(sent).status == 201
    # The phone writes these three as %22, %0D and %0A, and nothing tells them from a name that holds just that.
    written = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    assert set(place.files()) <= {name, written}


def test_a_folder_in_a_file_name_is_no_folder_here_c91(place: Place) -> None:
    body, kind = multipart(instance(new_id()), {"../../../tmp/relais-outside.jpg": b"x"})
    assert place.ask("POST", "/submission", body, Content_Type=kind).status == 201
    assert not (place.relais.services.settings.data.parent.parent.parent / "tmp" / "relais-outside.jpg").exists()


def test_an_encrypted_envelope_is_received_with_the_files_it_names_c57(place: Place) -> None:
    identity = new_id()
    envelope = (
        '<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="household" version="1" encrypted="yes">'
        f'<base64EncryptedKey>a2V5</base64EncryptedKey><meta xmlns="http://openrosa.org/xforms"><instanceID>{identity}'
        "</instanceID></meta><media><file>1.jpg.enc</file></media><encryptedXmlFile>submission.xml.enc</encryptedXmlFile>"
        "<base64EncryptedElementSignature>c2ln</base64EncryptedElementSignature></data>"
    ).encode()
    phone = place.phone()
    files = {"1.jpg.enc": b"sealed", "submission.xml.enc": b"sealed too", "1.jpg": b"left over after a crash"}
    assert phone.send(phone.finalize(envelope, files)).status == 201
    assert set(place.files()) == {"1.jpg.enc", "submission.xml.enc"}


# --- Old forms ---


def test_an_old_version_is_received_after_a_new_one_c58(place: Place) -> None:
    phone = place.phone()
    sent = phone.finalize(instance(new_id()))
    place.relais.publish(xform(version="2"))
    assert phone.send(sent).status == 201


@pytest.mark.parametrize(("state", "status"), [("closing", 201), ("closed", 202)])
def test_a_form_that_left_the_list_is_still_received_c58_c97(place: Place, state: str, status: int) -> None:
    phone = place.phone()
    phone.refresh()
    sent = phone.finalize(instance(new_id()))
    with place.relais.services.database.transaction() as session:
        set_form_state(session, place.relais.project_id, "household", state)
    assert phone.refresh().deleted == ["household"]
    result = phone.send(sent)
    assert (result.status, result.sent) == (status, True)
    assert phone.send(sent).status == status


# --- What the enumerator reads ---


def test_a_success_says_so_in_the_project_s_language_c49(place: Place) -> None:
    phone = place.phone()
    sent = phone.finalize(instance(new_id()))
    assert phone.send(sent).message == f"{SENTENCES['version'][0]} ({sent.instance_id[-4:].upper()})"


REFUSALS = {
    "no form data": (400, b"{}", "application/json"),
    "no submission": (400, b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n', None),
    "not XML": (400, b"<data", None),
    "a DOCTYPE": (400, b"<!DOCTYPE a><data/>", None),
    "no form id": (400, b"<data/>", None),
    "an unknown form": (404, b'<data id="nobody"><meta><instanceID>uuid:1</instanceID></meta></data>', None),
}


@pytest.mark.parametrize("reason", REFUSALS)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_refusal_is_a_short_sentence_in_the_project_s_language_c47_c49(
    place: Place, reason: str, language: str
) -> None:
    where = place if language == "fr" else _in_english(place)
    status, content, kind = REFUSALS[reason]
    if kind is None:
        body, kind = multipart(content) if content.startswith(b"<") else (content, "multipart/form-data; boundary=x")
    else:
        body = content
    answer = where.ask("POST", "/submission?deviceID=collect%3Ax", body, Content_Type=kind)
    assert answer.status == status
    assert (answer.header("Content-Type") or "").startswith("text/xml")
    sentence, _, number = answer.message.rpartition(" (R-")
    assert number.startswith(str(status))
    assert 10 < len(sentence) <= 120
    words = set(sentence.lower().replace("'", " ").replace("’", " ").split())
    assert bool(words & {"the", "this", "form"}) == (language == "en")
    assert bool(words & {"le", "la", "l", "les", "ce"}) == (language == "fr")


def _in_english(place: Place) -> Place:
    relais = place.relais
    with relais.services.database.transaction() as session:
        session.connection().exec_driver_sql(f"UPDATE project SET language = 'en' WHERE id = {relais.project_id}")
    return place


def test_a_repeat_is_never_refused_whatever_has_happened_since_c52_c92(place: Place) -> None:
    phone = place.phone()
    sent = phone.finalize(instance(new_id()))
    phone.send(sent)
    with place.relais.services.database.transaction() as session:
        set_form_state(session, place.relais.project_id, "household", "closed")
    assert phone.send(sent).status == 201
    with place.relais.services.database.transaction() as session:
        statement = "UPDATE form SET deleted_at = '2026-01-01 00:00:00' WHERE project_id = "
        session.connection().exec_driver_sql(statement + str(place.relais.project_id))
    assert phone.send(sent).status == 201


ODD_DEVICES = ("?deviceID=a%00b", "?deviceID=%FF%FE", "?deviceID=" + "x" * 5000, "?deviceID=%F0%9F%98%80", "?", "")


def test_no_device_id_keeps_a_phone_from_sending_c1(relais: Installation) -> None:
    with serving(relais) as running:
        for number, query in enumerate(ODD_DEVICES):
            body, kind = multipart(instance(new_id(), photo="a.jpg"), {"a.jpg": b"x"})
            headers = {
                "Content-Type": kind,
                "User-Agent": "é" * 500 if number % 2 else "org.odk.collect.android/v2026.3.0",
            }
            answer = ask("POST", f"{running.url}{relais.key_url}/submission{query}", body, headers)
            assert answer.status == 201, query
    devices = [row[0] for row in relais.rows("SELECT device_id FROM receipt ORDER BY id")]
    assert devices == ["ab", "%FF%FE", "x" * 255, "😀", None, None]


def test_a_file_name_no_database_can_hold_is_a_sentence_and_not_a_failure_c91(relais: Installation) -> None:
    with serving(relais) as running:
        for name in ("a\0b.jpg", "x" * 1000 + ".jpg", "\x07.jpg", "\ufdd0.jpg", "\u202e.jpg"):
            body, kind = multipart(instance(new_id()), {name: b"x"})
            url = f"{running.url}{relais.key_url}/submission"
            answer = ask("POST", url, body, {"Content-Type": kind})
            assert answer.status in (201, 400), (name, answer.body)
            assert answer.message
