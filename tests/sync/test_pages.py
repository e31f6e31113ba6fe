"""Possible duplicates on pages: who sees which pair, why, what can be said with one tap, and how it is taken back."""

from urllib.parse import quote

import pytest
from lxml import html

from accounts.scopes import Rule
from tests.collector.test_scopes import actor_of, limit
from tests.installation import Installation
from tests.reader import Reader, person, sign_in
from tests.sync.people_form import FATIMATA, MAHAMADOU, MAMADOU, people_form, send
from tests.sync.test_matching_stored import matched

QUEUE = "/projects/1/duplicates"


def address(one: str, other: str) -> str:
    return f"{QUEUE}/people/{quote(one, safe=':')}/{quote(other, safe=':')}"


@pytest.fixture
def relais(post_node: Installation) -> Installation:
    """One database is enough: the domain's own tests hold both to the same answers."""
    return post_node


@pytest.fixture
def pair(relais: Installation) -> str:
    """The page of two submissions of one man; a woman's is there too."""
    relais.publish(people_form())
    one, other = send(relais, **MAHAMADOU), send(relais, **MAMADOU)
    send(relais, **FATIMATA)
    matched(relais)
    return address(one, other)


@pytest.fixture
def admin(relais: Installation) -> Reader:
    return sign_in(relais)


def links(reader: Reader, path: str = QUEUE) -> list[str]:
    return [str(href) for href in reader.page(path).xpath("//a[@class='row-title']/@href")]


def decide(reader: Reader, path: str, decision: str, note: str = "") -> str:
    """Press a button of the page as it stands now; what the following page says."""
    return press(reader, path, reader.page(path), decision, note)


def press(reader: Reader, path: str, page: html.HtmlElement, decision: str, note: str = "") -> str:
    """Press a button of a page that was opened before."""
    seen = [str(uid) for uid in page.xpath("//form[.//*[@name='decision']]//input[@name='seen']/@value")]
    answer = reader.client.post(
        path,
        data={"csrf_token": reader.token(), "decision": decision, "note": note, "seen": seen},
        headers={"Accept-Language": reader.language},
    )
    assert answer.status_code == 303, answer.text[-600:]
    return reader.words(answer.location)


def decisions(relais: Installation) -> int:
    return int(relais.rows("SELECT count(*) FROM dup_decision")[0][0])


def test_the_queue_leads_to_both_side_by_side_with_reasons(relais: Installation, admin: Reader, pair: str) -> None:
    assert links(admin) == [pair]
    assert QUEUE in admin.page("/projects/1").xpath("//nav[@class='tabs']//a/@href")
    page = admin.page(pair)
    rows = [
        [" ".join(cell.text_content().split()) for cell in row]
        for row in page.xpath("//table[caption='Réponses qui diffèrent']/tbody/tr")
    ]
    assert rows[0][0] == "end"
    assert rows[1:] == [["name", "Mahamadou Zongo", "Mamadou Zongo"], ["age", "35", "36"], ["note", "a", "b"]]
    folded = page.xpath("//details[not(@open)]//dl[@class='summary']/div")
    assert [" ".join(each.text_content().split()) for each in folded][1:2] == ["phone90112233"]
    words = admin.words(pair)
    assert "oms proches (Mahamadou/Mamadou)" in words
    assert "a priori" in words
    (said,) = page.xpath("//p[contains(., 'ensemble')]")
    assert not said.xpath("preceding::table[caption='Réponses qui diffèrent']")
    bits = [round(10 * float(each.text.replace("−", "-").replace(",", "."))) for each in said.xpath("b")]
    assert sum(bits[:-1]) == bits[-1]
    english = sign_in(relais, language="en").words(pair)
    assert "imilar names (Mahamadou/Mamadou)" in english
    assert "One submission or two?" in english
    for word in ("fraude", "fraud", "suspect", "menti"):
        assert word not in (words + english).casefold()


