"""Forms over the API, as ODK Central has them: made, read, changed, deleted, restored."""

import pytest

from tests.forms import workbook
from tests.forms.central import EXCEL, XML, Caller, caller, code, form, person
from tests.installation import Installation, instance, new_id

SURVEY = """
| survey   |         |         |            |
|          | type    | name    | label      |
|          | text    | nom     | Nom        |
| settings |         |         |            |
|          | form_id | version | form_title |
|          | passage | 3       | Passage    |
"""
UNNAMED = SURVEY.replace("form_id", "style").replace("passage", "pages")
WARNED = SURVEY.replace("label      |", "label::Hausa |")


@pytest.fixture
def manager(post_node: Installation) -> Caller:
    return person(post_node, "manager", "manager")


def test_a_new_form_is_a_draft_with_every_field_of_central(manager: Caller) -> None:
    made = manager.create(form(version="2.1"))
    assert made == {
        "projectId": manager.relais.project_id,
        "xmlFormId": "simple",
        "state": "open",
        "webformsEnabled": True,
        "enketoId": None,
        "enketoOnceId": None,
        "name": "Simple",
        "version": "2.1",
        "keyId": None,
        "hash": made["hash"],
        "sha": made["sha"],
        "sha256": made["sha256"],
        "draftToken": made["draftToken"],
        "publishedAt": None,
        "createdAt": made["createdAt"],
        "updatedAt": None,
    }
    assert (len(made["hash"]), len(made["sha"]), len(made["sha256"]), len(made["draftToken"])) == (32, 40, 64, 64)
    assert manager.json("/forms/simple") == manager.json("/forms/simple/draft") == made
    code(manager("GET", "/forms/simple/versions/2.1"), 404, 404.1)


def test_a_form_can_be_published_as_it_is_made(manager: Caller) -> None:
    made = manager.create(form(), "?publish=TRUE")
    assert (made["version"], made["draftToken"], made["updatedAt"]) == ("", None, None)
    assert made["publishedAt"] == made["createdAt"]
    assert manager.json("/forms/simple/versions/___") == made
    assert manager.json("/forms/simple/versions") == [made]
    code(manager("GET", "/forms/simple/draft"), 404, 404.1)


