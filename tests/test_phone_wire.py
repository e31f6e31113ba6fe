"""The phone of the tests on the socket: dead connections, early answers, silence, credentials over https."""

import base64
import queue
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.handset.authentication import Authenticator, Credentials
from tests.handset.wire import Response
from tests.phone import BadLink, Phone

FILLED = b'<data id="passage" version="1"><meta><instanceID>uuid:1</instanceID></meta></data>'
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nX-OpenRosa-Accept-Content-Length: 1000000\r\n\r\n"
CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"
Conversation = Callable[[socket.socket, int], None]


class Listener:
    """Plays `conversation(connection, number)` on every connection it accepts."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.conversation: Conversation = lambda connection, number: None
        self.connections = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(5)
                self.conversation(connection, self.connections)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(6)


@pytest.fixture
def listener() -> Iterator[Listener]:
    server = Listener()
    yield server
    server.close()


def read_request(connection: socket.socket, *, body: bool = True) -> bytes:
    """One request, its head alone unless `body`."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, rest = received.partition(b"\r\n\r\n")
    length = next((int(line[16:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: ")), 0)
    while body and len(rest) < length:
        rest += connection.recv(65536)
    return head + b"\r\n\r\n" + rest


def test_a_post_on_a_connection_that_proves_dead_is_repeated_on_a_new_one(listener: Listener) -> None:
    posts = []

    def conversation(connection: socket.socket, number: int) -> None:
        if number == 1:
            read_request(connection)
            connection.sendall(NO_CONTENT)
        posts.append(read_request(connection))
        if number == 2:
            connection.sendall(CREATED)

    listener.conversation = conversation
    phone = Phone(listener.url)
    phone.finalize(FILLED)
    assert phone.send_all()[0].sent
    assert [post.startswith(b"POST /submission") for post in posts] == [True, True]


def test_an_answer_given_before_the_body_was_read_is_heard(listener: Listener) -> None:
    def conversation(connection: socket.socket, number: int) -> None:  # noqa: ARG001
        read_request(connection)
        connection.sendall(NO_CONTENT)
        read_request(connection, body=False)
        connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass

    listener.conversation = conversation
    phone = Phone(listener.url)
    phone.finalize(FILLED, {"1.jpg": bytes(3_000_000)})
    assert phone.send_all()[0].status == 413


def test_an_answer_that_comes_too_late_is_a_failure_and_not_repeated(listener: Listener) -> None:
    def conversation(connection: socket.socket, number: int) -> None:  # noqa: ARG001
        read_request(connection)
        connection.sendall(NO_CONTENT)
        read_request(connection)
        connection.recv(1)

    listener.conversation = conversation
    phone = Phone(listener.url, read_seconds=0.2)
    phone.finalize(FILLED)
    result = phone.send_all()[0]
    assert (result.sent, result.status, listener.connections) == (False, None, 1)


def test_hanging_up_sends_the_whole_request_and_reads_nothing(listener: Listener) -> None:
    posts: queue.Queue[bytes] = queue.Queue()

    def conversation(connection: socket.socket, number: int) -> None:  # noqa: ARG001
        read_request(connection)
        connection.sendall(NO_CONTENT)
        posts.put(read_request(connection))

    listener.conversation = conversation
    phone = Phone(listener.url)
    phone.link = BadLink(hang_up=True)
    phone.finalize(FILLED)
    assert not phone.send_all()[0].sent
    assert FILLED in posts.get(timeout=5)


def refused(*challenges: str) -> Response:
    """A 401 with these challenges."""
    return Response(401, "", tuple(("WWW-Authenticate", one) for one in challenges), b"", "")


def test_basic_is_answered_over_https_once_and_then_sent_unasked() -> None:
    authenticator = Authenticator(Credentials("poste-1", "é"))
    answer = authenticator.answer("GET", "https://h/formList", None, refused('Basic realm="x"'))
    assert answer == "Basic " + base64.b64encode("poste-1:é".encode("latin-1")).decode()
    assert authenticator.preemptive("POST", "https://h/submission") == answer
    assert authenticator.answer("GET", "https://h/formList", answer, refused('Basic realm="x"')) is None


def test_the_first_challenge_the_phone_knows_wins() -> None:
    authenticator = Authenticator(Credentials("poste-1", "s"))
    digest = 'Digest realm="x", nonce="n", qop="auth", algorithm=SHA-256'
    answer = authenticator.answer("GET", "https://h/", None, refused("Negotiate", digest, 'Basic realm="x"'))
    assert (answer or "").startswith("Digest ")


def test_credentials_of_one_origin_are_not_sent_to_another() -> None:
    authenticator = Authenticator(Credentials("poste-1", "s"))
    authenticator.answer("GET", "https://h/", None, refused('Basic realm="x"'))
    assert authenticator.preemptive("GET", "https://h:8443/") is None
