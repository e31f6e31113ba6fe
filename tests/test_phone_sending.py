"""The phone of the tests sends as Collect does: HEAD, multipart bytes, batches, replays, credentials, edits."""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.handset.stub import ANSWER, FORM, Reply, Stub
from tests.phone import BadLink, ContractBroken, FetchFailed, Instance, Phone, ShakyLink

FILLED = (
    b"<?xml version='1.0' encoding='UTF-8' ?><data id=\"passage\" version=\"1\"><age>7</age>"
    b"<meta><instanceID>uuid:1</instanceID></meta></data>"
)


@pytest.fixture
def stub() -> Iterator[Stub]:
    server = Stub()
    yield server
    server.close()


@pytest.fixture
def phone(stub: Stub) -> Phone:
    return Phone(stub.url, device_id="collect:abcdefghijklmnop")


def test_a_post_has_okhttps_multipart_bytes(stub: Stub, phone: Phone) -> None:
    phone.refresh()
    when = datetime(2026, 11, 22, 10, 22, 3, tzinfo=UTC)
    phone.finalize(FILLED, {'é"1.jpg': b"\xff\xd8"}, when)
    assert phone.send_all()[0].sent
    (post,) = stub.posts()
    kind = post.header("Content-Type") or ""
    boundary = kind.removeprefix("multipart/form-data; boundary=")
    assert re.fullmatch(r"[0-9a-f-]{36}", boundary)
    assert post.body == (
        f"--{boundary}\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; "
        'filename="Passage é_2026-11-22_10-22-03.xml"\r\nContent-Type: text/xml\r\n\r\n'.encode()
        + FILLED
        + f"\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"é%221.jpg\"; filename=\"é%221.jpg\"\r\n"
        "Content-Type: image/jpeg\r\n\r\n".encode()
        + b"\xff\xd8"
        + f"\r\n--{boundary}--\r\n".encode()
    )  # fmt: skip
    assert post.header("Content-Length") == str(len(post.body))


def test_a_head_precedes_every_instance(stub: Stub, phone: Phone) -> None:
    for second in (2, 1):
        phone.finalize(FILLED, finalized_at=datetime(2026, 1, 1, 0, 0, second, tzinfo=UTC))
    phone.send_all()
    assert [one.method for one in stub.received] == ["HEAD", "POST", "HEAD", "POST"]


def test_small_limits_make_batches_that_each_carry_the_xml_and_all_but_the_last_the_flag(
    stub: Stub, phone: Phone
) -> None:
    stub.limit = str(len(FILLED) + 250)
    phone.finalize(FILLED, {"a.jpg": b"a" * 900, "b.jpg": b"b" * 100, "c.jpg": b"c" * 100, "d.jpg": b"d" * 100})
    result = phone.send_all()[0]
    bodies = [post.body for post in stub.posts()]
    assert (result.sent, result.posts, len(bodies)) == (True, 3, 3)
    assert all(FILLED in body for body in bodies)
    assert [b'name="*isIncomplete*"\r\n\r\nyes' in body for body in bodies] == [True, True, False]
    assert [re.findall(rb'filename="(\w\.jpg)"', body) for body in bodies] == [
        [b"a.jpg"],
        [b"b.jpg", b"c.jpg"],
        [b"d.jpg"],
    ]


def test_a_batch_holds_at_most_101_files(stub: Stub, phone: Phone) -> None:
    phone.finalize(FILLED, {f"{number}.jpg": b"" for number in range(150)})
    phone.send_all()
    assert [post.body.count(b'filename="') - 1 for post in stub.posts()] == [101, 49]


@pytest.mark.parametrize("status", [200, 204])
def test_a_post_answered_200_or_204_breaks_the_contract(stub: Stub, phone: Phone, status: int) -> None:
    stub.replies[("POST", "/submission")] = Reply(status)
    phone.finalize(FILLED)
    with pytest.raises(ContractBroken, match="^C46:"):
        phone.send_all()


def test_a_head_answered_200_breaks_the_contract(stub: Stub, phone: Phone) -> None:
    stub.replies[("HEAD", "/submission")] = Reply(200)
    phone.finalize(FILLED)
    with pytest.raises(ContractBroken, match="^C40:"):
        phone.send_all()


