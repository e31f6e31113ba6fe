"""Days, times and places as people say them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.answer_text import answer_text, point_of


@pytest.mark.parametrize(
    ("kind", "value", "french", "english"),
    [
        ("date", "2026-11-02", "2 nov. 2026", "2 Nov 2026"),
        ("date", "2026-11-02+01:00", "2 nov. 2026", "2 Nov 2026"),
        ("time", "08:05:00.000+01:00", "08:05", "08:05"),
        ("boolean", "true", "oui", "yes"),
        ("geopoint", "13.315 -12.6 210 4.6", "13.31500° N, 12.60000° O (± 5 m)", "13.31500° N, 12.60000° W (± 5 m)"),
        ("geopoint", "-13.3 12.6 0 0", "13.30000° S, 12.60000° E", "13.30000° S, 12.60000° E"),
        ("geotrace", "13 12 0 0; 13 12.1 0 0;", "2 points", "2 points"),
    ],
)
def test_a_value_is_said_as_people_say_it(kind: str, value: str, french: str, english: str) -> None:
    spoken = [(answer_text(kind, value, language) or "").replace("\u00a0", " ") for language in ("fr", "en")]
    assert spoken == [french, english]


def test_a_moment_is_told_in_the_time_zone_of_the_phone() -> None:
    assert "08:05" in (answer_text("dateTime", "2026-11-02T08:05:00.000+01:00", "fr") or "")
    assert "08:05" in (answer_text("dateTime", "2026-11-02T08:05:00.000-07:00", "fr") or "")


@pytest.mark.parametrize("kind", ["date", "dateTime", "time", "boolean", "geopoint"])
@given(value=st.text())
def test_a_value_of_the_wrong_form_is_shown_as_it_is(kind: str, value: str) -> None:
    assert isinstance(answer_text(kind, f"x{value}", "fr"), str)
    assert answer_text(kind, "x", "fr") == "x"


@pytest.mark.parametrize("kind", ["string", "int", "decimal", "barcode", "unknown"])
def test_what_a_person_wrote_stays_to_the_letter(kind: str) -> None:
    assert answer_text(kind, " 007 ", "fr") is None


@given(st.text(alphabet="0123456789.- einfa", max_size=30))
def test_a_place_is_on_earth_or_none(value: str) -> None:
    point = point_of(value)
    assert point is None or (abs(point.latitude) <= 90 and abs(point.longitude) <= 180)


def test_a_place_opens_in_the_map_of_the_readers_phone() -> None:
    point = point_of("13.315 12.6 210.5 4.6")
    assert point is not None
    assert (point.address, point.altitude, point.accuracy) == ("geo:13.315000,12.600000", 210.5, 4.6)
