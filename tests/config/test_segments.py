from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, unquote_to_bytes

import pytest
from flask import Flask, request, url_for
from hypothesis import given
from hypothesis import strategies as st

from config.segments import SLASH, NotANumber, NumberConverter, SegmentConverter, keep_slashes

app = Flask("segments")
app.url_map.converters.update(segment=SegmentConverter, int=NumberConverter)
app.wsgi_app = keep_slashes(app.wsgi_app)  # type: ignore[method-assign]

# What may stand in an address: everything but what publishing refuses.
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=SLASH), min_size=1, max_size=12
).filter(lambda name: name not in (".", ".."))


@app.get("/forms/<segment:name>.xml", strict_slashes=False)
def form(name: str) -> str:
    return f"form {name}"


@app.get("/forms/<segment:name>/attachments/<segment:file>")
def attachment(name: str, file: str) -> str:
    return f"file {file} of {name}"


@app.get("/said")
def said() -> str:
    return " ".join(request.args.getlist("word"))


@app.get("/projects/<int:number>")
def project(number: object) -> str:
    return "nowhere" if isinstance(number, NotANumber) else f"project {number}"


def over_the_wire(target: str) -> str:
    """The answer to a request line, as a WSGI server hands it on: PATH_INFO decoded, REQUEST_URI as it was."""
    path, _, query = target.partition("?")
    answered: list[str] = []
    environ = app.test_request_context("/").request.environ | {
        "PATH_INFO": decoded(path),
        "REQUEST_URI": target,
        "QUERY_STRING": query,
    }

    def start_response(status: str, *_: Any) -> Callable[[bytes], object]:
        answered.append(status)
        return lambda _: None

    pieces: Iterable[bytes] = app.wsgi_app(environ, start_response)
    body = b"".join(pieces).decode()
    return body if answered[0].startswith("200") else answered[0]


def decoded(path: str) -> str:
    return unquote_to_bytes(path).decode("latin-1")


@given(NAMES, NAMES)
def test_any_two_names_arrive_as_they_were(name: str, file: str) -> None:
    encoded, encoded_file = quote(name, safe=""), quote(file, safe="")
    assert over_the_wire(f"/forms/{encoded}.xml") == f"form {name}"
    assert over_the_wire(f"/forms/{encoded}/attachments/{encoded_file}?a=/b//c") == f"file {file} of {name}"


@given(NAMES)
def test_our_own_addresses_lead_back(name: str) -> None:
    with app.test_request_context("/"):
        address = url_for("attachment", name=name, file=name)
    assert over_the_wire(address) == f"file {name} of {name}"


def test_characters_that_need_no_encoding_may_come_encoded_or_not() -> None:
    assert over_the_wire("/forms/%61!$&'()*+,;=:@~.xml") == "form a!$&'()*+,;=:@~"
    assert over_the_wire("/forms/%21%24%2f.xml") == "form !$/"


def test_a_slash_after_the_last_segment_changes_nothing_where_slashes_are_not_strict() -> None:
    assert over_the_wire("/forms/a.xml/") == "form a"


def test_several_slashes_in_a_row_count_as_one_but_not_inside_a_name() -> None:
    assert over_the_wire("//forms///a%2F%2Fb.xml") == "form a//b"


@pytest.mark.parametrize("target", ["/forms/a%00b.xml", "/forms/a/b.xml", "/forms/.xml", "/forms/%2F/attachments/"])
def test_what_is_no_name_leads_nowhere(target: str) -> None:
    assert over_the_wire(target).startswith("404")


def test_bytes_that_are_no_text_do_not_break_the_reader() -> None:
    assert over_the_wire("/forms/%FF%2F.xml") == "form \ufffd/"
    assert over_the_wire("/forms/\xe9%2F.xml") == "form \ufffd/"
    assert over_the_wire("/said?word=\xff&word=\xc3\xa9&other=%FF") == "%FF é"
    assert over_the_wire("/said?word=a%00b%%0000&word=%2500") == "ab %00"


@pytest.mark.parametrize(
    ("number", "answer"),
    [(0, "project 0"), (2**63 - 1, f"project {2**63 - 1}"), (-1, "project -1"), (2**63, "nowhere"), ("1e3", "nowhere")],
)
def test_what_no_database_holds_as_a_number_leads_nowhere(number: object, answer: str) -> None:
    assert over_the_wire(f"/projects/{number}") == answer


def test_an_address_in_absolute_form_is_left_to_the_server() -> None:
    environ = {"PATH_INFO": "/forms/a.xml", "REQUEST_URI": "http://host/forms/a%2Fb.xml"}
    seen: list[str] = []

    def inner(environ: dict[str, Any], _: Any) -> list[bytes]:
        seen.append(environ["PATH_INFO"])
        return []

    keep_slashes(inner)(environ, None)
    assert seen == ["/forms/a.xml"]
