"""A form filled for tests of its OData feed and exports, and words to ask for them."""

import hashlib
import json
from typing import Any

from werkzeug.test import TestResponse

from tests.collector.forms import group, question, repeat
from tests.collector.xforms import send, xform_of
from tests.installation import Installation

HOUSEHOLD = (
    question("village"),
    question("size", "int"),
    question("price", "decimal"),
    question("day", "date"),
    question("seen", "dateTime"),
    question("sure", "boolean"),
    group("home", question("place", "geopoint"), question("way", "geotrace"), question("land", "geoshape")),
    repeat(
        "member",
        question("name"),
        group("about", question("age", "int"), repeat("child", question("name"), question("photo", "binary"))),
    ),
)
SERVICE = "/v1/projects/1/forms/survey.svc"
ANSWERS: dict[str, Any] = {
    "village": "Téra",
    "size": "7",
    "price": "12.50",
    "day": "2026-11-23",
    "seen": "2026-11-23T12:00:00.000+01",
    "sure": "true",
    "home": {
        "place": "13.5 2.1 210.0 4.5",
        "way": "13.5 2.1 0 0; 13.6 2.2 5 7",
        "land": "13.5 2.1;13.6 2.2;13.5 2.3;13.5 2.1;",
    },
    "member": [
        {"name": "Ali", "about": {"age": "40"}},
        {"name": "Zara", "about": {"age": "x", "child": [{"name": "Bana", "photo": "1.jpg"}, {"name": "Ousmane"}]}},
    ],
}


def fill(relais: Installation) -> None:
    """Five submissions of the form: uuid:0 is the oldest and empty, uuid:4 the newest; all but the first have members."""
    relais.publish(xform_of(*HOUSEHOLD))
    send(relais, {}, "uuid:0")
    for number in range(1, 4):
        members = [{"name": f"m{each}"} for each in range(number)]
        send(relais, {"village": f"v{number}", "size": str(number), "member": members}, f"uuid:{number}")
    send(relais, ANSWERS, "uuid:4")


def get(relais: Installation, path: str, **headers: str) -> TestResponse:
    whole = path if path.startswith("/v1") else SERVICE + path
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return relais.client.get(whole, headers={**relais.admin, **given})


def answered(answer: TestResponse) -> dict[str, Any]:
    """What a JSON answer holds."""
    found: dict[str, Any] = json.loads(answer.data)
    return found


def rows(relais: Installation, path: str) -> list[dict[str, Any]]:
    answer = get(relais, path)
    assert answer.status_code == 200, answer.data
    found: list[dict[str, Any]] = json.loads(answer.data)["value"]
    return found


def ids(relais: Installation, path: str) -> list[str]:
    return [row["__id"] for row in rows(relais, path)]


def sha1(*parts: str) -> str:
    return hashlib.sha1("%%".join(parts).encode()).hexdigest()
