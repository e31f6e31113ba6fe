"""Rows 1, 2, 5, 7 and 17: the files of a receipt, in batches and late, replaced, carried to edits, unasked for."""

import pytest

from tests.collector.receiving import (
    Shown,
    actions,
    files,
    is_sound,
    last_event,
    post_twice,
    receipt,
    receipts,
    same_content,
    shown,
    visit,
    visit_form,
)
from tests.installation import Installation, new_id


@pytest.fixture
def visits(relais: Installation) -> Installation:
    """A server with a form of two files and an audit log."""
    relais.publish(visit_form())
    return relais


def test_batches_are_merged_and_none_alone_counts_as_whole(visits: Installation) -> None:
    """Row 1, C44, C45: the XML comes with every batch; a POST without *isIncomplete* does not mean that all is here."""
    one = new_id()
    xml = visit(one, photo="a.jpg", voice="b.m4a")
    assert post_twice(visits, xml, {"a.jpg": b"photo"}, incomplete=True).status_code == 201
    assert shown(visits, one) == {"a.jpg": b"photo"}
    assert post_twice(visits, xml, {"b.m4a": b"voice"}).status_code == 201
    assert shown(visits, one) == {"a.jpg": b"photo", "b.m4a": b"voice"}
    assert len(receipts(visits)) == 1
    assert is_sound(visits)


def test_a_replay_from_the_first_batch_adds_what_was_missing_and_nothing_twice(visits: Installation) -> None:
    """Row 1, C51: the link broke after the second batch; the phone starts again with the first."""
    one = new_id()
    xml = visit(one, photo="a.jpg", voice="b.m4a")
    visits.post(xml, {"b.m4a": b"voice"}, incomplete=True)
    for batch in ({"a.jpg": b"photo"}, {"b.m4a": b"voice"}, {"a.jpg": b"photo"}):
        assert visits.post(xml, batch, incomplete=True).status_code == 201
    assert shown(visits, one) == {"a.jpg": b"photo", "b.m4a": b"voice"}
    assert len(files(visits, receipt(visits, one).id)) == 2
    assert actions(visits) == ["submission.create", "submission.attachment.update"]


def test_a_form_without_its_files_is_received_and_its_files_come_weeks_later(visits: Installation) -> None:
    """Row 1: never refused for a missing photo."""
    one = new_id()
    xml = visit(one, photo="a.jpg")
    assert post_twice(visits, xml).status_code == 201
    assert shown(visits, one) == {}
    assert post_twice(visits, xml, {"a.jpg": b"photo"}).status_code == 201
    assert files(visits, receipt(visits, one).id) == [Shown("a.jpg", b"photo", True, True, False)]


def test_the_same_name_with_other_bytes_shows_the_newest_and_keeps_the_older(visits: Installation) -> None:
    """Row 2; a replay of the older bytes does not bring them to the front again."""
    one = new_id()
    xml = visit(one, photo="a.jpg")
    assert visits.post(xml, {"a.jpg": b"first"}).status_code == 201
    assert post_twice(visits, xml, {"a.jpg": b"second"}).status_code == 201
    assert visits.post(xml, {"a.jpg": b"first"}).status_code == 201
    assert shown(visits, one) == {"a.jpg": b"second"}
    assert [(file.content, file.current) for file in files(visits, receipt(visits, one).id)] == [
        (b"first", False),
        (b"second", True),
    ]
    assert (last_event(visits).action, last_event(visits).details) == (
        "submission.attachment.update",
        {"replaced": True},
    )
    assert is_sound(visits)


def test_a_file_the_xml_does_not_name_is_kept_but_not_expected(visits: Installation) -> None:
    """Row 17, C43: everything in the instance's folder is sent, referenced or not."""
    one = new_id()
    assert post_twice(visits, visit(one, photo="a.jpg"), {"a.jpg": b"photo", "draft.jpg": b"older"}).status_code == 201
    assert {file.name: file.expected for file in files(visits, receipt(visits, one).id)} == {
        "a.jpg": True,
        "draft.jpg": False,
    }
    assert is_sound(visits)


