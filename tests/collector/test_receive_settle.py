"""A supervisor decides about what waits; what was received never changes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from collector import settle
from collector.classify import Rules
from collector.submission_xml import read_envelope
from config.clock import now
from config.problem import Problem
from tests.collector.receiving import (
    RULES,
    Held,
    actions,
    admin_id,
    envelope,
    is_sound,
    last_event,
    message,
    receipt,
    receipts,
    set_form,
    set_in_trash,
    shown,
    status,
    submissions,
    visit_form,
)
from tests.installation import Installation, instance, new_id, xform


def decide(relais: Installation, decision: Callable[..., Any], waiting: Held, *rules: Any, **choices: Any) -> Any:
    """Carry out a supervisor's decision as a page does."""
    person = admin_id(relais)
    with relais.services.database.transaction() as session:
        return decision(session, relais.project_id, waiting.id, *rules, by=person, **choices)


def prefer(relais: Installation, waiting: Held, rules: Rules = RULES) -> Any:
    return decide(relais, settle.prefer, waiting, rules, relais.services.secret)


def refused(relais: Installation, decision: Callable[..., Any], waiting: Held, *rules: Any, **choices: Any) -> Problem:
    """The problem a decision meets; nothing has changed."""
    before = receipts(relais)
    with pytest.raises(Problem) as caught:
        decide(relais, decision, waiting, *rules, **choices)
    assert receipts(relais) == before
    return caught.value


def conflict(relais: Installation, **answers: Any) -> Held:
    """A second content for an instance; its receipt."""
    one = new_id()
    relais.post(instance(one, photo="a.jpg"), {"a.jpg": b"first"})
    relais.post(instance(one, photo="a.jpg", name="B", **answers), {"a.jpg": b"second"})
    return receipts(relais)[-1]


def test_a_discarded_receipt_stays_stored_and_can_be_brought_back(relais: Installation) -> None:
    waiting = conflict(relais)
    decide(relais, settle.discard, waiting, note="La même personne deux fois")
    assert status_of(relais, waiting) == ("discarded", "was_conflict:same_id")
    answer = relais.post(waiting.xml)
    assert answer.status_code == 202
    assert "écartée" in message(answer)
    assert (last_event(relais).action, last_event(relais).details) == ("receipt.discarded", {"from": "conflict"})
    decide(relais, settle.restore, waiting)
    assert status_of(relais, waiting) == ("conflict", "same_id")
    assert refused(relais, settle.restore, waiting).code == 409.3
    assert is_sound(relais)


def status_of(relais: Installation, waiting: Held) -> tuple[str, str | None]:
    found = next(each for each in receipts(relais) if each.id == waiting.id)
    assert found.xml == waiting.xml
    return found.status, found.reason


def test_what_is_settled_cannot_be_settled_again(relais: Installation) -> None:
    one = new_id()
    relais.post(instance(one))
    version = receipt(relais, one)
    for decision, rules in (
        (settle.discard, ()),
        (settle.restore, ()),
        (settle.release, (RULES,)),
        (settle.adopt, (RULES,)),
        (settle.prefer, (RULES, relais.services.secret)),
    ):
        assert refused(relais, decision, version, *rules).code == 409.3
    assert refused(relais, settle.discard, replace(version, id=10_000)).code == 404.1


def test_the_preferred_copy_becomes_an_edit_with_its_own_files(relais: Installation) -> None:
    """Architecture §5: settling a conflict in favour of the other copy makes an edit with a new instanceID."""
    waiting = conflict(relais)
    outcome = prefer(relais, waiting)
    original, copy, edit = receipts(relais)
    assert (copy.status, copy.reason, copy.xml) == ("discarded", "used", waiting.xml)
    assert (edit.instance_id, edit.version_no, edit.submission_id) == (outcome.instance_id, 2, original.id)
    read = read_envelope(edit.xml)
    assert (read.deprecated_id, read.root.findtext("name")) == (original.instance_id, "B")
    assert shown(relais, edit.instance_id) == {"a.jpg": b"second"}
    assert submissions(relais)[0].current_receipt_id == edit.id
    assert actions(relais)[-2:] == ["submission.update.version", "receipt.preferred"]
    assert refused(relais, settle.restore, copy).code == 409.3
    assert is_sound(relais)


