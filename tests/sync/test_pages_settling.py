"""Duplicates settled on pages: from the page of a submission, merged answer by answer, many copies in one go."""

import pytest

from tests.installation import Installation
from tests.reader import Reader, person, sign_in
from tests.sync.people_form import MAHAMADOU, MAMADOU, people_form, send
from tests.sync.test_matching_stored import matched
from tests.sync.test_pages import QUEUE, address, decide, decisions, links, press


@pytest.fixture
def relais(post_node: Installation) -> Installation:
    """One database is enough: the domain's own tests hold both to the same answers."""
    return post_node


@pytest.fixture
def pair(relais: Installation) -> str:
    """The page of two submissions of one man."""
    relais.publish(people_form())
    found = address(send(relais, **MAHAMADOU), send(relais, **MAMADOU))
    matched(relais)
    return found


@pytest.fixture
def admin(relais: Installation) -> Reader:
    return sign_in(relais)


def test_the_page_of_a_submission_leads_to_those_that_may_be_the_same_and_undoes_what_was_said(
    relais: Installation, admin: Reader, pair: str
) -> None:
    one, other = (f"/projects/1/forms/people/submissions/{name}" for name in pair.split("/")[-2:])
    assert "Une autre fiche est peut-être la même" in admin.words(one)
    assert admin.page(other).xpath("//a[starts-with(., 'Comparer avec')]/@href") == [
        address(other.rpartition("/")[2], one.rpartition("/")[2])
    ]
    assert "Doublons possibles 1" in admin.words("/projects/1")
    assert "Une fiche ou deux ?" in admin.words("/").replace("\xa0", " ")
    viewer = person(relais, "viewer@example.org", "viewer")
    assert "Doublons possibles 1" in viewer.words("/projects/1")
    decide(admin, pair, "keep_first")
    assert "Doublons possibles 1" not in admin.words("/projects/1")
    assert "Une fiche est écartée au profit de celle-ci" in admin.words(one)
    left_out = admin.page(other)
    assert "elle n’est dans aucun compte" in admin.words(other)
    assert one in left_out.xpath("//div[contains(@class, 'notice')]//a/@href")
    assert not viewer.page(other).xpath("//*[@name='decision']")
    (form,) = left_out.xpath("//form[.//*[@name='decision']]")
    press(admin, form.get("action"), left_out, "open")
    assert "Une autre fiche est peut-être la même" in admin.words(other)
    assert "aucun compte" not in admin.words(other)


def test_copies_are_settled_in_one_go_those_that_were_shown(relais: Installation, admin: Reader) -> None:
    relais.publish(people_form())
    times = [f"2026-11-2{day}T09:20:00.000+01:00" for day in range(5)]
    first, *copies = [send(relais, **{**MAHAMADOU, "end": each}) for each in times[:4]]
    matched(relais)
    page = admin.page(QUEUE)
    shown = [str(each) for each in page.xpath("//input[@name='pair']/@value")]
    assert len(shown) == 6
    send(relais, **{**MAHAMADOU, "end": times[4]})
    matched(relais)
    stranger, viewer = person(relais, "nobody@example.org", None), person(relais, "viewer@example.org", "viewer")
    for each in (stranger, viewer):
        assert each.post(f"{QUEUE}/people/copies", pair=shown[0]).status_code == 403
    for count in (3, 0):
        answer = admin.client.post(f"{QUEUE}/people/copies", data={"csrf_token": admin.token(), "pair": shown})
        assert answer.location.startswith(f"{QUEUE}?copies={count}&of=people")
        page = admin.page(answer.location) if count else page
    assert "Noté : 3 copies sont écartées" in admin.words(f"{QUEUE}?copies=3")
    assert dict(relais.rows("SELECT instance_id, duplicate_of FROM submission WHERE duplicate_of IS NOT NULL")) == (
        dict.fromkeys(copies, relais.rows(f"SELECT id FROM submission WHERE instance_id = '{first}'")[0][0])
    )
    assert len(links(admin)) == 4
    assert links(admin, f"{QUEUE}?state=settled")
    # And taken back in one go, by who said it.
    back = [str(each) for each in page.xpath("//form[.//button[@name='undo']]//input[@name='pair']/@value")]
    assert len(back) == 3
    for each in (person(relais, "other@example.org", "reviewer"), admin):
        each.client.post(f"{QUEUE}/people/copies", data={"csrf_token": each.token(), "pair": back, "undo": "1"})
        left_out = relais.rows("SELECT count(*) FROM submission WHERE duplicate_of IS NOT NULL")
        assert left_out == [(0 if each is admin else 3,)]


def merging(pair: str) -> str:
    """The page where the two of a pair are merged."""
    return f"{QUEUE}/people/merge?" + "&".join(f"of={name}" for name in pair.split("/")[-2:])


