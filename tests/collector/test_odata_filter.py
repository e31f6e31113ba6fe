"""`$filter`: what is an expression, what it means, and that the database and we mean the same by it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.scopes import EVERYTHING
from collector.exported import ExportedSubmission
from collector.models import Submission
from collector.odata.columns import filterable
from collector.odata.conditions import condition, metadata_columns
from collector.odata.filter import Chain, Comparison, Literal, Node, Unary, parse_filter
from collector.reading import Selection
from collector.stored_submissions import ids, in_pages
from config.problem import Problem
from tests.collector.forms import META, define, group, question, repeat
from tests.collector.test_csv import row
from tests.installation import Installation, instance, new_id

FORM = define(
    question("name"),
    question("age", "int"),
    group("where", question("day", "date"), question("seen", "dateTime")),
    repeat("child", question("age", "int")),
    META,
)


USES = "The given OData filter expression uses features not supported by this server: "
FIELD = "The given OData filter expression references fields not supported by this server: "
TYPE = "Invalid input data type: expected "


def shown(node: Node) -> str:
    """A tree with all its parentheses."""
    match node:
        case Chain():
            return f"({f' {node.operator} '.join(map(shown, node.operands))})"
        case Comparison():
            return f"({shown(node.left)} {node.operator} {shown(node.right)})"
        case Unary():
            return f"({node.operator} {shown(node.operand)})"
    return node.text


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a eq 1", "(a eq 1)"),
        ("a eq 1 and b eq 2 or c eq 3", "(((a eq 1) and (b eq 2)) or (c eq 3))"),
        ("a eq 1 or b eq 2 and c eq 3", "((a eq 1) or ((b eq 2) and (c eq 3)))"),
        ("a eq 1 and (b eq 2 or c eq 3)", "((a eq 1) and ((b eq 2) or (c eq 3)))"),
        ("not a eq 1 and b eq 2", "((not (a eq 1)) and (b eq 2))"),
        ("not (a eq 1 and b eq 2)", "(not ((a eq 1) and (b eq 2)))"),
        ("a eq 1 and b eq 2 and c eq 3", "((a eq 1) and (b eq 2) and (c eq 3))"),
        ("year( a )  lt  year(now())", "(year( a ) lt year(now()))"),
        ("notes eq null", "(notes eq null)"),
        ("nullable eq 'it''s'", "(nullable eq 'it''s')"),
        ("$root/Submissions/__id eq 'x'", "($root/Submissions/__id eq 'x')"),
        (
            "__system/submissionDate ge 2020-01-01T00:00:00.000Z",
            "(__system/submissionDate ge 2020-01-01T00:00:00.000Z)",
        ),
    ],
)
def test_an_expression_is_read_by_odatas_precedence(text: str, tree: str) -> None:
    assert shown(parse_filter(text)) == tree


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("null", "null", "null"),
        ("true", "boolean", "true"),
        ("2020-01-31", "date", "2020-01-31"),
        ("2020-01-31T10:00:00+01:00", "moment", "2020-01-31T10:00:00+01:00"),
        ("2020-01-31T10:00Z", "moment", "2020-01-31T10:00Z"),
        ("-12.5", "number", "-12.5"),
        ("'l''été'", "string", "l'été"),
        ("10:30", "time", "10:30"),
        ("85cb9aff-005e-4edd-9739-dc9c1a829c44", "text", "85cb9aff-005e-4edd-9739-dc9c1a829c44"),
    ],
)
def test_literals_are_known_by_their_form(text: str, kind: str, value: str) -> None:
    node = parse_filter(text)
    assert isinstance(node, Literal)
    assert (node.type, node.value) == (kind, value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Fail at 0"),
        (")", "Fail at 0"),
        ("name eq", "Unexpected character at 4"),
        ("name = 1", "Unexpected character at 4"),
        ("(name eq 1", "Fail at 0"),
        ("name eq 'open", "Unexpected character at 4"),
        ("a eq 1 and", "Unexpected character at 6"),
        ("(" * 60 + "a", "Nested too deeply at 51"),
        (" or ".join(["a eq 1"] * 500), "More than 400 comparisons"),
    ],
)
def test_what_is_no_expression_is_400_18(text: str, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        parse_filter(text)
    assert caught.value.code == 400.18
    assert caught.value.message == f"The OData filter expression you provided could not be parsed: {reason}"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("children eq 1", 501.5, FIELD + "children at 0"),
        ("child/age eq 1", 501.5, FIELD + "child/age at 0"),
        (
            "age add 1 eq 2",
            501.4,
            USES + 'AddExpression at 0 ("age add 1")',
        ),
        (
            "contains(__id, 'a')",
            501.4,
            USES + "MethodCallExpression at 0 (\"contains(__id, 'a')\")",
        ),
        ("age", 501.4, USES + 'CommonExpression at 0 ("age")'),
        ("age eq 'many'", 400.11, TYPE + '"many" to be (type numeric)'),
        ("__system/submitterId eq 'me'", 400.11, TYPE + '"me" to be (type integer)'),
        ("__system/submitterId eq 99999999999", 400.22, "Provided value '99999999999' is out of range for type 'integer'"),
        (
            "__system/submissionDate gt 'yesterday'",
            400.11,
            TYPE + '"yesterday" to be (type timestamp with time zone)',
        ),
        ("__system/submissionDate gt 2020-13-45", 400.11, TYPE + '"2020-13-45" to be (type timestamp with time zone)'),
        ("__system/submissionDate gt 9999-12-31T23:59:59-14:00", 400.11, None),
        ("age eq NaN", 400.11, None),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_a_problem(text: str, code: float, message: str | None) -> None:
    with pytest.raises(Problem) as caught:
        condition(text, filterable(FORM, FORM.tables[0]))
    assert caught.value.code == code
    assert message in (None, caught.value.message)


def submission(*answers: str | None, **facts: Any) -> ExportedSubmission:
    tables: dict[int, list[Any]] = {0: [[*answers, None, None]], 1: []}
    return ExportedSubmission(row(**facts), FORM, tables)


def holds(text: str, of: ExportedSubmission) -> bool:
    found = condition(text, filterable(FORM, FORM.tables[0]))
    assert found.holds is not None
    return found.holds(of)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age eq 34", True),
        ("age gt 33.5 and age le 34", True),
        ("age eq '34'", True),
        ("name eq 'Aïcha'", True),
        ("name ne 'Aïcha'", False),
        ("contains(tolower(name), 'aï')", True),
        ("startswith(name, 'A') and endswith(name, 'a')", True),
        ("length(name) eq 5", True),
        ("where/day ge 2026-01-01", True),
        ("where/day lt 2026-11-24T00:00:00Z", True),
        ("year(where/day) eq 2026 and month(where/day) eq 11", True),
        ("hour(where/seen) eq 11", True),
        ("where/seen lt now()", False),
        ("meta/instanceName eq null", True),
        ("meta/instanceName lt 'z'", False),
        ("not (meta/instanceName lt 'z')", False),
        ("meta/instanceName lt 'z' or age eq 34", True),
        ("$root/Submissions/age eq 34", True),
        ("age eq 1 or __system/reviewState eq null", True),
    ],
)
def test_answers_are_compared_as_what_they_are(text: str, expected: bool) -> None:
    assert holds(text, submission("Aïcha", "34", "2026-11-23", "2226-11-23T12:00:00.000+01")) is expected


def test_answers_that_are_not_what_they_should_be_are_nothing() -> None:
    odd = submission("", "many", "someday", "soon")
    assert holds("age eq null and where/day eq null and where/seen eq null and name eq null", odd)


def test_an_encrypted_submission_has_no_answers() -> None:
    assert holds("age eq null", ExportedSubmission(row(), FORM, None))


def test_only_what_needs_answers_is_left_to_be_decided_by_them() -> None:
    columns = filterable(FORM, FORM.tables[0])
    assert condition("__system/reviewState eq 'approved' and not (__id eq 'x')", columns).holds is None
    mixed = condition("__system/reviewState eq 'approved' and age eq 1", columns)
    assert "review_state" in str(mixed.sql)
    assert mixed.holds is not None
    assert mixed.holds(submission("", "1", "", ""))


def test_a_filter_on_deletion_lets_the_trash_in() -> None:
    assert condition("not (__system/deletedAt eq null)", metadata_columns(prefixed=False)).with_trash
    assert not condition("__system/updatedAt eq null", metadata_columns(prefixed=False)).with_trash


# --- the database and we agree ---

NOON = datetime(2026, 11, 23, 12, 0, 0, 439000, tzinfo=UTC)
LATER = NOON + timedelta(microseconds=999)
# created, updated, state, submitter
FACTS = (
    (NOON, None, None, 2),
    (NOON, LATER, "approved", None),
    (LATER, LATER + timedelta(microseconds=1), "edited", 2),
    (NOON - timedelta(days=400), NOON, "rejected", 1),
    (NOON + timedelta(milliseconds=1), NOON - timedelta(days=400), None, 2),
)
_MOMENT_TEXTS = ["2026-11-23T12:00:00.439Z", "2026-11-23T13:00:00.44+01:00", "2026-11-23", "'2025-10-19'", "null"]
_OPERATORS = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"])
_COMPARED = st.one_of(
    st.tuples(st.sampled_from(["__system/submissionDate", "__system/updatedAt"]), _OPERATORS, st.sampled_from(_MOMENT_TEXTS)),
    st.tuples(st.just("__system/reviewState"), _OPERATORS, st.sampled_from(["null", "'approved'", "'edited'"])),
    st.tuples(st.just("__system/submitterId"), _OPERATORS, st.sampled_from(["null", "1", "'2'"])),
    st.tuples(
        st.sampled_from(["year", "month", "day", "hour", "minute", "second"]).map(lambda part: f"{part}(__system/updatedAt)"),
        _OPERATORS,
        st.sampled_from(["2026", "11", "23", "12", "0", "null"]),
    ),
    st.just(("__system/updatedAt", "gt", "__system/submissionDate")),
    st.just(("year(__system/submissionDate)", "eq", "year(now())")),
).map(" ".join)  # fmt: skip
EXPRESSIONS = st.recursive(
    _COMPARED,
    lambda inner: st.one_of(
        inner.map(lambda one: f"not ({one})"),
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map(lambda three: f"({''.join(three)})"),
    ),
    max_leaves=5,
)


def test_the_database_and_we_mean_the_same(relais: Installation) -> None:
    services, selection = (
        relais.services,
        Selection(relais.project_id, relais.published["household"].form_id, EVERYTHING),
    )
    for _ in FACTS:
        assert relais.post(instance(new_id())).status_code == 201
    with services.database.transaction() as session:
        for stored, (created, updated, state, submitter) in zip(session.query(Submission).all(), FACTS, strict=True):
            stored.created_at, stored.updated_at = created, updated
            stored.review_state, stored.submitter_id = state, submitter
    with services.database.reading() as session:
        every = list(in_pages(services.database.reading, selection, ids(session, selection)))

    @given(EXPRESSIONS)
    def agree(expression: str) -> None:
        asked, checked = condition(expression, metadata_columns(prefixed=False)), _in_python(expression)
        with services.database.reading() as session:
            found = set(ids(session, replace(selection, where=(asked.sql,))))
        assert found == {each.row.id for each in every if checked(each)}

    agree()


def _in_python(expression: str) -> Any:
    """The same, decided by the function alone: as if the columns were not the database's."""
    columns = {
        name: type(column)(column.kind, column.read, None) for name, column in metadata_columns(prefixed=False).items()
    }
    found = condition(expression, columns)
    return found.holds if found.holds is not None else lambda _: True


def test_days_and_moments_of_answers_are_read() -> None:
    columns = filterable(FORM, FORM.tables[0])
    assert columns["where/day"].read(submission("", "", "2026-11-23", "")) == date(2026, 11, 23)
    assert columns["where/seen"].read(submission("", "", "", "2026-11-23T12:00:00.000+01")) == NOON.replace(
        hour=11, microsecond=0
    )
