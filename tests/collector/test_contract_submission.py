"""docs/collect-contract.md, section 4: what a phone sends, and what it must hear. Rows of the receiving rules have
their own tests; these hold the conversation over a real socket."""

import hashlib
import socket
import time
from datetime import UTC, datetime, timedelta

import pytest

from collector.outcomes import SENTENCES
from forms.drafts import publish_draft
from forms.queries import get_form
from tests.collector.published import filled, form_with_files
from tests.installation import another_process, instance, new_id
from tests.phone import BadLink, Instance, Phone
from tests.served import Place, ask, multipart, serving

PHOTO = b"\xff\xd8" + bytes(1_200_000)


# --- HEAD ---


@pytest.mark.parametrize("where", ["key", "key with slash", "draft"])
def test_head_is_204_with_the_limit_and_nothing_else_c39_c40_c41_c42_c90(place: Place, where: str) -> None:
    token = place.relais.draft(form_with_files("essai")).draft_token
    url = {
        "key": f"{place.key_url}/submission",
        "key with slash": f"{place.key_url}/submission/",
        "draft": f"{place.url}/v1/test/{token}/projects/{place.relais.project_id}/forms/essai/draft/submission",
    }[where]
    answer = ask("HEAD", url + "?deviceID=collect%3Ax")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.header("X-OpenRosa-Accept-Content-Length") == "2000000"
    assert answer.header("X-OpenRosa-Version") == "1.0"
    assert answer.header("Location") is None


def test_the_limit_is_a_setting_c41(place: Place) -> None:
    with another_process(place.relais, accept_content_length=123) as relais, serving(relais) as other:
        answer = ask("HEAD", f"{other.url}{place.relais.key_url}/submission")
    assert answer.header("X-OpenRosa-Accept-Content-Length") == "123"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_the_submission_address_knows_no_other_verb_c40_c90(place: Place, method: str) -> None:
    assert place.ask(method, "/submission", b"").status == 404


def test_get_says_what_head_says_c40(place: Place) -> None:
    answer = place.ask("GET", "/submission")
    assert (answer.status, answer.body, answer.header("Content-Type")) == (204, b"", None)


# --- POST ---


def test_a_form_with_photos_comes_in_batches_and_is_one_submission_c43_c44_c45_c46(place: Place) -> None:
    phone = place.phone()
    phone.refresh()
    names = ["1700000000001.jpg", "1700000000002.jpg", "1700000000003.jpg"]
    result = phone.send(
        phone.finalize(instance(new_id(), photo=names[0]), {name: PHOTO + name.encode() for name in names})
    )
    assert (result.status, result.posts) == (201, 3)
    assert place.files() == {name: [len(PHOTO) + len(name)] for name in names}
    assert [status for _, status in place.receipts()] == ["version"]
    assert phone.remarks == []


def test_150_files_come_in_two_batches_of_at_most_103_parts_c44(place: Place) -> None:
    phone = place.phone()
    result = phone.send(phone.finalize(instance(new_id()), {f"{n}.jpg": str(n).encode() for n in range(150)}))
    assert (result.status, result.posts) == (201, 2)
    assert len(place.files()) == 150


def test_one_file_larger_than_the_announced_limit_is_taken_c44_c94(place: Place) -> None:
    phone = place.phone()
    film = bytes(6_000_000)
    result = phone.send(phone.finalize(instance(new_id(), photo="film.mp4"), {"film.mp4": film}))
    assert (result.status, result.posts) == (201, 1)
    assert place.files() == {"film.mp4": [len(film)]}


def test_a_file_over_the_limit_of_the_deployment_is_refused_with_a_sentence_before_its_body_c47_c49_c94(
    place: Place,
) -> None:
    settings = place.relais.services.settings
    head = {"Content-Length": str(settings.max_file_bytes * 2), "Content-Type": "multipart/form-data; boundary=x"}
    answer = ask("POST", f"{place.key_url}/submission", None, head)
    assert answer.status == 413
    assert "Remplacez-le par un fichier plus petit" in answer.message


def test_the_same_again_is_201_again_and_stored_once_c45_c51_c52(place: Place) -> None:
    phone = place.phone()
    sent = phone.finalize(instance(new_id(), photo="a.jpg"), {"a.jpg": PHOTO, "b.jpg": PHOTO + b"b"})
    assert [phone.send(sent).status for _ in range(3)] == [201, 201, 201]
    assert [status for _, status in place.receipts()] == ["version"]
    assert set(place.files()) == {"a.jpg", "b.jpg"}


