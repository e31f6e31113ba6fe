"""docs/collect-contract.md, section 8: credentials, over real sockets where it is about what travels."""

import base64
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from accounts.digest import DigestAnswer, challenges, ha1, response
from config.clock import now
from tests.collector.published import filled, form_with_files
from tests.handset.authentication import parse_challenge
from tests.installation import PASSWORD, Installation, another_process, instance, new_id
from tests.phone import FetchFailed, Phone
from tests.served import Place, Served, ask, multipart, serving
from tests.skips import require_tool

DEVICE = "?deviceID=collect%3AabcdEFGH12345678"


def basic(username: str, password: str, encoding: str = "utf-8") -> dict[str, str]:
    pair = base64.b64encode(f"{username}:{password}".encode(encoding)).decode()
    return {"Authorization": f"Basic {pair}", "X-Forwarded-Proto": "https"}


def digest_answer(place: Place, method: str, target: str, *, count: int = 1, age: timedelta = timedelta()) -> str:
    """An Authorization header with the right password; `age` is that of the nonce."""
    services = place.relais.services
    ((realm,),) = place.relais.rows("SELECT realm FROM server")
    made = challenges(realm, services.secret, now() - age)[0]
    nonce = parse_challenge(made).parameters["nonce"]
    who = place.credential
    answer = DigestAnswer(who.username, realm, nonce, target, "", "SHA-256", "auth", f"{count:08x}", "abc")
    proof = response(answer, method, ha1(who.username, realm, who.password, "SHA-256"))
    return (
        f'Digest username="{who.username}", realm="{realm}", nonce="{nonce}", uri="{target}", response="{proof}", '
        f'algorithm=SHA-256, qop=auth, nc={answer.nc}, cnonce="{answer.cnonce}"'
    )


# --- Digest ---


def test_a_phone_with_a_password_fetches_and_sends_c80_c81_c84(place: Place) -> None:
    place.relais.publish(form_with_files(images=["croix.png"]), media={"croix.png": b"x"})
    phone = place.login_phone()
    assert sorted(phone.refresh().downloaded) == ["household", "survey"]
    assert phone.send(phone.finalize(filled("survey", "1", new_id()), {"a.jpg": b"photo"})).status == 201
    # One challenge for the whole session: from then on credentials are sent unasked.
    assert [exchange.status for exchange in phone.exchanges].count(401) == 1
    assert next(iter(phone.exchanges)).status == 401


def test_after_a_restart_head_takes_the_challenge_and_the_photo_travels_once_c80(place: Place) -> None:
    phone = place.login_phone()
    phone.restart()
    phone.send(phone.finalize(instance(new_id(), photo="a.jpg"), {"a.jpg": bytes(100_000)}))
    assert [(exchange.method, exchange.status) for exchange in phone.exchanges] == [
        ("HEAD", 401),
        ("HEAD", 204),
        ("POST", 201),
    ]


def test_the_installation_s_root_is_every_phone_s_own_project(place: Place) -> None:
    phone = place.login_phone(url=place.url)
    assert phone.refresh().downloaded == ["household"]
    assert phone.send(phone.finalize(instance(new_id()))).status == 201
    query = f"SELECT count(*) FROM submission WHERE project_id = {place.relais.project_id}"
    assert place.relais.rows(query) == [(1,)]


def test_a_wrong_password_asks_again_and_then_gives_up_c87(place: Place) -> None:
    phone = Phone(place.project_url, place.credential.username, "wrong")
    with pytest.raises(FetchFailed) as refused:
        phone.refresh()
    assert refused.value.status == 401
    result = phone.send(phone.finalize(instance(new_id())))
    assert (result.status, result.posts) == (401, 0)
    assert place.relais.rows(f"SELECT count(*) FROM receipt WHERE project_id = {place.relais.project_id}") == [(0,)]


def test_a_phone_without_a_password_is_asked_for_one_c81(place: Place) -> None:
    with pytest.raises(FetchFailed) as refused:
        Phone(place.project_url).refresh()
    assert refused.value.status == 401
    assert "mot de passe" in refused.value.response.body.decode()


