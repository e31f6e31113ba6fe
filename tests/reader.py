"""People who read pages in tests: signed in, with a browser's cookies and the tokens of the forms they were shown."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import event
from werkzeug.test import TestResponse

from accounts import web_users
from tests.installation import PASSWORD, Installation

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Reader:
    """One browser. `language` is what it asks for."""

    client: FlaskClient
    language: str = "fr"

    def get(self, path: str) -> TestResponse:
        """A page as it comes, nothing followed."""
        # Buffered: a file that is sent is also closed.
        return self.client.get(path, headers={"Accept-Language": self.language}, buffered=True)

    def page(self, path: str) -> html.HtmlElement:
        """A page that must be there, as a tree."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[-600:])
        return html.document_fromstring(answer.text)

    def words(self, path: str) -> str:
        """What a page says, blanks made single and breakable."""
        return " ".join(self.page(path).text_content().replace("\u00a0", " ").replace("\u202f", " ").split())

    def token(self) -> str:
        """A token for the forms of this session (every page has one: signing out or signing in is a form)."""
        found = TOKEN.search(self.client.get("/account").text)
        assert found is not None
        return found[1]

    def post(self, path: str, **fields: str) -> TestResponse:
        """A form of ours, sent."""
        data = {"csrf_token": self.token(), **fields}
        return self.client.post(path, data=data, headers={"Accept-Language": self.language})

    def bring(self, path: str, field: str, *files: tuple[str, bytes], **fields: str) -> TestResponse:
        """A form of ours with files (name, content), sent."""
        data: dict[str, Any] = {"csrf_token": self.token(), **fields}
        data[field] = [(BytesIO(content), name) for name, content in files]
        return self.client.post(path, data=data, headers={"Accept-Language": self.language})

    def follow(self, path: str, **fields: str) -> str:
        """As `post`; must answer with a redirect, whose page this reads."""
        answer = self.post(path, **fields)
        assert answer.status_code == 303, (answer.status_code, answer.text[-600:])
        return self.words(answer.location)


def stranger(relais: Installation, language: str = "fr") -> Reader:
    """Somebody who has not signed in."""
    return Reader(relais.app.test_client(), language)


def sign_in(relais: Installation, email: str = "admin@example.org", language: str = "fr") -> Reader:
    """Somebody who has."""
    reader = stranger(relais, language)
    answer = reader.post("/sign-in", email=email, password=PASSWORD)
    assert answer.status_code == 303, answer.text
    return reader


def person(relais: Installation, email: str, role: str | None, project_id: int | None = None) -> Reader:
    """A new web user with a role in the installation's project (or another), signed in."""
    with relais.services.database.transaction() as session:
        where = relais.project_id if project_id is None else project_id
        web_users.create_web_user(session, email, PASSWORD, role=role, project_id=where)
    return sign_in(relais, email)


@contextmanager
def counted(relais: Installation) -> Iterator[list[str]]:
    """The SQL statements that run inside the block, except BEGIN and the like."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.lstrip()[:6].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH R"):
            seen.append(statement)

    engine = relais.services.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
