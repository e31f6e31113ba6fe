"""Lines rendered beforehand say at every moment what would be rendered now, and are used."""

import io
import random
import zipfile
from array import array
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from accounts.models import Actor
from accounts.scopes import EVERYTHING
from collector import export_lines, export_reading, rendered
from collector.arrival import unpacked
from collector.export import Plan, form_facts, plan_export, selection_of
from collector.export_lines import Rendering
from collector.export_queue import forget_old, run_next
from collector.export_request import ExportRequest
from collector.export_run import Run, begin
from collector.held_keys import path_of
from collector.masking import Mask
from collector.models import Submission
from collector.models_exports import RenderedSegment, Rendition
from collector.purge import erase
from collector.review import set_review_state
from collector.sheets import Prepared
from config.services import Services
from tests.collector.receiving import set_in_trash, submissions
from tests.installation import Installation, instance, new_id

REQUESTS = (
    ExportRequest(),
    ExportRequest(format="csv", filter="name ne 'Ali'"),
    ExportRequest(split_multiples=True, group_paths=False),
    ExportRequest(states=("received", "approved"), guard=True, separator=";", bom=True),
)


def exported(relais: Installation, request: ExportRequest) -> dict[str, bytes]:
    """The files of an export."""
    with relais.services.database.reading() as session:
        form = form_facts(session, relais.project_id, "household")
        plan = plan_export(session, relais.services, form, selection_of(form, EVERYTHING), request)
    content = b"".join(Run(relais.services, plan, 0, None).pieces())
    if request.format == "csv":
        return {"csv": content}
    archive = zipfile.ZipFile(io.BytesIO(content))
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist() if name.endswith(".csv")}


def anew(relais: Installation, request: ExportRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The same, without anything rendered beforehand."""
    with monkeypatch.context() as patched:
        patched.setattr(Rendering, "_covered", lambda _: rendered.Cover())
        patched.setattr(Rendering, "_keeps", False)
        return exported(relais, request)


def segments(relais: Installation) -> int:
    with relais.services.database.reading() as session:
        return len(session.scalars(select(RenderedSegment.id)).all())


class Life:
    """What may happen to the submissions of a form, by chance."""

    def __init__(self, relais: Installation) -> None:
        self.relais = relais
        self.chance = random.Random(7)

    def send(self) -> None:
        for _ in range(self.chance.randrange(1, 5)):
            name, photo = self.chance.choice(("Ali", "=1", "a,b")), self.chance.choice(("", "a.jpg"))
            children = ("x",) * self.chance.randrange(3)
            answer = self.relais.post(instance(new_id(), name=name, photo=photo, children=children))
            assert answer.status_code == 201

    def edit(self) -> None:
        old = self.chance.choice(submissions(self.relais))
        current = self.relais.rows(f"SELECT instance_id FROM receipt WHERE id = {old.current_receipt_id}")[0][0]
        if old.deleted_at is None:
            answer = self.relais.post(instance(new_id(), deprecated_id=current, name="Edited"))
            assert answer.status_code == 201

    def review(self) -> None:
        chosen = self.chance.choice(submissions(self.relais))
        with self.relais.services.database.transaction() as session:
            found = session.get_one(Submission, (self.relais.project_id, chosen.id))
            set_review_state(session, found, self.chance.choice(("approved", "rejected", None)), by=1)

    def bring_the_photo(self) -> None:
        chosen = self.chance.choice([each.id for each in submissions(self.relais) if each.deleted_at is None])
        (xml,) = self.relais.rows(f"SELECT xml FROM receipt WHERE id = {chosen}")[0]
        assert self.relais.post(unpacked(xml), {"a.jpg": b"photo"}).status_code == 201

    def delete(self) -> None:
        chosen = self.chance.choice(submissions(self.relais))
        set_in_trash(self.relais, chosen.id, away=chosen.deleted_at is None)

    def rename(self) -> None:
        with self.relais.services.database.transaction() as session:
            name = f"Téléphone {self.chance.random()}"
            session.execute(update(Actor).where(Actor.id == self.relais.phone.actor_id).values(display_name=name))


def test_whatever_happens_exports_are_as_if_rendered_now(relais: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendered, "SIZE", 3)
    life = Life(relais)
    life.send()
    steps = [life.send, life.send, life.edit, life.review, life.bring_the_photo, life.delete, life.rename]
    for _ in range(5):
        life.chance.choice(steps)()
        life.chance.choice(steps)()
        for request in REQUESTS:
            assert exported(relais, request) == anew(relais, request, monkeypatch)
    assert segments(relais) > 4


def test_what_was_rendered_is_used_and_thrown_away_when_it_is_not_right(
    post_node: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendered, "SIZE", 2)
    for _ in range(5):
        post_node.post(instance(new_id()))
    first = exported(post_node, ExportRequest())
    assert segments(post_node) == 2

    asked: list[int] = []

    def read_together(opened: Services, plan: Plan, wanted: "array[int]") -> Iterator[Prepared]:
        asked.append(len(wanted))
        return export_reading.read_together(opened, plan, wanted)

    with monkeypatch.context() as patched:
        # The odd newest one is read; the others are there.
        patched.setattr(export_lines, "read_together", read_together)
        assert exported(post_node, ExportRequest()) == first
        assert exported(post_node, ExportRequest(format="csv"))["csv"] == first["household.csv"]
    assert asked == [1, 1]
    set_in_trash(post_node, submissions(post_node)[1].id)
    exported(post_node, ExportRequest())
    assert segments(post_node) == 2
    monkeypatch.setattr(rendered, "RENDERING", 999)
    assert exported(post_node, ExportRequest()) != {}
    with post_node.services.database.transaction() as session:
        assert len(session.scalars(select(Rendition)).all()) == 2
        rendered.forget_form(session, 1, post_node.published["household"].form_id)
    assert segments(post_node) == 0


def test_nothing_of_what_is_erased_stays_rendered_or_can_be_fetched(
    post_node: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendered, "SIZE", 2)
    for _ in range(3):
        post_node.post(instance(new_id()))
    with post_node.services.database.reading() as session:
        form = form_facts(session, 1, "household")
        plan = plan_export(session, post_node.services, form, selection_of(form, EVERYTHING), ExportRequest())
    with post_node.services.database.transaction() as session:
        number, _ = begin(session, plan, 1, queued=True)
    assert run_next(post_node.services)
    assert segments(post_node) == 1
    with post_node.services.database.transaction() as session:
        erase(session, 1, [submissions(post_node)[0].id])
    assert segments(post_node) == 0
    kept = path_of(post_node.services.settings, 1, number)
    assert kept.exists()
    assert forget_old(post_node.services) == 1
    assert not kept.exists()


def test_readers_who_see_less_never_meet_what_was_rendered_for_others(post_node: Installation) -> None:
    post_node.post(instance(new_id()))
    with post_node.services.database.reading() as session:
        form = form_facts(session, 1, "household")
        selection = replace(selection_of(form, EVERYTHING), mask=Mask(frozenset({"P"})))
        plan = plan_export(session, post_node.services, form, selection, ExportRequest())
    list(Run(post_node.services, plan, 0, None).pieces())
    assert segments(post_node) == 0