def test_a_workbook_becomes_a_form_and_is_kept(manager: Caller) -> None:
    content = workbook(SURVEY)
    assert manager.create(content, **EXCEL)["xmlFormId"] == "passage"
    answer = manager("GET", "/forms/passage/draft.xlsx")
    assert (answer.status_code, answer.data) == (200, content)
    assert answer.headers["Content-Type"] == EXCEL["Content-Type"]
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"passage.xlsx\"; filename*=UTF-8''passage.xlsx"
    )
    again = manager("GET", "/forms/passage.xlsx", If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    code(manager("GET", "/forms/passage.xls"), 404, 404.1)
    assert manager.json("/forms/passage", X_Extended_Metadata="true")["excelContentType"] == EXCEL["Content-Type"]


def test_a_workbook_without_an_id_takes_the_one_sent_along(manager: Caller) -> None:
    headers = {**EXCEL, "X-XlsForm-FormId-Fallback": "post%C3%A9s%20v1.2"}
    assert manager.create(workbook(UNNAMED), **headers)["xmlFormId"] == "postés v1.2"
    details = code(
        manager("POST", "/forms", workbook(UNNAMED), **{**EXCEL, "X-XlsForm-FormId-Fallback": "a.xlsx"}), 400, 400.8
    )
    assert (details["field"], details["value"]) == ("formId", "a.xlsx")
    assert details["reason"].startswith("The Form ID cannot end in .xls, .xlsx, or .xml.")


def test_warnings_stop_a_form_until_they_are_ignored(manager: Caller) -> None:
    answer = manager("POST", "/forms", workbook(WARNED), **EXCEL)
    assert answer.get_json()["message"].startswith("The Form is valid, but with warnings.")
    (warning,) = code(answer, 400, 400.16)["warnings"]["xlsFormWarnings"]
    assert "Hausa" in warning
    assert manager("GET", "/forms/passage").status_code == 404
    manager.create(workbook(WARNED), "?ignoreWarnings=true", **EXCEL)


def test_what_cannot_be_a_form_is_refused_with_centrals_words(manager: Caller) -> None:
    broken = manager("POST", "/forms", workbook(SURVEY.replace("text ", "texxt")), **EXCEL)
    details = code(broken, 400, 400.15)
    assert broken.get_json()["message"].startswith("The given XLSForm file was not valid.")
    assert "texxt" in details["error"]
    assert details["warnings"] == []
    code(manager("POST", "/forms", b"", **EXCEL), 400, 400.15)
    code(manager("POST", "/forms", form(), **EXCEL), 400, 400.15)
    for content in (b"", b"hello", b"<a/>", workbook(SURVEY), form(form_id="")):
        answer = manager("POST", "/forms", content, **XML)
        assert code(answer, 400, 400.2) == {"field": "formId"}
        assert answer.get_json()["message"] == "Required parameter formId missing."
    without_meta = form().replace(b"<meta><instanceID/></meta>", b"")
    answer = manager("POST", "/forms", without_meta, **XML)
    assert (code(answer, 400, 400.27), answer.get_json()["message"]) == (
        None,
        "The form does not contain a 'meta' group.",
    )
    code(manager("POST", "/forms", form()[:-8], **XML), 400, 400.1)
    assert [each["xmlFormId"] for each in manager.json("/forms")] == ["household"]


def test_an_id_is_taken_while_its_form_lives(manager: Caller) -> None:
    manager.create(form())
    answer = manager("POST", "/forms", form(version="2"), **XML)
    project_id = str(manager.relais.project_id)
    assert code(answer, 409, 409.3) == {
        "fields": ["projectId", "xmlFormId"],
        "values": [project_id, "simple"],
        "table": "forms",
    }
    assert answer.get_json()["message"] == (
        f"A resource already exists with projectId,xmlFormId value(s) of {project_id},simple."
    )


def test_a_form_without_title_is_called_by_its_id(manager: Caller) -> None:
    assert manager.create(form(title=""), "?publish=true")["name"] is None
    answer = manager.relais.client.get(f"{manager.relais.key_url}/formList")
    assert b"<name>simple</name>" in answer.data


def test_the_list_is_sorted_by_name_and_shows_what_the_reader_may_see(manager: Caller) -> None:
    relais = manager.relais
    manager.create(form("c", title="abc"), "?publish=true")
    manager.create(form("a", title="Bcd"), "?publish=true")
    manager.create(form("b", title="aab"))
    manager("PATCH", "/forms/a", {"state": "closed"})
    ids = {
        name: [each["xmlFormId"] for each in person(relais, name, name).json("/forms")]
        for name in ("viewer", "formfill")
    }
    assert [each["xmlFormId"] for each in manager.json("/forms")] == ["b", "c", "a", "household"]
    assert ids == {"viewer": ["c", "a", "household"], "formfill": ["c", "household"]}
    code(person(relais, "stranger")("GET", "/forms"), 403, 403.1)
    assert relais.client.get("/v1/projects/99/forms", headers=manager.headers).status_code == 404


def test_extended_metadata_counts_what_came(manager: Caller) -> None:
    relais = manager.relais
    manager.create(form(), "?publish=true", **{"X-Action-Notes": "first%20one"})
    relais.post(instance(new_id()))
    shown = manager.json("/forms/household", X_Extended_Metadata="true")
    assert shown["submissions"] == 1
    assert shown["reviewStates"] == {"received": 1, "hasIssues": 0, "edited": 0}
    assert shown["lastSubmission"] is not None
    assert (shown["createdBy"], shown["publicLinks"], shown["entityRelated"]) == (None, 0, False)
    simple = manager.json("/forms/simple", X_Extended_Metadata="true")
    assert (simple["submissions"], simple["lastSubmission"], simple["excelContentType"]) == (0, None, None)
    assert simple["createdBy"]["displayName"] == "manager"
    assert simple["publishNotes"] == "first one"
    listed = manager.json("/forms", X_Extended_Metadata="true")
    assert [each["submissions"] for each in listed] == [1, 0]
    assert "publishNotes" not in listed[1]
    assert "publishNotes" not in person(relais, "viewer", "viewer").json("/forms/simple", X_Extended_Metadata="true")


def test_a_form_is_opened_and_closed(manager: Caller) -> None:
    manager.create(form(), "?publish=true")
    for state in ("closing", "closed", "open"):
        changed = manager("PATCH", "/forms/simple", {"state": state, "name": "ignored"}).get_json()
        assert (changed["state"], changed["name"]) == (state, "Simple")
        assert changed["updatedAt"] is not None
    answer = manager("PATCH", "/forms/simple", {"state": "ajar"})
    assert code(answer, 400, 400.8) == {"field": "state", "value": "ajar", "reason": "not a recognized state name"}
    assert answer.get_json()["message"] == "Unexpected state value ajar; not a recognized state name"
    assert manager("PATCH", "/forms/simple", {"webformsEnabled": False}).get_json()["webformsEnabled"] is False
    code(manager("PATCH", "/forms/simple", {"webformsEnabled": "perhaps"}), 400, 400.11)
    assert code(manager("PATCH", "/forms/simple", {"state": None}), 400, 400.8)["value"] == "<NULL>"
    assert manager("PATCH", "/forms/simple", {"webformsEnabled": 1}).get_json()["webformsEnabled"] is True
    code(manager("PATCH", "/forms/simple", b"{", Content_Type="application/json"), 400, 400.1)
    code(manager("PATCH", "/forms/nothing", {"state": "open"}), 404, 404.1)
    assert manager.json("/forms/simple")["state"] == "open"


def test_a_form_goes_to_the_trash_and_comes_back(relais: Installation) -> None:
    admin = caller(relais, relais.admin_email)
    admin.create(form(version="1"), "?publish=true")
    assert admin("DELETE", "/forms/simple").get_json() == {"success": True}
    code(admin("DELETE", "/forms/simple"), 404, 404.1)
    (deleted,) = admin.json("/forms?deleted=true", X_Extended_Metadata="true")
    assert (deleted["xmlFormId"], deleted["deletedAt"] is None, deleted["submissions"]) == ("simple", False, 0)
    answer = admin("POST", "/forms", form(version="2"), **XML)
    assert code(answer, 400, 400.16) == {
        "warnings": {"workflowWarnings": [{"type": "deletedFormExists", "details": {"xmlFormId": "simple"}}]}
    }
    # Phones may still hold the version of the deleted form.
    taken = admin("POST", "/forms?publish=true&ignoreWarnings=true", form(version="1"), **XML)
    assert code(taken, 409, 409.6) == {"xmlFormId": "simple", "version": "1"}
    admin.create(form(version="2"), "?ignoreWarnings=yes")
    details = code(admin("POST", f"/forms/{deleted['id']}/restore"), 409, 409.3)
    assert details["fields"] == ["projectId", "xmlFormId"]
    admin("DELETE", "/forms/simple")
    assert admin("POST", f"/forms/{deleted['id']}/restore").get_json() == {"success": True}
    assert admin.json("/forms/simple")["version"] == "1"
    assert [each["xmlFormId"] for each in admin.json("/forms?deleted=true")] == ["simple"]
    code(admin("POST", f"/forms/{deleted['id']}/restore"), 404, 404.1)
    code(admin("POST", "/forms/simple/restore"), 400, 400.11)
    code(admin("POST", "/forms/99999999999/restore"), 400, 400.22)


def test_those_without_the_right_change_nothing_and_strangers_see_nothing(manager: Caller) -> None:
    relais = manager.relais
    manager.create(form())
    writes = [
        ("POST", "/forms", form("other")),
        ("PATCH", "/forms/simple", {"state": "closed"}),
        ("DELETE", "/forms/simple", None),
        ("POST", "/forms/simple/draft", form()),
        ("DELETE", "/forms/simple/draft", None),
        ("POST", "/forms/simple/draft/publish", None),
    ]
    for who in (person(relais, "viewer", "viewer"), person(relais, "stranger")):
        for method, path, data in writes:
            code(who(method, path, data, **({} if isinstance(data, dict) else XML)), 403, 403.1)
        for path in ("/forms/simple", "/forms/simple.xml", "/forms/simple/fields", "/forms/simple/draft/attachments"):
            code(who("GET", path), 403, 403.1)
        code(who("GET", "/forms/nothing"), 404, 404.1)
    assert relais.client.get(f"/v1/projects/{relais.project_id}/forms").status_code == 401
    assert manager.json("/forms/simple")["state"] == "open"


def test_a_list_asks_the_database_as_often_for_many_forms_as_for_one(manager: Caller) -> None:
    from tests.forms.statements import counted

    once = counted(manager.relais, lambda: manager.json("/forms", X_Extended_Metadata="true"))
    for number in range(8):
        manager.create(form(f"form-{number}"))
    many = counted(manager.relais, lambda: manager.json("/forms", X_Extended_Metadata="true"))
    assert once == many
