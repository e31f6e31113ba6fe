"""The OData feed of a form over HTTP: its tables and their rows, as ODK Central shows them."""

import pytest
from lxml import etree

from collector.odata.service import edmx
from tests.collector.feeds import SERVICE, answered, get, ids, rows, sha1
from tests.collector.forms import define, question, repeat
from tests.collector.receiving import envelope, visit_form
from tests.collector.xforms import send, xform_of
from tests.installation import Installation

# --- documents ---


def test_the_service_lists_the_tables(filled: Installation) -> None:
    answer = get(filled, "")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8; odata.metadata=minimal"
    assert answer.headers["OData-Version"] == "4.0"
    assert answered(answer) == {
        "@odata.context": f"http://localhost{SERVICE}/$metadata",
        "value": [
            {"name": name, "kind": "EntitySet", "url": name}
            for name in ("Submissions", "Submissions.member", "Submissions.member.about.child")
        ],
    }


EDM = "{http://docs.oasis-open.org/odata/ns/edm}"


def test_the_metadata_document_describes_every_table(filled: Installation) -> None:
    answer = get(filled, "/$metadata")
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    root = etree.fromstring(answer.data)
    base = "org.opendatakit.user.survey"
    types = {
        each.get("Name"): {one.get("Name"): one.get("Type") for one in each if one.get("Type")}
        for each in root.iter(f"{EDM}EntityType", f"{EDM}ComplexType")
    }
    assert types["Submissions"] == {
        "__id": "Edm.String",
        "__system": "org.opendatakit.submission.metadata",
        "village": "Edm.String",
        "size": "Edm.Int64",
        "price": "Edm.Decimal",
        "day": "Edm.Date",
        "seen": "Edm.DateTimeOffset",
        "sure": "Edm.Boolean",
        "home": f"{base}.home",
        "member": f"Collection({base}.Submissions.member)",
        "meta": f"{base}.meta",
    }
    assert types["home"] == {
        "place": "Edm.GeographyPoint",
        "way": "Edm.GeographyLineString",
        "land": "Edm.GeographyPolygon",
    }
    assert types["Submissions.member.about.child"] == {
        "__id": "Edm.String",
        "__Submissions-member-id": "Edm.String",
        "name": "Edm.String",
        "photo": "Edm.String",
    }
    assert types["member.about"]["child"] == f"Collection({base}.Submissions.member.about.child)"
    sets = {each.get("Name"): each.get("EntityType") for each in root.iter(f"{EDM}EntitySet")}
    assert sets == {name: f"{base}.{name}" for name in map(str, types) if name.startswith("Submissions")}
    assert set(types["metadata"]) == set(rows(filled, "/Submissions?$top=1")[0]["__system"])


def test_metadata_is_valid_for_names_that_are_no_identifiers() -> None:
    form = define(question("1st-name"), repeat("a.b", question("é")), xml_form_id="my form-2")
    root = etree.fromstring(edmx(form).encode())
    names = [
        each.get("Name") for each in root.iter(f"{EDM}Property", f"{EDM}NavigationProperty", f"{EDM}EntityContainer")
    ]
    assert [name for name in names if name not in dict.fromkeys(names[:14])] == [
        "_1st_name", "a_b", "__Submissions-id", "__", "my_form_2",
    ]  # fmt: skip


# --- rows ---


def test_a_row_holds_every_answer_as_its_type(filled: Installation) -> None:
    (row,) = rows(filled, "/Submissions?$top=1")
    system = row.pop("__system")
    assert row == {
        "__id": "uuid:4",
        "village": "Téra",
        "size": 7,
        "price": 12.5,
        "day": "2026-11-23",
        "seen": "2026-11-23T12:00:00.000+01:00",
        "sure": "true",
        "home": {
            "place": {"type": "Point", "coordinates": [2.1, 13.5, 210], "properties": {"accuracy": 4.5}},
            "way": {
                "type": "LineString",
                "coordinates": [[2.1, 13.5, 0], [2.2, 13.6, 5]],
                "properties": {"accuracies": [None, 7]},
            },
            "land": {"type": "Polygon", "coordinates": [[[2.1, 13.5], [2.2, 13.6], [2.3, 13.5], [2.1, 13.5]]]},
        },
        "member@odata.navigationLink": "Submissions('uuid%3A4')/member",
        "meta": {"instanceID": "uuid:4", "instanceName": None},
    }
    assert system.pop("submissionDate").endswith("Z")
    assert system == {
        "updatedAt": None,
        "submitterId": str(filled.phone.actor_id),
        "submitterName": "Téléphone 1",
        "attachmentsPresent": 0,
        "attachmentsExpected": 1,
        "status": None,
        "reviewState": None,
        "deviceId": "collect:abcdefghijklmnop",
        "edits": 0,
        "formVersion": "1",
        "deletedAt": None,
    }


