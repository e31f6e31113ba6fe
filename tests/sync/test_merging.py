"""Merging over REST: one submission with answers of several, an edit like any other, undone without a trace."""

from sync.worker import Worker
from tests.collector.receiving import envelope
from tests.collector.rest import NOT_ALLOWED, NOT_FOUND, Caller, admin_of, caller, problem
from tests.installation import Installation, instance, new_id
from tests.sync.people_form import FATIMATA, MAHAMADOU, MAMADOU, people_form, person, send
from tests.sync.test_effects import (
    ONE_DATABASE,
    PEOPLE,
    WITHOUT,
    counts,
    decide,
    downloaded,
    exported,
    marks,
    sound,
)
from tests.sync.test_matching_stored import matched

MERGES = f"{PEOPLE}/duplicates/merges"
HOUSEHOLDS = "/v1/projects/1/forms/household"


def row_of(admin: Caller, instance_id: str) -> dict[str, str]:
    lines = exported(admin).decode().splitlines()
    header = lines[0].split(",")
    (line,) = [each for each in lines if instance_id in each]
    return dict(zip(header, line.split(","), strict=True))


def test_a_merge_is_an_edit_with_what_was_chosen_and_undoing_restores_everything(
    relais: Installation, admin: Caller, three: list[str]
) -> None:
    first, second, third = three
    admin.call("PATCH", f"{PEOPLE}/submissions/{first}", json={"reviewState": "approved"})
    metadata = admin.json(f"{PEOPLE}/submissions/{first}")
    feed = f"{PEOPLE}.svc/Submissions"
    before = exported(admin), exported(admin, WITHOUT), downloaded(relais), counts(relais), admin.get(feed).data
    body = {
        "keep": first,
        "others": [second, third],
        "fields": {"/name": second, "/note": third, "/age": first},
        "reason": "même homme, deux passages",
    }
    made = admin.call("POST", MERGES, json=body).get_json()
    assert admin.call("POST", MERGES, json=body).get_json() == made
    row = row_of(admin, first)
    assert (row["name"], row["note"], row["age"], row["ReviewState"], row["Edits"]) == (
        MAMADOU["name"],
        "c",
        "35",
        "edited",
        "1",
    )
    assert marks(relais) == {first: None, second: first, third: first}
    versions = admin.json(f"{PEOPLE}/submissions/{first}/versions")
    assert [each["instanceId"] for each in versions] == [made["version"], first]
    assert f"<deprecatedID>{first}</deprecatedID>" in admin.get(f"{PEOPLE}/submissions/{first}.xml").text
    assert [(each["fields"], each["reason"]) for each in made["decisions"]] == [
        ({"/name": second}, body["reason"]),
        ({"/note": third}, body["reason"]),
    ]
    receipts = {row[1]: row[0] for row in relais.rows("SELECT id, instance_id FROM receipt")}
    ((details,),) = relais.rows("SELECT details FROM event WHERE action = 'submission.merge'")
    assert all(str(receipts[name]) in str(details) for name in three)
    matched(relais)
    sound(relais)
    decide(admin, first, third, "open")
    matched(relais)
    sound(relais)
    assert marks(relais) == dict.fromkeys(three)
    assert admin.json(f"{PEOPLE}/submissions/{first}") == metadata
    assert (
        exported(admin),
        exported(admin, WITHOUT),
        downloaded(relais),
        counts(relais),
        admin.get(feed).data,
    ) == before
    assert len(admin.json(f"{PEOPLE}/duplicates")) == 3
    # And merged anew, as if it had never been.
    assert admin.call("POST", MERGES, json=body).get_json()["version"] != made["version"]
    assert row_of(admin, first)["Edits"] == "1"
    sound(relais)


