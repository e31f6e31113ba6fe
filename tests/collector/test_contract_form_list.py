"""docs/collect-contract.md, section 1: the form list. The phone of tests/phone.py raises what breaks a MUST."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, text

from accounts import app_users
from config.problem import Problem
from forms.states import set_form_state
from tests.collector.published import form_with_files
from tests.installation import Installation, xform
from tests.phone import FetchFailed, Phone, State
from tests.served import LIST_NAMESPACE, MANIFEST_NAMESPACE, Place, ask, listed

DEVICE = "?deviceID=collect%3AabcdEFGH12345678"


def test_a_refresh_brings_every_form_with_its_files_c3_c9_c10_c11_c13_c15(place: Place) -> None:
    place.relais.publish(form_with_files(images=["croix.png"], tables=["postes.csv"]), media=FILES)
    phone = place.phone()
    refresh = phone.refresh()
    assert refresh.states == {"household": State.NEW, "survey": State.NEW}
    assert (sorted(refresh.downloaded), refresh.failed) == (["household", "survey"], {})
    assert phone.form("survey").media == FILES
    assert phone.form("household").media == {}
    assert phone.remarks == []


def test_a_second_refresh_finds_nothing_new_c14_c15(place: Place) -> None:
    place.relais.publish(form_with_files(images=["croix.png"], tables=["postes.csv"]), media=FILES)
    phone = place.phone()
    phone.refresh()
    again = phone.refresh()
    assert set(again.states.values()) == {State.ON_DEVICE}
    assert (again.downloaded, again.deleted, again.failed) == ([], [], {})


def test_a_new_version_takes_the_place_of_the_old_one_in_the_list_c12_c14(place: Place) -> None:
    phone = place.phone()
    phone.refresh()
    place.relais.publish(xform(version="2"))
    assert [(form.form_id, form.version) for form in phone.form_list()] == [("household", "2")]
    refresh = phone.refresh()
    assert refresh.states == {"household": State.UPDATED_VERSION}
    assert phone.form("household").version == "2"


def test_a_form_without_version_is_listed_without_one_c10(place: Place) -> None:
    place.relais.publish(form_with_files(version=""))
    phone = place.phone()
    phone.refresh()
    assert phone.form("survey").version is None


def test_the_bytes_of_a_version_never_change_c16(place: Place) -> None:
    with pytest.raises(Problem) as refused:
        place.relais.publish(xform(title="Autre titre"))
    assert refused.value.code == 409.6
    assert place.phone().refresh().failed == {}


def test_a_deleted_form_s_version_is_not_published_again_with_other_bytes_c16(place: Place) -> None:
    with place.relais.services.database.transaction() as session:
        statement = "UPDATE form SET deleted_at = '2026-01-01 00:00:00' WHERE project_id = :project"
        session.execute(text(statement), {"project": place.relais.project_id})
    with pytest.raises(Problem) as refused:
        place.relais.publish(xform(title="Autre titre"))
    assert refused.value.code == 409.6
    place.relais.publish(xform())
    assert place.phone().refresh().downloaded == ["household"]


def test_a_phone_that_only_updates_is_brought_up_to_date_c18(place: Place) -> None:
    phone = place.phone()
    phone.refresh()
    phone.form_update_mode = "previously_downloaded"
    place.relais.publish(xform(version="2"))
    place.relais.publish(form_with_files())
    refresh = phone.refresh()
    assert refresh.states == {"household": State.UPDATED_VERSION, "survey": State.NEW}
    assert (refresh.downloaded, refresh.deleted) == (["household"], [])


@pytest.mark.parametrize("state", ["closing", "closed"])
def test_only_open_forms_are_listed(place: Place, state: str) -> None:
    place.relais.publish(form_with_files())
    with place.relais.services.database.transaction() as session:
        set_form_state(session, place.relais.project_id, "survey", state)
    assert [form.form_id for form in place.phone().form_list()] == ["household"]


def test_the_list_is_xml_in_utf_8_that_begins_at_once_c6_c7_c8(place: Place) -> None:
    place.relais.publish(form_with_files(title="Fiche « été » 🌍", images=["croix.png"]), media=FILES)
    for path, root in (
        ("/formList", f"{LIST_NAMESPACE}xforms"),
        ("/forms/survey/manifest", f"{MANIFEST_NAMESPACE}manifest"),
    ):
        answer = place.ask("GET", path + DEVICE)
        assert answer.status == 200
        assert (answer.header("Content-Type") or "").startswith("text/xml")
        assert answer.header("X-OpenRosa-Version") == "1.0"
        assert answer.body.startswith(b"<?xml")
        assert root.rpartition("}")[2].encode() in answer.body.decode().encode()
    assert "Fiche « été » 🌍" in [entry["name"] for entry in listed(place.ask("GET", "/formList"))]


def test_a_form_is_listed_under_its_title_with_the_md5_of_its_bytes_c11_c15(place: Place) -> None:
    (entry,) = listed(place.ask("GET", "/formList"))
    assert entry == {
        "formID": "household",
        "name": "Ménage",
        "version": "1",
        "hash": "md5:" + place.relais.rows("SELECT md5 FROM form_version ORDER BY id LIMIT 1")[0][0],
        "downloadUrl": f"{place.key_url}/forms/household.xml",
    }
    assert place.ask("GET", entry["downloadUrl"] + DEVICE).body == xform()


@pytest.mark.parametrize("query", ["", DEVICE, "?deviceID=", "?x=1&deviceID=%C3%A9%20%00", "?deviceID=%FF%FE;&&=&%"])
def test_whatever_device_id_a_phone_has_is_taken_c1(place: Place, query: str) -> None:
    assert place.ask("GET", "/formList" + query).status == 200


@pytest.mark.parametrize("slashes", ["/", "//"])
def test_slashes_at_the_end_of_the_server_address_cost_no_redirect_c1_c37(place: Place, slashes: str) -> None:
    phone = Phone(place.key_url + slashes)
    phone.refresh()
    phone.send(phone.finalize(b'<data id="household" version="1"><meta><instanceID>uuid:1</instanceID></meta></data>'))
    assert [exchange.status for exchange in phone.exchanges] == [200, 200, 204, 201]


# --- Failures (C17) ---


def test_an_unreachable_database_is_5xx_for_whoever_asks_c17_c76(post_node: Installation) -> None:
    database = Path(post_node.services.settings.data) / "relais.sqlite3"
    post_node.services.database.engine.dispose()
    for file in database.parent.glob("relais.sqlite3*"):
        shutil.move(file, file.with_name(f"away-{file.name}"))
    database.mkdir()
    fails_as_a_phone_can_bear(post_node)


@pytest.mark.postgres
def test_a_database_server_that_is_away_is_5xx_for_whoever_asks_c17_c76(hub: Installation) -> None:
    engine = hub.services.database.engine
    engine.dispose()
    beside = engine.url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(beside, autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{engine.url.database}" ALLOW_CONNECTIONS false')
        try:
            fails_as_a_phone_can_bear(hub)
        finally:
            connection.execute(f'ALTER DATABASE "{engine.url.database}" ALLOW_CONNECTIONS true')


def fails_as_a_phone_can_bear(relais: Installation) -> None:
    basic = relais.admin
    project = f"/v1/projects/{relais.project_id}"
    for url, headers in ((relais.key_url, {}), (project, basic), ("", basic), (project, {})):
        for path in ("/formList", "/forms/household/manifest", "/forms/household.xml"):
            answer = relais.client.get(url + path, headers={**headers, "X-OpenRosa-Version": "1.0"})
            assert answer.status_code == 503, (path, answer.data)
            # A phone repeats at once what says "0", and nothing else (C76).
            assert answer.headers.get("Retry-After") != "0"
            assert b"<message" in answer.data
            assert b"xform>" not in answer.data
        assert relais.client.head(f"{url}/submission", headers=headers).status_code == 503
        assert relais.post(b"<data/>", url=url, headers=headers).status_code in (400, 503)


def test_a_form_that_cannot_be_listed_is_no_shorter_list_c17(post_node: Installation) -> None:
    post_node.publish(form_with_files())
    with post_node.services.database.transaction() as session:
        session.execute(text("UPDATE form SET xml_form_id = '..' WHERE xml_form_id = 'survey'"))
    answer = post_node.client.get(f"{post_node.key_url}/formList")
    assert answer.status_code == 500
    assert b"household" not in answer.data


@pytest.mark.parametrize("path", ["/formList", "/forms/household.xml"])
def test_an_unforeseen_error_is_told_in_the_project_s_language_c17_c49(post_node: Installation, path: str) -> None:
    with post_node.services.database.transaction() as session:
        session.execute(text("UPDATE project SET language = 'en'"))
        session.execute(text("ALTER TABLE form_version RENAME COLUMN md5 TO gone"))
    answer = post_node.client.get(post_node.key_url + path)
    assert answer.status_code == 500
    assert b"Something unforeseen on our side" in answer.data


def test_a_retired_phone_sees_an_empty_list_and_a_revoked_one_none_c17(place: Place) -> None:
    credential = place.relais.new_phone()
    phone = place.phone(credential)
    phone.refresh()
    database = place.relais.services.database
    with database.transaction() as session:
        app_users.set_state(session, place.relais.project_id, credential.actor_id, "retired")
    assert phone.refresh().deleted == ["household"]
    with database.transaction() as session:
        app_users.set_state(session, place.relais.project_id, credential.actor_id, "revoked")
    with pytest.raises(FetchFailed) as refused:
        phone.refresh()
    assert refused.value.status == 403


def test_a_project_without_forms_has_an_empty_list(place: Place) -> None:
    with place.relais.services.database.transaction() as session:
        set_form_state(session, place.relais.project_id, "household", "closed")
    answer = place.ask("GET", "/formList")
    assert (answer.status, listed(answer)) == (200, [])


# --- What a refresh costs (C20, C98) ---


@pytest.mark.parametrize(
    "path", ["/formList", "/forms/survey/manifest", "/forms/survey.xml", "/forms/survey/attachments/croix.png"]
)
def test_what_has_not_changed_is_not_sent_again_c20(place: Place, path: str) -> None:
    place.relais.publish(form_with_files(images=["croix.png"]), media=FILES)
    first = place.ask("GET", path)
    tag = first.header("ETag")
    assert (first.status, first.header("Cache-Control")) == (200, "private, no-cache")
    assert tag is not None
    again = place.ask("GET", path, If_None_Match=tag)
    assert (again.status, again.body, again.header("ETag")) == (304, b"", tag)
    assert again.header("X-OpenRosa-Version") == "1.0"
    # Without an ETag of its own the phone would ask with the old Date, which says nothing about versions.
    now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert place.ask("GET", path, If_Modified_Since=now).status == 200
    place.relais.publish(form_with_files(version="2", images=["croix.png"]), media=FILES | {"croix.png": b"another"})
    changed = place.ask("GET", path, If_None_Match=tag)
    assert (changed.status, changed.header("ETag") != tag) == (200, True)


def test_another_project_s_tag_is_no_reason_to_keep_a_list_c20(place: Place) -> None:
    tag = ask("GET", f"{place.key_url}/formList").header("ETag")
    other = place.relais.new_phone()
    answer = ask("GET", f"{place.url}/v1/key/{other.token}/projects/1/formList", headers={"If-None-Match": tag or ""})
    # Same forms, other addresses: the token is in every URL.
    assert answer.status == 200


def test_fifty_forms_are_listed_with_as_many_queries_as_five_c4_c98(post_node: Installation) -> None:
    statements: list[str] = []
    event.listen(
        post_node.services.database.engine, "before_cursor_execute", lambda *facts: statements.append(facts[2])
    )
    costs = []
    for wanted in (5, 50):
        while len(post_node.published) < wanted:
            post_node.publish(form_with_files(f"form-{len(post_node.published)}"))
        statements.clear()
        assert post_node.client.get(f"{post_node.key_url}/formList").status_code == 200
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 2


FILES = {"croix.png": b"\x89PNG not really", "postes.csv": "name,label\nA,Assamaka\nÉ,Été\n".encode()}
