"""community_resilience: the household survey, its indicators, its refusals and its ways out."""

import pytest

from tests.forms.surveys.conftest import Interviewer
from tests.respondent.interview import Answer

SURVEY = "community_resilience"

RCSI = ("rcsi_less", "rcsi_borrow", "rcsi_portion", "rcsi_adult", "rcsi_meals")
SERS = tuple(f"sers_{name}" for name in "absorb adapt transf fin soc pol learn prep warn".split())  # noqa: SIM905
TRUST = tuple(f"t_{name}" for name in "police gend army customs chief mayor cvp vig".split())  # noqa: SIM905

DOOR: dict[str, Answer] = {
    "enum_code": "NE-012", "enum_sex": "f", "wave": "baseline", "country": "NE", "adm1": "NE-4", "adm2": "NE-4.06",
    "adm3": "NE-4.06.02", "village": "Dan Issa", "ea_id": "NE0123", "hh_no": 7, "hh_repl": "orig",
    "resid_type": "village",
}  # fmt: skip
HOUSEHOLD: dict[str, Answer] = DOOR | {
    "visit": "found", "consent": "yes", "alone": "yes", "r_sex": "f", "r_age": 34, "r_rel": "spouse", "r_lang": "ha",
    "hh_status": "host", "recontact": "yes", "phone": "90123456", "head_name": "Mahamadou Issa", "hh_size": 4,
    "m_rel": ["head", "spouse", "child", "child"], "m_sex": ["m", "f", "f", "m"], "m_age": [41, 34, 9, 3],
    "m_school": ["", "", "yes", ""], "live1": "crop", "border_dep": "some", "tlu_cattle": 2, "tlu_small": 5,
    "shocks": "drought price", "shock_worst": "price", "shock_recov": "part",
    "b_know": "yes", "b_cross": "week", "b_why": "market", "b_doc": "yes", "s_day": "3", "s_night": "2",
    "s_trend": "same", "s_threats": "banditry", "s_patrol": "rare", "rep_whom": "chief", "c_seen": "migr fuel",
    "c_hotline": "no", "cvp_know": "yes", "cvp_mem": "no", "cvp_use": "some", "ew_got": "no", "others": "none",
    "distress": "no", "near_post": "0e87f1c3-2b6f-476b-8ff3-a85fadc925d7", "r_edu": "koranic", "years_here": 34,
    "m_dis": ["1", "1", "2", ""], "m_away": ["neigh", "no", "", ""], "t_water": "15", "t_health": "60", "t_market": "30",
    "b_route": "both", "b_pay": "ref", "c_tip": "mixed", "c_som": "right", "crisis_plan": "no", "conf_res": "chief cvp",
    "women_voice": "some", "youth_voice": "none", "gps": "13.1652 7.7681 380 20", "obs": "Accueil chaleureux.",
} | dict.fromkeys(RCSI, 1) | dict.fromkeys(SERS, "4") | dict.fromkeys(TRUST, "3")  # fmt: skip


def test_a_household_is_complete(interview: Interviewer) -> None:
    sent = interview(SURVEY, HOUSEHOLD)
    assert sent.stop is None
    assert (sent["hh_key"], sent["instanceName"]) == ("baseline-NE0123-7", "HH NE0123-7")
    assert (sent["ok"], sent["complete"]) == ("1", "1")
    assert not {"adm1_other", "ref_why", "w_head", "rep_whynot", "ew_chan", "live1_other"} & set(sent.values)


def test_the_roster_is_counted(interview: Interviewer) -> None:
    sent = interview(SURVEY, HOUSEHOLD)
    assert [sent[name] for name in ("n_u5", "n_child", "n_work", "n_head")] == ["1", "2", "2", "1"]
    assert sent["m_i"] == ["1", "2", "3", "4"]
    assert sent["dep_ratio"] == "1"
    old: dict[str, Answer] = HOUSEHOLD | {"hh_size": 2, "m_age": [70, 61], "m_rel": ["head", "spouse"]}
    assert interview(SURVEY, old)["dep_ratio"] == ""
    assert interview(SURVEY, HOUSEHOLD | {"m_age": [41, 34, 19, 3]})["dep_ratio"] == "0.33"


def test_person_one_is_the_head_and_nobody_else(interview: Interviewer) -> None:
    for relations in (["spouse", "head", "child", "child"], ["head", "head", "child", "child"]):
        assert interview(SURVEY, HOUSEHOLD | {"m_rel": relations}).stop == ("m_rel", "constraint")


