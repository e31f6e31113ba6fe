"""The first page, a project, a form: what they count, how they are filtered, what they cost."""

import gzip
import re
from datetime import timedelta

import pytest
import time_machine

from accounts.projects import create_project
from collector import queries
from config.clock import now
from forms.states import set_form_state
from tests.installation import Installation, instance, new_id, xform
from tests.reader import Reader, counted, person, sign_in

FORM = "/projects/1/forms/household"


@pytest.fixture
def admin(relais: Installation) -> Reader:
    return sign_in(relais)


def fill(relais: Installation, count: int, name: str = "Fiche") -> list[str]:
    """Submissions named `Fiche 1` and so on, a minute apart; their instanceIDs, oldest first."""
    ids = []
    start = now() - timedelta(hours=4)
    for number in range(count):
        ids.append(new_id())
        with time_machine.travel(start + timedelta(minutes=number)):
            relais.post(instance(ids[-1], instance_name=f"{name} {number + 1}"))
    return ids


def rows(reader: Reader, path: str) -> list[str]:
    """The titles of the rows of a list."""
    return [str(title.text_content()).strip() for title in reader.page(path).xpath("//a[@class='row-title']")]


# What must I look at?


def test_the_first_page_says_what_is_to_be_read_and_to_be_decided(relais: Installation, admin: Reader) -> None:
    first, *_ = fill(relais, 3)
    relais.post(instance(first, name="Une autre"))
    relais.post(instance(new_id(), deprecated_id=new_id()))
    relais.post(instance(new_id(), version="7"))
    page = admin.page("/")
    counts = dict(zip(rows(admin, "/"), page.xpath("//b[@class='row-count']/text()"), strict=False))
    assert counts == {
        "Choisir entre deux versions": "1",
        "Laisser entrer ou écarter": "1",
        "Des corrections sans leur original": "1",
        "Ménage": "3",
    }
    assert "1 sur 1 ont envoyé ces 7 derniers jours" in admin.words("/")


def test_the_first_page_is_calm_when_everything_is_read(relais: Installation, admin: Reader) -> None:
    (only,) = fill(relais, 1)
    admin.post(f"{FORM}/submissions/{only}/review", state="approved")
    assert "Tout est lu et décidé" in admin.words("/")


def test_what_a_training_phone_sends_asks_nobody_for_anything(relais: Installation, admin: Reader) -> None:
    trainee = relais.new_phone("Exercice", training=True)
    relais.post(instance(new_id()), url=f"/v1/key/{trainee.token}/projects/1")
    assert "Tout est lu et décidé" in admin.words("/")
    assert "Aucune fiche pour le moment" in admin.words(FORM)
    assert len(rows(admin, f"{FORM}?training=1")) == 1


def test_the_first_page_shows_only_projects_one_has_a_role_in(post_node: Installation) -> None:
    with post_node.services.database.transaction() as session:
        create_project(session, "Ailleurs", language="fr")
    words = person(post_node, "viewer@example.org", "viewer").words("/")
    assert "Frontières" in words
    assert "Ailleurs" not in words
    assert "Ailleurs" in sign_in(post_node).words("/")


def test_a_person_without_any_role_is_told_whom_to_ask(post_node: Installation) -> None:
    nobody = person(post_node, "new@example.org", None)
    assert "Aucun projet ne vous est encore ouvert" in nobody.words("/")


# A project


def test_a_project_says_how_each_form_stands(relais: Installation, admin: Reader) -> None:
    first, *_ = fill(relais, 2)
    admin.post(f"{FORM}/submissions/{first}/review", state="hasIssues")
    with relais.services.database.transaction() as session:
        set_form_state(session, 1, "household", "closed")
    words = admin.words("/projects/1")
    assert "Ménage fermé · 2 fiches · dernière" in words
    assert "1 à lire · 1 à corriger" in words


def test_a_project_without_forms_says_how_to_add_one_to_those_who_may(post_node: Installation) -> None:
    with post_node.services.database.transaction() as session:
        create_project(session, "Vide", language="fr")
    assert sign_in(post_node).page("/projects/2").xpath("//a[@href='/projects/2/new-form']")
    words = person(post_node, "viewer@example.org", "viewer", 2).words("/projects/2")
    assert "Qui s’occupe des formulaires de ce projet les publie ici." in words
    assert "Ajouter" not in words


# The submissions of a form


def test_submissions_are_listed_newest_first_in_pages(relais: Installation, admin: Reader) -> None:
    fill(relais, queries.PAGE + 3)
    names = [f"Fiche {number}" for number in range(queries.PAGE + 3, 0, -1)]
    first = admin.page(FORM)
    assert rows(admin, FORM) == names[: queries.PAGE]
    older = first.xpath("//a[@rel='next']/@href")[0]
    assert not first.xpath("//a[@rel='prev']")
    second = admin.page(older)
    assert rows(admin, older) == names[queries.PAGE :]
    assert not second.xpath("//a[@rel='next']")
    newer = second.xpath("//a[@rel='prev']/@href")[0]
    assert rows(admin, newer) == names[: queries.PAGE]
    assert not admin.page(newer).xpath("//a[@rel='prev']")


def test_a_page_stays_the_same_while_new_ones_arrive(relais: Installation, admin: Reader) -> None:
    fill(relais, queries.PAGE + 2)
    older = admin.page(FORM).xpath("//a[@rel='next']/@href")[0]
    before = rows(admin, older)
    relais.post(instance(new_id(), instance_name="Arrivée entre-temps"))
    assert rows(admin, older) == before


