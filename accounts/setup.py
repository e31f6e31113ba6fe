"""What a database must hold before anything else: its own identity, its roles, its sequences."""

import secrets
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts import roles
from accounts.models import SEQUENCES, IdSequence, ProjectCounter, Server
from config.clock import now


def is_complete(session: Session) -> bool:
    """Whether `ensure` has nothing to do, without waiting for anybody who writes."""
    known = set(session.scalars(select(IdSequence.name)))
    counter = session.get(ProjectCounter, 0)
    server = session.get(Server, 1)
    return server is not None and counter is not None and known >= set(SEQUENCES) and roles.are_current(session)


def ensure(session: Session) -> None:
    """Make what is missing; again is harmless."""
    if session.get(Server, 1) is None:
        session.add(
            Server(
                id=1,
                uid=str(uuid4()),
                incarnation=str(uuid4()),
                realm=f"Relais {secrets.token_hex(4)}",
                created_at=now(),
            )
        )
    known = set(session.scalars(select(IdSequence.name)))
    session.add_all(IdSequence(name=name, last=0) for name in SEQUENCES if name not in known)
    if session.get(ProjectCounter, 0) is None:
        session.add(ProjectCounter(project_id=0, seq=0))
    roles.ensure(session)
