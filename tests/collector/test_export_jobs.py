"""Exports made in the background: asked for, followed, fetched in parts, withdrawn; with a passport; for oneself alone."""

import csv
import io
import zipfile
from hashlib import sha256

import pytest

from collector import export_queue, export_run
from collector.export_queue import run_next
from collector.held_keys import path_of
from tests.collector.rest import NOT_ALLOWED, NOT_FOUND, Caller, admin_of, caller, created, one, problem
from tests.installation import Installation


@pytest.fixture
def viewer(post_node: Installation) -> Caller:
    return caller(post_node, "viewer@example.org", "viewer")


def ordered(person: Caller, **asked: object) -> int:
    answer = person.call("POST", "exports", json=asked)
    assert answer.status_code == 200, answer.text
    return int(answer.get_json()["id"])


def rows_of(content: bytes) -> list[list[str]]:
    """The lines of the form's table in an archive."""
    archive = zipfile.ZipFile(io.BytesIO(content))
    return list(csv.reader(io.StringIO(archive.read("household.csv").decode("utf-8-sig"), newline="")))


def test_an_export_is_asked_for_followed_and_fetched_in_parts(post_node: Installation, viewer: Caller) -> None:
    admin = admin_of(post_node)
    first, rejected = created(admin, name="=1+1"), created(admin)
    admin.call("PATCH", one(rejected), json={"reviewState": "rejected"})
    number = ordered(viewer, format="csv.zip", splitMultiples=True)
    waiting = viewer.json(f"exports/{number}")
    assert (waiting["status"], waiting["total"], waiting["fileName"]) == ("queued", 1, None)
    assert problem(viewer.get(f"exports/{number}/file")) == NOT_FOUND
    assert problem(viewer.get(f"exports/{number}/passport")) == NOT_FOUND
    assert run_next(post_node.services)
    assert not run_next(post_node.services)
    done = viewer.json(f"exports/{number}")
    assert (done["status"], done["done"], done["fileName"]) == ("done", 1, "household.csv.zip")
    assert done["request"]["splitMultiples"] is True
    whole = viewer.get(f"exports/{number}/file")
    assert (whole.status_code, sha256(whole.data).hexdigest()) == (200, done["sha256"])
    assert len(rows_of(whole.data)) == 2
    part = viewer.get(f"exports/{number}/file", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.data) == (206, whole.data[10:20])
    same = viewer.get(f"exports/{number}/file", headers={"If-None-Match": whole.headers["ETag"]})
    assert same.status_code == 304
    passport = viewer.json(f"exports/{number}/passport")
    assert passport["askedBy"]["displayName"] == "viewer"
    assert passport["leftOut"] == {"state": 1}
    assert passport["submissions"] == {"wanted": 1, "written": 1, "byReviewState": {"received": 1}}
    archive = zipfile.ZipFile(io.BytesIO(whole.data))
    for file in passport["files"]:
        assert sha256(archive.read(file["name"])).hexdigest() == file["sha256"]
    assert [each["id"] for each in viewer.json("exports")] == [number]
    assert first in rows_of(whole.data)[1]


def test_exports_are_their_askers_alone_and_strangers_get_none(post_node: Installation, viewer: Caller) -> None:
    admin, stranger = admin_of(post_node), caller(post_node, "other@example.org", None)
    created(admin)
    number = ordered(viewer, format="csv")
    run_next(post_node.services)
    for path in (f"exports/{number}", f"exports/{number}/file", f"exports/{number}/passport"):
        assert viewer.get(path).status_code == 200
        assert problem(admin.get(path)) == NOT_FOUND
        assert problem(stranger.get(path)) == NOT_ALLOWED
    assert problem(admin.call("DELETE", f"exports/{number}")) == NOT_FOUND
    assert problem(stranger.call("POST", "exports", json={"format": "csv"})) == NOT_ALLOWED
    assert problem(stranger.get("exports")) == NOT_ALLOWED
    assert admin.json("exports") == []


