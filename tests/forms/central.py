"""Words for tests of the forms API: three people, and what they send."""

from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from accounts import web_users
from tests.installation import PASSWORD, Installation

XML = {"Content-Type": "application/xml"}
EXCEL = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

FORM = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head>'
    '<h:title>{title}</h:title><model><instance><data id="{form_id}"{version}>{nodes}<meta><instanceID/></meta></data>'
    "</instance>{more}{binds}</model></h:head><h:body/></h:html>"
)


def form(
    form_id: str = "simple",
    version: str | None = None,
    title: str = "Simple",
    files: tuple[str, ...] = (),
    **types: str,
) -> bytes:
    """An XForm with these questions and their types (name and age by default), asking for these files."""
    types = types or {"name": "string", "age": "int"}
    said = "" if version is None else f' version="{version}"'
    nodes = "".join(f"<{name}/>" for name in types)
    binds = "".join(f'<bind nodeset="/data/{name}" type="{kind}"/>' for name, kind in types.items())
    more = "".join(f'<instance id="f{number}" src="jr://file/{name}"/>' for number, name in enumerate(files))
    filled = FORM.format(title=title, form_id=form_id, version=said, nodes=nodes, binds=binds, more=more)
    return filled.encode()


@dataclass(frozen=True)
class Caller:
    """A person who calls the API of one project."""

    relais: Installation
    headers: dict[str, str]

    def __call__(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """The answer to a request below `/v1/projects/<ours>`; JSON when `data` is a dict, underscores of header names
        standing for dashes."""
        kind = {"json": data} if isinstance(data, dict) else {"data": data}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"/v1/projects/{self.relais.project_id}{path}"
        # Programs say nothing of OpenRosa.
        client = FlaskClient(self.relais.app, self.relais.app.response_class)
        return client.open(url, method=method, headers={**self.headers, **named}, buffered=True, **kind)

    def json(self, path: str, **headers: str) -> Any:
        """What a GET answers, which must be 200."""
        answer = self("GET", path, **headers)
        assert answer.status_code == 200, answer.data
        return answer.get_json()

    def create(self, content: bytes, query: str = "", **headers: str) -> Any:
        """Make a form, which must succeed."""
        answer = self("POST", f"/forms{query}", content, **{**XML, **headers})
        assert answer.status_code == 200, answer.data
        return answer.get_json()

    def draft(self, form_id: str, content: bytes, query: str = "") -> Any:
        """Set a draft, which must succeed."""
        answer = self("POST", f"/forms/{form_id}/draft{query}", content, **XML)
        assert answer.status_code == 200, answer.data


def caller(relais: Installation, email: str) -> Caller:
    """Somebody with an account, signed in."""
    # A client of its own, which keeps the cookie.
    answer = relais.app.test_client().post("/v1/sessions", json={"email": email, "password": PASSWORD})
    return Caller(relais, {"Authorization": f"Bearer {answer.get_json()['token']}"})


def person(relais: Installation, name: str, role: str | None = None, project_id: int | None = None) -> Caller:
    """Somebody new, with a role in the project, or none anywhere."""
    where = 0 if role is None else project_id or relais.project_id
    with relais.services.database.transaction() as session:
        web_users.create_web_user(session, f"{name}@example.org", PASSWORD, role=role, project_id=where)
    return caller(relais, f"{name}@example.org")


def code(answer: Any, status: int, problem: float) -> Any:
    """The details of a problem, which must be this one."""
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, problem), body
    return body.get("details")
