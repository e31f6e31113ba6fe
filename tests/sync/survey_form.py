"""A survey with many questions to choose from, and interviews as phones send them: honest ones, each by chance alone."""

import random
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from tests.installation import Installation, new_id

CHOSEN = tuple(f"q{number}" for number in range(40))
GRID = tuple(f"g{number}" for number in range(6))
META = ("start", "end", "deviceid", "enumerator", "household", "gps", "water")
OPTIONS = "abcdef"
MORNING = datetime.fromisoformat("2026-11-25T08:00:00+01:00")


def survey_form(version: str = "1", questions: tuple[str, ...] = CHOSEN) -> bytes:
    """The form: who made the interview, which household, where; `questions` of six choices, a grid of six questions of five, and one that takes
    several of three."""
    nodes = (
        "".join(f"<{name}/>" for name in (*META, *questions))
        + "<trust>"
        + "".join(f"<{g}/>" for g in GRID)
        + "</trust>"
    )
    roles = {"enumerator": "enumerator", "household": "household", "gps": "gps"}
    types = {"gps": "geopoint", "start": "dateTime", "end": "dateTime"}
    binds = "".join(
        f'<bind nodeset="/data/{name}" type="{types.get(name, "string")}"'
        + (f' ibg:match="{roles[name]}"' if name in roles else "")
        + (' ibg:sensitivity="P-staff"' if name == "enumerator" else "")
        + "/>"
        for name in META
    )
    body = "".join(
        f'<input ref="/data/{name}"><label>{name}</label></input>' for name in ("enumerator", "household", "gps")
    )
    body += f'<select ref="/data/water"><label>Eau</label>{_items("xyz")}</select>'
    for name in questions:
        body += f'<select1 ref="/data/{name}"><label>{name}</label>{_items(OPTIONS)}</select1>'
    grid = "".join(
        f'<select1 ref="/data/trust/{name}"><label>{name}</label>{_items("12345")}</select1>' for name in GRID
    )
    body += f'<group ref="/data/trust"><label>Confiance</label>{grid}</group>'
    return (
        '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:ibg="https://relais.example/ibg">'
        f'<h:head><h:title>Ménages</h:title><model><instance><data id="survey" version="{version}">{nodes}'
        f'<meta><instanceID/></meta></data></instance>{binds}<bind nodeset="/data/meta/instanceID" type="string"/></model>'
        f"</h:head><h:body>{body}</h:body></h:html>"
    ).encode()


def _items(values: str) -> str:
    return "".join(f"<item><label>{value}</label><value>{value}</value></item>" for value in values)


def honest(number: int, **answers: str) -> dict[str, str]:
    """The answers of interview `number`: two enumerators with a phone each, one interview an hour, half an
    hour long; every household where it is."""
    chance = random.Random(number)
    start = MORNING + timedelta(hours=number, seconds=chance.randrange(600))
    who = "Amina" if number % 2 else "Boubacar"
    return {
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=chance.uniform(25, 40))).isoformat(),
        "deviceid": f"collect:{who}",
        "enumerator": who,
        "household": f"Ménage {number}",
        "gps": f"{13.5 + number * 0.001:.6f} 2.1 0 5",
        "water": " ".join(chance.sample("xyz", 2)),
        **{name: chance.choice(OPTIONS) for name in CHOSEN},
        **{name: chance.choice("12345") for name in GRID},
        **answers,
    }


def filled(instance_id: str, answers: dict[str, str], version: str = "1", deprecated_id: str = "") -> bytes:
    """One filled form."""

    def nodes(names: tuple[str, ...]) -> str:
        return "".join(f"<{name}>{escape(answers[name])}</{name}>" for name in names if name in answers)

    before = f"<deprecatedID>{deprecated_id}</deprecatedID>" if deprecated_id else ""
    return (
        f'<data id="survey" version="{version}">{nodes((*META, *CHOSEN))}<trust>{nodes(GRID)}</trust>'
        f"<meta><instanceID>{instance_id}</instanceID>{before}</meta></data>"
    ).encode()


def interview(relais: Installation, answers: dict[str, str], version: str = "1", deprecated_id: str = "") -> str:
    """Send one as a phone does; its instanceID."""
    instance_id = new_id()
    answer = relais.post(filled(instance_id, answers, version, deprecated_id))
    assert answer.status_code == 201, answer.data
    return instance_id
