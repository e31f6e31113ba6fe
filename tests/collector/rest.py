"""Words for the tests of the API: people who call it, and the answers they get."""

import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from accounts import web_users
from tests.installation import PASSWORD, Installation, instance, new_id

FORM = "/v1/projects/1/forms/household"
NOT_FOUND = (404, 404.1, "Could not find the resource you were looking for.")
NOT_ALLOWED = (403, 403.1, "The authentication you provided does not have rights to perform that action.")


@dataclass
class Caller:
    """Somebody who calls the API, with a password, as if a proxy had brought it over https."""

    client: FlaskClient
    email: str
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pair = base64.b64encode(f"{self.email}:{PASSWORD}".encode()).decode()
        if "Authorization" not in self.headers:
            self.headers |= {"Authorization": f"Basic {pair}", "X-Forwarded-Proto": "https"}

    def call(self, method: str, path: str, **more: Any) -> TestResponse:
        """One request; a path that does not begin with / is below the household form."""
        headers = {**self.headers, **more.pop("headers", {})}
        address = path if path.startswith("/") else f"{FORM}/{path}"
        return self.client.open(address, method=method, headers=headers, buffered=True, **more)

    def get(self, path: str, **more: Any) -> TestResponse:
        return self.call("GET", path, **more)

    def json(self, path: str, *, extended: bool = False) -> Any:
        """What must be there."""
        answer = self.get(path, headers={"X-Extended-Metadata": "true"} if extended else {})
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:400])
        return answer.get_json()

    def send(self, xml: bytes, path: str = "submissions", method: str = "POST", **more: Any) -> TestResponse:
        """XML, as programs send it."""
        return self.call(method, path, data=xml, content_type="application/xml", **more)


def caller(relais: Installation, email: str, role: str | None = None, project_id: int = 1) -> Caller:
    """Somebody new with a role in a project (None: nobody in particular)."""
    with relais.services.database.transaction() as session:
        web_users.create_web_user(session, email, PASSWORD, role=role, project_id=project_id)
    return Caller(relais.app.test_client(), email)


def admin_of(relais: Installation) -> Caller:
    return Caller(relais.app.test_client(), "admin@example.org")


def one(instance_id: str, *more: str) -> str:
    """The path of a submission, or of something below it."""
    return "/".join(["submissions", quote(instance_id, safe=""), *(quote(part, safe="") for part in more)])


def problem(answer: TestResponse) -> tuple[int, float, str]:
    """(status, code, message) of a refusal."""
    body = answer.get_json()
    return answer.status_code, body["code"], body["message"]


def created(who: Caller, **choices: Any) -> str:
    """A new submission over REST; its instanceID."""
    instance_id = new_id()
    answer = who.send(instance(instance_id, **choices))
    assert answer.status_code == 200, answer.text
    return instance_id
