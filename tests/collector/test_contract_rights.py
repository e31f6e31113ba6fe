"""Every address phones know, asked by everybody: what is allowed is written down here, all else must be refused.

The addresses come from the application itself, so that a new one is tested the day it is made.
"""

import base64
import io
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from accounts import app_users, web_users
from accounts.app_users import Credential
from accounts.projects import create_project
from accounts.sessions import start
from app import create_app
from collector.openrosa import is_phone_path
from config.settings import Settings
from forms.models import FormVersion
from tests.collector.published import form_with_files
from tests.installation import PASSWORD, Installation, instance, new_id

FILE = {"croix.png": b"picture"}
SECRET_WORDS = (b"household", b"picture", b"xforms/xformsList", b"survey")


@dataclass(frozen=True)
class House:
    """Two projects with a form, a phone, and people of every kind."""

    ours: Installation
    theirs: Installation
    draft: FormVersion
    draft_of_theirs: FormVersion
    states: dict[str, Credential]

    def headers(self, who: str) -> dict[str, str]:
        """What a caller shows on addresses without a token."""
        if who == "a cookie":
            with self.ours.services.database.transaction() as session:
                found = web_users.by_email(session, "admin@example.org")
                assert found is not None
                return {"Cookie": f"relais_session={start(session, found.actor_id).token}"}
        if who == "nobody":
            return {}
        if who in self.states:
            return _basic(self.states[who].username, self.states[who].password)
        return _basic(f"{who.replace(' ', '-')}@example.org", PASSWORD)


def _basic(username: str, password: str) -> dict[str, str]:
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}", "X-Forwarded-Proto": "https"}


@pytest.fixture
def house(post_node: Installation) -> House:
    services = post_node.services
    with services.database.transaction() as session:
        project = create_project(session, "Autre projet", language="fr")
        other = app_users.create_app_user(session, services.secret, project.id, "Autre téléphone")
        project_id = project.id
        ours = post_node.project_id
        for person, role, where in (
            ("manager", "manager", ours),
            ("viewer", "viewer", ours),
            ("their manager", "manager", project_id),
            ("stranger", None, 0),
        ):
            web_users.create_web_user(
                session, f"{person.replace(' ', '-')}@example.org", PASSWORD, role=role, project_id=where
            )
    theirs = replace(post_node, project_id=project_id, phone=other, published={})
    theirs.publish()
    states = {"our phone": post_node.phone, "their phone": other}
    for state in ("retired", "revoked"):
        states[f"{state} phone"] = credential = post_node.new_phone(state)
        with services.database.transaction() as session:
            app_users.set_state(session, ours, credential.actor_id, state)
    for each in (post_node, theirs):
        each.publish(form_with_files(images=FILE), media=FILE)
    return House(
        post_node, theirs, post_node.draft(form_with_files("essai")), theirs.draft(form_with_files("essai")), states
    )


def phone_addresses() -> list[tuple[str, str]]:
    """(rule, method) of every address of the phones' conversation."""
    rules = [rule for rule in _application().url_map.iter_rules() if rule.endpoint.startswith("openrosa.")]
    methods = {"GET", "HEAD", "POST"}
    return sorted({(rule.rule, method) for rule in rules for method in (rule.methods or set()) & methods})


def _application() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data=Path(folder)))
        app.extensions["relais"].database.close()
    return app


def ask(house: House, rule: str, method: str, values: dict[str, Any], headers: dict[str, str]) -> TestResponse:
    """One request of a rule, a whole submission when it is a POST."""
    path = rule
    for name, value in values.items():
        for converter in ("int:", "segment:", ""):
            path = path.replace(f"<{converter}{name}>", str(value))
    assert "<" not in path
    data = None
    if method == "POST":
        form_id = "essai" if "/draft" in path else "household"
        data = {"xml_submission_file": (io.BytesIO(instance(new_id(), form_id=form_id)), "form.xml", "text/xml")}
    # Buffered: read to the end and closed, as a server does with every answer.
    return house.ours.client.open(path, method=method, headers=headers, data=data, buffered=True)


DRAFT_OF_A_FORM = "/projects/<int:project_id>/forms/<segment:xml_form_id>/draft"
ADDRESSES = phone_addresses()
READING = [(rule, method) for rule, method in ADDRESSES if not rule.endswith("/submission")]
OWN_DRAFT = [address for address in ADDRESSES if address[0] == "/v1" + f"{DRAFT_OF_A_FORM}/submission"]
OPEN = [address for address in ADDRESSES if "token>" not in address[0] and address not in OWN_DRAFT]
BY_KEY = [address for address in ADDRESSES if "<segment:token>" in address[0]]
BY_DRAFT = [address for address in ADDRESSES if "<segment:draft_token>" in address[0]]


