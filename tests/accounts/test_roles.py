"""Who may do what where: roles for the site, a project, one form; phones that were given single forms."""

import pytest
from sqlalchemy import create_engine, text

from accounts import roles
from accounts.models import Project
from config.clock import now
from config.database import Database, engine_options
from config.problem import Problem
from config.schema import upgrade
from tests.accounts.calling import person as api_caller
from tests.installation import Installation, instance, new_id, xform
from tests.reader import person as page_reader

# One of everything that the first schema knew of people and their rights.
OLD = """
INSERT INTO server VALUES (1, 'u', 'i', 'r', '2026-01-01 00:00:00+00:00');
INSERT INTO role (id, system, name, verbs) VALUES
  (1, 'admin', 'A', '[]'), (2, 'manager', 'M', '[]'), (3, 'viewer', 'V', '[]'), (4, 'app-user', 'P', '[]');
INSERT INTO actor (id, uid, type, display_name, created_at) VALUES
  (1, 'a', 'user', 'A', '2026-01-01 00:00:00+00:00'), (2, 'b', 'user', 'B', '2026-01-01 00:00:00+00:00'),
  (3, 'c', 'field_key', 'C', '2026-01-01 00:00:00+00:00');
INSERT INTO project (id, uid, name, archived, language, created_at) VALUES
  (7, 'p', 'P', false, 'fr', '2026-01-01 00:00:00+00:00');
INSERT INTO app_user (actor_id, project_id, state, training, generation, token_hash, deliveries_hash) VALUES
  (3, 7, 'retired', false, 1, 'x', 'y');
INSERT INTO assignment (actor_id, role_id, project_id) VALUES (1, 1, 0), (2, 2, 7), (2, 3, 8)"""


def form_id(relais: Installation, name: str = "household") -> int:
    return relais.published[name].form_id


def test_a_role_holds_where_it_was_given_and_below(relais: Installation) -> None:
    with relais.services.database.transaction() as session:
        somebody = relais.phone.actor_id
        first, second, elsewhere = form_id(relais), form_id(relais) + 1, relais.project_id + 1
        session.add(Project(id=elsewhere, uid="x" * 36, name="Ailleurs", created_at=now()))
        session.flush()
        assert roles.assign(session, somebody, "viewer", relais.project_id, first)
        assert not roles.assign(session, somebody, "viewer", relais.project_id, first)
        assert "submission.read" in roles.demand(session, somebody, "form.read", relais.project_id, first)
        assert roles.forms_where(session, somebody, "submission.read", relais.project_id) == frozenset({first})
        assert roles.forms_where(session, somebody, "submission.create", relais.project_id) is None
        for project_id, form in ((relais.project_id, second), (relais.project_id, 0), (elsewhere, first), (0, 0)):
            with pytest.raises(Problem) as refused:
                roles.demand(session, somebody, "form.read", project_id, form)
            assert refused.value.code == 403.1
        with pytest.raises(Problem) as unknown:
            roles.demand(session, somebody, "form.read", 987654)
        assert unknown.value.code == 404.1


def test_more_implies_less_and_the_data_viewer_reads_no_single_submission(relais: Installation) -> None:
    by_name = {role.system: roles.with_implied(role.verbs) for role in roles.ROLES}
    assert "submission.review" in by_name["manager"] & by_name["reviewer"]
    assert "submission.review" not in by_name["viewer"]
    assert not by_name["reviewer"] & {"submission.update", "form.update", "assignment.create", "field_key.list"}
    assert "submission.read.personal" in by_name["viewer"] & by_name["reviewer"]
    assert "submission.read.masked" in by_name["viewer"] & by_name["data-viewer"]
    assert not by_name["data-viewer"] & {"submission.read", "submission.read.personal"}
    with relais.services.database.reading() as session:
        admin = session.scalar(text("SELECT actor_id FROM web_user"))
        assert roles.granted(session, admin) == roles.ROLES[0].verbs


def test_a_phone_given_one_form_sees_and_sends_that_one_only(relais: Installation) -> None:
    relais.publish(xform("other"))
    phone = relais.new_phone(all_forms=False)
    url = f"/v1/key/{phone.token}/projects/{relais.project_id}"
    listed = relais.client.get(f"{url}/formList")
    assert (listed.status_code, b"<formID>" in listed.data) == (200, False)
    assert relais.post(instance(new_id()), url=url).status_code == 403
    with relais.services.database.transaction() as session:
        roles.assign(session, phone.actor_id, roles.APP_USER, relais.project_id, form_id(relais))
    assert relais.client.get(f"{url}/formList").data.count(b"<formID>") == 1
    assert relais.client.get(f"{url}/forms/household.xml").status_code == 200
    assert relais.client.get(f"{url}/forms/other.xml").status_code == 403
    assert relais.post(instance(new_id(), form_id="other"), url=url).status_code == 403
    assert relais.rows("SELECT count(*) FROM receipt") == [(0,)]
    assert relais.post(instance(new_id()), url=url).status_code == 201
    # The other door, of phones that sign in.
    basic = {
        "Authorization": "Basic "
        + __import__("base64").b64encode(f"{phone.username}:{phone.password}".encode()).decode(),
        "X-Forwarded-Proto": "https",
    }
    mine = f"/v1/projects/{relais.project_id}"
    assert relais.client.get(f"{mine}/formList", headers=basic).data.count(b"<formID>") == 1
    assert relais.post(instance(new_id(), form_id="other"), url=mine, headers=basic).status_code == 403
    assert relais.post(instance(new_id()), url=mine, headers=basic).status_code == 201


def test_roles_given_before_forms_had_them_are_kept_under_their_new_numbers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, subtests: pytest.Subtests
) -> None:
    sqlite = f"sqlite:///{tmp_path_factory.mktemp('old') / 'old.sqlite3'}"
    for url in (sqlite, request.getfixturevalue("postgres_url")):
        database = Database(create_engine(url, **engine_options(url)))
        with subtests.test(url.split(":")[0]), database.engine.connect() as connection, connection.begin():
            upgrade(connection, "0002")
            for sql in OLD.split(";"):
                connection.exec_driver_sql(sql)
            upgrade(connection)
            rows = connection.execute(
                text("SELECT actor_id, role_id, project_id, form_id FROM assignment ORDER BY 1, 2")
            )
            assert [tuple(row) for row in rows] == [(1, 1, 0, 0), (2, 5, 7, 0), (2, 6, 8, 0), (3, 2, 7, 0)]
        database.close()


def test_a_reviewer_decides_on_pages_and_over_rest_and_changes_nothing_else(post_node: Installation) -> None:
    first = new_id()
    post_node.post(instance(first))
    reviewer = page_reader(post_node, "rev@example.org", "reviewer")
    page = f"/projects/1/forms/household/submissions/{first}"
    assert "Approuver" in reviewer.words(page)
    assert reviewer.post(f"{page}/review", state="approved").status_code == 303
    assert post_node.rows("SELECT review_state FROM submission") == [("approved",)]
    caller = api_caller(post_node, "rev2@example.org", "reviewer", post_node.project_id)
    rest = f"/projects/1/forms/household/submissions/{first}"
    assert caller.done("PATCH", rest, {"reviewState": "hasIssues"})["reviewState"] == "hasIssues"
    assert caller("POST", f"{rest}/comments", {"body": "à revoir"}).status_code == 200
    for method, path in (
        ("DELETE", rest),
        ("PATCH", "/projects/1"),
        ("POST", "/projects/1/app-users"),
        ("GET", "/projects/1/assignments"),
    ):
        assert caller(method, path, {"name": "x", "displayName": "x"}).status_code == 403
