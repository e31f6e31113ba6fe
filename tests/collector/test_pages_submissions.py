"""One submission: its answers in words, its files, its history, and what is decided about it."""

from typing import Any

import pytest

from tests.installation import Installation, instance, new_id, xform
from tests.reader import Reader, counted, sign_in

FORM = "/projects/1/forms/household"
JPEG = b"\xff\xd8\xff\xe0 a photo"
SELECTS = """<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>Ménage</h:title><model>
<itext><translation lang="Français (fr)" default="true()"><text id="q"><value>Quelle source d’eau ?</value></text>
<text id="a"><value>Puits</value></text></translation>
<translation lang="English (en)"><text id="q"><value>Which water source?</value></text>
<text id="a"><value>Well</value></text></translation></itext>
<instance><data id="household" version="2"><water/><note/><town/><skipped/><start/><meta><instanceID/></meta></data></instance>
<instance id="towns" src="jr://file-csv/towns.csv"/>
<bind nodeset="/data/water" type="string"/><bind nodeset="/data/note" type="string" readonly="true()"/>
<bind nodeset="/data/town" type="string"/><bind nodeset="/data/skipped" type="string"/>
<bind nodeset="/data/start" type="dateTime" jr:preload="timestamp" jr:preloadParams="start"/>
</model></h:head><h:body><select1 ref="/data/water"><label ref="jr:itext('q')"/>
<item><label ref="jr:itext('a')"/><value>w</value></item></select1>
<input ref="/data/note"><label>Lisez ceci à voix haute.</label></input>
<select1 ref="/data/town"><label>Ville</label>
<itemset nodeset="instance('towns')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>
<input ref="/data/skipped"><label>Question sautée</label></input></h:body></h:html>"""


@pytest.fixture
def admin(relais: Installation) -> Reader:
    return sign_in(relais)


def received(relais: Installation, **answers: Any) -> str:
    """The address of a submission that has just come."""
    instance_id = new_id()
    relais.post(instance(instance_id, **answers))
    return f"{FORM}/submissions/{instance_id}"


# Answers


def test_answers_stand_under_their_questions_and_copies_of_a_list_under_their_numbers(
    relais: Installation, admin: Reader
) -> None:
    page = admin.page(received(relais, children=("Moussa", "Zeinabou")))
    answers = [" ".join(each.text_content().split()) for each in page.xpath("//div[@class='answer']")]
    assert answers == ["Nom Aïchatou", "Âge 34", "Photo sans réponse", "Prénom Moussa", "Prénom Zeinabou"]
    headings = page.xpath("//section[@class='answers']/h2/text()")
    assert headings == ["Enfant · 1", "Enfant · 2"]


def test_questions_and_choices_speak_the_readers_language(relais: Installation) -> None:
    relais.publish(SELECTS.encode(), media={"towns.csv": b"name,label\nd,Diffa\n"})
    instance_id = new_id()
    relais.post(
        f'<data id="household" version="2"><water>w</water><note/><town>d</town><start>2026-11-02T08:00:00.000+01:00</start>'
        f"<meta><instanceID>{instance_id}</instanceID></meta></data>".encode()
    )
    path = f"{FORM}/submissions/{instance_id}"
    french, english = sign_in(relais), sign_in(relais, language="en")
    assert "Quelle source d’eau ? Puits Ville Diffa" in french.words(path)
    assert "Which water source? Well Ville Diffa" in english.words(path)


def test_what_was_not_asked_is_folded_and_what_only_was_read_aloud_is_no_answer(relais: Installation) -> None:
    relais.publish(SELECTS.encode(), media={"towns.csv": b"name,label\nd,Diffa\n"})
    instance_id = new_id()
    relais.post(
        f'<data id="household" version="2"><water/><note/><start>2026-11-02T08:00:00.000+01:00</start>'
        f"<meta><instanceID>{instance_id}</instanceID></meta></data>".encode()
    )
    page = sign_in(relais).page(f"{FORM}/submissions/{instance_id}")
    assert "2 questions n’ont pas été posées" in page.text_content().replace("\u00a0", " ")
    assert page.xpath("//details//li/text()") == ["Ville", "Question sautée"]
    own = {line[0].text_content(): line[1].text_content() for line in page.xpath("//details//dl/div")}
    assert own["/start"].replace("\u00a0", " ") == "lundi 2 novembre 2026 à 08:00"
    assert "à voix haute" not in page.text_content()


