"""What people type never breaks a query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.typed import typed_number, typed_text


@given(st.text())
def test_a_text_has_no_end_blanks_no_nul_and_an_end(value: str) -> None:
    typed = typed_text({"a": value}, "a", longest=5)
    assert len(typed) <= 5
    assert "\0" not in typed


def test_a_missing_text_is_empty() -> None:
    assert typed_text({}, "a") == ""


@pytest.mark.parametrize("value", ["", "-1", "1.5", "٣", "x", "1" * 19, " 1"])
def test_only_plain_numbers_that_a_database_holds_are_numbers(value: str) -> None:
    assert typed_number({"a": value}, "a") is None
    assert typed_number({"a": "42"}, "a") == 42
