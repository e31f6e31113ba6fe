"""Keys, scores, learning and explanations of the identity engine."""

import json
import random
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.people.register import FORMS
from bench.people.register import register as bench_register
from sync.rules.identity.bands import breaker, review_band, why
from sync.rules.identity.calibration import calibrated
from sync.rules.identity.explanation import explain, sentence
from sync.rules.identity.finding import Pair, candidate_pairs, find_pairs
from sync.rules.identity.groups import groups
from sync.rules.identity.implied import measured
from sync.rules.identity.keys import FAMILIES, Keys
from sync.rules.identity.kin import FIRST, LAST
from sync.rules.identity.learning import count_values
from sync.rules.identity.levels import read_phone, read_place, read_text, text_level
from sync.rules.identity.model import Model, probability, shipped_model
from sync.rules.identity.plan import Plan
from sync.rules.identity.scoring import Scorer
from tests.sync.rules.people import KEYS, PLAN, ROLES, SECRET, found, register, scorer

answers = st.fixed_dictionaries(
    {
        "name": st.sampled_from(
            ["", "Moussa Issa", "Mussa Isa", "Issa Moussa", "Fatimata Diallo", "Fatoumata Jallow Ba"]
        ),
        "village": st.sampled_from(["", "Tenkodogo", "Tenkodgo", "Gao"]),
        "phone": st.sampled_from(["", "90112233", "+227 90 11 22 33", "90112234", "70000001"]),
        "age": st.sampled_from(["", "3", "35", "36", "70", "x"]),
        "sex": st.sampled_from(["", "m", "f"]),
    }
)


@given(answers, answers)
def test_scores_are_symmetric_and_their_parts_sum_to_them(one: dict[str, str], other: dict[str, str]) -> None:
    mine, theirs = PLAN.read(one), PLAN.read(other)
    score = scorer().score(mine, theirs)
    lines = explain(PLAN, mine, theirs, score)
    assert score.bits == pytest.approx(scorer().bits(mine, theirs), abs=1e-9)
    assert score.bits == pytest.approx(scorer().bits(theirs, mine), abs=1e-9)
    assert sum(line.bits for line in lines) == pytest.approx(score.bits, abs=1e-9)


@given(answers)
def test_to_agree_more_never_counts_less(row: dict[str, str]) -> None:
    for path, better, worse in (("phone", "90112233", "70000001"), ("sex", "m", "f"), ("village", "Gao", "Tenkodogo")):
        mine = PLAN.read({**row, path: better})
        agreeing, differing = PLAN.read({**row, path: better}), PLAN.read({**row, path: worse})
        assert scorer().bits(mine, agreeing) >= scorer().bits(mine, differing) - 1e-9


@given(answers, answers)
@settings(max_examples=50)
def test_the_numbers_of_a_sentence_sum_to_the_score_it_shows(one: dict[str, str], other: dict[str, str]) -> None:
    mine, theirs = PLAN.read(one), PLAN.read(other)
    score = scorer().score(mine, theirs)
    for language in ("fr", "en"):
        said = sentence(explain(PLAN, mine, theirs, score, language), language)
        shown = [float(part.split()[-1].replace("−", "-").replace(",", ".")) for part in said.split(" · ")]
        assert sum(shown) == pytest.approx(round(score.bits, 1), abs=0.051)


def test_the_sentence_reads_as_a_person_would_say_it() -> None:
    one = PLAN.read({"name": "Mahamadou Zongo", "village": "Gao", "phone": "90112233", "age": "35", "sex": "m"})
    other = PLAN.read({"name": "Mamadou Zongo", "village": "Gao", "phone": "90112233", "age": "37", "sex": "m"})
    lines = explain(PLAN, one, other, scorer().score(one, other))
    said = sentence(lines)
    assert said.startswith("Noms proches (Mahamadou/Mamadou) +")
    assert " · même téléphone +" in said
    assert " · âges à deux ans près (35/37) +" in said
    assert " · a priori −" in said
    masked = sentence(explain(PLAN, one, other, scorer().score(one, other), "en", masked={"name", "age"}), "en")
    assert masked.startswith("Similar names +")
    assert "35" not in masked


