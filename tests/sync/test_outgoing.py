"""Requests to addresses that people have typed."""

import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from sync.outgoing import OutgoingError, is_allowed, post, require_url

HEADERS = {"Content-Type": "application/json"}


class Receiver(BaseHTTPRequestHandler):
    """Answers with `status`, keeps what it was sent."""

    status = 204
    seen: list[tuple[str, dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, {key.lower(): value for key, value in self.headers.items()}, body))
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Silence."""


@contextmanager
def receiving(status: int = 204) -> Iterator[tuple[str, list[tuple[str, dict[str, str], bytes]]]]:
    """A receiver on this machine: its address, what it was sent."""
    kind = type("Kind", (Receiver,), {"status": status, "seen": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", kind.seen  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("status", [200, 302, 410, 500])
def test_the_status_is_told_and_nothing_is_followed(status: int) -> None:
    with receiving(status) as (address, seen):
        assert post(f"{address}/a?b=c", b"{}", HEADERS, private=True) == status
    ((path, headers, body),) = seen
    assert (path, body, headers["content-type"]) == ("/a?b=c", b"{}", "application/json")
    assert headers["host"] == address.removeprefix("http://")


def test_this_machine_is_not_reached_unless_allowed() -> None:
    with receiving() as (address, seen):
        port = address.rpartition(":")[2]
        for url in (address, f"https://127.0.0.1:{port}", f"https://localhost:{port}", f"https://[::1]:{port}"):
            with pytest.raises(OutgoingError, match="private"):
                post(url, b"{}", HEADERS, private=False)
    assert seen == []


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(*_: Any, **__: Any) -> list[Any]:
        one = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*one, ("93.184.216.34", 443)), (*one, ("10.0.0.1", 443))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    with pytest.raises(OutgoingError, match="private"):
        post("https://rebound.example.org/", b"{}", HEADERS, private=False)


@pytest.mark.parametrize(
    ("address", "public", "lan"),
    [
        ("8.8.8.8", True, True),
        ("2001:4860:4860::8888", True, True),
        ("10.1.2.3", False, True),
        ("192.168.1.9", False, True),
        ("100.64.0.1", False, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("fd00::1", False, True),
        ("::ffff:127.0.0.1", False, True),
        ("64:ff9b::7f00:1", False, True),
        ("2002:7f00:1::", False, True),
        ("169.254.169.254", False, False),
        ("::ffff:169.254.169.254", False, False),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("fe80::1", False, False),
        ("224.0.0.1", False, False),
        ("0.0.0.0", False, False),  # noqa: S104 - an address
        ("::", False, False),
    ],
)
def test_which_addresses_are_allowed(address: str, public: bool, lan: bool) -> None:
    given = ipaddress.ip_address(address)
    assert (is_allowed(given, private=False), is_allowed(given, private=True)) == (public, lan)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://example.org/hook", None),
        ("https://example.org:8443/hook?a=b", None),
        ("http://example.org/hook", "private"),
        ("https://10.0.0.1/", "private"),
        ("https://[::ffff:10.0.0.1]/", "private"),
        ("ftp://example.org/", "url"),
        ("example.org", "url"),
        ("https:///path", "url"),
        ("https://me:secret@example.org/", "url"),
        ("https://example.org/#part", "url"),
        ("https://example.org/a b", "url"),
        ("https://example.org/\r\nX: y", "url"),
        ("https://exämple.org/", "url"),
        ("https://example.org:0/", "url"),
        ("https://example.org:x/", "url"),
        ("https://[::1/", "url"),
        ("https://example.org/" + "x" * 2000, "url"),
    ],
)
def test_which_urls_can_be_sent_to(url: str, code: str | None) -> None:
    if code is None:
        require_url(url, private=False)
        return
    with pytest.raises(OutgoingError) as caught:
        require_url(url, private=False)
    assert caught.value.code == code


def test_what_does_not_answer_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(OutgoingError, match="timeout"):
            post(url, b"{}", HEADERS, private=True, seconds=0.1)
        tls = url.replace("http:", "https:")
        with pytest.raises(OutgoingError, match="timeout"):
            post(tls, b"{}", HEADERS, private=True, seconds=0.1)
    with pytest.raises(OutgoingError, match="connection"):
        post(url, b"{}", HEADERS, private=True)
    with pytest.raises(OutgoingError, match="address"):
        post("http://nowhere.invalid/", b"{}", HEADERS, private=True)


def test_an_answer_a_byte_at_a_time_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as slow:

        def drip() -> None:
            peer, _ = slow.accept()
            with peer:
                try:
                    for _ in range(200):
                        peer.sendall(b"H")
                        ended.wait(0.05)
                except OSError:
                    pass

        ended = threading.Event()
        thread = threading.Thread(target=drip)
        thread.start()
        with pytest.raises(OutgoingError, match="connection"):
            post(f"http://127.0.0.1:{slow.getsockname()[1]}/", b"{}", HEADERS, private=True, seconds=0.2)
        ended.set()
        thread.join()
