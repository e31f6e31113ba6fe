"""An installation with one of everything that addresses of the API can name, and the people who ask."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.accounts.calling import Caller, administrator, person, stranger
from tests.installation import Installation, install, instance, new_id, xform

ARGUMENT = re.compile(r"<(?:\w+(?:\([^>]*\))?:)?(\w+)>")
SECRETS = ("Fiche secrète", "secret.jpg", "Zeinabou", "Frontières", "household")


@dataclass
class House:
    """An installation with one of everything, and the people who knock."""

    relais: Installation
    instance_id: str
    viewer: Caller
    colleague: Caller
    nobody: Caller
    draft_token: str

    def path(self, rule: Rule) -> str:
        """An address of this route that leads to something real."""
        return ARGUMENT.sub(lambda found: quote(str(self.values[found[1]]), safe="$"), rule.rule).removeprefix("/v1")

    @property
    def values(self) -> dict[str, Any]:
        """For every argument of an address, something real."""
        return {
            "project_id": self.relais.project_id,
            "xml_form_id": "household",
            "form_id": self.relais.published["household"].form_id,
            "version": "1",
            "number": 1,
            "instance_id": self.instance_id,
            "rule": "too_fast",
            "root_id": self.instance_id,
            "actor": str(self.relais.phone.actor_id),
            "actor_id": self.relais.phone.actor_id,
            "name": "secret.jpg",
            "role": "viewer",
            "key": "logo",
            "resource": "Submissions",
            "table": "Submissions",
            "group": "projects",
            "webhook_id": 1,
            "token": self.relais.phone.token,
            "draft_token": self.draft_token,
        }

    def said(self, answer: TestResponse, path: str) -> list[str]:
        """The secrets an answer tells, besides those of its own address."""
        text = answer.data.decode("utf-8", "replace").replace(path, "")
        return [secret for secret in SECRETS if secret in text]

    def state(self) -> list[tuple[str, list[Any]]]:
        """Everything that could have been changed. Tables of counters and of who guesses are left out."""
        tables = (
            "event", "project", "actor", "web_user", "assignment", "app_user", "public_link", "form", "form_version",
            "form_attachment", "submission", "receipt", "receipt_file", "comment", "site_setting", "actor_property",
            "actor_property_value", "scope_rule", "webhook", "user_preference", "password_reset", "idempotency",
        )  # fmt: skip
        # In any order the database likes: PostgreSQL cannot order JSON.
        return [(table, sorted(self.relais.rows(f"SELECT * FROM {table}"), key=repr)) for table in tables]


def furnished(folder: Path, database_url: str = "") -> Iterator[House]:
    """A house in `folder`, on SQLite unless a URL is given; closed when the iterator ends."""
    for relais in install(folder, database_url):
        first = new_id()
        secret = instance(first, name="Zeinabou", instance_name="Fiche secrète", photo="secret.jpg")
        relais.post(secret, {"secret.jpg": b"\xff\xd8\xffx"})
        draft_token = relais.draft(xform(version="2")).draft_token
        assert draft_token is not None
        admin = administrator(relais)
        hook = {"url": "https://example.org/Zeinabou"}
        assert admin.done("POST", f"/projects/{relais.project_id}/webhooks", hook)["id"] == 1
        other = admin.done("POST", "/projects", {"name": "Ailleurs"})["id"]
        viewer = person(relais, "viewer@example.org", "viewer", relais.project_id)
        colleague = person(relais, "colleague@example.org", "manager", other)
        yield House(relais, first, viewer, colleague, stranger(relais), draft_token)
