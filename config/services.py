"""The four things every part of the program needs, opened once per application."""

from dataclasses import dataclass

from flask import current_app

from config.database import Database
from config.settings import Settings
from config.storage import Storage


@dataclass(frozen=True)
class Services:
    """Settings as chosen, the installation's secret, the open database, the file store."""

    settings: Settings
    secret: bytes
    database: Database
    storage: Storage


def services() -> Services:
    """Those of the application at work."""
    found: Services = current_app.extensions["relais"]
    return found