def values(relais: Installation, **more: Any) -> dict[str, Any]:
    """What stands in the addresses of a project."""
    return {"project_id": relais.project_id, "xml_form_id": "survey", "name": "croix.png", **more}


def writes(rule: str) -> bool:
    return rule.endswith("/submission")


def good(rule: str, method: str) -> set[int]:
    if not writes(rule):
        return {200}
    return {201, 202} if method == "POST" else {204}


def test_the_addresses_are_those_of_the_contract() -> None:
    below = {rule.rpartition("project_id>")[2] or rule for rule, _ in OPEN}
    assert below == {
        "/formList",
        "/submission",
        "/forms/<segment:xml_form_id>.xml",
        "/forms/<segment:xml_form_id>/manifest",
        "/forms/<segment:xml_form_id>/attachments/<segment:name>",
    }
    assert (len(OPEN), len(BY_KEY), len(BY_DRAFT), len(OWN_DRAFT)) == (22, 11, 11, 3)


# Who may do what on addresses of our project without a token.
READERS = ("our phone", "manager", "viewer", "admin")
WRITERS = ("our phone", "retired phone", "manager", "admin")
CALLERS = (
    "our phone", "retired phone", "revoked phone", "their phone", "manager", "viewer", "admin", "their manager",
    "stranger", "nobody", "a cookie",
)  # fmt: skip


@pytest.mark.parametrize("who", CALLERS)
def test_nobody_reads_or_sends_without_the_right_to(house: House, who: str) -> None:
    headers = house.headers(who)
    for rule, method in OPEN:
        allowed = who in (WRITERS if writes(rule) else READERS)
        if "project_id" not in rule:
            # The installation's root: a phone's own project, everybody else's default one, which is ours here.
            allowed = allowed or who == "their phone"
        answer = ask(house, rule, method, values(house.ours), headers)
        if allowed:
            assert answer.status_code in good(rule, method), (rule, method, answer.data)
        elif who == "retired phone":
            assert answer.status_code == (200 if rule.endswith("/formList") else 404), (rule, method)
            assert b"household" not in answer.data
        else:
            assert answer.status_code in (401, 403, 404), (rule, method, answer.data)
            assert not any(word in answer.data for word in SECRET_WORDS), (rule, method, answer.data)
    stored = house.ours.rows("SELECT count(*) FROM receipt")[0][0]
    assert stored == (2 if who in WRITERS else 1 if who == "their phone" else 0)


@pytest.mark.parametrize(("who", "status"), [("admin", 201), ("our phone", 201), ("viewer", 401), ("nobody", 401)])
def test_a_draft_takes_submissions_of_those_who_may_submit(house: House, who: str, status: int) -> None:
    right = values(house.ours) | {"xml_form_id": "essai"}
    rule = OWN_DRAFT[0][0]
    assert ask(house, rule, "POST", right, house.headers(who)).status_code == status
    assert ask(house, rule, "POST", right | {"xml_form_id": "household"}, house.headers("admin")).status_code == 404
    assert house.ours.rows("SELECT draft_version_id = 0 FROM receipt") == ([(0,)] if status == 201 else [])


@pytest.mark.parametrize("version", ["1.1", "", None])
def test_what_is_no_openrosa_is_refused_where_central_refuses_it(house: House, version: str | None) -> None:
    headers = {} if version is None else {"X-OpenRosa-Version": version}
    del house.ours.client.environ_base["HTTP_X_OPENROSA_VERSION"]
    for path in ("/formList", "/forms/survey/manifest", "/submission"):
        for below in (house.ours.key_url, f"/v1/projects/{house.ours.project_id}"):
            assert house.ours.client.get(below + path, headers=headers).status_code == 400
    assert house.ours.post(instance(new_id()), headers=headers).status_code == 400
    assert house.ours.client.get("/formList", headers={**headers, **house.headers("admin")}).status_code == 200
    assert house.ours.client.get("/v1/projects/x/formList", headers=headers).status_code == 400


@pytest.mark.parametrize("who", ["nobody", "their phone", "admin", "a cookie"])
def test_a_key_address_asks_nobody_for_anything_but_its_token(house: House, who: str) -> None:
    headers = house.headers(who)
    tokens = {"our phone": house.ours.phone.token, "revoked": house.states["revoked phone"].token, "none": "x" * 64}
    for name, token in tokens.items():
        for rule, method in BY_KEY:
            answer = ask(house, rule, method, values(house.ours, token=token), headers)
            assert answer.status_code in (good(rule, method) if name == "our phone" else {403}), (rule, method, name)


