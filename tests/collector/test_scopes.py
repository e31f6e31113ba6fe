"""Who sees which submissions: keys written with each version, looked up for older ones, and asked for on every page."""

from contextlib import suppress

import pytest
from sqlalchemy import select

from accounts.models import Event, WebUser
from accounts.scopes import EVERYTHING, OWN, PERSONAL, Rule, Scope, mask_of, replace_scope, scope_of
from collector import review, stored_submissions
from collector.check import check_everything
from collector.models import Submission
from collector.reading import Selection
from collector.scope_keys import look_up_older, newest_submission
from config.problem import Problem
from sync.jobs import recount_submissions
from tests.installation import Installation, instance, new_id, xform
from tests.reader import Reader, person

BORDER = "Aïchatou"
INLAND = "Zeinabou"


def actor_of(relais: Installation, email: str) -> int:
    with relais.services.database.reading() as session:
        return session.scalars(select(WebUser.actor_id).where(WebUser.email == email)).one()


def limit(relais: Installation, actor_id: int, *rules: Rule, hidden: tuple[str, ...] = ()) -> None:
    with relais.services.database.transaction() as session:
        newest = newest_submission(session, relais.project_id)
        replace_scope(session, relais.project_id, actor_id, rules, hidden, by=actor_id, newest=newest)


def seen(relais: Installation, scope: Scope, xml_form_id: str = "household") -> list[str]:
    """instanceIDs within a scope."""
    selection = Selection(relais.project_id, relais.published[xml_form_id].form_id, scope)
    with relais.services.database.reading() as session:
        return list(session.scalars(select(Submission.instance_id).where(*selection.conditions())))


def send(relais: Installation, name: str, **choices: str) -> str:
    instance_id = new_id()
    assert relais.post(instance(instance_id, name=name, **choices)).status_code == 201  # type: ignore[arg-type]
    return instance_id


@pytest.fixture
def supervisor(relais: Installation) -> Reader:
    """A manager who may see the submissions of the border alone."""
    reader = person(relais, "sup@example.org", "manager")
    limit(relais, actor_of(relais, "sup@example.org"), Rule("name", (BORDER,)))
    return reader


def scope(relais: Installation, email: str = "sup@example.org") -> Scope:
    with relais.services.database.reading() as session:
        return scope_of(session, actor_of(relais, email), relais.project_id)


def test_what_arrives_is_seen_by_those_whose_scope_it_is_in(relais: Installation, supervisor: Reader) -> None:
    here, there = send(relais, BORDER), send(relais, INLAND)
    assert seen(relais, scope(relais)) == [here]
    assert set(seen(relais, EVERYTHING)) == {here, there}
    form = "/projects/1/forms/household"
    words = supervisor.words("/")
    assert "Ménage" in words
    assert len(supervisor.page(form).xpath("//a[@class='row-title']")) == 1
    assert supervisor.get(f"{form}/submissions/{here}").status_code == 200
    assert supervisor.get(f"{form}/submissions/{there}").status_code == 404
    assert INLAND not in supervisor.get(f"{form}/data/csv").text
    assert BORDER in supervisor.get(f"{form}/data/csv").text


def test_an_edit_that_moves_a_submission_says_from_where_to_where(relais: Installation, supervisor: Reader) -> None:
    first = send(relais, BORDER)
    relais.post(instance(new_id(), deprecated_id=first, name=INLAND))
    assert seen(relais, scope(relais)) == []
    assert supervisor.get(f"/projects/1/forms/household/submissions/{first}").status_code == 404
    with relais.services.database.reading() as session:
        (details,) = session.scalars(select(Event.details).where(Event.action == "submission.scope.update"))
    assert details == {"property": "name", "old": [BORDER], "new": [INLAND]}


def test_what_was_here_before_the_rule_is_hidden_until_it_has_been_looked_up(relais: Installation) -> None:
    sent = [send(relais, BORDER), send(relais, INLAND), send(relais, BORDER)]
    person(relais, "sup@example.org", "viewer")
    limit(relais, actor_of(relais, "sup@example.org"), Rule("name", (BORDER,)))
    assert seen(relais, scope(relais)) == []
    for more in (True, True, False):
        with relais.services.database.transaction() as session:
            assert look_up_older(session, relais.project_id, 2) is more
    assert set(seen(relais, scope(relais))) == {sent[0], sent[2]}


