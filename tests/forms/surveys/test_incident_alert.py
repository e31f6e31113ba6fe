"""incident_alert: a relay's first report, in three minutes and in safety."""

import pytest

from tests.forms.surveys import day
from tests.forms.surveys.conftest import Interviewer
from tests.respondent.interview import Answer

SURVEY = "incident_alert"


EVENT: dict[str, Answer] = {
    "safe_now": "yes", "relay_code": "NE-R012", "alert_type": "event", "event_type": "robbery", "event_date": day(-2),
    "event_slot": "evening", "ongoing": "no", "country": "NE", "adm1": "NE-4", "adm2": "NE-4.06", "adm3": "NE-4.06.02",
    "village": "Dan Issa", "at_site": "no", "how_known": "direct", "credibility": "likely", "n_affected": "1_10",
    "displaced": "no", "told": "no", "share_ok": "yes", "contact_ok": "sms", "details": "Deux motos volées.",
}  # fmt: skip
WARNING = EVENT | {"alert_type": "prevent", "event_type": "herd", "event_date": day(9)}


def test_a_relay_in_danger_sends_nothing_but_that(interview: Interviewer) -> None:
    sent = interview(SURVEY, EVENT | {"safe_now": "no"})
    assert sent.stop is None
    assert set(sent.values) == {"start", "end", "n_rules", "safe_now", "n_stop", "instanceID", "instanceName"}


def test_an_event_is_complete(interview: Interviewer) -> None:
    sent = interview(SURVEY, EVENT | {"n_dead": 0, "n_injured": 0, "who_affected": "trader women", "needs": "security"})
    assert sent.stop is None
    assert (sent["severity"], sent["delay_d"]) == ("low", "2")
    assert not {"event_other", "adm1_other", "adm2_other", "adm3_other", "told_who", "n_displaced"} & set(sent.values)


def test_the_list_of_sent_forms_does_not_say_what_happened(interview: Interviewer) -> None:
    assert interview(SURVEY, EVENT)["instanceName"] == f"Alerte {day(-2)}"


@pytest.mark.parametrize(
    ("changes", "severity"),
    [
        ({}, "low"),
        ({"n_injured": 1}, "medium"),
        ({"n_affected": "11_100"}, "medium"),
        ({"displaced": "yes", "n_displaced": "1_10"}, "medium"),
        ({"n_affected": "101_500"}, "high"),
        ({"n_affected": "500p"}, "high"),
        ({"n_dead": 1}, "high"),
        ({"ongoing": "yes"}, "high"),
        ({"n_affected": "dk", "ongoing": "dk"}, "low"),
    ],
)
def test_severity_follows_from_what_is_known(interview: Interviewer, changes: dict[str, Answer], severity: str) -> None:
    assert interview(SURVEY, EVENT | changes)["severity"] == severity


def test_a_warning_lies_ahead_and_has_no_casualties(interview: Interviewer) -> None:
    sent = interview(SURVEY, WARNING)
    assert sent.stop is None
    assert sent["delay_d"] == "-9"
    assert not {"n_dead", "n_injured"} & set(sent.values)


@pytest.mark.parametrize(
    ("answers", "shift", "accepted"),
    [
        (EVENT, 0, True), (EVENT, -30, True), (EVENT, 1, False), (EVENT, -31, False),
        (WARNING, 30, True), (WARNING, -7, True), (WARNING, 31, False), (WARNING, -8, False),
    ],
)  # fmt: skip
def test_a_date_is_bounded_by_the_kind_of_alert(
    interview: Interviewer, answers: dict[str, Answer], shift: int, accepted: bool
) -> None:
    sent = interview(SURVEY, answers | {"event_date": day(shift)})
    assert sent.stop == (None if accepted else ("event_date", "constraint"))


def test_types_belong_to_events_or_warnings(interview: Interviewer) -> None:
    assert interview(SURVEY, EVENT | {"event_type": "herd"}).stop == ("event_type", "not offered")
    assert interview(SURVEY, WARNING | {"event_type": "kidnap"}).stop == ("event_type", "not offered")


def test_abuse_by_an_official_is_not_offered_to_the_authorities(interview: Interviewer) -> None:
    sent = interview(SURVEY, EVENT | {"event_type": "abuse"})
    assert sent.stop is None
    assert "share_ok" not in sent


@pytest.mark.parametrize(
    ("opens", "asks"),
    [
        ({"event_type": "other"}, "event_other"),
        ({"told": "yes", "told_who": "chief other"}, "told_other"),
        ({"adm2": "NE-4.oth"}, "adm2_other"),
        ({"adm1": "NE-oth"}, "adm1_other"),
    ],
)
def test_other_must_be_said(interview: Interviewer, opens: dict[str, Answer], asks: str) -> None:
    assert interview(SURVEY, EVENT | opens).stop == (asks, "required")
    rest: dict[str, Answer] = {"adm2_other": "Tchintoulous"}
    assert interview(SURVEY, EVENT | opens | rest | {asks: "Aïr"}).stop is None


def test_a_place_off_the_lists_is_written(interview: Interviewer) -> None:
    region = interview(SURVEY, EVENT | {"adm1": "NE-oth", "adm1_other": "Région X", "adm2_other": "Département Y"})
    assert region.stop is None
    assert not {"adm2", "adm3"} & set(region.values)
    commune = interview(SURVEY, EVENT | {"adm3": "NE-4.06.oth", "adm3_other": "Nouvelle commune"})
    assert commune["adm3_other"] == "Nouvelle commune"
    post = interview(SURVEY, EVENT | {"near_other": "Poste avancé"})
    assert post["near_other"] == "Poste avancé"


def test_nobody_affected_is_not_asked_who(interview: Interviewer) -> None:
    assert "who_affected" not in interview(SURVEY, EVENT | {"n_affected": "0"})
    assert interview(SURVEY, EVENT | {"who_affected": "dk women"}).stop == ("who_affected", "constraint")
    fled: dict[str, Answer] = {"displaced": "yes", "n_displaced": "0"}
    assert interview(SURVEY, EVENT | fled).stop == ("n_displaced", "not offered")


@pytest.mark.parametrize("number", ["90123456", "90 12 34 56", "Contact\n+227 90-12-34-56 merci"])
def test_a_telephone_number_is_not_taken_as_a_fact(interview: Interviewer, number: str) -> None:
    assert interview(SURVEY, EVENT | {"details": f"Voir avec {number}"}).stop == ("details", "constraint")
    assert interview(SURVEY, EVENT | {"details": "120 bœufs vers le nord,\n3 hommes, le 12"}).stop is None


@pytest.mark.parametrize(
    ("name", "answer"),
    [("relay_code", "NE-012"), ("village", "X"), ("village", "X" * 61), ("n_dead", 1001), ("n_injured", -1)],
)
def test_what_cannot_be_is_refused(interview: Interviewer, name: str, answer: Answer) -> None:
    assert interview(SURVEY, EVENT | {name: answer}).stop == (name, "constraint")
