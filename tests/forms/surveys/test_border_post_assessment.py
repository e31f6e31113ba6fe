"""border_post_assessment: the state of a post at a date, and what its entity learns of it."""

import xml.etree.ElementTree as ET

import pytest

from tests.forms.surveys import day
from tests.forms.surveys.conftest import Interviewer
from tests.respondent.interview import Answer, Interview

SURVEY = "border_post_assessment"
DAN_ISSA = "0e87f1c3-2b6f-476b-8ff3-a85fadc925d7"

IDENTITY: dict[str, Answer] = {
    "round_id": "r2026b", "country": "NE", "adm1": "NE-4", "is_new_post": "no", "post_id": DAN_ISSA,
    "assessment_date": day(-1), "assessor_code": "NE-012", "assess_mode": "onsite", "mission_order": "yes",
    "informant_function": "head", "consent": "yes", "gps": "13.1652 7.7681 380 6.5",
}  # fmt: skip
# Everything a working post is asked, with four fifths or more of each score.
OPEN: dict[str, Answer] = IDENTITY | {
    "post_status": "open", "post_type": "police", "neighbour": "NG", "dist_border_km": 2.5, "counterpart": "yes",
    "counterpart_km": 3, "h24": "no", "open_from": "06:00:00.000+01:00", "open_to": "18:30:00.000+01:00",
    "pax_in": 350, "pax_out": 410, "pax_source": "register", "agencies": "police customs health",
    "lead_agency": "police", "ag_staff": [14, 6, 2], "ag_women": [2, 0, 1], "ag_shift": [5, 2, 1],
    "ag_trained": [4, 1, 0], "bldg": "4", "power": "solar gen", "power_h": 12, "water": "well", "latr_sep": "yes",
    "priv_room": "yes", "search_w": "no", "eq_pc": "ok", "eq_mrz": "ok", "eq_fp": "ok", "eq_cam": "ok", "eq_uv": "ok",
    "eq_radio": "ok", "eq_net": "ko", "eq_4x4": "abs", "eq_moto": "ok", "eq_gen": "ko", "bmis": "midas register",
    "midas_status": "used_daily", "midas_down_d": 3, "midas_down_why": "power", "alert_lists": "national interpol",
    "rec_share": "75_99", "sop": "seen", "docs_ok": "passport id_regional", "complaint": "yes", "women_search": "yes",
    "ct_ind": "said", "referral": "seen", "ct_trained": 5, "cvp": "yes", "cvp_meet": "month",
    "rain_cut_days": 40, "market_days": "thu", "bypass_n": 4, "custody": "no", "midas_sync": "week", "reg_yest": 702,
    "fraud_30": 2, "refused_30": 11, "fees": "no", "ref_90": 3, "uasc_90": 1, "meet_counter": "quarter",
    "joint_patrol": "dk", "cvp_info_30": 6, "mir_trust": "3", "mir_patrol": "rare", "simex": "no",
    "health_staff": "yes", "inc_6m": 2, "inc_types": "threat theft", "comment": "Toiture à refaire avant les pluies.",
    "needs": "power training staff bldg water bmis comms transport security",
}  # fmt: skip
SCORES = ("s_equip", "s_infra", "s_data", "s_prot", "s_total")


def scores(sent: Interview) -> list[str]:
    return [str(sent[name]) for name in SCORES]


def entity(sent: Interview) -> dict[str, str]:
    """Attributes and label of the entity the submission carries."""
    element = ET.fromstring(sent.filled.xml).find("meta/entity")
    assert element is not None
    return dict(element.attrib) | {"label": element.findtext("label") or ""}


def test_an_open_post_is_complete(interview: Interviewer) -> None:
    sent = interview(SURVEY, OPEN)
    assert sent.stop is None
    assert sent["instanceName"] == f"BPA Dan Issa {day(-1)}"
    assert (sent["is_working"], sent["is_new"], sent["entity_ref"]) == ("1", "0", DAN_ISSA)
    not_asked = {"new_post_name", "new_adm2", "closed_since", "closed_reason", "relocated_to", "agencies_other"}
    assert not not_asked & set(sent.values)


