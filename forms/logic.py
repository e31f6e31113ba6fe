"""The logic of a form version: by path (`/group/age`) what calculates an answer, when a question is asked, what an answer must be. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from forms.calculating import paths_read, uses
from forms.expressions import Written, expressions
from forms.xform_document import open_xform
from forms.xpath_tokens import XPathFault

# What gives another value each time, or holds what it gave first.
_OF_ITS_OWN = ("now", "today", "random", "uuid", "once", "randomize", "property")
# What other versions of the form may answer otherwise.
_OF_FILES = ("instance", "pulldata", "jr:choice-name", "jr:itext")


@dataclass(frozen=True)
class Logic:
    """Expressions by path. `calculations` include those that a trigger asks for (`triggered`)."""

    root_name: str
    calculations: Mapping[str, Written]
    relevants: Mapping[str, Written]
    constraints: Mapping[str, Written]
    triggered: frozenset[str] = frozenset()
    _reads: dict[str, frozenset[str] | None] = field(default_factory=dict, compare=False)

    def inputs(self, path: str) -> frozenset[str] | None:
        """Every answer that a calculated one rests on, through other calculations and through what is asked when; calculated ones
        among them too. None where that cannot be told."""
        return self._closure(self.calculations[path])

    def inputs_of(self, written: Written) -> frozenset[str] | None:
        """The same of any expression."""
        return self._closure(written)

    def is_pure(self, path: str) -> bool:
        """Whether it says the same of the same answers, always."""
        inputs = self.inputs(path)
        if inputs is None or path in self.triggered:
            return False
        calculated = [self.calculations[each] for each in (path, *inputs) if each in self.calculations]
        return all(not isinstance(each.tree, XPathFault) and not uses(each.tree, *_OF_ITS_OWN) for each in calculated)

    def same_as(self, other: "Logic", path: str) -> bool:
        """Whether another version calculates it in the same way."""
        inputs = self.inputs(path)
        return inputs is not None and all(
            not self._looks_into_files(each)
            and _source(self.calculations.get(each)) == _source(other.calculations.get(each))
            and all(
                _source(self.relevants.get(above)) == _source(other.relevants.get(above)) for above in _around(each)
            )
            for each in (path, *inputs)
        )

    def _looks_into_files(self, path: str) -> bool:
        written = self.calculations.get(path)
        return written is not None and (isinstance(written.tree, XPathFault) or uses(written.tree, *_OF_FILES))

    def conditions(self, path: str) -> Iterator[Written]:
        """Everything that must be true for a question to be asked: its own condition, and those of the groups around it."""
        return (self.relevants[each] for each in _around(path) if each in self.relevants)

    def _closure(self, written: Written) -> frozenset[str] | None:
        found: set[str] = set()
        waiting = [written]
        while waiting:
            reads = self._read_by(waiting.pop())
            if reads is None:
                return None
            for path in reads - found:
                found.add(path)
                waiting += self.conditions(path)
                if path in self.calculations:
                    waiting.append(self.calculations[path])
        return frozenset(found)

    def _read_by(self, written: Written) -> frozenset[str] | None:
        key = f"{written.node}\0{written.source}"
        if key not in self._reads:
            tree = written.tree
            self._reads[key] = None if isinstance(tree, XPathFault) else paths_read(tree, written.node)
        return self._reads[key]


def read_logic(xform: bytes) -> Logic:
    """Read it from a form's XML."""
    document = open_xform(xform)
    root = f"/{document.root_name}"
    found: dict[str, dict[str, Written]] = {"calculation": {}, "relevant": {}, "constraint": {}}
    triggered = set()
    for written in expressions(document):
        path = written.node.removeprefix(root)
        if written.kind in found and path:
            found[written.kind].setdefault(path, written)
            if written.action:
                triggered.add(path)
    return Logic(document.root_name, found["calculation"], found["relevant"], found["constraint"], frozenset(triggered))


def _around(path: str) -> Iterator[str]:
    """A path and those of the groups it is in."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _source(written: Written | None) -> str:
    return written.source if written else ""
