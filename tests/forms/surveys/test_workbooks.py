"""The bundled workbooks read as a form manager reads them: complete, bounded, classified, and with lists that hold."""

import csv
import hashlib
import io
import random
import re
import uuid
from collections import defaultdict
from functools import cache
from typing import Any

import openpyxl
import pytest

from forms.xform import ROLES, FormDefinition, parse_xform
from tests.forms.surveys import DEFINITIONS, MEDIA, NOW, SURVEYS, compiled
from tests.respondent import Device
from tests.respondent.form import XForm
from tests.respondent.session import Session

Row = dict[str, Any]
FRENCH, ENGLISH, HAUSA = "Français (fr)", "English (en)", "Hausa (ha)"
CLASSES = {"P", "P-staff", "S", "O"}
UNTOLD = {"start", "end", "today", "deviceid", "username", "audit", "calculate", "end_group", "end_repeat"}


@cache
def sheet(survey: str, name: str) -> list[Row]:
    """The rows of a sheet, blank cells left out."""
    head, *rows = openpyxl.load_workbook(DEFINITIONS / f"{survey}.xlsx")[name].iter_rows(values_only=True)
    cells = ({key: str(cell) for key, cell in zip(head, row, strict=True) if cell is not None} for row in rows)
    return [row for row in cells if row]


def definition(survey: str) -> FormDefinition:
    return parse_xform(compiled(survey))


def rows_of(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(MEDIA[name].decode())))


def languages(survey: str) -> set[str]:
    return {FRENCH, ENGLISH} | ({HAUSA} if survey == "incident_alert" else set())


@pytest.mark.parametrize("survey", SURVEYS)
def test_every_text_is_there_in_every_language(survey: str) -> None:
    holes = []
    for row in (*sheet(survey, "survey"), *sheet(survey, "choices")):
        said: defaultdict[str, set[str]] = defaultdict(set)
        for column in row:
            kind, _, language = column.partition("::")
            said[kind].update([language] if language in {FRENCH, ENGLISH, HAUSA} else [])
        expected = ["label"] if row.get("type") not in UNTOLD else []
        expected += ["constraint_message"] if "constraint" in row else []
        expected += [kind for kind, languages_of in said.items() if languages_of]
        holes += [(row.get("name"), kind) for kind in expected if said[kind] != languages(survey)]
    assert holes == []


@pytest.mark.parametrize("survey", SURVEYS)
def test_names_are_short_plain_and_used_once(survey: str) -> None:
    names = [row["name"] for row in sheet(survey, "survey") if "name" in row]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9_]{0,19}", name)] == []


@pytest.mark.parametrize("survey", SURVEYS)
def test_every_list_is_used(survey: str) -> None:
    used = {row["type"].split()[1] for row in sheet(survey, "survey") if len(row["type"].split()) == 2}
    listed = {row["list_name"] for row in sheet(survey, "choices")}
    assert listed == {one for one in used if not one.endswith(".csv")}


@pytest.mark.parametrize("survey", SURVEYS)
def test_numbers_dates_and_free_texts_are_bounded(survey: str) -> None:
    loose = []
    for row in sheet(survey, "survey"):
        constraint = row.get("constraint", "")
        if row["type"] in {"integer", "decimal", "date"} and not re.search(
            r"\. <=? .*\. >=? |\. >=? .*\. <=? ", constraint
        ):
            loose.append(row["name"])
        if row["type"] == "text" and not re.search(r"string-length\(\.\) <=|regex\(\., '\^", constraint):
            loose.append(row["name"])
        if row["type"] == "image" and "max-pixels" not in row.get("parameters", ""):
            loose.append(row["name"])
    assert loose == []


@pytest.mark.parametrize("survey", SURVEYS)
def test_the_version_is_a_day_and_a_number_and_the_default_language_french(survey: str) -> None:
    (settings,) = sheet(survey, "settings")
    assert re.fullmatch(r"20\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d\d", settings["version"])
    assert (settings["form_id"], settings["default_language"]) == (survey, FRENCH)


@pytest.mark.parametrize(
    ("survey", "expected"),
    [
        ("border_post_assessment", {
            "P-staff": "deviceid username assessor_code informant_function",
            "O": "audit gps relocated_to h24 open_from open_to bypass_n ag_staff ag_women ag_shift ag_trained staff_total "
            "women_total trained_total custody photo_front eq_radio eq_net eq_4x4 eq_moto joint_patrol mir_patrol inc_6m "
            "inc_types",
            "S": "fees ref_90 uasc_90 cvp_info_30 mir_trust comment",
        }),
        ("community_resilience", {
            "P": "phone head_name",
            "P-staff": "deviceid username enum_code audit",
            "S": "village near_other stop_why r_lang m_dis m_away b_why_other b_route b_pay s_day s_night s_threats "
            "t_police t_gend t_army t_customs t_chief t_mayor t_cvp t_vig rep_whom rep_other rep_whynot rep_why_other "
            "c_seen cvp_mem ew_chan_other gps distress obs",
        }),
        ("flow_monitoring", {
            "P-staff": "deviceid username enum_code", "S": "v_uasc v_preg v_dis v_ill referred",
        }),
    ],
)  # fmt: skip
def test_classes_are_those_agreed(survey: str, expected: dict[str, str]) -> None:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for field in definition(survey).fields:
        if field.sensitivity is not None:
            found[field.sensitivity].add(field.name)
    assert found == {one: set(names.split()) for one, names in expected.items()}