def test_an_old_nonce_only_needs_renewing_c86(place: Place) -> None:
    target = f"/v1/projects/{place.relais.project_id}/formList{DEVICE}"
    header = digest_answer(place, "GET", target, age=timedelta(days=2))
    answer = ask("GET", place.url + target, headers={"Authorization": header})
    assert answer.status == 401
    digests = [value for value in answer.header_values("WWW-Authenticate") if value.startswith("Digest ")]
    assert all(value.endswith("stale=true") for value in digests)
    wrong = header.replace('response="', 'response="0')
    again = ask("GET", place.url + target, headers={"Authorization": wrong})
    assert not any("stale" in value for value in again.header_values("WWW-Authenticate"))


def test_counts_may_come_out_of_order_and_twice_c84(place: Place) -> None:
    target = f"/v1/projects/{place.relais.project_id}/formList{DEVICE}"
    for count in (3, 1, 2, 2):
        header = digest_answer(place, "GET", target, count=count)
        assert ask("GET", place.url + target, headers={"Authorization": header}).status == 200


@pytest.mark.parametrize("sent", ["?deviceID=collect:abc", "", "?deviceID=collect%3aabc"])
def test_the_address_that_was_signed_must_be_the_one_asked_for_to_the_letter_c84(place: Place, sent: str) -> None:
    path = f"/v1/projects/{place.relais.project_id}/formList"
    header = digest_answer(place, "GET", f"{path}?deviceID=collect%3Aabc")
    assert ask("GET", f"{place.url}{path}{sent}", headers={"Authorization": header}).status == 401
    assert ask("GET", f"{place.url}{path}?deviceID=collect%3Aabc", headers={"Authorization": header}).status == 200


def test_odd_names_are_signed_as_they_travel_c84(place: Place) -> None:
    odd = "a/b c%é?#😀"
    place.relais.publish(form_with_files(odd, images=["é.png"]), media={"é.png": b"x"})
    phone = place.login_phone()
    assert phone.refresh().failed == {}
    assert phone.form(odd).media == {"é.png": b"x"}


PROTOCOL = {"X-OpenRosa-Version": "1.0"}


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_real_clients_digest_their_way_in_c83(place: Place, algorithm: str) -> None:
    url = f"{place.project_url}/submission{DEVICE}"
    body, kind = multipart(instance(new_id()))
    who = place.credential
    if algorithm == "MD5":
        # requests joins the headers and answers the last one.
        login = requests.auth.HTTPDigestAuth(who.username, who.password)
        status = requests.post(
            url, data=body, headers={"Content-Type": kind, **PROTOCOL}, auth=login, timeout=20
        ).status_code
    else:
        curl = shutil.which("curl")
        require_tool("curl", curl is not None, "apt install curl")
        call = [str(curl), "--silent", "--digest", "--user", f"{who.username}:{who.password}", "--data-binary", "@-"]
        more = [
            "--header",
            "X-OpenRosa-Version: 1.0",
            "--header",
            f"Content-Type: {kind}",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code}",
            url,
        ]
        done = subprocess.run([*call, *more], input=body, capture_output=True, timeout=20, check=True)
        status = int(done.stdout)
    assert status == 201


# --- The challenge ---


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_challenge_offers_digest_first_and_one_scheme_a_header_c82_c83(place: Place, method: str) -> None:
    path = "/formList" if method == "GET" else "/submission"
    body, headers = b"x" * 10 if method == "POST" else None, {"X-Forwarded-Proto": "https"}
    answer = ask(method, place.project_url + path + DEVICE, body, headers)
    assert answer.status == 401
    offered = [parse_challenge(value) for value in answer.header_values("WWW-Authenticate")]
    assert [(each.scheme, each.parameters.get("algorithm")) for each in offered] == [
        ("digest", "SHA-256"),
        ("digest", "MD5"),
        ("basic", None),
    ]
    assert len({each.parameters["realm"] for each in offered}) == 1


def test_a_post_without_credentials_is_refused_before_its_body_c80(place: Place) -> None:
    answer = ask("POST", f"{place.project_url}/submission{DEVICE}", None, {"Content-Length": "500000000"})
    assert answer.status == 401


# --- Basic (C82): the proxy of these tests says where a request came from ---


@pytest.fixture(scope="module")
def proxied(served: Served) -> Iterator[Place]:
    """The same installation behind a trusted proxy on this machine."""
    with another_process(served.relais, trusted_proxies="127.0.0.1") as relais, serving(relais) as behind:
        yield behind.place()


