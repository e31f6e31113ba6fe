"""The first command a person types: what it says when it cannot, and that its lists of packages agree."""

import ast
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
INPUTS = ("bootstrap.py", "pyproject.toml", "uv.lock", "requirements.txt", "requirements-dev.txt")
Requirements = dict[str, tuple[str, set[str]]]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh copy, in a folder with a space in its name, with a program that tells its arguments."""
    folder = tmp_path / "Mes documents"
    folder.mkdir()
    for name in INPUTS:
        shutil.copy(ROOT / name, folder / name)
    (folder / "app.py").write_text("import sys\n\n\ndef main():\n    print(sys.argv[1:])\n    return 3\n")
    return folder


def bootstrap(
    clone: Path, *arguments: str, path: str | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run it without a network: every proxy leads nowhere."""
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "PIP_RETRIES": "0"}
    environment = {**os.environ, "UV_OFFLINE": "1", **nowhere, "PATH": path or os.environ["PATH"], **variables}
    command = [sys.executable, "bootstrap.py", *arguments]
    return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, timeout=120, check=False)


def pretend_it_was_bootstrapped(clone: Path, *, dev: bool) -> None:
    """Leave what a finished run leaves, without the packages: its own functions link and stamp an empty environment."""
    ask(clone, "bootstrap.make_environment()")
    ask(clone, f"(bootstrap.link_work_tree(), bootstrap.write_stamp(bootstrap.wanted_state({dev})))")


def ask(clone: Path, expression: str) -> str:
    """What an expression about the copy's own `bootstrap` module gives, printed."""
    command = [sys.executable, "-c", f"import bootstrap; print({expression})"]
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, check=True).stdout.strip()


def locked(groups: set[str]) -> dict[str, str]:
    """Name and version of everything the lock holds for the project and these groups of developer tools."""
    packages = {package["name"]: package for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    project = packages["relais"]
    waiting = list(project["dependencies"])
    for group in groups:
        waiting += project["dev-dependencies"][group]
    found: dict[str, str] = {}
    while waiting:
        wanted = waiting.pop()
        package = packages[wanted["name"]]
        extras = [part for extra in wanted.get("extra", ()) for part in package["optional-dependencies"][extra]]
        if wanted["name"] not in found or extras:
            found[wanted["name"]] = package["version"]
            waiting += [*package.get("dependencies", ()), *extras]
    return found


def required(file: str) -> Requirements:
    """Name → version and hashes of every line of a requirements file."""
    blocks = re.split(r"\n(?=\S)", (ROOT / file).read_text())
    lines = [re.match(r"([a-z0-9-]+)==(\S+)", block) for block in blocks]
    return {line[1]: (line[2], set(re.findall(r"sha256:[0-9a-f]{64}", line.string))) for line in lines if line}


@pytest.mark.parametrize(("file", "groups"), [("requirements.txt", set()), ("requirements-dev.txt", {"dev"})])
def test_pip_installs_exactly_what_uv_would(file: str, groups: set[str]) -> None:
    assert {name: version for name, (version, _) in required(file).items()} == locked(groups)
    assert [name for name, (_, hashes) in required(file).items() if not hashes] == []


def test_the_lock_names_no_other_source_of_packages_than_the_public_one() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", (ROOT / "uv.lock").read_text()))
    assert hosts == {"pypi.org", "files.pythonhosted.org"}


def test_a_second_start_answers_at_once_and_needs_no_network(clone: Path) -> None:
    pretend_it_was_bootstrapped(clone, dev=False)
    before = time.monotonic()
    done = bootstrap(clone)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert time.monotonic() - before < 5  # 0.1 s on a quiet machine; an installation takes longer than this


def test_an_environment_with_developer_tools_serves_without_them_too(clone: Path) -> None:
    pretend_it_was_bootstrapped(clone, dev=True)
    assert bootstrap(clone).returncode == 0
    assert bootstrap(clone, "--dev").returncode == 0


@pytest.mark.parametrize("name", ["bootstrap.py", "uv.lock", "requirements.txt", "requirements-dev.txt"])
def test_a_changed_lock_is_noticed(clone: Path, name: str) -> None:
    pretend_it_was_bootstrapped(clone, dev=False)
    assert ask(clone, "bootstrap.is_ready(False)") == "True"
    with (clone / name).open("a") as file:
        file.write("# changed\n")
    assert ask(clone, "bootstrap.is_ready(False)") == "False"


def test_a_run_that_was_killed_is_begun_again(clone: Path) -> None:
    pretend_it_was_bootstrapped(clone, dev=False)
    half_written = clone / ".venv" / "lib" / "half-written.py"
    half_written.touch()
    ask(clone, "bootstrap.make_environment()")
    assert half_written.exists()  # a finished environment is updated in place
    ask(clone, "bootstrap.write_stamp({'inputs': bootstrap.UNFINISHED, 'dev': False})")
    assert ask(clone, "bootstrap.is_ready(False)") == "False"
    ask(clone, "bootstrap.make_environment()")
    assert not half_written.exists()


@pytest.mark.slow
def test_without_a_network_the_first_start_says_so_in_one_sentence(clone: Path) -> None:
    done = bootstrap(
        clone, BOOTSTRAP_WITH="pip", PIP_CACHE_DIR=str(clone / "empty"), PIP_NO_INDEX="1", PIP_FIND_LINKS=""
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("relais: the packages could not be installed; the first start needs")
    assert "Traceback" not in done.stderr


def test_the_command_runs_from_anywhere_even_after_the_folder_moved(clone: Path, tmp_path: Path) -> None:
    pretend_it_was_bootstrapped(clone, dev=False)
    moved = clone.rename(tmp_path / "déplacé")
    link = tmp_path / "relais"
    link.symlink_to(moved / ".venv" / "bin" / "relais")
    done = subprocess.run([link, "serve", "a b"], cwd="/", capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("['serve', 'a b']\n", "", 3)


@pytest.mark.parametrize("minor", [6, 8, 10])
def test_an_older_python_is_told_so_in_french_and_english(clone: Path, minor: int) -> None:
    # The file has to be read by that Python; here the part it runs is checked with the present one's grammar for it.
    lines = (clone / "bootstrap.py").read_text()
    (clone / "bootstrap.py").write_text(
        lines.replace("import os\n", f"import os, sys\nsys.version_info = (3, {minor})\n", 1)
    )
    done = bootstrap(clone, path="/nowhere")
    assert done.returncode == 1
    assert f"celui-ci est Python 3.{minor}" in done.stderr
    assert f"this is Python 3.{minor}" in done.stderr


def test_an_old_python_could_read_the_file(clone: Path) -> None:
    ast.parse((clone / "bootstrap.py").read_text(), feature_version=(3, 7))


def test_every_dependency_has_its_reason_and_no_reason_outlives_its_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    chosen = [
        *project["project"]["dependencies"],
        *(name for extra in project["project"]["optional-dependencies"].values() for name in extra),
        *(name for group in project["dependency-groups"].values() for name in group),
    ]
    rows = re.findall(r"^\| ([a-z0-9-]+) \| \S", (ROOT / "docs" / "dependencies.md").read_text(), re.MULTILINE)
    names = [re.split(r"[^\w-]", line)[0] for line in chosen]
    assert sorted(names) == sorted(set(rows) - {"package"})
