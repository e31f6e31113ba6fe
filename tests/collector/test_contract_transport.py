"""docs/collect-contract.md, sections 7 and 9: what lies between a phone and the views."""

import http.client
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.collector.published import form_with_files
from tests.installation import instance, new_id
from tests.served import Place, Served, ask, multipart

DEVICE = "?deviceID=collect%3AabcdEFGH12345678"


@pytest.fixture
def connection(place: Place) -> Iterator[http.client.HTTPConnection]:
    parts = urlsplit(place.url)
    opened = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    yield opened
    opened.close()


def test_one_connection_serves_a_whole_session_c77(place: Place, connection: http.client.HTTPConnection) -> None:
    body, kind = multipart(instance(new_id()))
    key = place.relais.key_url
    requests = (
        ("GET", f"{key}/formList{DEVICE}", None, 200),
        ("GET", f"{key}/forms/household.xml{DEVICE}", None, 200),
        ("HEAD", f"{key}/submission{DEVICE}", None, 204),
        ("POST", f"{key}/submission{DEVICE}", body, 201),
        ("POST", f"{key}/submission{DEVICE}", b"damaged", 400),
        ("GET", f"/v1/key/{'x' * 64}/projects/1/formList", None, 403),
        ("POST", f"/v1/key/{'x' * 64}/projects/1/submission", body, 403),
        ("POST", f"{key}/submission{DEVICE}", body, 201),
    )
    for method, target, content, status in requests:
        headers = {"X-OpenRosa-Version": "1.0"} | ({"Content-Type": kind} if content else {})
        connection.request(method, target, content, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status, target
        assert not answer.will_close, target


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.1", "identity", "*"])
def test_no_answer_is_encoded_in_a_way_phones_do_not_know_c5(place: Place, accepted: str) -> None:
    for path in ("/formList", "/forms/household.xml", "/forms/household/manifest", "/nothing"):
        answer = place.ask("GET", path, Accept_Encoding=accepted)
        assert answer.header("Content-Encoding") in (None, "gzip")
        assert answer.header("Transfer-Encoding") is None
        assert int(answer.header("Content-Length") or 0) == len(answer.body)


def test_post_is_never_redirected_c72(place: Place) -> None:
    body, kind = multipart(instance(new_id()))
    key = place.relais.key_url
    for target in (f"{key}/submission/", f"{key}//submission", f"/{key}/submission", f"{key}/submission//"):
        answer = ask("POST", f"{place.url}{target}{DEVICE}", body, {"Content-Type": kind})
        assert answer.status == 201, target
        assert ask("HEAD", f"{place.url}{target}{DEVICE}").status == 204, target


# Addresses a phone can come to by mistake, and what lies beside them.
ASTRAY = (
    "/formlist", "/v1/key/x/formList", "/v1/key/x/projects/y/formList", "/v1/test/x", "/v1/projects/x/submission",
    "/v1/key/{token}/projects/1", "/v1/key/{token}/projects/1/forms", "/v1/key/{token}/projects/1/submissions",
    "/v1/key/{token}/projects/1/formList/x", "/v1/key/{token}/projects/1/forms/nobody.xml", "/submission/x/y",
    "/v1/key/{token}/projects/1/forms/nobody/manifest", "/v1/key/{token}/projects/1/forms/household/attachments/x.png",
)  # fmt: skip


def test_an_address_that_is_none_is_no_success_c95(place: Place) -> None:
    for path in ASTRAY:
        for method in ("GET", "POST", "HEAD"):
            answer = ask(
                method, place.url + path.format(token=place.credential.token), b"" if method == "POST" else None
            )
            assert 400 <= answer.status < 500, (method, path)
            # The rest of the API lies beside them, and answers programs.
            kind = answer.header("Content-Type") or ""
            if path.startswith("/v1/key/") and method == "GET":
                assert answer.message if "xml" in kind else b'"message"' in answer.body


def test_a_phone_is_never_answered_with_a_page_c6_c95(place: Place) -> None:
    place.relais.publish(form_with_files(images=["a.png"]), media={"a.png": b"x"})
    for path in ("/formList", "/forms/survey/manifest", "/forms/survey.xml", "/submission", "/forms/nobody.xml", "/x"):
        for accept in ("text/html", "*/*"):
            answer = place.ask("GET", path, Accept=accept, Accept_Language="fr")
            assert "html" not in (answer.header("Content-Type") or "")


def test_every_address_in_a_list_is_absolute_encoded_and_on_this_server_c13_c96(place: Place) -> None:
    place.relais.publish(form_with_files("été 😀/?", images=["à b.png"]), media={"à b.png": b"x"})
    text = place.ask("GET", "/formList").body.decode()
    text += place.ask("GET", "/forms/%C3%A9t%C3%A9%20%F0%9F%98%80%2F%3F/manifest").body.decode()
    addresses = re.findall(r"<(?:download|manifest)Url>([^<]*)<", text)
    assert len(addresses) == 4
    for address in addresses:
        assert re.fullmatch(r"[A-Za-z0-9:/._~!$%-]+", address)
        assert ask("GET", address).status == 200


def test_answers_carry_no_cookie_and_cookies_count_for_nothing_c2(served: Served, place: Place) -> None:
    signed_in = ask(
        "POST",
        f"{place.url}/v1/sessions",
        b'{"email": "admin@example.org", "password": "three words together"}',
        {"Content-Type": "application/json"},
    )
    cookie = (signed_in.header("Set-Cookie") or "").partition(";")[0]
    assert cookie
    for url in (f"{place.url}/v1/projects/{place.relais.project_id}", f"{place.url}"):
        for method, path in (("GET", "/formList"), ("HEAD", "/submission"), ("GET", "/forms/household.xml")):
            assert ask(method, f"{url}{path}", headers={"Cookie": cookie}).status == 401
    assert place.ask("GET", "/formList", Cookie=cookie).header("Set-Cookie") is None
    assert served.relais is not None