@pytest.mark.parametrize(
    ("decision", "words"),
    [
        ("keep_second", "doublon, la fiche 2 est gardée"),
        ("visit", "deuxième visite légitime"),
    ],
)
def test_a_verdict_takes_one_tap_counts_once_and_is_undone(relais: Installation, decision: str, words: str) -> None:
    relais.publish(people_form())
    path = address(send(relais, **MAHAMADOU), send(relais, **MAMADOU))
    matched(relais)
    admin = sign_in(relais)
    stale = admin.page(path)
    assert f"Noté : {words}" in press(admin, path, stale, decision, "vu avec le chef du village")
    # A finger that taps twice has decided once.
    press(admin, path, stale, decision, "vu avec le chef du village")
    assert decisions(relais) == 1
    assert links(admin) == []
    assert links(admin, f"{QUEUE}?state=settled") == [path]
    settled = admin.words(path)
    assert f"Décidé : {words}" in settled
    assert "vu avec le chef du village" in settled
    first = admin.page(path).xpath("//table[caption='Les deux fiches']//a/@href")[0]
    assert "Décision sur un doublon possible" in admin.words(str(first))
    undone = decide(admin, path, "open")
    assert "Votre décision" in undone
    assert links(admin) == [path]
    # And decided again after that: nothing of what was taken back contradicts it.
    assert f"Noté : {words}" in decide(admin, path, decision)
    assert links(admin) == []


def test_who_is_unsure_leaves_the_pair_to_somebody_else(relais: Installation, admin: Reader, pair: str) -> None:
    assert "à relire par quelqu’un d’autre" in decide(admin, pair, "unsure", "âges différents")
    reviewer = person(relais, "reviewer@example.org", "reviewer")
    assert links(reviewer) == [pair]
    assert "âges différents" in reviewer.words(pair)
    assert "pas un doublon" in decide(reviewer, pair, "distinct")
    assert links(admin) == []


def test_who_did_not_see_an_earlier_verdict_is_shown_both(relais: Installation, admin: Reader, pair: str) -> None:
    reviewer = person(relais, "reviewer@example.org", "reviewer")
    stale = reviewer.page(pair)
    decide(admin, pair, "keep_first")
    said = press(reviewer, pair, stale, "distinct")
    assert "Quelqu’un d’autre a dit autre chose" in said
    assert links(admin, f"{QUEUE}?state=conflict") == links(admin) == [pair]
    words = admin.words(pair)
    assert "Deux personnes n’ont pas dit la même chose" in words
    assert "admin · " in words
    assert "reviewer · " in words
    decide(admin, pair, "distinct")
    assert links(admin) == []


def test_submissions_that_hang_together_stand_together_and_follow_each_other(
    relais: Installation, admin: Reader, pair: str
) -> None:
    assert links(admin) == [pair]
    third = {**MAMADOU, "note": "c", "end": "2026-11-27T09:20:00.000+01:00"}
    send(relais, **third)
    matched(relais)
    assert "3 fiches qui se ressemblent" in admin.words(QUEUE)
    rows = links(admin)
    assert len(rows) == 3
    answer = admin.post(rows[0], decision="distinct")
    assert answer.location.partition("?")[0] in rows[1:]
    assert len(links(admin)) == 2


def test_an_exact_copy_says_that_it_settled_itself(relais: Installation) -> None:
    relais.publish(people_form())
    one, other = send(relais, **MAHAMADOU), send(relais, **MAHAMADOU)
    matched(relais)
    admin = sign_in(relais)
    assert links(admin) == []
    words = admin.words(address(one, other))
    assert "Décidé : doublon, la fiche" in words
    assert "D’elle-même" in words
    assert "Contenu identique, heures comprises" in words


def test_viewers_look_and_strangers_see_nothing(relais: Installation, pair: str) -> None:
    viewer, stranger = person(relais, "viewer@example.org", "viewer"), person(relais, "nobody@example.org", None)
    assert links(viewer) == [pair]
    assert not viewer.page(pair).xpath("//*[@name='decision']")
    assert viewer.post(pair, decision="distinct").status_code == 403
    for path in (QUEUE, pair):
        assert stranger.get(path).status_code == 403
    assert stranger.post(pair, decision="distinct").status_code == 403
    assert decisions(relais) == 0


def test_a_pair_is_shown_to_those_who_may_see_both(relais: Installation, pair: str) -> None:
    limited = person(relais, "part@example.org", "manager")
    limit(relais, actor_of(relais, "part@example.org"), Rule("name", (MAHAMADOU["name"],)))
    assert links(limited) == []
    assert limited.get(pair).status_code == 404
    assert limited.post(pair, decision="distinct").status_code == 404
    assert decisions(relais) == 0