def test_one_of_several_copies_can_be_preferred(relais: Installation) -> None:
    """The others still wait, and may be preferred later."""
    first = conflict(relais)
    relais.post(instance(first.instance_id, name="C"))
    second = receipts(relais)[-1]
    prefer(relais, first)
    prefer(relais, second)
    assert [submission.versions for submission in submissions(relais)] == [3]
    assert is_sound(relais)


@pytest.mark.parametrize("change", [{"state": "closed"}, {"deleted_at": now()}])
def test_a_copy_is_preferred_though_its_form_is_closed_since(relais: Installation, change: dict[str, Any]) -> None:
    waiting = conflict(relais)
    set_form(relais, relais.published["household"], **change)
    assert prefer(relais, waiting).status == 201
    assert is_sound(relais)


def test_an_edit_of_an_older_version_can_be_preferred(relais: Installation) -> None:
    """Row 10: it becomes an edit of the version that is current now."""
    original, late = new_id(), new_id()
    relais.post(instance(original))
    relais.post(instance(new_id(), deprecated_id=original, name="first"))
    relais.post(instance(late, deprecated_id=original, name="late"))
    prefer(relais, receipt(relais, late))
    (submission,) = submissions(relais)
    assert submission.versions == 3
    assert b"<name>late</name>" in receipts(relais)[-1].xml


def test_in_the_trash_nothing_is_preferred(relais: Installation) -> None:
    """Row 11: first restore the submission."""
    waiting = conflict(relais)
    assert waiting.submission_id is not None
    set_in_trash(relais, waiting.submission_id)
    problem = refused(relais, settle.prefer, waiting, RULES, relais.services.secret)
    assert (problem.code, problem.details) == (409.3, {"reason": "original_in_trash"})
    set_in_trash(relais, waiting.submission_id, away=False)
    assert prefer(relais, waiting).status == 201


def test_an_encrypted_copy_cannot_be_preferred(relais: Installation) -> None:
    """C57: its key is bound to its instanceID, so an edit with another one could never be opened."""
    relais.publish(visit_form())
    one = new_id()
    relais.post(envelope(one))
    relais.post(envelope(one, key="b3RoZXI="))
    problem = refused(relais, settle.prefer, receipts(relais)[-1], RULES, relais.services.secret)
    assert "chiffrée" in problem.fr


@pytest.mark.parametrize(
    "meta",
    [
        b"<instanceID>uuid:1</instanceID>",
        b"<meta/>",
        b"",
        b'<o:meta xmlns:o="http://openrosa.org/xforms"><o:instanceID>uuid:1</o:instanceID></o:meta>',
        b"<meta><instanceID>uuid:1</instanceID><deprecatedID>uuid:0</deprecatedID></meta>",
        b"<instanceID>uuid:1</instanceID><meta><deprecatedID>uuid:0</deprecatedID></meta>",
        b"<meta/><meta><instanceID><!-- one -->uuid:1</instanceID></meta>",
    ],
)
def test_an_edit_is_made_from_whatever_meta_a_form_has(meta: bytes) -> None:
    """C55: with or without namespace, in meta or below the root, or absent."""
    first, second = (read_envelope(settle.edit_of(b'<data id="f"><a>1</a>%b</data>' % meta, "uuid:old")) for _ in "12")
    assert first.deprecated_id == second.deprecated_id == "uuid:old"
    assert first.instance_id is not None
    assert first.instance_id.startswith("uuid:")
    assert len({first.instance_id, second.instance_id, "uuid:1"}) == 3
    assert first.root.findtext("a") == "1"


def test_an_adopted_edit_becomes_a_submission_of_its_own_and_its_edits_follow_it(relais: Installation) -> None:
    """Row 9: its original will not come; the edits of it are still edits of it."""
    edit, later = new_id(), new_id()
    relais.post(instance(later, deprecated_id=edit))
    relais.post(instance(edit, deprecated_id=new_id()))
    decide(relais, settle.adopt, receipt(relais, edit), RULES)
    assert [(receipt(relais, each).version_no) for each in (edit, later)] == [1, 2]
    (submission,) = submissions(relais)
    assert (submission.instance_id, submission.versions) == (edit, 2)
    assert is_sound(relais)


