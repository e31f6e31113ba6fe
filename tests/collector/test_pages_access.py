"""Who may open which page: every route of the application, found in its own map, so that a new page cannot be forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from lxml import html
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

import app
import config.pages
from accounts import web_users
from accounts.projects import create_project
from accounts.resets import make_reset
from collector.export_queue import run_next
from config.segments import SegmentConverter
from forms.models import Form
from forms.trash import delete_form
from tests.installation import PASSWORD, Installation, install, instance, new_id, xform
from tests.reader import Reader, sign_in, stranger

SECRETS = ("Frontières", "Ménage", "Fiche secrète", "Aïchatou", "Téléphone 1", "secret.jpg")

# Pages anybody may open, and what a stranger finds there.
OPEN = {
    "collector_pages.show_home": 200,
    "accounts_pages.show_sign_in": 200,
    "accounts_claim_pages.show_claim": 200,
    "collector_delivery_pages.show_deliveries": 200,
    "pages.asset": 200,
}
# Forms anybody may send, because they change nothing but one's own browser or session.
OPEN_FORMS = {"pages.speak", "accounts_pages.sign_in", "accounts_claim_pages.claim"}
# Pages about oneself: for everyone who is signed in.
OWN = {"accounts_pages.show_account", "accounts_pages.change_password", "accounts_pages.sign_out"}
# Reading that leaves a trace in the log: who took data out.
LOGGED = {"collector_export_pages.download", "collector_export_pages.download_chosen"}
# What readers may ask for, and keep for themselves; nobody else sees it.
FOR_READERS = {"collector_encrypted_pages.open_encrypted"} | {
    f"collector_export_pages.{name}" for name in ("order", "withdraw", "keep_preset", "forget_preset")
}
NOBODY_ELSES = {"collector_export_pages.show_export", "collector_export_pages.fetch"}
# Pages a viewer of the project may not even read.
NOT_FOR_VIEWERS = {
    *(f"collector_people_pages.{name}" for name in ("show_people", "show_member")),
    *(f"collector_phone_pages.{name}" for name in ("show_phones", "show_phone", "show_sheet", "show_sheets")),
    *(f"collector_library_pages.{name}" for name in ("show_new_form", "show_deleted_forms")),
    *("collector_draft_pages.show_draft", "collector_publish_pages.show_publish", "accounts_pages.show_styleguide"),
    *("merge_pages.show_choices", "evidence_pages.show_interviews"),
    *(f"collector_trial_pages.{name}" for name in ("show_preview", "show_test", "show_tested", "show_tested_file")),
}
PHOTO = {"secret.jpg": b"\xff\xd8\xffx"}
ANSWERS = {"state": "approved", "decision": "prefer", "comment": "x", "name": "x"}
# Buttons that ask for nothing: pressing them is the whole question, so there is no nonsense to send.
BARE_BUTTONS = {
    *("collector_draft_pages.discard", "collector_library_pages.restore", "collector_version_pages.delete"),
    *("accounts_people_pages.remove_person", "collector_export_pages.withdraw"),
}


@dataclass
class House:
    """An installation with one of everything, and the people who knock."""

    relais: Installation
    values: dict[str, object]
    admin: Reader
    viewer: Reader
    colleague: Reader
    nobody: Reader
    two: list[str]

    def path(self, rule: Rule) -> str:
        """An address of this route that leads to something real."""
        # A route with a new kind of argument stops here: give it a real value in `house`.
        real = {"rule": "too_fast"} | self.values | ({"name": "relais.css"} if rule.endpoint == "pages.asset" else {})
        values = {name: real[name] for name in rule.arguments} | {"of": self.two if "merge" in rule.endpoint else None}
        return self.relais.app.url_map.bind("localhost").build(rule.endpoint, values)

    def events(self) -> int:
        """How much has happened, sessions apart."""
        return int(self.relais.rows("SELECT count(*) FROM event WHERE action NOT IN ('user.session.create')")[0][0])


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    for relais in install(tmp_path_factory.mktemp("house") / "data"):
        first, second = new_id(), new_id()
        relais.post(instance(first, instance_name="Fiche secrète", photo="secret.jpg"), PHOTO)
        relais.post(instance(first, name="Une autre", photo="secret.jpg"), PHOTO)
        relais.post(instance(second, name="Rabi"))
        draft = relais.draft(xform(version="2"))
        relais.post(
            instance(first, version="2", photo="secret.jpg"),
            PHOTO,
            url=f"/v1/test/{draft.draft_token}/projects/1/forms/household/draft",
        )
        gone = relais.publish(xform("gone")).form_id
        waiting = relais.rows("SELECT id FROM receipt WHERE status = 'conflict'")[0][0]
        with relais.services.database.transaction() as session:
            delete_form(session, session.get_one(Form, (relais.project_id, gone)))
            other = create_project(session, "Ailleurs", language="fr").id
            viewer_id = web_users.create_web_user(
                session, "viewer@example.org", PASSWORD, role="viewer", project_id=relais.project_id
            ).id
            claim = make_reset(session, web_users.get_account(session, viewer_id), by=None)
            web_users.create_web_user(session, "colleague@example.org", PASSWORD, role="manager", project_id=other)
        admin, viewer, colleague = (sign_in(relais, f"{name}@example.org") for name in ("admin", "viewer", "colleague"))
        admin.post("/projects/1/forms/household/data/exports", format="csv")
        run_next(relais.services)
        values = {
            "project_id": relais.project_id,
            "xml_form_id": "household",
            "instance_id": first,
            "other_id": second,
            "receipt_id": waiting,
            "actor_id": relais.phone.actor_id,
            "form_number": gone,
            "token": relais.phone.deliveries,
            "person_id": viewer_id,
            "claim_token": claim.token,
            "name": "secret.jpg",
            "kind": "csv",
            "number": relais.rows("SELECT id FROM export")[0][0],
            "digest": "0",
        }
        yield House(relais, values, admin, viewer, colleague, stranger(relais), [first, second])


def _is_page(rule: Rule) -> bool:
    return not rule.rule.startswith("/v1") and rule.endpoint.partition(".")[0] not in ("openrosa", "health")


def _rules(method: str) -> list[Rule]:
    """Every page of the application that answers this method, read from its blueprints without opening a database."""
    bare = Flask("bare")
    bare.url_map.converters["segment"] = SegmentConverter
    for blueprint in (config.pages.pages, *app.BLUEPRINTS):
        bare.register_blueprint(blueprint)
    found = (rule for rule in bare.url_map.iter_rules() if _is_page(rule) and rule.endpoint != "static")
    return sorted((rule for rule in found if method in (rule.methods or ())), key=lambda rule: rule.endpoint)


def said(answer: TestResponse) -> str:
    """What was sent, pictures too."""
    return answer.data.decode("utf-8", "replace")


READING, WRITING = _rules("GET"), _rules("POST")
PROTECTED = [rule for rule in READING if rule.endpoint not in OPEN]
OF_PROJECT = [rule for rule in PROTECTED if "project_id" in rule.arguments]
GUARDED = [rule for rule in WRITING if rule.endpoint not in OPEN_FORMS]
CHANGING = [rule for rule in GUARDED if rule.endpoint not in OWN]


def reading(rules: list[Rule]) -> pytest.MarkDecorator:
    """The test once for each of these routes."""
    return pytest.mark.parametrize("rule", rules, ids=lambda rule: rule.endpoint)


def test_no_page_is_served_that_these_tests_do_not_know(house: House) -> None:
    served = {rule.endpoint for rule in house.relais.app.url_map.iter_rules() if _is_page(rule)}
    assert served == {rule.endpoint for rule in READING + WRITING}
    assert {rule.endpoint for rule in READING} >= {*OPEN, *LOGGED, *NOT_FOR_VIEWERS}


def test_the_secrets_looked_for_are_on_the_pages_of_those_who_may_see_them(house: House) -> None:
    pages = "".join(said(house.admin.get(house.path(rule))) for rule in OF_PROJECT)
    assert [secret for secret in SECRETS if secret not in pages] == []


@reading(READING)
def test_the_administrator_can_open_every_page(house: House, rule: Rule) -> None:
    before = house.events()
    answer = house.admin.get(house.path(rule))
    assert answer.status_code in ((200, 303) if rule.endpoint == "accounts_pages.show_sign_in" else (200,))
    assert bool(house.events() - before) == (rule.endpoint in LOGGED), "reading a page changed something"


@reading(READING)
def test_a_page_looked_at_twice_has_changed_nothing(house: House, rule: Rule) -> None:
    tables = ("receipt", "submission", "comment", "form", "app_user", "web_user", "receipt_file", "answers")
    before = [house.relais.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables]
    for _ in range(2):
        house.admin.get(house.path(rule))
    assert [house.relais.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables] == before


@reading(PROTECTED)
def test_a_stranger_is_shown_the_sign_in_form_and_nothing_else(house: House, rule: Rule) -> None:
    answer = house.nobody.get(house.path(rule))
    assert answer.status_code == 401
    assert 'name="password"' in answer.text
    assert [secret for secret in SECRETS if secret in said(answer).replace(house.path(rule), "")] == []


@reading([rule for rule in READING if rule.endpoint in OPEN])
def test_what_a_stranger_may_open_tells_no_secret(house: House, rule: Rule) -> None:
    answer = house.nobody.get(house.path(rule))
    # The page of deliveries names the project and the forms to whoever holds the phone, never answers or people.
    shown = SECRETS[2:] if rule.endpoint == "collector_delivery_pages.show_deliveries" else SECRETS
    assert [secret for secret in shown if secret in said(answer)] == []


@reading(OF_PROJECT)
def test_a_colleague_from_another_project_sees_nothing_of_this_one(house: House, rule: Rule) -> None:
    answer = house.colleague.get(house.path(rule))
    assert answer.status_code in (403, 404)
    assert [secret for secret in SECRETS if secret in said(answer).replace(house.path(rule), "")] == []


@reading(OF_PROJECT)
def test_whether_a_project_exists_is_no_business_of_strangers_to_it(house: House, rule: Rule) -> None:
    real, invented = house.path(rule), house.path(rule).replace("/projects/1", "/projects/987654", 1)
    assert house.colleague.get(real).status_code == house.colleague.get(invented).status_code
    assert house.admin.get(invented).status_code == 404


@reading(OF_PROJECT)
def test_a_viewer_reads_the_data_and_not_the_keys_of_phones(house: House, rule: Rule) -> None:
    answer = house.viewer.get(house.path(rule))
    refused = 403 if rule.endpoint in NOT_FOR_VIEWERS else 404 if rule.endpoint in NOBODY_ELSES else 200
    assert answer.status_code == refused
    assert house.relais.phone.token not in said(answer)
    assert house.relais.phone.deliveries not in said(answer)


@reading([rule for rule in OF_PROJECT if rule.endpoint not in NOT_FOR_VIEWERS])
def test_a_viewer_is_offered_no_form_that_would_change_something(house: House, rule: Rule) -> None:
    answer = house.viewer.get(house.path(rule))
    if answer.mimetype == "text/html":
        forms = html.document_fromstring(answer.text).iterfind(".//form[@method='post']")
        assert {form.get("action") for form in forms} <= {"/language", "/sign-out"}


@reading([rule for rule in CHANGING if rule.endpoint not in FOR_READERS])
def test_a_viewer_cannot_change_anything(house: House, rule: Rule) -> None:
    before = house.events()
    assert house.viewer.post(house.path(rule), **ANSWERS).status_code == 403
    assert house.events() == before


@reading(GUARDED)
def test_a_stranger_cannot_change_anything(house: House, rule: Rule) -> None:
    before = house.events()
    assert house.nobody.post(house.path(rule), state="approved", decision="prefer").status_code == 401
    assert house.events() == before


@reading(CHANGING)
def test_a_colleague_from_another_project_cannot_change_anything(house: House, rule: Rule) -> None:
    before = house.events()
    assert house.colleague.post(house.path(rule), state="approved", decision="prefer").status_code in (403, 404)
    assert house.events() == before


@reading(GUARDED)
def test_a_form_without_proof_of_origin_changes_nothing(house: House, rule: Rule) -> None:
    before = house.events()
    assert house.admin.client.post(house.path(rule), data=ANSWERS).status_code == 403
    stolen = {**ANSWERS, "csrf_token": house.viewer.token()}
    assert house.admin.client.post(house.path(rule), data=stolen).status_code == 403
    assert house.events() == before


@reading(GUARDED)
def test_a_form_sent_by_another_site_changes_nothing(house: House, rule: Rule) -> None:
    before = house.events()
    data = {"csrf_token": house.admin.token(), "state": "approved", "decision": "prefer", "name": "x"}
    answer = house.admin.client.post(house.path(rule), data=data, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403
    assert house.events() == before


@reading([rule for rule in CHANGING if rule.endpoint not in BARE_BUTTONS])
def test_a_form_that_asks_for_nonsense_is_refused_in_words(house: House, rule: Rule) -> None:
    fields = {"state": "\0", "decision": "\0", "name": "\0", "comment": "\0", "version": "9" * 40, "note": "\0"}
    answer = house.admin.post(house.path(rule), **fields)
    # A link for choosing a password asks for nothing, and is shown in the answer itself.
    assert answer.status_code in (
        (200,) if rule.endpoint == "accounts_people_pages.make_link" else (303, 400, 404, 409)
    )


@reading(OF_PROJECT)
def test_an_address_with_nonsense_in_it_is_answered_calmly(house: House, rule: Rule) -> None:
    nonsense = "before=" + "9" * 40 + "&after=x&state=%00&phone=-1&text=%00%25&kind=%00&decided=%00&was=received"
    path = house.path(rule)
    assert house.admin.get(f"{path}{'&' if '?' in path else '?'}{nonsense}&left_out=0").status_code == 200


@pytest.mark.parametrize("name", ["manifest", "submission", "formList"])
def test_a_form_called_like_an_address_of_phones_has_its_page_too(house: House, name: str) -> None:
    house.relais.publish(xform(name))
    path = f"/projects/1/forms/{name}"
    assert house.admin.get(path).status_code == 200
    assert 'name="password"' in house.nobody.get(path).text
    assert house.colleague.get(path).mimetype == "text/html"
