"""One form being filled: values, relevance, calculations and repeat counts kept in step, as JavaRosa keeps them."""

import heapq
import random
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from tests.respondent import dates, functions, nodesets
from tests.respondent.form import Control, SetValue, XForm
from tests.respondent.plan import COUNT, Plan
from tests.respondent.preload import Device, preloaded
from tests.respondent.repeats import insert, renew_count
from tests.respondent.tree import Node, serialise
from tests.respondent.values import Result, date_time_text, stored, to_boolean
from tests.respondent.xpath import Context, Expression

FUNCTIONS = functions.LIBRARY | nodesets.LIBRARY | dates.LIBRARY


class FormError(Exception):
    """The form itself is broken at `path`: an expression cannot be evaluated."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class Session:
    """A new instance of a form; `now` is the phone's clock (aware) and stands still."""

    def __init__(self, form: XForm, chance: random.Random, now: datetime, device: Device) -> None:
        self.form = form
        self.random = chance
        self.now = now
        self.device = device
        self.root = form.root.copy()
        self.plan = Plan.of(form)
        self._by_path: dict[str, list[Node]] = {}
        self._dirty: list[tuple[int, str]] = []
        self.reindex()
        self._start()

    # What expressions ask

    def instance(self, name: str) -> Node | None:
        """A secondary instance; the primary one by its own id."""
        return self.form.instances.get(name)

    def function(self, name: str) -> Callable[[Context, Sequence[Expression]], Result]:
        """A function of the library."""
        return FUNCTIONS[name]

    def uuid(self) -> str:
        """A version 4 UUID from this session's chance."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def itext(self, text_id: str) -> str:
        """A translated text."""
        return self.form.itext(text_id)

    def choice_label(self, value: str, path: str, context: Context) -> str:
        """The label of a choice of the question at `path`, "" when it is not offered."""
        control = self.form.by_path[path.strip()]
        return dict(self.choices(control, context.origin)).get(value, "")

    def choices(self, control: Control, node: Node) -> list[tuple[str, str]]:
        """Values and labels offered for a question right now."""
        if control.nodeset is None:
            return [(value, _label(self, label)) for value, label in control.choices]
        fixed = control.path in self.plan.fixed_choices
        if fixed and control.offered is not None:
            return control.offered
        items = control.nodeset.evaluate(Context(self, node, node))
        assert isinstance(items, list)
        offered = [(_cell(item, control.value_ref), _item_label(self, item, control.label_ref)) for item in items]
        if fixed:
            control.offered = offered
        return offered

    # Reading the form

    def nodes(self, path: str) -> list[Node]:
        """All nodes at a path without positions, in document order."""
        return self._by_path.get(path, [])

    def questions(self) -> Iterator[tuple[Control, Node]]:
        """All questions there are at this moment, relevant or not, in the order of the form's body."""
        yield from self._questions(self.form.controls, self.root)

    def evaluate(self, expression: Expression, node: Node) -> Result:
        """The value of an expression of the node's bind; FormError where JavaRosa would refuse the form too."""
        try:
            return expression.evaluate(Context(self, node, node))
        except (ValueError, KeyError, IndexError) as failure:
            raise FormError(node.path, f"{type(failure).__name__}: {failure}") from failure

    @property
    def opening(self) -> set[str]:
        """Paths of questions whose answer decides whether others are asked."""
        return self.plan.opening

    def is_required(self, node: Node) -> bool:
        """Whether a blank is refused now."""
        bind = self.form.binds.get(node.path)
        return bind is not None and bind.required is not None and to_boolean(self.evaluate(bind.required, node))

    def is_readonly(self, node: Node) -> bool:
        """Whether nobody can answer it: a note, or a shown calculation."""
        bind = self.form.binds.get(node.path)
        if bind is None:
            return False
        return bind.readonly is not None and to_boolean(self.evaluate(bind.readonly, node))

    def satisfies(self, node: Node) -> bool:
        """Whether the constraint holds and the choices made are (still) offered; a blank is not asked."""
        control = self.form.by_path.get(node.path)
        if node.text and control is not None and control.name in {"select1", "select", "rank"}:
            chosen = [node.text] if control.name == "select1" else node.text.split(" ")
            if not set(chosen) <= {value for value, _ in self.choices(control, node)}:
                return False
        bind = self.form.binds.get(node.path)
        if bind is None or bind.constraint is None or not node.text:
            return True
        return to_boolean(self.evaluate(bind.constraint, node))

    # Changing it

    def answer(self, node: Node, text: str) -> None:
        """Set an answer and let everything that depends on it follow."""
        if node.text == text:
            return
        node.text = text
        self._touch(node.path)
        for rule in self.form.set_values:
            if rule.trigger == node.path and "xforms-value-changed" in rule.events:
                self._run(rule, node)
        self._settle()

    def add_repeat(self, path: str, parent: Node) -> Node:
        """A further instance of a repeat, after its twins."""
        instance = insert(self, path, parent)
        self._settle()
        return instance

    def finish(self, ended: datetime) -> bytes:
        """The XML of the finalised instance."""
        for bind in self.form.binds.values():
            if bind.preload == "timestamp" and bind.preload_parameters == "end":
                for node in self.nodes(bind.path):
                    node.text = date_time_text(ended)
                    self._touch(bind.path)
        self._settle()
        spaces = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in written_namespaces(self.form))
        return serialise(self.root, spaces)

    # Inside

    def _start(self) -> None:
        for bind in self.form.binds.values():
            if bind.preload:
                for node in self.nodes(bind.path):
                    node.text = preloaded(bind, self.device, self.now, self.uuid) or node.text
        for path in self.plan.rank:
            self.mark(path)
        self._settle()
        for rule in self.form.set_values:
            if {"odk-instance-first-load", "odk-instance-load"} & set(rule.events):
                for node in self.nodes(rule.target):
                    self.run_set_value(rule, node)
        self._settle()

    def _run(self, rule: SetValue, near: Node) -> None:
        targets = self.nodes(rule.target)
        shared = [node for node in targets if _same_instances(node, near)]
        for node in shared or targets:
            self.run_set_value(rule, node)

    def run_set_value(self, rule: SetValue, node: Node) -> None:
        """Give a node what a `setvalue` says."""
        text = rule.text if rule.value is None else self._stored(rule.value, node)
        if text != node.text:
            node.text = text
            self._touch(node.path)

    def _stored(self, expression: Expression, node: Node) -> str:
        zone = self.now.tzinfo
        assert zone is not None
        result = self.evaluate(expression, node)
        try:
            return stored(result, node.kind, zone)
        except ValueError as failure:
            raise FormError(node.path, str(failure)) from failure

    def _touch(self, path: str) -> None:
        for dependent in self.plan.dependents.get(path, ()):
            self.mark(dependent)

    def touch_below(self, path: str) -> None:
        """What depends on a path or anything under it is to be renewed."""
        for one in self.plan.below(path):
            self._touch(one)

    def mark(self, path: str) -> None:
        """A condition, calculation or count is to be renewed."""
        heapq.heappush(self._dirty, (self.plan.rank[path], path))

    def _settle(self) -> None:
        budget = 50_000
        last = None
        while self._dirty:
            entry = heapq.heappop(self._dirty)
            if entry == last:
                continue
            last = entry
            budget -= 1
            if budget < 0:
                raise RuntimeError(f"the form's calculations do not settle, last at {entry[1]}")
            if self._renew(entry[1]):
                last = None

    def _renew(self, path: str) -> bool:
        if path.endswith(COUNT):
            return renew_count(self, path.removesuffix(COUNT))
        bind = self.form.binds[path]
        changed = False
        for node in self.nodes(path):
            if bind.relevant is not None:
                relevant = to_boolean(self.evaluate(bind.relevant, node))
                if relevant != node.relevant:
                    node.relevant = relevant
                    self.touch_below(path)
                    changed = True
            if bind.calculate is not None:
                text = self._stored(bind.calculate, node)
                if text != node.text:
                    node.text = text
                    self._touch(path)
                    changed = True
        return changed

    def reindex(self) -> None:
        """Find every node again after instances came or went."""
        self._by_path = {}
        for node in self.root.walk():
            self._by_path.setdefault(node.path, []).append(node)

    def _questions(self, controls: list[Control], within: Node) -> Iterator[tuple[Control, Node]]:
        for control in controls:
            if control.name == "group":
                yield from self._questions(control.children, within)
                continue
            nodes = self.nodes(control.path)
            if within is not self.root:
                nodes = [one for one in nodes if within in one.above()]
            for node in list(nodes):
                if control.name == "repeat":
                    yield from self._questions(control.children, node)
                else:
                    yield control, node


def written_namespaces(form: XForm) -> list[tuple[str, str]]:
    """Prefixes and URIs declared on the root of a filled form."""
    return list(form.namespaces.items())


def _same_instances(node: Node, other: Node) -> bool:
    """Whether two nodes are in the same instances of the repeats they share."""
    mine = {above.path: above for above in node.above() if above.repeat}
    return all(mine.get(above.path, above) is above for above in other.above() if above.repeat)


def _cell(item: Node, column: str) -> str:
    return next((cell.text for cell in item.named(column)), "")


def _item_label(session: Session, item: Node, reference: str) -> str:
    if reference.startswith("jr:itext("):
        return session.form.itext(_cell(item, reference.removeprefix("jr:itext(").rstrip(")")))
    return _cell(item, reference)


def _label(session: Session, label: str) -> str:
    return session.form.itext(label[len("jr:itext('") : -2]) if label.startswith("jr:itext('") else label
