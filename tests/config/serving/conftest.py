from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.config.serving.house import House, refuse_submissions


@pytest.fixture
def open_house(tmp_path: Path) -> Iterator[Callable[..., House]]:
    houses: list[House] = []

    def build(**choices: Any) -> House:
        (tmp_path / "tmp").mkdir(exist_ok=True)
        houses.append(House(tmp_path / "tmp", **choices))
        return houses[-1]

    yield build
    for house in houses:
        house.close()


@pytest.fixture
def house(open_house: Callable[..., House]) -> House:
    return open_house(gate=refuse_submissions)
