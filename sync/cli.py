"""Commands about duplicates."""

import threading
import time

import click

from accounts.errors import project_unknown
from config.commands import result
from config.database import reading, transaction
from config.services import services
from sync.lease import Lease
from sync.rekeying import ask, projects_of, rekey, waiting
from sync.worker import NAME as WORKER

LOOK_AGAIN_SECONDS = 1.0


@click.group("matching")
def matching() -> None:
    """How duplicates are found."""


@matching.command("rotate-key")
@click.option("--project", "project_id", type=int, help="Of one project; without it, of all.")
@click.option("--no-wait", is_flag=True, help="Leave the work to the server, now or when it is started.")
def rotate_key(project_id: int | None, no_wait: bool) -> None:
    """Hash everything the matcher keeps by a new key, while the server runs; the former key can be made no more afterwards.

    Stopped in the middle it goes on at the next start of the server or of this command.
    """
    with transaction() as session:
        asked = projects_of(session, project_id)
        if project_id is not None and not asked:
            raise project_unknown(project_id)
        ask(session, asked)
    if no_wait:
        result({"projects": asked, "done": False}, f"Asked for in {len(asked)} projects.")
        return
    # The server's worker does it if one runs; else this process is the worker for as long as it takes.
    lease, stop = Lease(services().database, WORKER), threading.Event()
    try:
        while True:
            with reading() as session:
                left = waiting(session, asked)
            if not left:
                break
            if not lease.hold():
                time.sleep(LOOK_AGAIN_SECONDS)
            else:
                rekey(services(), stop)
    finally:
        lease.give_back()
    result({"projects": asked, "done": True}, f"New keys in {len(asked)} projects.")
