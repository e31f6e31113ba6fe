"""`relais serve`: from a folder to a server, and what a person does next."""

import contextlib
import errno
import fcntl
import logging
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import text

from accounts import qr
from accounts.app_users import Credential
from accounts.cli import key_url, qr_text
from collector.check import blob_fault
from collector.door import SURROUNDINGS, Door
from collector.export_queue import run_next
from collector.key_lane import KeyLane
from collector.upload_part import UPLOAD_PREFIX
from config.address import configured_url
from config.database import sqlite_module
from config.memory import keep_little
from config.server import serve
from config.services import Services
from config.settings import SettingError
from forms.first_start import Welcome, first_phone, first_start
from sync.duty import Duty
from sync.jobs import Clock
from sync.webhooks import tell_next
from sync.worker import Worker

RECENT_SECONDS = 3600
SAFE_SQLITE = (3, 51, 3)
log = logging.getLogger("relais")


def _warn_of_old_sqlite(opened: Services) -> None:
    version = sqlite_module().sqlite_version_info
    if opened.database.is_sqlite and version < SAFE_SQLITE:
        log.warning(
            "This computer's SQLite is %s. Before 3.51.3 a rare fault can damage a database that several programs write at "
            "once: keep backups, and run no other relais command while phones are sending.",
            ".".join(map(str, version)),
        )


def run_server(app: Flask, opened: Services) -> None:
    """Make what the first start needs, look at what an unclean stop may have left, then serve until a signal."""
    keep_little()
    _require_address(opened.settings.host)
    with _only_one(opened.settings.data), _marked_running(opened):
        _warn_of_old_sqlite(opened)
        welcome = first_start(opened)
        phone = first_phone(opened)
        work = (
            Worker(opened),
            Clock(opened),
            Duty(opened, "exports", run_next),
            Duty(opened, "webhooks", tell_next),
        )
        for each in work:
            each.start()
        settings = opened.settings
        door = Door(opened)
        try:
            serve(
                app,
                host=settings.host,
                port=settings.port,
                tempdir=settings.temporary,
                threads=settings.threads,
                gate=door,
                together=KeyLane(opened),
                error_page=door.error_page,
                max_body_bytes=settings.max_file_bytes + settings.max_xml_bytes + 2 * SURROUNDINGS,
                proxies=settings.proxies,
                ready=lambda port: greet(opened, port, welcome, phone),
            )
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
            raise click.ClickException(
                f"Port {settings.port} cannot be used ({error.strerror}). Choose another: RELAIS_PORT=8001 make run"
            ) from None
        finally:
            for each in reversed(work):
                each.stop()


def _require_address(host: str) -> None:
    try:
        family, *_, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(address)
    except OSError as error:
        raise SettingError(f"RELAIS_HOST: {host} is not an address of this machine ({error.strerror}).") from None


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Two servers on one folder would share temporary files and the writer's lock would not hold for both."""
    with (data / "serve.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise click.ClickException(f"Another Relais already serves the data in {data}. Stop it first.") from None
        yield


@contextlib.contextmanager
def _marked_running(opened: Services) -> Iterator[None]:
    """A file that only a clean stop removes: when it is there at the start, the power went, or worse."""
    mark = opened.settings.data / "running"
    if mark.exists():
        _look_after_unclean_stop(opened)
    mark.touch()
    try:
        yield
    finally:
        # Also after an error: whatever Python could still unwind has not been killed.
        mark.unlink(missing_ok=True)


def _look_after_unclean_stop(opened: Services) -> None:
    log.warning("The last stop was not clean: looking at the database and the newest files first.")
    if opened.database.is_sqlite:
        with opened.database.reading() as session:
            answer = session.execute(text("PRAGMA quick_check")).scalar_one()
        if answer != "ok":
            raise click.ClickException(
                f"The database is damaged ({answer}). Restore the last backup: relais restore FOLDER"
            )
    # Nobody will finish what was being uploaded; it may be a gigabyte, on a disk that has none to spare.
    for path in opened.settings.temporary.glob(f"{UPLOAD_PREFIX}*"):
        path.unlink(missing_ok=True)
    for sha256, put_at in opened.storage.names():
        if put_at > time.time() - RECENT_SECONDS:
            size = opened.storage.size(sha256) or 0
            fault = blob_fault(opened.storage, sha256, size)
            if fault:
                log.error("stored file %s: %s. Run: relais check", sha256.hex(), fault)


def greet(opened: Services, port: int, welcome: Welcome | None, phone: Credential | None) -> None:
    """What a person does next, after every start; the password only after the first."""
    network = configured_url()
    click.echo(f"\n  Relais    http://localhost:{port}   cet ordinateur / this computer")
    click.echo(f"            {network}   le réseau / the network")
    if welcome is not None:
        password = welcome.password if welcome.password_is_new else "RELAIS_ADMIN_PASSWORD"
        click.echo(f"  Courriel  {welcome.email}\n  Passe     {password}   (montré une seule fois / shown only once)")
    if phone is not None:
        click.echo(
            f"  Téléphone {phone.name} : à scanner avec ODK Collect / scan with ODK Collect\n            {key_url(phone, network)}"
        )
        with opened.database.reading() as session:
            click.echo(qr.terminal(qr_text(session, phone, network)))
    click.echo("  Ensuite : connectez-vous, créez un code par téléphone, imprimez-le. Arrêt : Ctrl-C.")
    click.echo("  Next: sign in, make one code per phone, print it. Stop: Ctrl-C.\n")
    sys.stdout.flush()