def test_what_was_acknowledged_is_on_disk_for_everybody_at_once_c59(place: Place) -> None:
    phone = place.phone()
    phone.send(phone.finalize(instance(new_id(), photo="a.jpg"), {"a.jpg": PHOTO}))
    with another_process(place.relais) as elsewhere:
        query = "SELECT count(*) FROM submission WHERE project_id = ?"
        with elsewhere.services.database.engine.connect() as connection:
            assert connection.exec_driver_sql(query, (place.relais.project_id,)).scalar_one() == 1
        with elsewhere.services.storage.open(hashlib.sha256(PHOTO).digest()) as file:
            assert file.read() == PHOTO


def test_repeats_that_overlap_are_all_201_c52_c77(place: Place) -> None:
    phone = place.phone()
    for _ in range(5):
        results = phone.send_at_once(phone.finalize(instance(new_id(), photo="a.jpg"), {"a.jpg": b"photo"}), copies=4)
        assert {result.status for result in results} == {201}
    assert len(place.receipts()) == 5


def test_an_answer_that_was_lost_is_given_again_c51(place: Place) -> None:
    phone = place.phone()
    sent = phone.finalize(instance(new_id()))
    phone.link = BadLink(lose_answer=True)
    assert not phone.send(sent).sent
    assert phone.send(sent).status == 201
    assert len(place.receipts()) == 1


@pytest.mark.parametrize("cut", [10, 300, 700, 100_000, 1_200_000])
def test_a_request_that_was_cut_off_leaves_nothing_and_is_taken_later_c93(place: Place, cut: int) -> None:
    phone = place.phone()
    sent = phone.finalize(instance(new_id(), photo="a.jpg"), {"a.jpg": PHOTO})
    phone.link = BadLink(cut_after=cut)
    assert not phone.send(sent).sent
    assert place.receipts() == []
    assert phone.send(sent).status == 201
    assert place.files() == {"a.jpg": [len(PHOTO)]}


def test_a_body_without_its_closing_boundary_is_refused_c93(place: Place) -> None:
    body, kind = multipart(instance(new_id()))
    for end in (4, 6, 20):
        answer = place.ask("POST", "/submission", body[:-end], Content_Type=kind)
        assert (answer.status, answer.message[:35]) == (400, "L'envoi a été coupé avant la fin. R")
    assert place.receipts() == []


def test_the_answer_comes_at_once_c50(place: Place) -> None:
    phone = place.phone()
    phone.send(phone.finalize(instance(new_id())))
    assert max(exchange.seconds for exchange in phone.exchanges) < 10


def test_a_slow_upload_is_waited_for_c75(place: Place) -> None:
    body, kind = multipart(instance(new_id()))
    host, port = place.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST {place.relais.key_url}/submission HTTP/1.1\r\nHost: x\r\nX-OpenRosa-Version: 1.0\r\nContent-Type: {kind}\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode())
        for start in range(0, len(body), 100):
            connection.sendall(body[start : start + 100])
            time.sleep(0.05)
        assert connection.recv(1000).startswith(b"HTTP/1.1 201")


# --- Edits ---


def test_an_edit_brings_a_new_version_with_every_file_again_c53(place: Place) -> None:
    phone = place.phone()
    original = phone.finalize(instance(new_id(), photo="a.jpg"), {"a.jpg": b"photo"})
    phone.send(original)
    edit = phone.edit(original, original.xml.replace("Aïchatou".encode(), b"Mariama"))
    again = phone.edit(edit, edit.xml.replace(b"Mariama", b"Hadiza"))
    assert [result.status for result in phone.send_all()] == [201, 201]
    assert [status for _, status in place.receipts()] == ["version", "version", "version"]
    assert again.deprecated_id == edit.instance_id


def test_an_edit_before_its_original_is_held_and_never_a_new_case_c38_c54(place: Place) -> None:
    phone = place.phone()
    original = phone.finalize(instance(new_id()))
    edit = phone.edit(original, original.xml.replace("Aïchatou".encode(), b"Mariama"))
    first = phone.send(edit)
    assert (first.status, first.message.startswith(SENTENCES["held"][0])) == (202, True)
    assert phone.send(original).status == 201
    assert [status for _, status in place.receipts()] == ["version", "version"]
    count = f"SELECT count(*) FROM submission WHERE project_id = {place.relais.project_id}"
    assert place.relais.rows(count) == [(1,)]


