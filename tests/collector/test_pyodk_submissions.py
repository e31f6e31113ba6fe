"""Submissions as ODK's own client makes, reads and decides about them: pyodk, unchanged, over a socket."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyodk.client import Client
from pyodk.errors import PyODKError

from tests.installation import PASSWORD, instance, new_id
from tests.served import Place


@pytest.fixture
def client(place: Place, tmp_path: Path) -> Iterator[Client]:
    """pyodk, signed in as the administrator; its project has the household form."""
    config = tmp_path / "config.toml"
    config.write_text(
        f'[central]\nbase_url = "{place.url}"\nusername = "admin@example.org"\npassword = "{PASSWORD}"\n'
        f"default_project_id = {place.relais.project_id}\n",
        encoding="utf-8",
    )
    with Client(config_path=str(config), cache_path=str(tmp_path / "cache.toml")) as opened:
        yield opened


def text(instance_id: str, **choices: str) -> str:
    return instance(instance_id, **choices).decode().partition("?>")[2]  # type: ignore[arg-type]


def test_a_submission_is_made_with_its_files_edited_decided_about_and_read(client: Client, tmp_path: Path) -> None:
    photo = tmp_path / "été 1.jpg"
    photo.write_bytes(b"\xff\xd8\xff a photo" * 5000)
    first, second = new_id(), new_id()
    made = client.submissions.create(
        text(first, photo=photo.name), form_id="household", device_id="desk", attachments=[str(photo)]
    )
    assert (made.instanceId, made.deviceId, made.reviewState) == (first, "desk", None)
    assert [(each.name, each.exists) for each in made.attachments or ()] == [(photo.name, True)]
    assert client.submissions.get(first, "household").instanceId == first
    edit = text(second, deprecated_id=first, photo=photo.name, name="Rakia")
    client.submissions.edit(first, edit, "household", comment="corrigée")
    client.submissions.review(first, "hasIssues", "household", comment="âge ?")
    (listed,) = client.submissions.list("household")
    assert (listed.instanceId, listed.reviewState) == (first, "hasIssues")
    comments = client.submissions.list_comments(first, "household")
    assert [each.body for each in comments] == ["âge ?", "corrigée"]
    assert client.submissions.add_comment(first, "merci", form_id="household").body == "merci"
    (row,) = client.submissions.get_table("household")["value"]
    assert (row["__id"], row["name"], row["__system"]["edits"]) == (first, "Rakia", 1)


def test_refusals_are_central_errors_with_their_code(client: Client) -> None:
    first = new_id()
    client.submissions.create(text(first), form_id="household")
    attempts: tuple[tuple[Callable[[], object], float], ...] = (
        (lambda: client.submissions.create(text(first), form_id="household"), 409.3),
        (lambda: client.submissions.get(new_id(), "household"), 404.1),
        (lambda: client.submissions.edit(first, text(new_id(), deprecated_id=new_id()), "household"), 409.9),
        (lambda: client.submissions.review(first, "seen", "household"), 400.8),
    )
    for attempt, code in attempts:
        with pytest.raises(PyODKError) as caught:
            attempt()
        assert caught.value.is_central_error(code)


def test_an_app_user_sends_and_completes_by_its_key_address(place: Place) -> None:
    first = new_id()
    xml = instance(first, photo="a.jpg")
    form = "/forms/household/submissions"
    made = place.ask("POST", form, xml, Content_Type="application/xml")
    assert made.status == 200, made.body
    path = f"{form}/{first}/attachments/a.jpg"
    assert place.ask("POST", path, b"x", Content_Type="image/jpeg").status == 200
    # It has no right to read, nor to replace.
    assert place.ask("GET", form).status == 403
    assert place.ask("POST", path, b"y", Content_Type="image/jpeg").status == 403
