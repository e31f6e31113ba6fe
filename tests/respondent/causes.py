"""Why a question cannot be settled: what its rules read, and answers elsewhere that would change it."""

from collections.abc import Iterator

from tests.respondent.candidates import bounds
from tests.respondent.form import Control, references
from tests.respondent.session import Session
from tests.respondent.tree import Node
from tests.respondent.values import number_text
from tests.respondent.xpath import Expression

Causes = list[tuple[Expression, Node]]


def causes_of(session: Session, control: Control, node: Node) -> Iterator[Causes]:
    """What the trouble depends on: first its own rules and choices, then the conditions of what is above it."""
    bind = session.form.binds.get(node.path)
    own: Causes = []
    if bind is not None:
        own += [(one, node) for one in (bind.constraint, bind.relevant) if one is not None]
    if control.nodeset is not None:
        own.append((control.nodeset, node))
    yield own
    above, outer = node.parent, []
    while above is not None:
        bind = session.form.binds.get(above.path)
        if bind is not None and bind.relevant is not None:
            outer.append((bind.relevant, above))
        above = above.parent
    yield outer


def questions_behind(session: Session, node: Node, causes: Causes) -> tuple[Causes, list[tuple[Control, Node]]]:
    """The causes, and the questions whose answers they follow from, in random order."""
    sources = [
        (session.form.by_path[path], target)
        for path in questions_read(session, causes)
        for target in session.nodes(path)
        if target is not node
    ]
    session.random.shuffle(sources)
    return causes, sources


def guesses(session: Session, causes: Causes, target: Node) -> list[str]:
    """Values that would make two compared numbers equal."""
    if target.kind not in {"int", "decimal"}:
        return []
    numbers = [number for expression, node in causes for number in bounds(session, expression, node)]
    here = float(target.text or 0)
    found = {here + one - other for one in numbers for other in numbers}
    return [number_text(round(number, 3)) for number in sorted(found, key=lambda one: abs(one - here))][:24]


def questions_read(session: Session, causes: Causes) -> list[str]:
    """Questions the causes read, directly or through calculations."""
    form = session.form
    found: list[str] = []
    seen: set[str] = set()
    waiting = [path for expression, node in causes for path in references(expression, node.path)]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if path in form.by_path:
            found.append(path)
            nodeset = form.by_path[path].nodeset
            waiting += references(nodeset, path) if nodeset is not None else ()
        bind = form.binds.get(path)
        if bind is not None and bind.calculate is not None:
            waiting += references(bind.calculate, path)
    return sorted(found)
