"""The addresses handed out to phones (docs/collect-contract.md C13, C96)."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from config.address import base_url, configured_url, own_address
from tests.installation import Installation, another_process

LAN = f"http://{own_address()}:8000"


@pytest.fixture
def public(post_node: Installation) -> Iterator[Installation]:
    with another_process(post_node, public_url="https://relais.example.org/") as relais:
        yield relais


def base(relais: Installation, host: str, scheme: str = "http") -> str:
    with relais.app.test_request_context("/", headers={"Host": host}, base_url=f"{scheme}://x"):
        return base_url()


@pytest.mark.parametrize("host", ["192.168.4.1:8000", "localhost", "127.0.0.1:8123", "[fd00::1]:8000", "10.0.0.1"])
def test_the_address_a_phone_came_by_is_the_one_it_is_given(post_node: Installation, host: str) -> None:
    assert base(post_node, host) == f"http://{host}"
    assert base(post_node, host, "https") == f"https://{host}"


def test_this_machine_s_name_is_its_own(post_node: Installation) -> None:
    name = socket.gethostname().split(".")[0]
    assert base(post_node, f"{name}:8000") == f"http://{name}:8000"
    assert base(post_node, f"{name}.local:8000") == f"http://{name}.local:8000"


@pytest.mark.parametrize(
    "host",
    ["evil.example.org", "evil@127.0.0.1", "127.0.0.1@evil.example.org", "127.0.0.1:x", "127.0.0.1/evil", "", "127.0.0.1 ",
     "localhost.evil.example.org", "[::1", "127.0.0.1:8000:9", "é.example.org", "127.0.0.1\\evil"],
)  # fmt: skip
def test_a_host_that_could_lead_elsewhere_is_replaced_by_our_own_address(post_node: Installation, host: str) -> None:
    assert base(post_node, host) == LAN


def test_the_public_address_is_the_only_one_when_it_is_set_c96(public: Installation) -> None:
    for host in ("192.168.4.1", "localhost", "evil.example.org", "relais.example.org:8443"):
        assert base(public, host) == "https://relais.example.org"
    listed = public.client.get(f"{public.key_url}/formList", headers={"Host": "192.168.4.1:8000"}).data.decode()
    assert f"<downloadUrl>https://relais.example.org{public.key_url}/forms/household.xml</downloadUrl>" in listed


def test_without_a_request_the_public_address_or_the_one_on_the_network_is_printed(
    post_node: Installation, public: Installation
) -> None:
    with post_node.app.app_context():
        assert configured_url() == LAN
    with public.app.app_context():
        assert configured_url() == "https://relais.example.org"


def test_forwarding_headers_of_anybody_change_no_address_c96(post_node: Installation) -> None:
    headers = {
        "X-Forwarded-Host": "evil.example.org",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example.org",
    }
    listed = post_node.client.get(f"{post_node.key_url}/formList", headers=headers).data.decode()
    assert "<downloadUrl>http://localhost/v1/key/" in listed
    assert replace(post_node).project_id == post_node.project_id
