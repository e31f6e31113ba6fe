"""Requests that no document describes: odd addresses, parameters, headers, bodies, forms, files and credentials.

Pure chance over lists of what has broken servers before. Every address of the application is asked, those of phones and of
people too; whatever is asked is answered, never with a failure of the server, and what is refused changes nothing.
"""

import inspect
import io
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_from_bytes

from marshmallow import Schema, fields
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder, run_wsgi_app

from accounts import guessing, web_users
from accounts.callers import COOKIE
from config.description import Description, description_of
from tests.accounts.calling import administrator
from tests.house import ARGUMENT, House
from tests.installation import instance, multipart_body, new_id, xform
from tests.odd_values import (
    CONTENT_TYPES,
    FILE_NAMES,
    HEADER_VALUES,
    HEADERS,
    METHODS,
    ODD,
    ODD_BODIES,
    ODD_JSON,
    PARAMETERS,
    TEXTS,
    XML,
)

SIGN_IN_AGAIN = 50
PLAIN: list[tuple[type[fields.Field[Any]], Any]] = [
    (fields.Integer, 1),
    (fields.Boolean, True),
    (fields.Float, 1.5),
    (fields.Dict, {"a": "b"}),
]


@dataclass
class Asked:
    """One request, as it can be shown."""

    environ: dict[str, Any]
    body: bytes

    def __str__(self) -> str:
        shown = {name: value for name, value in self.environ.items() if name.startswith(("HTTP_", "CONTENT"))}
        target = f"{self.environ['PATH_INFO']!r}?{self.environ['QUERY_STRING']!r}"
        return f"{self.environ['REQUEST_METHOD']} {target} {shown} {self.body[:400]!r}"[:2500]


