"""A whole mission played against the real server, and its csv.zip checked cell by cell: `make demo`.

    python -m tests.demo [--folder F] [--count 50] [--without-java]

Three phones fetch the bundled surveys as Collect does (one with a password, two with the key in their address), fill
`count` of each, and send them over a link that loses 30 % of the answers. A fifth is sent twice, some at the same
moment; edits arrive before their originals; other contents arrive under a known instanceID. Then some are reviewed.
The folder stays and can be browsed. Exit 1 when anything sent is not exported exactly.
"""

import argparse
import random
import re
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.demo_csv import Case, Comparison, ServedForm, compare_zip
from tests.demo_server import ADMIN, PASSWORD, Server
from tests.phone import Instance, Link, Phone, PhoneForm, SendResult, ShakyLink
from tests.respondent import Device, Filled, JavaRespondent, Respondent, Unfillable, available

ROUNDS = 30
WORKER_SECONDS = 60


@dataclass
class Enumerator:
    """A phone and the app user whose code it scanned."""

    phone: Phone
    name: str
    id: int


@dataclass
class Story:
    """What happened to one form's submissions; counts for the summary."""

    form: PhoneForm
    engine: str = ""
    filled_per_second: float = 0.0
    refused: int = 0
    cases: list[Case] = field(default_factory=list)
    early_edits: int = 0
    replays: int = 0
    conflicts: int = 0
    compared: Comparison = field(default_factory=Comparison)


