"""One definition made of all versions of a form: the newest one's questions, and those that older ones had. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from forms.xform import Field, FormDefinition, Table


def merged(versions: Sequence[FormDefinition]) -> FormDefinition:
    """`versions` oldest first. A question that is gone stands at the end of the group or repeat it was in, as ODK Central
    puts it (lib/data/schema.js); what is a repeat in one version and none in another is what the newest says."""
    newest = versions[-1]
    fields: list[Field] = []
    for version in versions:
        fields = _inserted(fields, list(version.fields))
    return replace_fields(newest, fields)


def _inserted(old: list[Field], new: list[Field]) -> list[Field]:
    """`new`, with the subtrees of `old` that it lacks."""
    result, known = list(new), {each.path: each for each in new}
    place = 0
    while place < len(old):
        field = old[place]
        if field.path in known:
            place += 1
            continue
        end = place + 1
        while end < len(old) and old[end].path.startswith(f"{field.path}/"):
            end += 1
        above = field.path.rpartition("/")[0]
        around = known.get(above)
        if above and (around is None or around.column_no is not None):
            # It hung below what is a question now: there is no place for it.
            place = end
            continue
        last = max(
            (number for number, each in enumerate(result) if each.path == above or each.path.startswith(f"{above}/")),
            default=len(result) - 1,
        )
        subtree = [each for each in old[place:end] if each.path not in known]
        result[last + 1 : last + 1] = subtree
        known |= {each.path: each for each in subtree}
        place = end
    return result


def replace_fields(definition: FormDefinition, fields: Sequence[Field]) -> FormDefinition:
    """The definition with these fields, numbered anew: positions, tables, columns."""
    tables, columns = [Table(0, "", "", None)], [0]
    numbers = {"": 0}
    numbered: list[Field] = []
    for position, field in enumerate(fields):
        table = numbers[field.path.rpartition("/")[0]]
        column = None
        if field.type == "repeat":
            tables.append(Table(len(tables), field.path, field.name, table))
            columns.append(0)
            table = len(tables) - 1
        elif field.column_no is not None:
            column = columns[table]
            columns[table] += 1
        if column is None:
            numbers[field.path] = table
        numbered.append(replace(field, position=position, table_no=table, column_no=column))
    return replace(definition, fields=tuple(numbered), tables=tuple(tables))
