"""The answers of one form version seen through the questions of another: exports have the current version's columns."""

from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from collector.answers import Tables
from forms.xform import Field, FormDefinition, Table


@dataclass(frozen=True, slots=True)
class _TableMove:
    """How rows of the source's table become rows of the target's: `pick` takes the cells of a row with a None added."""

    source: int
    pick: "itemgetter[Any]"


_MOST_PLANS = 1000
_plans: dict[tuple[bytes, bytes], dict[int, _TableMove | None]] = {}


def project(tables: Tables, source: FormDefinition, target: FormDefinition) -> Tables:
    """`tables`, which belong to `source`, as tables of `target`; questions are the same when their paths are equal.

    What `target` lacks is left out, what `source` lacks is None. A path that is a repeat in one version and a group or
    question in the other does not match, nor does anything inside it (ODK Central refuses to publish such a change,
    400.17). Equal schemas return `tables` itself.
    """
    if source.schema_sha256 == target.schema_sha256:
        return tables
    key = (source.schema_sha256, target.schema_sha256)
    plan = _plans.get(key)
    if plan is None:
        if len(_plans) >= _MOST_PLANS:
            _plans.clear()
        plan = _plans[key] = _plan(source, target)
    return {
        number: [] if move is None else [list(move.pick((*row, None))) for row in tables.get(move.source, ())]
        for number, move in plan.items()
    }


def same_table(source: FormDefinition, target: FormDefinition, table: Table) -> int | None:
    """The number that a table of `target` has in `source`; None when it is no table there."""
    chain = _chain(target, table.number)
    return next((each.number for each in source.tables if _chain(source, each.number) == chain), None)


def _plan(source: FormDefinition, target: FormDefinition) -> dict[int, _TableMove | None]:
    # A table is known by the chain of repeats it lies in, not by its path alone.
    tables_of_source = {_chain(source, number): number for number in range(len(source.tables))}
    leaves = {(field.path, _chain(source, field.table_no)): field for field in source.fields if _is_leaf(field)}
    plan: dict[int, _TableMove | None] = {}
    for table in target.tables:
        chain = _chain(target, table.number)
        number = tables_of_source.get(chain)
        if number is None:
            plan[table.number] = None
            continue
        ordinals = 2 if table.number else 0
        cells = list(range(ordinals))
        for field in target.fields:
            if field.table_no == table.number and _is_leaf(field):
                known = leaves.get((field.path, chain))
                # -1 is the None added behind the row.
                cells.append(-1 if known is None or known.column_no is None else known.column_no + ordinals)
        plan[table.number] = _TableMove(number, _pick(cells))
    return plan


def _pick(cells: list[int]) -> "itemgetter[Any]":
    # Slices keep zero or one column a tuple; itemgetter of one index would give the bare cell.
    if len(cells) > 1:
        return itemgetter(*cells)
    if not cells or cells == [-1]:
        return itemgetter(slice(-1, None) if cells else slice(0, 0))
    return itemgetter(slice(cells[0], cells[0] + 1))


def _is_leaf(field: Field) -> bool:
    return field.column_no is not None


def _chain(definition: FormDefinition, number: int | None) -> tuple[str, ...]:
    if number is None:
        return ()
    table = definition.tables[number]
    return (*_chain(definition, table.parent), table.path)
