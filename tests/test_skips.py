"""A test that cannot run is listed on a user's machine and is a failure in CI."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SPECIMENS = """
import pytest
from tests.skips import require_tool

def test_with_the_tool():
    require_tool("sh", True, "it is there")

@pytest.mark.parametrize("n", range(3))
def test_without_the_tool(n):
    require_tool("a telex", False, "`apt install telex`")

@pytest.mark.skipif(True, reason="not today")
def test_skipped_by_a_marker():
    pass

@pytest.mark.xfail(reason="a known limit")
def test_that_is_expected_to_fail():
    assert False
"""


def run_specimens(folder: Path, *options: str, ci: str) -> tuple[int, str]:
    """Exit code and output of a pytest run over the specimens with our own hooks."""
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "skips.py", folder / "tests" / "skips.py")
    hooks = "pytest_make_collect_report, pytest_runtest_makereport, pytest_terminal_summary"
    (folder / "tests" / "conftest.py").write_text(f"from tests.skips import {hooks}\n")
    (folder / "tests" / "test_specimens.py").write_text(SPECIMENS)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\naddopts = --import-mode=importlib\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, "CI": ci}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["one process", "two processes"])
def test_elsewhere_the_run_ends_with_the_list_of_what_was_skipped_and_why(tmp_path: Path, options: list[str]) -> None:
    code, output = run_specimens(tmp_path, *options, ci="")
    assert code == 0
    assert "4 not run on this machine, and why" in output
    assert "3 × needs a telex: `apt install telex` (tests/test_specimens.py::test_without_the_tool[" in output
    assert "1 × not today (tests/test_specimens.py::test_skipped_by_a_marker)" in output
    assert "1 passed, 4 skipped, 1 xfailed" in output


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["-n", "2"]], ids=["one process", "two processes"])
def test_in_ci_every_skip_is_a_failure(tmp_path: Path, options: list[str]) -> None:
    code, output = run_specimens(tmp_path, *options, ci="true")
    assert code == 1
    assert "CI must run every test, but this one was skipped (needs a telex" in output
    assert "3 failed, 1 passed, 1 xfailed, 1 error" in output
