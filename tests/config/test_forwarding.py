import pytest

from config.forwarding import take_forwarding

PROXIES = frozenset({"10.0.0.1", "10.0.0.2", "fd00::1"})


def taken(peer: str = "10.0.0.1", **headers: str) -> tuple[str, str | None]:
    return take_forwarding({"HOST": "inside", **headers}, peer, PROXIES)


@pytest.mark.parametrize(
    ("forwarded_for", "client"),
    [
        ("41.203.1.7", "41.203.1.7"),
        ("6.6.6.6, 41.203.1.7", "41.203.1.7"),
        ("6.6.6.6, 41.203.1.7, 10.0.0.2", "41.203.1.7"),
        ("41.203.1.7:50123", "41.203.1.7"),
        ('"[2001:db8::7]:50123"', "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        ("10.0.0.2", "10.0.0.2"),
        ("", "10.0.0.1"),
        ("unknown", "10.0.0.1"),
    ],
)
def test_the_client_is_the_last_address_that_is_not_a_proxy_of_ours(forwarded_for: str, client: str) -> None:
    assert taken(X_FORWARDED_FOR=forwarded_for)[0] == client


@pytest.mark.parametrize(
    ("sent", "scheme"), [("https", "https"), ("HTTP", "http"), ("http, https", "https"), ("gopher", None), ("", None)]
)
def test_the_scheme_is_the_one_our_proxy_added(sent: str, scheme: str | None) -> None:
    assert taken(X_FORWARDED_PROTO=sent)[1] == scheme


@pytest.mark.parametrize(
    ("sent", "host"),
    [
        ("relais.example.org", "relais.example.org"),
        ("evil.example, relais.example.org:8443", "relais.example.org:8443"),
        ("[2001:db8::1]:8000", "[2001:db8::1]:8000"),
        ("a b", "inside"),
        ("a/b", "inside"),
    ],
)
def test_the_host_becomes_the_one_the_client_asked_for(sent: str, host: str) -> None:
    headers = {"HOST": "inside", "X_FORWARDED_HOST": sent}
    take_forwarding(headers, "10.0.0.1", PROXIES)
    assert headers == {"HOST": host}


def test_a_stranger_is_not_believed_and_what_it_claims_is_removed_but_the_scheme_it_may_speak_for() -> None:
    headers = {"HOST": "inside", "X_FORWARDED_FOR": "1.2.3.4", "X_FORWARDED_PROTO": "https", "FORWARDED": "for=1.2.3.4"}
    assert take_forwarding(headers, "41.203.1.7", PROXIES) == ("41.203.1.7", None)
    assert headers == {"HOST": "inside", "X_FORWARDED_PROTO": "https"}
