"""Threads that do one kind of work."""

import threading

import pytest

from config.services import Services
from sync import duty
from sync.duty import Duty, GoesOn
from tests.installation import Installation


def test_work_is_done_until_it_is_stopped_whatever_goes_wrong(
    post_node: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duty, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(duty, "FAILURE_SECONDS", 0.01)
    done, seen = threading.Event(), []

    def work(services: Services, goes_on: GoesOn) -> bool:
        seen.append((services, goes_on()))
        if len(seen) == 1:
            raise OSError("the disk is full")
        if len(seen) == 4:
            done.set()
        return len(seen) < 3

    thread = Duty(post_node.services, "tests", work)
    thread.start()
    assert done.wait(10)
    thread.stop()
    count = len(seen)
    assert all(held for _, held in seen)
    assert not any(each.name == "tests" for each in threading.enumerate())
    assert len(seen) == count
