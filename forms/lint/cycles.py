"""Rules about logic that goes in a circle."""

from collections.abc import Iterator, Mapping

from forms.expressions import Written, resolve
from forms.lint.finding import Remark, Subject, rule
from forms.xpath import Expression, Filter, Path, Step, parts
from forms.xpath_tokens import XPathFault


@rule(
    "cycle",
    "error",
    why_en="ODK Collect refuses to open a form whose calculations or conditions depend on each other.",
    why_fr="ODK Collect refuse d'ouvrir un formulaire dont les calculs ou conditions dépendent les uns des autres.",
)
def cycle(subject: Subject) -> Iterator[Remark]:
    """Calculations, relevants, required and read_only conditions that need each other's results."""
    logic = [each for each in subject.new.expressions if each.is_logic and _varies(each)]
    circle = _circle(_edges(logic, subject.new.nodes))
    if circle:
        names = " → ".join(logic[at].node.rpartition("/")[2] for at in (*circle, circle[0]))
        first = logic[circle[0]]
        yield Remark(
            f"this goes in a circle: {names}. Take one of the references out.",
            f"ceci tourne en rond : {names}. Retirez l'une des références.",
            subject.new.place(first.node, first.kind),
            subject.new.path_of(first.node),
        )


def _varies(written: Written) -> bool:
    return written.source not in ("true()", "false()") and not isinstance(written.tree, XPathFault)


def _edges(logic: list[Written], nodes: frozenset[str]) -> list[set[int]]:
    """For each expression those that must be evaluated after it."""
    readers: dict[str, set[int]] = {}
    for number, written in enumerate(logic):
        assert not isinstance(written.tree, XPathFault)
        for node in _read_by(written.tree, written.node):
            readers.setdefault(node, set()).add(number)
    below = _below(nodes, {each.node for each in logic if each.kind in ("relevant", "read_only")})
    edges = []
    for written in logic:
        # A group that is hidden hides what is in it.
        changed = [written.node, *(below.get(written.node, ()) if written.kind in ("relevant", "read_only") else ())]
        edges.append({reader for node in changed for reader in readers.get(node, ())})
    return edges


def _below(nodes: frozenset[str], parents: set[str]) -> Mapping[str, list[str]]:
    below: dict[str, list[str]] = {}
    for node in nodes:
        above = node.rpartition("/")[0]
        while above:
            if above in parents:
                below.setdefault(above, []).append(node)
            above = above.rpartition("/")[0]
    return below


def _read_by(expression: Expression, node: str) -> Iterator[str]:
    """The absolute paths of the primary instance that an expression reads at `node`, as phones collect them."""
    stack = [(expression, node)]
    while stack:
        top, context = stack.pop()
        if isinstance(top, Path):
            names = resolve(Path(top.start, tuple(Step(step.name) for step in top.steps)), _origin(top, node, context))
            if names is not None:
                yield "/" + "/".join(names)
            stack.extend(_predicates(top, node, context))
        elif not isinstance(top, Filter):  # phones look into no other filter
            stack.extend((part, context) for part in parts(top))


def _origin(path: Path, node: str, context: str) -> str:
    return node if getattr(path.start, "name", "") == "current" else context


def _predicates(path: Path, node: str, context: str) -> Iterator[tuple[Expression, str]]:
    for at, step in enumerate(path.steps, start=1):
        if step.predicates:
            names = resolve(Path(path.start, path.steps[:at]), _origin(path, node, context))
            # In another instance only what begins at the root or at current() reads the form.
            inside = "/" + "/".join(names) if names is not None else "/ "
            yield from ((predicate, inside) for predicate in step.predicates)


def _circle(edges: list[set[int]]) -> list[int] | None:
    """The numbers along one circle, None without one; depth first without recursion."""
    done: set[int] = set()
    for start in range(len(edges)):
        trail: list[int] = []
        on_trail: set[int] = set()
        stack: list[tuple[int, Iterator[int]]] = []
        if start not in done:
            trail.append(start)
            on_trail.add(start)
            stack.append((start, iter(sorted(edges[start]))))
        while stack:
            number, following = stack[-1]
            after = next((each for each in following if each not in done), None)
            if after is None:
                done.add(number)
                stack.pop()
                on_trail.discard(trail.pop())
            elif after in on_trail:
                return trail[trail.index(after) :]
            else:
                trail.append(after)
                on_trail.add(after)
                stack.append((after, iter(sorted(edges[after]))))
    return None