def test_what_was_not_answered_is_null(filled: Installation) -> None:
    row = rows(filled, "/Submissions?$filter=__id eq 'uuid:0'")[0]
    del row["__system"]
    assert row == {
        **dict.fromkeys(("village", "size", "price", "day", "seen", "sure")),
        "__id": "uuid:0",
        "home": {"place": None, "way": None, "land": None},
        "meta": {"instanceID": "uuid:0", "instanceName": None},
    }


def test_places_can_be_had_as_wkt(filled: Installation) -> None:
    assert rows(filled, "/Submissions?$top=1&$wkt=TRUE")[0]["home"] == {
        "place": "POINT (2.1 13.5 210)",
        "way": "LINESTRING (2.1 13.5 0,2.2 13.6 5)",
        "land": "POLYGON ((2.1 13.5,2.2 13.6,2.3 13.5,2.1 13.5))",
    }


ALI = sha1("Submissions#uuid:4", "member#0")
ZARA = sha1("Submissions#uuid:4", "member#1")
BANA = sha1("Submissions#uuid:4", "member#1", "about#", "child#0")
OUSMANE = sha1("Submissions#uuid:4", "member#1", "about#", "child#1")


def test_rows_of_repeats_are_named_and_tied_to_their_parents(filled: Installation) -> None:
    assert rows(filled, "/Submissions.member?$top=2") == [
        {"__id": ALI, "__Submissions-id": "uuid:4", "name": "Ali", "about": {"age": 40}},
        {
            "__id": ZARA,
            "__Submissions-id": "uuid:4",
            "name": "Zara",
            "about": {
                "age": None,
                "child@odata.navigationLink": f"Submissions('uuid%3A4')/member('{ZARA}')/about/child",
            },
        },
    ]
    assert rows(filled, "/Submissions.member.about.child") == [
        {"__id": BANA, "__Submissions-member-id": ZARA, "name": "Bana", "photo": "1.jpg"},
        {"__id": OUSMANE, "__Submissions-member-id": ZARA, "name": "Ousmane", "photo": None},
    ]


def test_everything_can_be_expanded(filled: Installation) -> None:
    row = rows(filled, "/Submissions?$top=1&$expand=*")[0]
    assert row["member"][0] == {"__id": ALI, "name": "Ali", "about": {"age": 40}}
    assert [child["name"] for child in row["member"][1]["about"]["child"]] == ["Bana", "Ousmane"]
    (member,) = rows(filled, "/Submissions.member?$skip=1&$top=1&$expand=*")
    assert [child["__id"] for child in member["about"]["child"]] == [BANA, OUSMANE]


def test_links_lead_to_the_rows_inside(filled: Installation) -> None:
    members = f"/{rows(filled, '/Submissions?$top=1')[0]['member@odata.navigationLink']}"
    assert ids(filled, members) == [ALI, ZARA]
    link = rows(filled, members)[1]["about"]["child@odata.navigationLink"]
    answer = answered(get(filled, f"/{link}?$top=1&$count=true"))
    assert [row["__id"] for row in answer["value"]] == [BANA]
    assert answer["@odata.count"] == 2
    assert answer["@odata.context"] == f"http://localhost{SERVICE}/$metadata#Submissions.member.about.child"
    following = answered(get(filled, answer["@odata.nextLink"].removeprefix("http://localhost")))
    assert [row["__id"] for row in following["value"]] == [OUSMANE]
    assert "@odata.nextLink" not in following
    assert ids(filled, f"/Submissions('uuid:4')/member('{ALI}')/about/child") == []
    assert ids(filled, f"/Submissions('uuid:4')/member('{ZARA}')") == [ZARA]


def test_a_single_submission_is_a_list_of_one(filled: Installation) -> None:
    assert answered(get(filled, "/Submissions('uuid:2')"))["value"] == rows(
        filled, "/Submissions?$filter=__id eq 'uuid:2'"
    )


