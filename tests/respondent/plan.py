"""In which order conditions and calculations of a form follow a change."""

from dataclasses import dataclass

from tests.respondent.form import XForm, references
from tests.respondent.xpath import Expression

COUNT = "#count"


@dataclass(frozen=True)
class Plan:
    """Which conditions and calculations follow from which paths, and the order to renew them in; once per form."""

    dependents: dict[str, list[str]]
    rank: dict[str, int]
    paths: list[str]
    fixed_choices: set[str]
    opening: set[str]

    @staticmethod
    def of(form: XForm) -> "Plan":
        """The form's plan, made on first use."""
        if not isinstance(form.plan, Plan):
            form.plan = _plan(form)
        return form.plan

    def below(self, path: str) -> list[str]:
        """The path itself and every path under it."""
        return [one for one in self.paths if one == path or one.startswith(path + "/")]


def _plan(form: XForm) -> "Plan":
    dependents: dict[str, list[str]] = {}
    wanted: list[str] = []

    def add(name: str, path: str, expression: Expression) -> None:
        if name not in wanted:
            wanted.append(name)
        for read in references(expression, path):
            dependents.setdefault(read, []).append(name)

    for bind in form.binds.values():
        for expression in (bind.relevant, bind.calculate):
            if expression is not None:
                add(bind.path, bind.path, expression)
    for path, control in form.repeats.items():
        if control.count is not None:
            add(path + COUNT, path.rpartition("/")[0], control.count)
    trees = [form.root, *form.templates.values()]
    paths = sorted({node.path for tree in trees for node in tree.walk()})
    fixed = {
        path
        for path, control in form.by_path.items()
        if control.nodeset is not None and not references(control.nodeset, path) & set(paths)
    }
    conditions = [(bind.relevant, bind.path) for bind in form.binds.values() if bind.relevant is not None]
    read = {path for condition, where in conditions for path in references(condition, where)}
    opening = {path for path, control in form.by_path.items() if path in read and control.name == "select1"}
    plan = Plan(dependents, {}, paths, fixed, opening)
    plan.rank.update(_ranked(plan, wanted))
    return plan


def _ranked(plan: Plan, wanted: list[str]) -> dict[str, int]:
    """Positions such that what is read comes before what reads it; a circle keeps the form's order."""
    done: dict[str, None] = {}
    under_way: set[str] = set()

    def visit(name: str) -> None:
        if name in done or name in under_way:
            return
        under_way.add(name)
        for path in plan.below(name.removesuffix(COUNT)):
            for dependent in plan.dependents.get(path, ()):
                visit(dependent)
        done[name] = None

    for name in reversed(wanted):
        visit(name)
    return {name: at for at, name in enumerate(reversed(done))}