def test_two_are_merged_answer_by_answer(relais: Installation, admin: Reader, pair: str) -> None:
    merge = f"{QUEUE}/people/merge"
    (link,) = admin.page(pair).xpath("//a[contains(@href, '/merge')]/@href")
    page = admin.page(str(link))
    chosen = page.xpath("//input[@type='radio'][@checked]")
    assert [(each.get("name"), each.get("value")) for each in chosen] == [
        ("of:/end", "1"),
        ("of:/name", "1"),
        ("of:/age", "1"),
        ("of:/note", "1"),
    ]
    members = page.xpath("//input[@name='member']/@value")
    assert {each.get("value") for each in admin.page(f"{link}&keep=2").xpath("//input[@checked]")} == {"2"}
    fields = {
        "keep": "1",
        "member": members,
        "of:/name": "2",
        "of:/age": "1",
        "of:/phone": "2",
        "note": "vu avec le chef",
    }

    def send(**given: object) -> str:
        answer = admin.client.post(merge, data={"csrf_token": admin.token(), **given})
        assert answer.status_code == 303
        return admin.words(answer.location)

    said = send(**fields)
    assert "Noté : fusion, la fiche 1 est gardée" in said
    send(**fields)
    assert decisions(relais) == 1
    one = f"/projects/1/forms/people/submissions/{pair.split('/')[-2]}"
    assert "Mamadou Zongo" in admin.words(one)
    assert "Composée de plusieurs fiches" in admin.words(one)
    settled = admin.words(pair)
    assert "Décidé : fusion, la fiche 1 est gardée" in settled
    assert "vu avec le chef" in settled
    decide(admin, pair, "open")
    assert "Mahamadou Zongo" in admin.words(one)
    assert "Fusion annulée" in admin.words(one)
    # With nothing taken of the other it is a plain duplicate.
    (seen,) = admin.page(str(link)).xpath("//input[@name='seen']/@value")
    said = send(member=members, keep="2", seen=seen, **{"of:/name": "2"})
    assert "Noté : doublon, la fiche 2 est gardée" in said


def test_what_is_written_counts_more_than_what_is_chosen(relais: Installation, admin: Reader) -> None:
    by_phone = (
        b"""<bind nodeset="/data/note" type="string" calculate="digest(concat(/data/name, /data/age), 'MD5')"/>"""
    )
    relais.publish(people_form().replace(b'<bind nodeset="/data/note" type="string"/>', by_phone))
    members = [send(relais, **{**who, "note": note}) for who, note in ((MAHAMADOU, "x1"), (MAMADOU, "y2"))]
    matched(relais)
    pair = address(*members)
    assert admin.page(merging(pair)).xpath("//input[@name='written:/note']")
    for given in ({}, {"of:/note": "2"}, {"of:/name": "2", "of:/note": "2"}):
        fields = {"keep": "1", "member": members, "written:/note": f"à la main {len(given)}", **given}
        answer = admin.client.post(f"{QUEUE}/people/merge", data={"csrf_token": admin.token(), **fields})
        assert answer.status_code == 303
        assert f"à la main {len(given)}" in admin.words(f"/projects/1/forms/people/submissions/{members[0]}")
        decide(admin, pair, "open")


def test_a_whole_cluster_is_merged_at_once_and_taken_back(relais: Installation, admin: Reader, pair: str) -> None:
    send(relais, **{**MAMADOU, "note": "c", "age": "37", "end": "2026-11-27T09:20:00.000+01:00"})
    matched(relais)
    (link,) = admin.page(QUEUE).xpath("//a[contains(@href, '/merge')]/@href")
    page = admin.page(str(link))
    members = page.xpath("//input[@name='member']/@value")
    assert len(members) == 3
    # Who say the same are one choice.
    names = page.xpath("//fieldset[@id='of:/name']//label")
    assert [each.text_content().strip() for each in names] == ["Mahamadou ZongoFiche 1", "Mamadou ZongoFiches 2 et 3"]
    data = {
        "csrf_token": admin.token(),
        "member": members,
        "keep": "1",
        "of:/name": "2",
        "of:/age": "3",
        "of:/note": "9",
    }
    assert admin.client.post(f"{QUEUE}/people/merge", data=data).location.partition("?")[0] == QUEUE
    assert links(admin) == []
    one = f"/projects/1/forms/people/submissions/{members[0]}"
    assert "2 fiches sont écartées au profit de celle-ci" in admin.words(one)
    assert "37" in admin.words(one)
    decide(admin, pair, "open")
    assert "écartées" not in admin.words(one)
    assert len(links(admin)) == 3
    for wrong in (members[:1], [*members, "uuid:nobody"], []):
        assert admin.get(f"{QUEUE}/people/merge?" + "&".join(f"of={name}" for name in wrong)).status_code == 404


def test_only_who_may_edit_may_merge(relais: Installation, pair: str) -> None:
    reviewer, stranger = person(relais, "reviewer@example.org", "reviewer"), person(relais, "nobody@example.org", None)
    assert not reviewer.page(pair).xpath("//a[contains(@href, '/merge')]")
    for each in (reviewer, stranger):
        assert each.get(merging(pair)).status_code == 403
        assert (
            each.post(
                f"{QUEUE}/people/merge", keep="1", member=pair.rsplit("/", maxsplit=1)[-1], **{"of:/name": "2"}
            ).status_code
            == 403
        )
    assert decisions(relais) == 0


def test_what_contradicts_and_what_follows_is_said(relais: Installation, admin: Reader, pair: str) -> None:
    send(relais, **{**MAMADOU, "note": "c", "end": "2026-11-27T09:20:00.000+01:00"})
    matched(relais)
    rows = links(admin)
    first = [each for each in rows if each != pair]
    answer = admin.post(pair, decision="keep_first")
    # Asked next is the one that is kept against the third, not the one that is left out.
    assert pair.split("/")[-2] in answer.location.partition("?")[0]
    decide(admin, next(each for each in first if pair.split("/")[-2] in each), "keep_first")
    implied = next(each for each in first if pair.split("/")[-2] not in each)
    assert links(admin) == []
    assert "règle" in admin.words(implied) or "réglées" in admin.words(implied)
    decide_anyway = admin.post(implied, decision="distinct")
    assert decide_anyway.status_code == 303
    assert links(admin, f"{QUEUE}?state=conflict") == [implied]
    assert "ne peut pas être vrai à la fois" in admin.words(implied)