def test_an_alert_is_sensitive_as_a_whole() -> None:
    fields = [field for field in definition("incident_alert").fields if re.match("/[abcd]/", field.path)]
    classes = {field.name: field.sensitivity for field in fields if field.sensitivity != "S"}
    assert classes == {"relay_code": "P-staff", "contact_ok": "P"}
    names = {field.name for field in definition("incident_alert").fields}
    assert not names & {"deviceid", "username", "audit", "gps"}


@pytest.mark.parametrize(
    ("survey", "who", "where", "when"),
    [
        ("border_post_assessment", set(), {"post_id", "new_post_name", "gps", "country", "adm1"}, {"assessment_date"}),
        ("community_resilience", {"phone", "head_name", "r_age", "r_sex", "hh_key"}, {"village", "ea_id"}, {"wave"}),
        ("flow_monitoring", set(), {"fmp_id", "fmp_other"}, {"obs_date", "obs_time", "sh_from"}),
        ("incident_alert", set(), {"adm2", "adm3", "village"}, {"event_date"}),
    ],
)
def test_identity_is_declared(survey: str, who: set[str], where: set[str], when: set[str]) -> None:
    roles: defaultdict[str, set[str]] = defaultdict(set)
    for field in definition(survey).fields:
        if field.match_role:
            roles[field.match_role].add(field.name)
    assert who == roles["name"] | roles["phone"] | roles["age"] | roles["sex"] | roles["household"] | roles["person_id"]
    assert where <= roles["place"] | roles["post"] | roles["gps"]
    assert when <= roles["date"]
    assert roles["enumerator"] in ({"enum_code"}, {"assessor_code"}, {"relay_code"})


@pytest.mark.parametrize("survey", SURVEYS)
def test_classes_and_roles_are_words_the_server_knows(survey: str) -> None:
    assert {
        row["bind::ibg:sensitivity"] for row in sheet(survey, "survey") if "bind::ibg:sensitivity" in row
    } <= CLASSES
    assert {row["bind::ibg:match"] for row in sheet(survey, "survey") if "bind::ibg:match" in row} <= ROLES


def test_every_place_stands_under_its_own_and_every_list_has_a_way_out() -> None:
    regions, departments, communes = (rows_of(f"adm{level}.csv") for level in (1, 2, 3))
    assert {row["country"] for row in regions} == {"NE", "ML", "BF"}
    assert len({row["name"] for row in (*regions, *departments, *communes)}) == 38 + 200 + 1485
    for rows, parents, column in ((departments, regions, "adm1"), (communes, departments, "adm2")):
        listed = {row["name"] for row in parents if not row["name"].endswith("oth")}
        assert {row[column] for row in rows} == listed
        assert all(row["name"].startswith(f"{row[column]}.") for row in rows)
        assert {row[column] for row in rows if row["name"].endswith(".oth")} == listed
    assert [row["name"] for row in regions if row["name"].endswith("-oth")] == ["NE-oth", "ML-oth", "BF-oth"]


def test_all_communes_of_the_three_countries_are_listed() -> None:
    codes = [row["name"] for row in rows_of("adm3.csv") if not row["name"].endswith("oth")]
    assert {country: sum(code.startswith(country) for code in codes) for country in ("NE", "ML", "BF")} == {
        "NE": 266,
        "ML": 703,
        "BF": 351,
    }


def test_the_posts_keep_their_identifiers_for_ever() -> None:
    posts = rows_of("border_posts.csv")
    assert all(uuid.UUID(row["name"]).version == 4 and str(uuid.UUID(row["name"])) == row["name"] for row in posts)
    pairs = "\n".join(f"{row['code']} {row['name']}" for row in posts[:42])
    assert (
        hashlib.sha256(pairs.encode()).hexdigest() == "a33f73f6a7094dae53b063249d0a2ba5a15dcfdac30a85f9bbf2b5927235e0d7"
    )
    regions = {row["name"]: row["country"] for row in rows_of("adm1.csv")}
    departments = {row["name"]: row["adm1"] for row in rows_of("adm2.csv")}
    assert all(regions[row["adm1"]] == row["country"] for row in posts)
    assert all(departments[row["adm2"]] == row["adm1"] for row in posts if row["adm2"])


def test_new_posts_can_be_found_again() -> None:
    # What the lists of posts are filtered by must be saved with a post, or nobody will ever be offered it.
    saved = {row["save_to"] for row in sheet("border_post_assessment", "survey") if "save_to" in row}
    assert {"country", "adm1", "adm2", "status", "last_assessed_on"} <= saved
    columns = set(rows_of("border_posts.csv")[0])
    assert saved - columns == {"post_name"}


def test_the_last_assessment_of_a_post_is_told_in_words() -> None:
    post = rows_of("border_posts.csv")[0]
    old = MEDIA["border_posts.csv"].decode().splitlines()
    known = old[1].replace("unknown,,", "closed_temp,2026-03-09,r2026a")
    form = XForm(compiled("border_post_assessment"), MEDIA | {"border_posts.csv": "\n".join([old[0], known]).encode()})
    session = Session(form, random.Random(1), NOW, Device())
    answers = {"country": "NE", "adm1": post["adm1"], "is_new_post": "no", "post_id": post["name"]}
    for _, node in list(session.questions()):
        if node.name in answers:
            session.answer(node, answers[node.name])
    values = {node.name: node for node in session.root.walk()}
    assert (values["prev_on"].text, values["prev_status_l"].text) == ("09/03/2026", "Fermé temporairement")
    assert values["n_prev"].is_relevant()
    assert not values["n_prev_none"].is_relevant()