@pytest.mark.parametrize(
    "path",
    [
        "/Nothing",
        "/Submissions.home",
        "/Submissions.member.child",
        "/Submissions/member",
        "/Submissions('uuid:9')",
        "/Submissions('uuid:4')/home",
        "/Submissions('uuid:4')/nothing",
        "/Nothing('uuid:4')",
        "/Submissions()",
        "/v1/projects/1/forms/nothing.svc",
        "/v1/projects/9/forms/survey.svc",
        "/v1/projects/1/forms/survey/draft.svc/Submissions",
    ],
)
def test_what_is_not_there_is_404_1(filled: Installation, path: str) -> None:
    answer = get(filled, path)
    assert (answer.status_code, answered(answer)["code"]) == (404, 404.1)
    assert answered(answer)["message"] == "Could not find the resource you were looking for."


# --- choosing columns ---


def test_select_leaves_only_what_is_named(filled: Installation) -> None:
    assert rows(filled, "/Submissions?$top=1&$select=__id, size,home/place,__system/edits") == [
        {
            "__id": "uuid:4",
            "__system": {"edits": 0},
            "size": 7,
            "home": {"place": {"type": "Point", "coordinates": [2.1, 13.5, 210], "properties": {"accuracy": 4.5}}},
        }
    ]
    assert rows(filled, "/Submissions?$top=1&$select=meta") == [
        {"meta": {"instanceID": "uuid:4", "instanceName": None}}
    ]
    assert rows(filled, "/Submissions?$top=1&$select=*") == rows(filled, "/Submissions?$top=1")
    assert list(rows(filled, "/Submissions?$top=1&$select=member")[0]) == ["member@odata.navigationLink"]
    assert rows(filled, "/Submissions.member?$top=1&$select=about/age,__Submissions-id") == [
        {"__Submissions-id": "uuid:4", "about": {"age": 40}}
    ]
    assert rows(filled, "/Submissions.member.about.child?$top=1&$select=name") == [{"name": "Bana"}]


# --- what the server knows of submissions ---


def test_an_encrypted_submission_has_its_metadata_only(post_node: Installation) -> None:
    post_node.publish(visit_form())
    assert post_node.post(envelope("uuid:e", "1.jpg.enc")).status_code == 201
    assert post_node.post(envelope("uuid:f"), {"submission.xml.enc": b"x"}).status_code == 201
    found = rows(post_node, "/v1/projects/1/forms/visit.svc/Submissions?$select=__id,__system/status,name")
    assert found == [
        {"__id": "uuid:f", "__system": {"status": "notDecrypted"}},
        {"__id": "uuid:e", "__system": {"status": "missingEncryptedFormData"}},
    ]


def test_older_versions_are_shown_in_the_columns_of_the_current_one(post_node: Installation) -> None:
    post_node.publish(xform_of(repeat("one", question("x")), question("gone"), repeat("two", question("y"))))
    send(post_node, {"gone": "1", "one": [{"x": "1"}], "two": [{"y": "2"}, {"y": "3"}]}, "uuid:old")
    post_node.publish(xform_of(question("new"), repeat("two", question("z"), question("y")), version="2"))
    send(post_node, {"new": "n", "two": [{"z": "4"}]}, "uuid:new", version="2")
    found = rows(post_node, "/Submissions?$select=__id,new,__system/formVersion")
    assert [(row["__id"], row["new"], row["__system"]["formVersion"]) for row in found] == [
        ("uuid:new", "n", "2"),
        ("uuid:old", None, "1"),
    ]
    assert [(row["z"], row["y"]) for row in rows(post_node, "/Submissions.two")] == [
        ("4", None),
        (None, "2"),
        (None, "3"),
    ]
    assert rows(post_node, "/Submissions.two?$skip=2")[0]["y"] == "3"
    assert answered(get(post_node, "/Submissions.two?$top=0&$count=true"))["@odata.count"] == 3
    assert get(post_node, "/Submissions.one").status_code == 404


def test_a_draft_has_a_feed_of_its_own(post_node: Installation) -> None:
    draft = post_node.draft(xform_of(question("village"), xml_form_id="survey"))
    sent = post_node.post(
        b'<data id="survey" version="1"><village>Test</village><meta><instanceID>uuid:d</instanceID></meta></data>',
        url=f"/v1/test/{draft.draft_token}/projects/1/forms/survey/draft",
    )
    assert sent.status_code == 201
    service = "/v1/projects/1/forms/survey/draft.svc"
    assert answered(get(post_node, service))["@odata.context"] == f"http://localhost{service}/$metadata"
    assert rows(post_node, f"{service}/Submissions")[0]["village"] == "Test"
    assert get(post_node, f"{service}/$metadata").status_code == 200
    assert get(post_node, SERVICE).status_code == 404
