"""Rows 1 and 4 to 11: what becomes of an instanceID that is new, known, corrected or in the trash."""

from typing import Any

import pytest

from collector.outcomes import SENTENCES
from config.clock import now
from tests.collector.receiving import (
    actions,
    is_sound,
    message,
    post_twice,
    receipt,
    receipts,
    same_content,
    set_form,
    set_in_trash,
    shown,
    status,
    submissions,
)
from tests.installation import Installation, instance, new_id, xform


def test_a_new_instance_becomes_version_1_of_a_submission(relais: Installation) -> None:
    """Row 4, C46, C59."""
    one = new_id()
    xml = instance(one)
    assert post_twice(relais, xml).status_code == 201
    stored = receipt(relais, one)
    assert (stored.status, stored.version_no, stored.xml) == ("version", 1, xml)
    (submission,) = submissions(relais)
    assert (submission.id, submission.instance_id, submission.versions) == (stored.id, one, 1)
    assert (submission.submitter_id, submission.device_id) == (relais.phone.actor_id, "collect:abcdefghijklmnop")
    assert (submission.review_state, submission.training) == (None, False)
    assert actions(relais) == ["submission.create"]
    assert is_sound(relais)


@pytest.mark.parametrize("state", ["open", "closing"])
def test_a_form_that_is_closing_still_receives(relais: Installation, state: str) -> None:
    """Row 4, C97."""
    set_form(relais, relais.published["household"], state=state)
    assert post_twice(relais, instance(new_id())).status_code == 201


def test_an_older_published_version_still_receives(relais: Installation) -> None:
    """Row 4, C58: phones are offline for weeks."""
    relais.publish(xform(version="2"))
    one = new_id()
    assert post_twice(relais, instance(one, version="1")).status_code == 201
    assert status(relais, one) == ("version", None)


def test_the_same_bytes_again_are_answered_as_the_first_time(relais: Installation) -> None:
    """Row 1, C51, C52: an original that has been edited since is still 201, a held edit still 202."""
    original, edit, orphan = new_id(), new_id(), new_id()
    first, second = instance(original), instance(edit, deprecated_id=original)
    third = instance(orphan, deprecated_id=new_id())
    for xml in (first, second, third):
        relais.post(xml)
    before = receipts(relais)
    assert [post_twice(relais, xml).status_code for xml in (first, second, third)] == [201, 201, 202]
    assert receipts(relais) == before


@pytest.mark.parametrize("change", [{"state": "closed"}, {"deleted_at": now()}])
def test_the_same_bytes_are_known_after_the_form_is_closed_or_deleted(relais: Installation, change: Any) -> None:
    """Row 1, C97."""
    xml = instance(new_id())
    relais.post(xml)
    set_form(relais, relais.published["household"], **change)
    assert post_twice(relais, xml).status_code == 201
    assert len(receipts(relais)) == 1


def test_the_same_content_in_other_bytes_disturbs_nobody(relais: Installation) -> None:
    """Row 5."""
    one = new_id()
    xml = instance(one)
    relais.post(xml)
    copy = same_content(xml)
    assert copy != xml
    assert post_twice(relais, copy).status_code == 201
    assert [(each.status, each.xml) for each in receipts(relais)] == [("version", xml), ("same_content", copy)]
    assert len(submissions(relais)) == 1
    assert submissions(relais)[0].review_state is None
    assert is_sound(relais)


def test_other_content_under_a_known_id_is_kept_byte_for_byte_for_the_supervisor(relais: Installation) -> None:
    """Row 6, C52."""
    one = new_id()
    relais.post(instance(one))
    other = instance(one, name="Quelqu’un d’autre")
    answer = post_twice(relais, other)
    assert answer.status_code == 202
    assert message(answer).startswith(SENTENCES["conflict"][0])
    version, conflict = receipts(relais)
    assert (conflict.status, conflict.reason, conflict.xml) == ("conflict", "same_id", other)
    assert conflict.submission_id == version.submission_id
    assert submissions(relais)[0].current_receipt_id == version.id
    assert is_sound(relais)


def test_other_content_under_the_id_of_a_later_version_is_a_conflict_too(relais: Installation) -> None:
    """Row 6: as root or any later version."""
    original, edit = new_id(), new_id()
    relais.post(instance(original))
    relais.post(instance(edit, deprecated_id=original))
    assert post_twice(relais, instance(edit, deprecated_id=original, name="B")).status_code == 202
    assert post_twice(relais, instance(original, name="C")).status_code == 202
    assert [(each.status, each.reason) for each in receipts(relais)[2:]] == [("conflict", "same_id")] * 2


def test_the_same_id_in_another_form_is_another_submission(relais: Installation) -> None:
    """The key of a claim holds the form."""
    relais.publish(xform(form_id="market"))
    one = new_id()
    for form_id in ("household", "market"):
        assert post_twice(relais, instance(one, form_id=form_id)).status_code == 201
    assert [each.status for each in receipts(relais)] == ["version", "version"]
    assert len(submissions(relais)) == 2


def test_an_edit_of_the_current_version_becomes_the_next_version(relais: Installation) -> None:
    """Row 7, C53: a chain of edits, each naming the one before."""
    ids = [new_id() for _ in range(4)]
    relais.post(instance(ids[0]))
    for number in (1, 2, 3):
        xml = instance(ids[number], deprecated_id=ids[number - 1], name=f"Nom {number}")
        assert post_twice(relais, xml).status_code == 201
    assert [(each.version_no, each.submission_id) for each in receipts(relais)] == [
        (number, receipt(relais, ids[0]).id) for number in (1, 2, 3, 4)
    ]
    (submission,) = submissions(relais)
    assert (submission.instance_id, submission.versions, submission.review_state) == (ids[0], 4, "edited")
    assert submission.current_receipt_id == receipt(relais, ids[3]).id
    assert is_sound(relais)


