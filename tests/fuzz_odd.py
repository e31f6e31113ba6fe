"""Requests that no document describes: odd addresses, parameters, headers, bodies, forms, files and credentials.

Pure chance over lists of what has broken servers before. Every address of the application is asked, those of phones and of
people too; whatever is asked is answered, and never with a failure of the server.
"""

import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_from_bytes

from marshmallow import Schema, fields
from werkzeug.routing import Rule
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app

from config.description import Description, description_of
from tests.accounts.calling import administrator
from tests.house import ARGUMENT, House
from tests.installation import PASSWORD, instance, multipart_body, new_id, xform

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get", "")
# As bytes: what stands in an address or a header need not be text.
ODD = [
    b"", b"\0", b"a\0b", b"\xff", b"\xed\xa0\x80", b"\xc3\xa9", b"\xe9", b"\xf0\x9f\x90\xab", b"\xe2\x80\xae", b"\xef\xbb\xbf1",
    b"-1", b"0", b"1", b"2147483648", b"9223372036854775808", b"9" * 30, b"9" * 5000, b"1e400", b"NaN", b"Infinity", b"-0", b"+1",
    b" 1 ", b"1_0", b"0x1", b"1.0", b"1.5", "٣".encode(), "²".encode(), b"true", b"TRUE", b"null", b"undefined", b"[]", b"{}",
    b"a" * 9000, b"'", b'"', b"\\", b"<b>", b"{{7*7}}", b"%", b"%%", b"%00", b"%ff", b"%2F", b"%u0041", b"../../etc/passwd", b"..", b".", b"/",
    b"a/b", b"a;b", b"a,b", b"a=b&c", b"a\nb", b"a\r\nX: y", b"\t", b"*", b"$metadata", b"$count", b"#", b"?", b"2026-13-45", b"2026-01-01",
    b"2026-01-01T00:00:00Z", b"0000-00-00", b"9999-12-31T23:59:59.999+14:00", b"uuid:x", b"__proto__", b"constructor", b"viewer", b"household",
    b"Submissions", b"secret.jpg", b"submission", b"formList", b"draft", b"current", b"me", b"a" * 300, b"\x1b[31m", b"\x7f", b"\x85", b"\xa0",
    b"name eq 'x'", b"__system/submissionDate gt 2020-01-01", b"not (", b"(" * 500, b"year(now()) eq 1e999", b"$root/Submissions/age div 0", b"age eq 9" + b"9" * 400,
    b"day(__system/submissionDate) eq 1 or " * 80, b"desc", b"__id desc", b"csv", b"fr", b"en;q=1e9", b"7", b"application/json", b"text/html",
]  # fmt: skip
PARAMETERS = [
    "limit", "offset", "q", "sort", "st", "formID", "deviceID", "$filter", "$top", "$skip", "$skiptoken", "$select", "$expand", "$count", "$orderby",
    "$format", "$wkt", "$search", "after", "wait", "page", "action", "start", "end", "attachments", "groupPaths", "deletedFields", "splitSelectMultiples",
    "labels", "language", "forms", "datasets", "deleted", "force", "ignoreWarnings", "publish", "version", "odata", "current", "next", "state", "review",
    "submitterId", "instanceId", "invalidate", "submissionID", "width", "height", "range", "from", "to", "by", "form", "user", "phone", "open", "kind",
    "duplicates", "resolution", "limit", "passphrase", "1", "code", "email", "token", "number", "name", "id", "ids", "flag", "view", "filter", "columns",
]  # fmt: skip
HEADERS = [
    "Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Cookie", "Content-Type", "Content-Encoding", "Content-Length", "Content-Disposition",
    "Content-Range", "Expect", "Host", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "Idempotency-Key", "Origin", "Range", "Referer",
    "Sec-Fetch-Site", "Transfer-Encoding", "User-Agent", "X-Action-Notes", "X-Extended-Metadata", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
    "X-HTTP-Method-Override", "X-OpenRosa-Version", "X-OpenRosa-DeviceID", "X-Requested-With", "X-XlsForm-FormId-Fallback", "Date", "HX-Request",
    "HX-Target", "Upgrade", "Connection", "OData-Version", "OData-MaxVersion", "Prefer", "X-Filename", "If-Unmodified-Since", "Forwarded", "Via",
]  # fmt: skip
HEADER_VALUES = [
    b"bytes=0-", b"bytes=-1", b"bytes=5-2", b"bytes=0-0,2-3", b"bytes=99999999999999999999-", b"bytes=a-b", b"items=0-1", b"gzip", b"br;q=x", b"identity",
    b"deflate, gzip;q=0", b"multipart/form-data", b"multipart/form-data; boundary=", b"multipart/form-data; boundary=\xe9", b"multipart/form-data; boundary=" + b"x" * 300,
    b"application/json; charset=utf-16", b"application/json; charset=x\0y", b"application/x-www-form-urlencoded", b"text/xml; charset=klingon", b"application/json;;;",
    b"Basic", b"Basic %%%", b"Basic QQ==", b"Basic OjpA", b"Basic " + b"A" * 5000, b"Bearer", b"Bearer \xe9", b"Bearer \0", b"bearer  x", b"Digest", b'Digest username="',
    b'Digest username="x", realm="r", nonce="n", uri="/", response="\xe9"', b"Digest username*=UTF-8''%ff, realm=r, nonce=n, uri=u, response=s",
    b'Digest username="x", realm="r", nonce="ffffffffffffffff-' + b"0" * 40 + b'", uri="/", response="x", qop=auth, nc=1, cnonce=1, algorithm=MD5-sess',
    b'Digest username="x", username="y", realm="r", nonce="n", uri="/", response="s"', b"Negotiate x", b"session=\xe9", b"relais_session=\0; session=%%",
    b"a=b; a=c; ;;=", b"__Host-session=x", b"*", b'W/"x', b'"' + b"x" * 3000 + b'"', b"fr-\xe9,en;q=0.x,*;q=2", b"fr-FR-x-" + b"a" * 200, b"Sun, 99 Foo 2026 25:61:61 GMT",
    b"Thu, 01 Jan 1970 00:00:00 GMT", b"chunked", b"100-continue", b"1.0", b"2.0", b"true", b"XMLHttpRequest", b"cross-site", b"null", b"http://[", b"https://\xe9/",
    b"localhost:99999", b"a b", b"[::1]", b"x" * 3000, b"en;q=1e9999", b"%E9", b"%", b"utf-8''%ff", b'attachment; filename="\xe9\0.xlsx"', b"PATCH",
]  # fmt: skip
ODD_JSON: list[Any] = [
    None, True, False, 0, -1, 1, 1.5, 1e308, -0.0, 2**31, 2**53 + 1, 2**63, 10**400, "", "\0", "a\0b", "\ud800", "é", "x" * 20_000, "1", "true", "null", [], {}, [None], [[]],
    [{}], {"": 1}, {"a": {"b": {}}}, ["a"] * 3000, "a@b", "a@b.c", "x@example.org", "2026-01-01", "not a date", "<b>", "viewer", "admin", "open", "approved", "hasIssues", "any",
    {"x": "\0"}, {"\0": "x"}, {"\ud800": "x"}, ["\0"], ["\ud800"], "uuid:x", "http://", "http://[::1", "https://example.org\0", "٣", "‮", "household", "secret.jpg",
]  # fmt: skip
ODD_BODIES = [
    b"", b"{", b"[", b"nul", b"\0", b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}", b'{"a":1}{"b":2}', b'{"a":1,"a":2}', b"[" * 5000, b'{"a":' * 5000, b"[" * 200_000, b'{"a":NaN}', b'{"a":1e999}',
    b'{"a":-Infinity}', b'"\\ud800"', b'{"name":"\\ud800"}', b'{"name":"\xff"}', b"1" * 5000, b"-", b"null", b"true", b'"x"', b"1", b"[]", b"{}", b"<a/>", b"<a", b"PK\x03\x04", b"%PDF-1.4",
    b"\x1f\x8b\x08\x00" + b"\0" * 20, b"a=b", b"a=%", b"a=%ff&csrf_token=%00", b"&&&=", b"--x\r\n", b"--x--\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--",
    b'--x\r\nContent-Disposition: form-data; name="a\xff"; filename="\0"\r\n\r\nx\r\n--x--\r\n', b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
]  # fmt: skip
XML = [
    b"", b"<", b"<data/>", b"<data id='household'/>", b"<?xml version='1.0' encoding='utf-16'?><data/>", b"<?xml version='1.0' encoding='klingon'?><data/>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]><data id='household'>&b;</data>", b"<data id='household' version='1'><meta><instanceID>\xff</instanceID></meta></data>",
    b"<data id='household' version='1'><meta><instanceID>" + b"x" * 5000 + b"</instanceID></meta></data>", b"<data id='household' version='1'><meta><instanceID/></meta></data>",
    b"<data id='\xc3\xa9' version=''/>", b"<data id='household' version='1'>" + b"<a>" * 400 + b"</a>" * 400 + b"</data>", b"<data id='household' version='1'>&#0;</data>",
    b"<data id='household' version='1'><name>&#xD800;</name></data>", b"<data xmlns='x' id='household' version='1'><meta xmlns='y'><instanceID>uuid:1</instanceID></meta></data>",
    b"<data id='household' version='1'><age>x</age><age>y</age><meta><instanceID>uuid:2</instanceID><instanceID>uuid:3</instanceID><deprecatedID>uuid:2</deprecatedID></meta></data>",
    b"<data id='household' version='1' " + b" ".join(b"a%d='1'" % n for n in range(2000)) + b"/>", b"<data id='" + b"x" * 3000 + b"' version='" + b"y" * 3000 + b"'/>",
    b"<data id='household' version='1'><meta><instanceID>a/b?c#d%00</instanceID></meta></data>", b"<data id='household' version='1'><meta><instanceID>..</instanceID></meta></data>",
    b"<data id='household' version='1'><photo>../../x</photo><meta><instanceID>uuid:4</instanceID></meta></data>", b"<data id='a\tb' version='\n'><meta><instanceID> x </instanceID></meta></data>",
    b"<data encrypted='yes' id='household' version='1' xmlns='http://opendatakit.org/submissions'><base64EncryptedKey>%%</base64EncryptedKey><encryptedXmlFile>x</encryptedXmlFile></data>",
]  # fmt: skip


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
        self.asked = 0
        self._sign_in()

    def _sign_in(self) -> None:
        """Whoever asks at random signs out, too."""
        self.api = [administrator(self.house.relais).headers] * 3 + [self.house.viewer.headers, {}]
        self.cookie, self.csrf = _signed_in(self.house)

    def ask(self) -> tuple[Asked, TestResponse]:
        """One request and what was answered."""
        asked = self._made(self.chance.choice(self.rules))
        parts = run_wsgi_app(self.app, asked.environ, buffered=True)
        return asked, TestResponse(*parts, request=None)  # type: ignore[arg-type]

    def _made(self, rule: Rule) -> Asked:
        chance = self.chance
        method = chance.choice(sorted(rule.methods or {"GET"})) if chance.random() < 0.95 else chance.choice(METHODS)
        path = self._path(rule)
        query = self._query(rule)
        content_type, body = self._body(rule) if method not in ("GET", "HEAD", "OPTIONS") else ("", b"")
        builder = EnvironBuilder(path="/", method=method or "GET", input_stream=io.BytesIO(body), content_type=content_type or None)
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
        pairs = [
            f"{quote(self.chance.choice(names))}={self._in_query(self.chance.choice(ODD))}" for _ in range(count)
        ]
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
            kind = chance.choice(["application/json", "text/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/xml", "text/csv"])
            return kind, chance.choice(ODD_BODIES)
        if rule.rule.endswith("/submission"):
            return self._submission()
        described = self._description(rule)
        if described is not None and isinstance(described.body, Schema):
            return "application/json", self._json(described.body)
        if described is not None:
            kind = described.body if isinstance(described.body, str) else chance.choice(["application/json", "text/xml", "application/xml"])
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
        for kind, plain in ((fields.Integer, 1), (fields.Boolean, True), (fields.Float, 1.5), (fields.Dict, {"a": "b"})):
            if isinstance(field, kind):
                return plain
        return chance.choice(["x", "household", self.house.instance_id, "approved", "viewer", "2026-01-01T00:00:00Z", "open"])

    def _submission(self) -> tuple[str, bytes]:
        chance = self.chance
        xml = chance.choice([*XML, instance(new_id(), name=chance.choice(["\x85", "a" * 100_000, "x"])), instance(self.house.instance_id)])
        files = {chance.choice(["a.jpg", "", "../x", "é" * 200, "a\r\nb", "xml_submission_file", "audit.csv", "submission.xml.enc", "\x7f"]): b"x" * chance.choice([0, 1, 3000])}
        if chance.random() < 0.2:
            return chance.choice(["text/xml", "application/xml"]), xml
        body = multipart_body(xml, files if chance.random() < 0.5 else {}, incomplete=chance.random() < 0.2)
        kind = "multipart/form-data; boundary=c9cb3a0d-6c3b-4d7e-9b2e-0f8f4c8f3f9d"
        if chance.random() < 0.3:
            cut = chance.randrange(len(body))
            body = chance.choice([body[:cut], body[cut:], body[:cut] + bytes([chance.randrange(256)]) + body[cut + 1 :], body + body])
        return kind, body

    def _form(self, rule: Rule) -> tuple[str, bytes]:
        chance = self.chance
        names = _fields_of_forms(self.app.view_functions[rule.endpoint])
        pairs = [("csrf_token", self.csrf)] if chance.random() < 0.9 else []
        for name in names:
            if chance.random() < 0.7:
                plain = chance.choice([b"1", b"x", b"household", b"on", b"viewer", b"approved", self.house.instance_id.encode(), b"a@example.org"])
                pairs.append((name, quote_from_bytes(plain if chance.random() < 0.5 else chance.choice(ODD))))
        if chance.random() < 0.3:
            return self._upload(names)
        return "application/x-www-form-urlencoded", "&".join(f"{name}={value}" for name, value in pairs).encode()

    def _upload(self, names: list[str]) -> tuple[str, bytes]:
        chance = self.chance
        parts = [f'--x\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{self.csrf}\r\n'.encode()]
        for name in [*names, "file", "files", "workbook", "form"]:
            if chance.random() < 0.6:
                filename = chance.choice([b"a.xlsx", b"a.xml", b"a.xls", b"", b"\xff.xlsx", b"../a.csv", b"a.pdf", b"a" * 400 + b".xlsx", b"a\0.xml"])
                content = chance.choice([*ODD_BODIES, *XML, xform(version=str(chance.random()))])
                given = b"" if chance.random() < 0.3 else b'; filename="%b"' % filename
                parts.append(b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n%b\r\n' % (name.encode(), given, content))
        return "multipart/form-data; boundary=x", b"".join(parts) + b"--x--\r\n"

    def _description(self, rule: Rule) -> Description | None:
        return description_of(self.app.view_functions[rule.endpoint])


_NAMES: dict[str, list[str]] = {}


def _fields_of_forms(view: Any) -> list[str]:
    """The names that a page's module reads from forms."""
    import inspect
    import re

    while hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    module = inspect.getmodule(view)
    assert module is not None
    if module.__name__ not in _NAMES:
        text = inspect.getsource(module)
        found = re.findall(r"""form(?:\.get|\.getlist)?[\[(]"(\w+)"|get\("(\w+)"|files\.get(?:list)?\("(\w+)"|name="(\w+)\"""", text)
        _NAMES[module.__name__] = sorted({each for names in found for each in names if each})
    return _NAMES[module.__name__]


def _signed_in(house: House) -> tuple[str, str]:
    """Cookie and CSRF token of the administrator on pages."""
    import re

    client = house.relais.app.test_client()
    page = client.get("/sign-in").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token is not None
    client.post("/sign-in", data={"email": house.relais.admin_email, "password": PASSWORD, "csrf_token": token[1]})
    cookie = client.get_cookie("relais_session")
    assert cookie is not None
    own = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/account").text)
    assert own is not None
    return f"relais_session={cookie.value}", own[1]


def asked_by_chance(house: House, number: int, count: int) -> Iterator[tuple[Asked, TestResponse]]:
    """`count` requests; the same `number` makes the same."""
    odd = Odd(house, random.Random(number))
    for _ in range(count):
        yield odd.ask()