def test_hidden_answers_stay_hidden_side_by_side_and_in_the_reasons(relais: Installation) -> None:
    marked = people_form().replace(b'nodeset="/data/name"', b'nodeset="/data/name" ibg:sensitivity="P-identity"')
    relais.publish(marked.replace(b'nodeset="/data/age"', b'nodeset="/data/age" ibg:sensitivity="P-identity"'))
    path = address(send(relais, **MAHAMADOU), send(relais, **MAMADOU))
    matched(relais)
    part = person(relais, "part@example.org", "manager")
    limit(relais, actor_of(relais, "part@example.org"), hidden=("P-identity",))
    words = part.words(path) + part.words(QUEUE)
    assert "Noms proches" in words.replace("noms", "Noms")
    assert "Certaines réponses vous sont cachées" in words
    for hidden in ("Mahamadou", "Mamadou", "(35/36)"):
        assert hidden not in words


def test_nonsense_is_answered_calmly_and_changes_nothing(relais: Installation) -> None:
    relais.publish(people_form())
    one, other = send(relais, **MAHAMADOU), send(relais, **FATIMATA)
    admin = sign_in(relais)
    path = address(one, other)
    assert "Rien ne rapproche ces deux fiches" in admin.words(path)
    assert admin.post(path, decision="delete").status_code == 400
    assert admin.get(address(one, one)).status_code == 404
    assert admin.get(address(one, "uuid:nobody")).status_code == 404
    assert admin.get(f"{QUEUE}?state=lost&after=x&of=people&decided=%00&against=y").status_code == 200
    assert decisions(relais) == 0


def test_only_as_many_pairs_are_shown_as_people_can_look_at_the_likeliest_first(relais: Installation) -> None:
    relais.publish(people_form())
    admin = sign_in(relais)
    send(relais, **MAHAMADOU)
    for note in "bcd":
        send(relais, **{**MAMADOU, "note": note})
    matched(relais)
    likeliest, *_ = shown = links(admin)
    assert len(shown) == 6
    assert "environ 99 sur 100 devraient" in admin.words(QUEUE)
    assert "Trop peu de fiches pour le mesurer" in admin.words(QUEUE)
    stranger, viewer = person(relais, "nobody@example.org", None), person(relais, "viewer@example.org", "viewer")
    for each in (stranger, viewer):
        assert each.post(f"{QUEUE}/capacity", capacity="1").status_code == 403
    admin.follow(f"{QUEUE}/capacity", capacity="1")
    assert links(admin) == [likeliest]
    assert "Doublons possibles 1" in viewer.words("/projects/1")
    assert len(links(admin, f"{QUEUE}?state=below")) == 5
    assert "5 paires moins probables viennent après celles-ci" in admin.words(QUEUE)
    # What is decided makes room for the next; what is taken back is always there.
    answer = admin.post(likeliest, decision="distinct")
    assert answer.location.partition("?")[0] == QUEUE
    assert len(links(admin)) == 1
    decide(admin, likeliest, "open")
    assert links(admin) == [likeliest]
    admin.follow(f"{QUEUE}/capacity", capacity="")
    assert len(links(admin)) == 6


def test_a_form_that_asks_too_little_says_so_instead_of_suspecting_anybody(relais: Installation, admin: Reader) -> None:
    relais.publish(people_form(roles={"name": "name", "sex": "sex"}))
    for _ in range(2):
        send(relais, name="Mahamadou Zongo", sex="m")
    matched(relais)
    assert links(admin) == []
    said = admin.words(QUEUE)
    assert "on ne distingue pas les personnes" in said
    assert "Ce formulaire ne permet pas de dire qui est qui" in said
    assert "« sex »" in said
    told = sign_in(relais).client.get("/v1/projects/1/forms/people/duplicates/matching").get_json()
    assert (told["stopped"], told["stoppedPath"]) == ("too_little", "/sex")
    assert "cannot tell who is who" in told["stoppedWhy"]["en"]
    stranger = person(relais, "stranger@example.org", None)
    assert stranger.client.get(QUEUE).status_code == 403
