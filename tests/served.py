"""The real application behind the real server on a socket, and bare requests to it; phones are in tests/phone.py."""

import http.client
import re
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from accounts import app_users, web_users
from accounts.app_users import Credential
from accounts.cli import qr_text
from accounts.projects import create_project
from collector.arrival import unpacked
from collector.door import SURROUNDINGS, Door
from collector.key_lane import KeyLane
from config.server import Server
from tests.installation import PASSWORD, Installation
from tests.phone import Phone

LIST_NAMESPACE = "{http://openrosa.org/xforms/xformsList}"
MANIFEST_NAMESPACE = "{http://openrosa.org/xforms/xformsManifest}"


@dataclass(frozen=True)
class Answer:
    """One answer as it came over the socket, nothing followed and nothing decoded."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        values = self.header_values(name)
        return values[-1] if values else None

    def header_values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def message(self) -> str:
        """The sentence of an OpenRosa answer."""
        found = next((one.text for one in ET.fromstring(self.body).iter() if one.tag.endswith("}message")), None)
        return found or ""


@dataclass(frozen=True)
class Place:
    """A project of a served installation with its first phone; the household form is published in it."""

    relais: Installation
    url: str

    @property
    def credential(self) -> Credential:
        return self.relais.phone

    @property
    def key_url(self) -> str:
        """The server URL in the phone's code."""
        return self.url + self.relais.key_url

    @property
    def project_url(self) -> str:
        """The server URL for phones with a user name and a password."""
        return f"{self.url}/v1/projects/{self.relais.project_id}"

    def phone(self, credential: Credential | None = None, **choices: Any) -> Phone:
        """A phone that scanned an app user's code."""
        with self.relais.services.database.reading() as session:
            text = qr_text(session, credential or self.credential, self.url)
        return Phone.from_qr(text, **choices)

    def login_phone(self, credential: Credential | None = None, url: str | None = None) -> Phone:
        """A phone that knows a user name and a password."""
        who = credential or self.credential
        return Phone(url or self.project_url, who.username, who.password)

    def ask(self, method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request, underscores of header names standing for dashes; `url` whole or a path below the key URL."""
        return ask(method, url if url.startswith("http") else self.key_url + url, body, headers)

    def receipts(self) -> list[tuple[bytes, str]]:
        """(XML, status) of everything received in the project, in order of arrival."""
        query = f"SELECT xml, status FROM receipt WHERE project_id = {self.relais.project_id} ORDER BY id"
        return [(unpacked(row[0]), row[1]) for row in self.relais.rows(query)]

    def files(self) -> dict[str, list[int]]:
        """Sizes of the files stored with them, by name."""
        found: dict[str, list[int]] = {}
        for name, size in self.relais.rows(
            "SELECT f.name, b.size FROM receipt_file f JOIN blob b ON b.project_id = f.project_id "
            f"AND b.sha256 = f.sha256 WHERE f.project_id = {self.relais.project_id} ORDER BY f.name, b.size"
        ):
            found.setdefault(name, []).append(size)
        return found


@dataclass
class Served:
    """A server that runs, and what is in it."""

    relais: Installation
    url: str

    def place(self, name: str = "Frontières", language: str = "fr") -> Place:
        """A project of the test's own."""
        services = self.relais.services
        with services.database.transaction() as session:
            project = create_project(session, name, language=language)
            phone = app_users.create_app_user(session, services.secret, project.id, "Téléphone 1")
            project_id = project.id
        own = replace(self.relais, project_id=project_id, phone=phone, published={})
        own.publish()
        return Place(own, self.url)

    def person(self, email: str, role: str | None, project_id: int = 0) -> tuple[str, str]:
        """A web user, as (e-mail, password)."""
        with self.relais.services.database.transaction() as session:
            web_users.create_web_user(session, email, PASSWORD, role=role, project_id=project_id)
        return email, PASSWORD


@contextmanager
def serving(relais: Installation, **choices: Any) -> Iterator[Served]:
    """Serve an installation as `relais serve` does, on a free port of this machine, from a thread."""
    settings = relais.services.settings
    door = Door(relais.services)
    server = Server(
        relais.app,
        host="127.0.0.1",
        port=0,
        tempdir=settings.temporary,
        threads=8,
        gate=door,
        together=KeyLane(relais.services),
        error_page=door.error_page,
        max_body_bytes=settings.max_file_bytes + settings.max_xml_bytes + 2 * SURROUNDINGS,
        proxies=settings.proxies,
        **choices,
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield Served(relais, f"http://127.0.0.1:{server.port}")
    finally:
        server.stop()
        thread.join(15)


def ask(method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One request over a connection of its own, in OpenRosa 1.0 (C2). `url` goes out as it is: no redirects, no cookies, no
    encoding."""
    match = re.match(r"http://([^/]+):(\d+)(.*)", url)
    assert match is not None, url
    connection = http.client.HTTPConnection(match[1], int(match[2]), timeout=20)
    try:
        connection.putrequest(method, match[3] or "/", skip_host="Host" in (headers or {}))
        for name, value in {"X-OpenRosa-Version": "1.0", **(headers or {})}.items():
            connection.putheader(name.replace("_", "-"), value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, tuple(answer.getheaders()), answer.read())
    finally:
        connection.close()


def listed(answer: Answer) -> list[dict[str, str]]:
    """The entries of a form list or a manifest, text by element name."""
    root = ET.fromstring(answer.body)
    return [{child.tag.rpartition("}")[2]: child.text or "" for child in entry} for entry in root]


def multipart(xml: bytes, files: Mapping[str, bytes] | None = None, boundary: str = "limit") -> tuple[bytes, str]:
    """Body and Content-Type of a POST with that submission."""
    parts = [("xml_submission_file", "form.xml", "text/xml", xml)]
    parts += [(name, name, "image/jpeg", content) for name, content in (files or {}).items()]
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n'
        f"Content-Type: {kind}\r\n\r\n".encode()
        + content
        + b"\r\n"
        for name, file, kind, content in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"