def test_an_answer_is_never_taken_for_markup(relais: Installation, admin: Reader) -> None:
    page = admin.get(received(relais, name="<script>alert(1)</script>", instance_name="<b>x</b>")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<b>x</b>" not in page


def test_an_unknown_submission_leads_nowhere(admin: Reader) -> None:
    assert admin.get(f"{FORM}/submissions/uuid:nothing").status_code == 404


def test_a_submission_of_another_form_is_not_found_under_this_one(relais: Installation, admin: Reader) -> None:
    path = received(relais)
    relais.publish(xform("other"))
    assert admin.get(path.replace("household", "other")).status_code == 404


def test_any_version_of_a_submission_leads_to_it(relais: Installation, admin: Reader) -> None:
    first, second = new_id(), new_id()
    relais.post(instance(first))
    relais.post(instance(second, deprecated_id=first, name="Mariama"))
    assert admin.words(f"{FORM}/submissions/{second}") == admin.words(f"{FORM}/submissions/{first}")


# Files


def photo_of(relais: Installation, content: bytes, name: str = "a.jpg") -> str:
    """The address of a file that has just come with a submission."""
    instance_id = new_id()
    relais.post(instance(instance_id, photo=name), {name: content})
    return f"{FORM}/submissions/{instance_id}/files/{name}"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (JPEG, "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n...", "image/png"),
        (b"GIF89a...", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_a_picture_is_shown_by_what_it_is(post_node: Installation, content: bytes, kind: str) -> None:
    answer = sign_in(post_node).get(photo_of(post_node, content))
    assert answer.data == content
    assert answer.mimetype == kind
    assert answer.headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize(
    "content", [b"<html><script>alert(1)</script>", b"<svg xmlns='x' onload='alert(1)'/>", b"%PDF-1.7"]
)
def test_whatever_is_no_picture_is_saved_and_never_opened_here(post_node: Installation, content: bytes) -> None:
    answer = sign_in(post_node).get(photo_of(post_node, content))
    assert answer.data == content
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize("suffix", ["", "?small=1"])
def test_no_file_can_run_or_load_anything(post_node: Installation, suffix: str) -> None:
    headers = sign_in(post_node).get(photo_of(post_node, JPEG) + suffix).headers
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-cache"


def test_a_file_not_changed_is_not_sent_again(post_node: Installation) -> None:
    reader, path = sign_in(post_node), photo_of(post_node, JPEG)
    etag = reader.get(path).headers["ETag"]
    again = reader.client.get(path, headers={"If-None-Match": etag}, buffered=True)
    assert (again.status_code, again.data) == (304, b"")


def test_the_picture_in_a_list_is_light_or_a_drawing(post_node: Installation) -> None:
    reader = sign_in(post_node)
    assert reader.get(photo_of(post_node, JPEG) + "?small=1").data == JPEG
    heavy = reader.get(photo_of(post_node, JPEG + bytes(200_000)) + "?small=1")
    assert heavy.mimetype == "image/svg+xml"
    assert len(heavy.data) < 1000


@pytest.mark.parametrize("name", ["a b#c?.jpg", "été.jpg", "..%2f..jpg", "a\\b.jpg"])
def test_a_file_of_any_name_is_found_again(post_node: Installation, name: str) -> None:
    instance_id = new_id()
    post_node.post(instance(instance_id, photo=name), {name: JPEG})
    reader = sign_in(post_node)
    address = reader.page(f"{FORM}/submissions/{instance_id}").xpath("//ul[@class='photos']//a/@href")[0]
    assert reader.get(address).data == JPEG


def test_a_missing_file_is_told_on_top_and_in_its_place(relais: Installation, admin: Reader) -> None:
    path = received(relais, photo="a.jpg")
    words = admin.words(path)
    assert "1 fichier n’est pas encore arrivé" in words
    assert "Encore dans le téléphone a.jpg" in words
    assert admin.get(f"{path}/files/a.jpg").status_code == 404


# Deciding


def test_a_decision_leads_to_the_next_one_to_read_and_can_be_undone(relais: Installation, admin: Reader) -> None:
    first, second = received(relais, instance_name="Une"), received(relais, instance_name="Deux")
    answer = admin.post(f"{second}/review", state="approved", comment="Bien.")
    assert answer.location.split("?")[0] == first
    words = admin.words(answer.location)
    assert "est maintenant : approuvée" in words
    assert relais.rows("SELECT review_state FROM submission ORDER BY id") == [(None,), ("approved",)]
    undo = admin.page(answer.location).xpath("//form[.//input[@name='undo']]")[0]
    was = undo.xpath(".//button/@value")[0]
    assert (undo.get("action"), was) == (f"{second}/review", "received")
    admin.follow(undo.get("action"), undo="1", state=was)
    assert relais.rows("SELECT review_state FROM submission") == [(None,), (None,)]


def test_after_the_last_one_the_list_says_so(relais: Installation, admin: Reader) -> None:
    answer = admin.post(f"{received(relais)}/review", state="hasIssues")
    assert answer.location.split("?")[0] == FORM
    assert "est maintenant : à corriger" in admin.words(answer.location)


def test_changing_an_old_decision_stays_on_the_submission(relais: Installation, admin: Reader) -> None:
    path = received(relais)
    received(relais)
    admin.post(f"{path}/review", state="approved")
    assert admin.post(f"{path}/review", state="rejected").location.split("?")[0] == path


def test_every_decision_is_kept_with_its_word_and_its_author(relais: Installation, admin: Reader) -> None:
    path = received(relais)
    for state, word in (("hasIssues", "Âge à vérifier"), ("approved", "Vérifié"), ("received", "")):
        admin.post(f"{path}/review", state=state, comment=word)
    history = admin.page(path).xpath("//h2[.='Ce qui s’est passé']/following-sibling::dl[1]")[0].text_content()
    assert [word for word in ("Âge à vérifier", "Vérifié", "reçue", "· admin") if word not in history] == []


def test_a_comment_alone_decides_nothing(relais: Installation, admin: Reader) -> None:
    path = received(relais)
    assert "Votre commentaire est gardé" in admin.follow(f"{path}/review", comment=" À rappeler <demain> ")
    assert "À rappeler <demain>" in admin.words(path)
    assert relais.rows("SELECT review_state FROM submission") == [(None,)]


def test_sending_neither_decision_nor_comment_is_told_beside_the_field(relais: Installation, admin: Reader) -> None:
    answer = admin.post(f"{received(relais)}/review", comment="  ")
    assert answer.status_code == 400
    assert 'id="comment-error"' in answer.text


def test_an_unknown_state_is_refused_in_words(relais: Installation, admin: Reader) -> None:
    assert admin.post(f"{received(relais)}/review", state="perfect").status_code == 400


def test_a_correction_shows_what_it_changed_and_asks_to_be_read_again(relais: Installation, admin: Reader) -> None:
    first, second = new_id(), new_id()
    relais.post(instance(first, name="Aïchatou", children=("Moussa",)))
    admin.post(f"{FORM}/submissions/{first}/review", state="approved")
    relais.post(instance(second, deprecated_id=first, name="Aïcha", children=("Moussa", "Zeinabou")))
    page = admin.page(f"{FORM}/submissions/{first}")
    edited = [" ".join(each.text_content().split()) for each in page.xpath("//div[contains(@class, 'edited')]")]
    assert edited == [
        "Nom avant : Aïchatou → maintenant : Aïcha modifiée",
        "Prénom sans réponse → maintenant : Zeinabou modifiée",
    ]
    assert "2 réponses modifiées" in admin.words(f"{FORM}/submissions/{first}")
    assert "1 à lire" in admin.words("/projects/1")


def test_a_submission_with_a_long_past_costs_as_many_statements_as_a_new_one(
    relais: Installation, admin: Reader
) -> None:
    first, path = new_id(), ""
    relais.post(instance(first, photo="a.jpg"), {"a.jpg": JPEG})
    path = f"{FORM}/submissions/{first}"
    with counted(relais) as few:
        admin.get(path)
    last = first
    for number in range(6):
        edit = new_id()
        relais.post(instance(edit, deprecated_id=last, name=f"Nom {number}", photo="a.jpg"))
        admin.post(f"{path}/review", state="approved", comment="Vu")
        last = edit
    with counted(relais) as many:
        admin.get(path)
    assert len(many) == len(few)
