"""A submission's answers as people read them: in the order of the form, in the words of its questions. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from collector.answer_text import answer_text, point_of
from collector.answers import Row, Tables
from config.formats import unbroken
from forms.labels import Labels, without_markup
from forms.xform import Field, FormDefinition

# Headings below the title of the page; what lies deeper in the form stays at the last one.
FIRST_LEVEL = 2
LAST_LEVEL = 3

_REFERENCE = re.compile(r"\{([\w.-]+)\}")


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer. `key` is the same in every version of the submission: `/house/member[2]/name`. `value` is as in the
    XML (None: not asked, "": left blank), `text` in words. `question` is "" for what no question asked for."""

    key: str
    question: str
    value: str | None
    text: str
    type: str
    binary: bool

    @property
    def place(self) -> str | None:
        """The address of a place, for the map of the reader's own phone; None for every other answer."""
        point = point_of(self.value) if self.type == "geopoint" and self.value else None
        return point.address if point else None


@dataclass(frozen=True, slots=True)
class Section:
    """Answers under one heading: a group, one copy of a repeat, or (title "") what stands between groups."""

    title: str
    level: int
    answers: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything a version says: what was asked, what was not, and what the phone wrote by itself."""

    sections: tuple[Section, ...]
    unasked: tuple[Shown, ...]
    technical: tuple[Shown, ...]

    @property
    def parts(self) -> list[tuple[int, str]]:
        """(number of the section, title) of the form's outermost groups."""
        return [
            (number, section.title)
            for number, section in enumerate(self.sections, 1)
            if section.title and section.level == FIRST_LEVEL
        ]

    def everything(self) -> Iterator[Shown]:
        """All answers of all kinds."""
        for section in self.sections:
            yield from section.answers
        yield from self.unasked
        yield from self.technical

    def value(self, key: str) -> str | None:
        """The value of one key, None when it has none."""
        return next((shown.value for shown in self.everything() if shown.key == key), None)


@dataclass(frozen=True, slots=True)
class Words:
    """In which language, and with which files of the form for choices that live in them."""

    labels: Labels
    language: str
    files: Mapping[str, bytes]


def answer_sheet(definition: FormDefinition, tables: Tables, words: Words) -> Sheet:
    """The sheet of one version: `tables` as `definition` lays them out."""
    reader = _Reader(definition, tables, words)
    root = tables.get(0) or [[None] * _width(definition)]
    reader.fill("", _Place("", 0, root[0], None), FIRST_LEVEL)
    return Sheet(tuple(reader.finished_sections()), tuple(reader.unasked), tuple(reader.technical))


def _width(definition: FormDefinition) -> int:
    return sum(each.table_no == 0 and each.column_no is not None for each in definition.fields)


def plain_question(labels: Labels, path: str, language: str) -> str:
    """A question as people read it, references to other answers left open; its name where nobody is asked."""
    words = without_markup(labels.question(path, language) or "").strip()
    return _REFERENCE.sub("…", unbroken(words)) or path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class _Place:
    """A row being read: where it is, which table and row, and the row around it."""

    key: str
    table_no: int
    row: Row
    around: "_Place | None"
    index: int = 0

    def cell(self, leaf: Field) -> str | None:
        """The value of a leaf of this table."""
        assert leaf.column_no is not None
        value: str | None = self.row[leaf.column_no + (2 if self.table_no else 0)]
        return value


@dataclass
class _OpenSection:
    title: str
    level: int
    answers: list[Shown] = field(default_factory=list)


