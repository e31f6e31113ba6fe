"""Rows 3 and 14 to 16: erased instances, encrypted envelopes, instances without an id, drafts."""

from collections.abc import Callable

import pytest

from accounts.models import Tombstone
from collector.intake import tombstone_key
from collector.outcomes import SENTENCES
from config.clock import now
from forms.drafts import delete_draft
from forms.queries import get_form
from tests.collector.receiving import (
    actions,
    envelope,
    files,
    is_sound,
    last_event,
    message,
    post_twice,
    receipt,
    receipts,
    shown,
    status,
    submissions,
    visit,
    visit_form,
)
from tests.installation import Installation, instance, new_id, xform


@pytest.fixture
def visits(relais: Installation) -> Installation:
    """A server with a form of two files and an audit log."""
    relais.publish(visit_form())
    return relais


def erase(relais: Installation, instance_id: str) -> None:
    """What remains of an instance after two people have erased it."""
    key = tombstone_key(relais.services.secret, instance_id)
    with relais.services.database.transaction() as session:
        session.add(
            Tombstone(project_id=relais.project_id, kind="instance", key_hmac=key, reason="asked", created_at=now())
        )


def test_an_erased_instance_is_not_brought_back_by_a_phone(relais: Installation) -> None:
    """Row 3: the phone is told, an event without content is written, nothing is stored; in whatever bytes it comes."""
    one = new_id()
    erase(relais, one)
    for xml in (instance(one), instance(one), instance(one, name="B"), instance(one, version="9")):
        answer = relais.post(xml, {"a.jpg": b"face"})
        assert answer.status_code == 202
        assert message(answer).startswith(SENTENCES["erased"][0])
    assert receipts(relais) == []
    assert relais.rows("SELECT count(*) FROM blob") == [(0,)]
    assert actions(relais) == ["receipt.erased"] * 4
    event = last_event(relais)
    assert (event.details, event.receipt_id, event.submission_id) == (None, None, None)
    assert relais.post(instance(new_id())).status_code == 201
    assert is_sound(relais)


def test_an_erased_instance_does_not_come_back_through_a_draft_either(relais: Installation) -> None:
    """Rows 3 and 16."""
    one = new_id()
    erase(relais, one)
    draft = relais.draft(xform(version="draft"))
    answer = relais.post(instance(one), url=draft_url(relais, draft.draft_token))
    assert answer.status_code == 202
    assert receipts(relais) == []


def test_an_encrypted_submission_is_received_with_the_files_it_names_alone(visits: Installation) -> None:
    """Row 14, C57: after a crash mid-save plain files may come along: they are not kept."""
    one = new_id()
    sent = {
        "a.jpg.enc": b"1",
        "submission.xml.enc": b"2",
        "a.jpg": b"a face in the clear",
        "submission.xml": b"<data/>",
    }
    assert post_twice(visits, envelope(one, "a.jpg.enc"), sent).status_code == 201
    assert status(visits, one) == ("version", None)
    assert shown(visits, one) == {"a.jpg.enc": b"1", "submission.xml.enc": b"2"}
    assert all(file.expected for file in files(visits, receipt(visits, one).id))
    assert visits.rows("SELECT count(*) FROM answers") == [(0,)]
    assert is_sound(visits)


def test_an_encrypted_submission_without_an_id_is_refused(visits: Installation) -> None:
    """Row 14: 400.2; it could never be opened."""
    answer = post_twice(visits, envelope(None), {"submission.xml.enc": b"2"})
    assert answer.status_code == 400
    assert "R-400.2" in message(answer)
    assert receipts(visits) == []


def test_encrypted_submissions_follow_the_same_rules(visits: Installation) -> None:
    """Row 14: known, conflict, unknown version, held and its release."""
    one, edit, later = new_id(), new_id(), new_id()
    assert visits.post(envelope(one)).status_code == 201
    assert post_twice(visits, envelope(one, key="b3RoZXI=")).status_code == 202
    assert post_twice(visits, envelope(new_id(), version="7"), {"submission.xml.enc": b"x"}).status_code == 202
    assert post_twice(visits, envelope(edit, deprecated_id=later)).status_code == 202
    assert post_twice(visits, envelope(later)).status_code == 201
    assert [each.status for each in receipts(visits)] == ["version", "conflict", "quarantined", "version", "version"]
    assert receipt(visits, edit).version_no == 2
    assert is_sound(visits)


def test_encrypted_files_are_not_carried_to_an_edit(visits: Installation) -> None:
    """Rows 7 and 14: every envelope has its own key, though all name submission.xml.enc."""
    original, edit = new_id(), new_id()
    first = envelope(original, "a.jpg.enc")
    visits.post(first, {"submission.xml.enc": b"original"})
    visits.post(envelope(edit, "a.jpg.enc", deprecated_id=original))
    visits.post(first, {"a.jpg.enc": b"late"})
    assert receipt(visits, edit).version_no == 2
    assert shown(visits, edit) == {}