def test_a_head_answered_405_is_ignored(stub: Stub, phone: Phone) -> None:
    stub.replies[("HEAD", "/submission")] = Reply(405)
    phone.finalize(FILLED)
    assert phone.send_all()[0].sent


def test_a_post_redirected_with_302_breaks_the_contract_and_307_is_followed(stub: Stub, phone: Phone) -> None:
    phone.finalize(FILLED)
    stub.replies[("POST", "/submission")] = Reply(307, b"", {"Location": "/elsewhere"})
    assert phone.send_all()[0].sent
    assert stub.posts()[1].body == stub.posts()[0].body
    stub.replies[("POST", "/submission")] = Reply(302, b"", {"Location": "/elsewhere"})
    with pytest.raises(ContractBroken, match="^C72:"):
        phone.send(phone.outbox[0])


def test_a_refused_instance_is_kept_with_the_servers_sentence_and_the_rest_is_sent(stub: Stub, phone: Phone) -> None:
    replies = iter(
        [Reply(409, ANSWER.format("déjà &amp; autre").encode()), Reply(202, ANSWER.format("gardé").encode())]
    )
    stub.replies[("POST", "/submission")] = lambda request: next(replies)
    first = phone.finalize(FILLED)
    second = phone.finalize(FILLED.replace(b"uuid:1", b"uuid:2"), finalized_at=first.finalized_at + timedelta(1))
    results = phone.send_all()
    assert [(one.sent, one.message) for one in results] == [(False, "déjà & autre"), (True, "gardé")]
    assert (first.status, second.status) == ("failed", "sent")


def test_a_replay_answered_409_breaks_the_contract(stub: Stub, phone: Phone) -> None:
    instance = phone.finalize(FILLED)
    phone.send_all()
    stub.replies[("POST", "/submission")] = Reply(409)
    with pytest.raises(ContractBroken, match="^C52:"):
        phone.send(instance)


def test_a_lost_answer_leaves_the_instance_to_be_sent_again_with_the_same_bytes(stub: Stub, phone: Phone) -> None:
    phone.finalize(FILLED)
    phone.link = BadLink(lose_answer=True)
    lost = phone.send_all()[0]
    assert (lost.sent, lost.status, len(stub.posts())) == (False, None, 1)
    assert phone.send_all()[0].sent
    assert stub.posts()[1].body.count(FILLED) == 1


def test_a_cut_request_never_reaches_the_server_whole(stub: Stub, phone: Phone) -> None:
    phone.finalize(FILLED, {"a.jpg": b"a" * 5000})
    phone.link = BadLink(cut_after=1500)
    assert not phone.send_all()[0].sent
    assert stub.posts() == []
    assert phone.send_all()[0].sent


def test_a_failure_in_a_later_batch_starts_again_from_the_first(stub: Stub, phone: Phone) -> None:
    stub.limit = "1"
    phone.finalize(FILLED, {"a.jpg": b"a", "b.jpg": b"b"})
    replies = iter([Reply(201), Reply(503), Reply(201), Reply(201)])
    stub.replies[("POST", "/submission")] = lambda request: next(replies)
    assert not phone.send_all()[0].sent
    assert phone.send_all()[0].posts == 2
    assert b"a.jpg" in stub.posts()[2].body


def test_a_shaky_link_repeats_itself_with_the_same_seed() -> None:
    fates = [
        [ShakyLink(random.Random(seed), cut=0.2, lose=0.3).fate("POST", 100) for _ in range(20)] for seed in (5, 5)
    ]
    assert fates[0] == fates[1]


def test_overlapping_repeats_are_sent_on_their_own_connections(stub: Stub, phone: Phone) -> None:
    results = phone.send_at_once(phone.finalize(FILLED), copies=4)
    assert [one.sent for one in results] == [True] * 4
    assert len(stub.posts()) == 4


def test_a_connection_is_used_again(stub: Stub, phone: Phone) -> None:
    for _ in range(3):
        phone.finalize(FILLED)
    phone.send_all()
    assert len({one.peer for one in stub.received}) == 1


