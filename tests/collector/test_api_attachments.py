"""The files of submissions over REST: listed, read in ranges, added, replaced, taken away."""

import pytest

from collector.check import check_everything
from tests.collector.rest import NOT_ALLOWED, NOT_FOUND, Caller, admin_of, caller, created, one, problem
from tests.installation import Installation, instance, new_id, xform

PHOTO = b"\xff\xd8\xff a photo " * 100


@pytest.fixture
def admin(relais: Installation) -> Caller:
    return admin_of(relais)


def put(who: Caller, path: str, content: bytes = PHOTO, kind: str | None = "image/jpeg") -> tuple[int, object]:
    answer = who.call("POST", path, data=content, content_type=kind)
    return answer.status_code, answer.get_json()


def test_a_named_file_is_missing_until_it_is_added(relais: Installation, admin: Caller) -> None:
    first = created(admin, photo="a b.jpg")
    path = one(first, "attachments", "a b.jpg")
    assert admin.json(one(first, "attachments")) == [{"name": "a b.jpg", "exists": False}]
    assert problem(admin.get(path)) == NOT_FOUND
    assert put(admin, path) == (200, {"success": True})
    assert put(admin, path) == (200, {"success": True})
    assert admin.json(one(first, "attachments")) == [{"name": "a b.jpg", "exists": True}]
    answer = admin.get(path)
    assert (answer.status_code, answer.data, answer.content_type) == (200, PHOTO, "image/jpeg")
    assert answer.headers["Content-Disposition"] == "inline; filename=\"a b.jpg\"; filename*=UTF-8''a%20b.jpg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert check_everything(relais.services).faults == []


def test_a_file_is_read_in_ranges_and_not_twice(admin: Caller) -> None:
    first = created(admin, photo="a.jpg")
    path = one(first, "attachments", "a.jpg")
    put(admin, path)
    whole = admin.get(path)
    part = admin.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, PHOTO[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(PHOTO)}"
    assert admin.get(path, headers={"Range": "bytes=-5"}).data == PHOTO[-5:]
    assert admin.get(path, headers={"Range": "bytes=999999-"}).status_code == 416
    again = admin.get(path, headers={"If-None-Match": whole.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("name", "sent", "told"),
    [
        ("a.csv", None, "text/csv; charset=utf-8"),
        ("a.geojson", None, "application/geo+json"),
        ("a.bin", None, "application/octet-stream"),
        ("page.html", "text/html", "text/html; charset=utf-8"),
    ],
)
def test_a_file_keeps_its_type_and_only_pictures_are_shown(
    post_node: Installation, name: str, sent: str | None, told: str
) -> None:
    admin = admin_of(post_node)
    path = one(created(admin, photo=name), "attachments", name)
    put(admin, path, b"<script>", sent)
    answer = admin.get(path)
    assert (answer.content_type, answer.headers["Content-Disposition"].partition(";")[0]) == (told, "attachment")


def test_a_replaced_file_stays_stored_and_a_cleared_one_is_missing(relais: Installation, admin: Caller) -> None:
    first = created(admin, photo="a.jpg")
    path = one(first, "attachments", "a.jpg")
    for content in (PHOTO, b"another", PHOTO):
        put(admin, path, content)
        assert admin.get(path).data == content
    assert [tuple(row) for row in relais.rows("SELECT count(*) FROM receipt_file")] == [(2,)]
    for _ in range(2):
        assert admin.call("DELETE", path).get_json() == {"success": True}
        assert admin.json(one(first, "attachments")) == [{"name": "a.jpg", "exists": False}]
    put(admin, path)
    assert admin.get(path).data == PHOTO
    assert check_everything(relais.services).faults == []


def test_only_files_that_the_answers_name_can_be_added(admin: Caller) -> None:
    first = created(admin, photo="a.jpg")
    for method in ("POST", "DELETE", "GET"):
        assert problem(admin.call(method, one(first, "attachments", "b.jpg"))) == NOT_FOUND
        assert problem(admin.call(method, one(new_id(), "attachments", "a.jpg"))) == NOT_FOUND


def test_an_edit_keeps_files_and_each_version_has_its_own(admin: Caller) -> None:
    first, second = created(admin, photo="a.jpg"), new_id()
    put(admin, one(first, "attachments", "a.jpg"))
    admin.send(instance(second, deprecated_id=first, photo="a.jpg", name="B"), one(first), "PUT")
    assert admin.json(one(first, "attachments")) == [{"name": "a.jpg", "exists": True}]
    older, newer = one(first, "versions", first, "attachments"), one(first, "versions", second, "attachments")
    assert admin.call("DELETE", f"{older}/a.jpg").get_json() == {"success": True}
    assert admin.json(older) == [{"name": "a.jpg", "exists": False}]
    assert admin.json(newer) == [{"name": "a.jpg", "exists": True}]
    assert admin.get(f"{newer}/a.jpg").data == PHOTO
    assert problem(admin.get(f"{older}/a.jpg")) == NOT_FOUND
    assert problem(admin.get(one(second, "versions", first, "attachments"))) == NOT_FOUND
    moved = admin.get(one(second, "attachments", "a.jpg"))
    assert (moved.status_code, moved.location) == (301, f"/v1/projects/1/forms/household/{newer}/a.jpg")


def test_a_sender_may_complete_what_is_missing_of_its_own(relais: Installation) -> None:
    admin = admin_of(relais)
    sender, other = caller(relais, "a@example.org", "formfill"), caller(relais, "b@example.org", "formfill")
    first = created(sender, photo="a.jpg")
    path = one(first, "attachments", "a.jpg")
    assert problem(other.call("POST", path, data=PHOTO)) == NOT_ALLOWED
    assert put(sender, path) == (200, {"success": True})
    assert problem(sender.call("POST", path, data=b"another")) == NOT_ALLOWED
    assert problem(sender.get(path)) == NOT_ALLOWED
    second = created(sender, photo="b.jpg")
    admin.send(instance(new_id(), deprecated_id=second, photo="b.jpg"), one(second), "PUT")
    assert problem(sender.call("POST", one(second, "attachments", "b.jpg"), data=PHOTO)) == NOT_ALLOWED


def test_files_of_a_draft_are_its_own(relais: Installation, admin: Caller) -> None:
    relais.draft(xform(version="2"))
    first = new_id()
    admin.send(instance(first, photo="a.jpg"), "draft/submissions")
    path = "draft/" + one(first, "attachments", "a.jpg")
    assert put(admin, path) == (200, {"success": True})
    assert admin.get(path).data == PHOTO
    assert problem(admin.get(one(first, "attachments", "a.jpg"))) == NOT_FOUND
