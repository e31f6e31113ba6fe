"""Running a program on a stranger's file: bounded in time, memory and output, without the server's secrets."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

_CHILD = Path(__file__).with_name("compile_child.py")
# The root of the packages: the child finds ours there once its limits hold.
_ROOT = Path(__file__).parents[1]


class TookTooLong(Exception):
    """The program was killed because its time was over."""


def run_limited(order: dict[str, Any], source: Path, seconds: float) -> tuple[int, bytes]:
    """Run compile_child.py with an order and a file as its input; exit status and what it wrote.

    Everything it can touch lies in the folder of `source`. Raises TookTooLong; no process is left behind.
    """
    folder = source.parent
    target = folder / "answer"
    # Nothing of the server's environment (secrets!) but what Python itself may need to start.
    environment = {name: os.environ[name] for name in ("PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ} | {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # Files rather than pipes: RLIMIT_FSIZE then bounds the answer, and nobody waits on a full pipe.
    with source.open("rb") as stdin, target.open("wb") as stdout:
        child = subprocess.Popen(
            [sys.executable, "-P", "-s", str(_CHILD), json.dumps({**order, "root": str(_ROOT)})],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
        try:
            status = child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise TookTooLong from None
        finally:
            _end(child)
    return status, target.read_bytes()


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child's process group, and reap the child."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
