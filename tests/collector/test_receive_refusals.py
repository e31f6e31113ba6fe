"""Rows 6 and 18 to 20: what is not received leaves nothing behind, and says why."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from accounts import app_users
from tests.collector.receiving import everything, is_sound, message, post_twice, receipts
from tests.config.cut_link import cut_link
from tests.installation import BOUNDARY, Installation, another_process, instance, multipart_body, new_id
from tests.rewind import connect


def send(relais: Installation, body: bytes, **choices: Any) -> TestResponse:
    """POST a body that no phone would send."""
    return relais.client.post(
        relais.key_url + "/submission",
        data=body,
        **{"content_type": f"multipart/form-data; boundary={BOUNDARY}", **choices},
    )


@contextmanager
def nothing_stored(relais: Installation) -> Iterator[None]:
    """No row, no stored file, no temporary file."""
    before, stored = everything(relais), set(relais.services.storage.names())
    yield
    assert everything(relais) == before
    assert set(relais.services.storage.names()) == stored
    assert list(relais.services.settings.temporary.iterdir()) == []


def test_three_phones_one_may_send_one_is_of_another_project_one_is_a_stranger(relais: Installation) -> None:
    """Row 18, C88: the token decides; a wrong one is 403, whatever project the address names."""
    xml = instance(new_id())
    with nothing_stored(relais):
        stranger = post_twice(relais, xml, {"a.jpg": b"1"}, url=f"/v1/key/{'x' * 64}/projects/1")
        assert (stranger.status_code, "R-403.1" in message(stranger)) == (403, True)
    colleague = relais.new_phone()
    assert post_twice(relais, xml, url=f"/v1/key/{colleague.token}/projects/999").status_code == 201
    assert post_twice(relais, instance(new_id())).status_code == 201
    assert relais.rows("SELECT DISTINCT project_id FROM receipt") == [(1,)]


@pytest.mark.parametrize(("state", "expected"), [("active", 201), ("retired", 201), ("revoked", 403)])
def test_a_retired_phone_still_submits_and_a_revoked_one_does_not(
    relais: Installation, state: str, expected: int
) -> None:
    """Row 18: the enumerator who left yesterday has unsent forms; the thief has not."""
    with relais.services.database.transaction() as session:
        app_users.set_state(session, relais.project_id, relais.phone.actor_id, state)
    assert post_twice(relais, instance(new_id())).status_code == expected


def test_without_credentials_a_phone_is_asked_for_them(relais: Installation) -> None:
    """Row 18, C80, C83: 401 with Digest first, and a body it can show."""
    with nothing_stored(relais):
        answer = post_twice(relais, instance(new_id()), {"a.jpg": b"1"}, url="/v1/projects/1")
        assert answer.status_code == 401
        assert answer.headers.getlist("WWW-Authenticate")[0].startswith("Digest ")


def body_without(part: bytes) -> bytes:
    return multipart_body(instance(new_id()), {"a.jpg": b"photo"}).replace(part, b"", 1)


BODIES = {
    "nothing": b"",
    "no closing boundary": multipart_body(instance(new_id()), {})[:-4],
    "cut in a file": multipart_body(instance(new_id()), {"a.jpg": b"photo" * 50_000})[:-90_000],
    "cut in the xml": multipart_body(instance(new_id()), {"a.jpg": b"photo"})[:400],
    "no xml part": body_without(b'name="xml_submission_file"; '),
    "not xml": multipart_body(b"Bonjour", {"a.jpg": b"photo"}),
    "half an xml": multipart_body(instance(new_id())[:-20], {"a.jpg": b"photo"}),
    "a doctype": multipart_body(b'<!DOCTYPE data [<!ENTITY a "b">]><data id="household"/>', {"a.jpg": b"photo"}),
    "too deep": multipart_body(b'<data id="household">' + b"<a>" * 5000 + b"</a>" * 5000 + b"</data>", {}),
    "no form id": multipart_body(b"<data><meta><instanceID>uuid:1</instanceID></meta></data>", {"a.jpg": b"photo"}),
    "an endless id": multipart_body(instance("uuid:" + "1" * 300), {"a.jpg": b"photo"}),
    "an endless form id": multipart_body(instance(new_id(), form_id="f" * 300), {"a.jpg": b"photo"}),
    "a NUL in a file name": multipart_body(instance(new_id()), {"a\0.jpg": b"photo"}),
    "an endless file name": multipart_body(instance(new_id()), {"a" * 300: b"photo"}),
}


def test_what_is_not_a_whole_submission_leaves_nothing_behind(relais: Installation, subtests: pytest.Subtests) -> None:
    """Row 19, C93: 4xx with a sentence; and the next phone is served."""
    for name, body in BODIES.items():
        with subtests.test(name), nothing_stored(relais):
            for _ in range(2):
                answer = send(relais, body)
                assert 400 <= answer.status_code < 500
                assert message(answer)
    assert relais.post(instance(new_id())).status_code == 201


def test_over_the_limits_nothing_is_stored(relais: Installation) -> None:
    """Row 19: XML and single files have limits; one byte below them is received."""
    xml = instance(new_id(), photo="a.jpg")
    with another_process(relais, max_xml_bytes=len(xml), max_file_bytes=200_000) as small:
        with nothing_stored(small):
            assert post_twice(small, xml + b" ", {"a.jpg": b"photo"}).status_code == 413
            assert post_twice(small, xml, {"a.jpg": b"x" * 200_001}).status_code == 413
        assert post_twice(small, xml, {"a.jpg": b"x" * 200_000}).status_code == 201
    assert is_sound(relais)


def test_the_longest_ids_and_file_names_fit_the_indexes(relais: Installation) -> None:
    """Row 19: PostgreSQL refuses index entries over 2,700 bytes; random, because it compresses what repeats."""
    chance = Random(1)
    long = ["".join(chr(chance.randrange(0x1F300, 0x1FAFF)) for _ in range(250)) for _ in range(3)]
    xml = instance(f"uuid:{long[0]}", photo=long[1], deprecated_id=f"uuid:{long[2]}")
    assert post_twice(relais, xml, {long[1]: b"photo"}).status_code == 202
    assert post_twice(relais, instance(f"uuid:{long[2]}", version=long[0])).status_code == 202
    assert is_sound(relais)


def test_a_nul_in_what_a_phone_says_of_itself_is_left_out(relais: Installation) -> None:
    """PostgreSQL stores every character but this one."""
    assert post_twice(relais, instance(new_id()), device_id="collect:\0abc").status_code == 201
    assert relais.rows("SELECT device_id FROM receipt") == [("collect:abc",)]


def test_one_credential_cannot_fill_the_inbox(relais: Installation) -> None:
    """Row 6: a quota of open conflicts per credential, then 429; another phone is not concerned."""
    other = relais.new_phone()
    with another_process(relais, conflict_quota=3) as small:
        ids = [new_id() for _ in range(5)]
        for one in ids:
            small.post(instance(one))
        answers = [small.post(instance(one, name="B")) for one in ids]
        assert [answer.status_code for answer in answers] == [202, 202, 202, 429, 429]
        assert answers[-1].headers["Retry-After"] == "3600"
        assert "R-429" in message(answers[-1])
        url = f"/v1/key/{other.token}/projects/{relais.project_id}"
        assert small.post(instance(ids[4], name="B"), url=url).status_code == 202
        assert small.post(instance(new_id())).status_code == 201
    assert len(receipts(relais)) == 5 + 4 + 1


def test_below_the_reserve_nothing_is_promised(relais: Installation) -> None:
    """Row 20: 503 before anything is stored; when space returns, the same is received."""
    xml = instance(new_id(), photo="a.jpg")
    with another_process(relais, reserve_bytes=1 << 60) as full, nothing_stored(full):
        answer = full.post(xml, {"a.jpg": b"photo"})
        assert (answer.status_code, "R-503" in message(answer)) == (503, True)
    assert post_twice(relais, xml, {"a.jpg": b"photo"}).status_code == 201


@pytest.mark.postgres
def test_while_the_database_is_away_nothing_is_promised(hub: Installation) -> None:
    """Row 20: 503 for receiving, listing and HEAD alike, never an empty list (C17); service resumes by itself."""
    xml = instance(new_id())
    assert hub.post(instance(new_id())).status_code == 201
    with database_away(hub):
        for _ in range(2):
            answer = hub.post(xml)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
            assert message(answer)
        assert hub.client.get(f"{hub.key_url}/formList").status_code == 503
        assert hub.client.head(f"{hub.key_url}/submission").status_code == 503
    assert post_twice(hub, xml).status_code == 201
    assert is_sound(hub)


@pytest.mark.postgres
def test_a_commit_of_unknown_outcome_is_not_promised_and_the_phones_next_try_finds_it(hub: Installation) -> None:
    """Row 20, C51: 503, never 201; it had been committed, so the replay is known and stored once."""
    xml = instance(new_id(), photo="a.jpg")
    url = hub.services.settings.database_url
    with (
        TemporaryDirectory(dir="/tmp") as folder,
        cut_link(url, Path(folder)) as (cut_url, link),
        another_process(hub, database_url=cut_url) as far,
    ):
        assert far.post(instance(new_id())).status_code == 201
        link.cut_after = b"COMMIT"
        assert far.post(xml, {"a.jpg": b"photo"}).status_code == 503
        assert len(receipts(hub)) == 2
        assert post_twice(far, xml, {"a.jpg": b"photo"}).status_code == 201
    assert len(receipts(hub)) == 2
    assert is_sound(hub)


@contextmanager
def database_away(hub: Installation) -> Iterator[None]:
    """No new connections, and all present ones cut: as when the server behind the network is gone."""
    url = hub.services.settings.database_url
    name = urlsplit(url).path.strip("/")
    with connect(url.replace(f"/{name}", "/postgres")) as operator:
        operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
