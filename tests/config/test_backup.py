import fcntl
import json
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

import app as program
from accounts.models import EventWords, Project
from accounts.projects import create_project
from collector.check import check_everything
from collector.models import ReceiptFile
from config.backup import make_backup
from config.backup_folder import Contents
from config.problem import Problem
from config.restore import restore_backup
from config.services import Services
from forms.models import Blob
from tests.config.copies import (
    PHOTO,
    Templates,
    backup_of,
    block,
    file_of,
    manifest_of,
    photo_hash,
    refusal,
    replace,
    rows_of,
    send,
    used_server,
)
from tests.installation import Installation, instance, new_id

NAMES = {"relais.sqlite3", "files", "secret.key", "manifest.json"}


def test_a_backup_made_while_phones_send_is_whole(relais: Installation, new: Services, tmp_path: Path) -> None:
    stop, sent = threading.Event(), [new_id()]
    relais.post(instance(sent[0], photo="0.jpg"), {"0.jpg": b"0"})

    def send() -> None:
        client = Installation(relais.app, relais.services, relais.app.test_client(), relais.project_id, relais.phone)
        while not stop.is_set():
            name = f"{len(sent)}.jpg"
            sent.append(new_id())
            client.post(instance(sent[-1], photo=name), {name: name.encode() * 100})

    phone = threading.Thread(target=send)
    phone.start()
    try:
        for _ in range(2):
            known = len(sent) - 1
            make_backup(relais.services, tmp_path / "copy")
    finally:
        stop.set()
        phone.join()
    restore_backup(new, tmp_path / "copy")
    assert check_everything(new).faults == []
    received = {row["instance_id"] for row in rows_of(new)["receipt"]}
    assert set(sent[:known]) <= received
    assert manifest_of(tmp_path / "copy").tables["receipt"] == len(received)


def test_a_backup_says_whose_copy_it_is_and_what_it_holds(old: Services, tmp_path: Path) -> None:
    done = make_backup(old, tmp_path / "copy")
    manifest = manifest_of(tmp_path / "copy")
    rows = rows_of(old)
    server = rows["server"][0]
    assert (manifest.server, manifest.incarnation) == (server["uid"], server["incarnation"])
    assert manifest.tables == {name: len(found) for name, found in rows.items()}
    assert (manifest.files, manifest.bytes) == (len(rows["blob"]), sum(row["size"] for row in rows["blob"]))
    assert done == Contents(manifest.files, manifest.bytes, ())
    assert {path.name for path in (tmp_path / "copy").iterdir()} == NAMES


def test_a_backup_is_for_its_owner_only(old: Services, tmp_path: Path) -> None:
    folder = backup_of(old, tmp_path / "copy")
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "secret.key").stat().st_mode & 0o077 == 0


def test_a_second_backup_brings_only_what_is_new(old: Services, new: Services, tmp_path: Path) -> None:
    folder = backup_of(old, tmp_path / "copy")
    kept = file_of(folder, photo_hash(old))
    replace(kept, PHOTO)  # a file of its own, as on another disk
    inode = kept.stat().st_ino
    send(old, b"the newest photo")
    make_backup(old, folder)
    assert kept.stat().st_ino == inode
    restore_backup(new, folder)
    assert rows_of(new)["receipt"] == rows_of(old)["receipt"]
    assert check_everything(new).faults == []


def test_what_was_erased_here_leaves_the_copy_with_the_next_backup(old: Services, tmp_path: Path) -> None:
    sha256 = photo_hash(old)
    with old.database.transaction() as session:
        project = create_project(session, "A-name-nobody-may-read-again", language="fr")
    folder = backup_of(old, tmp_path / "copy")
    with old.database.transaction() as session:
        session.execute(delete(ReceiptFile).where(ReceiptFile.sha256 == sha256))
        session.execute(delete(Blob).where(Blob.sha256 == sha256))
        session.execute(delete(EventWords).where(EventWords.project_id == project.id))
        session.execute(delete(Project).where(Project.id == project.id))
    make_backup(old, folder)
    assert not file_of(folder, sha256).exists()
    assert b"A-name-nobody-may-read-again" not in (folder / "relais.sqlite3").read_bytes()


def test_a_file_spoilt_in_the_copy_is_brought_again(old: Services, tmp_path: Path) -> None:
    folder = backup_of(old, tmp_path / "copy")
    replace(file_of(folder, photo_hash(old)), b"\0" * len(PHOTO))
    make_backup(old, folder)
    assert file_of(folder, photo_hash(old)).read_bytes() == PHOTO


def test_a_file_lost_on_the_server_does_not_stop_the_backup_and_an_earlier_copy_of_it_is_kept(
    old: Services, tmp_path: Path
) -> None:
    sha256 = photo_hash(old)
    early = backup_of(old, tmp_path / "early")
    old.storage.delete(sha256)
    assert make_backup(old, tmp_path / "late").missing == (sha256.hex(),)
    assert make_backup(old, early).missing == ()
    assert file_of(early, sha256).read_bytes() == PHOTO


