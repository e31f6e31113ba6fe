"""What people decide about duplicates takes effect: in counts, in exports for people, in lists; and is taken back without a trace."""

import io
import zipfile
from collections.abc import Callable
from urllib.parse import quote

import pytest
from lxml import html

from accounts.scopes import Rule
from collector.check import check_everything
from collector.purge import purge_trash
from collector.scope_keys import look_up_older
from config.clock import now
from tests.collector.rest import Caller, caller
from tests.collector.test_scopes import actor_of, limit
from tests.installation import Installation
from tests.reader import person, sign_in
from tests.sync.people_form import MAHAMADOU, MAMADOU, people_form, send
from tests.sync.people_form import person as filled
from tests.sync.test_matching_stored import matched

PEOPLE = "/v1/projects/1/forms/people"
DECISIONS = f"{PEOPLE}/duplicates/decisions"
WITHOUT = "?duplicates=without"
# Where nothing hangs on which it is.
ONE_DATABASE = pytest.mark.parametrize("relais", ["sqlite"], indirect=True)


def decide(admin: Caller, one: str, other: str, verdict: str = "duplicate", **more: object) -> dict[str, object]:
    keep = {"keep": one} if verdict == "duplicate" else {}
    body = {"one": one, "other": other, "verdict": verdict, **keep, **more}
    answer = admin.call("POST", DECISIONS, json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def marks(relais: Installation) -> dict[str, str | None]:
    """In favour of whom submissions are left out, by instanceID."""
    rows = relais.rows("SELECT id, instance_id, duplicate_of FROM submission")
    names = {row[0]: row[1] for row in rows}
    return {row[1]: names.get(row[2]) for row in rows}


def counts(relais: Installation) -> dict[tuple[str, bool], int]:
    rows = relais.rows("SELECT review_state, duplicate, count FROM submission_tally WHERE count > 0")
    return {(row[0], bool(row[1])): row[2] for row in rows}


def show(relais: Installation, email: str, question: str, answer: str) -> None:
    """Show somebody only submissions with this answer."""
    limit(relais, actor_of(relais, email), Rule(question, (answer,)))
    with relais.services.database.transaction() as session:
        look_up_older(session, 1, 200)


def sound(relais: Installation) -> None:
    assert check_everything(relais.services).faults == []


def exported(caller: Caller, query: str = "") -> bytes:
    answer = caller.get(f"{PEOPLE}/submissions.csv{query}")
    assert answer.status_code == 200
    return answer.data


def downloaded(relais: Installation, query: str = "format=csv.zip&states=received") -> dict[str, bytes]:
    """What a page's archive holds, its passport left out."""
    reader = sign_in(relais)
    answer = reader.get(f"/projects/1/forms/people/data/file?{query}")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if "passport" not in name}


def test_a_verdict_takes_effect_at_once_and_undoing_restores_exports_byte_for_byte(
    relais: Installation, admin: Caller, three: list[str]
) -> None:
    limited = caller(relais, "part@example.org", "manager")
    show(relais, "part@example.org", "village", MAHAMADOU["village"])
    first, second, _ = three
    texts: list[Callable[[], bytes]] = [
        lambda: exported(admin),
        lambda: exported(admin, WITHOUT),
        lambda: exported(limited, WITHOUT),
        lambda: admin.get(f"{PEOPLE}.svc/Submissions{WITHOUT}").data,
    ]
    before = [look() for look in texts], downloaded(relais), counts(relais)
    assert second.encode() in before[0][2]
    etag = admin.get(f"{PEOPLE}/submissions.csv{WITHOUT}").headers["ETag"]
    note = {"X-Action-Notes": quote("même homme")}
    body = {"one": first, "other": second, "verdict": "duplicate", "keep": first}
    decided = admin.call("POST", DECISIONS, json=body, headers=note).get_json()
    assert decided["reason"] == "même homme"
    assert relais.rows("SELECT body FROM event_note") == []
    left_out = f"{PEOPLE}/duplicates/left-out"
    assert admin.json(left_out) == limited.json(left_out) == [{"instanceId": second, "duplicateOf": first}]
    assert admin.json(f"{left_out}?limit=1&offset=1") == []
    assert marks(relais)[second] == first
    assert counts(relais) == {("", False): 2, ("", True): 1}
    sound(relais)
    after = [look() for look in texts]
    assert after[0] == before[0][0]
    for kept, whole in zip(after[1:3], before[0][1:3], strict=True):
        assert kept == b"".join(line for line in whole.splitlines(keepends=True) if second.encode() not in line)
    assert second.encode() not in after[3]
    assert second.encode() not in b"".join(downloaded(relais).values())
    assert admin.get(f"{PEOPLE}/submissions.csv{WITHOUT}").headers["ETag"] != etag
    decide(admin, first, second, "open")
    assert ([look() for look in texts], downloaded(relais), counts(relais)) == before
    sound(relais)


