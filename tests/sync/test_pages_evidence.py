"""How interviews were made, on pages: who reads it, the reason that puts it away, and words that accuse nobody."""

from urllib.parse import quote

import pytest

from accounts.scopes import Rule
from collector.scope_keys import look_up_older
from tests.collector.test_scopes import actor_of, limit
from tests.installation import Installation
from tests.reader import Reader, person, sign_in
from tests.sync.test_evidence import surveyed, worked

INTERVIEWS = "/projects/1/interviews/survey"


def page_of(instance_id: str) -> str:
    return f"/projects/1/forms/survey/submissions/{quote(instance_id, safe=':')}"


@pytest.fixture
def relais(post_node: Installation) -> Installation:
    """One database is enough: the domain's own tests hold both to the same answers."""
    return post_node


def put_away(reader: Reader, instance_id: str, rule: str, reason: str = "", **fields: str) -> int:
    fields |= {f"reason-{rule}": reason} if reason else {}
    return reader.post(f"{INTERVIEWS}/{quote(instance_id, safe=':')}/{rule}", **fields).status_code


def test_evidence_is_read_explained_and_shown_again_by_reviewers_alone(relais: Installation) -> None:
    usual, (fast, overlaps, _, _) = surveyed(relais)
    worked(relais)
    admin, viewer, stranger = (
        sign_in(relais),
        person(relais, "v@example.org", "viewer"),
        person(relais, "s@example.org", None),
    )
    words = admin.words(page_of(overlaps))
    assert "Ce qui a été vu Deux entretiens du même téléphone se chevauchent de" in words
    assert page_of(usual[4]) in admin.page(page_of(overlaps)).xpath("//h2[@id='seen']/following-sibling::p/a/@href")
    assert INTERVIEWS in admin.page("/projects/1/duplicates").xpath("//a/@href")
    summary = admin.words(INTERVIEWS)
    assert "Boubacar" in summary
    assert "Se chevauchent sur un téléphone" in summary
    rows = admin.page(INTERVIEWS).xpath("//a[@class='row-title']/@href")
    assert f"{page_of(fast)}#seen" in rows
    english = sign_in(relais, language="en").words(INTERVIEWS)
    for word in ("fraud", "fraude", "suspect", "menti", "lie", "cheat", "triche"):
        assert f" {word}" not in (words + summary + english).casefold()
    # Who may only read sees no evidence, a stranger nothing, and neither changes anything.
    assert "Ce qui a été vu" not in viewer.words(page_of(overlaps))
    assert viewer.get(INTERVIEWS).status_code == 403
    assert stranger.get(INTERVIEWS).status_code == 403
    assert put_away(viewer, overlaps, "overlapping", reason="x") == 403
    assert put_away(stranger, overlaps, "overlapping", reason="x") == 403
    assert put_away(admin, overlaps, "too_fast", reason="x") == 404
    assert put_away(admin, overlaps, "overlapping", reason=" ") == 400
    # A reason puts it away, here and on the other's page, and leads back; twice is once.
    for _again in range(2):
        assert put_away(admin, overlaps, "overlapping", reason="Deux agents, un téléphone") == 303
    explained = admin.words(page_of(usual[4]))
    assert "Une chose est expliquée" in explained
    assert "Deux agents, un téléphone" in explained
    assert f"{page_of(overlaps)}#seen" not in admin.page(INTERVIEWS).xpath("//a[@class='row-title']/@href")
    assert put_away(admin, overlaps, "overlapping", undo="1") == 303
    assert f"{page_of(overlaps)}#seen" in admin.page(INTERVIEWS).xpath("//a[@class='row-title']/@href")


def test_a_scope_and_hidden_classes_hold_on_these_pages_too(relais: Installation) -> None:
    _, (fast, overlaps, _, alike) = surveyed(relais)
    worked(relais)
    part = person(relais, "part@example.org", "manager")
    limit(
        relais, actor_of(relais, "part@example.org"), Rule("household", ("Ménage 32", "Ménage 36")), hidden=("P-staff",)
    )
    with relais.services.database.transaction() as session:
        look_up_older(session, relais.project_id, 200)
    assert "Ce qui a été vu" not in part.words(page_of(overlaps))
    summary = part.words(INTERVIEWS)
    assert "Boubacar" not in summary
    assert part.page(INTERVIEWS).xpath("//a[@class='row-title']/@href") == [f"{page_of(alike)}#seen"]
    assert part.get(page_of(fast)).status_code == 404
    assert put_away(part, fast, "too_fast", reason="x") == 404
