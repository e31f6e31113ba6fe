"""Guessing is slowed per account and per source, over real sockets; whoever is right is let in (C78)."""

import pytest

from accounts import guessing
from accounts.guessing import NOISY, Sources, source_of
from accounts.web_users import FREE_FAILURES
from config.clock import now
from tests.accounts.calling import administrator, basic, person
from tests.installation import PASSWORD, Installation, another_process
from tests.served import Served, ask, serving

WRONG = {"Authorization": "Bearer " + "x" * 64}


def guess(served: Served, came_from: str) -> int:
    """The status of a token that is nobody's."""
    return ask("GET", f"{served.url}/v1/projects", headers={**WRONG, "X-Forwarded-For": came_from}).status


def make_noisy(address: str) -> None:
    for _ in range(NOISY - 1):
        guessing.sources.note(address)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("41.203.1.7", "41.203.1.7"),
        ("::ffff:41.203.1.7", "41.203.1.7"),
        ("2001:db8:0:7:1:2:3:4", "2001:db8:0:7::/64"),
        ("2001:db8:0:7::", "2001:db8:0:7::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_a_source_is_an_ipv4_address_or_a_64_of_ipv6(address: str, source: str) -> None:
    assert source_of(address) == source


def test_what_is_remembered_of_sources_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guessing, "MOST_SOURCES", 3)
    kept = Sources()
    for number in range(5):
        kept.note(f"10.0.0.{number}")
    for _ in range(NOISY):
        kept.note("10.0.0.4")
        kept.note("10.0.0.0")
    assert (kept.is_noisy("10.0.0.4"), kept.is_noisy("10.0.0.0"), kept.is_noisy("10.0.0.2")) == (True, True, False)


def test_only_a_trusted_proxy_says_where_a_guess_came_from(post_node: Installation) -> None:
    with serving(post_node) as exposed:
        make_noisy("127.0.0.1")
        # Another claim each time changes nothing: it is the socket that counts.
        assert [guess(exposed, f"41.203.1.{number}") for number in range(2)] == [429, 429]
    guessing.sources.forget()
    with another_process(post_node, trusted_proxies="127.0.0.1") as behind, serving(behind) as hub:
        make_noisy("2001:db8:0:7::1")
        make_noisy("41.203.1.7")
        assert guess(hub, "2001:db8:0:7:ffff::2") == 429
        assert guess(hub, "2001:db8:0:8::1") == 401
        # What the client wrote itself stands before what the proxy added.
        assert guess(hub, "1.2.3.4, 41.203.1.7") == 429
        assert guess(hub, "41.203.1.7, 1.2.3.4") == 401


def test_one_address_that_guesses_shuts_nobody_out_who_is_right_c78(post_node: Installation) -> None:
    with serving(post_node) as served:
        make_noisy("127.0.0.1")
        assert guess(served, "") == 429
        # Phones by key and by password, people by token, by password and by a new session.
        phone, token = post_node.phone, administrator(post_node).token
        assert ask("GET", f"{served.url}{post_node.key_url}/formList").status == 200
        project = f"{served.url}/v1/projects/{post_node.project_id}/formList"
        assert ask("GET", project, headers=basic(phone.username, phone.password)).status == 200
        assert ask("GET", project, headers=basic(phone.username, "wrong")).status == 429
        assert ask("GET", f"{served.url}/v1/key/{'x' * 64}/projects/1/formList").status == 429
        assert ask("GET", f"{served.url}/v1/projects", headers={"Authorization": f"Bearer {token}"}).status == 200
        person(post_node, "other@example.org")
        mine = basic("other@example.org")
        assert ask("GET", f"{served.url}/v1/projects", headers=mine).status == 200
        body = b'{"email": "other@example.org", "password": "%b"}' % PASSWORD.encode()
        made = ask("POST", f"{served.url}/v1/sessions", body, {"Content-Type": "application/json"})
        assert made.status == 200


def test_an_account_waits_wherever_the_guesses_come_from(
    post_node: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However busy the machine, the second that an account waits for is not over before the next question.
    moment = now()
    monkeypatch.setattr("accounts.web_users.now", lambda: moment)
    # Nobody whose password this process has seen to be right: they would be let in meanwhile.
    person(post_node, "guessed@example.org")
    with another_process(post_node, trusted_proxies="127.0.0.1") as behind, serving(behind) as hub:
        for number in range(FREE_FAILURES):
            wrong = basic("guessed@example.org", "wrong") | {"X-Forwarded-For": f"41.203.{number}.7"}
            assert ask("GET", f"{hub.url}/v1/projects", headers=wrong).status == 401
        right = basic("guessed@example.org") | {"X-Forwarded-For": "41.203.9.7"}
        waiting = ask("GET", f"{hub.url}/v1/projects", headers=right)
        assert (waiting.status, int(waiting.header("Retry-After") or 0) >= 1) == (429, True)
        # A source that is noisy already has one guess for each account, by Basic as by a new session.
        person(post_node, "other@example.org")
        make_noisy("41.203.1.7")
        guess(hub, "41.203.1.7")
        there = {"X-Forwarded-For": "41.203.1.7"}
        statuses = [
            ask("GET", f"{hub.url}/v1/projects", headers=basic("other@example.org", f"wrong {n}") | there).status
            for n in range(3)
        ]
        assert statuses == [401, 429, 429]
