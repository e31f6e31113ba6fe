"""What programs may ask of lists of submissions beyond ODK Central's own parameters: some review states, without duplicates."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, false, or_
from werkzeug.datastructures import MultiDict

from collector.export_request import RECEIVED, STATES, takes_duplicates
from collector.models import Submission
from collector.reading import Selection
from config.api_errors import unexpected_value


def narrowed(selection: Selection, query: "MultiDict[str, str]") -> tuple[Selection, tuple[object, ...]]:
    """(the selection, what was asked as a tag has it); Problem 400.8 for a state that is none."""
    states = sorted(set(query.getlist("reviewState")))
    without = not takes_duplicates(query)
    where = (in_states(states),) if states else ()
    return replace(selection, counted=without, where=(*selection.where, *where)), (states, without)


def in_states(states: Sequence[str]) -> ColumnElement[bool]:
    """The condition of being in one of these; Problem 400.8 for one that is none."""
    for state in states:
        if state not in STATES:
            raise unexpected_value("reviewState", state, f"use {', '.join(STATES)}", "état inconnu")
    named = [state for state in states if state != RECEIVED]
    received = [Submission.review_state.is_(None)] if RECEIVED in states else []
    return or_(false(), Submission.review_state.in_(named), *received)