def test_photos_of_chosen_answers_come_along(relais: Installation, admin: Caller) -> None:
    one, other = new_id(), new_id()
    relais.post(instance(one, photo="a.jpg"), {"a.jpg": b"first"})
    relais.post(instance(other, photo="a.jpg", children=("Ali", "Issa")), {"a.jpg": b"second"})
    fields = {"/photo": other, "/child": other}
    for _ in range(2):
        answer = admin.call(
            "POST", f"{HOUSEHOLDS}/duplicates/merges", json={"keep": one, "others": [other], "fields": fields}
        )
        assert answer.status_code == 200, answer.text
    assert admin.get(f"{HOUSEHOLDS}/submissions/{one}/attachments/a.jpg").data == b"second"
    assert admin.get(f"{HOUSEHOLDS}/submissions/{one}/versions/{one}/attachments/a.jpg").data == b"first"
    assert admin.get(f"{HOUSEHOLDS}/submissions/{one}.xml").text.count("<child>") == 2
    sound(relais)


def test_files_that_come_late_for_a_merged_one_reach_the_version_made_of_it(
    relais: Installation, admin: Caller
) -> None:
    one, other = new_id(), new_id()
    relais.post(instance(one, photo="a.jpg"), {"a.jpg": b"first"})
    relais.post(instance(other, photo="a.jpg"))
    admin.call(
        "POST", f"{HOUSEHOLDS}/duplicates/merges", json={"keep": one, "others": [other], "fields": {"/photo": other}}
    )
    (lacking,) = admin.json(f"{HOUSEHOLDS}/submissions/{one}/attachments")
    assert (lacking["exists"], lacking["name"]) == (False, "a-2.jpg")
    made = admin.json(f"{HOUSEHOLDS}/submissions/{one}/versions")[0]["instanceId"]
    relais.post(instance(new_id(), deprecated_id=made, photo="a-2.jpg"))
    for _ in range(2):
        relais.post(instance(other, photo="a.jpg"), {"a.jpg": b"second"})
        Worker(relais.services).work_once()
    assert admin.get(f"{HOUSEHOLDS}/submissions/{one}/attachments/a-2.jpg").data == b"second"
    assert admin.get(f"{HOUSEHOLDS}/submissions/{other}/attachments/a.jpg").data == b"second"
    assert relais.rows("SELECT count(*) FROM receipt_file WHERE name = 'a-2.jpg'") == [(2,)]
    sound(relais)


@ONE_DATABASE
def test_what_is_calculated_from_both_is_calculated_again_or_written_by_hand(
    relais: Installation, admin: Caller
) -> None:
    """Two calculations: one that we know, and one that only phones do."""
    calculated = b"""<bind nodeset="/data/note" type="string" calculate="concat(/data/name, ', ', /data/village)"/>"""
    by_phone = b"""<bind nodeset="/data/sex" type="string" calculate="digest(concat(/data/name, /data/age), 'MD5')"/>"""
    plain = [b'<bind nodeset="/data/note" type="string"/>', b'<bind nodeset="/data/sex" type="string"/>']
    relais.publish(people_form(roles={}).replace(plain[0], calculated).replace(plain[1], by_phone))
    one = send(relais, name="Awa", village="Gao", age="30", note="Awa, Gao", sex="x1")
    other = send(relais, name="Hawa", village="Diffa", age="31", note="Hawa, Diffa", sex="y2")
    body = {"keep": one, "others": [other], "fields": {"/name": other}}
    made = admin.call("POST", MERGES, json=body).get_json()
    assert '"Hawa, Gao"' in exported(admin).decode()
    assert {kind: made[kind] for kind in ("calculated", "unsettled", "irrelevant", "unmet", "unanswered")} == {
        "calculated": ["/note"], "unsettled": ["/sex"], "irrelevant": [], "unmet": [], "unanswered": [],
    }  # fmt: skip
    assert admin.call("POST", MERGES, json=body).get_json() == made
    # Written by hand it is another merge in place of that one; taken back, all is as it was.
    written = {**body, "values": {"/sex": "z3"}}
    again = admin.call("POST", MERGES, json=written).get_json()
    assert again["unsettled"] == []
    assert "z3" in exported(admin).decode()
    assert admin.call("POST", MERGES, json=written).get_json() == again
    for values in ({"/name": "x"}, {"/sex": "\x01"}, {"/sex": "x" * 10_001}, {"/lost": "x"}):
        assert problem(admin.call("POST", MERGES, json={**body, "values": values}))[1] == 400.8
    assert problem(admin.call("POST", MERGES, json={**body, "values": {"/sex": 3}}))[1] == 400.11
    # With nothing taken of the other what is written counts all the same.
    alone = {**body, "fields": {}, "values": {"/sex": "z4"}}
    only = admin.call("POST", MERGES, json=alone).get_json()
    assert admin.call("POST", MERGES, json=alone).get_json() == only
    assert "z4" in exported(admin).decode()
    assert "Awa, Gao" in exported(admin).decode()
    decide(admin, one, other, "open")
    assert "Awa, Gao" in exported(admin).decode()
    assert "z4" not in exported(admin).decode()
    sound(relais)


