"""The worker renders what has come in and changed, so that exports only copy."""

import io
import threading
import zipfile
from array import array
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from accounts.scopes import EVERYTHING
from collector import export_lines, export_reading, rendered
from collector.export import Plan, form_facts, plan_export, selection_of
from collector.export_request import FOR_PEOPLE, ExportRequest
from collector.export_run import Run
from collector.models import Submission
from collector.models_exports import Rendition
from collector.review import set_review_state
from collector.sheets import Prepared
from config.services import Services
from sync import rendering
from sync.rendering import Renderer
from tests.collector.receiving import set_in_trash, submissions
from tests.installation import Installation, instance, new_id


def exported(relais: Installation, request: ExportRequest) -> bytes:
    with relais.services.database.reading() as session:
        form = form_facts(session, relais.project_id, "household")
        plan = plan_export(session, relais.services, form, selection_of(form, EVERYTHING), request)
    return b"".join(Run(relais.services, plan, 0, None).pieces())


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the submissions that exports and the worker read; a segment is two of them."""
    monkeypatch.setattr(rendered, "SIZE", 2)
    monkeypatch.setattr(rendering, "BETWEEN", 0.0)
    monkeypatch.setattr(rendering, "LONGEST_WAIT", 0.0)
    found: list[int] = []

    def counted(opened: Services, plan: Plan, wanted: "array[int]") -> Iterator[Prepared]:
        found.extend(wanted)
        return export_reading.read_together(opened, plan, wanted)

    monkeypatch.setattr(export_lines, "read_together", counted)
    return found


def send(relais: Installation, count: int) -> None:
    for _ in range(count):
        relais.post(instance(new_id()))


def review(relais: Installation, number: int, state: str) -> None:
    with relais.services.database.transaction() as session:
        set_review_state(session, session.get_one(Submission, (relais.project_id, number)), state, by=1)


def work(renderer: Renderer) -> None:
    while renderer.work(threading.Event()):
        pass


def test_the_export_after_new_submissions_and_reviews_reads_none_of_them(relais: Installation, read: list[int]) -> None:
    renderer = Renderer(relais.services)
    send(relais, 4)
    work(renderer)
    ids = [each.id for each in submissions(relais)]
    assert sorted(read) == ids
    read.clear()
    first = exported(relais, ExportRequest(format="csv"))
    assert first.count(b"\n") == 5
    work(renderer)
    assert read == []
    review(relais, ids[1], "rejected")
    work(renderer)
    # Its neighbour's lines were taken over.
    assert read == [ids[1]]
    assert exported(relais, ExportRequest(format="csv")).count(b"rejected") == 1
    assert exported(relais, ExportRequest(format="csv", states=("received",))).count(b"\n") == 4
    assert read == [ids[1]]
    set_in_trash(relais, ids[0])
    work(renderer)
    read.clear()
    assert exported(relais, ExportRequest(format="csv")).count(b"\n") == 4
    assert read == []


def test_lines_of_another_kind_are_rendered_while_somebody_asks_for_them(
    post_node: Installation, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendered, "SIZE", 4)
    renderer = Renderer(post_node.services)
    send(post_node, 4)
    work(renderer)
    exported(post_node, FOR_PEOPLE)
    send(post_node, 4)
    work(renderer)
    ids = [each.id for each in submissions(post_node)]
    review(post_node, ids[1], "approved")
    review(post_node, ids[6], "rejected")
    work(renderer)
    read.clear()
    made = exported(post_node, FOR_PEOPLE)
    assert read == []
    assert zipfile.ZipFile(io.BytesIO(made)).read("household.csv").count(b"\n") == 8
    with post_node.services.database.transaction() as session:
        session.execute(update(Rendition).values(used_at=submissions(post_node)[0].created_at - rendering.UNUSED))
    send(post_node, 4)
    work(renderer)
    assert sorted(read) == [each.id for each in submissions(post_node)][8:]
