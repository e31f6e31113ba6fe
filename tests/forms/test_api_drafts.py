"""Drafts over the API, as ODK Central has them: set, filled with files, tried, published, dropped; versions and what they hold."""

import hashlib
from typing import Any

import pytest

from accounts.models import Event
from tests.forms import workbook
from tests.forms.central import EXCEL, XML, Caller, caller, code, form, person
from tests.installation import Installation, instance, new_id

SELECTS = """
| survey   |                       |         |            |              |
|          | type                  | name    | label      | choice_filter |
|          | select_one_external t | town    | Ville      | region=${r}   |
|          | text                  | r       | Région     |              |
| choices  |                       |         |            |              |
|          | list_name             | name    | label      |              |
|          | x                     | x       | X          |              |
| external_choices |               |         |            |              |
|          | list_name             | name    | label      | region       |
|          | t                     | d       | Diffa      | east         |
| settings |                       |         |            |              |
|          | form_id               | version | form_title |              |
|          | towns                 | 1       | Villes     |              |
"""


@pytest.fixture
def manager(relais: Installation) -> Caller:
    """On both databases."""
    return person(relais, "manager", "manager")


@pytest.fixture
def admin(post_node: Installation) -> Caller:
    return caller(post_node, post_node.admin_email)


def events(relais: Installation) -> list[tuple[str, Any]]:
    """What the log says of forms since the household form was published."""
    with relais.services.database.reading() as session:
        found = session.query(Event).filter(Event.action.like("form.%")).order_by(Event.seq)
        return [(event.action, event.details) for event in found][2:]


def test_a_draft_lives_beside_the_published_version_until_it_takes_its_place(manager: Caller) -> None:
    manager.create(form(version="1"), "?publish=true")
    manager.draft("simple", form(version="2"))
    draft = manager.json("/forms/simple/draft")
    assert (draft["version"], draft["publishedAt"]) == ("2", None)
    published = manager.json("/forms/simple")
    assert (published["version"], published["draftToken"]) == ("1", None)
    assert manager("POST", "/forms/simple/draft/publish", **{"X-Action-Notes": "better"}).get_json() == {
        "success": True
    }
    assert manager.json("/forms/simple")["version"] == "2"
    code(manager("GET", "/forms/simple/draft"), 404, 404.1)
    code(manager("POST", "/forms/simple/draft/publish"), 404, 404.1)
    versions = manager.json("/forms/simple/versions", X_Extended_Metadata="true")
    assert [(each["version"], each["publishNotes"]) for each in versions] == [("2", "better"), ("1", None)]
    assert versions[0]["publishedBy"]["displayName"] == "manager"
    assert versions[0]["excelContentType"] is None
    assert [action for action, _ in events(manager.relais)] == [
        "form.create",
        "form.update.publish",
        "form.update.draft.set",
        "form.update.publish",
    ]
    last = events(manager.relais)[-1][1]
    assert last["oldDefId"] < last["newDefId"]


def test_a_replaced_draft_keeps_its_test_address(manager: Caller) -> None:
    token = manager.create(form(version="1"))["draftToken"]
    manager.draft("simple", form(version="2"))
    draft = manager.json("/forms/simple/draft")
    assert (draft["version"], draft["draftToken"]) == ("2", token)
    base = f"/v1/test/{token}/projects/{manager.relais.project_id}/forms/simple/draft"
    assert b"<version>2</version>" in manager.relais.client.get(f"{base}/formList").data
    xml = instance(new_id(), form_id="simple", version="2")
    assert manager.relais.post(xml, url=base).status_code == 201
    assert manager.json("/forms/simple/draft", X_Extended_Metadata="true")["submissions"] == 1
    assert manager.json("/forms/simple", X_Extended_Metadata="true")["submissions"] == 0
    manager("POST", "/forms/simple/draft/publish")
    assert manager.relais.client.get(f"{base}/formList").status_code == 404
    assert manager.json("/forms/simple", X_Extended_Metadata="true")["submissions"] == 0


