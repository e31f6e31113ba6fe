"""What may be chosen between two submissions that are to be merged, as a reader may see it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from collector.answer_sheet import Sheet, Shown
from collector.answers import Tables
from collector.copies import SheetReader
from collector.masking import is_hidden
from collector.merging import choosable
from collector.reading import Selection
from collector.stored_submissions import answers_of
from config.services import services
from forms.queries import definition_of
from forms.xform import Field, FormDefinition
from sync.compared import Compared

# Of a repeat that is taken as a whole, so many answers are shown.
MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """Something the two say differently: in words, of the earlier and of the later. `asked`: a question asked for it."""

    path: str
    question: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    asked: bool


@dataclass(frozen=True)
class _Side:
    definition: FormDefinition
    tables: Tables
    shown: Mapping[str, Shown]

    def says(self, field: Field) -> object:
        """What is compared: the text of an answer, the rows of a repeat and of those in it."""
        own = next(each for each in self.definition.fields if each.path == field.path)
        if field.type != "repeat":
            return self.tables[0][0][own.column_no or 0] or ""
        inside = [table.number for table in self.definition.tables if f"{table.path}/".startswith(f"{field.path}/")]
        return [self.tables.get(number, []) for number in inside]

    def words(self, field: Field) -> tuple[str, ...]:
        """What is shown of it."""
        if field.type != "repeat":
            shown = self.shown.get(field.path)
            return (shown.text,) if shown and shown.text else ()
        answers = [each for key, each in self.shown.items() if key.startswith(f"{field.path}[") and each.text]
        lines = [f"{each.question or each.key.rpartition('/')[2]} : {each.text}" for each in answers]
        return (*lines[:MOST_SHOWN], "…") if len(lines) > MOST_SHOWN else tuple(lines)


def choices_between(
    session: Session, selection: Selection, compared: Compared, keep: int, language: str
) -> list[Choice]:
    """What differs and may be taken of the one that is not kept (1 is the earlier), in the order of the form."""
    sides = [_side(session, selection, compared, place, language) for place in (0, 1)]
    kept, other = sides[keep - 1], sides[2 - keep]
    found = []
    for path, field in choosable(kept.definition, other.definition).items():
        inside = [each for each in kept.definition.fields if f"{each.path}/".startswith(f"{path}/")]
        if any(is_hidden(each, selection.mask) for each in inside) or kept.says(field) == other.says(field):
            continue
        shown = kept.shown.get(path) or other.shown.get(path)
        question = shown.question if shown else ""
        asked = bool(question) or field.type == "repeat"
        found.append(Choice(path, question or field.name, sides[0].words(field), sides[1].words(field), asked))
    return found


def _side(session: Session, selection: Selection, compared: Compared, place: int, language: str) -> _Side:
    version = (compared.one, compared.other)[place].version
    reader = SheetReader(session, services().storage, selection.project_id, language)
    sheet: Sheet = reader.of_versions([version], selection.mask)[version.receipt_id]
    tables = answers_of(session, selection.project_id, [version.receipt_id])[version.receipt_id]
    definition = definition_of(session, selection.project_id, version.form_version_id)
    return _Side(definition, tables, {each.key: each for each in sheet.everything()})