def test_staff_adds_up_over_the_agencies(interview: Interviewer) -> None:
    sent = interview(SURVEY, OPEN)
    assert sent["ag_code"] == ["police", "customs", "health"]
    assert sent["ag_label"] == ["Police (DST / police aux frontières)", "Douane", "Santé"]
    assert [sent[f"{name}_total"] for name in ("staff", "women", "trained")] == ["22", "3", "5"]


def test_scores_are_those_worked_out_by_hand(interview: Interviewer) -> None:
    # Equipment 7 of 10; building, power and two rooms, 4 of 5; MIDAS, lists and share, 3 of 3; only what was seen, 3 of 4.
    assert scores(interview(SURVEY, OPEN)) == ["70", "80", "100", "75", "81"]
    worse: dict[str, Answer] = OPEN | {"bldg": "3", "power_h": 11, "alert_lists": "none", "rec_share": "dk"}
    assert scores(interview(SURVEY, worse)) == ["70", "40", "33", "75", "55"]


def test_at_a_distance_nothing_is_seen_and_nothing_is_scored_that_must_be_seen(interview: Interviewer) -> None:
    remote: dict[str, Answer] = OPEN | {"assess_mode": "remote"}
    assert interview(SURVEY, remote).stop == ("sop", "not offered")
    sent = interview(SURVEY, remote | {"sop": "said", "referral": "said"})
    assert sent.stop is None
    assert scores(sent) == ["70", "", "100", "", ""]
    assert not {"gps", "bldg", "reg_yest", "n_end"} & set(sent.values)
    assert "mission_order" not in interview(SURVEY, remote | {"assess_mode": "secondary"})


@pytest.mark.parametrize("status", ["closed_temp", "closed_perm", "destroyed"])
def test_a_closed_post_is_a_short_and_valid_record(interview: Interviewer, status: str) -> None:
    closed: dict[str, Answer] = OPEN | {"post_status": status}
    assert interview(SURVEY, closed).stop == ("closed_reason", "required")
    sent = interview(SURVEY, closed | {"closed_since": "2021-12-09", "closed_reason": "security other"})
    assert sent.stop == ("closed_other", "required")
    sent = interview(SURVEY, closed | {"closed_reason": "security"})
    assert sent.stop is None
    assert scores(sent) == [""] * 5
    assert not {"post_type", "agencies", "ag_staff", "eq_pc", "bmis", "needs", "n_end"} & set(sent.values)


def test_a_relocated_post_works_elsewhere(interview: Interviewer) -> None:
    moved: dict[str, Answer] = OPEN | {"post_status": "relocated", "closed_reason": "security"}
    assert interview(SURVEY, moved).stop == ("relocated_to", "required")
    sent = interview(SURVEY, moved | {"relocated_to": "Torodi"})
    assert (sent.stop, sent["is_working"]) == (None, "1")


def test_without_consent_nothing_is_asked_and_no_entity_changes(interview: Interviewer) -> None:
    sent = interview(SURVEY, OPEN | {"consent": "no"})
    assert sent.stop is None
    assert not {"gps", "post_status", "post_type", "comment"} & set(sent.values)
    assert scores(sent) == [""] * 5
    assert not {"create", "update"} & {name for name, value in entity(sent).items() if value in ("1", "true")}


def test_a_known_post_is_updated(interview: Interviewer) -> None:
    facts = entity(interview(SURVEY, OPEN))
    assert (facts["dataset"], facts["id"], facts["label"]) == ("border_posts", DAN_ISSA, "Dan Issa")
    assert facts["update"] in ("1", "true")
    assert facts.get("create", "") in ("", "0", "false")


def test_a_region_without_posts_describes_a_new_one(interview: Interviewer) -> None:
    niamey: dict[str, Answer] = OPEN | {"adm1": "NE-8", "post_id": None, "is_new_post": None}
    assert interview(SURVEY, niamey).stop == ("new_post_name", "required")
    sent = interview(SURVEY, niamey | {"new_post_name": "Aéroport", "new_adm2": "NE-8.01"})
    assert sent.stop is None
    assert not {"is_new_post", "post_id"} & set(sent.values)
    facts = entity(sent)
    assert facts["create"] in ("1", "true")
    assert (facts["id"], facts["label"]) == (sent["entity_ref"], "Aéroport")
    assert sent["entity_ref"] == sent["new_uuid"]


