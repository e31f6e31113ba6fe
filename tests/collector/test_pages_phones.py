"""The phones of a project: who sends, what is printed for them, what is done when one is lost; and their own page."""

from datetime import timedelta

import pytest
import time_machine

from accounts.projects import create_project
from config.clock import now
from tests.installation import Installation, instance, new_id
from tests.reader import Reader, person, sign_in, stranger

PHONES = "/projects/1/phones"


@pytest.fixture
def admin(relais: Installation) -> Reader:
    return sign_in(relais)


def page_of(relais: Installation) -> str:
    """The page of the first phone."""
    return f"{PHONES}/{relais.phone.actor_id}"


# The list


def test_phones_are_listed_with_what_they_sent_and_when(relais: Installation, admin: Reader) -> None:
    relais.new_phone("Muette")
    with time_machine.travel(now() - timedelta(days=9)):
        relais.post(instance(new_id()))
    relais.post(instance(new_id(), deprecated_id=new_id()))
    words = admin.words(PHONES)
    assert "Téléphone 1 1 fiche · dernier envoi à l’instant · 1 à décider" in words
    assert "Muette n’a encore rien envoyé" in words


def test_a_new_phone_is_ready_to_be_printed(relais: Installation, admin: Reader) -> None:
    answer = admin.post(PHONES, name=" Aïcha <Moussa> ", training="1")
    words = admin.words(answer.location)
    assert "Le téléphone est prêt" in words
    assert "Aïcha <Moussa>" in words
    assert "en service · exercice" in words
    assert relais.rows("SELECT training, created_by FROM app_user ORDER BY actor_id")[-1][0]


def test_a_phone_without_a_name_is_asked_for_one(relais: Installation, admin: Reader) -> None:
    answer = admin.post(PHONES, name="  ")
    assert answer.status_code == 400
    assert 'id="name-error"' in answer.text
    assert len(relais.rows("SELECT 1 FROM app_user")) == 1


# States and codes


def test_a_retired_phone_still_sends_and_a_revoked_one_does_not(relais: Installation, admin: Reader) -> None:
    assert "Le téléphone est retiré" in admin.follow(f"{page_of(relais)}/state", state="retired")
    assert relais.post(instance(new_id())).status_code == 201
    assert "Le téléphone est bloqué" in admin.follow(f"{page_of(relais)}/state", state="revoked")
    assert relais.post(instance(new_id())).status_code == 403
    assert "de nouveau en service" in admin.follow(f"{page_of(relais)}/state", state="active")
    assert relais.post(instance(new_id())).status_code == 201


def test_phones_out_of_use_are_folded_away(relais: Installation, admin: Reader) -> None:
    admin.post(f"{page_of(relais)}/state", state="retired")
    words = admin.words(PHONES)
    assert "Aucun téléphone n’est en service" in words
    assert "1 téléphone hors service" in words
    assert "retiré" in words


def test_a_new_code_makes_the_printed_one_worthless(relais: Installation, admin: Reader) -> None:
    assert "Il a un nouveau code" in admin.follow(f"{page_of(relais)}/code")
    assert relais.post(instance(new_id())).status_code == 403
    assert stranger(relais).get(f"/deliveries/{relais.phone.deliveries}").status_code == 404


def test_a_phone_of_another_project_is_not_found_here(post_node: Installation) -> None:
    with post_node.services.database.transaction() as session:
        other = create_project(session, "Ailleurs", language="fr").id
    reader = sign_in(post_node)
    path = f"/projects/{other}/phones/{post_node.phone.actor_id}"
    assert reader.get(path).status_code == 404
    assert reader.get(f"{path}/sheet").status_code == 404
    assert reader.post(f"{path}/state", state="revoked").status_code == 404
    assert reader.post(f"{path}/code").status_code == 404


def test_a_manager_prepares_phones(post_node: Installation) -> None:
    manager = person(post_node, "manager@example.org", "manager")
    assert manager.post(PHONES, name="Aïcha").status_code == 303
    assert manager.get(f"{page_of(post_node)}/sheet").status_code == 200


# The sheets


def test_the_sheet_of_a_phone_has_its_code_its_address_and_its_name(relais: Installation, admin: Reader) -> None:
    page = admin.page(f"{page_of(relais)}/sheet")
    words = " ".join(page.text_content().split())
    assert relais.phone.token in words
    assert relais.phone.username in words
    assert relais.phone.password in words
    assert "Téléphone 1" in words
    labels = page.xpath("//section[@class='sheet']//*[local-name()='svg']/@aria-label")
    assert labels == ["Code QR pour ODK Collect", "Code QR de la page des envois"]


