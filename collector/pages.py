"""The first page (what must I look at?) and a project's forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.pages import sign_in_page
from accounts.roles import SITE, verbs_everywhere, visible_projects
from accounts.scopes import EVERYTHING, hidden_from, scopes_of
from accounts.sessions import Person
from accounts.signed_in import person_or_none, signed_in
from collector.phones import PhonesSeen, phones_seen
from collector.project_frame import open_frame
from collector.standing import FormStanding, arrivals, form_standings, waiting_counts
from config.clock import now
from config.database import reading
from forms.queries import drafts_of

pages = Blueprint("collector_pages", __name__, template_folder="templates")

LATELY = timedelta(days=7)
DAYS = 14


@dataclass(frozen=True)
class ProjectToday:
    """One project on the first page; `phones` None when its phones are not this reader's business."""

    id: int
    name: str
    forms: list[FormStanding]
    waiting: dict[str, int]
    phones: PhonesSeen | None
    # (day, submissions), the last one today.
    arrivals: list[tuple[date, int]]

    @property
    def to_read(self) -> list[FormStanding]:
        """Forms with submissions nobody has decided about, most of them first."""
        return sorted((form for form in self.forms if form.to_read), key=lambda form: -form.to_read)

    @property
    def calm(self) -> bool:
        """Nothing to read and nothing to decide."""
        return not self.waiting and not self.to_read


@pages.get("/")
def show_home() -> ResponseReturnValue:
    """What asks for a person, project by project; the sign-in form for strangers."""
    person = person_or_none()
    if person is None:
        return sign_in_page(wanted="/")
    with reading() as session:
        verbs = verbs_everywhere(session, person.actor_id)
        projects = _projects_today(session, person, verbs)
    lists_people = "user.list" in verbs.get(SITE, ())
    return render_template("collector/home.html", projects=projects, lists_people=lists_people)


def _projects_today(session: Session, person: Person, verbs: Mapping[int, frozenset[str]]) -> list[ProjectToday]:
    projects = visible_projects(session, person.actor_id, "submission.list")
    ids = [project.id for project in projects]
    scopes = scopes_of(session, person.actor_id, ids)
    standings = form_standings(session, ids, now() - LATELY, scopes)
    waiting = waiting_counts(session, ids, scopes)
    phones = phones_seen(session, ids)
    edges = day_edges()
    arrived = arrivals(session, ids, edges, scopes)
    return [
        ProjectToday(
            project.id,
            project.name,
            [form for form in standings if form.project_id == project.id],
            # What waits is read whole, or not at all.
            {}
            if hidden_from(
                scopes.get(project.id, EVERYTHING), verbs.get(SITE, frozenset()) | verbs.get(project.id, frozenset())
            )
            else waiting.get(project.id, {}),
            phones.get(project.id, PhonesSeen())
            if "field_key.list" in verbs.get(SITE, frozenset()) | verbs.get(project.id, frozenset())
            else None,
            [(edge.date(), count) for edge, count in zip(edges, arrived.get(project.id, [0] * DAYS), strict=False)],
        )
        for project in projects
    ]


def day_edges() -> list[datetime]:
    """The midnights, where this machine is, that begin the last days, and the one that will end today."""
    today = now().astimezone().date()
    days = (today - timedelta(days=back) for back in range(DAYS - 1, -2, -1))
    return [datetime.combine(day, time()).astimezone() for day in days]


@pages.get("/projects/<int:project_id>")
def show_project(project_id: int) -> ResponseReturnValue:
    """How every form of a project stands."""
    person = signed_in()
    with reading() as session:
        frame = open_frame(session, person, project_id, "form.list")
        forms = form_standings(session, [project_id], now() - LATELY, {project_id: frame.scope})
        drafts = drafts_of(session, project_id) if frame.may("form.update") else []
    return render_template("collector/project.html", frame=frame, forms=forms, drafts=drafts)