def test_the_engine_finds_copies_that_were_varied_and_knows_how_many_there_are() -> None:
    truth = register().pairs()
    likely = {(pair.one, pair.other) for pair in found().pairs if pair.probability >= 0.5}
    assert len(likely & truth) >= 0.7 * len(truth)
    assert len(likely & truth) >= 0.8 * len(likely)
    assert found().model.expected_pairs == pytest.approx(len(truth), rel=0.35)


def test_learning_twice_gives_the_same_model() -> None:
    assert find_pairs(register().rows, ROLES, SECRET).model == found().model


@pytest.mark.parametrize("doubled", [0, 200])
def test_the_estimate_survives_no_duplicates_and_half_of_them(doubled: int) -> None:
    unique = list({register().entity[number]: row for number, row in enumerate(register().rows)}.values())[:400]
    expected = find_pairs([*unique, *unique[:doubled]], ROLES, SECRET).model.expected_pairs
    assert expected == pytest.approx(doubled, rel=0.15, abs=12)


def test_a_model_survives_its_way_through_json() -> None:
    assert Model.from_json(json.loads(json.dumps(found().model.to_json()))) == found().model


def test_every_pair_that_shares_a_key_is_a_candidate_once() -> None:
    keys = [KEYS.of(PLAN.read(row)) for row in register().rows[:300]]
    pairs = [(min(pair), max(pair)) for pair in candidate_pairs(keys)]
    assert len(pairs) == len(set(pairs))
    assert set(pairs) == {pair for pair in combinations(range(300), 2) if set(keys[pair[0]]) & set(keys[pair[1]])}


def test_generic_keys_find_nobody() -> None:
    assert not list(candidate_pairs([(7,)] * 201))
    assert len(list(candidate_pairs([(7,)] * 200))) == 200 * 199 / 2


def test_a_key_that_many_share_is_made_narrower_for_all_of_them_alike() -> None:
    named = [f"Moussa {family}" for family in ("Diallo", "Dallo", "Traore", "Zongo")]
    asked = {"village": "Gao", "age": "30", "phone": "", "sex": "m"}
    rows = [{**asked, "name": name} for name in named] * 10
    rows.append({**asked, "name": "Windpouire Kiendrebeogo", "village": "Dori"})
    features = [PLAN.read(row) for row in rows]
    among = KEYS.among(count_values(PLAN, KEYS, features), len(rows), len(rows))
    plain, narrow = ([set(keys.of(each, {"word and place"})) for each in features] for keys in (KEYS, among))
    # All met in Gao by the one word; now only who may have been misspelled.
    assert plain[0] & plain[2]
    assert narrow[0] & narrow[1]
    assert not narrow[0] & narrow[2]
    # Where few share it, it stays, so that nobody is lost.
    assert narrow[-1] == plain[-1]
    # Two words that are met together too often want the age as well.
    with_age, older = (PLAN.read({**rows[0], "age": age}) for age in ("33", "70"))
    words = {"two words"}
    assert set(among.of(features[0], words)) & set(among.of(with_age, words))
    assert not set(among.of(features[0], words)) & set(among.of(older, words))


def test_keys_say_nothing_without_the_secret_and_change_with_it() -> None:
    row = {"name": "Mahamadou Zongo", "village": "Gao", "phone": "90112233", "age": "35", "sex": "m"}
    features = PLAN.read(row)
    keys = KEYS.of(features, FAMILIES)
    assert len(keys) == len(set(keys)) > 8
    assert all(-(2**63) <= key < 2**63 for key in keys)
    for secret, scope in ((b"another secret, as long", ""), (SECRET, "another form")):
        assert not set(keys) & set(Keys(PLAN, secret, scope).of(features, FAMILIES))
    stored = json.dumps([keys, found().model.to_json()]).casefold()
    for clear in ("mahamadou", "zongo", "gao", "90112233", "mhmd"):
        assert clear not in stored.replace("gao", "") or clear != "gao"


