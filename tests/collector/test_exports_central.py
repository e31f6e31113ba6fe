"""`submissions.csv.zip` and `submissions.csv` over HTTP, with every option of ODK Central."""

import csv
import gzip
import io
import zipfile
from typing import Any

import pytest
import zstandard
from werkzeug.test import TestResponse

from accounts import web_users
from accounts.events import after
from tests.collector.feeds import SERVICE
from tests.collector.forms import group, question, repeat
from tests.collector.receiving import envelope, set_in_trash, submissions, visit_form
from tests.collector.xforms import send, xform_of
from tests.installation import PASSWORD, Installation, instance, new_id

BASE = "/v1/projects/1/forms/survey/submissions"
CHOOSING = (
    question("regions", "select"),
    group("g", question("a"), question("others", "select")),
    repeat("r", question("more", "select")),
)


def get(relais: Installation, path: str, **headers: str) -> TestResponse:
    whole = path if path.startswith("/v1") else BASE + path
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return relais.client.get(whole, headers={**relais.admin, **given})


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def opened(answer: TestResponse) -> zipfile.ZipFile:
    assert answer.status_code == 200, answer.data
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    return archive


@pytest.fixture
def chosen(post_node: Installation) -> Installation:
    """Two submissions of a form with several questions of several answers, the newer one edited in the form's second version."""
    post_node.publish(xform_of(*CHOOSING, question("gone")))
    send(
        post_node,
        {"regions": "south north", "g": {"a": "1", "others": "z"}, "r": [{"more": "east"}, {}], "gone": "G"},
        "uuid:1",
    )
    post_node.publish(xform_of(*CHOOSING, version="2"))
    send(post_node, {"regions": "north", "g": {"a": "2"}}, "uuid:2", version="2")
    return post_node


def test_chosen_values_get_columns_of_their_own(chosen: Installation) -> None:
    archive = opened(get(chosen, ".csv.zip?splitSelectMultiples=true"))
    root = table(archive.read("survey.csv"))
    names = ["regions", "regions/north", "regions/south", "g-a", "g-others", "g-others/z"]
    assert list(root[0])[1:7] == names
    assert [[row[name] for name in names] for row in root] == [
        ["north", "1", "0", "2", "", "0"],
        ["south north", "1", "1", "1", "z", "1"],
    ]
    assert (
        archive.read("survey-r.csv").decode()
        == "more,more/east,PARENT_KEY,KEY\neast,1,uuid:1,uuid:1/r[1]\n,0,uuid:1,uuid:1/r[2]\n"
    )
    alone = table(get(chosen, ".csv?splitSelectMultiples=TRUE&$filter=__id eq 'uuid:2'").data)
    assert list(alone[0])[1:5] == ["regions", "regions/north", "g-a", "g-others"]


def test_an_encrypted_submission_has_no_noughts(post_node: Installation) -> None:
    post_node.publish(visit_form())
    post_node.publish(xform_of(question("regions", "select"), xml_form_id="visit", version="2"))
    assert post_node.post(envelope("uuid:e")).status_code == 201
    send(post_node, {"regions": "north"}, "uuid:p", xml_form_id="visit", version="2")
    rows = table(get(post_node, "/v1/projects/1/forms/visit/submissions.csv?splitSelectMultiples=true").data)
    assert [(row["KEY"], row["regions/north"], row["Status"]) for row in rows] == [
        ("uuid:p", "1", ""),
        ("uuid:e", "", "missing encrypted form data"),
    ]


def test_group_paths_can_be_left_out(chosen: Installation) -> None:
    names = get(chosen, ".csv?groupPaths=false").data.decode().split("\n")[0].split(",")
    assert names[:6] == ["SubmissionDate", "regions", "a", "others", "instanceID", "instanceName"]


def test_deleted_fields_can_be_had_again(chosen: Installation) -> None:
    assert "gone" not in table(get(chosen, ".csv").data)[0]
    rows = table(get(chosen, ".csv?deletedFields=true").data)
    assert [row["gone"] for row in rows] == ["", "G"]
    assert list(rows[0])[-11] == "gone"


