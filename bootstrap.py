"""Make `.venv` ready for Relais: `python3 bootstrap.py [--dev]`. Standard library only, safe to run before every start.

What it promises: the system Python is never touched; packages are exactly those of the lock, by hash; a second run with
nothing changed answers at once and needs no network; a run killed half-way is repaired by the next one.
"""

import os
import re
import shutil
import subprocess
import sys
import sysconfig

OLDEST = (3, 11)
ROOT = os.path.dirname(os.path.abspath(__file__))


def hand_over_to_a_newer_python() -> None:
    """Continue in a `python3.x` that is new enough, if this machine has one beside the old one we were started with."""
    for minor in (11, 12, 13, 14):
        other = shutil.which("python3.%d" % minor)
        # pyenv leaves shims for versions that do not run, so ask before trusting the name.
        if other and subprocess.call([other, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            os.execv(other, [other, os.path.abspath(__file__), *sys.argv[1:]])
    sys.exit(
        "Relais demande Python 3.11 ou plus récent ; celui-ci est Python {0}.{1}. "
        "/ Relais needs Python 3.11 or newer; this is Python {0}.{1}.".format(*sys.version_info[:2])
    )


# Before any import or syntax that an older Python does not know.
if sys.version_info < OLDEST:
    hand_over_to_a_newer_python()

import argparse  # noqa: E402
import fcntl  # noqa: E402
import hashlib  # noqa: E402
import json  # noqa: E402
import tomllib  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import NoReturn  # noqa: E402

FOLDER = Path(ROOT)
ENVIRONMENT = FOLDER / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
# Two Pythons with the same tag can share compiled packages: a security update of 3.11 must not ask for a network.
ABI = str(sysconfig.get_config_var("SOABI"))
STAMP = ENVIRONMENT / "relais-bootstrap.json"
UNFINISHED = "unfinished"
# A package built here would fetch build tools that no hash covers, and want a compiler.
WHEELS_BY_HASH = ("--only-binary=:all:", "--require-hashes")
# `relais` finds its own interpreter, so a folder that was moved or has a space in its name still starts.
CONSOLE_SCRIPT = """#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")/python" "$0" "$@"
' '''
import sys

from app import main

sys.exit(main())
"""


class Failed(Exception):
    """A command did not succeed; the text is the end of what it printed."""


def say(sentence: str) -> None:
    print(f"relais: {sentence}", file=sys.stderr, flush=True)


def stop(sentence: str) -> NoReturn:
    say(sentence)
    sys.exit(1)


def run(*command: str | Path) -> None:
    """Run quietly; raise `Failed` with the last lines of its output."""
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    environment |= {
        # The lock alone decides versions; a machine-wide constraints file would only be able to break it.
        "PIP_CONSTRAINT": os.devnull,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_PROJECT_ENVIRONMENT": str(ENVIRONMENT),
        "UV_PYTHON": str(PYTHON),
        "UV_PYTHON_DOWNLOADS": "never",
    }
    done = subprocess.run(
        [str(part) for part in command],
        cwd=FOLDER,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise Failed("\n".join(done.stdout.strip().splitlines()[-3:]))


def wanted_state(dev: bool) -> dict[str, str | bool]:
    """What a finished environment is stamped with; any change of lock, Python or this script makes it stale."""
    digest = hashlib.sha256(ABI.encode())
    for name in ("bootstrap.py", "uv.lock", "requirements.txt", "requirements-dev.txt"):
        digest.update(hashlib.sha256((FOLDER / name).read_bytes()).digest())
    return {"inputs": digest.hexdigest(), "dev": dev}


def stamped_state() -> dict[str, str | bool]:
    try:
        state = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def is_ready(dev: bool) -> bool:
    """True when the environment was finished for these inputs (one with the developer tools also serves without)."""
    stamp = stamped_state()
    complete = PYTHON.exists() and (ENVIRONMENT / "bin" / "relais").exists()
    return complete and stamp in ([wanted_state(True)] if dev else [wanted_state(True), wanted_state(False)])


def write_stamp(state: dict[str, str | bool]) -> None:
    new = STAMP.with_suffix(".new")
    new.write_text(json.dumps(state))
    os.sync()  # a power cut must not leave a stamp that promises packages the disk never got
    new.replace(STAMP)


def make_environment() -> None:
    """Leave a `.venv` whose Python is of the kind running now, keeping what is in it unless a run before was killed."""
    if PYTHON.exists() and stamped_state().get("inputs") != UNFINISHED:
        question = [str(PYTHON), "-c", "import sysconfig; print(sysconfig.get_config_var('SOABI'))"]
        if subprocess.run(question, capture_output=True, text=True).stdout.strip() == ABI:
            return
    if ENVIRONMENT.exists():
        say("the old .venv is unfinished or belongs to another Python; making a new one.")
        shutil.rmtree(ENVIRONMENT)
    # Without pip, so that this works where Debian keeps ensurepip in a package of its own; pip follows when needed.
    run(sys.executable, "-m", "venv", "--without-pip", "--prompt", "relais", ENVIRONMENT)


def require_pip() -> None:
    """Leave pip in the environment, or stop with the sentence that says what to install."""
    if subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return
    try:
        run(PYTHON, "-m", "ensurepip", "--default-pip")
    except Failed:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        stop(f"this Python comes without pip; please run `sudo apt install python{version}-venv` and start again.")


def find_uv() -> str:
    """Path of a uv: the system's, else the locked one, installed by hash into the environment. Raises `Failed`."""
    present = shutil.which("uv") or shutil.which("uv", path=str(ENVIRONMENT / "bin"))
    if present:
        return present
    require_pip()
    packages = tomllib.loads((FOLDER / "uv.lock").read_text())["package"]
    locked = next(package for package in packages if package["name"] == "uv")
    hashes = " ".join(f"--hash={wheel['hash']}" for wheel in locked["wheels"])
    requirement = ENVIRONMENT / "uv-requirement.txt"
    requirement.write_text(f"uv=={locked['version']} {hashes}\n")
    run(PYTHON, "-m", "pip", "install", "--no-deps", *WHEELS_BY_HASH, "-r", requirement)
    return str(ENVIRONMENT / "bin" / "uv")


def install_with_uv(dev: bool) -> None:
    group = ["--group", "dev"] if dev else ["--no-dev"]
    # The project itself is linked below: its build backend would be one more download, and one without a hash.
    run(find_uv(), "sync", "--frozen", "--no-build", "--no-install-project", "--inexact", "--compile-bytecode", *group)


def install_with_pip(dev: bool) -> None:
    require_pip()
    listed = FOLDER / ("requirements-dev.txt" if dev else "requirements.txt")
    run(PYTHON, "-m", "pip", "install", "--no-deps", *WHEELS_BY_HASH, "--compile", "-r", listed)


def install(dev: bool) -> None:
    """Install the locked packages with uv, or with pip where uv is not to be had; stop with a sentence if both fail."""
    if os.environ.get("BOOTSTRAP_WITH") != "pip":
        try:
            return install_with_uv(dev)
        except Failed as problem:
            reason = re.sub(r"\s+", " ", str(problem))[-200:]
            say(f"uv could not do it ({reason}); trying pip, which takes a minute or two.")
    try:
        install_with_pip(dev)
    except Failed as problem:
        say(str(problem))
        stop("the packages could not be installed; the first start needs a network. Nothing is lost: just start again.")


def link_work_tree() -> None:
    """Make `import app` and the command `relais` work from this folder (pip refuses `-e .` together with hashes)."""
    site_packages = next((ENVIRONMENT / "lib").glob("python3.*/site-packages"))
    (site_packages / "relais.pth").write_text(os.path.relpath(FOLDER, site_packages) + "\n")
    script = ENVIRONMENT / "bin" / "relais"
    script.write_text(CONSOLE_SCRIPT)
    script.chmod(0o755)


def bootstrap(dev: bool) -> None:
    if is_ready(dev):
        return
    # Two terminals may start at once (`make run`, `make test`): the second waits, then finds the work done.
    folder = os.open(FOLDER, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    if is_ready(dev):
        return
    dev = dev or stamped_state().get("dev") is True  # a developer's tools stay through an update
    say(f"preparing .venv (needs a network once, and {600 if dev else 250} MB of disk) …")
    make_environment()
    write_stamp({"inputs": UNFINISHED, "dev": dev})
    install(dev)
    link_work_tree()
    write_stamp(wanted_state(dev))
    say("ready.")


def main() -> None:
    arguments = argparse.ArgumentParser(description="Make .venv ready for Relais.")
    arguments.add_argument("--dev", action="store_true", help="also install what tests, lint and benches need")
    try:
        bootstrap(arguments.parse_args().dev)
    except KeyboardInterrupt:
        sys.exit(130)
    except Failed as problem:
        stop(f"the environment .venv could not be made: {problem}")


if __name__ == "__main__":
    main()
