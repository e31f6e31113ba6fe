"""Submissions over REST: made, read, edited, decided about, taken away, as ODK Central does it."""

import re
from datetime import timedelta

import pytest
import time_machine

from collector.check import check_everything
from collector.schemas import ExtendedSubmissionSchema, submission_json
from collector.submission_rows import SubmissionRow, VersionRow
from config.clock import now
from forms.states import set_form_state
from tests.collector.receiving import everything, set_in_trash, submissions
from tests.collector.rest import FORM, NOT_FOUND, Caller, admin_of, created, one, problem
from tests.installation import Installation, instance, new_id, xform


@pytest.fixture
def admin(relais: Installation) -> Caller:
    return admin_of(relais)


# Making


def test_a_submission_is_made_from_its_xml_and_told_with_its_current_version(
    relais: Installation, admin: Caller
) -> None:
    instance_id = new_id()
    xml = instance(instance_id, instance_name="Ménage 7")
    answer = admin.send(xml, "submissions?deviceID=abc", headers={"User-Agent": "pyodk/1.3"})
    assert answer.status_code == 200
    made = answer.get_json()
    version = {
        "instanceId": instance_id,
        "instanceName": "Ménage 7",
        "submitterId": made["submitterId"],
        "deviceId": "abc",
        "userAgent": "pyodk/1.3",
        "createdAt": made["createdAt"],
        "current": True,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", made["createdAt"])
    assert made == {
        "instanceId": instance_id,
        "submitterId": made["submitterId"],
        "deviceId": "abc",
        "userAgent": "pyodk/1.3",
        "createdAt": made["createdAt"],
        "updatedAt": None,
        "currentVersion": version,
    }
    whole = {**made, "reviewState": None, "deletedAt": None}
    assert admin.json(one(instance_id)) == whole
    assert admin.json("submissions") == [whole]
    assert admin.get(one(instance_id + ".xml")).data == xml
    assert check_everything(relais.services).faults == []


def test_what_cannot_be_made_is_refused_with_centrals_words_and_leaves_nothing(
    relais: Installation, admin: Caller
) -> None:
    taken = created(admin, name="A")
    later = new_id()
    assert admin.send(instance(later, deprecated_id=taken), one(taken), "PUT").status_code == 200
    before = everything(relais)
    form = relais.published["household"].form_id
    parameter = "Required parameter form ID xml attribute missing."
    again = f"A resource already exists with formId,instanceId,draft value(s) of {form},{taken},f."
    closed = (
        "This form is not currently accepting submissions. Please talk to your program staff if this is unexpected."
    )
    wrong = "Unexpected form id value market; did not match the form ID in the URL"
    for xml, expected in (
        (b"", (400, 400.2, parameter)),
        (b"not xml", (400, 400.2, parameter)),
        (b"<data/>", (400, 400.2, parameter)),
        (b'<data id="household"><name></data>', (400, 400.1, "Could not parse the given data (34 chars) as xml.")),
        (instance(new_id(), form_id="market"), (400, 400.8, wrong)),
        (
            instance(new_id(), version="77"),
            (404, 404.6, "The form version specified in this submission '77' does not exist."),
        ),
        (instance(taken, name="A"), (409, 409.3, again)),
        (instance(taken, name="B"), (409, 409.3, again)),
        (instance(later), (409, 409.3, f"A resource already exists with instanceID value(s) of {later}.")),
    ):
        assert problem(admin.send(xml)) == expected
    assert problem(admin.send(instance(new_id()), "/v1/projects/1/forms/nothing/submissions")) == NOT_FOUND
    assert problem(admin.send(instance(new_id()), "/v1/projects/99/forms/household/submissions")) == NOT_FOUND
    assert everything(relais) == before
    with relais.services.database.transaction() as session:
        set_form_state(session, 1, "household", "closed")
    assert problem(admin.send(instance(new_id()))) == (409, 409.2, closed)


def test_a_submission_in_the_trash_keeps_its_name(relais: Installation, admin: Caller) -> None:
    taken = created(admin)
    set_in_trash(relais, submissions(relais)[0].id)
    assert problem(admin.send(instance(taken)))[:2] == (409, 409.3)


def test_without_an_instance_id_it_gets_a_new_one_each_time(admin: Caller) -> None:
    first, second = (admin.send(instance(None)).get_json()["instanceId"] for _ in range(2))
    assert first != second
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first)


