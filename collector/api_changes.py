"""What has changed in a project since a place in its log: beside ODK Central's API, which has no such feed (docs/following.md)."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import orjson
from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.models import Server
from accounts.projects import get_project
from accounts.roles import forms_where
from accounts.scopes import scope_of
from accounts.sessions import Person
from accounts.signed_in import api_caller, demand
from collector.change_schemas import ChangesQuery, ChangesSchema, change_json
from collector.changes import Follower, Page, changes_after, newest
from collector.scope_changes import still_looked_up
from config.api_errors import unexpected_value, wrong_type
from config.database import reading
from config.description import describe
from config.reader_wishes import etag_of, wishes
from config.services import services
from config.stopping import told_to_stop

api = Blueprint("changes_api", __name__, url_prefix="/v1/projects/<int:project_id>")

VERB = "submission.list"
DEFAULT, MOST = 250, 1000
LONGEST_WAIT = 20
LOOK_SECONDS = 0.5
_waiting: list[int] = [0]
_lock = threading.Lock()


@api.get("/changes")
@describe(answer=ChangesSchema(), query=ChangesQuery(), problems=[400.8, 400.11])
def list_changes(project_id: int) -> ResponseReturnValue:
    """What has happened to forms and submissions, oldest first; with `wait`, the answer comes when something does."""
    person = api_caller()
    limit = max(1, min(wishes().limit or DEFAULT, MOST))
    wait = min(_number("wait") or 0, LONGEST_WAIT)
    after = None if request.args.get("after") == "now" else _number("after") or 0
    until = time.monotonic() + wait
    with _place_to_wait(wait) as may_wait:
        while True:
            with reading() as session:
                follower = _follower(session, person, project_id)
                last = newest(session, project_id)
                if after is None:
                    after = last
                if after > last:
                    raise unexpected_value(
                        "after", after, "nothing has happened there yet", "il ne s’est encore rien passé là"
                    )
                page = changes_after(session, follower, after, limit)
                view = _view(session, follower)
            after, more = page.next, page.next < last
            if page.changes or (not more and not (may_wait and _quiet(project_id, after, until))):
                return _answer(page, more=more, view=view, full=wait > 0 and not may_wait)


def _number(name: str) -> int | None:
    given = request.args.get(name)
    if given is None:
        return None
    if not given.isascii() or not given.isdecimal() or len(given) > 18:
        raise wrong_type("integer", field=name)
    return int(given)


def _follower(session: Session, person: Person, project_id: int) -> Follower:
    forms = forms_where(session, person.actor_id, VERB, project_id)
    if not forms:
        demand(session, person, VERB, project_id)
    get_project(session, project_id)
    return Follower(project_id, forms, scope_of(session, person.actor_id, project_id))


def _view(session: Session, follower: Follower) -> str:
    """Equal while the same log is seen with the same eyes."""
    unknown = sorted(still_looked_up(session, follower.project_id)) if follower.scope.limited else []
    forms = None if follower.forms is None else sorted(follower.forms)
    return etag_of(session.scalar(select(Server.incarnation)), forms, follower.scope.key, unknown)[:16]


@contextmanager
def _place_to_wait(wait: int) -> Iterator[bool]:
    """One of the few places for requests that wait: an eighth of the threads, so that phones never wait for them."""
    taken = False
    if wait:
        with _lock:
            taken = _waiting[0] < max(1, services().settings.threads // 8)
            _waiting[0] += taken
    try:
        yield taken
    finally:
        with _lock:
            _waiting[0] -= taken


def _quiet(project_id: int, after: int, until: float) -> bool:
    """Wait for an event of the project; False when the time is over."""
    while time.monotonic() < until and not told_to_stop():
        time.sleep(min(LOOK_SECONDS, max(0.0, until - time.monotonic())))
        with reading() as session:
            if newest(session, project_id) > after:
                return True
    return False


def _answer(page: Page, *, more: bool, view: str, full: bool) -> Response:
    told = {"changes": [change_json(each) for each in page.changes], "next": page.next, "more": more, "view": view}
    answer = Response(orjson.dumps(told), mimetype="application/json")
    if full and not page.changes and not more:
        # Nobody is left to wait on this one's behalf: it shall not ask again at once.
        answer.headers["Retry-After"] = str(LONGEST_WAIT)
    return answer
