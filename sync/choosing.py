"""What may be chosen between submissions that are to be merged, as a reader may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from collector.answer_sheet import Shown
from collector.answers import Tables
from collector.copies import SheetReader
from collector.masking import is_hidden
from collector.merge import originals_of
from collector.merge_errors import encrypted_answers
from collector.merging import choosable
from collector.reading import Selection
from collector.recalculating import can_calculate, choosable_alone
from collector.review import named_submission
from collector.stored_submissions import answers_of
from config.services import services
from forms.models import Form
from forms.queries import definition_of
from forms.xform import Field, FormDefinition
from sync.compared import Side, side_of
from sync.verdicts import standing_of

# Of a repeat that is taken as a whole, so many answers are shown.
MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Option:
    """What some of the submissions say: `words`, and who (1 is the earliest). `place` stands for it: one of them."""

    place: int
    members: tuple[int, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """Something they say differently; `chosen`: the place of what the kept one says. `asked`: a question asked for it. `calculated`: the form
    calculates it; `again`: so can we, whatever is chosen."""

    path: str
    question: str
    options: tuple[Option, ...]
    chosen: int
    asked: bool
    calculated: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Choosing:
    """Submissions side by side, the earliest first; `seen`: uids of what was decided about any two of them."""

    members: tuple[Side, ...]
    keep: int
    choices: tuple[Choice, ...]
    seen: tuple[str, ...]


@dataclass(frozen=True)
class _Told:
    definition: FormDefinition
    tables: Tables
    shown: Mapping[str, Shown]

    def says(self, field: Field) -> str:
        """What is compared: the text of an answer, the rows of a repeat and of those in it."""
        own = next(each for each in self.definition.fields if each.path == field.path)
        if field.type != "repeat":
            return str(self.tables[0][0][own.column_no or 0] or "")
        inside = [table.number for table in self.definition.tables if f"{table.path}/".startswith(f"{field.path}/")]
        return repr([self.tables.get(number, []) for number in inside])

    def words(self, field: Field) -> tuple[str, ...]:
        """What is shown of it."""
        if field.type != "repeat":
            shown = self.shown.get(field.path)
            return (shown.text,) if shown and shown.text else ()
        answers = [each for key, each in self.shown.items() if key.startswith(f"{field.path}[") and each.text]
        lines = [f"{each.question or each.key.rpartition('/')[2]} : {each.text}" for each in answers]
        return (*lines[:MOST_SHOWN], "…") if len(lines) > MOST_SHOWN else tuple(lines)


def members_of(session: Session, selection: Selection, names: Sequence[str]) -> tuple[Side, ...]:
    """The submissions of these names, the earliest first; Problem 404.1 unless the reader may see all."""
    found = {each.id: each for each in (named_submission(session, selection, name) for name in names)}
    return tuple(side_of(session, selection, found[number]) for number in sorted(found))


def choosing_between(
    session: Session, form: Form, selection: Selection, members: tuple[Side, ...], keep: int, language: str
) -> Choosing:
    """What differs and may be taken of one that is not kept (`keep`: 1 is the earliest), in the order of the form; Problem 409.3 for encrypted
    answers."""
    told = _told(session, selection, members, language)
    kept = told[keep - 1]
    offered = [choosable(kept.definition, each.definition) for each in told]
    originals = originals_of(session, [each.submission for each in members])
    calculated = choosable_alone(kept.definition, originals[keep - 1].logic)
    choices = []
    for field in kept.definition.fields:
        takers = [number for number, paths in enumerate(offered, 1) if field.path in paths or number == keep]
        inside = [each for each in kept.definition.fields if f"{each.path}/".startswith(f"{field.path}/")]
        if takers == [keep] or any(is_hidden(each, selection.mask) for each in inside):
            continue
        options = _options(field, told, takers, keep)
        if len(options) < 2:
            continue
        shown = next((each.shown[field.path] for each in told if field.path in each.shown), None)
        question = shown.question if shown else ""
        is_calculated = field.path in calculated
        choices.append(
            Choice(
                field.path,
                question or field.name,
                options,
                next(each.place for each in options if keep in each.members),
                bool(question) or field.type == "repeat",
                is_calculated,
                is_calculated and can_calculate(kept.definition, originals, field.path),
            )
        )
    return Choosing(members, keep, tuple(choices), _seen(session, form, members))


def _options(field: Field, told: Sequence[_Told], takers: Sequence[int], keep: int) -> tuple[Option, ...]:
    """The different answers, by whom; what the kept one says is called by its own number."""
    said: dict[str, list[int]] = {}
    for number in takers:
        said.setdefault(told[number - 1].says(field), []).append(number)
    return tuple(
        Option(
            keep if keep in members else members[0],
            tuple(members),
            told[members[0] - 1].words(field),
        )
        for members in said.values()
    )


def _told(session: Session, selection: Selection, members: Sequence[Side], language: str) -> list[_Told]:
    versions = [each.version for each in members]
    numbers = [each.receipt_id for each in versions]
    reader = SheetReader(session, services().storage, selection.project_id, language)
    sheets, tables = (
        reader.of_versions(versions, selection.mask),
        answers_of(session, selection.project_id, numbers),
    )
    if not sheets.keys() >= set(numbers) or not tables.keys() >= set(numbers):
        raise encrypted_answers()
    return [
        _Told(
            definition_of(session, selection.project_id, each.form_version_id),
            tables[each.receipt_id],
            {shown.key: shown for shown in sheets[each.receipt_id].everything()},
        )
        for each in versions
    ]


def _seen(session: Session, form: Form, members: Sequence[Side]) -> tuple[str, ...]:
    names = sorted(each.submission.instance_id for each in members)
    standings = [
        standing_of(session, form, one, other) for place, one in enumerate(names) for other in names[place + 1 :]
    ]
    return tuple(head.uid for standing in standings if standing for head in standing.heads)
