"""Every address of the API, read from the running application: described, closed to strangers, unchanged by who may only read.

A route that these tests do not know fails: give its arguments a real value in `tests.house.House.values`.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

import app
from accounts.events import Happening, record
from collector.openrosa import openrosa
from config.description import description_of
from config.openapi import METHODS, document, operations
from config.segments import NumberConverter, SegmentConverter
from tests.accounts.calling import administrator
from tests.house import House, furnished

# What phones ask for is described in docs/collect-contract.md, in their own words.
PHONES = {"show_form_list", "show_manifest", "announce", "receive_submission"}
# Reading for everyone: no credentials, or those in the address itself.
OPEN = {
    "accounts_api.sign_in",
    "accounts_api_users.start_reset",
    "accounts_api_site.show_public_config",
    "accounts_api_site.show_public_setting",
    "api_docs.show_document",
    "api_docs.show_index",
    "api_docs.show_group",
}
# Changes that are one's own business, whatever one's rights.
OWN = {
    "accounts_api.sign_out",
    "accounts_api_preferences.choose_for_site",
    "accounts_api_preferences.forget_for_site",
    "accounts_api_preferences.choose_for_project",
    "accounts_api_preferences.forget_for_project",
    "accounts_api_users.finish_reset",
}
# As in ODK Central, whoever reads a submission may say something about it; exports take their options by POST too, may be
# asked for in the background, and one's choices kept.
READERS_MAY = {
    "comments_api.create_comment",
    "exports_api.export_csv",
    "exports_api.export_csv_zip",
    "export_jobs_api.order_export",
    "export_jobs_api.withdraw_export",
    "export_jobs_api.keep_preset",
    "export_jobs_api.forget_preset",
}


def _bare() -> Flask:
    bare = Flask("bare", static_folder=None)
    bare.url_map.converters.update(segment=SegmentConverter, int=NumberConverter)
    for blueprint in (openrosa, *app.BLUEPRINTS):
        bare.register_blueprint(blueprint)
    return bare


BARE = _bare()
RULES = sorted(
    (rule for rule in BARE.url_map.iter_rules() if rule.rule.startswith("/v1/")),
    key=lambda rule: (rule.rule, rule.endpoint),
)
PROTECTED = [rule for rule in RULES if rule.endpoint not in OPEN and not {"token", "draft_token"} & rule.arguments]


def _methods(rule: Rule) -> list[str]:
    return [method for method in METHODS if method in (rule.methods or ())]


READING = [rule for rule in PROTECTED if "GET" in _methods(rule)]
WRITING = [(rule, method) for rule in PROTECTED for method in _methods(rule) if method != "GET"]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    yield from furnished(tmp_path_factory.mktemp("house") / "data")


def each(rules: list[Rule]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("rule", rules, ids=lambda rule: f"{rule.endpoint} {rule.rule}")


def body_for(method: str) -> Any:
    return None if method == "DELETE" else {"name": "x", "body": "x", "state": "closed", "displayName": "x"}


def test_every_operation_is_described() -> None:
    phones = {rule.endpoint for rule in RULES if rule.endpoint.split(".")[-1].rpartition("_")[0] in PHONES}
    bare = [rule.endpoint for rule in RULES if description_of(BARE.view_functions[rule.endpoint]) is None]
    assert sorted(set(bare) - phones) == []


def test_the_document_is_whole_and_names_every_operation_once() -> None:
    found = operations(BARE.url_map, BARE.view_functions)
    made = document(found, server="http://localhost")
    ids = [operation["operationId"] for path in made["paths"].values() for operation in path.values()]
    assert len(ids) == len(set(ids)) == len({(each.method, each.path) for each in found})
    names = set(made["components"]["schemas"])
    referred = set(_references(made["paths"])) | set(_references(made["components"]))
    assert {name.removeprefix("#/components/schemas/") for name in referred} <= names
    for path, item in made["paths"].items():
        for operation in item.values():
            given = {each["name"] for each in operation["parameters"] if each["in"] == "path"}
            assert given == {part.split("}")[0] for part in path.split("{")[1:]}, path
            assert operation["summary"], path
    assert {each.group for each in found} >= {"sessions", "users", "projects", "forms", "submissions", "app users"}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def test_the_document_and_its_pages_are_served_to_anybody(house: House) -> None:
    made = house.nobody.get("/openapi.json")
    assert made["openapi"] == "3.1.0"
    for path in ("/docs", "/docs/projects", "/docs/public%20links"):
        answer = house.nobody("GET", path)
        assert (answer.status_code, answer.mimetype) == (200, "text/html")
        assert len(answer.data) < 100_000
        assert "<script>" not in answer.text
    assert house.nobody("GET", "/docs/nothing").status_code == 404


@each(PROTECTED)
def test_a_stranger_sees_nothing_and_changes_nothing(house: House, rule: Rule) -> None:
    path = house.path(rule)
    before = house.state()
    for method in _methods(rule):
        answer = house.nobody(method, path, body_for(method))
        assert answer.status_code == 401, (method, answer.text)
        assert house.said(answer, path) == []
    assert house.state() == before


@each([rule for rule in READING if "project_id" in rule.arguments])
def test_a_colleague_from_another_project_sees_nothing_of_this_one(house: House, rule: Rule) -> None:
    path = house.path(rule)
    answer = house.colleague("GET", path)
    assert answer.status_code in (403, 404), answer.text
    assert house.said(answer, path) == []


@each([rule for rule in READING if "project_id" in rule.arguments])
def test_project_0_is_no_project_and_not_the_site(house: House, rule: Rule) -> None:
    path = house.path(rule).replace(f"/projects/{house.relais.project_id}", "/projects/0", 1)
    assert administrator(house.relais)("GET", path).status_code == 404


@pytest.mark.parametrize(("rule", "method"), WRITING, ids=lambda value: getattr(value, "rule", value))
def test_who_may_only_read_changes_nothing(house: House, rule: Rule, method: str) -> None:
    if rule.endpoint in OWN | READERS_MAY or rule.endpoint.startswith("openrosa."):
        return
    path = house.path(rule)
    before = house.state()
    for who in (house.viewer, house.colleague) if "project_id" in rule.arguments else (house.viewer,):
        answer = who(method, path, body_for(method))
        assert answer.status_code in (400, 403, 404), (who, answer.status_code, answer.text)
    assert house.state() == before


def test_the_state_that_is_compared_would_show_a_change(house: House) -> None:
    before = house.state()
    with house.relais.services.database.transaction() as session:
        record(session, Happening(house.relais.project_id, "test"))
    assert house.state() != before