def test_kin_of_one_household_are_not_taken_for_one_person() -> None:
    chance = random.Random(3)
    first = ["Moussa", "Fatimata", "Issa", "Awa", "Hamidou", "Mariam", "Salif", "Rokia"]
    last = ["Zongo", "Diallo", "Traoré", "Kaboré", "Barry", "Maïga", "Cissé", "Touré", "Dicko", "Sanou"]
    rows = []
    for household in range(80):
        shared = {"village": f"V{household % 8}", "phone": str(70000000 + household * 37), "last": chance.choice(last)}
        for given_name in chance.sample(first, 6):
            age = str(chance.randrange(1, 80))
            rows.append({**shared, "name": f"{given_name} {shared['last']}", "age": age, "sex": chance.choice("mf")})
    likely = [pair for pair in find_pairs(rows, ROLES, SECRET).pairs if pair.probability >= 0.5]
    assert len(likely) < 8


def test_verdicts_move_the_scores_towards_the_truth() -> None:
    pairs = [pair for pair in found().pairs if -4 < pair.bits < 4]
    features = [PLAN.read(row) for row in register().rows]
    assert calibrated(scorer(), []) == found().model
    for truth in (True, False):
        verdicts = [(features[pair.one], features[pair.other], truth) for pair in pairs[:40]]
        model = calibrated(scorer(), verdicts)
        moved = [Scorer(PLAN, KEYS, model).bits(one, other) for one, other, _ in verdicts]
        assert (sum(moved) > sum(pair.bits for pair in pairs[:40])) is truth


def test_the_review_band_fits_the_supervisor_and_is_mostly_right() -> None:
    scores = [pair.bits for pair in found().pairs]
    band = review_band(scores, 10)
    assert band.pairs == 10
    assert band.precision >= 0.5
    assert sum(bits >= band.bits for bits in scores) == 10
    assert review_band([-5.0, -6.0], 20).pairs == 0
    wide = review_band(scores, 10_000)
    assert sum(probability(bits) for bits in sorted(scores)[-wide.pairs :]) >= wide.pairs / 2


@pytest.mark.parametrize(
    ("paths", "code"),
    [
        ("", "no_role"),
        ("sex", "too_little"),
        ("sex age", "too_little"),
        ("name", "too_little"),
        ("name sex", "too_little"),
        ("phone", "too_little"),
        ("village age", "too_little"),
        ("name village phone age sex", None),
    ],
)
def test_a_form_that_cannot_tell_people_apart_says_so_however_many_duplicates_it_holds(
    paths: str, code: str | None
) -> None:
    roles = {path: ROLES[path] for path in paths.split()}
    for copies in (0, 15, 300):
        rows = register().rows[:300] + register().rows[:copies]
        stopped = find_pairs([{path: row[path] for path in roles} for row in rows], roles, SECRET).stopped
        assert (stopped.code if stopped else None) == code
        if stopped is not None:
            assert code == "no_role" or (stopped.path in roles and str(stopped.path) in why(stopped, "en"))
            assert why(stopped) != why(stopped, "en")


def test_a_form_that_suspects_everybody_is_stopped() -> None:
    plan = Plan({"village": "place", "phone": "phone"})
    features = [plan.read(row) for row in register().rows[:100]]
    model = replace(shipped_model(plan, 100), prior_bits=0.0)
    stopped = breaker(plan, model, features, list(combinations(range(100), 2)))
    assert stopped is not None
    assert (stopped.code, stopped.path) == ("too_many", "village")


def test_groups_follow_pairs_but_never_across_what_a_person_kept_apart() -> None:
    pairs = [Pair(1, 2, 9.0), Pair(2, 3, 5.0), Pair(3, 4, 7.0), Pair(8, 9, -1.0)]
    assert groups(pairs) == [[1, 2, 3, 4]]
    assert groups(pairs, apart={(1, 3)}) == [[1, 2], [3, 4]]
    assert groups(reversed(pairs)) == groups(pairs)