def test_408_is_repeated_once_and_503_only_when_told_zero_seconds(stub: Stub, phone: Phone) -> None:
    stub.replies[("GET", "/formList")] = Reply(408)
    with pytest.raises(FetchFailed):
        phone.form_list()
    assert len(stub.received) == 2
    stub.replies[("GET", "/formList")] = Reply(503, b"", {"Retry-After": "1"})
    with pytest.raises(FetchFailed):
        phone.form_list()
    assert len(stub.received) == 3


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_digest_credentials_come_after_a_challenge_and_then_unasked_with_a_growing_count(
    stub: Stub, algorithm: str
) -> None:
    stub.credentials, stub.algorithm = ("poste-1", "s3cret"), algorithm
    phone = Phone(stub.url, "poste-1", "s3cret")
    phone.finalize(FILLED)
    phone.refresh()
    assert phone.send_all()[0].sent
    sent = [one.header("Authorization") for one in stub.received]
    assert [value is None for value in sent] == [True] + [False] * (len(sent) - 1)
    counts = [re.search(r"nc=([0-9a-f]{8})", value)[1] for value in sent if value]  # type: ignore[index]
    assert counts == [f"{number:08x}" for number in range(1, len(counts) + 1)]
    assert "qop=auth, nc=00000001, cnonce=" in (sent[1] or "")
    assert f"algorithm={algorithm}" in (sent[1] or "")


def test_a_stale_nonce_costs_one_repeat(stub: Stub) -> None:
    stub.credentials = ("poste-1", "s3cret")
    phone = Phone(stub.url, "poste-1", "s3cret")
    phone.form_list()
    stub.nonce = "another"
    stub.received.clear()
    phone.finalize(FILLED)
    assert phone.send_all()[0].sent
    assert [one.method for one in stub.received] == ["HEAD", "HEAD", "POST"]


def test_wrong_credentials_stop_at_head(stub: Stub) -> None:
    stub.credentials = ("poste-1", "s3cret")
    phone = Phone(stub.url, "poste-1", "wrong")
    phone.finalize(FILLED)
    assert phone.send_all()[0].status == 401
    assert stub.posts() == []


def test_basic_is_not_answered_over_plain_http(stub: Stub) -> None:
    stub.replies[("GET", "/formList")] = Reply(401, b"", {"WWW-Authenticate": 'Basic realm="posts"'})
    with pytest.raises(FetchFailed, match="credentials wanted"):
        Phone(stub.url, "poste-1", "s3cret").form_list()
    assert len(stub.received) == 1


@pytest.mark.parametrize(
    "challenge", ['Digest realm="x"', 'Digest realm="x", nonce="n", qop="auth-int"', 'Digest nonce="n"']
)
def test_a_challenge_the_phone_cannot_answer_breaks_the_contract(stub: Stub, phone: Phone, challenge: str) -> None:
    stub.replies[("GET", "/formList")] = Reply(401, b"", {"WWW-Authenticate": challenge})
    with pytest.raises(ContractBroken, match="^C83:"):
        phone.form_list()


def test_an_edit_names_its_original_last_in_meta_without_namespace_and_sends_all_files_again(phone: Phone) -> None:
    orx = FILLED.replace(b"<meta>", b'<orx:meta xmlns:orx="http://openrosa.org/xforms">').replace(
        b"</meta>", b"</orx:meta>"
    )
    original = phone.finalize(orx.replace(b"instanceID>", b"orx:instanceID>"), {"a.jpg": b"a"})
    edit = phone.edit(original, original.xml.replace(b"<age>7", b"<age>8"))
    assert edit.xml.endswith(b"<deprecatedID>uuid:1</deprecatedID></orx:meta></data>")
    assert re.fullmatch(r"uuid:[0-9a-f-]{36}", edit.instance_id)
    assert (edit.deprecated_id, edit.files) == ("uuid:1", {"a.jpg": b"a"})


def test_an_edit_of_an_edit_names_the_previous_edit_only(phone: Phone) -> None:
    first = phone.edit(Instance(FILLED))
    second = phone.edit(first)
    assert second.deprecated_id == first.instance_id
    assert second.xml.count(b"<deprecatedID") == 1


def test_the_forms_own_submission_address_is_used(stub: Stub, phone: Phone) -> None:
    action = f'<submission action="{stub.url}/own/submission"/></model>'.encode()
    stub.form = FORM.replace(b"</model>", action)
    phone.refresh()
    phone.finalize(FILLED)
    phone.send_all()
    assert stub.posts()[0].target.startswith("/own/submission?deviceID=")
