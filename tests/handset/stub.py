"""A small OpenRosa server that keeps the contract, and can be told to break it: what the phone's own tests talk to."""

import hashlib
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FORM = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head>'
    "<h:title>Passage é</h:title><model><instance>"
    '<data id="passage" version="1"><age/><meta><instanceID/></meta></data></instance></model></h:head>'
    "<h:body/></h:html>"
).encode()
ANSWER = (
    '<OpenRosaResponse xmlns="http://openrosa.org/http/response"><message nature="">{}</message></OpenRosaResponse>'
)


@dataclass
class Received:
    """One request as it arrived; `lines` are the header lines in order, `peer` the phone's port."""

    method: str
    target: str
    lines: list[tuple[str, str]]
    body: bytes
    peer: int

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.lines if key.lower() == name.lower()), None)


@dataclass
class Reply:
    """One answer; `Content-Length` is added."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def xml(body: str, **more: str) -> Reply:
    """A 200 as the list and the manifest need it, with an ETag."""
    tag = '"' + hashlib.md5(body.encode(), usedforsecurity=False).hexdigest() + '"'
    headers = {"Content-Type": "text/xml; charset=utf-8", "X-OpenRosa-Version": "1.0", "ETag": tag}
    return Reply(200, body.encode(), headers | more)


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A phone that hung up is part of the tests."""


class Stub:
    """The server; `replies[(method, path)]` overrides what it would say, as a Reply or a function of the request."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.replies: dict[tuple[str, str], Reply | Callable[[Received], Reply]] = {}
        self.form = FORM
        self.media: dict[str, bytes] = {"posts.csv": b"name,label\nA,Assamaka\n"}
        self.limit = "10000000"
        self.credentials: tuple[str, str] | None = None
        self.algorithm = "MD5"
        self.nonce = secrets.token_hex(8)
        self._server = _Quiet(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def posts(self) -> list[Received]:
        return [one for one in self.received if one.method == "POST"]

    def list_xml(self) -> str:
        """The form list it would serve."""
        md5 = hashlib.md5(self.form, usedforsecurity=False).hexdigest()
        return (
            '<xforms xmlns="http://openrosa.org/xforms/xformsList"><xform><formID>passage</formID><name>Passage</name>'
            f"<version>1</version><hash>md5:{md5}</hash><downloadUrl>{self.url}/form</downloadUrl>"
            f"<manifestUrl>{self.url}/manifest</manifestUrl></xform></xforms>"
        )

    def manifest_xml(self) -> str:
        """The manifest it would serve."""
        files = "".join(
            f"<mediaFile><filename>{name}</filename><hash>md5:{hashlib.md5(content).hexdigest()}</hash>"
            f"<downloadUrl>{self.url}/media/{name}</downloadUrl></mediaFile>"
            for name, content in self.media.items()
        )
        return f'<manifest xmlns="http://openrosa.org/xforms/xformsManifest">{files}</manifest>'

    def answer(self, request: Received) -> Reply:
        path = request.target.partition("?")[0]
        if self.credentials and not self._proven(request):
            return self._challenge(request)
        told = self.replies.get((request.method, path))
        if told is not None:
            return told(request) if callable(told) else told
        if request.method == "HEAD":
            return Reply(204, b"", {"X-OpenRosa-Accept-Content-Length": self.limit})
        if request.method == "POST":
            return Reply(201, ANSWER.format("reçu").encode(), {"Content-Type": "text/xml"})
        return self._get(request, path)

    def _get(self, request: Received, path: str) -> Reply:
        if path == "/formList":
            reply = xml(self.list_xml())
        elif path == "/manifest":
            reply = xml(self.manifest_xml())
        elif path == "/form":
            reply = Reply(200, self.form, {"ETag": '"form"', "Content-Type": "application/xml"})
        elif path.startswith("/media/"):
            reply = Reply(200, self.media[path.removeprefix("/media/")], {"ETag": '"media"'})
        else:
            return Reply(404)
        same = request.header("If-None-Match") == reply.headers["ETag"] and path in {"/formList", "/manifest"}
        return Reply(304, b"", {"ETag": reply.headers["ETag"]}) if same else reply

    def _challenge(self, request: Received) -> Reply:
        stale = ", stale=true" if f'nonce="{self.nonce}"' not in (request.header("Authorization") or "nonce") else ""
        stale = stale if request.header("Authorization") else ""
        value = f'Digest realm="posts", nonce="{self.nonce}", qop="auth", algorithm={self.algorithm}{stale}'
        return Reply(401, b"", {"WWW-Authenticate": value})

    def _proven(self, request: Received) -> bool:
        assert self.credentials is not None
        sent = dict(re.findall(r'(\w+)="?([^",]*)"?', request.header("Authorization") or ""))
        if sent.get("nonce") != self.nonce or sent.get("uri") != request.target:
            return False

        def digest(text: str) -> str:
            return hashlib.new({"MD5": "md5", "SHA-256": "sha256"}[self.algorithm], text.encode()).hexdigest()

        user, password = self.credentials
        middle = f"{self.nonce}:{sent['nc']}:{sent['cnonce']}:auth"
        secret = digest(f"{user}:posts:{password}")
        wanted = digest(f"{secret}:{middle}:{digest(f'{request.method}:{request.target}')}")
        return bool(sent["response"] == wanted)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 10
            wbufsize = 65536

            def reply(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                if len(body) < length:
                    self.close_connection = True
                    return
                request = Received(self.command, self.path, list(self.headers.items()), body, self.client_address[1])
                stub.received.append(request)
                reply = stub.answer(request)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if reply.status not in {204, 304}:
                    self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                if self.command != "HEAD" and reply.status not in {204, 304}:
                    self.wfile.write(reply.body)

            do_GET = do_HEAD = do_POST = reply

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
                """Silence."""

        return Handler