def test_a_server_that_stopped_makes_it_anew_and_gives_up_after_three_times(
    post_node: Installation, viewer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(admin_of(post_node))
    number = ordered(viewer, format="csv")
    path = path_of(post_node.services.settings, 1, number)

    def cut(*_: object) -> None:
        path.with_name(f"{path.name}.part").write_bytes(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(export_queue, "write_file", cut)
        with pytest.raises(KeyboardInterrupt):
            run_next(post_node.services)
        assert viewer.json(f"exports/{number}")["status"] == "running"
        assert not path.exists()
        with pytest.raises(KeyboardInterrupt):
            run_next(post_node.services)
    assert run_next(post_node.services)
    assert viewer.json(f"exports/{number}")["status"] == "done"
    again = ordered(viewer, format="csv")
    with monkeypatch.context() as patched:
        patched.setattr(export_queue, "write_file", cut)
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                run_next(post_node.services)
        run_next(post_node.services)
    stored = viewer.json(f"exports/{again}")
    assert (stored["status"], stored["error"]) == ("failed", "too many attempts")


def test_what_is_withdrawn_stops_and_its_file_goes(
    post_node: Installation, viewer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    created(admin_of(post_node))
    kept, stopped = ordered(viewer, format="csv"), ordered(viewer, format="csv")
    run_next(post_node.services)
    path = path_of(post_node.services.settings, 1, kept)
    assert path.exists()
    for _ in range(2):
        assert viewer.call("DELETE", f"exports/{kept}").get_json() == {"success": True}
    assert not path.exists()
    assert problem(viewer.get(f"exports/{kept}/file")) == NOT_FOUND
    assert viewer.get(f"exports/{kept}/passport").status_code == 200
    monkeypatch.setattr(export_queue, "PROGRESS_SECONDS", -1.0)
    real = export_run.Run.written

    def withdrawn_meanwhile(run: export_run.Run) -> object:
        viewer.call("DELETE", f"exports/{stopped}")
        return real(run)

    monkeypatch.setattr(export_run.Run, "written", withdrawn_meanwhile)
    assert run_next(post_node.services)
    assert viewer.json(f"exports/{stopped}")["error"] == "withdrawn"
    assert list(path.parent.iterdir()) == []
    assert not run_next(post_node.services)


def test_only_what_is_new_or_changed_since_the_last_export_of_the_same(post_node: Installation, viewer: Caller) -> None:
    admin = admin_of(post_node)
    old, changed = created(admin), created(admin)

    def exported(**asked: object) -> set[str]:
        number = ordered(viewer, format="csv.zip", since="last", **asked)
        run_next(post_node.services)
        content = viewer.get(f"exports/{number}/file").data
        return {each for row in rows_of(content)[1:] for each in row if each.startswith("uuid:")}

    assert exported() == {old, changed}
    assert exported() == set()
    admin.call("PATCH", one(changed), json={"reviewState": "approved"})
    admin.call("POST", one(old, "comments"), json={"body": "Only said"})
    new = created(admin)
    assert exported(states=["approved"]) == {changed}
    assert exported() == {changed, new}
    admin.call("DELETE", one(new))
    assert exported() == set()


def test_choices_are_kept_under_a_name_for_oneself(post_node: Installation, viewer: Caller) -> None:
    admin = admin_of(post_node)
    for _ in range(2):
        kept = viewer.call("PUT", "export-presets/Rapport%20mensuel", json={"format": "xlsx", "choices": "labels"})
        assert kept.get_json()["name"] == "Rapport mensuel"
    (only,) = viewer.json("export-presets")
    assert (only["request"]["format"], only["request"]["choices"]) == ("xlsx", "labels")
    assert admin.json("export-presets") == []
    assert problem(admin.call("DELETE", "export-presets/Rapport%20mensuel")) == NOT_FOUND
    number = ordered(viewer, **only["request"])
    run_next(post_node.services)
    assert viewer.json(f"exports/{number}")["fileName"] == "household.xlsx"
    assert viewer.call("DELETE", "export-presets/Rapport%20mensuel").status_code == 200
    assert viewer.json("export-presets") == []


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"format": "doc"}, 400.8),
        ({"headers": "none"}, 400.8),
        ({"states": "approved"}, 400.8),
        ({"states": ["open"]}, 400.8),
        ({"nothing": 1}, 400.8),
        ({"bom": "yes"}, 400.8),
        ({"filter": "nonsense eq"}, 400.18),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(viewer: Caller, asked: dict[str, object], code: float) -> None:
    assert viewer.call("POST", "exports", json=asked).get_json()["code"] == code
    assert viewer.json("exports") == []


def test_a_file_is_not_handed_out_to_someone_who_sees_less_now(post_node: Installation, viewer: Caller) -> None:
    created(admin_of(post_node))
    number = ordered(viewer, format="csv")
    run_next(post_node.services)
    admin = admin_of(post_node)
    (actor_id,) = (each["id"] for each in admin.json("/v1/users") if each["email"] == "viewer@example.org")
    admin.call("DELETE", f"/v1/projects/1/assignments/viewer/{actor_id}")
    assert problem(viewer.get(f"exports/{number}/file")) == NOT_ALLOWED
    admin.call("POST", f"/v1/projects/1/assignments/viewer/{actor_id}")
    assert viewer.get(f"exports/{number}/file").status_code == 200