def test_an_interrupted_backup_leaves_only_its_part_and_the_next_one_ends_it(
    old: Services, new: Services, tmp_path: Path
) -> None:
    part = tmp_path / "copy.part"
    obstacle = block(part, PHOTO)
    with pytest.raises(Problem, match="not finished"):
        make_backup(old, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()
    assert refusal(new, part).code == 400.71
    for leftover in ("file.part", "relais.sqlite3.part", "relais.sqlite3.part-journal"):
        (part / leftover).write_bytes(b"of a killed run")
    obstacle.unlink()
    make_backup(old, tmp_path / "copy")
    assert not part.exists()
    assert {path.name for path in (tmp_path / "copy").iterdir()} == NAMES
    restore_backup(new, tmp_path / "copy")
    assert check_everything(new).faults == []


def test_an_interrupted_second_backup_leaves_the_first_one_good(old: Services, new: Services, tmp_path: Path) -> None:
    before = rows_of(old)["receipt"]
    folder = backup_of(old, tmp_path / "copy")
    send(old, b"the newest photo")
    block(folder, b"the newest photo")
    with pytest.raises(Problem, match="not finished"):
        make_backup(old, folder)
    restore_backup(new, folder)
    assert rows_of(new)["receipt"] == before


@pytest.mark.parametrize("again", [False, True], ids=["restored at once", "after another interrupted one"])
def test_a_power_cut_between_the_new_database_and_its_manifest_loses_nothing(
    old: Services, new: Services, tmp_path: Path, again: bool
) -> None:
    folder = backup_of(old, tmp_path / "copy")
    first = (folder / "manifest.json").read_bytes()
    send(old, b"a new photo")
    expected = rows_of(old)["receipt"]
    make_backup(old, folder)
    (folder / "manifest.json").rename(folder / "manifest.next.json")
    (folder / "manifest.json").write_bytes(first)
    if again:
        send(old, b"the newest photo")
        block(folder, b"the newest photo")
        with pytest.raises(Problem, match="not finished"):
            make_backup(old, folder)
        assert not (folder / "manifest.next.json").exists()
    restore_backup(new, folder)
    assert rows_of(new)["receipt"] == expected


def test_two_backups_at_once_do_not_disturb_each_other(old: Services, tmp_path: Path) -> None:
    with (old.settings.temporary / "backup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Problem, match="under way"):
            make_backup(old, tmp_path / "copy")
    make_backup(old, tmp_path / "copy")


def test_a_folder_with_other_things_is_left_alone(old: Services, new: Services, tmp_path: Path) -> None:
    (tmp_path / "holidays").mkdir()
    (tmp_path / "holidays" / "beach.jpg").write_bytes(b"sun")
    with pytest.raises(Problem) as caught:
        make_backup(old, tmp_path / "holidays")
    assert caught.value.code == 409.72
    assert [path.name for path in (tmp_path / "holidays").iterdir()] == ["beach.jpg"]
    assert refusal(new, tmp_path / "holidays").code == 400.71


def test_a_stick_that_is_not_plugged_in_is_missed(old: Services, tmp_path: Path) -> None:
    with pytest.raises(Problem, match="plugged in"):
        make_backup(old, tmp_path / "stick" / "copy")
    assert not (tmp_path / "stick").exists()


def test_a_backup_is_never_overwritten_by_another_server_or_by_one_restored_from_it(
    old: Services, new: Services, tmp_path: Path
) -> None:
    folder = backup_of(old, tmp_path / "copy")
    before = (folder / "manifest.json").read_bytes()
    with pytest.raises(Problem) as other:
        make_backup(new, folder)
    restore_backup(new, folder)
    with pytest.raises(Problem) as restored:
        make_backup(new, folder)
    assert (other.value.code, restored.value.code) == (409.73, 409.73)
    assert (folder / "manifest.json").read_bytes() == before


def test_too_little_space_is_said_before_anything_is_written(templates: Templates, tmp_path: Path) -> None:
    with used_server(tmp_path / "old", templates, reserve_bytes=10**17) as crowded:
        with pytest.raises(Problem) as caught:
            make_backup(crowded, tmp_path / "copy")
        assert caught.value.status == 507
        assert list(tmp_path.glob("copy*")) == []


def test_the_two_commands_answer_in_json_and_words(old: Services, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    here, there = {"RELAIS_DATA": str(old.settings.data)}, {"RELAIS_DATA": str(tmp_path / "there")}
    made = CliRunner().invoke(program.cli, ["backup", str(folder)], env=here)
    assert (made.exit_code, json.loads(made.stdout)["missing"]) == (0, [])
    back = CliRunner().invoke(program.cli, ["restore", str(folder)], env=there)
    assert (back.exit_code, json.loads(back.stdout)) == (0, json.loads(made.stdout))
    assert "relais check" in back.stderr
    again = CliRunner().invoke(program.cli, ["restore", str(folder)], env=there)
    assert again.exit_code == 1
    assert "rien n’a été restauré" in again.stderr
    assert "nothing was put back" in again.stderr
    assert again.stdout == ""


def test_a_backup_without_a_file_that_the_server_lost_ends_with_1(old: Services, tmp_path: Path) -> None:
    old.storage.delete(photo_hash(old))
    made = CliRunner().invoke(
        program.cli, ["backup", str(tmp_path / "copy")], env={"RELAIS_DATA": str(old.settings.data)}
    )
    assert made.exit_code == 1
    assert len(json.loads(made.stdout)["missing"]) == 1
    assert "relais check" in made.stderr