def test_several_rules_must_all_hold_and_a_rule_of_another_form_says_nothing(relais: Installation) -> None:
    relais.publish(xform("market"))
    person(relais, "sup@example.org", "viewer")
    actor_id = actor_of(relais, "sup@example.org")
    limit(relais, actor_id, Rule("name", (BORDER, INLAND)), Rule("age", ("34",), relais.published["market"].form_id))
    household, market = send(relais, INLAND), send(relais, BORDER, form_id="market")
    send(relais, "Rakia")
    assert seen(relais, scope(relais)) == [household]
    assert seen(relais, scope(relais), "market") == [market]
    limit(relais, actor_id, Rule("name", (BORDER,)), Rule("age", ("35",), relais.published["market"].form_id))
    assert seen(relais, scope(relais), "market") == []


def test_ones_own_are_those_one_sent(relais: Installation) -> None:
    other = relais.new_phone()
    mine = new_id()
    url = f"/v1/key/{other.token}/projects/1"
    relais.post(instance(mine), url=url)
    send(relais, BORDER)
    limit(relais, other.actor_id, Rule(OWN))
    with relais.services.database.reading() as session:
        assert seen(relais, scope_of(session, other.actor_id, 1)) == [mine]


def test_an_inbox_shows_what_belongs_to_submissions_in_the_scope(relais: Installation, supervisor: Reader) -> None:
    here, there = send(relais, BORDER), send(relais, INLAND)
    relais.post(instance(here, name="Autre"))
    relais.post(instance(there, name="Encore une autre"))
    relais.post(instance(new_id(), deprecated_id=new_id()))
    (seen_one, hidden, held) = (
        row[0] for row in relais.rows("SELECT id FROM receipt WHERE status <> 'version' ORDER BY id")
    )
    inbox = supervisor.page("/projects/1/waiting")
    assert [link.get("href") for link in inbox.xpath("//a[@class='row-title']")] == [f"/projects/1/waiting/{seen_one}"]
    for receipt_id in (hidden, held):
        assert supervisor.get(f"/projects/1/waiting/{receipt_id}").status_code == 404
        assert supervisor.post(f"/projects/1/waiting/{receipt_id}/decision", decision="discard").status_code == 404


def test_a_data_viewer_sees_no_personal_classes_and_a_rule_may_hide_more(relais: Installation) -> None:
    person(relais, "viewer@example.org", "viewer")
    person(relais, "data@example.org", "data-viewer")
    limit(relais, actor_of(relais, "viewer@example.org"), hidden=("O",))

    def mask(email: str) -> frozenset[str]:
        with relais.services.database.reading() as session:
            return mask_of(session, Scope(actor_of(relais, email)), relais.project_id)

    assert mask("viewer@example.org") == {"O"}
    assert mask("data@example.org") == PERSONAL
    assert mask("admin@example.org") == frozenset()


def test_counts_stay_true_through_arrivals_edits_and_decisions(relais: Installation) -> None:
    first, _ = send(relais, BORDER), send(relais, INLAND)
    second = new_id()
    relais.post(instance(second, deprecated_id=first))
    relais.post(instance(second, deprecated_id=first))
    form_id = relais.published["household"].form_id
    admin = actor_of(relais, "admin@example.org")
    with relais.services.database.transaction() as session:
        submission = review.find_submission(session, Selection(1, form_id, EVERYTHING), second)
        assert submission.instance_id == first
        review.set_review_state(session, submission, "approved", by=admin)
        review.set_review_state(session, submission, "approved", by=admin)
    rows = relais.rows("SELECT review_state, count FROM submission_tally WHERE count > 0 ORDER BY review_state")
    assert [tuple(row) for row in rows] == [("", 1), ("approved", 1)]
    assert check_everything(relais.services).faults == []
    with relais.services.database.reading() as session:
        states = stored_submissions.count_states(session, Selection(1, form_id, EVERYTHING), anew=True)
        assert states == {"received": 1, "approved": 1}


def test_a_wrong_count_is_found_and_put_right(post_node: Installation) -> None:
    send(post_node, BORDER)
    with post_node.services.database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE submission_tally SET count = 7")
    assert [fault.split(": ", 1)[1] for fault in check_everything(post_node.services).faults] == [
        "submissions are counted wrongly: form 1, received: 7 counted, 1 there"
    ]
    assert (recount_submissions(post_node.services), recount_submissions(post_node.services)) == (1, 0)


def test_a_transaction_that_fails_counts_nothing(relais: Installation) -> None:
    send(relais, BORDER)
    admin = actor_of(relais, "admin@example.org")
    with suppress(Problem), relais.services.database.transaction() as session:
        submission = session.scalars(select(Submission)).one()
        review.set_review_state(session, submission, "rejected", by=admin)
        review.set_review_state(session, submission, "unheard of", by=admin)
    assert check_everything(relais.services).faults == []