def test_a_key_address_shows_its_own_project_whatever_number_it_has(house: House) -> None:
    for number in (house.ours.project_id, house.theirs.project_id, 999):
        shown = values(house.ours, token=house.ours.phone.token) | {"project_id": number}
        for rule, method in BY_KEY:
            answer = ask(house, rule, method, shown, {})
            assert answer.status_code in good(rule, method), (rule, method, number)
            if (rule.rpartition("/")[2], method) == ("formList", "GET"):
                assert f"/v1/key/{house.ours.phone.token}/projects/{number}/forms/".encode() in answer.data
    rows = house.ours.rows("SELECT DISTINCT project_id FROM receipt")
    assert rows == [(house.ours.project_id,)]


def test_forms_of_another_project_are_not_there(house: House) -> None:
    house.theirs.publish(form_with_files("theirs", images=FILE), media=FILE)
    for rule, method in [*READING]:
        if "<segment:xml_form_id>" not in rule or "draft" in rule:
            continue
        shown = values(house.ours, token=house.ours.phone.token, xml_form_id="theirs")
        shown["xml_form_id"] = "theirs"
        assert ask(house, rule, method, shown, house.headers("our phone")).status_code == 404, rule


def test_a_test_address_opens_its_own_draft_and_nothing_else(house: House) -> None:
    right = values(house.ours, draft_token=house.draft.draft_token) | {"xml_form_id": "essai"}
    wrong = [
        right | {"xml_form_id": "household"},
        right | {"xml_form_id": "survey"},
        right | {"project_id": house.theirs.project_id},
        right | {"draft_token": "x" * 64},
        right | {"draft_token": house.draft_of_theirs.draft_token},
        right | {"draft_token": house.ours.phone.token},
    ]
    for rule, method in BY_DRAFT:
        expected = {404} if rule.endswith("<segment:name>") else good(rule, method)
        assert ask(house, rule, method, right, {}).status_code in expected, (rule, method)
        for each in wrong:
            answer = ask(house, rule, method, each, house.headers("our phone"))
            assert answer.status_code == 404, (rule, method, each)
            if method != "HEAD":
                assert "n’est plus valable" in answer.data.decode()


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST", "TRACE"])
def test_no_other_verb_does_anything(house: House, method: str) -> None:
    for rule in sorted({rule for rule, _ in ADDRESSES}):
        if method == "POST" and rule.endswith("/submission"):
            continue
        shown = values(house.ours, token=house.ours.phone.token, draft_token=house.draft.draft_token)
        answer = ask(house, rule, method, shown, house.headers("admin"))
        # Where the API lies beside, as ODK Central: what cannot be asked for this way is not there.
        assert answer.status_code in (404, 405), rule
        assert answer.status_code == 404 or "GET" in answer.headers["Allow"]


def test_no_address_redirects_for_a_slash_c72_c90(house: House) -> None:
    for rule, method in ADDRESSES:
        shown = values(house.ours, token=house.ours.phone.token, draft_token=house.draft.draft_token)
        if "draft_token" in rule:
            shown["xml_form_id"] = "essai"
        plain = ask(house, rule, method, shown, house.headers("our phone"))
        slashed = ask(house, f"{rule}/", method, shown, house.headers("our phone"))
        assert slashed.status_code == plain.status_code, (rule, method)
        assert plain.status_code in (*good(rule, method), 404)


def test_errors_of_phones_addresses_are_written_for_phones_c47_c49(house: House) -> None:
    for rule, method in BY_KEY + BY_DRAFT:
        shown = values(house.ours, token="x", draft_token="x")
        answer = ask(house, rule, method, shown, {})
        assert answer.headers["X-OpenRosa-Version"] == "1.0"
        assert answer.mimetype == "text/xml"
        assert is_phone_path(answer.request.path)
        if method != "HEAD":
            assert b"<message" in answer.data


def test_what_is_called_like_an_address_of_phones_is_none() -> None:
    for path in (
        "projects/1/forms/submission", "projects/1/forms/f/draft/attachments/formList", "users/submission",
        "projects/1/forms/f/submissions/manifest", "projects/1/assignments/viewer/submission", "projects/submission",
    ):  # fmt: skip
        assert not is_phone_path(f"/v1/{path}"), path
    for path in ("/formList", "/v1/formList", "/v1/projects/1/submission/", "/elsewhere/formList"):
        assert is_phone_path(path), path