def main() -> int:
    """Play the mission; 0 when every cell agrees."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="an empty or new folder (default: demo/<date and time>)")
    parser.add_argument("--count", type=int, default=50, help="filled forms of each survey (default 50)")
    parser.add_argument("--without-java", action="store_true", help="fill with our own respondent even where Java is")
    options = parser.parse_args()
    folder: Path = options.folder or Path("demo") / f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}"
    if folder.exists() and any(folder.iterdir()):
        parser.error(f"{folder} is not empty")
    folder.mkdir(parents=True, exist_ok=True)
    started = datetime.now(UTC) - timedelta(seconds=1)
    with Server(folder.resolve()) as server:
        stories = play(server, options.count, started, java=available() and not options.without_java)
        faults = server.command("check")["faults"]
    differences = [one for story in stories for one in story.compared.differences]
    for one in differences[:40]:
        print("  DIFFERENT ", one)
    print_summary(stories)
    print(f"\n  relais check: {faults} faults; the server ended with {server.exit_code}")
    print(f"  Browse it:  RELAIS_DATA={folder} make run     {ADMIN} / {PASSWORD}")
    return 1 if differences or faults or server.exit_code != 0 else 0


def play(server: Server, count: int, started: datetime, *, java: bool) -> list[Story]:
    """The mission from the first scan to the last export."""
    chance = random.Random(20261122)
    people = [enumerator(server, f"Poste {number}", by_key=number != 3) for number in (1, 2, 3)]
    print(f"  {len(people)} phones have fetched {len(people[0].phone.forms)} surveys from {server.url}")
    stories = [fill(form, people, count, chance, java=java) for form in people[0].phone.forms]
    send_everything(people, chance)
    for story in stories:
        replay(story, people, chance)
        send_conflicts(story, people, chance)
    forms = {story.form.form_id: ServedForm(story.form.xml) for story in stories}
    server.sign_in()
    wait_for_worker(server, stories, forms, started)
    for story in stories:
        review(server, story, chance)
        form_id = story.form.form_id
        story.compared = compare_zip(server.csv_zip(form_id), forms[form_id], story.cases, started)
    return stories


def enumerator(server: Server, name: str, *, by_key: bool) -> Enumerator:
    """A new app user, and a phone that scanned its code or was given its name and password."""
    made = server.command("app-user", "create", "1", name)
    by_name = Phone(f"{server.url}/v1/projects/1", made["username"], made["password"])
    phone = Phone.from_qr(made["qr"]) if by_key else by_name
    result = phone.refresh()
    if result.failed or not phone.forms:
        raise RuntimeError(f"{name} could not fetch its forms: {result.failed}")
    return Enumerator(phone, name, made["id"])


def fill(form: PhoneForm, people: list[Enumerator], count: int, chance: random.Random, *, java: bool) -> Story:
    """Fill a form `count` times, shared among the phones; one in seven is edited later, some twice."""
    story = Story(form)
    clock = datetime.now(UTC) - timedelta(hours=6)
    edits = [2 if number % 25 == 11 else 1 if number % 7 == 3 else 0 for number in range(count)]
    filled = iter(fill_all(story, count + sum(edits), java=java))
    for at, number in enumerate(edits):
        person = chance.choice(people)
        clock += timedelta(seconds=60)
        original = finalize(person.phone, next(filled), clock)
        case = Case(original, original, person.name, person.id, person.phone.device_id)
        early = at % 2 == 1
        for step in range(1, number + 1):
            other = next(filled)
            when = clock - timedelta(seconds=step) if early else clock + timedelta(seconds=step)
            edit = person.phone.edit(case.current, with_id(other.xml, case.current.instance_id), when)
            edit.files = dict(other.files)
            case.current = edit
            case.edits += 1
            case.review = "edited"
        story.early_edits += number if early else 0
        story.cases.append(case)
    return story


def fill_all(story: Story, count: int, *, java: bool) -> list[Filled]:
    """Filled forms by JavaRosa or by our own respondent; what was refused on the way is counted."""
    form = story.form
    begun = time.monotonic()
    device = Device(username="")
    if java:
        story.engine = "JavaRosa"
        with JavaRespondent(form.xml, form.attachments, device=device) as respondent:
            filled = list(respondent.fills(count))
            story.refused = sum(respondent.rejected.values())
    else:
        story.engine = "own"
        own = Respondent.of(form.xml, form.attachments)
        own.device = device
        filled = list(own.fills(count))
        story.refused = sum(own.rejected.values())
    story.filled_per_second = count / (time.monotonic() - begun)
    print(f"  {form.form_id}: {count} filled by {story.engine}, {story.filled_per_second:.0f} a second")
    return filled


def finalize(phone: Phone, filled: Filled, when: datetime) -> Instance:
    """Put a filled form in the outbox, finalised at `when`."""
    return phone.finalize(filled.xml, filled.files, when)


def with_id(xml: bytes, instance_id: str) -> bytes:
    """The same answers under another instanceID."""
    return re.sub(rb"(<(?:\w+:)?instanceID>)[^<]*", rb"\g<1>" + instance_id.encode(), xml)


def send_everything(people: list[Enumerator], chance: random.Random) -> None:
    """Every phone sends at the same time, again and again, over a link that cuts 5 % and loses 30 % of the answers."""

    def send(person: Enumerator, seed: float) -> tuple[int, int]:
        person.phone.link = ShakyLink(random.Random(seed), cut=0.05, lose=0.30)
        in_batches = 0
        for round_number in range(1, ROUNDS + 1):
            in_batches += sum(one.sent and one.posts > 1 for one in person.phone.send_all())
            if all(one.status == "sent" for one in person.phone.outbox):
                return round_number, in_batches
        left = [(one.instance_id, one.message) for one in person.phone.outbox if one.status != "sent"]
        raise RuntimeError(f"{person.name} never got rid of {left}")

    begun = time.monotonic()
    with ThreadPoolExecutor(len(people)) as pool:
        rounds, in_batches = zip(*pool.map(send, people, [chance.random() for _ in people]), strict=True)
    posts = sum(one.method == "POST" for person in people for one in person.phone.exchanges)
    lost = sum(one.method == "POST" and one.status is None for person in people for one in person.phone.exchanges)
    seconds = time.monotonic() - begun
    print(f"  {posts} POSTs in {seconds:.1f} s, {lost} without an answer; the phones tried {max(rounds)} times,")
    print(f"  {sum(in_batches)} instances went in several POSTs")


def phone_of(people: list[Enumerator], case: Case) -> Phone:
    """The phone a case was filled on."""
    return next(person.phone for person in people if person.id == case.submitter_id)


def replay(story: Story, people: list[Enumerator], chance: random.Random) -> None:
    """A fifth of what was sent is sent again, originals and edits, every fourth three times at the same moment."""
    for at, case in enumerate(story.cases):
        phone = phone_of(people, case)
        if at % 5 == 3:
            phone.link = Link()
            instance = chance.choice((case.first, case.current))
            results = phone.send_at_once(instance, 3) if at % 4 == 3 else [phone.send(instance)]
            story.replays += len(results)
            expect(results, lambda one: one.sent, "a replay was refused")


def send_conflicts(story: Story, people: list[Enumerator], chance: random.Random) -> None:
    """Other contents under a known instanceID, from another phone: kept aside, 202, a sentence for the enumerator."""
    for at, case in enumerate(story.cases):
        if case.edits == 0 and at % 12 == 5:
            other = chance.choice([one for one in people if one.id != case.submitter_id]).phone
            other.link = Link()
            changed = re.sub(rb"<start>[^<]*", b"<start>2026-01-01T00:00:00.000+01:00", case.first.xml)
            conflict = other.finalize(changed, case.first.files)
            results = [other.send(conflict), other.send(conflict)]
            story.conflicts += 1
            expect(results, lambda one: one.status == 202 and bool(one.message), "a conflict was not kept aside")


def expect(results: list[SendResult], holds: Callable[[SendResult], bool], sentence: str) -> None:
    """Stop the demo with a sentence when an answer is not what it must be."""
    for one in results:
        if not holds(one):
            raise RuntimeError(f"{sentence}: {one.instance.instance_id} {one.status} {one.message}")


def wait_for_worker(server: Server, stories: list[Story], forms: dict[str, ServedForm], started: datetime) -> None:
    """Until the exports agree, or a minute has passed: held edits are released after their originals came."""
    deadline = time.monotonic() + WORKER_SECONDS
    for story in stories:
        form_id = story.form.form_id
        while compare_zip(server.csv_zip(form_id), forms[form_id], story.cases, started).differences:
            if time.monotonic() > deadline:
                return
            time.sleep(0.5)


def review(server: Server, story: Story, chance: random.Random) -> None:
    """A supervisor decides on a third; half of the decisions come with Basic credentials instead of a session."""
    for case in story.cases:
        if chance.random() < 0.33:
            case.review = chance.choice(("approved", "approved", "approved", "hasIssues", "rejected"))
            instance_id = case.first.instance_id
            server.review(story.form.form_id, instance_id, case.review, basic=chance.random() < 0.5)


def print_summary(stories: list[Story]) -> None:
    """One line for each survey."""
    print(f"\n  {'survey':24}{'by':>9}{'fills/s':>9}{'refused':>9}{'sent':>6}{'edits':>7}{'early':>7}", end="")
    print(f"{'replays':>9}{'conflicts':>11}{'rows':>7}{'cells':>9}{'different':>11}")
    for one in stories:
        edits = sum(case.edits for case in one.cases)
        print(f"  {one.form.form_id:24}{one.engine:>9}{one.filled_per_second:9.1f}{one.refused:9}", end="")
        print(f"{len(one.cases):6}{edits:7}{one.early_edits:7}{one.replays:9}{one.conflicts:11}", end="")
        print(f"{one.compared.rows:7}{one.compared.cells:9}{len(one.compared.differences):11}")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, Unfillable) as failure:
        sys.exit(f"  {failure}")