def test_a_version_is_published_once(manager: Caller) -> None:
    manager.create(form(version="1"), "?publish=true")
    manager.draft("simple", form(version="1"))
    answer = manager("POST", "/forms/simple/draft/publish")
    assert code(answer, 409, 409.6) == {"xmlFormId": "simple", "version": "1"}
    assert answer.get_json()["message"] == (
        "You tried to publish the form 'simple' with version '1', but a published form has already existed in this "
        "project with those identifiers."
    )
    token = manager.json("/forms/simple/draft")["draftToken"]
    assert manager("POST", "/forms/simple/draft/publish?version=a%26b").status_code == 200
    assert manager.json("/forms/simple")["version"] == "a&b"
    assert token not in str(manager.json("/forms/simple/versions"))
    assert b'id="simple" version="a&amp;b"' in manager("GET", "/forms/simple.xml").data
    assert manager("GET", "/forms/simple/versions/a%26b.xml").data == form(version="a&amp;b")


def test_what_is_published_can_be_the_next_draft(admin: Caller) -> None:
    admin.create(workbook(SELECTS), "?ignoreWarnings=true", **EXCEL)
    assert code(admin("POST", "/forms/towns/draft"), 400, 400.2) == {"field": "xml"}
    admin("POST", "/forms/towns/draft/publish")
    assert admin("POST", "/forms/towns/draft").get_json() == {"success": True}
    draft, published = admin.json("/forms/towns/draft"), admin.json("/forms/towns")
    assert (draft["hash"], draft["version"]) == (published["hash"], "1")
    assert admin("GET", "/forms/towns/draft.xlsx").data == admin("GET", "/forms/towns.xlsx").data
    (itemsets,) = admin.json("/forms/towns/draft/attachments")
    assert (itemsets["name"], itemsets["exists"]) == ("itemsets.csv", True)
    assert b"Diffa" in admin("GET", "/forms/towns/draft/attachments/itemsets.csv").data


def test_a_draft_is_dropped_only_where_something_is_left(admin: Caller) -> None:
    admin.create(form())
    answer = admin("DELETE", "/forms/simple/draft")
    assert (code(answer, 409, 409.7), "has not been published" in answer.get_json()["message"]) == (None, True)
    admin("POST", "/forms/simple/draft/publish")
    code(admin("DELETE", "/forms/simple/draft"), 404, 404.1)
    admin.draft("simple", form(version="2"))
    assert admin("DELETE", "/forms/simple/draft").get_json() == {"success": True}
    code(admin("GET", "/forms/simple/draft"), 404, 404.1)
    assert admin.json("/forms/simple")["version"] == ""


def test_a_draft_carries_the_id_of_its_form(admin: Caller) -> None:
    admin.create(form(), "?publish=true")
    answer = admin("POST", "/forms/simple/draft", form("another"), **XML)
    assert code(answer, 400, 400.8) == {
        "field": "xmlFormId",
        "value": "another",
        "reason": "does not match the form you are updating",
    }
    code(admin("POST", "/forms/nothing/draft", form("nothing"), **XML), 404, 404.1)


def test_a_question_keeps_its_type_or_becomes_text(manager: Caller) -> None:
    manager.create(form(version="1", age="int", when="date"), "?publish=true")
    manager.draft("simple", form(version="2", age="string", when="date"))
    manager("POST", "/forms/simple/draft/publish")
    answer = manager("POST", "/forms/simple/draft", form(version="3", age="int", when="date"), **XML)
    assert code(answer, 400, 400.17) == {"path": "/age", "type": "string"}
    assert "attempts to change the type of the field at /age" in answer.get_json()["message"]
    manager("POST", "/forms/simple/draft?ignoreWarnings=true", form(version="3", age="string"), **XML)
    manager("POST", "/forms/simple/draft/publish")
    # Two versions ago it was a date, and its answers are still there.
    answer = manager("POST", "/forms/simple/draft", form(version="4", age="string", when="int"), **XML)
    assert code(answer, 400, 400.17) == {"path": "/when", "type": "date"}