def test_a_filter_chooses_rows_repeats_and_files(post_node: Installation) -> None:
    for name, photo in (("uuid:1", "a.jpg"), ("uuid:2", "b.jpg")):
        assert post_node.post(instance(name, photo=photo), {photo: photo.encode()}).status_code == 201
    base = "/v1/projects/1/forms/household/submissions.csv.zip"
    for asked in ("__id eq 'uuid:2'", "photo eq 'b.jpg'"):
        archive = opened(get(post_node, f"{base}?$filter={asked}"))
        assert [row["KEY"] for row in table(archive.read("household.csv"))] == ["uuid:2"]
        assert len(table(archive.read("household-child.csv"))) == 1
        assert [name for name in archive.namelist() if name.startswith("media/")] == ["media/b.jpg"]
    assert "media/a.jpg" not in opened(get(post_node, f"{base}?attachments=false")).namelist()
    assert get(post_node, f"{base}?$filter=").json["code"] == 400.18  # type: ignore[index]
    assert get(post_node, f"{base}?$filter=nothing eq 1").json["code"] == 501.5  # type: ignore[index]
    set_in_trash(post_node, submissions(post_node)[0].id)
    deleted = table(
        get(post_node, "/v1/projects/1/forms/household/submissions.csv?$filter=__system/deletedAt ne null").data
    )
    assert [row["KEY"] for row in deleted] == ["uuid:1"]


def test_names_and_types_are_centrals(chosen: Installation) -> None:
    whole, without, alone = (get(chosen, path) for path in (".csv.zip", ".csv.zip?attachments=false", ".csv"))
    dispositions = [answer.headers["Content-Disposition"] for answer in (whole, without, alone)]
    assert dispositions == [
        f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
        for name in ("survey.zip", "survey.csv.zip", "survey.csv")
    ]
    assert [answer.content_type for answer in (whole, alone)] == ["application/zip", "text/csv; charset=utf-8"]
    posted = chosen.client.post(f"{BASE}.csv", headers=chosen.admin, data={"1": "passphrase"})
    assert posted.data == alone.data
    assert opened(chosen.client.post(f"{BASE}.csv.zip?attachments=false", headers=chosen.admin, json={})).namelist()
    head = chosen.client.head(f"{BASE}.csv.zip", headers=chosen.admin)
    assert (head.status_code, head.data) == (200, b"")


def test_an_export_is_sent_again_only_when_it_has_changed(chosen: Installation) -> None:
    first = get(chosen, ".csv.zip")
    tag = first.headers["ETag"]
    assert first.data
    again = get(chosen, ".csv.zip", If_None_Match=tag)
    assert (again.status_code, again.data) == (304, b"")
    assert get(chosen, ".csv.zip?groupPaths=false", If_None_Match=tag).status_code == 200
    send(chosen, {}, version="2")
    assert get(chosen, ".csv.zip", If_None_Match=tag).status_code == 200
    tag = get(chosen, ".csv").headers["ETag"]
    chosen.publish(xform_of(question("new"), version="3"))
    assert get(chosen, ".csv", If_None_Match=tag).status_code == 200


def test_whoever_takes_data_out_is_remembered(chosen: Installation) -> None:
    assert get(chosen, ".csv.zip").data
    assert get(chosen, ".csv").data
    with chosen.services.database.reading() as session:
        found = [
            event for event in after(session, 1, 0, 1000) if event.action in ("form.submission.export", "export.finish")
        ]
    assert [event.action for event in found] == ["form.submission.export", "export.finish"] * 2
    assert found[1].details is not None
    assert found[1].details["submissions"] == {"wanted": 2, "written": 2, "byReviewState": {"received": 2}}
    assert found[1].details["rows"] == [2, 2]


