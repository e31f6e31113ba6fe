"""What can be taken away of a form: choose, look at the first rows, download or have it prepared; and what was prepared."""

from dataclasses import dataclass, replace
from urllib.parse import quote

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from accounts.errors import not_found
from accounts.sessions import Person
from accounts.signed_in import require_own_form, signed_in
from collector import export_presets, export_queue, stored_submissions
from collector.api_exports import answer_of, streamed
from collector.export import Plan, form_facts
from collector.export_choices import FRENCH, PLAIN, QUICK, VERY_QUICK, as_fields, of_fields, spreadsheet_of
from collector.export_file import file_answer
from collector.export_format import Format
from collector.export_request import STATES, ExportRequest, of_central, of_json
from collector.export_rows import first_rows
from collector.export_run import Run, begin
from collector.exports import formats
from collector.passport import REASONS
from collector.project_frame import FormFrame, ProjectFrame, open_form_frame
from collector.unlocking import keys_needed
from config.api_answers import content_disposition
from config.clock import now
from config.database import reading, transaction
from config.pages import page_language
from config.services import services
from config.typed import typed_text

pages = Blueprint(
    "collector_export_pages", __name__, url_prefix="/projects/<int:project_id>/forms/<segment:xml_form_id>/data"
)

VERB = "submission.read.masked"
ROWS, COLUMNS, CELL = 3, 25, 80
USUAL = ("xlsx", "csv.zip", "csv", "codebook", "codebook.xlsx")


@dataclass(frozen=True)
class Preview:
    """The beginning of an export, and what is in it and what is not: `left_out` as (how many, why)."""

    plan: Plan
    columns: list[str]
    rows: list[list[str]]
    more_columns: int
    left_out: list[tuple[int, str]]

    @property
    def quick(self) -> bool:
        """Whether it can be downloaded while one waits."""
        most = VERY_QUICK if formats()[self.plan.request.format].blocks else QUICK
        return len(self.plan.wanted) <= most


