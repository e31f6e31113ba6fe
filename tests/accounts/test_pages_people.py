"""Pages about people: inviting by a link, choosing a password with it, giving and taking roles."""

import re

import pytest

from accounts import web_users
from tests.installation import PASSWORD, Installation
from tests.reader import Reader, person, sign_in, stranger

NEW = "four other words entirely"
# Never localhost, where the browser that is handed the link would look in itself.
LINK = re.compile(r"http://(?!localhost)[^/]+(/account/claim/[^<\s]+)")


def link_in(text: str) -> str:
    found = LINK.search(text)
    assert found is not None
    return found[1]


def invited(admin: Reader, email: str, **fields: str) -> str:
    """Somebody new; the link that was shown."""
    answer = admin.post("/people", email=email, role="reviewer", place="0", **fields)
    assert answer.status_code == 200, answer.text[-400:]
    assert answer.headers["Cache-Control"] == "no-store"
    return link_in(answer.text)


def test_somebody_is_invited_by_a_link_and_chooses_a_password(relais: Installation) -> None:
    admin = sign_in(relais)
    link = invited(admin, "Nouveau@Example.org")
    listed = admin.words("/people")
    assert "nouveau@example.org · Superviseur · jamais connecté" in listed
    newcomer = stranger(relais)
    assert "Choisissez votre mot de passe" in newcomer.words(link)
    short = newcomer.post(link, password="short")
    assert (short.status_code, 'id="password-error"' in short.text) == (400, True)
    assert newcomer.post(link, password=NEW).location == "/account?done=password"
    assert "nouveau@example.org" in newcomer.words("/account")
    used = stranger(relais)
    assert used.get(link).status_code == 404
    assert "Demandez-en un nouveau" in used.get(link).text
    assert used.post(link, password=NEW).status_code == 404
    sign_in_again = stranger(relais).post("/sign-in", email="nouveau@example.org", password=NEW)
    assert sign_in_again.status_code == 303


def test_an_address_that_is_taken_or_none_is_told_beside_its_field(post_node: Installation) -> None:
    admin = sign_in(post_node)
    for email, status in (("admin@example.org", 409), ("nobody", 400)):
        answer = admin.post("/people", email=email, role="viewer", place="0")
        assert (answer.status_code, 'id="email-error"' in answer.text) == (status, True)


def test_roles_are_given_and_taken_back_and_an_account_removed(relais: Installation) -> None:
    admin = sign_in(relais)
    with relais.services.database.transaction() as session:
        somebody = web_users.create_web_user(session, "anne@example.org", PASSWORD).id
    page = f"/people/{somebody}"
    assert "cette personne ne voit encore rien" in admin.words(page)
    project = str(relais.project_id)
    assert "Le rôle est donné" in admin.follow(f"{page}/roles", role="manager", place=project)
    assert "Responsable de projet, Frontières" in admin.words(page)
    anne = sign_in(relais, "anne@example.org")
    assert "Frontières" in anne.words("/")
    assert "Le rôle est repris" in admin.follow(f"{page}/roles/taken", role="manager", place=project)
    assert "Frontières" not in anne.words("/")
    assert link_in(admin.post(f"{page}/link").text)
    assert "anne@example.org" not in admin.follow(f"{page}/leave")
    assert anne.get("/account").status_code == 401
    assert admin.get(page).status_code == 404


def test_a_manager_gives_roles_in_a_project_to_who_has_an_account(relais: Installation) -> None:
    manager = person(relais, "m@example.org", "manager")
    with relais.services.database.transaction() as session:
        web_users.create_web_user(session, "anne@example.org", PASSWORD)
    page = f"/projects/{relais.project_id}/people"
    assert "Superviseur tous les formulaires" in manager.follow(page, email="Anne@example.org", role="reviewer")
    assert "anne Superviseur" in manager.words(page)
    answer = manager.post(page, email="nobody@example.org", role="reviewer")
    assert (answer.status_code, 'id="email-error"' in answer.text) == (404, True)
    assert manager.post(page, email="anne@example.org", role="admin").status_code == 400
    anne = sign_in(relais, "anne@example.org")
    actor = relais.rows("SELECT actor_id FROM web_user WHERE email = 'anne@example.org'")[0][0]
    assert anne.get(page).status_code == 403
    assert "anne Superviseur" not in manager.follow(f"{page}/{actor}/role", role="", form="0")


@pytest.mark.parametrize("role", ["manager", "viewer"])
def test_only_administrators_see_everyone(post_node: Installation, role: str) -> None:
    reader = person(post_node, f"{role}@example.org", role)
    assert reader.get("/people").status_code == 403
    assert "/people" not in reader.get("/account").text
    assert "/people" in sign_in(post_node).get("/account").text