def test_an_edit_of_itself_or_of_another_form_can_be_adopted(relais: Installation) -> None:
    """Row 10: there is no submission it could be preferred for."""
    relais.publish(xform(form_id="market"))
    other, itself, stray = new_id(), new_id(), new_id()
    relais.post(instance(other, form_id="market"))
    relais.post(instance(itself, deprecated_id=itself))
    relais.post(instance(stray, deprecated_id=other))
    for each in (itself, stray):
        waiting = receipt(relais, each)
        assert refused(relais, settle.prefer, waiting, RULES, relais.services.secret).code == 409.3
        decide(relais, settle.adopt, waiting, RULES)
        assert receipt(relais, each).version_no == 1
    assert is_sound(relais)


def test_what_came_late_is_released_by_a_supervisor_while_the_form_is_closed(relais: Installation) -> None:
    """Row 13."""
    one = new_id()
    set_form(relais, relais.published["household"], state="closed")
    relais.post(instance(one, photo="a.jpg"), {"a.jpg": b"photo"})
    decide(relais, settle.release, receipt(relais, one), replace(RULES, late="refuse"))
    assert status(relais, one) == ("version", None)
    assert last_event(relais).action == "submission.create"
    assert is_sound(relais)


def test_a_late_edit_is_released_to_wait_for_its_original(relais: Installation) -> None:
    """Rows 9 and 13: held, and settled by its original though the form is still closed."""
    original, edit = new_id(), new_id()
    set_form(relais, relais.published["household"], state="closed")
    relais.post(instance(edit, deprecated_id=original))
    decide(relais, settle.release, receipt(relais, edit), RULES)
    assert status(relais, edit) == ("held", "original_missing")
    relais.post(instance(original))
    decide(relais, settle.release, receipt(relais, original), RULES)
    assert [receipt(relais, each).version_no for each in (original, edit)] == [1, 2]
    assert is_sound(relais)


def test_an_unknown_version_is_released_as_another_one(relais: Installation) -> None:
    """Row 12: by a supervisor's choice; without one it waits on and the reason is said."""
    one = new_id()
    relais.post(instance(one, version="9", photo="a.jpg"), {"a.jpg": b"photo"})
    waiting = receipt(relais, one)
    problem = refused(relais, settle.release, waiting, RULES)
    assert (problem.code, problem.details) == (409.3, {"reason": "unknown_version"})
    decide(relais, settle.release, waiting, RULES, as_version_id=relais.published["household"].version_id)
    assert status(relais, one) == ("version", None)
    assert shown(relais, one) == {"a.jpg": b"photo"}
    assert is_sound(relais)


def test_a_choice_of_version_lasts_while_the_edit_waits(relais: Installation) -> None:
    """Rows 9 and 12: released as another version, held, then settled by its original as that version."""
    original, edit = new_id(), new_id()
    relais.post(instance(edit, version="9", deprecated_id=original))
    version_id = relais.published["household"].version_id
    decide(relais, settle.release, receipt(relais, edit), RULES, as_version_id=version_id)
    assert status(relais, edit)[0] == "held"
    relais.post(instance(original))
    assert receipt(relais, edit).version_no == 2
    assert is_sound(relais)


def test_only_a_published_version_of_its_own_form_can_be_chosen(relais: Installation) -> None:
    one = new_id()
    relais.post(instance(one, version="9"))
    waiting = receipt(relais, one)
    others = [relais.publish(xform(form_id="market")).version_id, relais.draft(xform(version="3")).id, 12345]
    for version_id in others:
        assert refused(relais, settle.release, waiting, RULES, as_version_id=version_id).code == 404.1


def test_while_its_form_is_deleted_nothing_is_released_except_as_a_chosen_version(relais: Installation) -> None:
    """Row 13."""
    one = new_id()
    published = relais.published["household"]
    set_form(relais, published, deleted_at=now())
    relais.post(instance(one))
    waiting = receipt(relais, one)
    assert refused(relais, settle.release, waiting, RULES).details == {"reason": "form_deleted"}
    decide(relais, settle.release, waiting, RULES, as_version_id=published.version_id)
    assert status(relais, one) == ("version", None)
    assert is_sound(relais)