@ONE_DATABASE
def test_a_page_s_export_leaves_duplicates_out_unless_asked_and_says_so(
    relais: Installation, admin: Caller, three: list[str]
) -> None:
    decide(admin, three[0], three[1])
    asked = {"format": "csv.zip"}
    made = admin.call("POST", f"{PEOPLE}/exports", json=asked).get_json()
    reader = sign_in(relais)
    assert "doublons confirmés d’une autre fiche" in reader.words(
        "/projects/1/forms/people/data?format=csv&states=received"
    )
    assert three[1].encode() not in b"".join(downloaded(relais).values())
    taken = downloaded(relais, "format=csv.zip&states=received&duplicates=1")
    assert three[1].encode() in b"".join(taken.values())
    passports = [admin.json(f"{PEOPLE}/exports/{made['id'] + further}/passport") for further in (1, 2)]
    assert [each["leftOut"] for each in passports] == [{"duplicate": 1}, {}]
    assert [each["submissions"]["written"] for each in passports] == [2, 3]


@ONE_DATABASE
def test_lists_say_who_is_left_out_and_lead_to_the_one_that_is_kept(
    relais: Installation, admin: Caller, three: list[str]
) -> None:
    decide(admin, three[0], three[1])
    reader = sign_in(relais)
    form = "/projects/1/forms/people"
    assert "À lire 2" in reader.words(form)
    assert "Doublons écartés 1" in reader.words(form)
    assert "1 doublon écarté" in reader.words("/projects/1")
    (row,) = reader.page(f"{form}?state=duplicate").xpath("//li[@class='row']")
    assert [href.rpartition("/")[2] for href in row.xpath(".//a/@href")] == [three[1], three[0]]
    assert len(reader.page(f"{form}?state=unread").xpath("//li[@class='row']")) == 2
    part = person(relais, "part@example.org", "manager")
    show(relais, "part@example.org", "name", MAMADOU["name"])
    assert "doublon d’une fiche que vous ne voyez pas" in part.words(form)
    assert three[0] not in html.tostring(part.page(form), encoding="unicode")


@ONE_DATABASE
def test_chains_lead_to_one_circles_and_disagreements_leave_nobody_out(
    relais: Installation, admin: Caller, three: list[str]
) -> None:
    first, second, third = three
    decide(admin, first, second)
    decide(admin, second, third)
    assert marks(relais) == {first: None, second: first, third: first}
    # Said of two, it follows for the third pair: nobody is asked.
    assert admin.json(f"{PEOPLE}/duplicates") == []
    decide(admin, third, first)
    assert marks(relais) == dict.fromkeys(three)
    assert len(admin.json(f"{PEOPLE}/duplicates?state=conflict")) == 3
    decide(admin, first, third, "distinct", seen=[])
    assert marks(relais) == {first: None, second: first, third: first}
    sound(relais)


