"""Phones that refresh their forms: `python -m bench.refresh [--forms 20 200]`.

A thousand phones that ask every 15 minutes are 1.1 lists a second, each followed by one manifest for every form (C4): 23
requests a second with 20 forms, 224 with 200. Nearly all of them hear 304.
"""

import argparse
import http.client
import tempfile
from dataclasses import dataclass
from pathlib import Path

from accounts import app_users
from accounts.projects import create_project
from app import create_app
from bench.load import run
from bench.machine import machine
from bench.server import SECRET, Running, running_on
from config.services import Services
from config.settings import Settings
from forms.compiler import Compiled
from forms.first_start import prepare_database
from forms.publish import prepare, publish

PHONES, MINUTES = 1000, 15
XFORM = (
    '<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head>'
    '<h:title>Form {0}</h:title><model><instance><data id="form_{0}" version="1"><name/><meta><instanceID/></meta></data>'
    '</instance><instance id="posts" src="jr://file-csv/posts.csv"/></model></h:head><h:body/></h:html>'
)


@dataclass(frozen=True)
class Answer:
    """What a phone got, and what it may ask with the next time."""

    etag: str
    size: int


def main() -> None:
    """One table for each number of forms."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--forms", type=int, nargs="+", default=[20, 200])
    arguments.add_argument("--count", type=int, default=2000, help="requests for each line")
    chosen = arguments.parse_args()
    print(machine())
    for forms in chosen.forms:
        refresh(forms, chosen.count)


def refresh(forms: int, count: int) -> None:
    """Measure lists and manifests of a project with that many forms, each with one file."""
    wanted = PHONES / (MINUTES * 60) * (1 + forms)
    print(f"\n{forms} forms: {PHONES} phones every {MINUTES} minutes ask {wanted:.0f} times a second")
    print(f"{'asked':<24}{'bytes':>8}{'per s':>8}{'p50 ms':>8}{'p99':>6}{'CPU ms':>8}{'RSS MB':>8}  answers")
    with tempfile.TemporaryDirectory(prefix="relais-bench-") as folder:
        data = Path(folder) / "data"
        key_path = _prepare(data, forms)
        with running_on(data, key_path) as server:
            addresses = {"formList": [f"{key_path}/formList"]}
            addresses["manifest"] = [f"{key_path}/forms/form_{number}/manifest" for number in range(forms)]
            for name, paths in addresses.items():
                known = {path: _ask(server, path) for path in paths}
                _measure(name, server, known, count if name == "manifest" else count // 4, again=False)
                _measure(f"{name}, nothing new", server, known, count, again=True)


def _measure(name: str, server: Running, known: dict[str, Answer], count: int, *, again: bool) -> None:
    paths = list(known)
    requests = [
        _request(server, path, known[path].etag if again else "")
        for path in (paths[at % len(paths)] for at in range(count))
    ]
    before = server.cpu_seconds()
    figures = run(server.ports, iter(requests), 8)
    cpu = (server.cpu_seconds() - before) / count * 1000
    times = f"{figures.percentile(0.5):>8.0f}{figures.percentile(0.99):>6.0f}"
    size = max(answer.size for answer in known.values())
    print(
        f"{name:<24}{size:>8}{figures.rate():>8.0f}{times}{cpu:>8.2f}{server.megabytes():>8.0f}  {figures.statuses}",
        flush=True,
    )


def _ask(server: Running, path: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", server.ports[0])
    connection.request("GET", path)
    answer = connection.getresponse()
    size = len(answer.read())
    connection.close()
    return Answer(answer.headers["ETag"], size)


def _request(server: Running, path: str, etag: str) -> bytes:
    condition = f"If-None-Match: {etag}\r\n" if etag else ""
    return (
        f"GET {path}?deviceID=collect%3Aabcdefghijklmnop HTTP/1.1\r\nHost: {server.host}\r\nX-OpenRosa-Version: 1.0\r\n"
        f"{condition}\r\n"
    ).encode()


def _prepare(data: Path, forms: int) -> str:
    """An installation with a project of that many forms; the address of its phone."""
    data.mkdir(parents=True)
    app = create_app(Settings(data=data, storage_url=f"file://{data / 'files'}", secret_key=SECRET))
    services: Services = app.extensions["relais"]
    posts = b"name,label\n" + b"".join(b"post_%d,Poste %d\n" % (number, number) for number in range(500))
    with app.app_context():
        prepare_database(services)
        compiled = [Compiled(XFORM.format(number).encode(), (), None) for number in range(forms)]
        ready = [prepare(services.storage, each, "form.xml", each.xform, {"posts.csv": posts}) for each in compiled]
        with services.database.transaction() as session:
            project = create_project(session, "Bench", language="fr")
            for each in ready:
                publish(session, project.id, each)
            phone = app_users.create_app_user(session, services.secret, project.id, "bench")
            path = f"/v1/key/{phone.token}/projects/{project.id}"
    services.database.close()
    return path


if __name__ == "__main__":
    main()
