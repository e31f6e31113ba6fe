"""The commands of `relais`, as scripts call them; most while a server runs on the same folder."""

import csv
import io
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from config.database import sqlite_module
from config.settings import Settings
from tests.collector.published import form_with_files
from tests.command import Ran, run, spawn
from tests.forms import workbook
from tests.installation import PASSWORD, Template, instance, new_id, xform
from tests.phone import Phone
from tests.served import Place, Served, ask

Relais = Callable[..., Ran]

SURVEY = """
| survey   |         |         |            |
|          | type    | name    | label      |
|          | text    | nom     | Nom        |
|          | {type}  | age     | Âge        |
| settings |         |         |            |
|          | form_id | version | form_title |
|          | passage | 3       | Passage    |
"""


@pytest.fixture
def relais(served: Served) -> Relais:
    """`relais …` on the folder of a server that is running."""
    folder = served.relais.services.settings.data

    def call(*arguments: object, **more: Any) -> Ran:
        return run(*arguments, **{"data": folder, "public_url": served.url, **more})

    return call


@pytest.fixture
def quiet(sqlite_template: Template, tmp_path: Path) -> Iterator[Path]:
    """A data folder that no server uses."""
    shutil.copytree(sqlite_template.folder, tmp_path / "data")
    yield tmp_path / "data"


# --- How commands answer ---


@pytest.mark.parametrize("position", [0, 1, 2, 3])
def test_json_may_stand_anywhere_and_words_are_on_standard_error(relais: Relais, position: int) -> None:
    arguments = ["project", "create", "Contrôle « été » 😀"]
    arguments.insert(position, "--json")
    ran = relais(*arguments)
    assert (ran.code, ran.result["name"]) == (0, "Contrôle « été » 😀")
    assert ran.out.count("\n") == 1
    assert f"Project {ran.result['id']}" in ran.err
    assert relais("project", "create", "Sans --json").result["id"] == ran.result["id"] + 1


MISTYPED = [
    [], ["nonsense"], ["project"], ["project", "create"], ["project", "create", "a", "b"], ["project", "create", "--x", "a"],
    ["web-user", "create", "a@example.org", "--role", "manager"],
    ["web-user", "create", "a@example.org", "--role", "king", "--password-stdin"],
    ["web-user", "create", "a@example.org", "--password-stdin"], ["web-user", "password", "a@example.org"],
    ["app-user", "create", "one", "name"], ["app-user", "create", "1"],
    ["form", "publish", "1"], ["form", "publish", "1", "/nothing.xlsx"], ["form", "publish", "1", __file__, "--media", "/no"],
    ["export", "1", "household"], ["export", "1", "household", "--format", "xls", "--output", "x"],
    ["backup"], ["restore"], ["restore", "/nothing"], ["check", "x"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", MISTYPED, ids=" ".join)
def test_a_mistyped_command_is_2_and_makes_no_folder(tmp_path: Path, arguments: list[str]) -> None:
    ran = run(*arguments, data=tmp_path / "data")
    assert (ran.code, ran.out) == (2, "")
    assert "Usage: relais" in ran.err
    assert not (tmp_path / "data").exists()


def test_asking_for_help_makes_no_folder(tmp_path: Path) -> None:
    for arguments in ([], ["serve"], ["form"], ["form", "publish"], ["restore"]):
        ran = run(*arguments, "--help", data=tmp_path / "data")
        assert (ran.code, "Usage: relais" in ran.out) == (0, True)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", [["check"], ["serve"], ["project", "create", "x"]], ids=" ".join)
def test_a_bad_setting_stops_every_command_with_its_name(tmp_path: Path, command: list[str]) -> None:
    for settings, named in (
        ({"port": "eight"}, "RELAIS_PORT"),
        ({"prot": "8000"}, "RELAIS_PROT"),
        ({"config": tmp_path / "nothing"}, "RELAIS_CONFIG"),
        ({"data": "/etc/passwd/relais"}, "RELAIS_DATA"),
    ):
        ran = run(*command, **{"data": tmp_path / "data", **settings})
        assert (ran.code, ran.out) == (2, "")
        assert named in ran.err
    assert not (tmp_path / "data").exists()


def test_a_database_that_cannot_be_reached_is_a_sentence_without_the_password(tmp_path: Path) -> None:
    ran = run("check", data=tmp_path, database_url="postgresql+psycopg://me:hush@127.0.0.1:1/relais")
    assert (ran.code, ran.out) == (1, "")
    assert "La base de données ne s’ouvre pas" in ran.err
    assert "The database cannot be opened" in ran.err
    assert "Traceback" not in ran.err
    assert "hush" not in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["web-user", "create", "new@example.org", "--role", "manager", "--project", "999", "--password-stdin"],
        ["web-user", "create", "no-address", "--role", "manager", "--password-stdin"],
        ["web-user", "create", "admin@example.org", "--role", "manager", "--password-stdin"],
        ["web-user", "password", "nobody@example.org", "--password-stdin"],
        ["project", "create", "  "],
        ["app-user", "create", "999", "Téléphone"],
        ["app-user", "create", "1", " "],
        ["form", "publish", "999", __file__],
        ["export", "999", "household", "--output", "never"],
        ["export", "1", "nobody", "--output", "never"],
    ],
    ids=" ".join,
)
def test_what_is_refused_is_1_with_a_sentence_in_each_language(relais: Relais, arguments: list[str]) -> None:
    ran = relais(*arguments, stdin=f"{PASSWORD}\n")
    assert (ran.code, ran.out) == (1, "")
    french, english = ran.err.splitlines()
    assert french != english
    assert "Traceback" not in ran.err


