"""The log never shows who may do what: no token, no password, no answer (docs/collect-contract.md C88)."""

import hashlib
import io
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from config.logs import init_logging, without_tokens
from config.settings import Settings
from tests.collector.published import form_with_files
from tests.installation import Installation, instance, new_id
from tests.served import Place, ask, multipart, serving

TOKEN = "aB3$" * 16


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What our own handler writes, at the most talkative level."""
    init_logging(Settings())
    root = logging.getLogger()
    (handler,) = [one for one in root.handlers if type(one.formatter).__module__ == "config.logs"]
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    before, level = handler.setStream(written), root.level
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(level)
    handler.setStream(before)


@pytest.mark.parametrize(
    "path",
    [f"/v1/key/{TOKEN}/projects/1/formList", f"/v1/test/{TOKEN}/projects/1/forms/x/draft", f"/deliveries/{TOKEN}",
     f"/v1/key/{TOKEN}", f'"GET /v1/key/{TOKEN} HTTP/1.1"', f"/v1/key/{TOKEN}?a=b", f"//v1//key//{TOKEN}/x",
     f"/v1/%6Bey/{TOKEN}/x", f"/sign-in?next=%2Fdeliveries%2F{TOKEN}&x=1", f"Bearer {TOKEN}", f"/v1/KEY/{TOKEN}%21"],
)  # fmt: skip
def test_a_token_in_an_address_is_replaced(path: str) -> None:
    assert TOKEN not in without_tokens(f"x {path} y")


def test_the_rest_of_the_line_stays() -> None:
    assert without_tokens(f'"GET /v1/key/{TOKEN}/projects/1/formList?deviceID=x"') == (
        '"GET /v1/key/…/projects/1/formList?deviceID=x"'
    )


def test_the_name_of_a_stored_file_stays() -> None:
    name = hashlib.sha256(b"x").hexdigest()
    assert (
        without_tokens(f"stored file {name}: its bytes have changed") == f"stored file {name}: its bytes have changed"
    )


def test_again_is_harmless() -> None:
    init_logging(Settings())
    before = list(logging.getLogger().handlers)
    init_logging(Settings())
    assert logging.getLogger().handlers == before


def test_no_request_writes_a_token_a_password_or_an_answer_into_the_log_c88(
    post_node: Installation, log: io.StringIO
) -> None:
    draft = post_node.draft(form_with_files("essai"))
    with serving(post_node) as running:
        place = Place(post_node, running.url)
        _everything_that_can_happen(place, str(draft.draft_token))
        with post_node.services.database.transaction() as session:
            session.execute(text("ALTER TABLE form_version RENAME COLUMN md5 TO gone"))
        assert place.ask("GET", "/formList").status == 500
        assert place.ask("GET", "/forms/household.xml").status == 500
        with post_node.services.database.transaction() as session:
            session.execute(text("ALTER TABLE receipt RENAME COLUMN xml TO gone"))
        phone = place.phone()
        assert phone.send(phone.finalize(instance(new_id(), name="Sécret de Aïchatou"))).status in (500, 503)
        with post_node.services.database.transaction() as session:
            session.execute(text("ALTER TABLE app_user RENAME COLUMN token_hash TO gone"))
        assert place.ask("GET", "/formList").status == 500
        body, kind = multipart(instance(new_id()))
        assert place.ask("POST", "/submission", body, Content_Type=kind).status == 500
    written = log.getvalue()
    assert "unexpected error" in written
    assert "Traceback" in written
    for secret in (post_node.phone.token, post_node.phone.password, draft.draft_token, "Sécret", "Aïchatou"):
        assert str(secret) not in written


def _everything_that_can_happen(place: Place, draft_token: str) -> None:
    phone, login = place.phone(), place.login_phone()
    for each in (phone, login):
        each.refresh()
        each.send(each.finalize(instance(new_id(), name="Sécret de Aïchatou"), {"Sécret.jpg": b"x"}))
        each.send(each.finalize(b"<data/>"))
    url = f"{place.url}/v1/test/{draft_token}/projects/1/forms/essai/draft"
    for path in ("formList", "manifest", "submission", "nothing/at/all", "attachments/Sécret".replace("é", "%C3%A9")):
        for method in ("GET", "DELETE"):
            ask(method, f"{url}/{path}")
            ask(method, f"{place.key_url}/{path}")
    ask("POST", f"{place.key_url}/submission", None, {"Content-Length": "99999999999"})
    ask("POST", f"{place.key_url}/submission", b"x", {"Content-Type": "text/plain"})
    ask("GET", f"{place.key_url}/formList", headers={"Authorization": "Basic Zm9vOlPDqWNyZXQ="})
