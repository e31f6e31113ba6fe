"""The commands of `relais` about forms and data, most while a server runs on the same folder."""

import csv
import io
import json
import zipfile
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from app import create_app
from config.database import sqlite_module
from config.settings import Settings
from tests.collector.published import form_with_files
from tests.command import Command, run, spawn
from tests.forms import workbook
from tests.installation import instance, new_id, xform
from tests.served import Place

SURVEY = """
| survey   |         |         |            |
|          | type    | name    | label      |
|          | text    | nom     | Nom        |
|          | {type}  | age     | Âge        |
| settings |         |         |            |
|          | form_id | version | form_title |
|          | passage | 3       | Passage    |
"""


# --- Forms ---


def test_a_form_is_published_once_however_often(command: Command, place: Place, tmp_path: Path) -> None:
    file = tmp_path / "menage.xml"
    for version, changed in (("2", True), ("2", False), ("1", False), ("2", False)):
        file.write_bytes(xform(version=version))
        ran = command("form", "publish", place.relais.project_id, file)
        assert ran.code == 0
        assert ran.result == {"xmlFormId": "household", "version": version, "changed": changed, "warnings": []}
    assert place.phone().refresh().downloaded == ["household"]


def test_a_published_version_keeps_its_content(command: Command, place: Place, tmp_path: Path) -> None:
    file = tmp_path / "menage.xml"
    file.write_bytes(xform(title="Autre titre"))
    ran = command("form", "publish", place.relais.project_id, file)
    assert (ran.code, ran.out) == (1, "")
    assert "est déjà publiée avec un autre contenu" in ran.err
    assert "is already published with other content" in ran.err


def test_a_form_takes_its_files_from_a_folder(command: Command, place: Place, tmp_path: Path) -> None:
    file, media = tmp_path / "enquete.xml", tmp_path / "media"
    media.mkdir()
    # One name as a Mac writes it, one file nobody asked for, one folder.
    (media / "e\u0301te\u0301.png").write_bytes(b"summer")
    (media / "postes.csv").write_text("name,label\n")
    (media / "secret.txt").write_text("not for phones")
    (media / "sub").mkdir()
    file.write_bytes(form_with_files(images=["\u00e9t\u00e9.png"], tables=["postes.csv"]))
    refused = command("form", "publish", place.relais.project_id, file)
    assert (refused.code, "postes.csv" in refused.err, "--media" in refused.err) == (1, True, True)
    assert command("form", "publish", place.relais.project_id, file, "--media", media).result["changed"]
    assert not command("form", "publish", place.relais.project_id, file, "--media", media).result["changed"]
    phone = place.phone()
    phone.refresh()
    assert phone.form("survey").media == {"\u00e9t\u00e9.png": b"summer", "postes.csv": b"name,label\n"}
    (media / "postes.csv").write_text("name,label\nA,Assamaka\n")
    assert command("form", "publish", place.relais.project_id, file, "--media", media).code == 1