FROM_THE_LAN = {"X-Forwarded-For": "192.168.4.20", "X-Forwarded-Proto": "http"}
OVER_HTTPS = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}


def test_basic_is_not_even_read_on_plain_http_from_another_machine_c82(proxied: Place, served: Served) -> None:
    password = basic(proxied.credential.username, proxied.credential.password)
    url = f"{proxied.project_url}/formList"
    for credentials in (password, {}):
        refused = ask("GET", url, headers=credentials | FROM_THE_LAN)
        assert refused.status == 401
        assert not any(value.startswith("Basic") for value in refused.header_values("WWW-Authenticate"))
    body, kind = multipart(instance(new_id()))
    sent = ask("POST", f"{proxied.project_url}/submission", body, password | FROM_THE_LAN | {"Content-Type": kind})
    assert sent.status == 401
    assert ask("GET", url, headers=OVER_HTTPS | password).status == 200
    assert ask("GET", url, headers=password | {"X-Forwarded-Proto": ""}).status == 401
    # Guessing from the LAN costs nobody the account, because nothing was looked at.
    assert served.relais.rows("SELECT count(*) FROM sign_in_failure") == [(0,)]


def test_over_https_both_schemes_are_offered_and_digest_comes_first_c82(proxied: Place) -> None:
    answer = ask("GET", f"{proxied.project_url}/formList", headers=OVER_HTTPS)
    schemes = [value.partition(" ")[0] for value in answer.header_values("WWW-Authenticate")]
    assert schemes == ["Digest", "Digest", "Basic"]


def test_a_setting_lets_basic_in_from_anywhere(served: Served) -> None:
    with (
        another_process(served.relais, trusted_proxies="127.0.0.1", insecure_basic=True) as relais,
        serving(relais) as other,
    ):
        who = other.place().credential
        url = f"{other.url}/v1/projects/{who.project_id}/formList"
        assert ask("GET", url, headers=basic(who.username, who.password) | FROM_THE_LAN).status == 200


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_password_with_accents_is_understood_as_phones_and_browsers_write_it_c85(
    served: Served, place: Place, encoding: str
) -> None:
    email, _ = served.person(f"zoé-{encoding}@example.org", "manager", place.relais.project_id)
    headers = basic(email, PASSWORD, encoding)
    assert ask("GET", f"{place.project_url}/formList", headers=headers).status == 200


def test_guessing_a_person_s_password_on_a_phone_s_address_is_slowed(served: Served, place: Place) -> None:
    email, password = served.person("guessed@example.org", "manager", place.relais.project_id)
    url = f"{place.project_url}/formList"
    statuses = [ask("GET", url, headers=basic(email, f"guess number {n}")).status for n in range(8)]
    assert statuses[:5] == [401] * 5
    assert 429 in statuses
    assert ask("GET", url, headers=basic(email, password)).status == 429


NO_CREDENTIALS = (
    "", "Basic", "Basic %%%", "Basic AAAA", "Digest", 'Digest username="a"', "Negotiate abc", "Bearer", "Bearer x", "é",
    basic("a\0b", "c")["Authorization"], basic("a\0b@example.org", "c")["Authorization"],
    "Digest username*=UTF-8''a%00b, realm=r, nonce=n, uri=u, response=s",
)  # fmt: skip


def test_credentials_that_are_none_are_401_and_never_5xx(relais: Installation) -> None:
    path = f"/v1/projects/{relais.project_id}"
    for header in NO_CREDENTIALS:
        headers = {"Authorization": header}
        answers = (
            relais.client.get(f"{path}/formList", headers=headers),
            relais.client.head(f"{path}/submission", headers=headers),
            relais.post(instance(new_id()), url=path, headers=headers),
        )
        assert [answer.status_code for answer in answers] == [401] * 3, header


def test_digest_works_on_both_databases(relais: Installation) -> None:
    with serving(relais) as here:
        place = Place(relais, here.url)
        phone = place.login_phone()
        assert phone.refresh().downloaded == ["household"]
        assert phone.send(phone.finalize(instance(new_id()))).status == 201
        assert place.phone().refresh().downloaded == ["household"]