def test_with_the_kept_one_gone_the_others_count_again(relais: Installation, admin: Caller, three: list[str]) -> None:
    first, second, third = three
    decide(admin, first, second)
    decide(admin, second, third)
    where = f"{PEOPLE}/submissions/{first}"
    assert admin.call("DELETE", where).status_code == 200
    assert marks(relais) == dict.fromkeys(three)
    assert counts(relais) == {("", False): 2}
    matched(relais)
    assert marks(relais) == {first: None, second: None, third: second}
    sound(relais)
    assert admin.call("POST", f"{where}/restore").status_code == 200
    matched(relais)
    assert marks(relais) == {first: None, second: first, third: first}
    admin.call("DELETE", where)
    with relais.services.database.transaction() as session:
        assert purge_trash(session, 1, now(), relais.services.secret, 10) == 1
    matched(relais)
    assert marks(relais) == {second: None, third: second}
    sound(relais)


@ONE_DATABASE
def test_an_edit_leaves_a_duplicate_where_it_is(relais: Installation, admin: Caller, three: list[str]) -> None:
    decide(admin, three[0], three[1])
    relais.post(filled(f"{three[1]}-2", deprecated_id=three[1], **{**MAMADOU, "note": "corrected"}))
    matched(relais)
    assert counts(relais) == {("", False): 2, ("edited", True): 1}
    sound(relais)


@ONE_DATABASE
def test_many_copies_settle_with_few_words(relais: Installation) -> None:
    relais.publish(people_form())
    copies = [send(relais, **MAHAMADOU) for _ in range(6)]
    matched(relais)
    # Also one whose name comes before those of all that were here.
    first = "uuid:00000000-0000-4000-8000-000000000000"
    assert relais.post(filled(first, **MAHAMADOU)).status_code == 201
    matched(relais)
    assert relais.rows("SELECT count(*) FROM dup_pair WHERE asked") == [(0,)]
    assert marks(relais) == {**dict.fromkeys(copies, first), first: None}
    assert relais.rows("SELECT count(*) FROM dup_decision")[0][0] <= 6
    assert counts(relais) == {("", False): 1, ("", True): 6}


@ONE_DATABASE
def test_followers_hear_of_verdicts_and_of_what_follows(admin: Caller, three: list[str]) -> None:
    after = admin.json("/v1/projects/1/changes?after=now")["next"]
    decide(admin, three[0], three[1])
    told = admin.json(f"/v1/projects/1/changes?after={after}")["changes"]
    assert [(each["action"], each["instanceId"]) for each in told] == [
        ("duplicate.decide", three[0]),
        ("duplicate.decide", three[1]),
        ("submission.duplicate", three[1]),
    ]
    assert [each["duplicate"] for each in told] == [False, True, True]
    assert told[0]["details"]["verdict"] == "duplicate"


@ONE_DATABASE
def test_a_check_finds_who_is_left_out_for_nothing(relais: Installation, three: list[str]) -> None:
    with relais.services.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE submission SET duplicate_of = 999 WHERE id = 1")
    faults = check_everything(relais.services).faults
    assert len([each for each in faults if three[0] in each and "left out" in each]) == 1
    assert len([each for each in faults if "counted" in each]) == 2


def test_the_words_of_a_verdict_are_erased_with_either_submission_and_the_verdict_stays(
    relais: Installation, admin: Caller, three: list[str]
) -> None:
    decide(admin, three[0], three[1], reason="Mahamadou l’a dit lui-même")
    decide(admin, three[0], three[2], reason="son frère le confirme")
    assert "lui-même" in sign_in(relais).words(f"/projects/1/duplicates/people/{three[0]}/{three[1]}")
    admin.call("DELETE", f"{PEOPLE}/submissions/{three[1]}")
    with relais.services.database.transaction() as session:
        purge_trash(session, 1, now(), relais.services.secret, 10)
    assert relais.rows("SELECT body FROM dup_word") == [("son frère le confirme",)]
    assert relais.rows("SELECT count(*) FROM dup_decision") == [(2,)]
    (told,) = admin.json(DECISIONS)
    assert told["reason"] == "son frère le confirme"
    everything = "".join(
        str(relais.rows(f"SELECT * FROM {table}")) for table in ("dup_decision", "event", "event_note")
    )
    assert "lui-même" not in everything
