"""Pages of an OData feed: each row once, in an order that stays; sent again only when something has changed."""

import base64
import gzip
from urllib.parse import parse_qs, urlsplit

import pytest
import zstandard

from collector.odata.repeat_pages import places
from tests.collector.feeds import SERVICE, answered, get, ids, rows
from tests.collector.receiving import set_in_trash, submissions
from tests.installation import Installation, instance, new_id


def test_pages_follow_each_other_by_an_absolute_link(filled: Installation) -> None:
    first = answered(get(filled, "/Submissions?$top=2&$count=true&$skip=1&$filter=__id ne '~ *'"))
    assert [row["__id"] for row in first["value"]] == ["uuid:3", "uuid:2"]
    assert first["@odata.count"] == 5
    assert list(first) == ["value", "@odata.context", "@odata.nextLink", "@odata.count"]
    link = urlsplit(first["@odata.nextLink"])
    assert first["@odata.nextLink"].startswith(
        f"http://localhost{SERVICE}/Submissions?%24top=2&%24count=true&%24filter="
    )
    assert "%27%7E+*%27" in link.query
    token = parse_qs(link.query)["$skiptoken"][0]
    assert token == "01" + base64.b64encode(b'{"instanceId":"uuid:2"}').decode()
    second = answered(get(filled, f"{link.path}?{link.query}"))
    assert [row["__id"] for row in second["value"]] == ["uuid:1", "uuid:0"]
    assert second["@odata.count"] == 5
    assert "@odata.nextLink" not in second


def test_a_feed_travels_compressed_when_the_reader_can(filled: Installation) -> None:
    path, plain = "/Submissions?$expand=*", get(filled, "/Submissions?$expand=*")
    assert "Accept-Encoding" in plain.headers["Vary"]
    zstd = zstandard.ZstdDecompressor()
    for encoding, unpack in (("gzip", gzip.decompress), ("zstd", lambda data: zstd.decompressobj().decompress(data))):
        packed = get(filled, path, Accept_Encoding=encoding)
        assert (packed.status_code, packed.headers["Content-Encoding"]) == (200, encoding)
        assert unpack(packed.data) == plain.data
        assert packed.headers["ETag"] == plain.headers["ETag"]


@pytest.mark.parametrize(
    ("table", "query", "together"),
    [
        ("Submissions", "", 5),
        ("Submissions", "$orderby=__system/submissionDate asc", 5),
        ("Submissions", "$filter=size ge 2", 3),
        ("Submissions.member", "", 8),
        ("Submissions.member", "$orderby=__system/submissionDate", 8),
        ("Submissions.member", "$filter=$root/Submissions/size le 3", 6),
        ("Submissions.member", "$filter=startswith(name, 'm') and $root/Submissions/__id ne 'uuid:3'", 3),
        ("Submissions.member.about.child", "", 2),
    ],
)
def test_whatever_is_asked_pages_hold_each_row_once(
    filled: Installation, table: str, query: str, together: int
) -> None:
    whole = rows(filled, f"/{table}?{query}")
    assert len(whole) == together
    for size in (1, 2, 3):
        found, link = [], f"{SERVICE}/{table}?$top={size}&$count=true&{query}"
        while link:
            # A token must be good in another process too, and after a restart.
            if size == 2:
                places.forget()
            page = answered(get(filled, link.removeprefix("http://localhost")))
            assert page["@odata.count"] == together
            assert len(page["value"]) <= size
            found += page["value"]
            link = page.get("@odata.nextLink", "")
        assert found == whole
    for skip in range(together + 1):
        assert rows(filled, f"/{table}?$skip={skip}&{query}") == whole[skip:]


def test_counting_needs_no_rows(filled: Installation) -> None:
    context = f"http://localhost{SERVICE}/$metadata"
    assert answered(get(filled, "/Submissions?$top=0")) == {"value": [], "@odata.context": f"{context}#Submissions"}
    counted = answered(get(filled, "/Submissions?$top=0&$count=true"))
    assert counted == {"value": [], "@odata.context": f"{context}#Submissions", "@odata.count": 5}
    assert answered(get(filled, "/Submissions.member?$top=0&$count=true"))["@odata.count"] == 8
    assert answered(get(filled, "/Submissions?$top=0&$count=true&$filter=size gt 1"))["@odata.count"] == 3


def test_an_order_puts_nothing_first_and_equals_by_age(filled: Installation) -> None:
    assert ids(filled, "/Submissions?$orderby=__system/submissionDate") == [f"uuid:{n}" for n in range(5)]
    assert ids(filled, "/Submissions?$orderby=__system/reviewState ASC") == [f"uuid:{n}" for n in range(5)]
    assert ids(filled, "/Submissions?$orderby=__system/reviewState DESC, __id asc") == [f"uuid:{n}" for n in range(5)]


def test_a_token_of_what_is_gone_says_so_or_shows_what_follows(relais: Installation) -> None:
    sent = [new_id() for _ in range(3)]
    for each in sent:
        assert relais.post(instance(each, children=("a", "b"))).status_code == 201
    service = "/v1/projects/1/forms/household.svc"
    for table, answer in (("Submissions", 200), ("Submissions.child", 400)):
        link = answered(get(relais, f"{service}/{table}?$top=1"))["@odata.nextLink"].removeprefix("http://localhost")
        set_in_trash(relais, submissions(relais)[-1].id)
        after = get(relais, link)
        assert after.status_code == answer
        if table == "Submissions":
            assert answered(after)["value"][0]["__id"] == sent[1]
        else:
            assert answered(after)["code"] == 400.34
            assert answered(after)["message"] == "Record associated with the provided $skiptoken not found."
        set_in_trash(relais, submissions(relais)[-1].id, away=False)


def test_deleted_submissions_are_shown_to_whoever_asks_for_them(relais: Installation) -> None:
    sent = [new_id() for _ in range(2)]
    for each in sent:
        assert relais.post(instance(each)).status_code == 201
    service = "/v1/projects/1/forms/household.svc/Submissions"
    set_in_trash(relais, submissions(relais)[0].id)
    assert ids(relais, service) == [sent[1]]
    (deleted,) = rows(relais, f"{service}?$filter=not __system/deletedAt eq null")
    assert deleted["__id"] == sent[0]
    assert deleted["__system"]["deletedAt"]


def test_a_table_is_sent_again_only_when_it_has_changed(post_node: Installation) -> None:
    service = "/v1/projects/1/forms/household.svc/Submissions"
    post_node.post(instance("uuid:1"))
    first = get(post_node, service)
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    again = get(post_node, service, If_None_Match=tag)
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert get(post_node, f"{service}?$wkt=true", If_None_Match=tag).status_code == 200
    get(post_node, "/v1/projects/1/forms/household/submissions.csv").close()
    assert get(post_node, service, If_None_Match=tag).status_code == 304
    path = "/v1/projects/1/forms/household/submissions/uuid:1"
    post_node.client.patch(path, json={"reviewState": "approved"}, headers=post_node.admin)
    changed = get(post_node, service, If_None_Match=tag)
    assert (changed.status_code, changed.headers["ETag"] == tag) == (200, False)
