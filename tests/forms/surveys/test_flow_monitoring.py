"""flow_monitoring: one record for each group that passes, one for each observation."""

import pytest

from tests.forms.surveys import MEDIA, day
from tests.forms.surveys.conftest import Interviewer
from tests.respondent.interview import Answer

SURVEY = "flow_monitoring"
ARLIT = "a59c632c-8f56-4481-837f-c833f07c3d04"
ASSAMAKA = "f951ad8e-1d5a-41c9-adaa-0a78ff37121e"

GROUP: dict[str, Answer] = {
    "enum_code": "NE-012", "fmp_id": ARLIT, "record_type": "group", "obs_date": day(),
    "obs_time": "07:45:00.000+01:00", "flow_dir": "out", "info_src": "driver", "transport": "pickup", "n_vehicles": 1,
    "n_men": 9, "n_women": 2, "n_boys": 1, "n_girls": 0, "n_nat": 1, "nat_code": ["NG"], "dep_country": "NG",
    "dest_country": "LY", "reason": "eco_long", "dep_place": "Kano", "next_stop": "Dirkou",
}  # fmt: skip
SHIFT: dict[str, Answer] = {
    "enum_code": "NE-012", "fmp_id": ARLIT, "record_type": "shift", "sh_from": "08:00:00.000+01:00",
    "sh_to": "16:30:00.000+01:00", "sh_groups": 12, "sh_people": 140, "sh_missed": 2, "sh_interrupt": "no",
}  # fmt: skip


def test_a_group_of_one_nationality_is_counted_once(interview: Interviewer) -> None:
    sent = interview(SURVEY, GROUP)
    assert sent.stop is None
    assert (sent["n_total"], sent["nat_sum"], sent["nat_cnt"]) == ("12", "12", ["12"])
    assert (sent["fmp_code"], sent["fmp_country"], sent["fmp_ref"]) == ("NE-ARL", "NE", "NE-ARL")
    not_asked = {"nat_n", "nat_bad", "n_zero", "big_ok", "fmp_other", "sh_from", "sh_hours", "referred", "dep_adm1"}
    assert not not_asked & set(sent.values)


def test_the_hour_is_the_hour(interview: Interviewer) -> None:
    sent = interview(SURVEY, GROUP)
    assert sent["obs_hour"] == "07"
    assert sent["instanceName"] == f"NE-ARL {day()} 07h out 12"


def test_nationalities_must_add_up(interview: Interviewer) -> None:
    two: dict[str, Answer] = GROUP | {"n_nat": 2, "nat_code": ["NG", "GH"]}
    fits = interview(SURVEY, two | {"nat_n": [7, 5]})
    assert fits.stop is None
    assert (fits["nat_n"], fits["nat_cnt"], fits["nat_sum"]) == (["7", "5"], ["7", "5"], "12")
    assert interview(SURVEY, two | {"nat_n": [7, 4]}).stop == ("nat_bad", "required")
    assert interview(SURVEY, two).stop == ("nat_n", "required")
    assert interview(SURVEY, two | {"nat_n": [13, 1]}).stop == ("nat_n", "constraint")
    assert interview(SURVEY, GROUP | {"n_nat": 9}).stop == ("n_nat", "constraint")
    assert interview(SURVEY, GROUP | {"n_men": 1, "n_women": 0, "n_boys": 0, "n_nat": 2}).stop == (
        "n_nat",
        "constraint",
    )


def test_a_group_without_people_cannot_be_kept(interview: Interviewer) -> None:
    empty = interview(SURVEY, GROUP | {"n_men": 0, "n_women": 0, "n_boys": 0})
    assert empty.stop == ("n_zero", "required")


@pytest.mark.parametrize(
    ("changes", "confirms"),
    [
        ({"n_men": 57}, False),
        ({"n_men": 58}, True),
        ({"n_men": 58, "n_vehicles": 2}, False),
        ({"n_men": 58, "transport": "foot"}, True),
    ],
)
def test_a_crowd_is_counted_twice(interview: Interviewer, changes: dict[str, Answer], confirms: bool) -> None:
    sent = interview(SURVEY, GROUP | changes)
    assert sent.stop == (("big_ok", "required") if confirms else None)
    assert interview(SURVEY, GROUP | changes | {"big_ok": "OK"}).stop is None


def test_walkers_have_no_vehicles(interview: Interviewer) -> None:
    assert "n_vehicles" not in interview(SURVEY, GROUP | {"transport": "foot"})


@pytest.mark.parametrize(
    ("opens", "asks"),
    [
        ({"fmp_id": None}, "fmp_other"),
        ({"transport": "other"}, "transport_other"),
        ({"nat_code": ["oth"]}, "nat_other"),
        ({"dep_country": "oth"}, "dep_other"),
        ({"dest_country": "oth"}, "dest_other"),
        ({"reason": "other"}, "reason_other"),
    ],
)
def test_other_must_be_said(interview: Interviewer, opens: dict[str, Answer], asks: str) -> None:
    assert interview(SURVEY, GROUP | opens).stop == (asks, "required")
    said: Answer = ["Tchetchène"] if asks == "nat_other" else "Ailleurs"
    assert interview(SURVEY, GROUP | opens | {asks: said}).stop is None