@pages.get("")
def show_data(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Choices; with some made, what the file begins with."""
    person = signed_in()
    asked = of_fields(request.args, FRENCH if page_language() == "fr" else PLAIN)
    with reading() as session:
        frame, form = _open(session, person, project_id, xml_form_id)
        plan = _plan(session, frame, form, asked)
        chosen = "format" in request.args
        if chosen:
            plan.settle(session)
        total, alike = (
            stored_submissions.count(session, replace(plan.selection, where=(), with_trash=False, counted=counted))
            for counted in (True, False)
        )
        exports = export_queue.list_exports(session, project_id, form.id, person.actor_id, 10)
        presets = export_presets.list_presets(session, project_id, form.id, person.actor_id)
        encrypted = bool(keys_needed(session, plan.selection))
        repeats = [(table.path, table.path.strip("/")) for table in form.definition(session).tables[1:]]
    return render_template(
        "collector/data.html",
        frame=frame,
        form=form,
        asked=asked,
        spreadsheet=spreadsheet_of(asked),
        fields=as_fields(asked),
        query=_query(asked),
        all_states=STATES,
        formats=[(each.name, each.title[_spoken()], each.about[_spoken()]) for each in _formats()],
        titles={each.name: each.title[_spoken()] for each in formats().values()},
        repeats=repeats,
        languages=[(each, each) for each in plan.words.languages],
        masked=bool(plan.selection.mask.hidden),
        encrypted=encrypted,
        total=total,
        duplicates=alike - total,
        preview=_preview(plan) if chosen else None,
        exports=[each for each in exports if each.expires_at is not None],
        gone={each.id for each in exports if each.status == "done" and each.expires_at and each.expires_at <= now()},
        pending=any(each.status in ("queued", "running") for each in exports),
        presets=[(each.name, _query(of_json(each.request, ExportRequest()))) for each in presets],
    )


@pages.get("/<any('csv.zip', csv):kind>")
def download(project_id: int, xml_form_id: str, kind: str) -> ResponseReturnValue:
    """The data of the form as a file, exactly as ODK Central's API gives it; remembered as an export."""
    person = signed_in()
    with reading() as session:
        frame, form = _open(session, person, project_id, xml_form_id)
        plan = _plan(session, frame, form, of_central(kind, request.args))
    with transaction() as session:
        run = Run(services(), plan, *begin(session, plan, person.actor_id))
    return _own(answer_of(run, plan))


@pages.get("/file")
def download_chosen(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """What was chosen, made while it is sent; remembered as an export."""
    person = signed_in()
    asked = of_fields(request.args, PLAIN)
    with reading() as session:
        frame, form = _open(session, person, project_id, xml_form_id)
        plan = _plan(session, frame, form, asked)
    with transaction() as session:
        run = Run(services(), plan, *begin(session, plan, person.actor_id))
    kind = formats()[asked.format]
    answer = streamed(run.pieces(), kind.mimetype, compress=not kind.archive)
    answer.headers["Content-Disposition"] = content_disposition(plan.file_name)
    return _own(answer)


@pages.post("/exports")
def order(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Have what was chosen prepared."""
    person = signed_in()
    require_own_form()
    asked = of_fields(request.form, PLAIN)
    with reading() as session:
        frame, form = _open(session, person, project_id, xml_form_id)
        plan = _plan(session, frame, form, asked)
        plan.settle(session)
    with transaction() as session:
        export_queue.order(session, services(), plan, person.actor_id)
    return _back(project_id, xml_form_id)


@pages.get("/exports/<int:number>")
def show_export(project_id: int, xml_form_id: str, number: int) -> ResponseReturnValue:
    """The passport of an export, in words."""
    person = signed_in()
    with reading() as session:
        frame, form = _open(session, person, project_id, xml_form_id)
        stored = export_queue.find_export(session, project_id, form.id, number, person.actor_id)
    passport = stored.passport or {}
    kind = formats()[stored.request["format"]]
    return render_template(
        "collector/export.html",
        frame=frame,
        form=form,
        export=stored,
        passport=passport,
        left_out=_reasons(passport.get("leftOut", {})),
        title=kind.title[_spoken()],
        available=stored.status == "done" and stored.expires_at is not None and stored.expires_at > now(),
    )


@pages.get("/exports/<int:number>/file")
def fetch(project_id: int, xml_form_id: str, number: int) -> ResponseReturnValue:
    """The file of a prepared export, in parts too."""
    person = signed_in()
    with reading() as session:
        _, form = _open(session, person, project_id, xml_form_id)
        stored = export_queue.find_export(session, project_id, form.id, number, person.actor_id)
        export_queue.require_same_sight(session, stored)
    return file_answer(services().settings, stored)


@pages.post("/exports/<int:number>/withdraw")
def withdraw(project_id: int, xml_form_id: str, number: int) -> ResponseReturnValue:
    """Stop an export, or throw its file away."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        _, form = _open(session, person, project_id, xml_form_id)
        stored = export_queue.find_export(session, project_id, form.id, number, person.actor_id)
        export_queue.withdraw(services(), stored)
    return _back(project_id, xml_form_id)


@pages.post("/presets")
def keep_preset(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Keep what was chosen under a name."""
    person = signed_in()
    require_own_form()
    asked, name = of_fields(request.form, PLAIN), typed_text(request.form, "name")
    with transaction() as session:
        _, form = _open(session, person, project_id, xml_form_id)
        export_presets.keep_preset(session, project_id, form.id, person.actor_id, name, asked)
    return redirect(f"{_address(project_id, xml_form_id)}?{_query(asked)}", 303)


@pages.post("/presets/forget")
def forget_preset(project_id: int, xml_form_id: str) -> ResponseReturnValue:
    """Forget choices kept under a name."""
    person = signed_in()
    require_own_form()
    with transaction() as session:
        _, form = _open(session, person, project_id, xml_form_id)
        export_presets.forget_preset(session, project_id, form.id, person.actor_id, typed_text(request.form, "name"))
    return _back(project_id, xml_form_id)


def _open(session: Session, person: Person, project_id: int, xml_form_id: str) -> tuple[ProjectFrame, FormFrame]:
    frame, form = open_form_frame(session, person, project_id, xml_form_id, VERB)
    if not form.published:
        raise not_found()
    return frame, form


def _plan(session: Session, frame: ProjectFrame, form: FormFrame, asked: ExportRequest) -> Plan:
    facts = form_facts(session, frame.id, form.xml_form_id)
    return export_queue.plan_for(session, services(), facts, frame.person.actor_id, asked)


def _own(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.vary.update(["Accept-Encoding", "Cookie"])
    return answer


def _spoken() -> int:
    return 0 if page_language() == "fr" else 1


def _formats() -> list[Format]:
    """The usual ones first."""
    return sorted(formats().values(), key=lambda each: USUAL.index(each.name) if each.name in USUAL else len(USUAL))


def _preview(plan: Plan) -> Preview:
    columns, rows = first_rows(services(), plan, ROWS)
    shown = [[cell if len(cell) <= CELL else f"{cell[:CELL]}…" for cell in row[:COLUMNS]] for row in rows]
    return Preview(plan, columns[:COLUMNS], shown, max(0, len(columns) - COLUMNS), _reasons(plan.left_out))


def _reasons(left_out: dict[str, int]) -> list[tuple[int, str]]:
    return [(count, REASONS[reason][_spoken()]) for reason, count in left_out.items()]


def _query(asked: ExportRequest) -> str:
    return "&".join(f"{name}={quote(value)}" for name, value in as_fields(asked))


def _address(project_id: int, xml_form_id: str) -> str:
    return url_for("collector_export_pages.show_data", project_id=project_id, xml_form_id=xml_form_id)


def _back(project_id: int, xml_form_id: str) -> AnyResponse:
    return redirect(f"{_address(project_id, xml_form_id)}#prepared", 303)