class _Reader:
    """The state of reading one submission."""

    def __init__(self, definition: FormDefinition, tables: Tables, words: Words) -> None:
        self.tables = tables
        self.words = words
        self.sections: list[_OpenSection] = [_OpenSection("", FIRST_LEVEL)]
        self.unasked: list[Shown] = []
        self.technical: list[Shown] = []
        self.children: dict[str, list[Field]] = {}
        self.leaves: dict[tuple[int, str], Field] = {}
        for each in definition.fields:
            self.children.setdefault(each.path.rpartition("/")[0], []).append(each)
            if each.column_no is not None:
                self.leaves.setdefault((each.table_no, each.name), each)

    def fill(self, path: str, place: _Place, level: int) -> None:
        """Read everything below `path` in the row of `place`."""
        for each in self.children.get(path, ()):
            key = f"{place.key}/{each.name}"
            if each.type == "repeat":
                self._repeat(each, place, level)
            elif each.column_no is not None:
                self._answer(each, key, place)
            else:
                self._group(each, _Place(key, place.table_no, place.row, place.around, place.index), level)

    def _group(self, group: Field, place: _Place, level: int) -> None:
        title = self._question(group, place)
        if not title:
            self.fill(group.path, place, level)
            return
        self._open(title, level)
        self.fill(group.path, place, level + 1)
        # What follows the group in the form no longer belongs under its heading.
        self._open("", level)

    def _repeat(self, repeat: Field, place: _Place, level: int) -> None:
        for index, row in enumerate(self.tables.get(repeat.table_no, ())):
            if row[0] != place.index:
                continue
            here = _Place(f"{place.key}/{repeat.name}[{row[1]}]", repeat.table_no, row, place, index)
            title = self._question(repeat, here) or repeat.name
            self._open(f"{title} · {row[1]}", level)
            self.fill(repeat.path, here, level + 1)
        self._open("", level)

    def _answer(self, leaf: Field, key: str, place: _Place) -> None:
        value = place.cell(leaf)
        question = self._question(leaf, place)
        if self.words.labels.is_note(leaf.path) and not value:
            return
        shown = Shown(key, question, value, self._text(leaf, value), leaf.type, leaf.binary)
        if not question:
            if value:
                self.technical.append(shown)
        elif value is None:
            self.unasked.append(shown)
        else:
            self.sections[-1].answers.append(shown)

    def _open(self, title: str, level: int) -> None:
        self.sections.append(_OpenSection(title, min(level, LAST_LEVEL)))

    def finished_sections(self) -> list[Section]:
        """Without headings that have nothing under them, neither answers nor a deeper heading that has some."""
        kept: list[Section] = []
        for each in reversed(self.sections):
            opens = bool(each.title) and bool(kept) and bool(kept[-1].title) and kept[-1].level > each.level
            if each.answers or opens:
                kept.append(Section(each.title, each.level, tuple(each.answers)))
        return kept[::-1]

    def _question(self, each: Field, place: _Place) -> str:
        words = self.words.labels.question(each.path, self.words.language) or ""
        plain = unbroken(without_markup(words).strip())
        return _REFERENCE.sub(lambda found: self._referred(found[1], place), plain)

    def _referred(self, name: str, place: _Place) -> str:
        """What an answer inside a question said (“How old is {first_name}?”), as near to it as the form allows."""
        around: _Place | None = place
        while around is not None:
            leaf = self.leaves.get((around.table_no, name))
            if leaf is not None:
                return self._text(leaf, around.cell(leaf)) or "…"
            around = around.around
        return "…"

    def _text(self, leaf: Field, value: str | None) -> str:
        if not value:
            return ""
        said = answer_text(leaf.type, value, self.words.language)
        if said is not None:
            return said
        chosen = self.words.labels.choice(leaf.path, value, self.words.language, self.words.files)
        # Only the form's own words may hold markup: what a person wrote stays to the letter.
        return value if chosen == value else unbroken(without_markup(chosen))


@dataclass(frozen=True, slots=True)
class Change:
    """An answer that differs between two versions; "" is no answer."""

    key: str
    question: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs between two sheets: answers one by one, the phone's own values only counted."""

    answers: tuple[Change, ...]
    technical: int
    same: int


# Every copy has its own, so they say nothing about a change.
_IDENTITY = frozenset({"/meta/instanceID", "/meta/deprecatedID"})


def changes(before: Sheet, after: Sheet) -> Changes:
    """The answers that two sheets give differently, in the order of the second one's form."""
    old = {shown.key: shown for shown in before.everything()}
    new = {shown.key: shown for shown in after.everything()}
    keys = [*new, *(key for key in old if key not in new)]
    found, technical, same = [], 0, 0
    for key in keys:
        one, other = old.get(key), new.get(key)
        shown = other or one
        assert shown is not None
        if ((one.value if one else None) or "") == ((other.value if other else None) or ""):
            same += bool(shown.question and shown.value)
        elif shown.question:
            found.append(Change(key, shown.question, one.text if one else "", other.text if other else ""))
        elif key not in _IDENTITY:
            technical += 1
    return Changes(tuple(found), technical, same)


def agreed(before: Sheet, after: Sheet) -> list[Shown]:
    """The answers to questions that two sheets give alike, in the order of the second one's form."""
    old = {shown.key: shown.value for shown in before.everything()}
    return [
        shown for shown in after.everything() if shown.question and shown.value and old.get(shown.key) == shown.value
    ]


def time_spent(sheet: Sheet) -> float | None:
    """Seconds between the form's `start` and `end`, which phones write by themselves; None when they do not."""
    try:
        start, end = (datetime.fromisoformat(sheet.value(key) or "") for key in ("/start", "/end"))
        return max(0.0, (end - start).total_seconds())
    except (ValueError, TypeError):
        return None