def test_answers_are_read_as_people_write_them() -> None:
    assert {read_phone(text) for text in ("90112233", "+227 90 11 22 33", "00227-90112233", "227 90112233")} == {
        "90112233"
    }
    assert read_phone("00000000") is None
    assert read_text("  Ténkodogo,  quartier n° 3 ") == "tenkodogo quartier n 3"
    assert read_place("13.5 2.1 0 5") == (13.5, 2.1)
    assert read_place("0 0 0 0") is None
    with pytest.raises(ValueError, match="no such role: fingerprint"):
        Plan({"thumb": "fingerprint"})


def test_the_next_code_of_a_list_is_another_place() -> None:
    far, near = (
        (("NE-6.01", "NE-6.02"), ("PK 12", "PK 13"), ("NE-6.01", "NE-6")),
        (("Bankilare", "Bankilarey"), ("2904", "2094")),
    )
    assert [text_level(*map(str, map(read_text, pair))) for pair in (*far, *near)] == [3, 3, 3, 1, 1]


def test_a_commune_says_nothing_once_the_village_agrees() -> None:
    roles = {"name": "name", "country": "place", "commune": "place", "village": "place"}
    plan = Plan(roles)
    assert set(plan.implied) == {("country", "commune"), ("country", "village"), ("commune", "village")}
    one = plan.read({"name": "Awa Zongo", "country": "Niger", "commune": "Magaria", "village": "Bangaza"})
    near = plan.read({"name": "Awa Zongo", "country": "Niger", "commune": "Magaria", "village": "Wacha"})
    assert plan.compare(one, one)[0][-3:] == [-1, -1, 0]
    assert plan.compare(one, near)[0][-3:] == [-1, 0, 3]
    # The other way round in the form, the answers themselves show which says which.
    turned = Plan({"name": "name", "village": "place", "country": "place"})
    rows = [turned.read({"village": f"v{number % 20}", "country": f"c{number % 2}"}) for number in range(200)]
    assert measured(turned, rows) == [("country", "village")]


def test_a_date_of_birth_stands_for_an_age_and_a_round_for_a_date() -> None:
    plan = Plan({"birth": "age", "round": "date"})
    one, other = plan.read({"birth": "1990-05-01", "round": "R1"}), plan.read({"birth": "1991-01-01", "round": "R2"})
    assert plan.compare(one, other)[0] == [2, 4]
    assert plan.compare(one, one)[0] == [1, 0]


def test_relatives_share_a_name_where_families_write_theirs_even_with_a_slip() -> None:
    def told(one: str, other: str, kin_words: tuple[float, ...]) -> float:
        kin = Scorer(PLAN, KEYS, replace(found().model, kin_words=kin_words))
        rows = ({"name": name, "village": "Gao", "phone": "90112233", "age": "9", "sex": "m"} for name in (one, other))
        return kin.score(*(PLAN.read(row) for row in rows)).kin

    last, first = (0.001, 0.95, 0.049), (0.95, 0.001, 0.049)
    # A brother may bear the same name by chance, and their father's be written otherwise.
    assert told("Moussa Zongo", "Moussa Zngo", last) < -1
    # Two Moussa are brothers sooner than two Windpouire, unless that is what the family is called.
    assert told("Windpouire Moussa", "Windpouire Moussa", last) > told("Windpouire Moussa", "Windpouire Moussa", first)


def test_how_many_were_written_twice_is_known_among_families_as_well() -> None:
    for copies, least, most in ((0.0, 0, 6), (0.3, 0.75, 1.25)):
        made = bench_register("distribution", 3, 700, copies)
        model = find_pairs(made.rows, FORMS["distribution"].roles, SECRET).model
        assert least <= model.expected_pairs / max(1, len(made.pairs())) <= most
        # Sons and daughters are called after their fathers, or by one family name.
        assert model.kin_words[LAST] > 0.5 > model.kin_words[FIRST]
