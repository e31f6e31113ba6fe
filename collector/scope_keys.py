"""What submissions answer to the questions that limit who may see them: written with the version, looked up for older ones."""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from accounts.events import Happening, record
from accounts.models import ScopeProperty
from collector.answers import Tables
from collector.models import Answers, Receipt, ScopeKey, Submission
from collector.receipts import memory
from config.statements import Statement
from forms.models import Form
from forms.queries import definition_of
from forms.xform import FormDefinition

LONGEST_VALUE = 255

_PROPERTIES = Statement("SELECT property FROM scope_property WHERE project_id = ?")
_OLD = Statement("SELECT property, value FROM scope_key WHERE project_id = ? AND submission_id = ?")
_DELETE = Statement("DELETE FROM scope_key WHERE project_id = ? AND submission_id = ? AND property = ?")
_INSERT = Statement(
    "INSERT INTO scope_key (project_id, form_id, property, value, submission_id) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)

Keys = Mapping[str, frozenset[str]]


def properties_of(connection: Connection, project_id: int) -> list[str]:
    """The questions that rules of a project ask about; asked once per transaction of the writer."""
    memo, key = memory(connection), ("scope properties", project_id)
    if key not in memo:
        memo[key] = [row[0] for row in _PROPERTIES.rows(connection, (project_id,))]
    found: list[str] = memo[key]
    return found


def keys_of(definition: FormDefinition, tables: Tables | None, properties: Sequence[str]) -> Keys:
    """The answer to each property: the first question of the root table with that name or path. "" for none, and for what
    is encrypted; each choice of a select multiple counts."""
    found: dict[str, frozenset[str]] = {}
    for name in properties:
        values: list[str] = []
        field = next((each for each in definition.fields if name in (each.name, each.path)), None)
        if field is not None and field.table_no == 0 and field.column_no is not None and tables and tables.get(0):
            text = (tables[0][0][field.column_no] or "").strip()
            values = text.split() if field.multiple else [text]
        found[name] = frozenset(value[:LONGEST_VALUE] for value in values) or frozenset({""})
    return found


def write_keys(connection: Connection, project_id: int, form_id: int, submission_id: int, keys: Keys) -> None:
    """Make these the keys of a submission, in the transaction that makes its version.

    When they were others before, an event says so with both values: whoever keeps a copy of a part of the data must learn
    that something has left it.
    """
    if not keys:
        return
    old: dict[str, frozenset[str]] = {}
    for name, value in _OLD.rows(connection, (project_id, submission_id)):
        old[name] = old.get(name, frozenset()) | {value}
    for name, values in keys.items():
        before = old.get(name)
        if before == values:
            continue
        if before is not None:
            _DELETE.run(connection, (project_id, submission_id, name))
            details = {"property": name, "old": sorted(before), "new": sorted(values)}
            record(
                connection,
                Happening(
                    project_id, "submission.scope.update", form_id=form_id, submission_id=submission_id, details=details
                ),
            )
        for value in sorted(values):
            _INSERT.run(connection, (project_id, form_id, name, value, submission_id))


def newest_submission(session: Session, project_id: int) -> int:
    """The number of the newest submission of a project, 0 without any."""
    return session.scalar(select(func.max(Submission.id)).where(Submission.project_id == project_id)) or 0


def look_up_older(session: Session, project_id: int, limit: int) -> bool:
    """Write the keys of the next `limit` submissions that came before a rule asked about their answers; True while there
    are more."""
    query = select(ScopeProperty).where(
        ScopeProperty.project_id == project_id, ScopeProperty.looked_up_to < ScopeProperty.needed_to
    )
    behind = list(session.scalars(query))
    if not behind:
        return False
    start = min(each.looked_up_to for each in behind)
    behind = [each for each in behind if each.looked_up_to == start]
    rows = session.execute(
        select(Submission.id, Submission.form_id, Receipt.id, Receipt.form_version_id)
        .join(Receipt, (Receipt.project_id == Submission.project_id) & (Receipt.id == Submission.current_receipt_id))
        .where(Submission.project_id == project_id, Submission.id > start)
        .order_by(Submission.id)
        .limit(limit)
        .with_for_update(of=Submission)
    ).all()
    names = [each.property for each in behind]
    answers = root_answers(session, project_id, [row[2] for row in rows])
    known = _known(session, project_id, [row[0] for row in rows])
    for submission_id, form_id, receipt_id, version_id in rows:
        definition = definition_of(session, project_id, version_id or 0)
        keys = keys_of(definition, answers.get(receipt_id), names)
        missing = {name: values for name, values in keys.items() if (submission_id, name) not in known}
        write_keys(session.connection(), project_id, form_id, submission_id, missing)
    for each in behind:
        each.looked_up_to = rows[-1][0] if rows else each.needed_to
    if all(each.looked_up_to >= each.needed_to for each in behind):
        # Those with a rule see more than a moment ago: what they have kept is out of date.
        for form_id in session.scalars(select(Form.id).where(Form.project_id == project_id)):
            record(session, Happening(project_id, "scope.update.looked_up", form_id=form_id))
    return True


def root_answers(session: Session, project_id: int, receipt_ids: Sequence[int]) -> dict[int, Tables]:
    """The root table of each receipt's answers; encrypted ones have none."""
    query = select(Answers.receipt_id, Answers.rows).where(
        Answers.project_id == project_id, Answers.receipt_id.in_(receipt_ids), Answers.table_no == 0
    )
    return {receipt_id: {0: orjson.loads(rows)} for receipt_id, rows in session.execute(query)}


def _known(session: Session, project_id: int, submission_ids: Sequence[int]) -> set[tuple[int, str]]:
    query = select(ScopeKey.submission_id, ScopeKey.property).where(
        ScopeKey.project_id == project_id, ScopeKey.submission_id.in_(submission_ids)
    )
    return {(row[0], row[1]) for row in session.execute(query)}