@pytest.mark.parametrize(
    ("opens", "asks"),
    [
        ({"adm1": "NE-oth"}, "adm1_other"),
        ({"is_new_post": "yes", "new_post_name": "Poste X", "new_adm2": "NE-4.oth"}, "new_adm2_other"),
        ({"agencies": "police customs other", "lead_agency": "other"}, "agencies_other"),
        ({"bmis": "other"}, "bmis_other"),
        ({"midas_down_why": "power other"}, "midas_down_other"),
        ({"post_status": "open_limited", "closed_reason": "other"}, "closed_other"),
    ],
)
def test_other_must_be_said(interview: Interviewer, opens: dict[str, Answer], asks: str) -> None:
    assert interview(SURVEY, OPEN | opens).stop == (asks, "required")
    rest: dict[str, Answer] = {"new_post_name": "Poste X", "new_adm2_other": "Ailleurs"}
    assert interview(SURVEY, OPEN | rest | opens | {asks: "Autre chose"}).stop is None


def test_posts_and_neighbours_belong_to_their_region_and_country(interview: Interviewer) -> None:
    assert interview(SURVEY, OPEN | {"adm1": "NE-1"}).stop == ("post_id", "not offered")
    assert interview(SURVEY, OPEN | {"neighbour": "NE"}).stop == ("neighbour", "not offered")
    assert interview(SURVEY, OPEN | {"neighbour": "SN"}).stop == ("neighbour", "not offered")
    assert interview(SURVEY, OPEN | {"lead_agency": "army"}).stop == ("lead_agency", "not offered")


def test_opening_hours_can_be_said(interview: Interviewer) -> None:
    assert interview(SURVEY, OPEN | {"open_to": "05:59:00.000+01:00"}).stop == ("open_to", "constraint")
    assert "open_from" not in interview(SURVEY, OPEN | {"h24": "yes"})


@pytest.mark.parametrize("name", ["closed_reason", "power", "bmis", "alert_lists", "midas_down_why", "docs_ok"])
def test_nothing_goes_with_none(interview: Interviewer, name: str) -> None:
    alone, with_other = {
        "closed_reason": ("dk", "dk security"), "power": ("none", "none grid"), "bmis": ("none", "none excel"),
        "alert_lists": ("none", "none paper"), "midas_down_why": ("dk", "dk net"), "docs_ok": ("none", "none oral"),
    }[name]  # fmt: skip
    base: dict[str, Answer] = OPEN | {"post_status": "open_limited", "closed_reason": "resources"}
    assert interview(SURVEY, base | {name: alone}).stop is None
    assert interview(SURVEY, base | {name: with_other}).stop == (name, "constraint")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("assessment_date", day(1)), ("assessment_date", day(-31)), ("assessor_code", "NE12"), ("dist_border_km", 201),
        ("pax_in", -1), ("ag_staff", [301, 0, 0]), ("ag_women", [15, 0, 0]), ("ag_trained", [0, 7, 0]),
        ("midas_down_d", 31), ("ct_trained", 23), ("ref_90", 501), ("inc_6m", 201), ("comment", "Voir 90123456"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(interview: Interviewer, name: str, answer: Answer) -> None:
    assert interview(SURVEY, OPEN | {name: answer}).stop == (name, "constraint")


def test_a_broken_system_says_why(interview: Interviewer) -> None:
    assert interview(SURVEY, OPEN | {"midas_down_why": None}).stop == ("midas_down_why", "required")
    assert "midas_down_why" not in interview(SURVEY, OPEN | {"midas_down_d": 0})
    assert not {"midas_status", "midas_down_d", "midas_sync"} & set(interview(SURVEY, OPEN | {"bmis": "excel"}).values)
    assert "inc_types" not in interview(SURVEY, OPEN | {"inc_6m": 0})
    assert "pax_source" not in interview(SURVEY, OPEN | {"pax_in": None, "pax_out": None})
