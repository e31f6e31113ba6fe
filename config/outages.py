"""When the database cannot serve: told apart from our own mistakes, and said so that nothing is promised."""

from typing import Any

from sqlalchemy import exc

from config.problem import Problem

# SQLite reports a wrong statement as OperationalError too, with this code: that is a mistake of ours.
SQLITE_ERROR = 1
# PostgreSQL: unique violation, serialization failure, deadlock. Another process was first; looking again settles it.
COLLISIONS = frozenset({"23505", "40001", "40P01"})


def storage_busy(detail: str) -> Problem:
    """503: nothing is promised, the phone keeps its copy and tries again."""
    return Problem(
        503,
        en="The server cannot store anything right now. Your form stays on the phone: send it again later.",
        fr="Le serveur ne peut rien enregistrer pour l’instant. La fiche reste sur le téléphone : renvoyez plus tard.",
        message=f"The server could not store this now ({detail}). Try again later.",
        headers={"Retry-After": "30"},
    )


def somebody_was_first() -> Problem:
    """503: two people, or a person and a phone, changed the same thing at one moment; nothing of this one was kept."""
    return Problem(
        503.3,
        en="Somebody changed the same thing at the same moment, so nothing was changed. Try again.",
        fr="Quelqu’un a modifié la même chose au même instant : rien n’a été changé. Recommencez.",
        headers={"Retry-After": "1"},
    )


def is_outage(error: BaseException, driver: Any) -> bool:
    """Whether the database failed, not the work: away, full, busy, damaged. `driver` is the DBAPI module in use."""
    original = driver_error(error)
    if isinstance(original, driver.OperationalError | driver.InterfaceError):
        return getattr(original, "sqlite_errorcode", None) != SQLITE_ERROR
    return isinstance(error, exc.TimeoutError)


def is_collision(error: BaseException) -> bool:
    """Whether another process got in between: to be run again."""
    return getattr(driver_error(error), "sqlstate", None) in COLLISIONS


def driver_error(error: BaseException) -> BaseException | None:
    """The driver's own error, out of SQLAlchemy's wrapping."""
    return error.orig if isinstance(error, exc.DBAPIError) else error
