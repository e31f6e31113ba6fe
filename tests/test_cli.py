"""The commands of `relais`, as scripts call them: how they answer, and those about people."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.command import Command, run
from tests.installation import PASSWORD, instance, new_id
from tests.phone import Phone
from tests.served import Place, Served, ask

# --- How commands answer ---


@pytest.mark.parametrize("position", [0, 1, 2, 3])
def test_json_may_stand_anywhere_and_words_are_on_standard_error(command: Command, position: int) -> None:
    arguments = ["project", "create", "Contrôle « été » 😀"]
    arguments.insert(position, "--json")
    ran = command(*arguments)
    assert (ran.code, ran.result["name"]) == (0, "Contrôle « été » 😀")
    assert ran.out.count("\n") == 1
    assert f"Project {ran.result['id']}" in ran.err
    assert command("project", "create", "Sans --json").result["id"] == ran.result["id"] + 1


MISTYPED = [
    [], ["nonsense"], ["project"], ["project", "create"], ["project", "create", "a", "b"], ["project", "create", "--x", "a"],
    ["web-user", "create", "a@example.org", "--role", "manager"],
    ["web-user", "create", "a@example.org", "--role", "king", "--password-stdin"],
    ["web-user", "create", "a@example.org", "--password-stdin"], ["web-user", "password", "a@example.org"],
    ["app-user", "create", "one", "name"], ["app-user", "create", "1"],
    ["form", "publish", "1"], ["form", "publish", "1", "/nothing.xlsx"], ["form", "publish", "1", __file__, "--media", "/no"],
    ["export", "1", "household"], ["export", "1", "household", "--format", "xls", "--output", "x"],
    ["export", "1", "household", "--option", "bom", "--output", "x"],
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


@pytest.mark.parametrize("words", [["check"], ["serve"], ["project", "create", "x"]], ids=" ".join)
def test_a_bad_setting_stops_every_command_with_its_name(tmp_path: Path, words: list[str]) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"port": "eight"}, "RELAIS_PORT"),
        ({"prot": "8000"}, "RELAIS_PROT"),
        ({"config": tmp_path / "nothing"}, "RELAIS_CONFIG"),
        ({"data": "/etc/passwd/relais"}, "RELAIS_DATA"),
    ]
    for settings, named in wrong:
        ran = run(*words, **{"data": tmp_path / "data", **settings})
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
        ["export", "1", "household", "--option", "bom=yes", "--output", "never"],
    ],
    ids=" ".join,
)
def test_what_is_refused_is_1_with_a_sentence_in_each_language(command: Command, arguments: list[str]) -> None:
    ran = command(*arguments, stdin=f"{PASSWORD}\n")
    assert (ran.code, ran.out) == (1, "")
    french, english = ran.err.splitlines()
    assert french != english
    assert "Traceback" not in ran.err


# --- People ---


def test_a_web_user_can_sign_in_and_gets_a_new_password(command: Command, served: Served) -> None:
    email = "superviseur@example.org"
    made = command(
        "web-user", "create", f" {email.upper()} ", "--role", "viewer", "--password-stdin", stdin="first password\r\n"
    )
    assert made.result["email"] == email
    first = _sign_in(served, email, "first password")
    assert first is not None
    assert command("web-user", "password", email, "--password-stdin", stdin="second password").result == {
        "email": email
    }
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
def test_a_role_holds_where_it_was_given(command: Command, served: Served, role: str, project: int, other: int) -> None:
    here, there = served.place().relais.project_id, served.place().relais.project_id
    email = f"{role}@example.org"
    only_here = ["--project", here] if role != "administrator" else []
    command("web-user", "create", email, "--role", role, *only_here, "--password-stdin", stdin=PASSWORD)
    bearer = {"Authorization": f"Bearer {_sign_in(served, email, PASSWORD)}"}
    statuses = [ask("GET", f"{served.url}/v1/projects/{number}", headers=bearer).status for number in (here, there)]
    assert statuses == [project, other]


def test_a_short_password_is_refused(command: Command) -> None:
    ran = command("web-user", "create", "short@example.org", "--role", "viewer", "--password-stdin", stdin="short\n")
    assert (ran.code, "at least 10 characters" in ran.err) == (1, True)


def test_an_app_user_comes_with_all_its_phone_needs(command: Command, place: Place) -> None:
    ran = command("app-user", "create", place.relais.project_id, "Agent 7")
    assert set(ran.result) == {"id", "token", "server_url", "qr", "username", "password"}
    assert ran.result["server_url"] == f"{place.url}/v1/key/{ran.result['token']}/projects/{place.relais.project_id}"
    scanned = Phone.from_qr(ran.result["qr"])
    assert scanned.server_url == ran.result["server_url"]
    assert scanned.refresh().downloaded == ["household"]
    typed = Phone(place.project_url, ran.result["username"], ran.result["password"])
    assert typed.send(typed.finalize(instance(new_id()))).status == 201


def test_the_code_is_drawn_on_standard_error(command: Command, place: Place) -> None:
    plain = command("app-user", "create", place.relais.project_id, "Agent 8")
    drawn = command("app-user", "create", place.relais.project_id, "Agent 9", "--terminal")
    assert "▀" not in plain.err
    assert "▀" in drawn.err
    assert drawn.out.count("\n") == 1
    assert drawn.result["qr"]
