"""The worker renders what has come in and changed, so that exports only copy."""

import threading
from array import array
from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from accounts.scopes import EVERYTHING
from collector import export_lines, export_reading, rendered
from collector.export import Plan, form_facts, plan_export, selection_of
from collector.export_request import FOR_PEOPLE, ExportRequest
from collector.export_run import Run
from collector.models import Submission
from collector.models_exports import RenderedSegment, Rendition
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


def test_the_export_after_new_submissions_and_reviews_reads_none_of_them(
    relais: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendered, "SIZE", 2)
    monkeypatch.setattr(rendering, "BETWEEN", 0.0)
    monkeypatch.setattr(rendering, "LONGEST_WAIT", 0.0)
    read: list[int] = []

    def counted(opened: Services, plan: Plan, wanted: "array[int]") -> Iterator[Prepared]:
        read.extend(wanted)
        return export_reading.read(opened, plan, wanted)

    monkeypatch.setattr(export_lines, "read", counted)
    renderer, stop = Renderer(relais.services), threading.Event()
    for _ in range(4):
        relais.post(instance(new_id()))
    while renderer.work(stop):
        pass
    ids = [each.id for each in submissions(relais)]
    assert sorted(read) == ids
    read.clear()
    first = exported(relais, ExportRequest(format="csv"))
    assert first.count(b"\n") == 5
    assert not renderer.work(stop)
    assert read == []
    with relais.services.database.transaction() as session:
        set_review_state(session, session.get_one(Submission, (relais.project_id, ids[1])), "rejected", by=1)
    while renderer.work(stop):
        pass
    # Its neighbour's lines were taken over.
    assert read == [ids[1]]
    plain = exported(relais, ExportRequest(format="csv"))
    assert exported(relais, ExportRequest(format="csv", states=("received",))).count(b"\n") == 4
    assert plain.count(b"rejected") == 1
    assert read == [ids[1]]
    # Who asks for lines of another kind finds them rendered the next time, whatever is left out of them.
    exported(relais, FOR_PEOPLE)
    relais.post(instance(new_id()))
    relais.post(instance(new_id()))
    while renderer.work(stop):
        pass
    read.clear()
    exported(relais, FOR_PEOPLE)
    # Five are wanted: the odd newest one is written by each export.
    assert read == [max(each.id for each in submissions(relais))]
    read.clear()
    # What nobody has asked for in a long time is not rendered any more.
    with relais.services.database.transaction() as session:
        session.execute(update(Rendition).values(used_at=submissions(relais)[0].created_at - rendering.UNUSED))
    relais.post(instance(new_id()))
    relais.post(instance(new_id()))
    while renderer.work(stop):
        pass
    assert len(read) == 2
    with relais.services.database.reading() as session:
        assert len(session.scalars(select(RenderedSegment.id)).all()) == 4 + 2
    set_in_trash(relais, ids[0])
    while renderer.work(stop):
        pass
    read.clear()
    assert exported(relais, ExportRequest(format="csv")).count(b"\n") == 8
    assert read == []
