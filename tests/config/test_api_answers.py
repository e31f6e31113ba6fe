"""What every answer of the API carries."""

import pytest

from config.api_answers import content_disposition
from config.problem import Problem
from tests.installation import Installation


def test_an_answer_in_json_is_asked_for_again_with_its_etag(post_node: Installation) -> None:
    first = post_node.client.get("/v1/projects", headers=post_node.admin)
    assert first.headers["Content-Type"] == "application/json; charset=utf-8"
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["ETag"].startswith('W/"')
    again = post_node.client.get("/v1/projects", headers={**post_node.admin, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_neither_problems_nor_writes_are_kept_anywhere(post_node: Installation) -> None:
    refused = post_node.client.get("/v1/projects/1")
    assert refused.status_code == 401
    assert "ETag" not in refused.headers
    signed_in = post_node.client.post("/v1/sessions", json={"email": "nobody@example.org", "password": "wrong"})
    assert signed_in.headers["Cache-Control"] == "no-store"


def test_a_problem_without_details_has_no_such_key() -> None:
    assert Problem(404.1, en="a", fr="b").as_json() == {"code": 404.1, "message": "a"}


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("croix.png", "attachment; filename=\"croix.png\"; filename*=UTF-8''croix.png"),
        ("été (1).csv", "attachment; filename=\"-t- (1).csv\"; filename*=UTF-8''%C3%A9t%C3%A9%20%281%29.csv"),
        ('../"x"\r\n.csv', "attachment; filename=\"..x.csv\"; filename*=UTF-8''..x.csv"),
    ],
)
def test_a_download_keeps_its_name_and_nothing_else(name: str, header: str) -> None:
    assert content_disposition(name) == header
