"""What JSON may say where a flag is asked for."""

from typing import Any

import pytest
from marshmallow import fields

from config.problem import Problem
from config.wire_fields import Body, Flag, Text


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


class OfBothKinds(Body):
    name = Text(required=True)
    others = fields.Raw(required=True)
    count = fields.Integer()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 400.2),
        ({"name": "x"}, 400.2),
        ({"name": 1, "others": 1}, 400.11),
        ({"name": "x", "others": 1, "count": {}}, 400.11),
    ],
)
def test_what_marshmallow_itself_refuses_is_a_problem_too(body: dict[str, Any], code: float) -> None:
    with pytest.raises(Problem) as caught:
        OfBothKinds().load(body)
    assert caught.value.code == code
