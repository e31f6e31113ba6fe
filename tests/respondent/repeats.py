"""Instances of repeats: how many a count asks for, and where a new one goes."""

import math
from typing import TYPE_CHECKING

from tests.respondent.plan import COUNT
from tests.respondent.tree import Node
from tests.respondent.values import to_number

if TYPE_CHECKING:
    from tests.respondent.session import Session


def renew_count(session: "Session", path: str) -> bool:
    """Bring the instances of a counted repeat to their number; whether any came or went."""
    control = session.form.repeats[path]
    assert control.count is not None
    changed = False
    for parent in list(session.nodes(path.rpartition("/")[0])):
        number = to_number(session.evaluate(control.count, parent))
        wanted = 0 if math.isnan(number) else max(0, int(number))
        there = parent.named(path.rpartition("/")[2])
        for extra in there[wanted:]:
            extra.relevant = False
            extra.remove()
            changed = True
        if there[wanted:]:
            session.reindex()
            session.touch_below(path)
        for _ in range(wanted - len(there)):
            insert(session, path, parent)
            changed = True
    return changed


def insert(session: "Session", path: str, parent: Node) -> Node:
    """A further instance of a repeat, after its twins; what depends on it is marked, not yet renewed."""
    instance = session.form.templates[path].copy()
    name = path.rpartition("/")[2]
    twins = [at for at, one in enumerate(parent.children) if one.name == name]
    at = twins[-1] + 1 if twins else _place(session, path, parent)
    instance.parent = parent
    parent.children.insert(at, instance)
    session.reindex()
    for one in session.plan.below(path):
        if one in session.plan.rank:
            session.mark(one)
        if one + COUNT in session.plan.rank:
            session.mark(one + COUNT)
    session.touch_below(path)
    for rule in session.form.set_values:
        if "odk-new-repeat" in rule.events:
            for node in instance.walk():
                if node.path == rule.target:
                    session.run_set_value(rule, node)
    return instance


def _place(session: "Session", path: str, parent: Node) -> int:
    """Where the first instance of an emptied repeat goes: before what follows it in the form."""
    original = next((one for one in session.form.root.walk() if one.path == parent.path), None)
    names = [one.name for one in original.children] if original else []
    name = path.rpartition("/")[2]
    later = set(names[names.index(name) + 1 :]) if name in names else set()
    return next((at for at, one in enumerate(parent.children) if one.name in later), len(parent.children))
