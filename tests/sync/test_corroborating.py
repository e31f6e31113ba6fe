"""Reports of one event confirm each other: they are linked when somebody says so, and none is ever left out."""

from urllib.parse import quote

import pytest

from forms.xform import parse_xform
from tests.collector.rest import admin_of, problem
from tests.forms.surveys import SURVEYS, compiled
from tests.installation import Installation
from tests.reader import sign_in
from tests.sync.people_form import FATIMATA, MAHAMADOU, MAMADOU, people_form, send
from tests.sync.test_matching_stored import matched
from tests.sync.test_pages import address, decide

PEOPLE = "/v1/projects/1/forms/people"
DECISIONS = f"{PEOPLE}/duplicates/decisions"


@pytest.mark.parametrize("survey", SURVEYS)
def test_of_the_bundled_surveys_only_alerts_corroborate(survey: str) -> None:
    assert parse_xform(compiled(survey)).corroborates == (survey == "incident_alert")


def test_reports_are_linked_and_none_is_left_out(post_node: Installation) -> None:
    relais = post_node
    relais.publish(people_form().replace(b'<data id="people"', b'<data ibg:match="corroborate" id="people"'))
    one, other, copy = send(relais, **MAHAMADOU), send(relais, **MAMADOU), send(relais, **MAHAMADOU)
    send(relais, **FATIMATA)
    matched(relais)
    admin, reader = admin_of(relais), sign_in(relais)
    # Not even a copy, times included, is settled by itself.
    assert {(each["copy"], each["verdict"]) for each in admin.json(f"{PEOPLE}/duplicates")} == {
        ("exact", None),
        (None, None),
    }
    assert admin.json(f"{PEOPLE}/duplicates/matching")["corroborates"]
    for verdict in ({"verdict": "duplicate", "keep": one}, {"verdict": "visit"}, {"verdict": "merge", "keep": one}):
        assert problem(admin.call("POST", DECISIONS, json={"one": one, "other": other, **verdict}))[1] == 400.8
    merge = admin.call("POST", f"{PEOPLE}/duplicates/merges", json={"keep": one, "others": [other], "fields": {}})
    assert merge.status_code in (400, 404)
    page = reader.words(address(one, other))
    assert "Un événement ou deux ?" in page
    assert "Même événement" in page
    for word in ("Doublon, garder", "Fusionner", "Deuxième visite"):
        assert word not in page
    assert "Noté : signalements d’un même événement" in decide(reader, address(one, other), "event")
    assert admin.call("POST", DECISIONS, json={"one": one, "other": copy, "verdict": "event"}).status_code == 200
    # Linked through the one between them.
    told = reader.words(f"/projects/1/forms/people/submissions/{quote(other, safe=':')}")
    assert "Aussi signalé par" in told
    linked = reader.page(f"/projects/1/forms/people/submissions/{quote(other, safe=':')}").xpath("//ul/li/a/@href")
    assert {f"/projects/1/forms/people/submissions/{quote(each, safe=':')}" for each in (one, copy)} <= set(linked)
    assert relais.rows("SELECT count(*) FROM submission WHERE duplicate_of IS NOT NULL") == [(0,)]
    assert len(admin.json(f"{PEOPLE}/submissions")) == 4
    settled = admin.json(f"{PEOPLE}/duplicates?state=settled")
    assert {each["verdict"] for each in settled} == {"event", None}
    # Two reports that a third one is linked with are not asked about; said to be of two events, they are, and what contradicts is told.
    open_pairs = admin.json(f"{PEOPLE}/duplicates")
    assert {other, copy} not in [{each["one"], each["other"]} for each in open_pairs]
    apart = {"one": other, "other": copy}
    for said, conflicts in (("distinct", 1), ("open", 0)):
        assert admin.call("POST", DECISIONS, json={**apart, "verdict": said}).status_code == 200
        assert len(admin.json(f"{PEOPLE}/duplicates?state=conflict")) == conflicts
    # Undone like any other.
    assert admin.call("POST", DECISIONS, json={"one": one, "other": other, "verdict": "open"}).status_code == 200
    assert "Aussi signalé par" not in reader.words(
        f"/projects/1/forms/people/submissions/{quote(other, safe=':')}"
    ).replace("Peut-être aussi signalé par", "")
    assert {other, copy} in [{each["one"], each["other"]} for each in admin.json(f"{PEOPLE}/duplicates")]
    assert "Noté : événements différents" in decide(reader, address(one, other), "distinct")


def test_other_forms_know_no_events(post_node: Installation) -> None:
    relais = post_node
    relais.publish(people_form())
    one, other = send(relais, **MAHAMADOU), send(relais, **MAMADOU)
    admin = admin_of(relais)
    assert problem(admin.call("POST", DECISIONS, json={"one": one, "other": other, "verdict": "event"}))[1] == 400.8