def test_without_an_id_the_same_bytes_from_the_same_phone_are_the_same_instance(relais: Installation) -> None:
    """Row 15."""
    xml = instance(None)
    assert post_twice(relais, xml).status_code == 201
    assert receipts(relais)[0].instance_id.startswith("uuid:")
    other = relais.new_phone()
    assert post_twice(relais, xml, device_id="collect:another").status_code == 201
    assert post_twice(relais, xml, url=f"/v1/key/{other.token}/projects/{relais.project_id}").status_code == 201
    assert post_twice(relais, instance(None, name="B")).status_code == 201
    assert [each.status for each in receipts(relais)] == ["version"] * 4
    assert len({each.instance_id for each in receipts(relais)}) == 4
    assert is_sound(relais)


def test_without_an_id_a_missing_photo_finds_its_form(relais: Installation) -> None:
    """Rows 1 and 15."""
    xml = instance(None, photo="a.jpg")
    relais.post(xml)
    assert post_twice(relais, xml, {"a.jpg": b"photo"}).status_code == 201
    (one,) = receipts(relais)
    assert shown(relais, one.instance_id) == {"a.jpg": b"photo"}


def draft_url(relais: Installation, token: str | None, form_id: str = "household") -> str:
    return f"/v1/test/{token}/projects/{relais.project_id}/forms/{form_id}/draft"


@pytest.fixture
def send_draft(relais: Installation) -> Callable[..., int]:
    """Sends to the address of a draft; the status."""
    url = draft_url(relais, relais.draft(xform(version="draft")).draft_token)
    return lambda xml, sent=None: post_twice(relais, xml, sent, url=url).status_code


def test_a_draft_has_a_space_of_its_own(relais: Installation, send_draft: Callable[..., int]) -> None:
    """Row 16: the same instance live and in the draft are two; whatever version the XML names, it is the draft's."""
    one = new_id()
    xml = instance(one, version="draft")
    assert send_draft(xml) == 201
    assert send_draft(instance(new_id(), version="another")) == 201
    assert post_twice(relais, instance(one)).status_code == 201
    assert [(each.draft, each.status) for each in receipts(relais)] == [
        (True, "version"),
        (True, "version"),
        (False, "version"),
    ]
    assert len(submissions(relais)) == 3
    assert is_sound(relais)


def test_rows_1_to_11_hold_in_a_draft(relais: Installation, send_draft: Callable[..., int]) -> None:
    """Row 16."""
    original, edit, other = new_id(), new_id(), new_id()
    relais.post(instance(other))
    assert send_draft(instance(edit, deprecated_id=original), {}) == 202
    assert send_draft(instance(original, photo="a.jpg"), {"a.jpg": b"photo"}) == 201
    assert send_draft(instance(original, photo="a.jpg", name="B")) == 202
    # Its original is live, and the draft knows nothing of it.
    assert send_draft(instance(new_id(), deprecated_id=other)) == 202
    assert [(each.status, each.reason) for each in receipts(relais) if each.draft] == [
        ("version", None),
        ("version", None),
        ("conflict", "same_id"),
        ("held", "original_missing"),
    ]
    assert is_sound(relais)


def test_a_copy_sent_to_a_draft_gives_nothing_to_the_real_submission(
    relais: Installation, send_draft: Callable[..., int]
) -> None:
    """Rows 5 and 16."""
    one = new_id()
    xml = instance(one, photo="a.jpg")
    relais.post(xml)
    assert send_draft(xml) == 201
    assert send_draft(xml.replace(b"<meta>", b"<!-- --><meta>"), {"a.jpg": b"test photo"}) == 201
    live, draft, _ = receipts(relais)
    assert [file.content for file in files(relais, live.id)] == []
    assert [file.content for file in files(relais, draft.id)] == [b"test photo"]


def test_the_address_of_a_draft_that_is_gone_says_what_to_do(relais: Installation) -> None:
    """Row 16: a dead token is 404 with a sentence; nothing is stored. The token of a replaced draft opens the new one."""
    old = relais.draft(xform(version="draft"))
    assert relais.draft(xform(version="draft 2")).draft_token == old.draft_token
    with relais.services.database.transaction() as session:
        delete_draft(session, get_form(session, relais.project_id, "household"))
    for token in (old.draft_token, "nobody"):
        answer = post_twice(relais, instance(new_id()), url=draft_url(relais, token))
        assert answer.status_code == 404
        assert "Scannez son nouveau code" in message(answer)
    assert receipts(relais) == []


def test_the_address_of_a_draft_takes_its_own_form_alone(visits: Installation) -> None:
    """Row 16."""
    url = draft_url(visits, visits.draft(xform(version="draft")).draft_token)
    answer = post_twice(visits, visit(new_id()), url=url)
    assert answer.status_code == 400
    assert "household" in message(answer)
    assert receipts(visits) == []
