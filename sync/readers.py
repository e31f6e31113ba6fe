"""How the answers of one form version are read to be matched: worked out once, used for every submission."""

from collections.abc import Sequence
from typing import Any

from collector.answers import Tables
from forms.labels import Labels
from forms.xform import FormDefinition
from sync.interviews import DEVICE, ENDS, STARTS, grids_of
from sync.rules.answer_columns import columns_of
from sync.rules.content import Content
from sync.rules.identity.plan import Features, Plan

Answers = dict[str, str | None]
_Places = tuple[tuple[str, int], ...]


class Reader:
    """Reads the answers of one version as the roles of its form say. `columns`: those laid beside each other to find near copies;
    `content`: what is hashed of it; `grids`: see `grids_of`."""

    def __init__(self, plan: Plan, definition: FormDefinition, labels: Labels) -> None:
        self._plan = plan
        self.columns = columns_of(definition, labels)
        self.grids = grids_of(definition, labels)
        ignored = {path for path, role in plan.roles.items() if role == "ignore"}
        self.content = Content([field for field in definition.fields if field.path not in ignored])
        at = {
            field.path: field.column_no
            for field in definition.fields
            if field.table_no == 0 and field.column_no is not None
        }

        def places(paths: Sequence[str]) -> _Places:
            return tuple((path, at[path]) for path in dict.fromkeys(paths) if path in at)

        played = [path for path, role in plan.roles.items() if role != "ignore"]
        self._identity = places(played)
        meta = [f"/{name}" for name in (DEVICE, *STARTS, *ENDS)]
        self._interview = places([*played, *meta, *(path for paths in self.grids.values() for path in paths)])
        self._chosen = places([column.path for column in self.columns])
        # As the evidence of an interview names them; see `near_books`.
        order = sorted(range(len(self.columns)), key=lambda at: (self.columns[at].path, self.columns[at].choice or ""))
        self.named = tuple((at, repr(self.columns[at])) for at in order)

    def features(self, root: Sequence[Any]) -> Features:
        """What is compared of a submission, from its row of the root table."""
        return self._plan.read(_picked(self._identity, root))

    def interview(self, root: Sequence[Any]) -> Answers:
        """The answers that rules about interviews look at."""
        return _picked(self._interview, root)

    def chosen(self, root: Sequence[Any]) -> Answers:
        """The answers to choose from."""
        return _picked(self._chosen, root)


def root_of(tables: Tables) -> Sequence[Any]:
    """The one row of the root table."""
    return (tables.get(0) or [[]])[0]


def _picked(places: _Places, root: Sequence[Any]) -> Answers:
    count = len(root)
    return {path: root[at] for path, at in places if at < count}
