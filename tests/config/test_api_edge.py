"""What every request to the API passes, whichever view answers: numbers in addresses, JSON, wishes of the reader, tags."""

import gzip
import json
from typing import Any

import pytest
from flask import Flask, jsonify
from werkzeug.test import TestResponse

from config import api_answers
from config.api_edge import judge_request
from config.api_errors import ABSENT, invalid_header, missing_parameters
from config.javascript import as_javascript
from config.json_body import LIMIT, json_body, json_value
from config.problem import Problem
from config.reader_wishes import action_notes, etag_of, is_unchanged, not_modified, tagged, wishes
from config.segments import NumberConverter

app = Flask("edge")
app.url_map.converters["int"] = NumberConverter
app.before_request(lambda: judge_request(lambda path: False, lambda: None))
app.after_request(api_answers.finish)


@app.errorhandler(Problem)
def show(problem: Problem) -> Any:
    return jsonify(problem.as_json()), problem.status


@app.post("/v1/echo")
def echo() -> Any:
    return jsonify(body=json_value(), object=json_body())


@app.get("/v1/things/<int:number>")
def thing(number: int) -> Any:
    wanted = wishes()
    return jsonify(number=number, extended=wanted.extended, offset=wanted.offset, limit=wanted.limit)


@app.get("/things/<int:number>")
def page(number: int) -> str:
    return str(number)


@app.get("/v1/heavy")
def heavy() -> Any:
    etag = etag_of("stamp", "reader")
    return not_modified(etag) if is_unchanged(etag) else tagged(app.response_class("heavy"), etag)


@app.get("/v1/notes")
def notes() -> Any:
    return jsonify(notes=action_notes())


def post(body: bytes, kind: str = "application/json", **headers: str) -> TestResponse:
    return app.test_client().post("/v1/echo", data=body, content_type=kind, headers=headers)


def problem(answer: TestResponse) -> tuple[float, str]:
    return answer.get_json()["code"], answer.get_json()["message"]


def test_an_object_a_list_and_nothing_at_all_are_bodies() -> None:
    assert post(b'{"a": 1}').get_json() == {"body": {"a": 1}, "object": {"a": 1}}
    assert post(b" [1]").get_json() == {"body": [1], "object": {}}
    assert post(b"").get_json() == {"body": {}, "object": {}}
    assert post(b"{", "text/plain").get_json() == {"body": {}, "object": {}}
    assert post(b'{"a": 1}', "application/json; charset=UTF-8").status_code == 200


@pytest.mark.parametrize(
    "body", [b'{"a":', b"5", b'"x"', b"null", b'{"a": "\xff"}', b'{"a": "\\ud800"}', b'["\\u0000"]', b"\x00"]
)
def test_what_is_no_json_is_said_with_its_length(body: bytes) -> None:
    answer = post(body)
    assert answer.status_code == 400
    length = len(body.decode("utf-8", "replace"))
    assert problem(answer) == (400.1, f"Could not parse the given data ({length} chars) as json.")
    assert answer.get_json()["details"] == {"format": "json", "rawLength": length}


def test_a_body_may_be_deflated_but_never_beyond_the_limit() -> None:
    small = json.dumps({"a": "x" * 1000}).encode()
    assert post(gzip.compress(small), Content_Encoding="gzip").get_json()["object"] == {"a": "x" * 1000}
    bomb = b'{"a": "' + b"x" * LIMIT + b'"}'
    for answer in (post(bomb), post(gzip.compress(bomb), Content_Encoding="gzip")):
        assert problem(answer) == (400.36, "Request body too large.")
    assert problem(post(b"not gzip", Content_Encoding="gzip"))[0] == 400.1
    assert problem(post(b"{}", Content_Encoding="compress")) == (400.37, "Encoding not supported.")
    assert problem(post(b"{}", "application/json; charset=utf-16"))[0] == 400.37


def test_a_word_where_a_number_belongs_is_named_on_the_api_and_leads_nowhere_on_pages() -> None:
    client = app.test_client()
    answer = client.get("/v1/things/x")
    assert problem(answer) == (400.11, 'Invalid input data type: expected "x" to be (type integer)')
    assert answer.get_json()["details"] == {"value": "x", "expected": "type integer"}
    assert problem(client.get("/v1/things/99999999999"))[0] == 400.22
    assert client.get("/things/x").status_code == 404
    assert client.get("/v1/things/7").get_json()["number"] == 7


def test_wishes_are_read_as_central_reads_them() -> None:
    client = app.test_client()
    answer = client.get("/v1/things/1?limit=10&offset=2x", headers={"X-Extended-Metadata": "True"})
    assert answer.get_json() == {"number": 1, "extended": True, "offset": 2, "limit": 10}
    for wrong in ("limit=", "limit=x", "limit=-1"):
        answer = client.get(f"/v1/things/1?{wrong}")
        assert problem(answer) == (400.11, "Invalid input data type: expected (limit) to be (integer)")


def test_notes_come_percent_encoded() -> None:
    client = app.test_client()
    assert client.get("/v1/notes", headers={"X-Action-Notes": "caf%C3%A9"}).get_json() == {"notes": "café"}
    assert client.get("/v1/notes").get_json() == {"notes": None}
    answer = client.get("/v1/notes", headers={"X-Action-Notes": "50%"})
    assert problem(answer) == (
        400.6,
        "An expected header field (x-action-notes) did not match the expected format.",
    )


def test_json_is_tagged_and_not_sent_again_unchanged() -> None:
    client = app.test_client()
    first = client.get("/v1/things/1")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Vary"] == "Accept-Encoding, Origin"
    again = client.get("/v1/things/1", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/v1/things/2", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    heavy = client.get("/v1/heavy")
    weakened = client.get("/v1/heavy", headers={"If-None-Match": "W/" + heavy.headers["ETag"]})
    assert (weakened.status_code, weakened.headers["ETag"]) == (304, heavy.headers["ETag"])
    refused = client.get("/v1/things/x")
    assert "ETag" not in refused.headers
    assert post(b"{}").headers["Cache-Control"] == "no-store"


def test_values_are_written_into_sentences_as_central_writes_them() -> None:
    values = [None, True, 1, 1.5, 2.0, "x", [1, None, "a"], {"a": 1}]
    assert list(map(as_javascript, values)) == ["null", "true", "1", "1.5", "2", "x", "1,,a", "[object Object]"]
    absent = missing_parameters(["email", "password"], {"email": "a'b", "password": ABSENT})
    assert (
        absent.message
        == 'Required parameters missing. Expected (email, password), got (email: "a\'b", password: undefined).'
    )
    assert absent.details == {"expected": ["email", "password"], "got": {"email": "a'b"}}
    assert invalid_header("X", None).message.endswith("(got: [nothing]).")