def test_members_are_asked_by_age(interview: Interviewer) -> None:
    ages: dict[str, Answer] = HOUSEHOLD | {"m_age": [41, 15, 6, 4], "m_school": ["", "no", "yes", ""]}
    sent = interview(SURVEY, ages)
    assert sent.stop is None
    assert (len(sent["m_school"]), len(sent["m_dis"]), len(sent["m_away"])) == (2, 3, 2)
    assert interview(SURVEY, HOUSEHOLD | {"m_school": []}).stop == ("m_school", "required")


@pytest.mark.parametrize(
    ("days", "score", "category"),
    [
        ((0, 0, 0, 0, 0), "0", "low"),
        ((3, 0, 0, 0, 0), "3", "low"),
        ((1, 0, 0, 1, 0), "4", "medium"),
        ((2, 3, 2, 2, 2), "18", "medium"),
        ((3, 3, 2, 2, 2), "19", "high"),
        ((7, 7, 7, 7, 7), "56", "high"),
    ],
)
def test_rcsi_has_the_weights_1_2_1_3_1(
    interview: Interviewer, days: tuple[int, ...], score: str, category: str
) -> None:
    sent = interview(SURVEY, HOUSEHOLD | dict(zip(RCSI, days, strict=True)))
    assert (sent["rcsi"], sent["rcsi_cat"]) == (score, category)


@pytest.mark.parametrize(
    ("answers", "answered", "score"),
    [
        ("555555555", "9", "100"), ("111111111", "9", "0"), ("333333333", "9", "50"), ("544321345", "9", "61.1"),
        ("555555558", "8", ""), ("888888888", "0", ""),
    ],
)  # fmt: skip
def test_sers_needs_all_nine_answers(interview: Interviewer, answers: str, answered: str, score: str) -> None:
    sent = interview(SURVEY, HOUSEHOLD | dict(zip(SERS, answers, strict=True)))
    assert sent.stop is None
    assert (sent["sers_ans"], sent["sers"]) == (answered, score)


@pytest.mark.parametrize(("cattle", "small", "units"), [(2, 5, "1.9"), (None, 7, "0.7"), (None, None, "0")])
def test_livestock_units(interview: Interviewer, cattle: Answer, small: Answer, units: str) -> None:
    assert interview(SURVEY, HOUSEHOLD | {"tlu_cattle": cattle, "tlu_small": small})["tlu"] == units


@pytest.mark.parametrize("visit", ["absent", "vacant", "unsafe"])
def test_nobody_met_is_a_record_too(interview: Interviewer, visit: str) -> None:
    sent = interview(SURVEY, DOOR | {"visit": visit})
    assert sent.stop is None
    assert sent["hh_key"] == "baseline-NE0123-7"
    assert not {"consent", "r_age", "hh_size", "rcsi", "sers", "gps", "others"} & set(sent.values)


def test_a_refusal_is_a_record_without_content(interview: Interviewer) -> None:
    sent = interview(SURVEY, HOUSEHOLD | {"consent": "no", "ref_why": "fear"})
    assert sent.stop is None
    assert (sent["ok"], sent["complete"]) == ("0", "0")
    assert not {"alone", "r_age", "phone", "hh_size", "rcsi", "sers", "gps", "others"} & set(sent.values)


def test_where_others_hear_crime_is_not_asked(interview: Interviewer) -> None:
    sent = interview(SURVEY, HOUSEHOLD | {"alone": "no"})
    assert sent.stop is None
    assert not {"b_pay", "c_seen", "c_tip", "c_hotline"} & set(sent.values)
    assert "b_pay" in interview(SURVEY, HOUSEHOLD)
    # The card with services of help goes to everybody.
    assert "n_help" in sent


def test_whoever_never_crosses_is_not_asked_how(interview: Interviewer) -> None:
    for answer in ("never", "ref"):
        sent = interview(SURVEY, HOUSEHOLD | {"b_cross": answer})
        assert sent.stop is None
        assert not {"b_why", "b_route", "b_pay"} & set(sent.values)


def test_whoever_wants_to_stop_can_stop(interview: Interviewer) -> None:
    begun: dict[str, Answer] = DOOR | {"visit": "found", "consent": "yes", "alone": "yes", "r_sex": "f", "hh_size": 3}
    assert interview(SURVEY, begun).stop == ("r_age", "required")
    over: dict[str, Answer] = {"stop_why": "distress", "others": "none", "distress": "stopped"}
    sent = interview(SURVEY, begun | over)
    assert sent.stop is None
    assert (sent["r_sex"], sent["ok"], sent["complete"]) == ("f", "1", "0")
    assert (sent["rcsi"], sent["rcsi_cat"], sent["sers"]) == ("", "", "")