def test_a_deprecated_id_in_a_new_submission_counts_for_nothing(admin: Caller) -> None:
    first = new_id()
    assert admin.send(instance(first, deprecated_id=new_id())).status_code == 200
    assert admin.json(one(first))["reviewState"] is None


def test_what_waited_for_a_submission_made_over_rest_follows_it(relais: Installation, admin: Caller) -> None:
    first, second = new_id(), new_id()
    assert relais.post(instance(second, deprecated_id=first)).status_code == 202
    admin.send(instance(first))
    assert [each["instanceId"] for each in admin.json(one(first, "versions"))] == [second, first]


# Editing


def test_an_edit_replaces_the_current_version_and_asks_for_a_new_review(relais: Installation, admin: Caller) -> None:
    first, second = created(admin, name="A"), new_id()
    admin.call("PATCH", one(first), json={"reviewState": "approved"})
    answer = admin.send(instance(second, deprecated_id=first, name="B"), one(first), "PUT")
    edited = answer.get_json()
    assert answer.status_code == 200
    assert (edited["instanceId"], edited["reviewState"]) == (first, "edited")
    assert edited["currentVersion"]["instanceId"] == second
    assert edited["updatedAt"] >= edited["createdAt"]
    moved = admin.get(one(second))
    assert (moved.status_code, moved.location) == (301, f"{FORM}/{one(first, 'versions', second)}")
    moved = admin.get(one(second) + ".xml?a=b")
    assert moved.location == f"{FORM}/{one(first, 'versions', second)}.xml?a=b"
    assert check_everything(relais.services).faults == []


def test_an_edit_that_cannot_be_is_refused(relais: Installation, admin: Caller) -> None:
    first, second, other = created(admin, name="A"), new_id(), created(admin)
    admin.send(instance(second, deprecated_id=first), one(first), "PUT")
    before = everything(relais)
    stale = (
        f"You tried to update a submission, but the copy you were editing ({first}) is now out of date. "
        "Please get the new version that has been submitted, and make your edits again."
    )
    expected = (
        "This PUT endpoint expects a deprecatedID metadata tag pointing at the current version instanceID. "
        "I cannot find that tag in your request."
    )
    for xml, path, told in (
        (instance(new_id()), one(first), (400, 400.19, expected)),
        (instance(new_id(), deprecated_id=first), one(first), (409, 409.9, stale)),
        (instance(new_id(), deprecated_id=second), one(new_id()), NOT_FOUND),
        (instance(new_id(), deprecated_id=second), one(second), NOT_FOUND),
        (
            instance(other, deprecated_id=second),
            one(first),
            (409, 409.3, f"A resource already exists with instanceID value(s) of {other}."),
        ),
        (
            instance(new_id(), deprecated_id=second, version="9"),
            one(first),
            (404, 404.6, "The form version specified in this submission '9' does not exist."),
        ),
        (
            instance(new_id(), deprecated_id=second, form_id="market"),
            one(first),
            (400, 400.8, "Unexpected form id value market; did not match the form ID in the URL"),
        ),
    ):
        assert problem(admin.send(xml, path, "PUT")) == told
    assert everything(relais) == before


# Reading


def test_a_list_is_newest_first_and_read_in_parts(admin: Caller) -> None:
    ids = []
    start = now() - timedelta(hours=1)
    for minute in range(4):
        with time_machine.travel(start + timedelta(minutes=minute)):
            ids.append(created(admin))
    newest_first = ids[::-1]
    named = [each["instanceId"] for each in admin.json("submissions")]
    assert named == newest_first
    for query, expected in (
        ("limit=2", newest_first[:2]),
        ("limit=2&offset=1", newest_first[1:3]),
        ("offset=3", newest_first[3:]),
        ("limit=0", []),
        ("limit=3abc", newest_first[:3]),
    ):
        assert [each["instanceId"] for each in admin.json(f"submissions?{query}")] == expected
    for query in ("limit=x", "offset=", "limit=-1"):
        field = query.partition("=")[0]
        message = f"Invalid input data type: expected ({field}) to be (integer)"
        assert problem(admin.get(f"submissions?{query}")) == (400, 400.11, message)


