"""What the rules of receiving leave to a person: seen side by side, settled in every way, and taken back."""

from typing import Any

import pytest

from collector.standing import WAITING_KINDS
from collector.waiting import PAGE
from forms.states import set_form_state
from tests.installation import Installation, instance, new_id, xform
from tests.reader import Reader, counted, sign_in

INBOX = "/projects/1/waiting"
FORM = "/projects/1/forms/household"


@pytest.fixture
def admin(relais: Installation) -> Reader:
    return sign_in(relais)


def case_of(relais: Installation) -> str:
    """The page of the newest arrival that waits."""
    found = relais.rows("SELECT max(id) FROM receipt WHERE status IN ('conflict', 'held', 'quarantined')")
    return f"{INBOX}/{found[0][0]}"


def conflict(relais: Installation, instance_id: str = "", **answers: Any) -> tuple[str, str]:
    """A submission of which a second version came: (its instanceID, the page of the case)."""
    name = instance_id or new_id()
    if not instance_id:
        relais.post(instance(name, name="Aïchatou", photo="a.jpg"), {"a.jpg": b"\xff\xd8\xffone"})
    relais.post(instance(name, **{"name": "Mariama", "photo": "b.jpg", **answers}), {"b.jpg": b"\xff\xd8\xfftwo"})
    return name, case_of(relais)


def quarantined(relais: Installation, version: str = "7", **answers: Any) -> str:
    """An arrival of a version that is not here."""
    relais.post(instance(new_id(), version=version, **answers))
    return case_of(relais)


# The inbox


def test_the_inbox_says_why_each_arrival_waits(relais: Installation, admin: Reader) -> None:
    first, _ = conflict(relais)
    relais.post(instance(new_id(), deprecated_id=new_id()))
    quarantined(relais)
    edit = new_id()
    relais.post(instance(edit, deprecated_id=edit))
    words = admin.words(INBOX)
    for reason in (
        "Une deuxième copie d’une fiche est arrivée, et elle n’est pas la même",
        "Cette correction est arrivée avant la fiche qu’elle corrige",
        "Elle a été remplie avec une version du formulaire qui n’est pas publiée ici",
        "Cette correction se nomme elle-même comme original",
    ):
        assert reason in words
    assert first[-4:].upper() in words


@pytest.mark.parametrize(
    ("kind", "count"), [("", 3), ("conflict", 1), ("held", 1), ("quarantined", 1), ("nonsense", 3)]
)
def test_the_inbox_shows_one_kind_at_a_time(post_node: Installation, kind: str, count: int) -> None:
    conflict(post_node)
    post_node.post(instance(new_id(), deprecated_id=new_id()))
    quarantined(post_node)
    assert len(sign_in(post_node).page(f"{INBOX}?kind={kind}").xpath("//a[@class='row-title']")) == count


def test_a_full_inbox_goes_on_in_pages(post_node: Installation) -> None:
    for _ in range(PAGE + 2):
        quarantined(post_node)
    reader = sign_in(post_node)
    first = reader.page(INBOX)
    older = first.xpath("//a[@rel='next']/@href")[0]
    addresses = [page.xpath("//a[@class='row-title']/@href") for page in (first, reader.page(older))]
    assert [len(each) for each in addresses] == [PAGE, 2]
    assert not set(addresses[0]) & set(addresses[1])


def test_an_empty_inbox_says_so(admin: Reader) -> None:
    assert "Rien à décider" in admin.words(INBOX)


# A case


def test_a_conflict_shows_what_differs_and_both_senders(relais: Installation, admin: Reader) -> None:
    other = relais.new_phone("Ibrahim")
    instance_id = new_id()
    relais.post(instance(instance_id, name="Aïchatou"))
    relais.post(instance(instance_id, name="Mariama"), url=f"/v1/key/{other.token}/projects/1")
    page = admin.page(case_of(relais))
    table = page.xpath("//table[caption='Réponses qui diffèrent']/tbody/tr")
    assert [[cell.text_content().strip() for cell in row] for row in table] == [["Nom", "Aïchatou", "Mariama"]]
    facts = page.xpath("//table[caption='Les deux versions']/tbody/tr[th='Téléphone']/td")
    assert [cell.text_content().strip() for cell in facts] == ["Téléphone 1", "Ibrahim"]
    assert "2 réponses sont les mêmes dans les deux" in admin.words(case_of(relais))


def test_a_conflict_in_which_no_answer_differs_says_so(relais: Installation, admin: Reader) -> None:
    instance_id = new_id()
    for name in ("Ménage 1", "Ménage 2"):
        relais.post(instance(instance_id, instance_name=name))
    words = admin.words(case_of(relais)).replace("\xa0", " ")
    assert "avec d’autres réponses" not in words
    assert "Aucune réponse ne diffère" in words
    assert "Seule une valeur écrite par le téléphone diffère" in words


