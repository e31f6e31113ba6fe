"""Taking away for good: what was sent to try a draft, and forms that were thirty days in the trash."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from collector import rendered
from collector.check import check_everything
from config.clock import now
from forms.models import Form, FormVersion
from sync.jobs import forget_drafts, purge_forms
from sync.worker import Worker
from tests.forms.central import Caller, caller, form
from tests.installation import Installation, instance, new_id, xform

PHOTO = {"a.jpg": b"photo"}


def admin_of(relais: Installation) -> Caller:
    return caller(relais, relais.admin_email)


def left(relais: Installation) -> dict[str, int]:
    """How many rows there are of what came and of what was made of it."""
    tables = ("receipt", "receipt_file", "submission", "answers", "comment", "blob")
    return {name: relais.rows(f"SELECT count(*) FROM {name}")[0][0] for name in tables}


def try_it(relais: Installation, token: str, version: str) -> int:
    url = f"/v1/test/{token}/projects/{relais.project_id}/forms/household/draft"
    answer = relais.post(instance(new_id(), version=version, photo="a.jpg"), PHOTO, url=url)
    return answer.status_code


def work(relais: Installation) -> None:
    worker = Worker(relais.services)
    while worker.work_once():
        pass


def test_what_was_sent_to_try_a_draft_goes_with_it_and_nothing_else(relais: Installation) -> None:
    admin = admin_of(relais)
    relais.post(instance(new_id(), photo="b.jpg"), {"b.jpg": b"in earnest"})
    work(relais)
    before = left(relais)
    for ending in ("replaced", "dropped", "published"):
        token = relais.draft(xform(version=ending)).draft_token
        assert token
        assert [try_it(relais, token, ending) for _ in range(25)] == [201] * 25
        if ending == "replaced":
            relais.draft(xform(version="another"))
        else:
            method, path = ("DELETE", "") if ending == "dropped" else ("POST", "/publish")
            assert admin(method, f"/forms/household/draft{path}").status_code == 200
        work(relais)
        assert left(relais) == before
    assert check_everything(relais.services).faults == []


def test_drafts_that_are_gone_leave_no_rows_a_day_later(relais: Installation) -> None:
    admin = admin_of(relais)
    admin.create(form(version="1", files=("a.csv",)))
    admin("POST", "/forms/simple/draft/attachments/a.csv", b"only here")
    admin.draft("simple", form(version="2", files=("b.csv",)))
    admin.draft("simple", form(version="3", other="int"))
    assert forget_drafts(relais.services) == 0
    with relais.services.database.transaction() as session:
        session.execute(update(FormVersion).values(created_at=now() - timedelta(days=2)))
    assert forget_drafts(relais.services) == 2
    assert forget_drafts(relais.services) == 0
    assert admin.json("/forms/simple/draft")["version"] == "3"
    assert relais.rows("SELECT count(*) FROM form_attachment") == [(0,)]
    assert relais.rows("SELECT count(*) FROM form_schema") == [(2,)]
    assert relais.rows("SELECT count(*) FROM blob") == [(0,)]


def test_a_form_is_purged_after_thirty_days_in_the_trash(relais: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendered, "SIZE", 2)
    admin = admin_of(relais)
    admin.create(form("kept"), "?publish=true")
    phone = relais.new_phone("Téléphone 9")
    admin("POST", f"/forms/household/assignments/app-user/{phone.actor_id}")
    for number in range(3):
        relais.post(instance(new_id(), photo="a.jpg"), {"a.jpg": b"photo %d" % number})
    assert len(admin("GET", "/forms/household/submissions.csv.zip").data) > 1000
    assert relais.rows("SELECT count(*) FROM rendered_block")[0][0] > 0
    admin("PATCH", "/forms/household", {"state": "closing"}, X_Action_Notes="said%20to%20nobody")
    admin("DELETE", "/forms/household")
    assert purge_forms(relais.services) == 0
    with relais.services.database.transaction() as session:
        session.execute(
            update(Form).where(Form.xml_form_id == "household").values(deleted_at=now() - timedelta(days=31))
        )
    assert purge_forms(relais.services) == 1
    assert purge_forms(relais.services) == 0
    assert set(left(relais).values()) == {0}
    assert admin.json("/forms?deleted=true") == []
    assert [each["xmlFormId"] for each in admin.json("/forms")] == ["kept"]
    assert relais.rows("SELECT body FROM event_note") == [("",)]
    assert relais.rows("SELECT action FROM event WHERE action LIKE 'form.purge'") == [("form.purge",)]
    assert relais.rows("SELECT count(*) FROM assignment WHERE form_id <> 0") == [(0,)]
    for table in ("export", "rendition", "rendered_segment", "rendered_block"):
        assert relais.rows(f"SELECT count(*) FROM {table}") == [(0,)]
    assert check_everything(relais.services).faults == []
    # The id is free again, and the purged version may be published anew.
    relais.publish()
    assert relais.post(instance(new_id())).status_code == 201


def test_a_form_restored_in_time_keeps_everything(relais: Installation) -> None:
    admin = admin_of(relais)
    relais.post(instance(new_id()))
    admin("DELETE", "/forms/household")
    (deleted,) = admin.json("/forms?deleted=true")
    admin("POST", f"/forms/{deleted['id']}/restore")
    assert purge_forms(relais.services) == 0
    assert left(relais)["submission"] == 1