def test_other_answers_under_the_same_id_are_kept_and_the_phone_is_content_c52(place: Place) -> None:
    phone = place.phone()
    one = instance(new_id())
    phone.send(phone.finalize(one))
    other = phone.finalize(one.replace("Aïchatou".encode(), b"Mariama"))
    result = phone.send(other)
    assert (result.status, result.sent) == (202, True)
    assert phone.send(other).status == 202
    assert [status for _, status in place.receipts()] == ["version", "conflict"]


# --- Around it ---


def test_who_sent_it_is_known_from_the_credential_and_not_from_the_answers_c99(place: Place) -> None:
    claimed = instance(new_id()).replace(
        b"<name>", b"<deviceid>collect:somebody</deviceid><username>chef</username><name>"
    )
    phone = place.phone(device_id="collect:itselfitselfits")
    phone.send(phone.finalize(claimed))
    query = f"SELECT actor_id, device_id, user_agent FROM receipt WHERE project_id = {place.relais.project_id}"
    ((actor, device, agent),) = place.relais.rows(query)
    assert (actor, device) == (place.credential.actor_id, "collect:itselfitselfits")
    assert agent.startswith("org.odk.collect.android/")


def test_a_library_says_what_it_is_beside_its_transport(place: Place) -> None:
    body, kind = multipart(instance(new_id()))
    sent = place.ask("POST", "/submission", body, Content_Type=kind, ODK_Client="pyodk/1", User_Agent="requests/2")
    assert sent.status == 201
    query = f"SELECT user_agent FROM receipt WHERE actor_id = {place.credential.actor_id}"
    assert [tuple(row) for row in place.relais.rows(query)] == [("pyodk/1 requests/2",)]


def test_a_phone_s_date_is_never_read_c74(place: Place) -> None:
    body, kind = multipart(instance(new_id()))
    for date in ("Mon, 23 Nov 2026 03:15:00 GMT", "Lun., 32 Nov. 2026 99:15:00 GMT", ""):
        assert place.ask("POST", "/submission", body, Content_Type=kind, Date=date).status == 201


def test_forms_are_sent_in_order_of_their_end_and_one_failure_stops_nobody_c38_c48(place: Place) -> None:
    phone = place.phone()
    now = datetime.now(UTC)
    good = [phone.finalize(instance(new_id()), finalized_at=now + timedelta(minutes=n)) for n in (2, 0)]
    bad = phone.finalize(instance(new_id(), form_id="nobody"), finalized_at=now + timedelta(minutes=1))
    results = phone.send_all()
    assert [result.instance for result in results] == [good[1], bad, good[0]]
    assert [result.status for result in results] == [201, 404, 201]


def test_a_second_phone_behind_the_same_address_is_no_stranger_c78(place: Place) -> None:
    phones = [place.phone() for _ in range(10)]
    sent: list[Instance] = []
    for phone in phones:
        sent += [phone.finalize(instance(new_id())) for _ in range(5)]
    statuses = [result.status for phone in phones for result in phone.send_all()]
    assert statuses == [201] * 50
    assert isinstance(phones[0], Phone)


def test_a_draft_s_address_takes_submissions_of_the_draft_alone(place: Place) -> None:
    version = place.relais.draft(form_with_files("essai", version="7"))
    base = f"{place.url}/v1/test/{version.draft_token}/projects/{place.relais.project_id}/forms/essai/draft"
    phone = Phone(base)
    assert phone.refresh().downloaded == ["essai"]
    assert phone.send(phone.finalize(filled("essai", "7", new_id()))).status == 201
    other = phone.send(phone.finalize(instance(new_id())))
    assert (other.status, other.message[:23]) == (400, "Cette adresse d’essai n")
    with place.relais.services.database.transaction() as session:
        publish_draft(session, get_form(session, place.relais.project_id, "essai"))
    dead = phone.send(phone.finalize(filled("essai", "7", new_id())))
    assert (dead.status, "Scannez son nouveau code" in dead.message) == (404, True)
    assert place.phone().refresh().states.keys() == {"household", "essai"}


def test_no_space_is_503_with_a_sentence_before_the_body_is_read_c47_c50(place: Place) -> None:
    with another_process(place.relais, reserve_bytes=1 << 60) as relais, serving(relais) as full:
        head = {"Content-Length": "100000000"}
        answer = ask("POST", f"{full.url}{place.relais.key_url}/submission", None, head)
    assert (answer.status, "Le serveur n'a plus de place" in answer.message) == (503, True)