class Odd:
    """Requests of one house, made by chance."""

    def __init__(self, house: House, chance: random.Random) -> None:
        self.house, self.chance = house, chance
        self.app = house.relais.app
        self.rules = sorted(self.app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint))
        self.sign_in()

    def sign_in(self) -> None:
        """Again now and then, since whoever asks at random signs out, too; not once the administrator is deleted."""
        with self.house.relais.services.database.reading() as session:
            if web_users.by_email(session, self.house.relais.admin_email) is None:
                return
        self.api = [administrator(self.house.relais).headers] * 3 + [self.house.viewer.headers, {}]
        self.cookie, self.csrf = _signed_in(self.house)
        guessing.sources.forget()

    def ask(self) -> tuple[Asked, int, bytes]:
        """One request; status and body of what was answered."""
        asked = self._made(self.chance.choice(self.rules))
        pieces, status, _ = run_wsgi_app(self.app, asked.environ, buffered=True)
        return asked, int(status.split()[0]), b"".join(pieces)

    def _made(self, rule: Rule) -> Asked:
        chance = self.chance
        method = chance.choice(sorted(rule.methods or {"GET"})) if chance.random() < 0.95 else chance.choice(METHODS)
        path = self._path(rule)
        query = self._query(rule)
        content_type, body = self._body(rule) if method not in ("GET", "HEAD", "OPTIONS") else ("", b"")
        builder = EnvironBuilder(
            path="/", method=method or "GET", input_stream=io.BytesIO(body), content_type=content_type or None
        )
        environ = builder.get_environ()
        environ["REQUEST_METHOD"] = method
        environ["CONTENT_LENGTH"] = str(len(body))
        environ["PATH_INFO"], environ["QUERY_STRING"] = path, query
        environ["REQUEST_URI"] = quote(path.encode("latin-1"), safe="/%") + (f"?{query}" if query else "")
        for name, value in self._headers(path).items():
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
        return Asked(environ, body)

    def _path(self, rule: Rule) -> str:
        values = self.house.values
        odd_at = self.chance.choice([*rule.arguments, *[""] * 3]) if rule.arguments else ""

        def part(name: str) -> str:
            known = name in values and (name != odd_at)
            raw = str(values[name]).encode() if known else self.chance.choice(ODD)
            return raw.decode("latin-1")

        path = ARGUMENT.sub(lambda found: part(found[1]).replace("\\", "\\\\"), rule.rule)
        if self.chance.random() < 0.03:
            path += self.chance.choice(["/", "//", "/.", "/..", "\0", ".xml", ";x", "%"])
        return path

    def _query(self, rule: Rule) -> str:
        described = self._description(rule)
        names = list(PARAMETERS)
        if described is not None and described.query is not None:
            names += [field.data_key or name for name, field in described.query.fields.items()] * 20
        count = self.chance.choice([0, 0, 1, 1, 2, 5])
        pairs = [f"{quote(self.chance.choice(names))}={self._in_query(self.chance.choice(ODD))}" for _ in range(count)]
        if count and self.chance.random() < 0.05:
            pairs.append(self.chance.choice(["=", "&", "%", "%ff=%ff", "a[]=1", "\xff", "a=1&" * 300]))
        return "&".join(pairs)

    def _in_query(self, raw: bytes) -> str:
        return quote_from_bytes(raw) if self.chance.random() < 0.9 else raw.decode("latin-1").replace("\n", "")

    def _headers(self, path: str) -> dict[str, str]:
        chance = self.chance
        headers = dict(chance.choice(self.api) if path.startswith("/v1") else {"Cookie": self.cookie})
        if chance.random() < 0.5:
            headers["X-OpenRosa-Version"] = "1.0"
        for _ in range(chance.choice([0, 0, 0, 1, 2])):
            value = chance.choice([*HEADER_VALUES, *ODD]) if chance.random() < 0.5 else chance.choice(HEADER_VALUES)
            name = chance.choice(HEADERS)
            if name in ("Host", "Cookie", "Authorization", "Content-Length") and chance.random() < 0.7:
                continue
            headers[name] = value.decode("latin-1").replace("\n", "").replace("\r", "")
        return headers

    def _body(self, rule: Rule) -> tuple[str, bytes]:
        chance = self.chance
        if chance.random() < 0.1:
            return chance.choice(CONTENT_TYPES), chance.choice(ODD_BODIES)
        if rule.rule.endswith("/submission"):
            return self._submission()
        described = self._description(rule)
        if described is not None and isinstance(described.body, Schema):
            return "application/json", self._json(described.body)
        if described is not None:
            kind = described.body if isinstance(described.body, str) else chance.choice(CONTENT_TYPES)
            return kind, chance.choice([*ODD_BODIES, *XML, xform(version=str(chance.random())), instance(new_id())])
        return self._form(rule)

    def _json(self, schema: Schema) -> bytes:
        chance = self.chance
        value: Any = {}
        for name, field in schema.fields.items():
            if chance.random() < 0.7:
                value[field.data_key or name] = self._value(field)
        if chance.random() < 0.1:
            value[chance.choice(["x", "", "\0", "id", "__proto__", "createdAt"])] = chance.choice(ODD_JSON)
        if schema.many:
            value = [value] * chance.choice([0, 1, 2])
        if chance.random() < 0.05:
            value = chance.choice(ODD_JSON)
        return json.dumps(value).encode()

    def _value(self, field: fields.Field[Any]) -> Any:
        chance = self.chance
        if chance.random() < 0.4:
            return chance.choice(ODD_JSON)
        if isinstance(field, fields.Nested):
            inner = {each.data_key or name: self._value(each) for name, each in field.schema.fields.items()}
            return [inner] if field.schema.many else inner
        if isinstance(field, fields.List):
            return [self._value(field.inner) for _ in range(chance.choice([0, 1, 3]))]
        for kind, plain in PLAIN:
            if isinstance(field, kind):
                return plain
        return chance.choice([*TEXTS, self.house.instance_id])

    def _submission(self) -> tuple[str, bytes]:
        chance = self.chance
        ours = [instance(new_id(), name=chance.choice(["\x85", "a" * 100_000])), instance(self.house.instance_id)]
        xml = chance.choice([*XML, *ours])
        files = {chance.choice(FILE_NAMES): b"x" * chance.choice([0, 1, 3000])}
        if chance.random() < 0.2:
            return chance.choice(["text/xml", "application/xml"]), xml
        body = multipart_body(xml, files if chance.random() < 0.5 else {}, incomplete=chance.random() < 0.2)
        kind = "multipart/form-data; boundary=c9cb3a0d-6c3b-4d7e-9b2e-0f8f4c8f3f9d"
        if chance.random() < 0.3:
            cut = chance.randrange(len(body))
            body = chance.choice(
                [body[:cut], body[cut:], body[:cut] + bytes([chance.randrange(256)]) + body[cut + 1 :], body + body]
            )
        return kind, body

    def _form(self, rule: Rule) -> tuple[str, bytes]:
        chance = self.chance
        names = _fields_of_forms(self.app.view_functions[rule.endpoint])
        pairs = [("csrf_token", self.csrf)] if chance.random() < 0.9 else []
        for name in names:
            if chance.random() < 0.7:
                plain = chance.choice([*TEXTS, self.house.instance_id]).encode()
                pairs.append((name, quote_from_bytes(plain if chance.random() < 0.5 else chance.choice(ODD))))
        if chance.random() < 0.3:
            return self._upload(names)
        return "application/x-www-form-urlencoded", "&".join(f"{name}={value}" for name, value in pairs).encode()

    def _upload(self, names: list[str]) -> tuple[str, bytes]:
        chance = self.chance
        parts = [f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self.csrf}\r\n'.encode()]
        for name in [*names, "file", "files", "workbook", "form"]:
            if chance.random() < 0.6:
                filename = chance.choice(FILE_NAMES).encode()
                content = chance.choice([*ODD_BODIES, *XML, xform(version=str(chance.random()))])
                given = b"" if chance.random() < 0.3 else b'; filename="%b"' % filename
                parts.append(
                    b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
                    % (name.encode(), given, content)
                )
        return "multipart/form-data; boundary=x", b"".join(parts) + b"--x--\r\n"

    def _description(self, rule: Rule) -> Description | None:
        return description_of(self.app.view_functions[rule.endpoint])