# --- People ---


def test_a_web_user_can_sign_in_and_gets_a_new_password(relais: Relais, served: Served) -> None:
    email = "superviseur@example.org"
    made = relais(
        "web-user", "create", f" {email.upper()} ", "--role", "viewer", "--password-stdin", stdin="first password\r\n"
    )
    assert made.result["email"] == email
    first = _sign_in(served, email, "first password")
    assert first is not None
    assert relais("web-user", "password", email, "--password-stdin", stdin="second password").result == {"email": email}
    assert _sign_in(served, email, "first password") is None
    assert _sign_in(served, email, "second password") is not None
    bearer = {"Authorization": f"Bearer {first}"}
    assert ask("GET", f"{served.url}/v1/users/current", headers=bearer).status == 401


def _sign_in(served: Served, email: str, password: str) -> str | None:
    content = json.dumps({"email": email, "password": password}).encode()
    answer = ask("POST", f"{served.url}/v1/sessions", content, {"Content-Type": "application/json"})
    return json.loads(answer.body)["token"] if answer.status == 200 else None


@pytest.mark.parametrize(
    ("role", "project", "other"), [("administrator", 200, 200), ("manager", 200, 403), ("viewer", 200, 403)]
)
def test_a_role_holds_where_it_was_given(relais: Relais, served: Served, role: str, project: int, other: int) -> None:
    here, there = served.place().relais.project_id, served.place().relais.project_id
    email = f"{role}@example.org"
    only_here = ["--project", here] if role != "administrator" else []
    relais("web-user", "create", email, "--role", role, *only_here, "--password-stdin", stdin=PASSWORD)
    bearer = {"Authorization": f"Bearer {_sign_in(served, email, PASSWORD)}"}
    statuses = [ask("GET", f"{served.url}/v1/projects/{number}", headers=bearer).status for number in (here, there)]
    assert statuses == [project, other]


def test_a_short_password_is_refused(relais: Relais) -> None:
    ran = relais("web-user", "create", "short@example.org", "--role", "viewer", "--password-stdin", stdin="short\n")
    assert (ran.code, "at least 10 characters" in ran.err) == (1, True)


def test_an_app_user_comes_with_all_its_phone_needs(relais: Relais, place: Place) -> None:
    ran = relais("app-user", "create", place.relais.project_id, "Agent 7")
    assert set(ran.result) == {"id", "token", "server_url", "qr", "username", "password"}
    assert ran.result["server_url"] == f"{place.url}/v1/key/{ran.result['token']}/projects/{place.relais.project_id}"
    scanned = Phone.from_qr(ran.result["qr"])
    assert scanned.server_url == ran.result["server_url"]
    assert scanned.refresh().downloaded == ["household"]
    typed = Phone(place.project_url, ran.result["username"], ran.result["password"])
    assert typed.send(typed.finalize(instance(new_id()))).status == 201