@pytest.mark.parametrize(
    ("opens", "asks"),
    [
        ({"adm1": "NE-oth", "adm2_other": "X", "adm3_other": "Y"}, "adm1_other"),
        ({"adm2": "NE-4.oth", "adm3_other": "Y"}, "adm2_other"),
        ({"adm3": "NE-4.06.oth"}, "adm3_other"),
        ({"live1": "other"}, "live1_other"),
        ({"shocks": "flood other", "shock_worst": "flood"}, "shocks_other"),
        ({"b_why": "market other"}, "b_why_other"),
        ({"rep_whom": "chief other"}, "rep_other"),
        ({"rep_whom": "nobody", "rep_whynot": "far other"}, "rep_why_other"),
        ({"ew_got": "yes", "ew_acted": "no", "ew_chan": "radio other"}, "ew_chan_other"),
    ],
)
def test_other_must_be_said(interview: Interviewer, opens: dict[str, Answer], asks: str) -> None:
    assert interview(SURVEY, HOUSEHOLD | opens).stop == (asks, "required")
    assert interview(SURVEY, HOUSEHOLD | opens | {asks: "Autre chose"}).stop is None


def test_every_level_of_the_place_has_a_way_out(interview: Interviewer) -> None:
    region = interview(SURVEY, HOUSEHOLD | {"adm1": "NE-oth", "adm1_other": "A", "adm2_other": "B", "adm3_other": "C"})
    assert region.stop is None
    assert not {"adm2", "adm3"} & set(region.values)
    bamako: dict[str, Answer] = {
        "country": "ML",
        "adm1": "ML-BKO",
        "adm2": "ML-BKO.01",
        "adm3": "ML-BKO.01.04",
        "near_post": None,
    }
    assert interview(SURVEY, HOUSEHOLD | bamako | {"ea_id": "ML0001"}).stop is None
    assert interview(SURVEY, HOUSEHOLD | bamako | {"ea_id": "NE0001"}).stop == ("ea_id", "constraint")


@pytest.mark.parametrize(
    ("name", "alone", "with_other"),
    [
        ("shocks", "none", "none flood"), ("assets", "none", "none radio"), ("safety_net", "none", "none kin"),
        ("b_purpose", "dk", "dk tax"), ("b_fds", "none", "none army"), ("s_threats", "none", "none armed"),
        ("s_threats", "ref", "ref armed"), ("rep_whom", "ref", "ref chief"), ("c_seen", "dk", "dk arms"),
        ("conf_res", "nobody", "nobody chief"),
    ],
)  # fmt: skip
def test_nothing_goes_with_none(interview: Interviewer, name: str, alone: str, with_other: str) -> None:
    assert interview(SURVEY, HOUSEHOLD | {name: alone}).stop is None
    assert interview(SURVEY, HOUSEHOLD | {name: with_other}).stop == (name, "constraint")


def test_three_threats_are_enough(interview: Interviewer) -> None:
    assert interview(SURVEY, HOUSEHOLD | {"s_threats": "banditry armed kidnap"}).stop is None
    assert interview(SURVEY, HOUSEHOLD | {"s_threats": "banditry armed kidnap cattle"}).stop == (
        "s_threats",
        "constraint",
    )


def test_a_second_income_is_another_one_or_none(interview: Interviewer) -> None:
    assert interview(SURVEY, HOUSEHOLD | {"live2": "crop"}).stop == ("live2", "not offered")
    assert interview(SURVEY, HOUSEHOLD | {"live2": "none"}).stop is None
    assert interview(SURVEY, HOUSEHOLD | {"live1": "none"}).stop == ("live1", "not offered")
    assert interview(SURVEY, HOUSEHOLD | {"shock_worst": "flood"}).stop == ("shock_worst", "not offered")


def test_contact_is_kept_only_with_consent_to_it(interview: Interviewer) -> None:
    assert not {"phone", "head_name"} & set(interview(SURVEY, HOUSEHOLD | {"recontact": "no"}).values)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("enum_code", "NE12"), ("ea_id", "NE123"), ("hh_no", 0), ("hh_no", 61), ("r_age", 17), ("r_age", 111),
        ("years_here", 35), ("phone", "9012345"), ("hh_size", 0), ("hh_size", 41), ("m_age", [41, 34, 9, 111]),
        ("tlu_cattle", 2001), ("rcsi_adult", 8), ("obs", "x" * 401), ("obs", "Tel\n90 12 34 56"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(interview: Interviewer, name: str, answer: Answer) -> None:
    assert interview(SURVEY, HOUSEHOLD | {name: answer}).stop == (name, "constraint")
