"""Running `relais` in tests: in this process, which is quick, or as the process it is."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import app

# A fixture's: `relais …` on the folder of a server that is running.
Command = Callable[..., "Ran"]
PROGRAM = str(Path(sys.executable).with_name("relais"))


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """Its JSON: the only thing on standard output."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def environment(**settings: object) -> dict[str, str]:
    """The environment of this process with these settings and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RELAIS_")}
    return kept | {f"RELAIS_{name.upper()}": str(value) for name, value in settings.items()}


def run(*arguments: object, stdin: str = "", **settings: object) -> Ran:
    """Run a command in this process, with its own application and connections."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    words = ["relais", *map(str, arguments)]
    with (
        patch.dict(os.environ, environment(**settings), clear=True),
        patch.object(sys, "argv", words),
        patch.object(sys, "stdin", io.StringIO(stdin)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            app.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    return Ran(code, out.getvalue(), err.getvalue())


def spawn(*arguments: object, stdin: str = "", **settings: object) -> Ran:
    """Run a command as a process of its own."""
    done = subprocess.run(
        [PROGRAM, *map(str, arguments)],
        input=stdin,
        env=environment(**settings),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)
