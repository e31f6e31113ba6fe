"""Somebody with a scope sees nothing of what lies outside of it, on any address: the list of addresses is the app's own."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule as Route

from accounts import sessions
from accounts.callers import COOKIE
from accounts.models import WebUser
from accounts.scopes import Rule, replace_scope
from tests.collector.receiving import everything
from tests.collector.rest import Caller, admin_of, caller, one
from tests.installation import Installation, install, instance, new_id, xform

SECRETS = (b"Zeinabou", b"Fiche secr", b"secret.jpg", b"mot secret", b"uuid:secret")
OUTSIDE = "uuid:secret-1"
# What is asked for beside a submission's id.
VALUES: dict[str, Any] = {
    "project_id": 1,
    "xml_form_id": "household",
    "name": "secret.jpg",
    "table": "Submissions",
    "kind": "csv",
    "digest": "0",
    "version": "1",
}


@dataclass
class House:
    relais: Installation
    inside: str
    receipt_id: int
    scoped: Caller
    whole: Caller

    def values(self, route: Route, instance_id: str) -> dict[str, Any]:
        """An address of this route that leads to something real: a route with a new kind of argument needs one here."""
        own = {
            **VALUES,
            "instance_id": instance_id,
            "root_id": instance_id,
            "receipt_id": self.receipt_id,
            "actor_id": self.relais.phone.actor_id,
        }
        return {name: own.get(name, "1") for name in route.arguments}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    for relais in install(tmp_path_factory.mktemp("house") / "data"):
        caller(relais, "sup@example.org", "manager")
        with relais.services.database.transaction() as session:
            actor_id = session.scalars(select(WebUser.actor_id).where(WebUser.email == "sup@example.org")).one()
            replace_scope(session, 1, actor_id, [Rule("name", ("Aïchatou",))], [], by=actor_id)
            token = sessions.start(session, actor_id).token
        inside = new_id()
        relais.post(instance(inside))
        secret = instance(
            OUTSIDE, name="Zeinabou", instance_name="Fiche secrète", photo="secret.jpg", children=("Zeinabou 2",)
        )
        relais.post(secret, {"secret.jpg": b"\xff\xd8\xff mot secret"})
        # An edit, a copy that waits, a comment, a draft of the same.
        relais.post(instance("uuid:secret-2", deprecated_id=OUTSIDE, name="Zeinabou", photo="secret.jpg"))
        relais.post(instance(OUTSIDE, name="Zeinabou encore"))
        admin = admin_of(relais)
        admin.call("POST", one(OUTSIDE, "comments"), json={"body": "mot secret"})
        relais.draft(xform(version="2"))
        admin.send(secret, "draft/submissions")
        receipt_id = relais.rows("SELECT id FROM receipt WHERE status = 'conflict'")[0][0]
        scoped = Caller(relais.app.test_client(), "sup@example.org", {"Authorization": f"Bearer {token}"})
        scoped.client.set_cookie(COOKIE, token)
        yield House(relais, inside, receipt_id, scoped, admin)


def _routes(flask: Flask, *methods: str) -> list[Route]:
    """Those of projects, without the addresses of phones."""
    return [
        route
        for route in flask.url_map.iter_rules()
        if route.methods and route.methods & set(methods) and "project_id" in route.arguments
        if "token" not in route.arguments
    ]


def unpacked(body: bytes) -> bytes:
    """The body, with what is inside when it is a ZIP."""
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return b"".join(name.encode() + archive.read(name) for name in archive.namelist())


def test_nothing_outside_of_the_scope_is_told_anywhere(house: House) -> None:
    map_ = house.relais.app.url_map.bind("localhost")
    told: list[tuple[str, bytes]] = []
    seen_by_others = 0
    for route in _routes(house.relais.app, "GET"):
        named = {"instance_id", "root_id"} & route.arguments
        for instance_id in (OUTSIDE, "uuid:secret-2", house.inside) if named else (OUTSIDE,):
            values = house.values(route, instance_id)
            path = map_.build(route.endpoint, {**values, **(route.defaults or {})})
            # What the address itself says may come back: a page that is not there offers itself in the other language.
            body = unpacked(house.scoped.get(path).data)
            told += [(path, secret) for secret in SECRETS if secret in body and secret.decode() not in unquote(path)]
            if instance_id == OUTSIDE:
                seen_by_others += any(secret in unpacked(house.whole.get(path).data) for secret in SECRETS)
    assert told == []
    # The secrets looked for are really there for those who may see them.
    assert seen_by_others > 20


def test_nothing_outside_of_the_scope_can_be_changed(house: House) -> None:
    map_ = house.relais.app.url_map.bind("localhost")
    before = everything(house.relais)
    changed: list[tuple[str, str, int]] = []
    asked = 0
    for route in _routes(house.relais.app, "POST", "PUT", "PATCH", "DELETE"):
        if not {"instance_id", "root_id"} & route.arguments or not route.rule.startswith("/v1/"):
            continue
        for instance_id in (OUTSIDE, "uuid:secret-2"):
            path = map_.build(route.endpoint, {**house.values(route, instance_id), **(route.defaults or {})})
            for method in (route.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}:
                xml = instance(new_id(), deprecated_id="uuid:secret-2")
                json = {"json": {"body": "x", "reviewState": "approved"}}
                body = json if method == "PATCH" or path.endswith("comments") else {"data": xml}
                if path.endswith("explanation"):
                    body = {"json": {"reason": "x"}}
                status = house.scoped.call(method, path, **body).status_code
                asked += 1
                if status not in (403, 404):
                    changed.append((method, path, status))
    assert changed == []
    assert everything(house.relais) == before
    assert asked > 10