def test_questions_that_go_are_a_warning(admin: Caller) -> None:
    admin.create(form(a="int", b="string", c="date"), "?publish=true")
    answer = admin("POST", "/forms/simple/draft", form(version="2", c="date"), **XML)
    warnings = {"workflowWarnings": [{"type": "structureChanged", "details": ["a", "b"]}]}
    assert code(answer, 400, 400.16) == {"warnings": warnings}
    admin.draft("simple", form(version="2", c="date"), "?ignoreWarnings=true")
    # Against what is published, not against the last draft.
    admin.draft("simple", form(version="2", a="int", b="string", c="date", d="int"))


def test_files_are_brought_one_by_one(manager: Caller) -> None:
    manager.create(form(files=("goodone.csv", "posts.geojson")))
    empty = {"hash": None, "exists": False, "blobExists": False, "datasetExists": False, "type": "file"}
    assert manager.json("/forms/simple/draft/attachments") == [
        {"name": "goodone.csv", **empty},
        {"name": "posts.geojson", **empty},
    ]
    given = manager("POST", "/forms/simple/draft/attachments/goodone.csv", b"name,label\n").get_json()
    moment = given.pop("updatedAt")
    assert moment
    assert given == {
        "name": "goodone.csv",
        "type": "file",
        "hash": hashlib.md5(b"name,label\n").hexdigest(),
        "exists": True,
        "blobExists": True,
        "datasetExists": False,
        "size": 11,
    }
    answer = manager("GET", "/forms/simple/draft/attachments/goodone.csv")
    assert (answer.data, answer.headers["Content-Type"]) == (b"name,label\n", "text/csv; charset=utf-8")
    assert answer.headers["ETag"] == f'"{given["hash"]}"'
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="goodone.csv"')
    again = manager("GET", "/forms/simple/draft/attachments/goodone.csv", If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    manager("POST", "/forms/simple/draft/attachments/posts.geojson", b"{}", Content_Type="image/x-odd")
    assert manager("GET", "/forms/simple/draft/attachments/posts.geojson").headers["Content-Type"] == "image/x-odd"
    manager("POST", "/forms/simple/draft/attachments/posts.geojson", b"[1", Content_Type="application/json")
    assert manager("GET", "/forms/simple/draft/attachments/posts.geojson").data == b"[1"
    assert manager("DELETE", "/forms/simple/draft/attachments/goodone.csv").get_json() == {"success": True}
    assert "updatedAt" in manager.json("/forms/simple/draft/attachments")[0]
    for method in ("GET", "DELETE"):
        code(manager(method, "/forms/simple/draft/attachments/goodone.csv"), 404, 404.1)
    for method in ("GET", "POST", "DELETE"):
        code(manager(method, "/forms/simple/draft/attachments/nothing.csv"), 404, 404.1)
    code(manager("PATCH", "/forms/simple/draft/attachments/goodone.csv", {"dataset": True}), 404, 404.1)
    details = events(manager.relais)[1][1]
    assert (details["name"], details["oldBlobId"], len(details["newBlobId"])) == ("goodone.csv", None, 64)


def test_files_go_along_to_the_next_draft_and_are_published_with_it(manager: Caller) -> None:
    manager.create(form(version="1", files=("a.csv", "b.csv")))
    manager("POST", "/forms/simple/draft/attachments/a.csv", b"first")
    manager("POST", "/forms/simple/draft/publish")
    code(manager("POST", "/forms/simple/draft/attachments/a.csv", b"late"), 404, 404.1)
    manager.draft("simple", form(version="2", files=("a.csv", "c.csv")))
    listed = manager.json("/forms/simple/draft/attachments")
    assert [(each["name"], each["exists"]) for each in listed] == [("a.csv", True), ("c.csv", False)]
    manager("POST", "/forms/simple/draft/attachments/a.csv", b"second")
    manager.draft("simple", form(version="2b", files=("a.csv",)))
    manager("POST", "/forms/simple/draft/publish")
    assert manager("GET", "/forms/simple/versions/1/attachments/a.csv").data == b"first"
    assert manager("GET", "/forms/simple/attachments/a.csv").data == b"second"
    assert [each["name"] for each in manager.json("/forms/simple/versions/1/attachments")] == ["a.csv", "b.csv"]
    manifest = manager("GET", "/forms/simple/versions/1/manifest", X_OpenRosa_Version="1.0").data
    assert b"/forms/simple/versions/1/attachments/a.csv</downloadUrl>" in manifest
    assert b"b.csv" not in manifest


def test_fields_are_those_of_the_version_asked_for(admin: Caller) -> None:
    admin.create(form(name="string", photo="binary"), "?publish=true")
    admin.draft("simple", form("simple", "2", "Simple", (), **{"name": "string", "photo": "binary", "é.x-é.1": "int"}))
    plain = {"binary": None, "selectMultiple": None}
    meta = [
        {"path": "/meta", "name": "meta", "type": "structure", **plain},
        {"path": "/meta/instanceID", "name": "instanceID", "type": "unknown", **plain},
    ]
    first = [
        {"path": "/name", "name": "name", "type": "string", **plain},
        {"path": "/photo", "name": "photo", "type": "binary", "binary": True, "selectMultiple": None},
    ]
    assert admin.json("/forms/simple/fields") == [*first, *meta]
    assert admin.json("/forms/simple/versions/___/fields") == [*first, *meta]
    code(admin("GET", "/forms/simple/versions/2/fields"), 404, 404.1)
    odd = {"path": "/__x_1", "name": "__x_1", "type": "int", **plain}
    assert admin.json("/forms/simple/draft/fields?odata=true") == [*first, odd, *meta]
    assert admin.json("/forms/simple/draft/fields?odata=false")[2]["path"] == "/é.x-é.1"


def test_a_project_s_data_collector_reads_what_is_published_and_not_closed(admin: Caller) -> None:
    relais = admin.relais
    admin.create(form(), "?publish=true")
    admin.draft("simple", form(version="2"))
    collector = person(relais, "collector", "formfill")
    for path in ("/forms/simple", "/forms/simple/fields", "/forms/simple.xml", "/forms/simple/versions/___.xml"):
        assert collector("GET", path).status_code == 200, path
    for path in ("/forms/simple/draft", "/forms/simple/draft.xml", "/forms/simple/draft/fields"):
        code(collector("GET", path), 403, 403.1)
    admin("PATCH", "/forms/simple", {"state": "closed"})
    for path in ("/forms/simple", "/forms/simple.xml"):
        code(collector("GET", path), 403, 403.1)
    assert person(relais, "viewer", "viewer")("GET", "/forms/simple.xml").status_code == 200


def test_an_xform_leaves_byte_for_byte_and_harmless(admin: Caller) -> None:
    admin.create(form())
    code(admin("GET", "/forms/nothing.xml"), 404, 404.1)
    for path in ("/forms/simple.xml", "/forms/simple/draft.xml"):
        answer = admin("GET", path)
        assert (answer.data, answer.headers["Content-Type"]) == (form(), "application/xml; charset=utf-8")
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert admin("GET", path, If_None_Match=answer.headers["ETag"]).status_code == 304


def test_what_a_draft_would_change_can_be_read_before_it_is_published(admin: Caller) -> None:
    admin.create(form(version="1", name="string", age="int"))
    assert admin.json("/forms/simple/draft/difference") == {
        "published": None,
        "toConfirm": 0,
        "changes": [],
        "columns": [],
    }
    admin("POST", "/forms/simple/draft/publish")
    code(admin("GET", "/forms/simple/draft/difference"), 404, 404.1)
    admin.draft("simple", form(version="2", age="string", size="int"), "?ignoreWarnings=true")
    found = admin.json("/forms/simple/draft/difference?language=fr")
    assert (found["published"], found["toConfirm"]) == ("1", 1)
    assert [(each["kind"], each["path"], each["confirm"]) for each in found["changes"]] == [
        ("removed", "/name", False),
        ("retyped", "/age", True),
        ("added", "/size", False),
    ]
    assert found["columns"] == [
        {
            "table": "",
            "added": ["size"],
            "removed": ["name"],
            "renamed": [],
            "sentence": "table principale : ajoutées : size ; qui n’y sont plus : name",
        }
    ]
    code(person(admin.relais, "viewer", "viewer")("GET", "/forms/simple/draft/difference"), 403, 403.1)
