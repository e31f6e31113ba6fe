"""Whether this process has been told to stop: whatever lets a request wait looks here, so that nobody waits for it."""

_told: list[bool] = []


def told_to_stop() -> bool:
    """True from the signal on."""
    return bool(_told)


def stop_is(asked: bool) -> None:
    """For the server alone. Takes no lock: a signal handler may call it."""
    _told[:] = [True] if asked else []
