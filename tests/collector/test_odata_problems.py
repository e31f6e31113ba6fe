"""What an OData feed does not do, in ODK Central's words; and who does not see it."""

from base64 import b64encode

import pytest
from lxml import etree

from accounts import web_users
from tests.collector.feeds import SERVICE, answered, get
from tests.installation import PASSWORD, Installation, instance, new_id

FIELD = "The given OData filter expression references fields not supported by this server: "
EXPAND = "The given OData expand expression is not supported by this server: "


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("/Submissions?$apply=x", 501.1, "The requested feature $apply is not supported by this server."),
        (
            "/Submissions?$expand=member",
            501.6,
            EXPAND + '"member". Currently, only "$expand=*" is supported.',
        ),
        ("/Submissions?$expand=*&$select=size", 501.11, "This server doesn't support $select query parameter with $expand."),
        ("/Submissions?$select=nothing", 400.23, "Could not find a property named 'nothing'"),
        ("/Submissions.member?$select=__system", 400.23, "Could not find a property named '__system'"),
        (
            "/Submissions?$select=member/name",
            400.24,
            "The given OData select property 'member/name' uses features not supported by this server.",
        ),
        ("/Submissions?$skiptoken=02abc", 400.35, "Invalid $skiptoken"),
        ("/Submissions?$skiptoken=01nojson", 400.35, "Invalid $skiptoken"),
        ("/Submissions?$skiptoken=01eyJyZXBlYXRJZCI6IngifQ%3D%3D", 400.35, "Invalid $skiptoken"),
        ("/Submissions.member?$skiptoken=01eyJyZXBlYXRJZCI6IngifQ%3D%3D", 400.34, "Record associated with the provided $skiptoken not found."),
        (
            "/Submissions?$orderby=__id&$skiptoken=01eyJpbnN0YW5jZUlkIjoieCJ9",
            501.1,
            "The requested feature using $orderby and $skiptoken together is not supported by this server.",
        ),
        ("/Submissions?$orderby=size", 501.5, FIELD + "size"),
        ("/Submissions?$orderby=__id up", 501.5, FIELD + "up"),
        ("/Submissions.member?$filter=__id eq 'x'", 501.5, FIELD + "__id at 0"),
        ("/Submissions?$top=-1", 400.8, None),
        ("/Submissions?$skip=many", 400.11, None),
        ("/Submissions?$format=xml", 406.1, "Requested format not acceptable; this resource allows: application/json,json."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_in_centrals_words(
    filled: Installation, path: str, code: float, message: str | None
) -> None:
    answer = get(filled, path)
    assert (answer.status_code, answered(answer)["code"]) == (int(code), code)
    assert message in (None, answered(answer)["message"])


def test_tokens_and_numbers_that_somebody_made_up_break_nothing(filled: Installation) -> None:
    for holds in (b"[" * 3000, b'{"instanceId":"\\u0000"}', b'{"instanceId":"\\ud800"}', b'{"instanceId":[]}'):
        answer = get(filled, "/Submissions?$skiptoken=01" + b64encode(holds).decode().replace("=", "%3D"))
        assert (answer.status_code, answered(answer)["code"]) == (400, 400.35), holds
    assert get(filled, f"/Submissions?$top={'9' * 40}").status_code == 200
    assert get(filled, f"/Submissions?$skip={'9' * 40}").status_code == 200


def test_metadata_is_xml_and_its_problems_are_too(filled: Installation) -> None:
    answer = get(filled, "/$metadata", Accept="application/json")
    assert (answer.status_code, answer.content_type) == (406, "text/xml; charset=utf-8")
    root = etree.fromstring(answer.data)
    assert root.get("code") == "406.1"
    assert root.findtext("message", "").endswith("this resource allows: application/xml,atom.")
    assert get(filled, "", OData_MaxVersion="3.0").status_code == 404
    assert get(filled, "/Submissions", OData_MaxVersion="4.01").status_code == 200


def test_head_tells_what_get_would(filled: Installation) -> None:
    answer = filled.client.head(f"{SERVICE}/Submissions", headers=filled.admin)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["OData-Version"] == "4.0"


def test_only_who_may_read_submissions_reads_the_feed(post_node: Installation) -> None:
    post_node.post(instance(new_id()))
    with post_node.services.database.transaction() as session:
        web_users.create_web_user(session, "viewer@example.org", PASSWORD, role="viewer", project_id=1)
        web_users.create_web_user(session, "stranger@example.org", PASSWORD)
    paths = ("", "/$metadata", "/Submissions", "/Submissions.child")
    for email, status in (("viewer", 200), ("stranger", 403), ("nobody", 401)):
        for path in paths:
            answer = post_node.client.get(
                f"/v1/projects/1/forms/household.svc{path}",
                auth=(f"{email}@example.org", PASSWORD),
                headers={"X-Forwarded-Proto": "https"},
            )
            assert answer.status_code == status, (email, path)
