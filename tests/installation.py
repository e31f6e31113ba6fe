"""An installation for tests: the real application on a real database, and short words for what phones do to it."""

import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from lxml import etree
from sqlalchemy import create_engine
from werkzeug.test import TestResponse

from accounts import app_users, web_users
from accounts.app_users import Credential
from accounts.projects import create_project
from app import create_app
from collector.tally import before_commit
from config.database import Database, engine_options
from config.secret import load_secret
from config.services import Services
from config.settings import Settings
from config.storage import open_storage
from forms.compiler import compile_form
from forms.drafts import create_form, set_draft
from forms.first_start import prepare_database
from forms.models import FormVersion
from forms.publish import Published, prepare, publish
from forms.uploads import read_upload
from forms.versions import find_form

PASSWORD = "three words together"


class Client(FlaskClient):
    """Says that it speaks OpenRosa 1.0, as phones do with every request (C2)."""

    def __init__(self, *arguments: Any, **choices: Any) -> None:
        super().__init__(*arguments, **choices)
        self.environ_base["HTTP_X_OPENROSA_VERSION"] = "1.0"


XFORM = (
    '<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>{title}</h:title><model><instance>'
    '<data id="{form_id}" version="{version}"><name/><age/><photo/><child jr:template=""><first_name/></child>'
    "<meta><instanceID/><instanceName/></meta></data></instance>"
    '<bind nodeset="/data/name" type="string"/><bind nodeset="/data/age" type="int"/>'
    '<bind nodeset="/data/photo" type="binary"/>'
    '<bind nodeset="/data/child/first_name" type="string"/><bind nodeset="/data/meta/instanceID" type="string"/>'
    '</model></h:head><h:body><input ref="/data/name"><label>Nom</label></input>'
    '<input ref="/data/age"><label>Âge</label></input>'
    '<upload ref="/data/photo" mediatype="image/*"><label>Photo</label></upload>'
    '<group ref="/data/child"><label>Enfant</label><repeat nodeset="/data/child">'
    '<input ref="/data/child/first_name"><label>Prénom</label></input></repeat></group></h:body></h:html>'
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
    ids = (("instanceID", instance_id), ("instanceName", instance_name), ("deprecatedID", deprecated_id))
    for key, text in ids:
        if text:
            etree.SubElement(meta, key).text = text
    return b"<?xml version='1.0' encoding='UTF-8' ?>" + etree.tostring(root, encoding="utf-8")


BOUNDARY = "c9cb3a0d-6c3b-4d7e-9b2e-0f8f4c8f3f9d"


def multipart_body(xml: bytes, files: Mapping[str, bytes], *, incomplete: bool = False) -> bytes:
    """The body of a POST as Collect writes it (C43): the XML, the files, perhaps the promise of more."""
    parts = [b'name="xml_submission_file"; filename="form.xml"\r\nContent-Type: text/xml\r\n\r\n' + xml]
    for name, content in files.items():
        escaped = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A").encode()
        parts.append(b'name="%b"; filename="%b"\r\nContent-Type: image/jpeg\r\n\r\n%b' % (escaped, escaped, content))
    if incomplete:
        parts.append(b'name="*isIncomplete*"\r\n\r\nyes')
    boundary = b"--" + BOUNDARY.encode()
    return (
        b"".join(b"%b\r\nContent-Disposition: form-data; %b\r\n" % (boundary, part) for part in parts)
        + boundary
        + b"--\r\n"
    )


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
        """Headers of the administrator (Basic, as if a proxy had brought it over https)."""
        import base64

        pair = f"{self.admin_email}:{PASSWORD}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode(), "X-Forwarded-Proto": "https"}

    def publish(
        self, content: bytes = b"", filename: str = "form.xml", media: Mapping[str, bytes] | None = None
    ) -> Published:
        """Publish a form; the household form version 1 by default."""
        content = content or xform()
        prepared = prepare(self.services.storage, compile_form(content, filename), filename, content, media or {})
        with self.services.database.transaction() as session:
            done = publish(session, self.project_id, prepared)
        self.published[done.xml_form_id] = done
        return done

    def draft(self, content: bytes) -> FormVersion:
        """Make a draft; its test address has the token of the version returned."""
        upload = read_upload(self.services.storage, content, "application/xml", "")
        with self.services.database.transaction() as session:
            form = find_form(session, self.project_id, upload.definition.xml_form_id)
            if form is None:
                return create_form(session, self.project_id, upload, ignore_warnings=True)
            return set_draft(session, form, upload, ignore_warnings=True)

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
        return self.client.post(
            (url or self.key_url) + "/submission",
            query_string={"deviceID": device_id},
            data=multipart_body(xml, files or {}, incomplete=incomplete),
            content_type=f"multipart/form-data; boundary={BOUNDARY}",
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
    app = create_app(Settings(data=folder, database_url=database_url, **{"reserve_bytes": 0, **choices}))
    app.test_client_class = Client
    services: Services = app.extensions["relais"]
    try:
        with app.app_context():
            prepare_database(services)
            with services.database.transaction() as session:
                project = create_project(session, "Frontières", language="fr")
                web_users.create_web_user(session, "admin@example.org", PASSWORD, role="administrator")
                phone = app_users.create_app_user(session, services.secret, project.id, "Téléphone 1")
                project_id = project.id
        installation = Installation(app, services, app.test_client(), project_id, phone)
        installation.publish()
        yield installation
    finally:
        services.database.close()


@dataclass(frozen=True)
class Template:
    """A fresh installation, closed again: copying its folder and database is much quicker than making another."""

    folder: Path
    project_id: int
    phone: Credential
    published: dict[str, Published]


def make_template(folder: Path, database_url: str = "") -> Template:
    """See Template; a PostgreSQL database is to be copied by its name."""
    for made in install(folder, database_url):
        template = Template(folder, made.project_id, made.phone, made.published)
    return template


def copied(template: Template, folder: Path, database_url: str = "", **choices: Any) -> Iterator[Installation]:
    """An installation as fresh as `install` makes; `database_url` is the copy of the template's database."""
    shutil.copytree(template.folder, folder)
    yield from _opened(template, Settings(data=folder, database_url=database_url, **{"reserve_bytes": 0, **choices}))


@contextmanager
def another_process(relais: Installation, **choices: Any) -> Iterator[Installation]:
    """What another serving process of the same installation sees, perhaps with other settings: its own connections and
    writer, the same rows and files."""
    template = Template(relais.services.settings.data, relais.project_id, relais.phone, relais.published)
    yield from _opened(template, replace(relais.services.settings, **choices))


def _opened(template: Template, settings: Settings) -> Iterator[Installation]:
    spare = _spare[settings.language]
    app = _opened_again(spare.pop(), settings) if spare else create_app(settings)
    app.test_client_class = Client
    services: Services = app.extensions["relais"]
    published = dict(template.published)
    try:
        yield Installation(app, services, app.test_client(), template.project_id, template.phone, published=published)
    finally:
        services.database.close()
        spare.append(app)


# Assembling an application takes longer than most tests: those of earlier tests, by the language they were made for.
_spare: defaultdict[str, list[Flask]] = defaultdict(list)


def _opened_again(app: Flask, settings: Settings) -> Flask:
    """The same application with a database, files and settings of its own: everything else is the same for all."""
    engine = create_engine(settings.database, **engine_options(settings.database))
    database = Database(engine, before_commit)
    app.extensions["relais"] = Services(settings, load_secret(settings), database, open_storage(settings))
    return app