def test_the_code_is_drawn_on_standard_error(relais: Relais, place: Place) -> None:
    plain = relais("app-user", "create", place.relais.project_id, "Agent 8")
    drawn = relais("app-user", "create", place.relais.project_id, "Agent 9", "--terminal")
    assert "▀" not in plain.err
    assert "▀" in drawn.err
    assert drawn.out.count("\n") == 1
    assert drawn.result["qr"]


# --- Forms ---


def test_a_form_is_published_once_however_often(relais: Relais, place: Place, tmp_path: Path) -> None:
    file = tmp_path / "menage.xml"
    for version, changed in (("2", True), ("2", False), ("1", False), ("2", False)):
        file.write_bytes(xform(version=version))
        ran = relais("form", "publish", place.relais.project_id, file)
        assert ran.code == 0
        assert ran.result == {"xmlFormId": "household", "version": version, "changed": changed, "warnings": []}
    assert place.phone().refresh().downloaded == ["household"]


def test_a_published_version_keeps_its_content(relais: Relais, place: Place, tmp_path: Path) -> None:
    file = tmp_path / "menage.xml"
    file.write_bytes(xform(title="Autre titre"))
    ran = relais("form", "publish", place.relais.project_id, file)
    assert (ran.code, ran.out) == (1, "")
    assert "est déjà publiée avec un autre contenu" in ran.err
    assert "is already published with other content" in ran.err


def test_a_form_takes_its_files_from_a_folder(relais: Relais, place: Place, tmp_path: Path) -> None:
    file, media = tmp_path / "enquete.xml", tmp_path / "media"
    media.mkdir()
    # One name as a Mac writes it, one file nobody asked for, one folder.
    (media / "e\u0301te\u0301.png").write_bytes(b"summer")
    (media / "postes.csv").write_text("name,label\n")
    (media / "secret.txt").write_text("not for phones")
    (media / "sub").mkdir()
    file.write_bytes(form_with_files(images=["\u00e9t\u00e9.png"], tables=["postes.csv"]))
    refused = relais("form", "publish", place.relais.project_id, file)
    assert (refused.code, "postes.csv" in refused.err, "--media" in refused.err) == (1, True, True)
    assert relais("form", "publish", place.relais.project_id, file, "--media", media).result["changed"]
    assert not relais("form", "publish", place.relais.project_id, file, "--media", media).result["changed"]
    phone = place.phone()
    phone.refresh()
    assert phone.form("survey").media == {"\u00e9t\u00e9.png": b"summer", "postes.csv": b"name,label\n"}
    (media / "postes.csv").write_text("name,label\nA,Assamaka\n")
    assert relais("form", "publish", place.relais.project_id, file, "--media", media).code == 1


