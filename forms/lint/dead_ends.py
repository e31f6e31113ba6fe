"""Rules about questions that must be answered and offer nothing to choose."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml.etree import _Element

from forms.choice_lists import rows_of
from forms.expressions import Written
from forms.lint.finding import Remark, Subject, Version, rule
from forms.xform_document import attribute, children, descendants, local_name, text_of
from forms.xpath import Binary, Call, Expression, Literal, Path, Step
from forms.xpath_parser import parse
from forms.xpath_tokens import XPathFault

_MOST_ROWS = 50_000
# Rows times answers, for filters that are more than one equality.
_MOST_TRIALS = 200_000
_MOST_NAMED = 6
_WHY_EN = "Whoever chose that parent finds an empty list behind a required question: the record can never be finished."
_WHY_FR = (
    "Qui a choisi ce parent trouve une liste vide derrière une question obligatoire : impossible de finir la fiche."
)

Cells = Mapping[str, str]


@rule("dead-end", "loss", why_en=_WHY_EN, why_fr=_WHY_FR)
def dead_end(subject: Subject) -> Iterator[Remark]:
    """A required select whose filtered list is empty for some answer to the question it depends on."""
    yield from _dead_ends(subject, {})


@rule("dead-end-in-file", "loss", needs_more=True, why_en=_WHY_EN, why_fr=_WHY_FR)
def dead_end_in_file(subject: Subject) -> Iterator[Remark]:
    """The same where the list, or that of the question it depends on, is in a file."""
    if subject.new.files:
        known = {remark.path for remark in _dead_ends(subject, {})}
        yield from (each for each in _dead_ends(subject, subject.new.files) if each.path not in known)


def _dead_ends(subject: Subject, files: Mapping[str, bytes]) -> Iterator[Remark]:
    lists = _Lists(subject.new, files)
    required = {each.node for each in subject.new.expressions if each.kind == "required" and each.source != "false()"}
    for select in lists.selects.values():
        rows = lists.rows(select)
        if select.filter is None or select.node not in required or rows is None:
            continue
        for parent in _parents(subject.new, select):
            values = lists.values(parent)
            shown = [
                each for each in subject.new.expressions if each.kind == "relevant" and _covers(each.node, select.node)
            ]
            empty = [
                value
                for value in _without_row(subject.new, select, rows, parent, values)
                if _is_asked(subject.new, select, shown, parent, value)
            ]
            if empty:
                yield _remark(subject.new, select, parent, empty, len(values))
                break


def _remark(version: Version, select: "_Select", parent: str, empty: Sequence[str], among: int) -> Remark:
    shown = ", ".join(empty[:_MOST_NAMED]) + (", …" if len(empty) > _MOST_NAMED else "")
    name, above = select.node.rpartition("/")[2], parent.rpartition("/")[2]
    return Remark(
        f"« {name} » is required and has no choice for {len(empty)} of {among} answers to « {above} » ({shown}). Complete the "
        "list, or add a choice such as « other » that always passes the filter.",
        f"« {name} » est obligatoire et n'a aucun choix pour {len(empty)} des {among} réponses à « {above} » ({shown}). "
        "Complétez la liste, ou ajoutez un choix comme « autre » qui passe toujours le filtre.",
        version.place(select.node, "choice_filter"),
        version.path_of(select.node),
    )


@dataclass(frozen=True)
class _Select:
    """A select from an instance, with the predicate that filters it."""

    node: str
    instance: str
    filter: Expression | None
    value: str


class _Lists:
    """The selects of a form by node, and the rows their choices come from."""

    def __init__(self, version: Version, files: Mapping[str, bytes]) -> None:
        self._instances = {attribute(each, "id"): each for each in children(version.document.model, "instance")}
        self._files = files
        self._rows: dict[str, Sequence[Cells] | None] = {}
        found = (_select(version, control) for control in version.document.body.iterdescendants())
        self.selects = {each.node: each for each in found if each is not None}

    def rows(self, select: _Select) -> Sequence[Cells] | None:
        """All rows of the list; None where they are not known."""
        if select.instance not in self._rows:
            self._rows[select.instance] = self._read(select.instance)
        return self._rows[select.instance]

    def values(self, node: str) -> Sequence[str]:
        """What may be answered at a node; () when it is no select of known choices."""
        select = self.selects.get(node)
        rows = self.rows(select) if select else None
        return (
            tuple(dict.fromkeys(row[select.value] for row in rows if row.get(select.value))) if rows and select else ()
        )

    def _read(self, instance: str) -> Sequence[Cells] | None:
        element = self._instances.get(instance)
        if element is None:
            return None
        source = attribute(element, "src")
        if source is None:
            rows: Sequence[Cells] = [
                {local_name(cell): text_of(cell) for cell in item} for item in descendants(element, "item")
            ]
        else:
            name = source.rpartition("/")[2]
            rows = rows_of(name, self._files[name]) if name in self._files else ()
        return rows if 0 < len(rows) <= _MOST_ROWS else None


def _select(version: Version, control: _Element) -> _Select | None:
    itemset = next(children(control, "itemset"), None)
    if itemset is None:
        return None
    try:
        tree = parse(attribute(itemset, "nodeset") or "")
    except XPathFault:
        return None
    if isinstance(tree, Call) and tree.name == "randomize" and tree.arguments:
        tree = tree.arguments[0]
    match tree:
        case Path(Call("instance", (Literal(str(instance)),)), (*_, last)) if len(last.predicates) < 2:
            node = version.document.absolute(attribute(control, "ref") or "")
            value = next((attribute(each, "ref") or "" for each in children(itemset, "value")), "name")
            return _Select(node, instance, last.predicates[0] if last.predicates else None, value)
    return None


def _parents(version: Version, select: _Select) -> list[str]:
    """The questions a filter looks at, in its order."""
    found: list[str] = []
    stack = [select.filter]
    while stack:
        top = stack.pop()
        match top:
            case Binary(_, left, right):
                stack += [right, left]
            case Call("selected" | "contains", arguments):
                stack += reversed(arguments)
            case Path():
                node = _outside(version, top, select.node)
                if node is not None and node not in found:
                    found.append(node)
    return found


def _outside(version: Version, path: Path, node: str) -> str | None:
    """The question a path in a filter means; None for a column of the list."""
    if path.start is None:  # `.` and names stand for the row of the list, never for the form
        return None
    return version.resolved(path, node)


def _without_row(
    version: Version, select: _Select, rows: Sequence[Cells], parent: str, values: Sequence[str]
) -> list[str]:
    """The answers to the parent for which it is certain that no row passes."""
    assert select.filter is not None
    match select.filter:
        case Binary("=", Path(None, (Step(column, ()),)), Path() as other) | Binary(
            "=", Path() as other, Path(None, (Step(column, ()),))
        ) if _outside(version, other, select.node) == parent:
            # What nearly all filters are; lists of villages are long.
            present = {row.get(column, "") for row in rows}
            return [value for value in values if value not in present]
    if len(rows) * len(values) > _MOST_TRIALS:
        return []
    assumed = {value: _Assumed(version, select.node, parent, value) for value in values}
    return [value for value in values if all(assumed[value].truth(select.filter, row) is False for row in rows)]


def _covers(node: str, inside: str) -> bool:
    return node == inside or inside.startswith(node + "/")


def _is_asked(version: Version, select: _Select, shown: Sequence[Written], parent: str, value: str) -> bool:
    """Whether the question is certainly asked of whoever gave that answer."""
    assumed = _Assumed(version, select.node, parent, value)
    return all(
        not isinstance(written.tree, XPathFault) and assumed.truth(written.tree, None) is True for written in shown
    )


@dataclass(frozen=True)
class _Assumed:
    """Three-valued reading of a condition where one answer is known and all others are not."""

    version: Version
    node: str
    parent: str
    value: str

    def truth(self, expression: Expression, row: Cells | None) -> bool | None:
        """True, False, or None where it depends on something else."""
        try:
            return self._truth(expression, row)
        except RecursionError:  # a thousand terms joined by « or »
            return None

    def _truth(self, expression: Expression, row: Cells | None) -> bool | None:
        match expression:
            case Binary("and", left, right):
                both = (self._truth(left, row), self._truth(right, row))
                return False if False in both else None if None in both else True
            case Binary("or", left, right):
                either = (self._truth(left, row), self._truth(right, row))
                return True if True in either else None if None in either else False
            case Binary("=" | "!=" as operator, left, right):
                one, other = self.text(left, row), self.text(right, row)
                return None if one is None or other is None else (one == other) == (operator == "=")
            case Call("selected", (where, what)):
                among, wanted = self.text(where, row), self.text(what, row)
                return None if among is None or wanted is None else wanted in among.split()
            case Call("not", (inner,)):
                truth = self._truth(inner, row)
                return None if truth is None else not truth
            case Call("true" | "false" as name, ()):
                return name == "true"
        return None

    def text(self, expression: Expression, row: Cells | None) -> str | None:
        """The text of it, None where nobody knows."""
        match expression:
            case Literal(str(text)):
                return text
            case Literal(float(number)):
                return str(int(number)) if number.is_integer() else str(number)
            case Path(None, (step,)) if row is not None and not step.predicates:
                return row.get(step.name, "")
            case Path():
                outside = _outside(self.version, expression, self.node) if row is not None else None
                node = outside or (self.version.resolved(expression, self.node) if row is None else None)
                return self.value if node == self.parent else None
        return None
