"""People and their roles on pages: inviting without mail, giving, taking back, showing only a part."""

import re

import pytest

from accounts import web_users
from accounts.projects import create_project
from accounts.scopes import Rule, Scope, scope_of
from tests.installation import PASSWORD, Installation, instance, new_id, xform
from tests.reader import Reader, counted, person, sign_in, stranger

TEAM = "/projects/1/people"
NEW = "aicha@example.org"
CHOSEN = "quatre mots sans rapport 77"


@pytest.fixture
def admin(relais: Installation) -> Reader:
    return sign_in(relais)


@pytest.fixture
def boss(post_node: Installation) -> Reader:
    """The administrator where storage is not the question."""
    return sign_in(post_node)


def number_of(relais: Installation, email: str) -> int:
    with relais.services.database.reading() as session:
        account = web_users.account_by_email(session, email)
        assert account is not None
        return account.actor.id


def link_in(text: str) -> str:
    found = re.search(r"http://[^/]+(/account/claim/[^<\s]+)", text)
    assert found is not None
    return found[1]


def test_somebody_new_is_invited_chooses_a_password_and_is_in(relais: Installation, admin: Reader) -> None:
    answer = admin.post(TEAM, email=NEW, name="Aïcha", role="reviewer", form="0")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    link = link_in(answer.text)
    # Not the name this machine has for itself: the link is opened elsewhere.
    assert "localhost" not in answer.text
    aicha = stranger(relais)
    assert NEW in aicha.words(link)
    done = aicha.client.post(link, data={"csrf_token": _token(aicha, link), "password": CHOSEN})
    assert done.status_code == 303
    assert "Frontières" in aicha.words("/")
    assert aicha.get(link).status_code == 404
    relais.post(instance(first := new_id()))
    assert aicha.post(f"/projects/1/forms/household/submissions/{first}/review", state="approved").status_code == 303
    assert aicha.get(TEAM).status_code == 403
    assert "Aïcha Superviseur" in admin.words(TEAM)


def _token(reader: Reader, path: str) -> str:
    return str(reader.page(path).xpath("//main//input[@name='csrf_token']/@value")[0])


def test_a_manager_adds_whom_is_known_and_invites_nobody(post_node: Installation) -> None:
    manager = person(post_node, "manager@example.org", "manager")
    person(post_node, "known@example.org", None)
    assert "Demandez d’abord à un administrateur" in manager.post(TEAM, email=NEW, role="viewer", form="0").text
    assert "n’est pas une adresse" in manager.post(TEAM, email="rien", role="viewer", form="0").text
    assert "Le rôle est donné" in manager.follow(TEAM, email="known@example.org", role="viewer", form="0")
    assert manager.post(TEAM, email="known@example.org", role="admin", form="0").status_code == 400
    assert manager.get("/people").status_code == 403
    known = f"{TEAM}/{number_of(post_node, 'known@example.org')}"
    assert "n’a plus de rôle ici" in manager.follow(f"{known}/role", role="", form="0")
    assert manager.get(known).status_code == 404


def test_a_role_takes_the_place_of_the_one_before(post_node: Installation, boss: Reader) -> None:
    person(post_node, "viewer@example.org", "viewer")
    page = f"{TEAM}/{number_of(post_node, 'viewer@example.org')}"
    form = post_node.published["household"].form_id
    boss.follow(f"{page}/role", role="manager", form="0")
    words = boss.follow(f"{page}/role", role="viewer", form=str(form))
    assert "Responsable de projet tous les formulaires du projet" in words
    assert "Lecteur Ménage" in words
    assert boss.follow(f"{page}/role", role="", form=str(form)).count("Lecteur Ménage") == 0
    assert boss.post(f"{page}/role", role="viewer", form="987").status_code == 404
    roles = "SELECT role_id, project_id, form_id FROM assignment a JOIN web_user u USING (actor_id) WHERE email LIKE 'viewer%'"
    assert post_node.rows(roles) == [(5, 1, 0)]


def test_nobody_gives_away_more_than_they_may_or_takes_their_own(post_node: Installation) -> None:
    manager = person(post_node, "manager@example.org", "manager")
    own = f"{TEAM}/{number_of(post_node, 'manager@example.org')}"
    assert "Vous ne pouvez pas vous retirer cela" in manager.post(f"{own}/role", role="viewer", form="0").text
    admin = sign_in(post_node)
    me = number_of(post_node, "admin@example.org")
    assert admin.post(f"/people/{me}/roles/taken", role="admin", place="0").status_code == 409
    assert admin.post(f"/people/{me}/leave").status_code == 409
    assert manager.post(f"/people/{me}/link").status_code == 403