def test_a_workbook_is_compiled_and_its_mistakes_are_said_with_their_row(
    command: Command, place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "passage.xlsx"
    file.write_bytes(workbook(SURVEY.format(type="integer")))
    assert command("form", "publish", place.relais.project_id, file).result["version"] == "3"
    assert not command("form", "publish", place.relais.project_id, file).result["changed"]
    file.write_bytes(workbook(SURVEY.format(type="nonsense")))
    bad = command("form", "publish", place.relais.project_id, file)
    assert (bad.code, bad.out) == (1, "")
    assert "ligne 3" in bad.err
    assert "row 3" in bad.err
    file.write_bytes(b"not a workbook")
    broken = command("form", "publish", place.relais.project_id, file)
    assert (broken.code, len(broken.err.splitlines())) == (1, 2)


def test_a_form_is_checked_against_the_version_before_and_nothing_is_published(
    command: Command, place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "passage.xlsx"
    file.write_bytes(workbook(SURVEY.format(type="integer")))
    command("form", "publish", place.relais.project_id, file)
    file.write_bytes(workbook(SURVEY.format(type="text").replace("| 3 ", "| 4 ")))
    checked = command("form", "check", place.relais.project_id, file, "--language", "en")
    assert checked.code == 0
    (changed,) = [each for each in checked.result["findings"] if each["rule"] == "type-changed"]
    assert (changed["sheet"], changed["row"], changed["severity"]) == ("survey", 3, "loss")
    assert "loss     type-changed: Sheet survey, row 3, column type" in checked.err
    assert command("form", "publish", place.relais.project_id, file).result["changed"]


# --- Data ---


def test_an_export_holds_what_was_sent(command: Command, place: Place, tmp_path: Path) -> None:
    phone = place.phone()
    sent = phone.finalize(instance(new_id(), name="Aïchatou", photo="a.jpg"), {"a.jpg": b"photo"})
    phone.send(sent)
    target = tmp_path / "out.zip"
    ran = command("export", place.relais.project_id, "household", "--format", "csv.zip", "--output", target)
    assert ran.result == {"file": str(target), "submissions": 1, "export": 1}
    with zipfile.ZipFile(target) as archive:
        assert sorted(archive.namelist()) == ["household-child.csv", "household.csv", "media/a.jpg"]
        (row,) = csv.DictReader(io.StringIO(archive.read("household.csv").decode("utf-8-sig")))
    assert (row["name"], row["KEY"]) == ("Aïchatou", sent.instance_id)
    plain = tmp_path / "out.csv"
    assert command("export", place.relais.project_id, "household", "--format", "csv", "--output", plain).code == 0
    assert sent.instance_id in plain.read_text()
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")] == []


def test_an_export_into_nowhere_is_a_sentence(command: Command, place: Place, tmp_path: Path) -> None:
    ran = command("export", place.relais.project_id, "household", "--output", tmp_path / "no" / "out.zip")
    assert (ran.code, ran.out) == (1, "")
    assert "No such file or directory" in ran.err
    assert "Traceback" not in ran.err


def test_runs_of_a_timer_add_what_is_new_to_a_folder_with_passports(
    command: Command, place: Place, tmp_path: Path
) -> None:
    words = ("export", place.relais.project_id, "household", "--format", "csv", "--output", tmp_path)
    for expected in (1, 0, 1):
        if expected:
            place.relais.post(instance(new_id()))
        ran = command(*words, "--option", "since=last", "--option", "separator=;", "--option", "bom=true")
        assert ran.result["submissions"] == expected
        file = Path(ran.result["file"])
        assert file.read_bytes().startswith(b"\xef\xbb\xbfSubmissionDate;")
        passport = json.loads(file.with_name(f"{file.name}.passport.json").read_bytes())
        assert passport["submissions"]["written"] == expected
        assert passport["file"]["sha256"] == sha256(file.read_bytes()).hexdigest()
    assert len(list(tmp_path.iterdir())) == 6


def test_everything_is_whole_while_the_server_receives(command: Command, place: Place) -> None:
    phone = place.phone()
    phone.send(phone.finalize(instance(new_id(), photo="a.jpg"), {"a.jpg": b"photo"}))
    ran = command("check")
    assert (ran.code, ran.result["faults"], ran.result["receipts"] > 0) == (0, 0, True)


@pytest.mark.parametrize("damage", ["a file", "a lost file", "a row", "the answers"])
def test_a_fault_is_1_and_one_line(quiet_folder: Path, damage: str) -> None:
    _receive_one(quiet_folder)
    clean = run("check", data=quiet_folder)
    assert (clean.code, clean.result) == (0, {"faults": 0, "receipts": 1, "files": 1})
    (blob,) = [path for path in (quiet_folder / "files").rglob("*") if path.is_file()]
    with closing(sqlite_module().connect(str(quiet_folder / "relais.sqlite3"))) as database:
        if damage == "a file":
            blob.write_bytes(b"other")
        elif damage == "a lost file":
            blob.unlink()
        elif damage == "a row":
            database.execute("UPDATE receipt SET xml_sha256 = zeroblob(32)")
        else:
            database.execute("UPDATE answers SET rows = replace(rows, 'Moussa', 'Hawa')")
        database.commit()
    ran = run("check", data=quiet_folder)
    assert (ran.code, ran.result["faults"]) == (1, 1)
    assert len([line for line in ran.err.splitlines() if line.startswith("project 1:")]) == 1


PROTOCOL = {"X-OpenRosa-Version": "1.0"}


def _receive_one(folder: Path) -> None:
    app = create_app(Settings(data=folder, reserve_bytes=0))
    with closing(app.extensions["relais"].database):
        made = run("app-user", "create", 1, "Téléphone", data=folder, public_url="http://localhost").result
        data = {
            "xml_submission_file": (io.BytesIO(instance(new_id(), photo="a.jpg")), "form.xml", "text/xml"),
            "a.jpg": (io.BytesIO(b"photo"), "a.jpg", "image/jpeg"),
        }
        path = made["server_url"].removeprefix("http://localhost")
        assert app.test_client().post(f"{path}/submission", data=data, headers=PROTOCOL).status_code == 201


@pytest.mark.slow
def test_a_backup_of_a_running_server_is_put_back_elsewhere(command: Command, place: Place, tmp_path: Path) -> None:
    phone = place.phone()
    phone.send(phone.finalize(instance(new_id(), photo="a.jpg"), {"a.jpg": b"photo"}))
    assert command("backup", tmp_path / "stick" / "relais").code == 1  # the stick is not there
    (tmp_path / "stick").mkdir()
    assert command("backup", tmp_path / "stick" / "relais").code == 0
    restored = run("restore", tmp_path / "stick" / "relais", data=tmp_path / "new")
    assert restored.code == 0
    assert run("check", data=tmp_path / "new").result["faults"] == 0


@pytest.mark.slow
def test_the_program_itself_writes_utf_8_whatever_the_machine_believes(
    quiet_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    ran = spawn("project", "create", "Contrôle نموذج 😀", "--json", data=quiet_folder)
    assert (ran.code, ran.result["name"]) == (0, "Contrôle نموذج 😀")
    assert "Contrôle نموذج 😀" in ran.err
