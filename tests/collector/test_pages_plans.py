"""No page may read every receipt: at a million submissions a supervisor would wait for minutes, and phones with them."""

import re
from typing import Any

import pytest
from sqlalchemy import event

from tests.installation import Installation, instance, new_id
from tests.reader import sign_in

# A search by the project alone walks all of it.
WHOLE = re.compile(r"^(SCAN|SEARCH) (receipt|event|answers|receipt_file)\b(?!.*(AND|waiting))")


@pytest.mark.parametrize(
    "page",
    [
        "/",
        "/projects/1",
        "/projects/1/forms/household",
        "/projects/1/forms/household?text=a&state=unread",
        "/projects/1/forms/household/submissions/{submission}",
        "/projects/1/waiting",
        "/projects/1/waiting?kind=held&before=99",
        "/projects/1/waiting?kind=left_out",
        "/projects/1/waiting/{case}",
        "/projects/1/phones",
        "/deliveries/{token}",
    ],
)
def test_a_page_finds_what_it_shows_by_an_index(post_node: Installation, page: str) -> None:
    first = new_id()
    post_node.post(instance(first))
    post_node.post(instance(first, name="Autre"))
    case = post_node.rows("SELECT id FROM receipt WHERE status = 'conflict'")[0][0]
    path = page.format(submission=first, case=case, token=post_node.phone.deliveries)
    reader = sign_in(post_node)
    engine, seen = post_node.services.database.engine, []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            seen.append((statement, values))

    event.listen(engine, "before_cursor_execute", note)
    assert reader.get(path).status_code == 200
    event.remove(engine, "before_cursor_execute", note)
    assert seen
    with engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        plans = {
            statement: [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            for statement, values in seen
        }
    assert {statement: plan for statement, plan in plans.items() if any(map(WHOLE.match, plan))} == {}


def test_a_walk_over_a_whole_project_would_be_noticed() -> None:
    assert WHOLE.match("SEARCH receipt USING INDEX sqlite_autoindex_receipt_1 (project_id=?)")
    assert WHOLE.match("SCAN event")
    assert not WHOLE.match("SEARCH receipt USING INDEX ix_receipt_waiting (project_id=? AND status=?)")
