"""Exports on a timer, into a folder or a bucket: whole or not at all, with a passport, and never taken for done when they are not."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests import command
from tests.command import Ran
from tests.installation import Installation, instance, new_id
from tests.s3_server import KEY_ID, SECRET, Store, store


@pytest.fixture
def bucket() -> Iterator[Store]:
    pytest.importorskip("obstore", reason="obstore not installed: extra s3")
    with store() as server:
        yield server


def run(relais: Installation, *words: str, **settings: str) -> Ran:
    return command.run(
        "--json", "export", relais.project_id, "household", *words, data=relais.services.settings.data, **settings
    )


def keyed(server: Store, secret: str = SECRET) -> dict[str, str]:
    return {"s3_endpoint": server.url, "s3_key_id": KEY_ID, "s3_secret": secret}


def rows_of(content: bytes) -> int:
    archive = zipfile.ZipFile(io.BytesIO(content))
    return len(list(csv.reader(io.StringIO(archive.read("household.csv").decode())))) - 1


def test_an_export_appears_in_a_bucket_whole_and_with_its_passport(post_node: Installation, bucket: Store) -> None:
    post_node.post(instance(new_id()))
    bucket.failures = 2
    ran = run(post_node, "--to", "s3://data/niger/été", "--option", "since=last", **keyed(bucket))
    assert ran.code == 0, ran.err
    name, passport = sorted(bucket.objects)
    assert name.startswith("data/niger/été/20")
    assert passport == f"{name}.passport.json"
    assert rows_of(bucket.objects[name]) == 1
    assert json.loads(bucket.objects[passport])["file"]["sha256"] == sha256(bucket.objects[name]).hexdigest()
    assert not list(post_node.services.settings.temporary.iterdir())
    assert run(post_node, "--to", "s3://data", "--option", "since=last", **keyed(bucket)).code == 0
    assert rows_of(next(bucket.objects[each] for each in bucket.objects if each.startswith("data/20"))) == 0


def test_a_large_one_is_sent_in_parts_and_appears_when_all_are_there(post_node: Installation, bucket: Store) -> None:
    photo = bytes(range(256)) * 24_000
    post_node.post(instance(new_id(), photo="1.jpg"), {"1.jpg": photo})
    assert run(post_node, "--to", "s3://data", **keyed(bucket)).code == 0
    (name,) = [each for each in bucket.objects if each.endswith(".zip")]
    assert zipfile.ZipFile(io.BytesIO(bucket.objects[name])).read("media/1.jpg") == photo
    assert bucket.requests.count(f"PUT {name}") == 2


def test_what_did_not_arrive_is_exported_the_next_time(post_node: Installation, bucket: Store) -> None:
    post_node.post(instance(new_id()))
    ran = run(post_node, "--to", "s3://data", "--option", "since=last", **keyed(bucket, "another key"))
    assert ran.code == 1
    assert ran.err.startswith("Error: Nothing was stored in s3://data/: ")
    assert "another key" not in ran.err
    assert bucket.objects == {}
    assert run(post_node, "--to", "s3://data", "--option", "since=last", **keyed(bucket)).code == 0
    assert rows_of(next(bucket.objects[each] for each in bucket.objects if each.endswith(".zip"))) == 1


def test_a_place_that_cannot_be_is_said_and_nothing_is_made(post_node: Installation, tmp_path: Path) -> None:
    for to, said in (("s3://", "Error: "), (str(tmp_path / "no" / "file"), "")):
        ran = run(post_node, "--to", to)
        assert ran.code != 0
        assert ran.err.startswith(said)
    assert {row[0] for row in post_node.rows("SELECT status FROM export")} <= {"failed"}