def test_a_point_off_the_list_names_the_record(interview: Interviewer) -> None:
    sent = interview(SURVEY, GROUP | {"fmp_id": None, "fmp_other": "Puits de l’Espoir"})
    assert sent["fmp_ref"] == "Puits de l’Espoir"
    assert str(sent["instanceName"]).startswith("Puits de l’Espoir ")
    assert interview(SURVEY, GROUP | {"fmp_id": ASSAMAKA}).stop == ("fmp_id", "not offered")


@pytest.mark.parametrize(
    ("name", "most"), [("v_u5", 1), ("v_uasc", 1), ("v_preg", 2), ("v_old", 11), ("v_dis", 12), ("v_ill", 12)]
)
def test_the_vulnerable_are_part_of_the_group(interview: Interviewer, name: str, most: int) -> None:
    referred: dict[str, Answer] = {"referred": "nosvc"}
    assert interview(SURVEY, GROUP | referred | {name: most}).stop is None
    assert interview(SURVEY, GROUP | referred | {name: most + 1}).stop == (name, "constraint")


def test_children_alone_and_the_sick_are_referred(interview: Interviewer) -> None:
    for name in ("v_uasc", "v_ill"):
        assert interview(SURVEY, GROUP | {name: 1}).stop == ("referred", "required")
        assert interview(SURVEY, GROUP | {name: 1, "referred": "yes"})["referred"] == "yes"


def test_regions_are_asked_of_the_three_countries(interview: Interviewer) -> None:
    inside = interview(SURVEY, GROUP | {"dep_country": "ML", "dep_adm1": "ML-BKO", "dest_country": "BF"})
    assert (inside.stop, inside["dep_adm1"]) == (None, "ML-BKO")
    assert interview(SURVEY, GROUP | {"dep_country": "ML", "dep_adm1": "NE-1"}).stop == ("dep_adm1", "not offered")


def test_an_observation_is_summed_up(interview: Interviewer) -> None:
    sent = interview(SURVEY, SHIFT)
    assert sent.stop is None
    assert sent["sh_hours"] == "8.5"
    assert sent["instanceName"] == f"NE-ARL {day()} bilan 08:00"
    assert not {"obs_time", "n_men", "nat_sum", "sh_why", "sh_zero"} & set(sent.values)


def test_interruptions_shorten_the_hours_observed(interview: Interviewer) -> None:
    stopped: dict[str, Answer] = SHIFT | {"sh_interrupt": "yes", "sh_lost_min": 45, "sh_why": "rain other"}
    assert interview(SURVEY, stopped).stop == ("sh_why_other", "required")
    sent = interview(SURVEY, stopped | {"sh_why_other": "Deuil au village"})
    assert (sent.stop, sent["sh_hours"]) == (None, "7.75")
    for minutes in (30, 511):
        assert interview(SURVEY, stopped | {"sh_lost_min": minutes}).stop == ("sh_lost_min", "constraint")


@pytest.mark.parametrize("end", ["08:00:00.000+01:00", "07:59:00.000+01:00", "00:30:00.000+01:00"])
def test_the_end_follows_the_start(interview: Interviewer, end: str) -> None:
    assert interview(SURVEY, SHIFT | {"sh_to": end}).stop == ("sh_to", "constraint")


def test_a_true_zero_is_said(interview: Interviewer) -> None:
    none: dict[str, Answer] = SHIFT | {"sh_groups": 0, "sh_people": 0}
    assert interview(SURVEY, none).stop == ("sh_zero", "required")
    assert interview(SURVEY, none | {"sh_zero": "yes"}).stop is None
    assert interview(SURVEY, none | {"sh_people": 3}).stop == ("sh_people", "constraint")
    assert interview(SURVEY, SHIFT | {"sh_people": 11}).stop == ("sh_people", "constraint")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("enum_code", "NE-R012"), ("n_vehicles", 0), ("n_vehicles", 101), ("n_men", 501), ("n_girls", 301),
        ("obs_date", day(1)),
        ("obs_date", day(-8)),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(interview: Interviewer, name: str, answer: Answer) -> None:
    assert interview(SURVEY, GROUP | {name: answer}).stop == (name, "constraint")


def test_every_point_of_the_list_is_offered(interview: Interviewer) -> None:
    rows = [line.split(",") for line in MEDIA["border_posts.csv"].decode().splitlines()[1:]]
    for row in [row for row in rows if row[8] == "1"][::6]:
        assert interview(SURVEY, GROUP | {"fmp_id": row[0]})["fmp_code"] == row[2]