def test_an_edit_asks_for_a_new_review(relais: Installation) -> None:
    """Row 7: an approval was of other answers."""
    original = new_id()
    relais.post(instance(original))
    with relais.services.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE submission SET review_state = 'approved'")
    relais.post(instance(new_id(), deprecated_id=original))
    assert submissions(relais)[0].review_state == "edited"


def test_an_edit_whose_original_has_an_open_conflict_is_a_conflict(relais: Installation) -> None:
    """Row 8: nobody knows which of the two was corrected."""
    original, edit = new_id(), new_id()
    relais.post(instance(original))
    relais.post(instance(original, name="B"))
    assert post_twice(relais, instance(edit, deprecated_id=original)).status_code == 202
    assert status(relais, edit) == ("conflict", "ambiguous_original")


def test_an_edit_without_its_original_is_held_and_released_when_it_comes(relais: Installation) -> None:
    """Row 9, C38, C54: also through an edit of the edit, in the original's own transaction."""
    ids = [new_id() for _ in range(4)]
    for number in (2, 3, 1):
        xml = instance(ids[number], deprecated_id=ids[number - 1], name=f"Nom {number}")
        answer = post_twice(relais, xml)
        assert answer.status_code == 202
        assert message(answer).startswith(SENTENCES["held"][0])
    assert status(relais, ids[1]) == ("held", "original_missing")
    assert status(relais, ids[3]) == ("held", "original_waiting")
    assert submissions(relais) == []
    assert post_twice(relais, instance(ids[0])).status_code == 201
    assert [receipt(relais, each).version_no for each in ids] == [1, 2, 3, 4]
    (submission,) = submissions(relais)
    assert (submission.instance_id, submission.current_receipt_id) == (ids[0], receipt(relais, ids[3]).id)
    assert is_sound(relais)


def test_of_two_held_edits_of_one_original_the_first_wins_and_the_other_is_a_conflict(relais: Installation) -> None:
    """Rows 9 and 10."""
    original, first, second = new_id(), new_id(), new_id()
    relais.post(instance(first, deprecated_id=original))
    relais.post(instance(second, deprecated_id=original))
    assert post_twice(relais, instance(original)).status_code == 201
    assert status(relais, first) == ("version", None)
    assert status(relais, second) == ("conflict", "stale_original")
    assert is_sound(relais)


def test_an_edit_of_an_older_version_is_a_conflict(relais: Installation) -> None:
    """Row 10."""
    original, first, second = new_id(), new_id(), new_id()
    relais.post(instance(original))
    relais.post(instance(first, deprecated_id=original))
    assert post_twice(relais, instance(second, deprecated_id=original)).status_code == 202
    assert status(relais, second) == ("conflict", "stale_original")


def test_an_edit_of_another_forms_instance_is_a_conflict(relais: Installation) -> None:
    """Row 10."""
    relais.publish(xform(form_id="market"))
    original, edit = new_id(), new_id()
    relais.post(instance(original, form_id="market"))
    assert post_twice(relais, instance(edit, deprecated_id=original)).status_code == 202
    assert status(relais, edit) == ("conflict", "other_form")


def test_an_edit_of_itself_is_a_conflict(relais: Installation) -> None:
    """Row 10."""
    edit = new_id()
    assert post_twice(relais, instance(edit, deprecated_id=edit)).status_code == 202
    assert status(relais, edit) == ("conflict", "own_id")


def test_in_the_trash_the_same_is_known_and_other_content_waits(relais: Installation) -> None:
    """Row 11."""
    one = new_id()
    xml = instance(one, photo="a.jpg")
    relais.post(xml)
    set_in_trash(relais, receipt(relais, one).id)
    assert post_twice(relais, xml, {"a.jpg": b"late"}).status_code == 201
    assert shown(relais, one) == {"a.jpg": b"late"}
    assert post_twice(relais, instance(new_id(), deprecated_id=one)).status_code == 202
    assert post_twice(relais, instance(one, name="B")).status_code == 202
    assert [(each.status, each.reason) for each in receipts(relais)] == [
        ("version", None),
        ("conflict", "original_in_trash"),
        ("conflict", "same_id"),
    ]
    assert submissions(relais)[0].deleted_at is not None
    assert is_sound(relais)


def test_a_conflict_with_its_own_limit_does_not_stop_other_instances(relais: Installation) -> None:
    """Row 6: at most 20 different contents wait for one instance, then 429 and nothing more is stored."""
    one, two = new_id(), new_id()
    relais.post(instance(one))
    contents = [instance(one, name=f"Nom {number}") for number in range(21)]
    assert [relais.post(xml).status_code for xml in contents] == [202] * 20 + [429]
    assert relais.post(contents[0]).status_code == 202
    assert len(receipts(relais)) == 21
    assert relais.post(instance(two)).status_code == 201
    assert relais.post(instance(two, name="B")).status_code == 202
    assert is_sound(relais)


def test_a_training_phone_makes_training_submissions(relais: Installation) -> None:
    """Also when an edit was held: what it becomes later is marked as well."""
    trainee = relais.new_phone("Formation", training=True)
    url = f"/v1/key/{trainee.token}/projects/{relais.project_id}"
    original, edit, other = new_id(), new_id(), new_id()
    relais.post(instance(edit, deprecated_id=original), url=url)
    relais.post(instance(original), url=url)
    relais.post(instance(other))
    assert [(each.instance_id, each.training) for each in submissions(relais)] == [(original, True), (other, False)]