def test_a_case_of_an_unknown_version_is_read_with_the_newest_known_one(relais: Installation, admin: Reader) -> None:
    assert "Nom Aïchatou" in admin.words(quarantined(relais))


def test_a_case_of_a_form_with_no_version_at_all_still_shows_what_came(post_node: Installation) -> None:
    path = quarantined(post_node)
    with post_node.services.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE form_version SET published_at = NULL")
    words = sign_in(post_node).words(path)
    assert "Aïchatou" in words
    assert "first_name" in words


def test_a_file_of_a_waiting_arrival_can_be_seen(relais: Installation, admin: Reader) -> None:
    _, path = conflict(relais)
    address = admin.page(path).xpath("//ul[@class='photos']//a/@href")[0]
    assert admin.get(address).data == b"\xff\xd8\xfftwo"


def test_the_case_of_a_draft_is_not_for_this_inbox(post_node: Installation) -> None:
    draft = post_node.draft(xform(version="2"))
    url = f"/v1/test/{draft.draft_token}/projects/1/forms/household/draft"
    instance_id = new_id()
    post_node.post(instance(instance_id, version="2"), url=url)
    post_node.post(instance(instance_id, version="2", name="Autre"), url=url)
    assert post_node.statuses()[-1][0] == "conflict"
    reader = sign_in(post_node)
    assert "Rien à décider" in reader.words(INBOX)
    assert reader.get(case_of(post_node)).status_code == 404


# Settling


def test_the_other_version_can_be_taken(relais: Installation, admin: Reader) -> None:
    first, path = conflict(relais)
    assert "Ce qui compte aujourd’hui reste dans l’historique" in admin.words(path)
    for decision in ("discard", "restore"):
        admin.post(f"{path}/decision", decision=decision)
    words = admin.follow(f"{path}/decision", decision="prefer", note="Ibrahim a raison")
    assert "L’autre version compte maintenant" in words
    assert "avant : Aïchatou → maintenant : Mariama" in words
    assert "Ibrahim a raison" in words
    assert relais.rows("SELECT versions, review_state FROM submission") == [(2, "edited")]
    assert admin.get(f"{FORM}/submissions/{first}/files/b.jpg").status_code == 200
    assert "Rien à décider" in admin.words(INBOX)
    assert "Elle a été prise : ses réponses comptent" in admin.words(path).replace("\xa0", " ")
    assert "Rien n’a été écarté" in admin.words(f"{INBOX}?kind=left_out")


def test_one_of_several_other_versions_can_be_taken(relais: Installation, admin: Reader) -> None:
    first, path = conflict(relais)
    conflict(relais, first, name="Zara")
    admin.follow(f"{path}/decision", decision="prefer")
    assert sorted(status for status, _ in relais.statuses()) == ["conflict", "discarded", "version", "version"]


def test_a_version_can_be_taken_after_its_form_was_closed(relais: Installation, admin: Reader) -> None:
    _, path = conflict(relais)
    with relais.services.database.transaction() as session:
        set_form_state(session, 1, "household", "closed")
    assert "L’autre version compte" in admin.follow(f"{path}/decision", decision="prefer")


def test_a_correction_of_an_older_version_can_be_taken(relais: Installation, admin: Reader) -> None:
    first, second = new_id(), new_id()
    relais.post(instance(first, name="Une"))
    relais.post(instance(second, deprecated_id=first, name="Deux"))
    relais.post(instance(new_id(), deprecated_id=first, name="Trois"))
    assert "maintenant : Trois" in admin.follow(f"{case_of(relais)}/decision", decision="prefer")
    assert relais.rows("SELECT versions FROM submission") == [(3,)]


def test_a_version_left_out_can_be_brought_back_at_once_or_later(relais: Installation, admin: Reader) -> None:
    _, path = conflict(relais)
    words = admin.follow(f"{path}/decision", decision="discard", note="Doublon d’essai")
    assert "est écartée" in words
    assert "Annuler" in words
    assert "Mariama" not in admin.words(INBOX)
    assert len(admin.page(f"{INBOX}?kind=left_out").xpath("//a[@class='row-title']")) == 1
    assert "Doublon d’essai" in admin.words(path)
    assert "Laquelle des deux doit compter" in admin.follow(f"{path}/decision", decision="restore")
    assert relais.statuses()[-1] == ("conflict", "same_id")


