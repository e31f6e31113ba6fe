import base64
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from accounts.digest import (
    ALGORITHMS,
    NONCE_LIFE,
    BasicAnswer,
    DigestAnswer,
    Result,
    challenges,
    check,
    ha1,
    parse_authorization,
    response,
)

SECRET = b"0123456789abcdef0123456789abcdef"
NOW = datetime(2026, 11, 23, 10, 22, 3, tzinfo=UTC)
REALM = "Relais"
URI = "/v1/projects/1/submission?deviceID=collect%3Aabc"
LOGIN = ("agent-07", "sable-dune-42")


def hashes(username: str = LOGIN[0], password: str = LOGIN[1]) -> dict[str, str]:
    return {algorithm: ha1(username, REALM, password, algorithm) for algorithm in ALGORITHMS}


def nonce(at: datetime = NOW, secret: bytes = SECRET) -> str:
    return challenges(REALM, secret, at)[0].split('nonce="')[1].split('"')[0]


def answer(method: str = "POST", password: str = LOGIN[1], **changes: str) -> DigestAnswer:
    blank = DigestAnswer(LOGIN[0], REALM, nonce(), URI, "", "SHA-256", "auth", "00000001", "0a4f113b")
    asked = replace(blank, **changes)
    known = ha1(asked.username, REALM, password, asked.algorithm) if asked.algorithm in ALGORITHMS else "0"
    return replace(asked, response=response(asked, method, known)) if asked.algorithm in ALGORITHMS else asked


def judge(given_answer: DigestAnswer, method: str = "POST", uri: str = URI, at: datetime = NOW) -> Result:
    return check(given_answer, method, uri, hashes(), SECRET, at)


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_example_of_rfc_7616_section_3_9_1(algorithm: str, expected: str) -> None:
    header = (
        'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", '
        f'algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, '
        f'cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", qop=auth, response="{expected}", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    parsed = parse_authorization(header)
    assert isinstance(parsed, DigestAnswer)
    login = ha1("Mufasa", "http-auth@example.org", "Circle of Life", algorithm)
    assert response(parsed, "GET", login) == expected
    # The password is right, the nonce is not one of ours.
    assert check(parsed, "GET", "/dir/index.html", {algorithm: login}, SECRET, NOW) is Result.STALE


def test_the_example_of_rfc_2617_section_3_5() -> None:
    header = (
        'Digest username="Mufasa", realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'uri="/dir/index.html", qop=auth, nc=00000001, cnonce="0a4f113b", '
        'response="6629fae49393a05397450978507c4ef1", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    parsed = parse_authorization(header)
    assert isinstance(parsed, DigestAnswer)
    assert parsed.algorithm == "MD5"
    login = ha1("Mufasa", "testrealm@host.com", "Circle Of Life", "MD5")
    assert response(parsed, "GET", login) == "6629fae49393a05397450978507c4ef1"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_right_password_is_let_in(algorithm: str) -> None:
    assert judge(answer(algorithm=algorithm)) is Result.OK


def test_a_wrong_password_is_wrong_even_with_an_old_nonce() -> None:
    assert judge(answer(password="guess")) is Result.WRONG
    assert judge(answer(password="guess", nonce=nonce(NOW - timedelta(days=3)))) is Result.WRONG


def test_an_answer_is_good_for_its_own_method_and_uri_only() -> None:
    assert judge(answer("HEAD"), "POST") is Result.WRONG
    assert judge(answer(), uri="/v1/projects/2/submission") is Result.WRONG


def test_the_uri_is_compared_undecoded_c84() -> None:
    assert judge(answer(), uri=URI.replace("%3A", ":")) is Result.WRONG


def test_a_request_target_in_absolute_form_is_compared_by_its_path() -> None:
    assert judge(answer(), uri="http://192.168.1.10:8000" + URI) is Result.OK


@pytest.mark.parametrize(
    ("age", "result"),
    [
        (timedelta(0), Result.OK),
        (NONCE_LIFE, Result.OK),
        (NONCE_LIFE + timedelta(seconds=1), Result.STALE),
        (-timedelta(minutes=4), Result.OK),
        (-timedelta(days=400), Result.STALE),
    ],
)
def test_a_nonce_lives_a_day_and_then_only_needs_renewing_c86(age: timedelta, result: Result) -> None:
    assert judge(answer(nonce=nonce(NOW - age))) is result


def test_a_nonce_made_with_another_secret_is_stale() -> None:
    assert judge(answer(nonce=nonce(secret=b"another"))) is Result.STALE


@pytest.mark.parametrize("forged", ["", "0-" + "0" * 40, "f" * 16 + "-" + "0" * 40, nonce()[:-1] + "x", "é"])
def test_a_forged_nonce_is_never_accepted(forged: str) -> None:
    assert judge(answer(nonce=forged)) is Result.STALE


def test_counts_may_come_out_of_order_and_an_answer_twice_c84() -> None:
    assert [judge(answer(nc=count)) for count in ("00000005", "00000002", "00000002")] == [Result.OK] * 3


@pytest.mark.parametrize("changes", [{"qop": ""}, {"qop": "auth-int"}, {"cnonce": ""}, {"algorithm": "MD5-SESS"}])
def test_only_what_was_offered_is_accepted(changes: dict[str, str]) -> None:
    assert judge(answer(**changes)) is Result.WRONG


def test_a_login_without_a_hash_for_the_algorithm_is_wrong() -> None:
    assert check(answer(), "POST", URI, {"MD5": hashes()["MD5"]}, SECRET, NOW) is Result.WRONG


def test_the_challenges_are_separate_headers_that_differ_in_the_algorithm_only_c83_c85() -> None:
    first, second = challenges("Relais", SECRET, NOW)
    assert first.startswith('Digest realm="Relais", nonce="')
    assert first.endswith('qop="auth", algorithm=SHA-256, charset=UTF-8')
    assert second == first.replace("SHA-256", "MD5")


def test_a_renewed_challenge_says_stale_c86() -> None:
    assert all(challenge.endswith(", stale=true") for challenge in challenges("Relais", SECRET, NOW, stale=True))


def test_a_realm_with_quotes_stays_one_value() -> None:
    parsed = parse_authorization(
        challenges('Le "relais" \\ 1', SECRET, NOW)[0] + ', username="a", uri="/", response="0"'
    )
    assert isinstance(parsed, DigestAnswer)
    assert parsed.realm == 'Le "relais" \\ 1'


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        ('username="zoé"'.encode(), "zoé"),
        ('username="zoé"'.encode("latin-1"), "zoé"),
        (b"username*=UTF-8''zo%C3%A9", "zoé"),
        (rb'username="a\"b\\c"', 'a"b\\c'),
        (b"username=plain", "plain"),
    ],
)
def test_user_names_come_in_several_writings_c85(sent: bytes, meant: str) -> None:
    header = "Digest " + sent.decode("latin-1") + ', realm="r", nonce="n", uri="/", response="0"'
    parsed = parse_authorization(header)
    assert isinstance(parsed, DigestAnswer)
    assert parsed.username == meant


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer abc",
        "Digest",
        'Digest username="a"',
        'Digest username="a", username="b", realm="r", nonce="n", uri="/", response="0"',
        'Digest username="a, realm="r", nonce="n", uri="/", response="0"',
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"nocolon").decode(),
    ],
)
def test_a_header_that_holds_no_credentials_gives_none(header: str) -> None:
    assert parse_authorization(header) is None


