"""The feed as ODK's own client reads it: pyodk, unchanged, over a socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyodk.client import Client
from pyodk.errors import PyODKError

from tests.collector.feeds import ANSWERS, fill
from tests.installation import PASSWORD
from tests.served import Place


@pytest.fixture
def client(place: Place, tmp_path: Path) -> Iterator[Client]:
    """pyodk, signed in as the administrator; its project has the form of tests/collector/feeds.py."""
    fill(place.relais)
    config = tmp_path / "config.toml"
    config.write_text(
        f'[central]\nbase_url = "{place.url}"\nusername = "admin@example.org"\npassword = "{PASSWORD}"\n'
        f"default_project_id = {place.relais.project_id}\n",
        encoding="utf-8",
    )
    with Client(config_path=str(config), cache_path=str(tmp_path / "cache.toml")) as opened:
        yield opened


def test_what_was_sent_comes_back(client: Client) -> None:
    table = client.submissions.get_table("survey", filter="__id eq 'uuid:4'", expand="*", count=True)
    (row,) = table["value"]
    assert table["@odata.count"] == 1
    assert (row["village"], row["size"], row["day"]) == (ANSWERS["village"], 7, ANSWERS["day"])
    assert [member["name"] for member in row["member"]] == ["Ali", "Zara"]
    assert [child["name"] for child in row["member"][1]["about"]["child"]] == ["Bana", "Ousmane"]
    later = client.submissions.get_table(
        "survey", filter="__system/submissionDate ge " + row["__system"]["submissionDate"]
    )
    assert [each["__id"] for each in later["value"]] == ["uuid:4"]
    assert (
        client.submissions.get_table(
            "survey", filter=f"__system/submissionDate gt {row['__system']['submissionDate']}"
        )["value"]
        == []
    )


def test_tables_are_read_page_by_page(client: Client, place: Place) -> None:
    first = client.submissions.get_table("survey", table_name="Submissions.member", top=3, wkt=True)
    following = client.session.get(first["@odata.nextLink"]).json()
    assert first["@odata.nextLink"].startswith(place.url)
    assert len(first["value"] + following["value"]) == 6
    assert client.submissions.get_table("survey", skip=4, select="__id")["value"] == [{"__id": "uuid:0"}]


def test_a_refusal_is_understood(client: Client) -> None:
    with pytest.raises(PyODKError) as caught:
        client.submissions.get_table("survey", filter="nothing eq 1")
    assert "501.5" in str(caught.value)