def test_a_workbook_is_compiled_and_its_mistakes_are_said_with_their_row(
    relais: Relais, place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "passage.xlsx"
    file.write_bytes(workbook(SURVEY.format(type="integer")))
    assert relais("form", "publish", place.relais.project_id, file).result["version"] == "3"
    assert not relais("form", "publish", place.relais.project_id, file).result["changed"]
    file.write_bytes(workbook(SURVEY.format(type="nonsense")))
    bad = relais("form", "publish", place.relais.project_id, file)
    assert (bad.code, bad.out) == (1, "")
    assert "ligne 3" in bad.err
    assert "row 3" in bad.err
    file.write_bytes(b"not a workbook")
    broken = relais("form", "publish", place.relais.project_id, file)
    assert (broken.code, len(broken.err.splitlines())) == (1, 2)


# --- Data ---


def test_an_export_holds_what_was_sent(relais: Relais, place: Place, tmp_path: Path) -> None:
    phone = place.phone()
    sent = phone.finalize(instance(new_id(), name="Aïchatou", photo="a.jpg"), {"a.jpg": b"photo"})
    phone.send(sent)
    target = tmp_path / "out.zip"
    ran = relais("export", place.relais.project_id, "household", "--format", "csv.zip", "--output", target)
    assert ran.result == {"file": str(target), "submissions": 1}
    with zipfile.ZipFile(target) as archive:
        assert sorted(archive.namelist()) == ["household-child.csv", "household.csv", "media/a.jpg"]
        (row,) = csv.DictReader(io.StringIO(archive.read("household.csv").decode("utf-8-sig")))
    assert (row["name"], row["KEY"]) == ("Aïchatou", sent.instance_id)
    plain = tmp_path / "out.csv"
    assert relais("export", place.relais.project_id, "household", "--format", "csv", "--output", plain).code == 0
    assert sent.instance_id in plain.read_text()
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_an_export_into_nowhere_is_a_sentence(relais: Relais, place: Place, tmp_path: Path) -> None:
    ran = relais("export", place.relais.project_id, "household", "--output", tmp_path / "no" / "out.zip")
    assert (ran.code, ran.out) == (1, "")
    assert "No such file or directory" in ran.err
    assert "Traceback" not in ran.err


def test_everything_is_whole_while_the_server_receives(relais: Relais, place: Place) -> None:
    phone = place.phone()
    phone.send(phone.finalize(instance(new_id(), photo="a.jpg"), {"a.jpg": b"photo"}))
    ran = relais("check")
    assert (ran.code, ran.result["faults"], ran.result["receipts"] > 0) == (0, 0, True)


@pytest.mark.parametrize("damage", ["a file", "a lost file", "a row", "the answers"])
def test_a_fault_is_1_and_one_line(quiet: Path, damage: str) -> None:
    _receive_one(quiet)
    clean = run("check", data=quiet)
    assert (clean.code, clean.result) == (0, {"faults": 0, "receipts": 1, "files": 1})
    (blob,) = [path for path in (quiet / "files").rglob("*") if path.is_file()]
    with closing(sqlite_module().connect(str(quiet / "relais.sqlite3"))) as database:
        if damage == "a file":
            blob.write_bytes(b"other")
        elif damage == "a lost file":
            blob.unlink()
        elif damage == "a row":
            database.execute("UPDATE receipt SET xml_sha256 = zeroblob(32)")
        else:
            database.execute("UPDATE answers SET rows = replace(rows, 'Moussa', 'Hawa')")
        database.commit()
    ran = run("check", data=quiet)
    assert (ran.code, ran.result["faults"]) == (1, 1)
    assert len([line for line in ran.err.splitlines() if line.startswith("project 1:")]) == 1


def _receive_one(folder: Path) -> None:
    app = create_app(Settings(data=folder, reserve_bytes=0))
    with closing(app.extensions["relais"].database):
        made = run("app-user", "create", 1, "Téléphone", data=folder, public_url="http://localhost").result
        data = {
            "xml_submission_file": (io.BytesIO(instance(new_id(), photo="a.jpg")), "form.xml", "text/xml"),
            "a.jpg": (io.BytesIO(b"photo"), "a.jpg", "image/jpeg"),
        }
        path = made["server_url"].removeprefix("http://localhost")
        assert app.test_client().post(f"{path}/submission", data=data).status_code == 201


@pytest.mark.slow
def test_a_backup_of_a_running_server_is_put_back_elsewhere(relais: Relais, place: Place, tmp_path: Path) -> None:
    phone = place.phone()
    phone.send(phone.finalize(instance(new_id(), photo="a.jpg"), {"a.jpg": b"photo"}))
    assert relais("backup", tmp_path / "stick" / "relais").code == 1  # the stick is not there
    (tmp_path / "stick").mkdir()
    assert relais("backup", tmp_path / "stick" / "relais").code == 0
    restored = run("restore", tmp_path / "stick" / "relais", data=tmp_path / "new")
    assert restored.code == 0
    assert run("check", data=tmp_path / "new").result["faults"] == 0


@pytest.mark.slow
def test_the_program_itself_writes_utf_8_whatever_the_machine_believes(
    quiet: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    ran = spawn("project", "create", "Contrôle نموذج 😀", "--json", data=quiet)
    assert (ran.code, ran.result["name"]) == (0, "Contrôle نموذج 😀")
    assert "Contrôle نموذج 😀" in ran.err