def test_submissions_are_found_by_state_phone_name_and_number(relais: Installation, admin: Reader) -> None:
    ids = fill(relais, 3)
    other = relais.new_phone("Aïcha")
    relais.post(instance("uuid:1234-abcd", instance_name="50 % fini"), url=f"/v1/key/{other.token}/projects/1")
    admin.post(f"{FORM}/submissions/{ids[0]}/review", state="approved")
    assert rows(admin, f"{FORM}?state=approved") == ["Fiche 1"]
    assert rows(admin, f"{FORM}?state=unread") == ["50 % fini", "Fiche 3", "Fiche 2"]
    assert rows(admin, f"{FORM}?phone={other.actor_id}") == ["50 % fini"]
    assert rows(admin, f"{FORM}?text=fiche+3") == ["Fiche 3"]
    assert rows(admin, f"{FORM}?text=%25") == ["50 % fini"]
    assert rows(admin, f"{FORM}?text=ABCD") == ["50 % fini"]
    assert "Aucune fiche ne correspond" in admin.words(f"{FORM}?text=rien")


def test_filters_stay_while_paging(post_node: Installation) -> None:
    fill(post_node, queries.PAGE + 1)
    older = sign_in(post_node).page(f"{FORM}?text=fiche&state=received").xpath("//a[@rel='next']/@href")[0]
    assert "text=fiche" in older
    assert "state=received" in older


def test_a_row_says_which_files_are_missing(relais: Installation, admin: Reader) -> None:
    relais.post(instance(new_id(), photo="a.jpg"), {"a.jpg": b"1"})
    relais.post(instance(new_id(), photo="b.jpg"))
    assert admin.words(FORM).count("1 fichier manque") == 1


def test_a_submission_without_a_name_goes_by_the_end_of_its_id(relais: Installation, admin: Reader) -> None:
    relais.post(instance("uuid:00000000-0000-0000-0000-00000000ab1c"))
    assert rows(admin, FORM) == ["Fiche AB1C"]


@pytest.mark.parametrize("path", ["/", "/projects/1", FORM, "/projects/1/phones", "/projects/1/waiting"])
def test_a_long_list_costs_as_many_statements_as_a_short_one(relais: Installation, admin: Reader, path: str) -> None:
    def arrive(count: int) -> None:
        for number in range(count):
            relais.publish(xform(f"form{number}-{count}", title=f"F{number}"))
            phone = relais.new_phone(f"P{number}")
            key = f"/v1/key/{phone.token}/projects/1"
            instance_id = new_id()
            relais.post(instance(instance_id, photo="a.jpg"), url=key)
            relais.post(instance(instance_id, name="Autre", photo="b.jpg"), url=key)

    arrive(1)
    with counted(relais) as few:
        admin.get(path)
    arrive(6)
    with counted(relais) as many:
        admin.get(path)
    assert len(many) == len(few)
    assert len(many) <= 20


def test_a_reader_of_many_projects_costs_as_many_statements_as_one_of_few(post_node: Installation) -> None:
    reader = person(post_node, "viewer@example.org", "viewer")
    with counted(post_node) as few:
        reader.get("/")
    for number in range(5):
        with post_node.services.database.transaction() as session:
            project = create_project(session, f"P{number}", language="fr").id
        person(post_node, f"viewer{number}@example.org", "viewer", project)
    admin = sign_in(post_node)
    with counted(post_node) as many:
        admin.get("/")
    assert len(many) <= len(few) + 1


def test_a_first_visit_weighs_less_than_100_kilobytes(post_node: Installation) -> None:
    fill(post_node, queries.PAGE)
    admin = sign_in(post_node)
    headers = {"Accept-Encoding": "gzip"}
    page = admin.client.get(FORM, headers=headers)
    loaded = set(re.findall(r'(?:href|src)="(/assets/[^"]+)"', gzip.decompress(page.data).decode()))
    total = len(page.data) + sum(len(admin.client.get(path, headers=headers).data) for path in loaded)
    assert len(loaded) == 3
    assert total < 25_000


# Data


def test_the_data_are_the_same_bytes_as_the_apis(relais: Installation, admin: Reader) -> None:
    fill(relais, 2)
    api = relais.client.get("/v1/projects/1/forms/household/submissions.csv", headers=relais.admin, buffered=True)
    page = admin.get(f"{FORM}/data/csv")
    assert page.data == api.data
    assert "attachment" in page.headers["Content-Disposition"]
    assert admin.get(f"{FORM}/data/csv.zip?attachments=false").data[:2] == b"PK"


def test_taking_data_out_is_remembered_with_who_did_it(relais: Installation, admin: Reader) -> None:
    admin.get(f"{FORM}/data/csv")
    rows = relais.rows("SELECT action, actor_id FROM event WHERE action = 'form.submission.export'")
    assert rows == [("form.submission.export", relais.rows("SELECT actor_id FROM web_user")[0][0])]


# The state of a form


def test_closing_a_form_sets_aside_what_still_comes(relais: Installation, admin: Reader) -> None:
    assert "L’état du formulaire est changé" in admin.follow(f"{FORM}/state", state="closed")
    assert relais.post(instance(new_id())).status_code == 202
    assert relais.statuses() == [("quarantined", "late")]
    assert "mis de côté, à décider" in admin.words(FORM)


def test_the_versions_of_a_form_say_which_one_phones_receive(relais: Installation, admin: Reader) -> None:
    relais.publish(xform(version="2"))
    page = admin.page(f"{FORM}/versions")
    lines = [" ".join(line.text_content().split()) for line in page.xpath("//dl[@class='summary']/div")]
    assert [line.split()[0] for line in lines] == ["2", "1"]
    assert "sur les téléphones" in lines[0]
    assert "sur les téléphones" not in lines[1]
