"""Open, closing, closed."""

import pytest

from config.problem import Problem
from forms.states import STATES, set_form_state
from tests.installation import Installation


@pytest.mark.parametrize("state", STATES)
def test_a_form_takes_each_state_and_the_log_says_which(relais: Installation, state: str) -> None:
    database = relais.services.database
    for _ in range(2):
        with database.transaction() as session:
            set_form_state(session, relais.project_id, "household", state, by=1)
    with database.reading() as session:
        from accounts.models import Event

        logged = [event.details for event in session.query(Event).filter(Event.action == "form.update")]
    assert relais.rows("SELECT state FROM form") == [(state,)]
    assert logged == ([] if state == "open" else [{"data": {"state": state}}])


def test_an_unknown_state_is_refused(post_node: Installation) -> None:
    with pytest.raises(Problem) as refused, post_node.services.database.transaction() as session:
        set_form_state(session, post_node.project_id, "household", "ajar")
    assert refused.value.code == 400.8