def test_a_person_sees_only_the_part_that_was_given(relais: Installation, admin: Reader) -> None:
    viewer = person(relais, "viewer@example.org", "viewer")
    number = number_of(relais, "viewer@example.org")
    fields = {"rule": "1", "property-0": "name", "values-0": "Moussa\nHadiza, Ali", "form-0": "0", "hidden": "P"}
    words = admin.follow(f"{TEAM}/{number}/scope", **fields)
    assert "name = Moussa, Hadiza, Ali" in words
    assert "Réponses cachées : P" in words
    assert "voit une partie" in admin.words(TEAM)
    ids = {name: new_id() for name in ("Aïchatou", "Moussa")}
    for name, instance_id in ids.items():
        relais.post(instance(instance_id, name=name, instance_name=f"Chez {name}"))
    seen = viewer.words("/projects/1/forms/household")
    # What a submission is called is made of answers, so it is hidden with any of them.
    assert f"Fiche {ids['Moussa'][-4:].upper()}" in seen
    assert f"Fiche {ids['Aïchatou'][-4:].upper()}" not in seen
    assert "Chez" not in seen
    with relais.services.database.reading() as session:
        assert scope_of(session, number, 1).rules == (Rule("name", ("Moussa", "Hadiza", "Ali")),)
    admin.follow(f"{TEAM}/{number}/scope", rule="1")
    with relais.services.database.reading() as session:
        assert scope_of(session, number, 1) == Scope()
    assert "Chez Aïchatou" in viewer.words("/projects/1/forms/household")


def test_a_condition_that_means_nothing_is_said_beside_what_was_typed(post_node: Installation, boss: Reader) -> None:
    person(post_node, "viewer@example.org", "viewer")
    page = f"{TEAM}/{number_of(post_node, 'viewer@example.org')}"
    fields = {"rule": "1", "property-0": "nulle_part", "values-0": "x", "form-0": "0"}
    answer = boss.post(f"{page}/scope", **fields)
    assert answer.status_code == 400
    assert 'value="nulle_part"' in answer.text
    assert boss.post(f"{page}/scope", rule="1", **{"property-0": "name"}).status_code == 400
    assert post_node.rows("SELECT count(*) FROM scope_rule") == [(0,)]


def test_whoever_sees_a_part_changes_what_nobody_sees(post_node: Installation, boss: Reader) -> None:
    manager = person(post_node, "manager@example.org", "manager")
    person(post_node, "viewer@example.org", "viewer")
    mine, other = (f"{TEAM}/{number_of(post_node, f'{name}@example.org')}" for name in ("manager", "viewer"))
    boss.follow(f"{mine}/scope", rule="1", own="1")
    for page in (mine, other):
        assert "Ne montrer qu’une partie" not in manager.words(page)
        assert manager.post(f"{page}/scope", rule="1").status_code == 403


def test_a_project_elsewhere_is_nobodys_business(post_node: Installation) -> None:
    with post_node.services.database.transaction() as session:
        other = create_project(session, "Ailleurs", language="fr").id
    colleague = person(post_node, "other@example.org", "manager", other)
    assert colleague.get(TEAM).status_code == 403
    assert colleague.post(TEAM, email="other@example.org", role="manager", form="0").status_code == 403
    assert "Frontières" not in colleague.words(f"/projects/{other}/people")


def test_a_long_team_costs_as_many_statements_as_a_short_one(post_node: Installation, boss: Reader) -> None:
    def join(count: int) -> None:
        for number in range(count):
            post_node.publish(xform(f"form{number}-{count}"))
            with post_node.services.database.transaction() as session:
                web_users.create_web_user(
                    session, f"p{number}-{count}@example.org", PASSWORD, role="viewer", project_id=1
                )

    join(1)
    for path in (TEAM, "/people"):
        with counted(post_node) as few:
            boss.get(path)
        join(len(few) + 5)
        with counted(post_node) as many:
            boss.get(path)
        assert len(many) == len(few) <= 13
        post_node.publish(xform("again"))
