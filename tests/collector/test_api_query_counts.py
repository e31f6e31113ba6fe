"""A longer list is no more statements: asked of every list of submissions' API, with few and with many."""

import pytest

from tests.collector.rest import Caller, admin_of, created, one
from tests.installation import Installation, instance, new_id
from tests.reader import counted

LISTS = (
    "submissions",
    "submissions?limit=50",
    "submissions/submitters",
    "submissions/keys",
    "submissions/search?q=Moussa",
    "submissions.geojson",
    "/v1/projects/1/changes?after=0",
    "/v1/projects/1/scopes",
    "/v1/projects/1/webhooks",
)
OF_ONE = ("versions", "comments", "audits", "diffs", "attachments")


@pytest.mark.parametrize("extended", [False, True])
def test_lists_take_as_many_statements_whatever_their_length(post_node: Installation, extended: bool) -> None:
    admin = admin_of(post_node)
    first = created(admin)
    more(post_node, admin, first, 2)
    before = statements(post_node, admin, first, extended=extended)
    more(post_node, admin, first, 12)
    assert statements(post_node, admin, first, extended=extended) == before


def more(relais: Installation, admin: Caller, first: str, count: int) -> None:
    """So many more of everything."""
    version = first
    for number in range(count):
        phone = relais.new_phone(f"Téléphone {number}")
        url = f"/v1/key/{phone.token}/projects/{relais.project_id}"
        assert relais.post(instance(new_id(), name=f"n{number}"), url=url).status_code == 201
        admin.call("POST", one(first, "comments"), json={"body": "vu"})
        version, deprecated = new_id(), admin.json(one(first))["currentVersion"]["instanceId"]
        edit = instance(version, deprecated_id=deprecated, name=f"n{number}", photo=f"{number}.jpg")
        assert admin.send(edit, one(first), "PUT").status_code == 200
        rules = {"rules": [{"property": "name", "values": [f"n{number}"], "xmlFormId": "household"}]}
        assert admin.call("PUT", f"/v1/projects/1/scopes/{phone.actor_id}", json=rules).status_code == 200
        hook = {"url": f"https://example.org/{number}"}
        assert admin.call("POST", "/v1/projects/1/webhooks", json=hook).status_code == 200


def statements(relais: Installation, admin: Caller, first: str, *, extended: bool) -> dict[str, int]:
    """How many each list takes."""
    found = {}
    for path in (*LISTS, *(one(first, rest) for rest in OF_ONE)):
        # What is looked up once and kept is looked up now.
        admin.json(path, extended=extended)
        with counted(relais) as seen:
            admin.json(path, extended=extended)
        found[path] = len(seen)
    return found
