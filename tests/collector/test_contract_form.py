"""docs/collect-contract.md, sections 2 and 3: manifest, form attachments, forms."""

import hashlib
from pathlib import Path

import pytest

from config.problem import Problem
from forms.bundled import bundled_workbooks, prepare_file
from forms.publish import publish
from tests.collector.published import filled, form_with_files
from tests.installation import Installation, new_id
from tests.phone import ContractBroken, State
from tests.served import Place, listed

FILES = {"croix.png": b"\x89PNG not really", "postes.csv": "name,label\nÉ,Été\n".encode()}

# Free text that people give to forms and files: what addresses, XML, HTTP and file systems each find special.
ODD_NAMES = (
    "two words", "été à Zinder", "é", "50%", "100%25", "%2F", "a+b", "a&b", "a<b>c", 'say "hi"', "it's", "why?", "#1",
    "a;b=c,d", "a:b@c", "[x]{y}|z^`", "~tilde", "😀", "نموذج", "表", "...", "-", "$HOME", "*", "!", "q?x=1&deviceID=2",
    "formList", "submission", "draft", "manifest", "http://x.example", "C'est ça, l’enquête n°1",
)  # fmt: skip
WITH_SLASHES = ("a/b", "/a", "a/", "a//b", "../../etc/passwd", "a/../b", "./a", "/", "v1/key/x")


# --- Manifest and media ---


def test_the_manifest_names_each_file_once_with_the_md5_of_its_bytes_c21_c22_c25(place: Place) -> None:
    place.relais.publish(form_with_files(images=["croix.png", "croix.png"], tables=["postes.csv"]), media=FILES)
    entries = listed(place.ask("GET", "/forms/survey/manifest?deviceID=collect%3Ax"))
    assert {entry["filename"]: entry["hash"] for entry in entries} == {
        name: "md5:" + hashlib.md5(content).hexdigest() for name, content in FILES.items()
    }
    for entry in entries:
        answer = place.ask("GET", entry["downloadUrl"] + "?deviceID=collect%3Ax")
        assert (answer.status, answer.body) == (200, FILES[entry["filename"]])


def test_file_names_that_differ_in_case_are_two_files_c23(place: Place) -> None:
    files = {"Croix.png": b"large", "croix.png": b"small"}
    place.relais.publish(form_with_files(images=files), media=files)
    phone = place.phone()
    phone.refresh()
    assert phone.form("survey").media == files


def test_a_form_without_files_names_no_manifest_and_has_an_empty_one_c24(place: Place) -> None:
    (entry,) = listed(place.ask("GET", "/formList"))
    assert "manifestUrl" not in entry
    answer = place.ask("GET", "/forms/household/manifest")
    assert (answer.status, listed(answer)) == (200, [])


def test_a_form_is_not_published_before_all_its_files_are_there_c24(place: Place) -> None:
    with pytest.raises(Problem) as refused:
        place.relais.publish(form_with_files(images=FILES), media={"croix.png": b"one of two"})
    assert refused.value.details == {"missing": ["postes.csv"]}
    assert [form.form_id for form in place.phone().form_list()] == ["household"]


def test_a_file_lost_from_the_disk_is_an_error_and_never_an_empty_file_c24_c25(place: Place) -> None:
    place.relais.publish(form_with_files(images=["lost.png"]), media={"lost.png": b"soon lost"})
    place.relais.services.storage.delete(hashlib.sha256(b"soon lost").digest())
    assert place.ask("GET", "/forms/survey/attachments/lost.png").status == 500
    refresh = place.phone().refresh()
    assert (refresh.downloaded, list(refresh.failed)) == (["household"], ["survey"])


