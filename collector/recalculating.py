"""What a version made of several submissions says that was calculated from answers of more than one, and what its form says of it. Pure.

Nothing is guessed. What rests on answers of one submission alone is taken of that one. What rests on answers of several is calculated
again, where every one of them shows that we calculate as its phone did; everything else is for a person to choose or to write.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lxml.etree import _Element

from collector.submission_xml import parse, text_of
from forms.calculated_values import Beyond, Node, stored
from forms.calculating import calculate, holds
from forms.expressions import Written
from forms.logic import Logic
from forms.xform import Field, FormDefinition
from forms.xpath_tokens import XPathFault


class Texts:
    """Every node of a submission by path: its text, "" for what holds others."""

    def __init__(self, xml: bytes) -> None:
        self._found: dict[str, list[str]] = defaultdict(list)
        self._fill(parse(xml), "")

    def _fill(self, node: _Element, path: str) -> None:
        for child in node:
            if isinstance(child.tag, str):
                here = f"{path}/{child.tag.rpartition('}')[2]}"
                text = "" if len(child) else text_of(child)
                self._found[here].append(text if text.strip() else "")
                self._fill(child, here)

    def of(self, path: str) -> list[str]:
        """The texts of a path; [] where it is not there."""
        return self._found.get(path, [])

    def below(self, path: str) -> bool:
        """Whether anything is answered there or inside."""
        inside = f"{path}/"
        return any(any(texts) for each, texts in self._found.items() if each == path or each.startswith(inside))


@dataclass(frozen=True, slots=True)
class Original:
    """One of the submissions: its answers, and the logic of its version of the form."""

    texts: Texts
    logic: Logic


@dataclass(frozen=True, slots=True)
class Follows:
    """What follows for the merged version. `settled`: text by path of what is another now, calculated (`calculated`) or taken of the
    submission that it rests on alone; `unsettled`: calculated from answers of several, for a person to choose or write; `irrelevant`:
    answered, and not asked any more; `unmet`: answers that the form would refuse; `unanswered`: asked now, and blank."""

    settled: Mapping[str, str] = field(default_factory=dict)
    calculated: tuple[str, ...] = ()
    unsettled: tuple[str, ...] = ()
    irrelevant: tuple[str, ...] = ()
    unmet: tuple[str, ...] = ()
    unanswered: tuple[str, ...] = ()

    def as_json(self) -> dict[str, list[str]]:
        """Paths alone: no answer stands in it."""
        names = ("calculated", "unsettled", "irrelevant", "unmet", "unanswered")
        return {name: list(getattr(self, name)) for name in names}


def follow(
    definition: FormDefinition, kept: Original, others: Sequence[Original], merged: Texts, said: Iterable[str]
) -> Follows:
    """What follows for `kept` with answers of others in place of its own, `merged`. `said`: paths that a person chose or wrote."""
    return _Following(definition, kept, others, merged, frozenset(said)).all()


def choosable_alone(definition: FormDefinition, logic: Logic) -> frozenset[str]:
    """Calculated answers of the main table: what a person may write, where it cannot be calculated."""
    return frozenset(
        each.path
        for each in definition.fields
        if each.table_no == 0 and each.column_no is not None and each.path in logic.calculations and not each.binary
    )


def can_calculate(definition: FormDefinition, originals: Sequence[Original], path: str) -> bool:
    """Whether a calculated answer can be calculated again, of whichever of these submissions answers are taken."""
    following = _Following(definition, originals[0], originals[1:], originals[0].texts, frozenset())
    inputs = following.logic.inputs(path)
    try:
        return inputs is not None and all(
            following.logic.is_pure(each) and following.is_proven(each)
            for each in (path, *(inputs & following.logic.calculations.keys()))
        )
    except Beyond:
        return False


class _Following:
    def __init__(
        self,
        definition: FormDefinition,
        kept: Original,
        others: Sequence[Original],
        merged: Texts,
        said: frozenset[str],
    ) -> None:
        self.definition, self.kept, self.others, self.merged, self.said = definition, kept, others, merged, said
        self.logic = kept.logic
        self.types = {each.path: each.type for each in definition.fields}
        self.own = choosable_alone(definition, kept.logic) - said
        self.results: dict[str, str | None] = {}
        self.calculated: list[str] = []
        self.unsettled: list[str] = []

    def all(self) -> Follows:
        settled: dict[str, str] = {}
        for each in self.definition.fields:
            if each.path in self.own:
                text = self.result(each.path)
                if text is not None and text != _one(self.merged, each.path):
                    settled[each.path] = text
        irrelevant, unmet, unanswered = self.asked()
        return Follows(
            settled,
            tuple(path for path in self.calculated if path in settled),
            tuple(self.unsettled),
            irrelevant,
            unmet,
            unanswered,
        )

    def result(self, path: str) -> str | None:
        """What a calculated answer is now; None where nobody but a person can say."""
        if path not in self.results:
            # Should it need itself, which no form that opens does, it is nobody's.
            self.results[path] = None
            self.results[path] = self._result(path)
        return self.results[path]

    def _result(self, path: str) -> str | None:
        inputs = self.logic.inputs(path)
        if inputs is not None and self.are_of(self.kept, inputs):
            return _one(self.merged, path)
        if self.logic.is_pure(path):
            assert inputs is not None
            for other in self.others:
                if self.logic.same_as(other.logic, path) and self.are_of(other, inputs):
                    return _one(other.texts, path)
            again = self.again(path)
            if again is not None:
                self.calculated.append(path)
                return again
        if inputs is not None or len({_one(each.texts, path) for each in (self.kept, *self.others)}) > 1:
            self.unsettled.append(path)
        return None

    def are_of(self, one: Original, inputs: Iterable[str]) -> bool:
        """Whether all answers are as one submission has them; those that are calculated from these follow by themselves."""
        return all(self.merged.of(path) == one.texts.of(path) for path in inputs if path not in self.own)

    def is_proven(self, path: str) -> bool:
        """Whether every one of the submissions has what we calculate of its answers; raises Beyond."""
        for each in (self.kept, *self.others):
            own = each.logic.calculations.get(path)
            if own is None or self.calculate(own, path, each.texts) != _one(each.texts, path):
                return False
        return True

    def again(self, path: str) -> str | None:
        """Calculated again; None unless we calculate as the phones did."""
        try:
            return self.calculate(self.logic.calculations[path], path, None) if self.is_proven(path) else None
        except Beyond:
            return None

    def calculate(self, written: Written, path: str, texts: Texts | None) -> str:
        """Of one submission as it came, or (None) of the merged one."""
        assert not isinstance(written.tree, XPathFault)
        return stored(
            calculate(written.tree, written.node, lambda each: self.look(each, texts)), self.types.get(path, "")
        )

    def look(self, path: str, texts: Texts | None) -> list[Node]:
        kind = self.types.get(path, "unknown")
        if texts is not None:
            # Phones leave out what they did not ask for.
            return [Node(text, kind) for text in texts.of(path)]
        if path not in self.own and not self.merged.below(path):
            # Blank, asked for or not.
            return [Node(text, kind) for text in self.merged.of(path)]
        if not self.is_asked(path):
            return []
        if path in self.own:
            text = self.result(path)
            if text is None:
                raise Beyond("something that only a person can say")
            return [Node(text, kind)]
        return [Node(text, kind) for text in self.merged.of(path)]

    def is_asked(self, path: str) -> bool:
        """Whether the merged version would be asked for it; raises Beyond."""
        for condition in self.logic.conditions(path):
            inputs = self.logic.inputs_of(condition)
            if inputs is not None and self.kept.texts.of(path) and self.are_of(self.kept, inputs):
                # As it came: what was not asked for would not be there.
                continue
            if isinstance(condition.tree, XPathFault):
                raise Beyond("a condition")
            if not holds(condition.tree, condition.node, lambda each: self.look(each, None)):
                return False
        return True

    def asked(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """(answered but not asked any more, answers the form would refuse, asked now and blank)"""
        irrelevant, unmet, unanswered = [], [], []
        for each in self.definition.fields:
            if each.type == "structure" or each.path in self.own or not self.stands_once(each):
                continue
            answered = self.merged.below(each.path)
            try:
                asked = self.is_asked(each.path)
            except Beyond:
                continue
            if answered and not asked:
                irrelevant.append(each.path)
            elif asked and not answered and self.is_new(each.path) and each.type != "repeat":
                unanswered.append(each.path)
            elif answered and asked and not self.is_allowed(each.path):
                unmet.append(each.path)
        return tuple(irrelevant), tuple(unmet), tuple(unanswered)

    def stands_once(self, each: Field) -> bool:
        """Whether it is of the main table, or a repeat in it as a whole."""
        return each.table_no == 0 or (each.type == "repeat" and self.definition.tables[each.table_no].parent == 0)

    def is_new(self, path: str) -> bool:
        """Whether it is asked now and was not in the kept submission."""
        return any(self.logic.conditions(path)) and not self.kept.texts.of(path) and self.has_changed(path)

    def has_changed(self, path: str) -> bool:
        for condition in self.logic.conditions(path):
            inputs = self.logic.inputs_of(condition)
            if inputs is not None and not self.are_of(self.kept, inputs):
                return True
        return False

    def is_allowed(self, path: str) -> bool:
        constraint = self.logic.constraints.get(path)
        if constraint is None or isinstance(constraint.tree, XPathFault):
            return True
        inputs = self.logic.inputs_of(constraint)
        if inputs is None or self.are_of(self.kept, {*inputs, path}):
            return True
        try:
            return holds(constraint.tree, constraint.node, lambda each: self.look(each, None))
        except Beyond:
            return True


def _one(texts: Texts, path: str) -> str:
    """The text of what stands once; where a question stands twice, the first counts."""
    return next(iter(texts.of(path)), "")
