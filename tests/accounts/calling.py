"""People who call the API in tests, each with a token of their own."""

import base64
from dataclasses import dataclass, field
from typing import Any

from werkzeug.test import TestResponse

from accounts import sessions, web_users
from tests.installation import PASSWORD, Installation


@dataclass
class Caller:
    """Somebody who calls the API: `await` nothing, read `status_code` and `get_json()`."""

    relais: Installation
    headers: dict[str, str] = field(default_factory=dict)
    id: int = 0
    token: str = ""

    def __call__(self, method: str, path: str, json: Any = None, **headers: str) -> TestResponse:
        """The answer to a request below /v1; underscores of header names stand for dashes."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {} if json is None else {"json": json}
        client = self.relais.app.test_client(use_cookies=False)
        return client.open(f"/v1{path}", method=method, headers={**self.headers, **named}, buffered=True, **body)

    def get(self, path: str, **headers: str) -> Any:
        """What is there, which must be shown."""
        answer = self("GET", path, **headers)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.get_json()

    def done(self, method: str, path: str, json: Any = None, **headers: str) -> Any:
        """What a change answers, which must succeed."""
        answer = self(method, path, json, **headers)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.get_json()

    def refused(self, method: str, path: str, json: Any = None, **headers: str) -> tuple[float, str]:
        """Code and message of a refusal."""
        answer = self(method, path, json, **headers)
        assert answer.status_code >= 400, (path, answer.status_code, answer.text)
        body = answer.get_json()
        assert int(body["code"]) == answer.status_code
        return body["code"], body["message"]


def person(relais: Installation, email: str, role: str | None = None, project_id: int = 0) -> Caller:
    """A web user with that role, signed in."""
    with relais.services.database.transaction() as session:
        actor = web_users.create_web_user(session, email, PASSWORD, role=role, project_id=project_id)
        token = sessions.start(session, actor.id).token
        return Caller(relais, bearer(token), actor.id, token)


def administrator(relais: Installation) -> Caller:
    """The first administrator, signed in."""
    with relais.services.database.transaction() as session:
        user = web_users.by_email(session, relais.admin_email)
        assert user is not None
        token = sessions.start(session, user.actor_id).token
        return Caller(relais, bearer(token), user.actor_id, token)


def stranger(relais: Installation) -> Caller:
    """Somebody without credentials."""
    return Caller(relais)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(email: str, password: str = PASSWORD) -> dict[str, str]:
    pair = base64.b64encode(f"{email}:{password}".encode()).decode()
    return {"Authorization": f"Basic {pair}", "X-Forwarded-Proto": "https"}


FORBIDDEN = (403.1, "The authentication you provided does not have rights to perform that action.")
UNKNOWN = (404.1, "Could not find the resource you were looking for.")
UNAUTHENTICATED = (401.2, "Could not authenticate with the provided credentials.")
