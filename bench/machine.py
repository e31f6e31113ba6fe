"""On what a measurement was made."""

import os
import platform
from datetime import date


def machine() -> str:
    """One line: processor, Python, day, and how busy it was before."""
    return (
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"{date.today().isoformat()}, load before {os.getloadavg()[0]:.1f}"  # noqa: DTZ011 - the day on the wall
    )
