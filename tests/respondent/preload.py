"""What a form asks the phone when it is opened (`jr:preload`)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tests.respondent.form import Bind
from tests.respondent.values import date_time_text


@dataclass(frozen=True)
class Device:
    """What preloads ask the phone."""

    device_id: str = "collect:respondent000000"
    username: str = "enumerator"


def preloaded(bind: Bind, device: Device, now: datetime, new_uuid: Callable[[], str]) -> str:
    """What a preload puts into its node when the form is opened; "" for those of another moment."""
    wanted = (bind.preload, bind.preload_parameters)
    if bind.preload == "uid":
        return f"uuid:{new_uuid()}"
    return {
        ("timestamp", "start"): date_time_text(now),
        ("date", "today"): now.date().isoformat(),
        ("property", "deviceid"): device.device_id,
        ("property", "username"): device.username,
    }.get(wanted, "")