def test_a_file_in_two_questions_is_one_file(visits: Installation) -> None:
    """C56: identical content in two questions shares one file name."""
    one = new_id()
    assert post_twice(visits, visit(one, photo="a.jpg", voice="a.jpg"), {"a.jpg": b"both"}).status_code == 201
    assert shown(visits, one) == {"a.jpg": b"both"}


def test_file_names_are_text_and_are_kept_exactly(visits: Installation) -> None:
    """C56, C91: two ways to write é, right-to-left marks, things that look like paths; none of them becomes a path."""
    one = new_id()
    names = ["e\u0301.jpg", "\u00e9.jpg", "\u202e.jpg", "../../a.jpg", "a b+c%20.jpg", "/etc/passwd", "CON", "😀.jpg"]
    sent = {name: name.encode() for name in names}
    assert post_twice(visits, visit(one, photo=names[0], voice=names[1]), sent).status_code == 201
    assert shown(visits, one) == sent
    assert {file.name for file in files(visits, receipt(visits, one).id) if file.expected} == set(names[:2])
    assert is_sound(visits)


def test_an_edit_keeps_the_files_its_xml_still_names(visits: Installation) -> None:
    """Row 7: carried forward without being sent; a file it no longer names is not."""
    original, edit = new_id(), new_id()
    visits.post(visit(original, photo="a.jpg", voice="b.m4a"), {"a.jpg": b"photo", "b.m4a": b"voice"})
    assert post_twice(visits, visit(edit, deprecated_id=original, photo="a.jpg")).status_code == 201
    assert files(visits, receipt(visits, edit).id) == [Shown("a.jpg", b"photo", True, True, True)]
    assert is_sound(visits)


def test_an_edits_own_file_stays_before_the_one_it_would_inherit(visits: Installation) -> None:
    """Row 7, C53: Collect sends all attachments of an edit again, under the same names."""
    original, edit = new_id(), new_id()
    visits.post(visit(original, photo="a.jpg"), {"a.jpg": b"photo"})
    xml = visit(edit, deprecated_id=original, photo="a.jpg")
    assert visits.post(xml).status_code == 201
    assert post_twice(visits, xml, {"a.jpg": b"other photo"}).status_code == 201
    assert shown(visits, edit) == {"a.jpg": b"other photo"}
    assert shown(visits, original) == {"a.jpg": b"photo"}


def test_the_clients_audit_log_is_never_carried_to_an_edit(visits: Installation) -> None:
    """Row 7, C56: an edit has its own, which holds the original's lines; an inherited one would be counted twice."""
    original, edit = new_id(), new_id()
    xml = visit(original, photo="a.jpg", audit="audit.csv")
    visits.post(xml, {"a.jpg": b"photo", "audit.csv": b"event,node\n"})
    assert post_twice(visits, visit(edit, deprecated_id=original, photo="a.jpg", audit="audit.csv")).status_code == 201
    assert shown(visits, edit) == {"a.jpg": b"photo"}
    visits.post(xml, {"audit.csv": b"event,node,start\n"})
    assert shown(visits, edit) == {"a.jpg": b"photo"}
    assert is_sound(visits)


def test_a_file_that_comes_late_for_the_original_reaches_every_version_that_names_it(visits: Installation) -> None:
    """Row 1 and 7: up to the first version that has its own or names it no longer."""
    ids = [new_id() for _ in range(5)]
    texts = [visit(ids[0], photo="a.jpg", voice="b.m4a")]
    for number, photo in ((1, "a.jpg"), (2, "a.jpg"), (3, ""), (4, "a.jpg")):
        texts.append(visit(ids[number], deprecated_id=ids[number - 1], photo=photo, voice="b.m4a"))
    for xml in texts:
        visits.post(xml)
    visits.post(texts[2], {"b.m4a": b"own voice"})
    assert post_twice(visits, texts[0], {"a.jpg": b"photo", "b.m4a": b"voice"}).status_code == 201
    assert [shown(visits, each) for each in ids] == [
        {"a.jpg": b"photo", "b.m4a": b"voice"},
        {"a.jpg": b"photo", "b.m4a": b"voice"},
        {"a.jpg": b"photo", "b.m4a": b"own voice"},
        {"b.m4a": b"own voice"},
        {"b.m4a": b"own voice"},
    ]
    assert is_sound(visits)


