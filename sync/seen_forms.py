"""What is usual on a form, measured anew when it has grown."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from config.services import Services
from sync.models import MatchForm
from sync.models_evidence import SeenForm, SeenInterview
from sync.rules.interviews import LONGEST_SECONDS, overlapping, same_place, straight_lining, usual
from sync.rules.interviews.overlapping import LEAST_SECONDS
from sync.rules.interviews.too_fast import LEAST_INTERVIEWS
from sync.seen_facts import Facts

# What is usual is measured on the newest so many, and again when half as many have come as there were.
SAMPLE = 5_000
LEAST_NEW = 10
GROWTH = 0.5


def measure(services: Services) -> bool:
    """Find out anew what is usual on a form that has grown; True when there was one. Where it is another than before, the form is
    matched again."""
    with services.database.reading() as session:
        due = select(SeenForm).where(SeenForm.since >= LEAST_NEW, SeenForm.since >= GROWTH * SeenForm.measured).limit(1)
        form = session.scalars(due).first()
        if form is None:
            return False
        newest = (
            select(SeenInterview)
            .where(SeenInterview.project_id == form.project_id, SeenInterview.form_id == form.form_id)
            .order_by(SeenInterview.submission_id.desc())
            .limit(SAMPLE)
        )
        found = usual([_facts(row).interview for row in session.scalars(newest)])
        found["across"] = _across(session, form, newest)
        counted = select(func.count()).where(
            SeenInterview.project_id == form.project_id, SeenInterview.form_id == form.form_id
        )
        measured, seen = session.scalar(counted) or 0, form.since
    with services.database.transaction() as session:
        kept = session.get(SeenForm, (form.project_id, form.form_id))
        matched = session.get(MatchForm, (form.project_id, form.form_id))
        if kept is not None:
            if matched is not None and _is_another(kept.usual, found):
                matched.rescan_after = 0
            kept.usual, kept.measured, kept.since = found, measured, max(0, kept.since - seen)
    return True


def _facts(row: SeenInterview) -> Facts:
    return Facts(
        row.form_id,
        row.submission_id,
        row.who,
        row.device,
        row.start,
        row.end,
        row.seconds,
        row.answered,
        row.cell,
        row.grids,
    )


def _across(session: Session, form: SeenForm, newest: Select[SeenInterview]) -> dict[str, int]:
    """How many of these interviews overlap with those of other forms on their phones."""
    here, there = newest.subquery(), aliased(SeenInterview)
    others = exists().where(
        there.project_id == form.project_id,
        there.device == here.c.device,
        there.start.between(here.c.start - LONGEST_SECONDS, here.c.end - int(LEAST_SECONDS)),
        there.end >= here.c.start + int(LEAST_SECONDS),
        there.form_id != form.form_id,
    )
    timed = here.c.device.is_not(None) & here.c.start.is_not(None) & here.c.end.is_not(None)
    query = select(func.count(), func.count(case((others, 1)))).select_from(here).where(timed)
    count, overlaps = session.execute(query).one()
    return {"interviews": count, "overlapping": overlaps}


def _is_another(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether evidence about interviews that are here may be other than what is kept."""
    old, new = before.get("too_fast", {}), after["too_fast"]
    if (old.get("count", 0) >= LEAST_INTERVIEWS) != (new["count"] >= LEAST_INTERVIEWS):
        return True
    if new["count"] >= LEAST_INTERVIEWS and abs(old["middle"] - new["middle"]) > 0.05:
        return True
    return _bears(before) != _bears(after)


def _bears(plain: Mapping[str, Any]) -> tuple[Any, ...]:
    """Which rules the form can bear."""
    place = plain.get("same_place") or same_place.measure([])
    grids = plain.get("straight_lining", {})
    return (
        overlapping.bears(plain.get("across") or {}),
        same_place.bears(place),
        frozenset(name for name, counted in grids.items() if straight_lining.bears(counted)),
    )