def test_a_list_that_has_not_changed_is_not_sent_again(admin: Caller) -> None:
    first = created(admin)
    answer = admin.get("submissions")
    etag = answer.headers["ETag"]
    assert etag.startswith('W/"')
    again = admin.get("submissions", headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert admin.get("submissions?limit=1", headers={"If-None-Match": etag}).status_code == 200
    admin.call("PATCH", one(first), json={"reviewState": "approved"})
    assert admin.get("submissions", headers={"If-None-Match": etag}).status_code == 200


def test_extended_metadata_tell_who_sent_it(relais: Installation, admin: Caller) -> None:
    first = new_id()
    relais.post(instance(first))
    plain, extended = admin.json(one(first)), admin.json(one(first), extended=True)
    submitter = extended.pop("submitter")
    assert extended["currentVersion"].pop("submitter") == submitter
    assert extended == plain
    assert (submitter["displayName"], submitter["type"], submitter["id"]) == (
        "Téléphone 1",
        "field_key",
        plain["submitterId"],
    )
    assert set(submitter) == {"id", "type", "displayName", "createdAt", "updatedAt", "deletedAt"}
    assert admin.json("submissions", extended=True)[0]["submitter"] == submitter


def test_rows_are_written_as_the_schemas_say() -> None:
    moment = now()
    version = VersionRow("two", None, 7, "device", None, moment, True, "3")
    row = SubmissionRow(1, "one", 7, "device", "agent", "edited", moment, moment, None, version)
    assert submission_json(row) == ExtendedSubmissionSchema().dump(row)


def test_an_encoded_form_id_and_instance_id_find_their_submission(relais: Installation, admin: Caller) -> None:
    relais.publish(xform("a/b é"))
    path = "/v1/projects/1/forms/a%2Fb%20%C3%A9/submissions"
    name = "uuid:x/y ü"
    assert admin.send(instance(name, form_id="a/b é"), path).status_code == 200
    assert admin.json(f"{path}/uuid%3Ax%2Fy%20%C3%BC")["instanceId"] == name


# Drafts


def test_submissions_of_a_draft_live_apart(relais: Installation, admin: Caller) -> None:
    assert problem(admin.get("draft/submissions")) == NOT_FOUND
    version = relais.draft(xform(version="2"))
    live = created(admin)
    answer = admin.send(instance(live, version="anything"), "draft/submissions")
    assert answer.status_code == 200
    again = new_id()
    assert admin.send(instance(again, deprecated_id=live), "draft/" + one(live), "PUT").status_code == 200
    assert [each["instanceId"] for each in admin.json("draft/submissions")] == [live]
    assert [each["instanceId"] for each in admin.json("draft/" + one(live, "versions"))] == [again, live]
    assert len(admin.json(one(live, "versions"))) == 1
    url = f"/v1/test/{version.draft_token}/projects/1/forms/household/draft/submissions"
    made = Caller(relais.app.test_client(), "nobody@example.org", {"Authorization": ""}).send(instance(new_id()), url)
    assert (made.status_code, made.get_json()["submitterId"]) == (200, None)
    assert admin.json("draft/submissions", extended=True)[0]["submitter"]["id"] is None
    dead = admin.send(instance(new_id()), url.replace(version.draft_token or "", "a" * 64))
    assert problem(dead) == NOT_FOUND


def test_a_request_with_a_key_is_answered_once_more_and_made_once(relais: Installation, admin: Caller) -> None:
    key = {"Idempotency-Key": "7f"}
    first, again = (admin.send(instance(None), headers=key) for _ in range(2))
    assert (again.data, again.headers["Idempotency-Replayed"]) == (first.data, "true")
    path = one(first.get_json()["instanceId"], "comments")
    for _ in range(2):
        assert admin.call("POST", path, json={"body": "x"}, headers={"Idempotency-Key": "8"}).status_code == 200
    assert (len(submissions(relais)), len(admin.json(path))) == (1, 1)
