"""Rows 12 and 13: what waits for a form version, for a form to be open, or for a supervisor; and how it is released."""

from dataclasses import replace

from sqlalchemy import text

from collector import release
from collector.outcomes import SENTENCES
from config.clock import now
from tests.collector.receiving import (
    RULES,
    actions,
    files,
    is_sound,
    message,
    post_twice,
    receipt,
    receipts,
    set_form,
    shown,
    status,
    submissions,
)
from tests.installation import Installation, another_process, instance, new_id, xform

LATE = "Fiche reçue et gardée. Le formulaire est fermé : votre superviseur décidera."


def release_for_version(relais: Installation, version: str, limit: int = 100) -> int:
    """What the worker does after a version was published."""
    with relais.services.database.transaction() as session:
        connection = session.connection()
        return release.release_for_version(connection, relais.project_id, "household", version, RULES, limit)


def release_late(relais: Installation, limit: int = 100) -> int:
    """What the worker does after a form was opened again or restored."""
    form_id = relais.published["household"].form_id
    with relais.services.database.transaction() as session:
        return release.release_late(session.connection(), relais.project_id, form_id, RULES, limit)


def look_again(relais: Installation, instance_id: str) -> None:
    """What the worker does after it was held or quarantined."""
    found = receipt(relais, instance_id)
    with relais.services.database.transaction() as session:
        release.reclassify(session.connection(), relais.project_id, found.id, RULES)


def test_an_unknown_version_is_kept_with_its_files_until_it_is_published(relais: Installation) -> None:
    """Row 12, C58."""
    one = new_id()
    xml = instance(one, version="2", photo="a.jpg")
    answer = post_twice(relais, xml, {"a.jpg": b"photo", "extra.txt": b"more"})
    assert answer.status_code == 202
    assert message(answer).startswith(SENTENCES["unknown_version"][0])
    assert status(relais, one) == ("quarantined", "unknown_version")
    assert submissions(relais) == []
    assert is_sound(relais)
    relais.publish(xform(version="2"))
    assert release_for_version(relais, "2") == 1
    assert receipt(relais, one).version_no == 1
    assert {file.name: file.expected for file in files(relais, receipt(relais, one).id)} == {
        "a.jpg": True,
        "extra.txt": False,
    }
    assert release_for_version(relais, "2") == 0
    assert post_twice(relais, xml).status_code == 201
    assert actions(relais) == ["receipt.quarantined", "receipt.released", "submission.create"]
    assert is_sound(relais)


def test_the_form_without_a_version_is_a_version_of_its_own(relais: Installation) -> None:
    """Row 12: a blank version is a version like another."""
    one = new_id()
    assert post_twice(relais, instance(one, version="")).status_code == 202
    relais.publish(xform(version=""))
    assert release_for_version(relais, "") == 1
    assert status(relais, one) == ("version", None)