def test_a_draft_is_exported_and_nobody_is_remembered(post_node: Installation) -> None:
    draft = post_node.draft(xform_of(question("village")))
    url = f"/v1/test/{draft.draft_token}/projects/1/forms/survey/draft"
    sent = post_node.post(
        b'<data id="survey" version="1"><village>T</village><meta><instanceID>uuid:d</instanceID></meta></data>',
        url=url,
    )
    assert sent.status_code == 201
    rows = table(get(post_node, "/v1/projects/1/forms/survey/draft/submissions.csv").data)
    assert [row["village"] for row in rows] == ["T"]
    assert opened(get(post_node, "/v1/projects/1/forms/survey/draft/submissions.csv.zip")).namelist() == ["survey.csv"]
    assert get(post_node, ".csv").status_code == 404
    assert post_node.rows("SELECT count(*) FROM export") == [(0,)]


def test_csv_travels_compressed_when_the_reader_can(chosen: Installation) -> None:
    plain = get(chosen, ".csv").data
    packed = get(chosen, ".csv", Accept_Encoding="br, gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain
    packed = get(chosen, ".csv", Accept_Encoding="zstd")
    assert zstandard.ZstdDecompressor().decompressobj().decompress(packed.data) == plain


def test_who_may_not_read_submissions_exports_none(post_node: Installation) -> None:
    post_node.post(instance(new_id()))
    with post_node.services.database.transaction() as session:
        for role in ("viewer", "data-viewer"):
            web_users.create_web_user(session, f"{role}@example.org", PASSWORD, role=role, project_id=1)
        web_users.create_web_user(session, "stranger@example.org", PASSWORD)
    for who, status in (("viewer", 200), ("data-viewer", 200), ("stranger", 403), ("nobody", 401)):
        for ending in (".csv", ".csv.zip"):
            answer = post_node.client.get(
                f"/v1/projects/1/forms/household/submissions{ending}",
                auth=(f"{who}@example.org", PASSWORD),
                headers={"X-Forwarded-Proto": "https"},
            )
            assert (answer.status_code, bool(answer.data)) == (status, True)


SENSITIVE = xform_of(question("name"), question("photo", "binary"), question("face", "binary"), question("age", "int")).replace(
    b'nodeset="/data/name"', b'nodeset="/data/name" sensitivity="P"'
).replace(b'nodeset="/data/face"', b'nodeset="/data/face" sensitivity="P"')  # fmt: skip


def test_a_data_viewer_sees_no_names(post_node: Installation) -> None:
    post_node.publish(SENSITIVE)
    answers: dict[str, Any] = {"name": "Aïchatou", "photo": "1.jpg", "face": "2.jpg", "age": "34"}
    send(post_node, answers, "uuid:1", files={"1.jpg": b"1", "2.jpg": b"2"})
    with post_node.services.database.transaction() as session:
        web_users.create_web_user(session, "eyes@example.org", PASSWORD, role="data-viewer", project_id=1)
    who = ("eyes@example.org", PASSWORD)
    archive = opened(post_node.client.get(f"{BASE}.csv.zip", auth=who, headers={"X-Forwarded-Proto": "https"}))
    (row,) = table(archive.read("survey.csv"))
    assert (row["name"], row["face"], row["age"], row["SubmitterName"]) == ("", "", "34", "")
    assert [name for name in archive.namelist() if name.startswith("media/")] == ["media/1.jpg"]
    shown = post_node.client.get(
        f"{SERVICE}/Submissions?$filter=name eq 'Aïchatou'", auth=who, headers={"X-Forwarded-Proto": "https"}
    )
    assert (shown.status_code, shown.get_json()["value"]) == (200, [])
    (row,) = post_node.client.get(
        f"{SERVICE}/Submissions", auth=who, headers={"X-Forwarded-Proto": "https"}
    ).get_json()["value"]
    assert (row["name"], row["age"], row["__system"]["submitterName"]) == (None, 34, None)
    assert table(get(post_node, ".csv").data)[0]["name"] == "Aïchatou"