_NAMES: dict[str, list[str]] = {}


def _fields_of_forms(view: Any) -> list[str]:
    """The names that a page's module reads from forms."""
    while hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    module = inspect.getmodule(view)
    assert module is not None
    if module.__name__ not in _NAMES:
        text = inspect.getsource(module)
        found = re.findall(
            r"""form(?:\.get|\.getlist)?[\[(]"(\w+)"|get\("(\w+)"|files\.get(?:list)?\("(\w+)"|name="(\w+)\"""", text
        )
        _NAMES[module.__name__] = sorted({each for names in found for each in names if each})
    return _NAMES[module.__name__]


def _signed_in(house: House) -> tuple[str, str]:
    """Cookie and CSRF token of the administrator on pages."""
    cookie = f"{COOKIE}={administrator(house.relais).token}"
    page = house.relais.app.test_client(use_cookies=False).get("/account", headers={"Cookie": cookie})
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    return cookie, token[1]


def failures(house: House, number: int, count: int) -> Iterator[str]:
    """Ask `count` times, the same for the same `number`: requests that the server failed at, or refused and yet obeyed."""
    odd = Odd(house, random.Random(number))
    state = house.state()
    for done in range(1, count + 1):
        if done % SIGN_IN_AGAIN == 0:
            odd.sign_in()
            state = house.state()
        asked, status, said = odd.ask()
        if (status >= 500 and status != 501) or b"Traceback (most recent" in said:
            yield f"{asked}: {status} {said[:300]!r}"
        # Reading may leave its mark as well: the log tells of every export.
        before, state = state, house.state()
        if status >= 400 and before != state:
            yield f"{asked}: {status}, and it changed {[was[0] for was, now in zip(before, state, strict=True) if was != now]}"