def test_printed_addresses_lead_phones_to_this_machine_and_not_into_themselves(post_node: Installation) -> None:
    reader = sign_in(post_node)
    local = reader.client.get(f"{page_of(post_node)}/sheet", base_url="http://localhost:8000")
    assert "http://localhost" not in local.text
    lan = sign_in(post_node)
    token = lan.client.get_cookie("relais_session")
    assert token is not None
    lan.client.set_cookie("relais_session", token.value, domain="192.168.8.10")
    there = lan.client.get(f"{page_of(post_node)}/sheet", base_url="http://192.168.8.10:8000")
    assert f"http://192.168.8.10:8000/v1/key/{post_node.phone.token}" in there.text


def test_all_sheets_are_those_of_phones_in_use(relais: Installation, admin: Reader) -> None:
    second = relais.new_phone("Aïcha")
    relais.new_phone("Ibrahim")
    admin.post(f"{PHONES}/{second.actor_id}/state", state="retired")
    names = admin.page(f"{PHONES}/sheets").xpath("//section[@class='sheet']/h2/text()")
    assert names == ["Téléphone 1", "Ibrahim"]


def test_sheets_are_kept_in_no_cache(admin: Reader) -> None:
    assert admin.get(f"{PHONES}/sheets").headers["Cache-Control"] == "no-store"


def test_a_code_made_with_another_key_is_not_drawn_but_explained(post_node: Installation) -> None:
    with post_node.services.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE app_user SET token_hash = X'00'")
    reader = sign_in(post_node)
    assert "Son code ne peut pas être dessiné ici" in reader.words(page_of(post_node))
    assert "1 code ne peut pas être dessiné ici" in reader.words(f"{PHONES}/sheets")


# Has everything arrived?


def deliveries(relais: Installation) -> str:
    return f"/deliveries/{relais.phone.deliveries}"


def test_a_phone_sees_what_it_delivered_without_signing_in(relais: Installation) -> None:
    relais.post(instance("uuid:00000000-0000-0000-0000-00000000ab1c"))
    relais.post(instance("uuid:00000000-0000-0000-0000-00000000ab2c", photo="a.jpg"))
    relais.post(instance("uuid:00000000-0000-0000-0000-00000000ab3c", deprecated_id=new_id()))
    words = stranger(relais).words(deliveries(relais))
    assert "1 fichier est encore dans le téléphone" in words
    lines = stranger(relais).page(deliveries(relais)).xpath("//tbody/tr")
    shown = [" ".join(line.text_content().replace("\u00a0", " ").split()) for line in lines]
    assert [line.split()[0] for line in shown] == ["…AB3C", "…AB2C", "…AB1C"]
    assert "en attente de l’original" in shown[0]
    assert "1 fichier manque : à renvoyer" in shown[1]
    assert "complète" in shown[2]


def test_the_page_of_deliveries_tells_no_answer_and_no_name(relais: Installation) -> None:
    relais.post(instance(new_id(), name="Aïchatou", instance_name="Famille Moussa"))
    relais.post(instance(new_id(), instance_name="Famille Issa", deprecated_id=new_id()))
    text = stranger(relais).get(deliveries(relais)).text
    assert [word for word in ("Aïchatou", "Moussa", "Famille", "Téléphone 1") if word in text] == []


def test_a_phone_sees_only_its_own_deliveries(relais: Installation) -> None:
    other = relais.new_phone("Aïcha")
    relais.post(instance("uuid:00000000-0000-0000-0000-00000000ab1c"), url=f"/v1/key/{other.token}/projects/1")
    assert "Rien n’est encore arrivé de ce téléphone" in stranger(relais).words(deliveries(relais))
    assert "AB1C" in stranger(relais).words(f"/deliveries/{other.deliveries}")


def test_a_supervisors_decision_to_send_back_is_shown_and_no_other(relais: Installation, admin: Reader) -> None:
    instance_id = new_id()
    relais.post(instance(instance_id))
    path = f"/projects/1/forms/household/submissions/{instance_id}/review"
    admin.post(path, state="hasIssues", comment="Famille Moussa")
    page = stranger(relais).get(deliveries(relais)).text
    assert "à corriger" in page
    assert "Famille Moussa" not in page
    admin.post(path, state="rejected")
    assert "rejetée" not in stranger(relais).get(deliveries(relais)).text


@pytest.mark.parametrize("token", ["x", "%00", "a" * 64])
def test_a_guessed_address_leads_nowhere(relais: Installation, token: str) -> None:
    assert stranger(relais).get(f"/deliveries/{token}").status_code == 404


def test_a_revoked_phones_page_is_gone_and_a_retired_ones_is_not(relais: Installation, admin: Reader) -> None:
    admin.post(f"{page_of(relais)}/state", state="retired")
    assert stranger(relais).get(deliveries(relais)).status_code == 200
    admin.post(f"{page_of(relais)}/state", state="revoked")
    assert stranger(relais).get(deliveries(relais)).status_code == 404


def test_the_address_of_the_page_is_passed_on_to_nobody(post_node: Installation) -> None:
    headers = stranger(post_node).get(deliveries(post_node)).headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert headers["Cache-Control"] == "no-store"
