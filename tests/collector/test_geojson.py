"""Where submissions were made, as GeoJSON."""

from typing import Any

import orjson
import pytest

from collector.answers import read_answers
from collector.geojson import collection, features
from collector.submission_xml import parse
from forms.xform import FormDefinition, parse_xform
from tests.collector.rest import NOT_FOUND, Caller, admin_of, caller, one, problem
from tests.installation import Installation, new_id

FORM = (
    '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:ibg="https://x">'
    '<h:head><h:title>T</h:title><model><instance><data id="places" version="1"><name/><g><home/><track/></g><field/>'
    "<stop><at/></stop><meta><instanceID/></meta></data></instance>"
    '<bind nodeset="/data/g/home" type="geopoint"{secret}/><bind nodeset="/data/g/track" type="geotrace"/>'
    '<bind nodeset="/data/field" type="geoshape"/><bind nodeset="/data/stop/at" type="geopoint"/></model></h:head>'
    '<h:body><repeat nodeset="/data/stop"/></h:body></h:html>'
)
DEFINITION = parse_xform(FORM.format(secret="").encode())


def filled(instance_id: str = "x", **answers: str) -> bytes:
    stops = "".join(f"<stop><at>{each}</at></stop>" for each in answers.get("stops", "").split("|") if each)
    return (
        f'<data id="places" version="1"><name>N</name><g><home>{answers.get("home", "")}</home>'
        f"<track>{answers.get('track', '')}</track></g><field>{answers.get('field', '')}</field>{stops}"
        f"<meta><instanceID>{instance_id}</instanceID></meta></data>"
    ).encode()


def told(*paths: str, definition: FormDefinition = DEFINITION, hidden: str = "", **answers: str) -> Any:
    """The features of one submission."""
    tables = read_answers(parse(filled(**answers)), definition).tables
    pieces = features("x", definition, tables, paths, frozenset(filter(None, [hidden])))
    return orjson.loads(b"".join(collection(pieces)))["features"]


def test_the_first_place_outside_of_repeats_is_told_with_its_path() -> None:
    geometry = {"type": "Point", "coordinates": [2.50, 13.5, 210]}
    feature = {"type": "Feature", "id": "x", "geometry": geometry, "properties": {"fieldpath": "/g/home"}}
    assert told(home="13.5 2.50 210 4.5", field="0 0;1 1;2 0;0 0") == [feature]
    assert told(track="1 2;3 4") == []


@pytest.mark.parametrize(
    "text", ["13.5", "91 0", "0 181", "+1 2", "01 2", "1 2 3 -4", "1,5 2", "1 2 3 4 5", "1.2.3 4", "", "١ ٢"]
)
def test_what_is_no_place_is_left_out(text: str) -> None:
    assert told(home=text) == []
    assert told("/g/track", track=f"1 2;{text};3 4") == []


def test_lines_shapes_and_repeats_have_their_geometry() -> None:
    assert told("/g/track", track="1 2 3 4; 5 6") == [
        {
            "type": "Feature",
            "id": "x",
            "geometry": {"type": "LineString", "coordinates": [[2, 1, 3], [6, 5]]},
            "properties": None,
        }
    ]
    ring = [[0, 0], [1, 1], [0, 2], [0, 0]]
    assert told("/field", field="0 0;1 1;2 0;0 0.0")[0]["geometry"] == {"type": "Polygon", "coordinates": [ring]}
    assert told("/field", field="0 0;1 1;2 0;0 1") == []
    several = told("/stop/at", stops="1 2|nowhere|3 4")[0]["geometry"]
    assert several == {"type": "MultiPoint", "coordinates": [[2, 1], [4, 3]]}
    both = told("/g/home", "/g/track", home="1 2", track="1 2;3 4")[0]["geometry"]
    assert (both["type"], len(both["geometries"])) == ("GeometryCollection", 2)


def test_digits_are_kept_and_hidden_classes_are_not_drawn() -> None:
    tables = read_answers(parse(filled(home="13.5000000000000001 2.10")), DEFINITION).tables
    written = b"".join(collection(features("x", DEFINITION, tables, (), frozenset())))
    assert b"[2.10,13.5000000000000001]" in written
    secret = parse_xform(FORM.format(secret=' ibg:sensitivity="O"').encode())
    assert told(home="1 2", definition=secret, hidden="O") == []
    assert told("/g/home", home="1 2", definition=secret, hidden="O") == []
    assert told(home="1 2", definition=secret)[0]["properties"] == {"fieldpath": "/g/home"}