@given(st.text(alphabet=st.characters(max_codepoint=255)))
def test_no_header_breaks_the_reader(text: str) -> None:
    for scheme in ("Digest ", "Basic ", "digest realm=r,nonce=n,uri=/,response=r,username="):
        parsed = parse_authorization(scheme + text)
        if isinstance(parsed, DigestAnswer):
            judge(parsed)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_basic_is_read_as_utf_8_and_else_as_latin_1_c85(encoding: str) -> None:
    encoded = base64.b64encode("zoé:pass:é".encode(encoding)).decode()
    assert parse_authorization("Basic " + encoded) == BasicAnswer("zoé", "pass:é")


# --- Clients as they are ---


class Guarded(ThreadingHTTPServer):
    """Lets in whoever answers the digest, and remembers with which algorithm."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), GuardedRequest)
        self.algorithms: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/submission?deviceID=collect%3Aabc&x=%C3%A9"


class GuardedRequest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Guarded

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        found = parse_authorization(self.headers.get("Authorization", ""))
        now = datetime.now(UTC)
        result = Result.WRONG
        if isinstance(found, DigestAnswer):
            result = check(found, self.command, self.path, hashes("zoé", "été"), SECRET, now)
            self.server.algorithms.append(found.algorithm)
        self.send_response(201 if result is Result.OK else 401)
        if result is not Result.OK:
            for challenge in challenges(REALM, SECRET, now, stale=result is Result.STALE):
                self.send_header("WWW-Authenticate", challenge)
            self.send_header("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    server = Guarded()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def with_requests(url: str, password: str) -> int:
    login = requests.auth.HTTPDigestAuth("zoé", password)
    return requests.post(url, data=b"<data/>", auth=login, timeout=10).status_code


def with_curl(url: str, password: str) -> int:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    call = [curl, "--silent", "--digest", "--user", f"zoé:{password}", "--data", "<data/>", "--output", "/dev/null"]
    done = subprocess.run([*call, "--write-out", "%{http_code}", url], capture_output=True, timeout=10, check=True)
    return int(done.stdout)


@pytest.mark.parametrize("client", [with_requests, with_curl])
def test_real_clients_find_their_way_in_among_our_challenges(
    guarded: Guarded, client: Callable[[str, str], int]
) -> None:
    assert client(guarded.url, "été") == 201
    assert client(guarded.url, "faux") == 401
    assert set(guarded.algorithms) == ({"MD5"} if client is with_requests else {"SHA-256"})