def test_a_release_settles_a_slice_at_a_time_and_then_says_so(relais: Installation) -> None:
    """Row 12: bulk work goes in slices, and whoever asks again while there are more comes to an end."""
    for _ in range(5):
        relais.post(instance(new_id(), version="2"))
    relais.publish(xform(version="2"))
    assert [release_for_version(relais, "2", limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert len(submissions(relais)) == 5


def test_what_is_released_is_stored_now_and_was_received_then(relais: Installation) -> None:
    """Incremental clients ask for what was stored since they asked last: `created_at` of the submission is now."""
    one = new_id()
    relais.post(instance(one, version="2"))
    relais.publish(xform(version="2"))
    before = now()
    release_for_version(relais, "2")
    (submission,) = submissions(relais)
    assert submission.received_at == receipt(relais, one).created_at < before <= submission.created_at


def test_an_edit_that_waited_for_its_version_waits_on_for_its_original(relais: Installation) -> None:
    """Rows 9 and 12: held when its original waits too; released by it."""
    original, edit = new_id(), new_id()
    relais.post(instance(edit, version="2", deprecated_id=original))
    relais.publish(xform(version="2"))
    assert release_for_version(relais, "2") == 1
    assert status(relais, edit) == ("held", "original_missing")
    assert post_twice(relais, instance(original)).status_code == 201
    assert receipt(relais, edit).version_no == 2
    assert is_sound(relais)


def test_an_edit_of_a_quarantined_original_is_held_until_that_is_released(relais: Installation) -> None:
    """Row 9: unknown, held or quarantined."""
    original, edit = new_id(), new_id()
    relais.post(instance(original, version="2"))
    assert post_twice(relais, instance(edit, version="1", deprecated_id=original)).status_code == 202
    assert status(relais, edit)[0] == "held"
    relais.publish(xform(version="2"))
    release_for_version(relais, "2")
    assert [receipt(relais, each).version_no for each in (original, edit)] == [1, 2]
    assert is_sound(relais)


def test_a_closed_form_keeps_what_comes_late_for_the_supervisor(relais: Installation) -> None:
    """Row 13: `late = keep`, the default; released when the form is opened again."""
    one = new_id()
    set_form(relais, relais.published["household"], state="closed")
    answer = post_twice(relais, instance(one, photo="a.jpg"), {"a.jpg": b"photo"})
    assert answer.status_code == 202
    assert message(answer).startswith(LATE)
    assert status(relais, one) == ("quarantined", "late")
    assert release_late(relais) == 0
    look_again(relais, one)
    assert status(relais, one) == ("quarantined", "late")
    set_form(relais, relais.published["household"], state="open")
    assert [release_late(relais), release_late(relais)] == [1, 0]
    assert status(relais, one) == ("version", None)
    assert shown(relais, one) == {"a.jpg": b"photo"}
    assert is_sound(relais)


def test_a_deployment_may_refuse_what_comes_late(relais: Installation) -> None:
    """Row 13: `late = refuse` answers 409.2 and keeps nothing; what was known before stays known (row 1)."""
    known = instance(new_id())
    relais.post(known)
    set_form(relais, relais.published["household"], state="closed")
    with another_process(relais, late="refuse") as strict:
        answer = post_twice(strict, instance(new_id()), {"a.jpg": b"photo"})
        assert answer.status_code == 409
        assert "R-409.2" in message(answer)
        assert post_twice(strict, known).status_code == 201
    assert len(receipts(relais)) == 1


def test_a_project_may_choose_for_itself(relais: Installation) -> None:
    """Row 13: the project's own setting comes before the deployment's."""
    set_form(relais, relais.published["household"], state="closed")
    with relais.services.database.transaction() as session:
        session.execute(text("UPDATE project SET late = 'refuse'"))
    assert post_twice(relais, instance(new_id())).status_code == 409


def test_what_was_kept_is_not_refused_afterwards(relais: Installation) -> None:
    """Rows 12 and 13: its version is published while the form is closed and late answers are refused."""
    one = new_id()
    relais.post(instance(one, version="2"))
    relais.publish(xform(version="2"))
    set_form(relais, relais.published["household"], state="closed")
    with relais.services.database.transaction() as session:
        strict = replace(RULES, late="refuse")
        release.release_for_version(session.connection(), relais.project_id, "household", "2", strict, 100)
    assert status(relais, one) == ("quarantined", "late")
    assert release_for_version(relais, "2") == 0


def test_a_deleted_form_keeps_what_comes_until_it_is_restored(relais: Installation) -> None:
    """Row 13, C17, C97: phones keep a deleted form while they have unsent instances of it."""
    one = new_id()
    set_form(relais, relais.published["household"], deleted_at=now())
    answer = post_twice(relais, instance(one))
    assert answer.status_code == 202
    assert message(answer).startswith(SENTENCES["form_deleted"][0])
    assert status(relais, one) == ("quarantined", "form_deleted")
    set_form(relais, relais.published["household"], deleted_at=None)
    assert release_late(relais) == 1
    assert status(relais, one) == ("version", None)


def test_a_form_made_again_under_the_same_id_receives_for_itself(relais: Installation) -> None:
    """Row 13: the living form comes first."""
    old, new = new_id(), new_id()
    relais.post(instance(old))
    set_form(relais, relais.published["household"], deleted_at=now())
    again = relais.publish(xform(version="2"))
    assert post_twice(relais, instance(new, version="2")).status_code == 201
    assert receipt(relais, new).form_id == again.form_id != receipt(relais, old).form_id


def test_a_held_edit_stays_held_though_its_form_is_closed_or_deleted_since(relais: Installation) -> None:
    """Row 9: it was let in while the form was open; its original settles it whenever it comes."""
    original, edit = new_id(), new_id()
    relais.post(instance(edit, deprecated_id=original))
    set_form(relais, relais.published["household"], state="closed", deleted_at=now())
    look_again(relais, edit)
    assert status(relais, edit) == ("held", "original_missing")
    assert relais.post(instance(original)).status_code == 202
    set_form(relais, relais.published["household"], deleted_at=None)
    release_late(relais)
    set_form(relais, relais.published["household"], state="open")
    release_late(relais)
    assert [receipt(relais, each).version_no for each in (original, edit)] == [1, 2]


def test_a_form_this_server_never_had_is_refused_and_nothing_is_kept(relais: Installation) -> None:
    """Row 12 is for known forms; 404.1 as Central."""
    answer = post_twice(relais, instance(new_id(), form_id="unknown"), {"a.jpg": b"photo"})
    assert answer.status_code == 404
    assert "R-404.1" in message(answer)
    assert receipts(relais) == []


def test_the_worker_finds_edits_whose_original_came_at_the_same_moment(relais: Installation) -> None:
    """Two processes on PostgreSQL: neither sees what the other has not committed."""
    original, edit = new_id(), new_id()
    relais.post(instance(edit, deprecated_id=original))
    relais.post(instance(original))
    with relais.services.database.transaction() as session:
        # As if the original's transaction had not seen the edit.
        for sql in (
            "UPDATE receipt SET status = 'held', version_no = NULL, submission_id = NULL WHERE instance_id = :edit",
            "UPDATE submission SET versions = 1, current_receipt_id = id",
            "DELETE FROM answers WHERE receipt_id = (SELECT id FROM receipt WHERE instance_id = :edit)",
        ):
            session.execute(text(sql), {"edit": edit} if ":edit" in sql else {})
    with relais.services.database.reading() as session:
        assert release.reunited(session.connection(), relais.project_id, 10) == [receipt(relais, edit).id]
    look_again(relais, edit)
    assert receipt(relais, edit).version_no == 2
    with relais.services.database.reading() as session:
        assert release.reunited(session.connection(), relais.project_id, 10) == []
    assert is_sound(relais)
