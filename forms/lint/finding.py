"""What a rule of the lint says, and what it is given to look at."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from forms.expressions import Written, expressions, resolve
from forms.labels import Labels, parse_labels
from forms.places import Place
from forms.tables import Question, Row, Tables
from forms.xform import FormDefinition, parse_xform
from forms.xform_document import XFormDocument, open_xform
from forms.xpath import Expression, Path, Step

# error: phones could not open the form; workbooks with one are refused. loss: answers would be lost, or a record could
# never be finished. warning: a mistake in nearly every case. advice: worth a look.
Severity = Literal["error", "loss", "warning", "advice"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about a form. `en` and `fr` say what and what to do; `rule` names the rule (docs/form-lint.md)."""

    rule: str
    severity: Severity
    en: str
    fr: str
    place: Place = field(default_factory=Place)
    path: str | None = None

    def as_json(self) -> list[Any]:
        """For a column of JSON, or another process."""
        return [self.rule, self.severity, self.en, self.fr, list(self.place), self.path]

    @classmethod
    def from_json(cls, stored: Sequence[Any]) -> "Finding":
        """What as_json made."""
        rule, severity, en, fr, place, path = stored
        return cls(rule, severity, en, fr, Place(*place), path)

    def sentence(self, language: str) -> str:
        """The remark with its place in front, in French unless the language is English."""
        return self.place.sentence(self.en if language.startswith("en") else self.fr, language)


@dataclass(frozen=True)
class Version:
    """One version of a form, read as far as a rule asks. An uploaded XForm has no tables."""

    xform: bytes
    tables: Tables | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def definition(self) -> FormDefinition:
        """Fields, tables, slots, identity."""
        return parse_xform(self.xform)

    @cached_property
    def labels(self) -> Labels:
        """The words of questions and choices."""
        return parse_labels(self.xform)

    @cached_property
    def document(self) -> XFormDocument:
        """The XForm as a tree."""
        return open_xform(self.xform)

    @cached_property
    def expressions(self) -> tuple[Written, ...]:
        """Every expression of the form."""
        return expressions(self.document)

    @cached_property
    def nodes(self) -> frozenset[str]:
        """The absolute paths of the primary instance, the root's included."""
        root = f"/{self.definition.root_name}"
        return frozenset((root, *(root + field.path for field in self.definition.fields)))

    def resolved(self, expression: Expression, node: str) -> str | None:
        """The absolute path a path expression means at `node`, predicates apart; None for anything else."""
        if not isinstance(expression, Path):
            return None
        names = resolve(Path(expression.start, tuple(Step(step.name) for step in expression.steps)), node)
        return None if names is None else "/" + "/".join(names)

    def path_of(self, node: str) -> str:
        """An absolute path without the root, as in Field."""
        return node.removeprefix(f"/{self.definition.root_name}")

    def place(self, node: str, column: str | None = None) -> Place:
        """The cell that a node's expression comes from; nowhere when there are no tables."""
        path = self.path_of(node)
        if self.tables is None:
            return Place()
        if path == "/meta/instanceName":
            return Place("settings", 2, "instance_name")
        if path.startswith("/meta/entity"):
            return Place("entities", 2, None)
        question = self.tables.by_path.get(path)
        if question is None and path.endswith("_count"):  # what pyxform makes of an expression in repeat_count
            question, column = self.tables.by_path.get(path.removesuffix("_count")), "repeat_count"
        return at(question.row, column) if question else Place()


@dataclass(frozen=True)
class Subject:
    """What rules look at: the new version, and the published one before it."""

    new: Version
    old: Version | None = None

    @property
    def questions(self) -> tuple[Question, ...]:
        """Questions, groups and repeats of the workbook; () without a workbook."""
        return self.new.tables.questions if self.new.tables else ()


class Remark(NamedTuple):
    """What a rule yields: the two sentences, the place, the path of the node it speaks of."""

    en: str
    fr: str
    place: Place = Place()
    path: str | None = None


@dataclass(frozen=True)
class Rule:
    """A named rule; `why_en` and `why_fr` say what goes wrong in the field when nobody listens.

    One that `needs_more` looks at the files or the version before.
    """

    name: str
    severity: Severity
    why_en: str
    why_fr: str
    find: Callable[[Subject], Iterator[Remark]]
    needs_more: bool = False

    def findings(self, subject: Subject) -> Iterator[Finding]:
        """Everything the rule has to say."""
        for remark in self.find(subject):
            yield Finding(self.name, self.severity, remark.en, remark.fr, remark.place, remark.path)


def rule(
    name: str, severity: Severity, *, why_en: str, why_fr: str, needs_more: bool = False
) -> Callable[[Callable[[Subject], Iterator[Remark]]], Rule]:
    """Make a rule of the function below it."""
    return lambda find: Rule(name, severity, why_en, why_fr, find, needs_more)


def at(row: Row, key: str | None = None, sheet: str = "survey") -> Place:
    """A row, or the cell of it that has this meaning."""
    return Place(sheet, row.number, row.written(key) if key else None)
