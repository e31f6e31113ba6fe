"""What every page shares: language, headers, assets, proof of origin, calm failure."""

import gzip
from collections.abc import Callable

import pytest
from flask import Flask, Response, render_template_string
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from config import errors
from config.charts import bar_length, line_points
from config.language import choose_language
from config.pages import Account, init_pages, problem_of, problem_page
from config.problem import Problem
from config.security import comes_from_elsewhere, csrf_matches, csrf_token, safe_path

PAGE = """{% extends "base.html" %}{% block title %}T{% endblock %}
{% block content %}{{ 1234|number }} {{ _('Sign out') }}{% endblock %}"""


def broken_account() -> Account:
    raise RuntimeError("the database is away")


def build(account: Callable[[], Account | None] = lambda: None, language: str = "fr") -> FlaskClient:
    app = Flask("a_small_app")
    app.testing = True
    init_pages(app, language=language, csrf_token=lambda: "salt.mac", account=account)
    app.get("/page", endpoint="page")(lambda: render_template_string(PAGE))
    app.get("/plain", endpoint="plain")(lambda: Response("x", mimetype="text/plain"))
    app.get("/own", endpoint="own")(lambda: Response("x", headers={"Content-Security-Policy": "sandbox"}))
    app.get("/problem/<int:status>", endpoint="problem")(lambda status: problem_page(problem_of(status), "R-1 · 7F3A"))
    return app.test_client()


@pytest.fixture
def client() -> FlaskClient:
    return build()


def spoken(response: TestResponse) -> str:
    return response.headers["Content-Language"]


# Language


@pytest.mark.parametrize(
    ("chosen", "asked", "default", "language"),
    [
        ("en", "fr-FR,fr;q=0.9", "fr", "en"),
        (None, "en-GB,en;q=0.9", "fr", "en"),
        (None, "fr-NE,fr;q=0.9,en;q=0.5", "en", "fr"),
        (None, "ha-NE", "fr", "fr"),
        (None, None, "en", "en"),
        ("de", None, "fr", "fr"),
        ("../../etc", "!!;q=x", "fr", "fr"),
    ],
)
def test_the_readers_choice_comes_before_the_browsers_and_that_before_the_installations(
    chosen: str | None, asked: str | None, default: str, language: str
) -> None:
    assert choose_language(chosen, asked, default) == language


def test_a_page_speaks_the_language_of_the_browser(client: FlaskClient) -> None:
    page = client.get("/page", headers={"Accept-Language": "fr"})
    assert '<html lang="fr">' in page.text
    assert "Se déconnecter" in page.text


def test_one_process_speaks_both_languages_in_turn_even_for_constants(client: FlaskClient) -> None:
    for _ in range(2):
        assert "1,234 Sign out" in client.get("/page", headers={"Accept-Language": "en"}).text
        assert "1\u202f234 Se déconnecter" in client.get("/page", headers={"Accept-Language": "fr"}).text


def test_the_switch_keeps_the_choice_and_returns_to_the_same_page(client: FlaskClient) -> None:
    page = client.get("/page?part=a&part=b", headers={"Accept-Language": "fr"})
    assert 'name="next" value="/page?part=a&amp;part=b"' in page.text
    answer = client.post("/language", data={"language": "en", "next": "/page?part=a&part=b"})
    assert (answer.status_code, answer.location) == (303, "/page?part=a&part=b")
    assert spoken(client.get("/page", headers={"Accept-Language": "fr"})) == "en"


def test_an_unknown_language_is_not_kept(client: FlaskClient) -> None:
    assert "Set-Cookie" not in client.post("/language", data={"language": "xx", "next": "/page"}).headers


def test_the_choice_is_a_secure_cookie_exactly_over_https(client: FlaskClient) -> None:
    data = {"language": "en"}
    assert "Secure" not in client.post("/language", data=data).headers["Set-Cookie"]
    assert "Secure" in client.post("/language", data=data, base_url="https://relais.example").headers["Set-Cookie"]


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "page",
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/\t/evil",
        "/a\r\nb",
        "javascript:x",
    ],
)
def test_a_redirect_never_leaves_the_site(target: str | None) -> None:
    assert safe_path(target) == "/"


@given(st.text(alphabet="/\\a:.?#@%\t\n \x00é", max_size=8))
@example("/forms/household?state=edited")
def test_whatever_is_asked_a_redirect_is_one_path_of_this_site(target: str) -> None:
    path = safe_path(target)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))
    assert not set(path) & set("\\\t\n\r \x00")


# Headers