@ONE_DATABASE
def test_a_merge_corrected_since_keeps_its_answers_when_it_is_undone(
    relais: Installation, admin: Caller, three: list[str]
) -> None:
    first, second, _ = three
    made = admin.call("POST", MERGES, json={"keep": first, "others": [second], "fields": {"/name": second}}).get_json()
    relais.post(person(new_id(), deprecated_id=made["version"], **{**MAHAMADOU, "name": "Autre"}))
    decide(admin, first, second, "open")
    assert row_of(admin, first)["name"] == "Autre"
    assert marks(relais)[second] is None
    sound(relais)


def test_encrypted_answers_are_not_merged(post_node: Installation) -> None:
    one, other = new_id(), new_id()
    post_node.post(instance(one))
    assert post_node.post(envelope(other).replace(b'"visit"', b'"household"')).status_code == 201
    admin = admin_of(post_node)
    for keep, taken in ((one, other), (other, one)):
        body = {"keep": keep, "others": [taken], "fields": {"/name": taken}}
        answer = admin.call("POST", f"{HOUSEHOLDS}/duplicates/merges", json=body)
        assert (answer.status_code, "chiffr" in answer.text or "encrypted" in answer.text) == (409, True)
    assert admin.json(f"{HOUSEHOLDS}/duplicates/decisions") == []


@ONE_DATABASE
def test_what_cannot_be_merged_is_refused_and_changes_nothing(relais: Installation, admin: Caller) -> None:
    relais.publish(people_form())
    one, other = send(relais, **MAHAMADOU), send(relais, **FATIMATA)
    household = new_id()
    relais.post(instance(household))
    good = {"keep": one, "others": [other], "fields": {"/name": other}}
    wrong: tuple[tuple[dict[str, object], float], ...] = (
        ({"others": []}, 400.8),
        ({"others": [one]}, 400.8),
        ({"others": "all"}, 400.11),
        ({"fields": {}}, 400.8),
        ({"fields": {"/name": household}}, 400.8),
        ({"fields": {"/lost": other}}, 400.8),
        ({"fields": {"/meta/instanceID": other}}, 400.8),
        ({"fields": ["/name"]}, 400.11),
        ({"keep": None}, 400.2),
        ({"others": [household], "fields": {"/name": household}}, 409.3),
    )
    for change, code in wrong:
        assert problem(admin.call("POST", MERGES, json={**good, **change}))[1] == code, change
    assert problem(admin.call("POST", MERGES, json={**good, "keep": "uuid:nobody"})) == NOT_FOUND
    reviewer, stranger = caller(relais, "reviewer@example.org", "reviewer"), caller(relais, "stranger@example.org")
    for each in (reviewer, stranger):
        assert problem(each.call("POST", MERGES, json=good)) == NOT_ALLOWED
    assert relais.rows("SELECT count(*) FROM dup_decision") == [(0,)]
    assert relais.rows("SELECT max(versions) FROM submission") == [(1,)]
