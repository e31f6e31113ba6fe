"""One holder at a time of a duty, in one installation: a row with a time on it, the same on SQLite and PostgreSQL."""

import os
import secrets
import socket
import time
from datetime import timedelta

from sqlalchemy import select, update

from accounts.models import Lease as LeaseRow
from config.clock import now
from config.database import Database

LIFE_SECONDS = 30.0


class Lease:
    """A duty that this process may hold; renewed at a third of its life."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._holder = f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._until = 0.0

    def hold(self) -> bool:
        """True while the duty is ours; takes it when it is free."""
        if time.monotonic() < self._until - LIFE_SECONDS * 2 / 3:
            return True
        asked = time.monotonic()
        with self._database.transaction() as session:
            moment = now()
            taken = session.execute(
                update(LeaseRow)
                .where(LeaseRow.name == self._name, (LeaseRow.holder == self._holder) | (LeaseRow.expires_at < moment))
                .values(
                    holder=self._holder, expires_at=moment + timedelta(seconds=LIFE_SECONDS), fence=LeaseRow.fence + 1
                )
                .returning(LeaseRow.name)
            ).first()
            if (
                taken is None
                and session.scalars(select(LeaseRow.name).where(LeaseRow.name == self._name)).first() is None
            ):
                session.add(
                    LeaseRow(
                        name=self._name,
                        holder=self._holder,
                        expires_at=moment + timedelta(seconds=LIFE_SECONDS),
                        fence=1,
                    )
                )
                session.flush()
                taken = (self._name,)  # type: ignore[assignment]
        self._until = asked + LIFE_SECONDS if taken else 0.0
        return taken is not None

    def give_back(self) -> None:
        """Let another process take over at once."""
        if self._until:
            self._until = 0.0
            with self._database.transaction() as session:
                session.execute(
                    update(LeaseRow)
                    .where(LeaseRow.name == self._name, LeaseRow.holder == self._holder)
                    .values(expires_at=now() - timedelta(seconds=1))
                )