def test_every_answer_forbids_what_we_do_not_use(client: FlaskClient) -> None:
    for path in ("/page", "/plain", "/nowhere"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_a_view_may_set_a_policy_of_its_own(client: FlaskClient) -> None:
    assert client.get("/own").headers["Content-Security-Policy"] == "sandbox"


def test_a_page_is_kept_by_no_shared_cache_and_differs_by_reader(client: FlaskClient) -> None:
    headers = client.get("/page").headers
    assert headers["Cache-Control"] == "private, no-cache"
    assert {"Cookie", "Accept-Language"} <= set(headers["Vary"].split(", "))


def test_a_page_travels_compressed_and_whole(client: FlaskClient) -> None:
    plain = client.get("/page").data
    squeezed = client.get("/page", headers={"Accept-Encoding": "gzip, br"})
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert int(squeezed.headers["Content-Length"]) == len(squeezed.data) < len(plain)
    assert gzip.decompress(squeezed.data) == plain


def test_a_browser_that_refuses_gzip_gets_none(client: FlaskClient) -> None:
    assert "Content-Encoding" not in client.get("/page", headers={"Accept-Encoding": "gzip;q=0"}).headers


# Assets


def stylesheet(client: FlaskClient) -> str:
    return client.get("/page").text.split('rel="stylesheet" href="')[1].split('"')[0]


def test_an_asset_may_be_kept_for_a_year_because_its_address_names_its_content(client: FlaskClient) -> None:
    answer = client.get(stylesheet(client))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.mimetype == "text/css"


def test_the_address_from_before_an_update_gives_todays_style_but_not_to_keep(client: FlaskClient) -> None:
    answer = client.get("/assets/000000000000/relais.css")
    assert answer.data == client.get(stylesheet(client)).data
    assert answer.headers["Cache-Control"] == "no-cache"


def test_an_unchanged_asset_is_not_sent_again(client: FlaskClient) -> None:
    first = client.get("/assets/old/relais.css")
    assert client.get("/assets/old/relais.css", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("name", ["nothing.css", "../pages.py", "%2e%2e/pages.py"])
def test_only_the_files_of_the_static_folder_are_assets(client: FlaskClient, name: str) -> None:
    assert client.get(f"/assets/x/{name}").status_code == 404


# Proof that a form is ours


def test_a_token_holds_for_its_own_session_only() -> None:
    token = csrf_token(b"secret", "session")
    assert csrf_matches(b"secret", "session", token)
    assert not csrf_matches(b"secret", "another", token)
    assert not csrf_matches(b"changed", "session", token)


def test_two_pages_never_carry_the_same_token() -> None:
    assert csrf_token(b"secret", "session") != csrf_token(b"secret", "session")


@given(st.none() | st.text())
def test_no_other_text_is_a_token(text: str | None) -> None:
    assert not csrf_matches(b"secret", "session", text)


@pytest.mark.parametrize(
    ("method", "site", "origin", "foreign"),
    [
        ("GET", "cross-site", "https://evil.example", False),
        ("POST", "same-origin", None, False),
        ("POST", "cross-site", None, True),
        ("POST", "same-site", "http://post.lan:8000", True),
        ("POST", None, "http://post.lan:8000", False),
        ("POST", None, "http://post.lan:9000", True),
        ("POST", None, "null", True),
        ("POST", None, "http://[", True),
        ("POST", None, None, False),
    ],
)
def test_a_form_sent_by_another_site_is_recognised(
    method: str, site: str | None, origin: str | None, foreign: bool
) -> None:
    assert comes_from_elsewhere(method, "post.lan:8000", site, origin) is foreign


# Failing calmly


@pytest.mark.parametrize("status", [403, 404, 413, 500, 503])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_problem_is_a_page_in_the_readers_language(client: FlaskClient, status: int, language: str) -> None:
    answer = client.get(f"/problem/{status}", headers={"Accept-Language": language})
    assert answer.status_code == status
    assert spoken(answer) == language
    assert problem_of(status).sentence(language) in answer.text
    assert "7F3A" in answer.text


def test_the_page_of_a_broken_server_asks_the_database_nothing() -> None:
    client = build(account=broken_account)
    assert client.get("/problem/503").status_code == 503
    with pytest.raises(RuntimeError):
        client.get("/problem/404")


def test_a_problem_brings_its_own_headers(client: FlaskClient) -> None:
    assert client.get("/problem/503").headers["Retry-After"] == "60"


def test_a_status_without_words_of_its_own_still_has_some() -> None:
    assert problem_of(415).status == 415
    assert problem_of(502).status == 500


@pytest.mark.parametrize("make", errors.BY_STATUS.values(), ids=lambda make: str(make.__name__))
def test_a_sentence_fits_on_the_screen_of_a_phone(make: Callable[[], Problem]) -> None:
    assert max(len(make().fr), len(make().en)) <= 120


def test_the_header_names_who_is_signed_in_and_signs_out_by_a_protected_form() -> None:
    page = build(account=lambda: Account("Aïcha", "/me", "/sign-out")).get("/page").text
    assert "Aïcha" in page
    assert '<form method="post" action="/sign-out">\n<input type="hidden" name="csrf_token" value="salt.mac">' in page


# Charts


def test_a_line_stands_on_zero_and_reaches_the_top() -> None:
    assert line_points([0, 5, 10], 100, 40) == [(4, 36), (50, 20), (96, 4)]


@given(st.lists(st.integers(0, 10**9), max_size=40))
def test_a_line_never_leaves_its_drawing(values: list[int]) -> None:
    assert all(0 <= x <= 100 and 0 <= y <= 40 for x, y in line_points(values, 100, 40))


def test_a_bar_is_in_proportion_and_something_is_never_nothing() -> None:
    assert [bar_length(value, 1000) for value in (0, 1, 500, 1000)] == [0, 1, 50, 100]