def test_only_the_file_that_changed_is_fetched_again_c14_c26(place: Place) -> None:
    place.relais.publish(form_with_files(images=FILES), media=FILES)
    phone = place.phone()
    phone.refresh()
    seen = len(list(phone.exchanges))
    place.relais.publish(form_with_files(version="2", images=FILES), media=FILES | {"croix.png": b"new"})
    assert phone.refresh().states["survey"] is State.UPDATED_VERSION
    fetched = [exchange.url for exchange in list(phone.exchanges)[seen:] if "/attachments/" in exchange.url]
    assert len(fetched) == 1
    assert "croix.png" in fetched[0]
    assert phone.form("survey").media == FILES | {"croix.png": b"new"}


def test_last_saved_answers_are_no_file_of_the_server_c31(place: Place) -> None:
    content = form_with_files().replace(b"<bind", b'<instance id="l" src="jr://instance/last-saved"/><bind', 1)
    place.relais.publish(content)
    assert listed(place.ask("GET", "/forms/survey/manifest")) == []


def test_a_request_line_of_39_kb_is_answered_c31(place: Place) -> None:
    ids = "%2C".join(["12345678-1234-4234-8234-123456789012"] * 1000)
    assert place.ask("GET", f"/forms/household/manifest?id={ids}&deviceID=collect%3Ax").status == 200


def test_a_browser_is_not_offered_a_form_attachment_as_a_page(place: Place) -> None:
    place.relais.publish(form_with_files(tables=["page.html"]), media={"page.html": b"<script>alert(1)</script>"})
    answer = place.ask("GET", "/forms/survey/attachments/page.html")
    assert (answer.header("Content-Disposition") or "").startswith("attachment; ")
    assert answer.header("X-Content-Type-Options") == "nosniff"
    # Not even as a script of another page of ours.
    assert answer.header("Content-Security-Policy") == "default-src 'none'; sandbox"
    assert "default-src 'none'" in (answer.header("Content-Security-Policy") or "")


# --- Names ---


def test_forms_of_any_name_are_fetched_and_sent_c13_c15_c23(place: Place) -> None:
    for name in (*ODD_NAMES, *WITH_SLASHES):
        place.relais.publish(form_with_files(name, version=name, title=name))
    phone = place.phone()
    refresh = phone.refresh()
    assert refresh.failed == {}
    assert set(refresh.downloaded) == {"household", *ODD_NAMES, *WITH_SLASHES}
    for name in (*ODD_NAMES, *WITH_SLASHES):
        phone.finalize(filled(name, name, new_id()))
    assert {(result.status, result.message[:17]) for result in phone.send_all()} == {(201, "Fiche bien reçue.")}
    assert set(phone.refresh().states.values()) == {State.ON_DEVICE}


def test_form_attachments_of_any_name_are_fetched_c13_c23(place: Place) -> None:
    files = {f"{name}.png": name.encode() for name in ODD_NAMES if "/" not in name}
    place.relais.publish(form_with_files("a/b c%é?#", images=files), media=files)
    phone = place.phone()
    assert phone.refresh().failed == {}
    assert phone.form("a/b c%é?#").media == files


NOWHERE = (
    "{key}/forms/a%00b.xml", "{key}/forms/a%00b/manifest", "{key}/forms/%FF.xml", "{key}/forms/a%2F%2F.xml",
    "{key}/forms/%EF%B7%90.xml", "{key}/forms/%2e%2e.xml", "{key}/forms/household/attachments/a%00b",
    "/projects/99999999999999999999/formList", "/v1/test/a%00b/projects/1/forms/household/draft/formList",
)  # fmt: skip


def test_an_address_nothing_can_have_leads_nowhere(relais: Installation) -> None:
    for path in NOWHERE:
        answer = relais.client.get(path.format(key=relais.key_url), headers=relais.admin)
        assert answer.status_code == 404, path
    # As ODK Central: no project has such a number.
    assert relais.client.get("/v1/projects/99999999999999999999/formList", headers=relais.admin).status_code == 400