def test_a_replaced_file_of_the_original_replaces_what_was_carried(visits: Installation) -> None:
    """Rows 2 and 7: an edit that only inherited a photo shows what its original shows."""
    original, edit = new_id(), new_id()
    xml = visit(original, photo="a.jpg")
    visits.post(xml, {"a.jpg": b"first"})
    visits.post(visit(edit, deprecated_id=original, photo="a.jpg"))
    visits.post(xml, {"a.jpg": b"second"})
    assert shown(visits, edit) == {"a.jpg": b"second"}
    assert [(file.content, file.current) for file in files(visits, receipt(visits, edit).id)] == [
        (b"first", False),
        (b"second", True),
    ]
    assert is_sound(visits)


def test_a_held_edit_and_its_late_original_end_with_all_their_files(visits: Installation) -> None:
    """Rows 7 and 9: the edit came first and without the photo that only the original brings."""
    original, edit = new_id(), new_id()
    visits.post(visit(edit, deprecated_id=original, photo="a.jpg", voice="b.m4a"), {"b.m4a": b"voice"})
    xml = visit(original, photo="a.jpg")
    visits.post(xml)
    assert shown(visits, edit) == {"b.m4a": b"voice"}
    visits.post(xml, {"a.jpg": b"photo"})
    assert shown(visits, edit) == {"a.jpg": b"photo", "b.m4a": b"voice"}
    assert is_sound(visits)


def test_files_of_a_conflict_stay_with_the_conflict(visits: Installation) -> None:
    """Rows 1 and 6: files attach to the receipt whose bytes came with them."""
    one = new_id()
    visits.post(visit(one, photo="a.jpg"), {"a.jpg": b"photo"})
    assert post_twice(visits, visit(one, name="B", photo="a.jpg"), {"a.jpg": b"other"}).status_code == 202
    version, conflict = receipts(visits)
    assert [file.content for file in files(visits, version.id)] == [b"photo"]
    assert [file.content for file in files(visits, conflict.id)] == [b"other"]
    assert is_sound(visits)


def test_a_copy_of_equal_content_brings_the_files_that_are_missing(visits: Installation) -> None:
    """Row 5: in whichever of its batches; a file that is there is not replaced."""
    one = new_id()
    xml = visit(one, photo="a.jpg", voice="b.m4a")
    copy = same_content(xml)
    visits.post(xml, {"a.jpg": b"photo"})
    assert post_twice(visits, copy, {"a.jpg": b"other"}, incomplete=True).status_code == 201
    assert post_twice(visits, copy, {"b.m4a": b"voice"}).status_code == 201
    version = receipts(visits)[0]
    assert {file.name: file.content for file in files(visits, version.id)} == {"a.jpg": b"photo", "b.m4a": b"voice"}
    assert is_sound(visits)


def test_a_hundred_and_one_files_come_in_one_batch(visits: Installation) -> None:
    """C44: a POST has at most 103 parts."""
    one = new_id()
    sent = {f"{number}.jpg": b"%d" % number for number in range(101)}
    assert visits.post(visit(one, photo="0.jpg"), sent, incomplete=True).status_code == 201
    assert shown(visits, one) == sent


def test_one_file_far_above_the_announced_limit_is_received(visits: Installation) -> None:
    """C44: a batch always takes its first file whatever its size."""
    one = new_id()
    large = b"\x00\xff" * 3_000_000
    assert len(large) > visits.services.settings.accept_content_length
    assert visits.post(visit(one, photo="a.mp4"), {"a.mp4": large}).status_code == 201
    assert shown(visits, one) == {"a.mp4": large}
    assert list(visits.services.settings.temporary.iterdir()) == []


def test_the_same_file_in_many_instances_is_stored_once(visits: Installation) -> None:
    """C56: the key is the instance and the name; the bytes are stored by their hash."""
    for number in range(3):
        visits.post(visit(new_id(), photo=f"{number}.jpg"), {f"{number}.jpg": b"the same photo"})
    assert visits.rows("SELECT count(*) FROM blob") == [(1,)]
    assert visits.rows("SELECT count(*) FROM receipt_file") == [(3,)]
    assert len(list(visits.services.storage.names())) == 1