@pytest.fixture
def admin(relais: Installation) -> Caller:
    relais.publish(FORM.format(secret="").encode())
    return admin_of(relais)


PLACES = "/v1/projects/1/forms/places"


def test_places_of_a_form_are_filtered_and_not_sent_twice(relais: Installation, admin: Caller) -> None:
    ids = [new_id() for _ in range(3)]
    for number, instance_id in enumerate(ids):
        admin.send(filled(instance_id, home=f"{number} {number}"), f"{PLACES}/submissions")
    admin.send(filled(new_id()), f"{PLACES}/submissions")
    path = f"{PLACES}/submissions.geojson"
    answer = admin.get(path)
    assert answer.content_type == "application/json; charset=utf-8"
    assert [each["id"] for each in answer.get_json()["features"]] == ids[::-1]
    assert admin.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    only = admin.json(f"{path}?$filter=__id eq '{ids[1]}'")
    assert [each["geometry"]["coordinates"] for each in only["features"]] == [[1, 1]]
    assert len(admin.json(f"{path}?limit=2")["features"]) == 1
    message = "Parameters of set {/a, /b}: at most one fieldpath may be specified"
    assert problem(admin.get(f"{path}?fieldpath=/a&fieldpath=/b")) == (400, 400.41, message)
    assert problem(admin.get(f"{path}?$filter=nothing eq 1"))[:2] == (501, 501.5)
    stranger = caller(relais, "stranger@example.org")
    assert stranger.get(path).status_code == 403


def test_each_version_has_its_place(admin: Caller) -> None:
    first, second = new_id(), new_id()
    admin.send(filled(first, home="1 2"), f"{PLACES}/submissions")
    edit = filled(second, home="3 4").replace(b"</meta>", f"<deprecatedID>{first}</deprecatedID></meta>".encode())
    assert admin.send(edit, f"{PLACES}/{one(first)}", "PUT").status_code == 200
    (current,) = admin.json(f"{PLACES}/{one(first)}.geojson")["features"]
    assert (current["id"], current["geometry"]["coordinates"]) == (second, [4, 3])
    (older,) = admin.json(f"{PLACES}/{one(first, 'versions', first)}.geojson?fieldpath=/g/home")["features"]
    assert (older["geometry"]["coordinates"], older["properties"]) == ([2, 1], None)
    assert admin.json(f"{PLACES}/{one(first)}.geojson?fieldpath=/name")["features"] == []
    assert problem(admin.get(f"{PLACES}/{one(second)}.geojson")) == NOT_FOUND
    assert problem(admin.get(f"{PLACES}/{one(first, 'versions', new_id())}.geojson")) == NOT_FOUND


def test_places_and_lists_are_had_without_duplicates_and_of_some_states(relais: Installation, admin: Caller) -> None:
    ids = [new_id() for _ in range(3)]
    for instance_id in ids:
        admin.send(filled(instance_id, home="1 2"), f"{PLACES}/submissions")
    assert admin.call("PATCH", f"{PLACES}/{one(ids[1])}", json={"reviewState": "approved"}).status_code == 200
    with relais.services.database.transaction() as session:
        rows = "(SELECT id FROM submission WHERE instance_id = '{}')"
        session.connection().exec_driver_sql(
            f"UPDATE submission SET duplicate_of = {rows.format(ids[0])} WHERE instance_id = '{ids[2]}'"
        )

    def found(asked: str) -> tuple[list[int], list[int]]:
        features = admin.json(f"{PLACES}/submissions.geojson?{asked}")["features"]
        listed = admin.json(f"{PLACES}/submissions?{asked}")
        return [ids.index(each["id"]) for each in features], [ids.index(each["instanceId"]) for each in listed]

    assert found("") == ([2, 1, 0], [2, 1, 0])
    assert found("duplicates=without") == ([1, 0], [1, 0])
    assert found("reviewState=received&duplicates=without") == ([0], [0])
    assert found("reviewState=received&reviewState=approved") == ([2, 1, 0], [2, 1, 0])
    for path in ("submissions", "submissions.geojson"):
        assert problem(admin.get(f"{PLACES}/{path}?reviewState=nice"))[:2] == (400, 400.8)
