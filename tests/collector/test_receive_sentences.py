"""What a phone shows (C47, C49): short, in the project's language, with a number to quote, whatever happened."""

import inspect
import re
from collections.abc import Callable
from typing import Any, get_type_hints

import pytest
from sqlalchemy import text

from collector import classify, errors, outcomes
from collector.models import STATUSES
from collector.openrosa import problem_response
from config.outages import storage_busy
from config.problem import Problem
from tests.collector.receiving import message, post_twice
from tests.installation import Installation, instance, new_id

LONGEST = 120
SAMPLES: dict[type, Any] = {int: 20_000_000, str: "household_survey_at_the_border"}
REASONS = ("unknown_version", "late", "form_deleted")


def problems() -> list[Any]:
    """Every problem of the collector and the one of the writer, made with long arguments."""
    made = [pytest.param(storage_busy("OperationalError"), id="storage_busy")]
    for name, make in inspect.getmembers(errors, inspect.isfunction):
        hints = get_type_hints(make)
        if hints.pop("return", None) is Problem:
            made.append(pytest.param(make(*(SAMPLES.get(hint) for hint in hints.values())), id=name))
    return made


@pytest.mark.parametrize("problem", problems())
def test_a_problem_is_two_short_sentences_in_french_and_english(problem: Problem) -> None:
    for language in ("fr", "en"):
        sentence = problem.sentence(language)
        assert 20 < len(sentence) <= LONGEST
        assert re.search(r"[.!]$", sentence)
    assert problem.sentence("fr") != problem.sentence("en")
    assert 400 <= problem.status < 600


@pytest.mark.parametrize("kind", outcomes.SENTENCES)
def test_an_outcome_is_a_short_sentence_in_french_and_english(kind: str) -> None:
    french, english = outcomes.SENTENCES[kind]
    assert french != english
    for sentence in (french, english):
        # The end of the instance's id follows in brackets.
        assert 20 < len(f"{sentence} (7F3A)") <= LONGEST
        assert re.search(r"[.!]$", sentence)


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("reason", [None, *REASONS])
def test_every_class_of_receipt_has_a_status_that_collect_takes_for_success(status: str, reason: str | None) -> None:
    """C46: 201 or 202, nothing else."""
    told = outcomes.outcome(status, reason if status == "quarantined" else None, "uuid:1")
    assert told.status == (201 if status in ("version", "same_content") else 202)
    assert told.kind in outcomes.SENTENCES


def test_what_was_set_aside_fits_its_column_with_the_reason_it_waited_for() -> None:
    """`restore` reads the reason again, so it must not be cut."""
    reasons = set(re.findall(r'"([a-z]+_[a-z_]+)"', inspect.getsource(classify)))
    assert {"unknown_version", "ambiguous_original", "original_waiting"} <= reasons
    assert all(
        len(f"was_{status}:{reason}") <= 32 for status in ("conflict", "held") for reason in reasons - {*REASONS}
    )
    assert all(len(f"was_quarantined:{reason}") <= 32 for reason in REASONS)


@pytest.mark.parametrize(("language", "thanks"), [("fr", "Merci"), ("en", "Thank you")])
def test_the_project_decides_the_language(relais: Installation, language: str, thanks: str) -> None:
    """C2: the phone sends no language of its own."""
    with relais.services.database.transaction() as session:
        session.execute(text("UPDATE project SET language = :language"), {"language": language})
    one = new_id()
    assert thanks in message(post_twice(relais, instance(one)))
    refused = message(post_twice(relais, instance(new_id(), form_id="none")))
    assert ("server" in refused) == (language == "en")


def test_the_answer_is_the_openrosa_body_a_phone_can_read(post_node: Installation) -> None:
    """C49, C7, C41: XML, escaped, with the end of the id; the headers of every phone answer."""
    one = "uuid:<&>" + "é" * 8
    answer = post_twice(post_node, instance(one))
    assert answer.status_code == 201
    assert message(answer).endswith("(ÉÉÉÉ)")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert int(answer.headers["X-OpenRosa-Accept-Content-Length"]) == post_node.services.settings.accept_content_length
    assert answer.content_type.startswith("text/xml")


@pytest.mark.parametrize("make", [errors.form_closed, errors.no_space, errors.too_many_conflicts])
def test_a_problem_has_a_number_to_quote(post_node: Installation, make: Callable[[], Problem]) -> None:
    """C47: the sentence of the body is shown, whatever the status."""
    with post_node.app.test_request_context():
        answer = problem_response(make(), "fr")
        assert f"(R-{make().code:g})" in answer.get_data(as_text=True)
