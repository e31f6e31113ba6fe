"""What JSON may say where a flag is asked for."""

from typing import Any

import pytest

from config.problem import Problem
from config.wire_fields import Flag


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (True, True),
        ("true", True),
        (" T ", True),
        ("y", True),
        ("on", True),
        (1, True),
        (0, False),
        ("off", False),
        ("n", False),
    ],
)
def test_a_flag_is_read_as_central_s_database_reads_it(given: Any, meant: bool) -> None:
    assert Flag().deserialize(given, "flag") is meant


@pytest.mark.parametrize(
    ("given", "shown"),
    [("", ""), ("o", "o"), ("truely", "truely"), (5, "5"), (1.5, "1.5"), ([], "[]"), ({"a": 1}, '{"a":1}')],
)
def test_what_is_none_is_shown(given: Any, shown: str) -> None:
    with pytest.raises(Problem) as caught:
        Flag().deserialize(given, "flag")
    assert caught.value.code == 400.11
    assert caught.value.details == {"value": shown, "expected": "type boolean"}
