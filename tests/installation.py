"""An installation for tests: the real application on a real database, and short words for what phones do to it."""

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from lxml import etree
from werkzeug.test import TestResponse

from accounts import app_users, web_users
from accounts.app_users import Credential
from accounts.projects import create_project
from app import create_app
from config.services import Services
from config.settings import Settings
from forms.compiler import compile_form
from forms.first_start import prepare_database
from forms.models import FormVersion
from forms.publish import Published, create_draft, prepare, publish

PASSWORD = "three words together"  # noqa: S105 - a test's

XFORM = (
    '<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>{title}</h:title><model><instance>'
    '<data id="{form_id}" version="{version}"><name/><age/><photo/><child jr:template=""><first_name/></child>'
    "<meta><instanceID/><instanceName/></meta></data></instance>"
    '<bind nodeset="/data/name" type="string"/><bind nodeset="/data/age" type="int"/><bind nodeset="/data/photo" type="binary"/>'
    '<bind nodeset="/data/child/first_name" type="string"/><bind nodeset="/data/meta/instanceID" type="string"/>'
    '</model></h:head><h:body><input ref="/data/name"><label>Nom</label></input><input ref="/data/age"><label>Âge</label></input>'
    '<upload ref="/data/photo" mediatype="image/*"><label>Photo</label></upload><group ref="/data/child"><label>Enfant</label>'
    '<repeat nodeset="/data/child"><input ref="/data/child/first_name"><label>Prénom</label></input></repeat></group></h:body></h:html>'
)


def xform(form_id: str = "household", version: str = "1", title: str = "Ménage") -> bytes:
    """A small form: name, age, photo, a repeat of children."""
    return XFORM.format(form_id=form_id, version=version, title=title).encode()


def new_id() -> str:
    """A fresh instanceID."""
    return f"uuid:{uuid4()}"


def instance(
    instance_id: str | None,
    *,
    form_id: str = "household",
    version: str = "1",
    deprecated_id: str | None = None,
    name: str = "Aïchatou",
    photo: str = "",
    children: tuple[str, ...] = ("Moussa",),
    instance_name: str = "",
) -> bytes:
    """A filled form as Collect writes it."""
    given = {"id": form_id, "version": version}
    root = etree.Element("data", {key: value for key, value in given.items() if value})
    for key, value in (("name", name), ("age", "34"), ("photo", photo)):
        etree.SubElement(root, key).text = value
    for child in children:
        etree.SubElement(etree.SubElement(root, "child"), "first_name").text = child
    meta = etree.SubElement(root, "meta")
    for key, value in (("instanceID", instance_id), ("instanceName", instance_name), ("deprecatedID", deprecated_id)):
        if value:
            etree.SubElement(meta, key).text = value
    return b"<?xml version='1.0' encoding='UTF-8' ?>" + etree.tostring(root, encoding="utf-8")


@dataclass
class Installation:
    """One running application with project 1, an administrator and a phone; the household form is published."""

    app: Flask
    services: Services
    client: FlaskClient
    project_id: int
    phone: Credential
    admin_email: str = "admin@example.org"
    published: dict[str, Published] = field(default_factory=dict)

    @property
    def key_url(self) -> str:
        """Where the phone's Collect talks to."""
        return f"/v1/key/{self.phone.token}/projects/{self.project_id}"

    @property
    def admin(self) -> dict[str, str]:
        """Headers of the administrator (Basic; the test client is on this machine)."""
        import base64

        pair = f"{self.admin_email}:{PASSWORD}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode()}

    def publish(self, content: bytes = b"", filename: str = "form.xml", media: Mapping[str, bytes] | None = None) -> Published:
        """Publish a form; the household form version 1 by default."""
        content = content or xform()
        prepared = prepare(self.services.storage, compile_form(content, filename), filename, content, media or {})
        with self.services.database.transaction() as session:
            done = publish(session, self.project_id, prepared)
        self.published[done.xml_form_id] = done
        return done

    def draft(self, content: bytes) -> FormVersion:
        """Make a draft; its test address has the token of the version returned."""
        prepared = prepare(self.services.storage, compile_form(content, "form.xml"), "form.xml", content, {})
        with self.services.database.transaction() as session:
            return create_draft(session, self.project_id, prepared)

    def new_phone(self, name: str = "Téléphone 2", **choices: Any) -> Credential:
        """Another app user."""
        with self.services.database.transaction() as session:
            return app_users.create_app_user(session, self.services.secret, self.project_id, name, **choices)

    def post(
        self,
        xml: bytes,
        files: Mapping[str, bytes] | None = None,
        *,
        url: str | None = None,
        headers: Mapping[str, str] | None = None,
        device_id: str = "collect:abcdefghijklmnop",
        incomplete: bool = False,
    ) -> TestResponse:
        """POST one instance, or one batch of it, as Collect does."""
        data: dict[str, Any] = {"xml_submission_file": (io.BytesIO(xml), "form.xml", "text/xml")}
        for name, content in (files or {}).items():
            data[name] = (io.BytesIO(content), name, "image/jpeg")
        if incomplete:
            data["*isIncomplete*"] = "yes"
        return self.client.post(
            (url or self.key_url) + "/submission",
            query_string={"deviceID": device_id},
            data=data,
            content_type="multipart/form-data",
            headers=dict(headers or {}),
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database holds, straight from it."""
        with self.services.database.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(sql)]

    def statuses(self) -> list[tuple[str, str | None]]:
        """(status, reason) of every receipt, in order of arrival."""
        return [(row[0], row[1]) for row in self.rows("SELECT status, reason FROM receipt ORDER BY id")]


def install(folder: Path, database_url: str = "", **choices: Any) -> Iterator[Installation]:
    """A fresh installation in `folder` (SQLite unless a URL is given); closed when the iterator ends."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = Settings(data=folder, database_url=database_url, **{"reserve_bytes": 0, **choices})
    app = create_app(settings)
    services: Services = app.extensions["relais"]
    with app.app_context():
        prepare_database(services)
        with services.database.transaction() as session:
            project = create_project(session, "Frontières", language="fr")
            web_users.create_web_user(session, "admin@example.org", PASSWORD, role="administrator")
            phone = app_users.create_app_user(session, services.secret, project.id, "Téléphone 1")
            project_id = project.id
    installation = Installation(app, services, app.test_client(), project_id, phone)
    installation.publish()
    try:
        yield installation
    finally:
        services.database.close()


def database_of(request: Any) -> str:
    """The URL of the database a parametrised test asks for: "sqlite" or "postgres"."""
    if request.param == "sqlite" or os.environ.get("RELAIS_TEST_DATABASE") == "sqlite":
        return ""
    url: str = request.getfixturevalue("postgres_url")
    return url