NOT_USABLE = {
    "a dot": form_with_files("."),
    "two dots": form_with_files(".."),
    "a long id": form_with_files("x" * 65),
    "a line end": form_with_files("a&#10;b").replace(b"&amp;#10;", b"&#10;"),
    "a non-character": form_with_files("a\ufdd0b"),
    "a long version": form_with_files("a", version="v" * 256),
    "a space before the version": form_with_files("a", version=" 2"),
    "a hard space after the version": form_with_files("a", version="2\u00a0"),
    "a file called dot": form_with_files("a", images=["."]),
    "a file called two dots": form_with_files("a", images=[".."]),
    "a folder": form_with_files("a", images=["a\\b.png"]),
    "a long file name": form_with_files("a", images=["x" * 252 + ".png"]),
}


@pytest.mark.parametrize("fault", NOT_USABLE)
def test_a_name_phones_could_not_use_is_refused_before_it_stops_the_whole_list_c10_c13_c15_c23(
    place: Place, fault: str
) -> None:
    with pytest.raises(Problem) as refused:
        place.relais.publish(NOT_USABLE[fault], media={".": b"", "..": b"", "a\\b.png": b"", "x" * 252 + ".png": b""})
    assert refused.value.code == (400.13 if fault == "a long id" else 400.8)
    assert place.ask("GET", "/formList").status == 200


def test_the_longest_names_are_published_and_sent(relais: Installation) -> None:
    relais.publish(form_with_files("é" * 64, version="v" * 255))
    assert relais.post(filled("é" * 64, "v" * 255, new_id())).status_code == 201


# --- Forms ---


@pytest.mark.slow
def test_the_bundled_surveys_are_forms_a_phone_can_open_c33_c36(place: Place) -> None:
    services = place.relais.services
    with place.relais.app.app_context():
        prepared = [prepare_file(workbook, workbook.parent) for workbook in bundled_workbooks()]
    with services.database.transaction() as session:
        names = {publish(session, place.relais.project_id, each).xml_form_id for each in prepared}
    phone = place.phone()
    refresh = phone.refresh()
    assert (set(refresh.downloaded), refresh.failed) == ({"household", *names}, {})
    assert len(names) == len(list(bundled_workbooks()))
    # Submissions come here: only a form that says otherwise sends them elsewhere (C34).
    assert {form.action for form in phone.forms} == {None}


def test_a_form_is_its_bytes_as_published_c32_c35(place: Place) -> None:
    content = form_with_files(title="  Fiche « été »\n 😀 ") + b"\n<!-- kept -->\n"
    place.relais.publish(content)
    answer = place.ask("GET", "/forms/survey.xml?deviceID=collect%3Ax")
    assert (answer.status, answer.body) == (200, content)
    phone = place.phone()
    phone.refresh()
    assert phone.form("survey").title == "Fiche « été »\n 😀"


def test_the_form_s_own_address_for_submissions_is_left_alone_c34_c37(place: Place) -> None:
    elsewhere = f"{place.key_url}/submission"
    content = form_with_files(submission=f'<submission action="{elsewhere}" method="form-data-post"/>')
    place.relais.publish(content)
    phone = place.phone()
    phone.refresh()
    assert phone.form("survey").xml == content
    assert phone.send(phone.finalize(filled("survey", "1", new_id()))).status == 201
    assert list(phone.exchanges)[-1].url.startswith(elsewhere)


@pytest.mark.parametrize("missing", [b"<h:title>Enqu\xc3\xaate</h:title>", b' id="survey"'])
def test_what_a_phone_could_not_install_is_not_published_c33(place: Place, missing: bytes) -> None:
    content = form_with_files()
    assert missing in content
    with pytest.raises(Problem):
        place.relais.publish(content.replace(missing, b""))


def test_the_phone_of_these_tests_would_notice_another_form_s_bytes_c15(place: Place) -> None:
    phone = place.phone()
    (entry,) = phone.form_list()
    path = Path("forms") / "household.xml"
    assert str(path) in entry.download_url
    place.relais.publish(form_with_files())
    wrong = type(entry)(**{**vars(entry), "download_url": entry.download_url.replace("household", "survey")})
    with pytest.raises(ContractBroken, match="C15"):
        phone.download(wrong)