def test_after_one_decision_comes_the_next_case(post_node: Installation) -> None:
    paths = [quarantined(post_node) for _ in range(3)]
    reader = sign_in(post_node)
    answer = reader.post(f"{paths[1]}/decision", decision="discard")
    assert answer.location.split("?")[0] == paths[0]
    answer = reader.post(f"{paths[0]}/decision", decision="discard")
    assert answer.location.split("?")[0] == paths[2]
    answer = reader.post(f"{paths[2]}/decision", decision="discard")
    assert answer.location.split("?")[0] == INBOX


def test_a_late_arrival_is_let_in(relais: Installation, admin: Reader) -> None:
    with relais.services.database.transaction() as session:
        set_form_state(session, 1, "household", "closed")
    relais.post(instance(new_id(), name="Tardive"))
    words = admin.follow(f"{case_of(relais)}/decision", decision="release")
    assert "Nom Tardive" in words
    assert relais.statuses() == [("version", None)]


def test_an_arrival_of_an_unknown_version_is_let_in_as_a_version_one_chooses(
    relais: Installation, admin: Reader
) -> None:
    path = quarantined(relais)
    version = admin.page(path).xpath("//select[@name='version']/option/@value")[0]
    assert "Nom Aïchatou" in admin.follow(f"{path}/decision", decision="release", version=version)


def test_a_version_of_another_form_cannot_be_chosen(relais: Installation, admin: Reader) -> None:
    path = quarantined(relais)
    other = relais.publish(xform("other"))
    assert admin.post(f"{path}/decision", decision="release", version=str(other.version_id)).status_code == 404
    assert relais.statuses() == [("quarantined", "unknown_version")]


def test_a_correction_whose_original_never_comes_is_let_in_as_a_new_one(relais: Installation, admin: Reader) -> None:
    relais.post(instance(new_id(), deprecated_id=new_id(), name="Orpheline"))
    assert "Nom Orpheline" in admin.follow(f"{case_of(relais)}/decision", decision="adopt")
    assert relais.statuses() == [("version", None)]


def test_a_correction_that_names_itself_is_let_in_as_a_new_one(relais: Installation, admin: Reader) -> None:
    edit = new_id()
    relais.post(instance(edit, deprecated_id=edit))
    assert relais.statuses() == [("conflict", "own_id")]
    admin.follow(f"{case_of(relais)}/decision", decision="adopt")
    assert relais.statuses() == [("version", None)]


def test_a_conflict_with_a_submission_cannot_become_a_second_one(relais: Installation, admin: Reader) -> None:
    _, path = conflict(relais)
    assert admin.post(f"{path}/decision", decision="adopt").status_code == 409
    assert relais.rows("SELECT count(*) FROM submission") == [(1,)]


def test_what_somebody_has_settled_meanwhile_is_not_settled_twice(relais: Installation, admin: Reader) -> None:
    _, path = conflict(relais)
    admin.post(f"{path}/decision", decision="discard")
    assert admin.post(f"{path}/decision", decision="prefer").status_code == 409
    words = admin.words(path)
    assert "C’est réglé" in words
    assert "admin" in words


def test_a_case_that_settled_itself_leads_to_its_submission(relais: Installation, admin: Reader) -> None:
    first = new_id()
    relais.post(instance(new_id(), deprecated_id=first))
    path = case_of(relais)
    relais.post(instance(first))
    page = admin.page(path)
    assert "D’elle-même" in page.text_content()
    assert page.xpath(f"//a[@href='{FORM}/submissions/{first}']")


def test_a_submission_says_that_another_version_waits(relais: Installation, admin: Reader) -> None:
    first, path = conflict(relais)
    assert admin.page(f"{FORM}/submissions/{first}").xpath(f"//a[@href='{path}']")


def test_a_case_costs_as_many_statements_however_much_waits(post_node: Installation) -> None:
    _, path = conflict(post_node)
    reader = sign_in(post_node)
    with counted(post_node) as few:
        reader.get(path)
    for _ in range(5):
        conflict(post_node)
    with counted(post_node) as many:
        reader.get(path)
    assert len(many) == len(few)


def test_every_kind_of_waiting_has_its_own_way_out(post_node: Installation) -> None:
    ways = {"conflict": {"discard", "prefer"}, "held": {"discard", "adopt"}, "quarantined": {"discard", "release"}}
    assert set(ways) == set(WAITING_KINDS)
    reader = sign_in(post_node)
    conflict(post_node)
    post_node.post(instance(new_id(), deprecated_id=new_id()))
    quarantined(post_node)
    for receipt_id, status in post_node.rows("SELECT id, status FROM receipt WHERE status <> 'version'"):
        buttons = reader.page(f"{INBOX}/{receipt_id}").xpath("//button[@name='decision']/@value")
        assert set(buttons) == ways[status]
