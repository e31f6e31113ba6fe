"""What labels and a column for each choice cost: `python -m bench.choices [--count 20000]`.

A form of 24 questions with choices, every other one with several answers, and as many others. Each way is exported twice: written, and
copied from what was kept.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from uuid import UUID

from accounts import app_users
from accounts.projects import create_project
from bench.export import HEAD, measured
from bench.growth import BATCH, opened
from bench.machine import machine
from collector.arrival import Arrival, Sender
from collector.classify import Rules
from collector.intake import receive
from config.services import Services
from forms.compiler import compile_form
from forms.first_start import prepare_database
from forms.publish import prepare, publish

FORM, QUESTIONS = "choices", 24
CHOICES = {
    "puits": "Puits traditionnel",
    "forage": "Forage",
    "fleuve": "Fleuve, mare",
    "borne": "Borne fontaine",
    "autre": "Autre",
}
PLAIN: dict[str, object] = {"format": "csv.zip"}
LABELS: dict[str, object] = {"format": "csv.zip", "choices": "labels"}
BOTH: dict[str, object] = {"format": "csv.zip", "choices": "both", "headers": "labels"}
SPLIT: dict[str, object] = {"format": "csv.zip", "split_multiples": True}
WAYS: list[tuple[str, dict[str, object]]] = [
    ("csv.zip", PLAIN),
    ("csv.zip, again", PLAIN),
    ("csv.zip, labels", LABELS),
    ("csv.zip, labels, again", LABELS),
    ("csv.zip, labels beside", BOTH),
    ("csv.zip, split", SPLIT),
    ("csv.zip, split, again", SPLIT),
    ("csv.zip, split, French labels", SPLIT | LABELS | {"separator": ";", "decimal_comma": True, "guard": True}),
]


def main() -> None:
    """Print a line for each way."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=20_000)
    arguments.add_argument("--keep", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--only", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.only:
        with opened(chosen.keep) as services:
            print(measured(services, json.loads(chosen.only), FORM))
        return
    with tempfile.TemporaryDirectory(prefix="relais-choices-", dir=os.environ.get("RELAIS_BENCH_FOLDER")) as folder:
        with opened(Path(folder)) as services:
            _fill(services, chosen.count)
        print(f"{chosen.count} submissions, {machine()}\n{HEAD}", flush=True)
        for label, asked in WAYS:
            words = [sys.executable, "-m", "bench.choices", "--keep", folder, "--only", json.dumps(asked)]
            ran = subprocess.run(words, capture_output=True, text=True, check=False)
            print(f"{label:40}{ran.stdout.rstrip() or ran.stderr.strip().splitlines()[-1]}", flush=True)


def _fill(services: Services, count: int) -> None:
    prepare_database(services)
    xform, chance = _xform(), random.Random(1)
    prepared = prepare(services.storage, compile_form(xform, "choices.xml"), "choices.xml", xform, {})
    with services.database.transaction() as session:
        project = create_project(session, "Bench", language="fr")
        publish(session, project.id, prepared)
        phone = app_users.create_app_user(session, services.secret, project.id, "bench")
        place, sender = project.id, Sender(phone.actor_id, "collect:bench", "bench")
    for _ in range(0, count, BATCH):
        with services.database.transaction() as session:
            for _ in range(BATCH):
                receive(session.connection(), Arrival(place, _submission(chance), sender), Rules(), services.secret)


def _xform() -> bytes:
    names = [f"question_{number}" for number in range(2 * QUESTIONS)]
    nodes = "".join(f"<{name}/>" for name in names)
    items = "".join(f"<item><label>{label}</label><value>{name}</value></item>" for name, label in CHOICES.items())
    controls = "".join(
        f'<{kind} ref="/data/{name}"><label>Question {name}</label>{items if kind != "input" else ""}</{kind}>'
        for number, name in enumerate(names)
        for kind in [("select1", "input", "select", "input")[number % 4]]
    )
    binds = "".join(f'<bind nodeset="/data/{name}" type="string"/>' for name in names)
    return (
        '<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">'
        f'<h:head><h:title>Choices</h:title><model><instance><data id="{FORM}" version="1">{nodes}<meta><instanceID/></meta>'
        f'</data></instance>{binds}<bind nodeset="/data/meta/instanceID" type="string"/></model></h:head>'
        f"<h:body>{controls}</h:body></h:html>"
    ).encode()


def _submission(chance: random.Random) -> bytes:
    answers = []
    for number in range(2 * QUESTIONS):
        some = (
            chance.sample(sorted(CHOICES), chance.randrange(4)) if number % 4 == 2 else [chance.choice(sorted(CHOICES))]
        )
        text = " ".join(some) if number % 2 == 0 else f"réponse {chance.randrange(1000)}"
        answers.append(f"<question_{number}>{text}</question_{number}>")
    instance_id = UUID(int=chance.getrandbits(128), version=4)
    return (
        f'<data id="{FORM}" version="1">{"".join(answers)}<meta><instanceID>uuid:{instance_id}</instanceID></meta></data>'
    ).encode()


if __name__ == "__main__":
    main()
