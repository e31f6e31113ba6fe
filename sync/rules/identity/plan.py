"""Which answers of a form play which role, and what is kept of them to compare submissions by."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise, product
from typing import Any

from sync.rules.identity.levels import KINDS, Kind
from sync.rules.identity.names import Name, read_name
from sync.rules.identity.sounds import fold
from sync.rules.identity.tokens import Likeness, Token, compare_tokens

NAME = "name"
IGNORE = "ignore"
ROLES = (NAME, *KINDS, IGNORE)
# Words of a name that are compared; a fourth says no more.
WORDS = 3
GRADES = len(Likeness)


@dataclass(frozen=True, slots=True)
class Column:
    """One thing compared. Levels of `contexts` situations stand one after the other: what a level means may depend on what the
    columns before it said (that two women share a sex says nothing once they share a first name). `m`, `u`: one situation each."""

    name: str
    role: str
    path: str
    m: tuple[tuple[float, ...], ...]
    u: tuple[tuple[float, ...], ...]
    kind: Kind | None = None
    telling: bool = False
    kin: tuple[float, ...] | None = None

    @property
    def levels(self) -> int:
        """How many levels there are in one situation."""
        return len(self.m[0])


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """What is kept of one submission: the words of its name, and one value (or None) for each other column."""

    name: Name
    values: tuple[Any, ...]


# DIFFERENT, LOOSE, TYPO, SPELLING, EQUAL of the best word, of the second when the first agreed or did not, of the third.
_M_FIRST = (0.01, 0.02, 0.06, 0.21, 0.70)
_U_FIRST = (0.80, 0.14, 0.01, 0.015, 0.035)
_KIN_FIRST = (0.17, 0.06, 0.02, 0.15, 0.60)
_M_NEXT = ((0.25, 0.25, 0.25, 0.13, 0.12), (0.05, 0.07, 0.18, 0.20, 0.50))
_U_NEXT = ((0.93, 0.07, 0.0005, 0.0005, 0.001), (0.90, 0.07, 0.005, 0.01, 0.015))
_NAME_COLUMNS = (
    Column("name.1", NAME, "", (_M_FIRST,), (_U_FIRST,), telling=True, kin=_KIN_FIRST),
    Column("name.2", NAME, "", _M_NEXT, _U_NEXT, telling=True),
    Column("name.3", NAME, "", _M_NEXT, _U_NEXT, telling=True),
    Column("name.order", NAME, "", ((0.9, 0.1),), ((0.75, 0.25),)),
)
# Two people of one first name are of one sex: (agrees, differs) when no word, one word, or more of the names agree.
_SEX_M = ((0.985, 0.015),) * 3
_SEX_U = ((0.5, 0.5), (0.75, 0.25), (0.97, 0.03))


class Plan:
    """The columns of a form, from a mapping of paths to roles; unknown roles are an error, `ignore` is left out.

    `implied`: pairs of paths, the second says the first (a village lies in one commune): where both agree only the second counts. None: as
    forms are usually written, places from the largest to the smallest, all of them said by a post (see `implied.measured`).
    """

    def __init__(self, roles: Mapping[str, str], implied: Iterable[tuple[str, str]] | None = None) -> None:
        unknown = sorted(set(roles.values()) - set(ROLES))
        if unknown:
            raise ValueError(f"no such role: {', '.join(unknown)}")
        self.roles = dict(roles)
        self.name_paths = tuple(path for path, role in roles.items() if role == NAME)
        self.own_word = _own_word(self.name_paths)
        self.fields: tuple[tuple[str, Kind], ...] = tuple(
            (path, KINDS[role]) for path, role in roles.items() if role in KINDS
        )
        self.columns: tuple[Column, ...] = (
            *(_NAME_COLUMNS if self.name_paths else ()),
            *(_column(path, kind, bool(self.name_paths)) for path, kind in self.fields),
        )
        paths = [path for path, _ in self.fields]
        self.implied = tuple(sorted(_usually_implied(self.fields) if implied is None else implied))
        self.implied_by: tuple[tuple[int, ...], ...] = tuple(
            tuple(paths.index(finer) for coarser, finer in self.implied if coarser == path and finer in paths)
            for path in paths
        )
        self._offset = len(self.columns) - len(self.fields)
        self._sex = tuple(bool(self.name_paths) and kind.name == "sex" for _, kind in self.fields)

    @property
    def tells_kin_apart(self) -> bool:
        """True when some field belongs to a person and not to a household: without one, the household is what is looked for."""
        return any(column.kin is None for column in self.columns)

    def read(self, answers: Mapping[str, str | None]) -> Features:
        """What is kept of a submission's answers, path → text."""
        name = " ".join(filter(None, (answers.get(path) for path in self.name_paths)))
        return Features(read_name(name), tuple(kind.read(answers.get(path) or "") for path, kind in self.fields))

    def compare(self, one: Features, other: Features) -> tuple[list[int], list[Token]]:
        """A level for each column (-1: cannot be compared), and the words of `one` behind the name columns."""
        levels: list[int] = []
        tokens: list[Token] = []
        agreeing = 0
        if self._offset:
            levels, tokens = _name_levels(one.name.tokens, other.name.tokens)
            agreeing = sum(level > 0 and level % GRADES >= Likeness.TYPO for level in levels[:2])
        values = other.values
        for number, mine in enumerate(one.values):
            theirs = values[number]
            if mine is None or theirs is None:
                levels.append(-1)
            else:
                level = self.fields[number][1].level(mine, theirs)
                levels.append(level + 2 * agreeing if self._sex[number] else level)
        if self.implied:
            self._leave_out_implied(levels)
        return levels, tokens

    def _leave_out_implied(self, levels: list[int]) -> None:
        """To agree on the commune says nothing once the village agrees."""
        agreed = [level == 0 for level in levels[self._offset :]]
        for number, finer in enumerate(self.implied_by):
            if agreed[number] and any(agreed[each] for each in finer):
                levels[self._offset + number] = -1


_OWN_NAMES = re.compile(r"given|first|prenom|forename")
_FAMILY_NAMES = re.compile(r"surname|family|last|famille|^nom")


def _own_word(paths: tuple[str, ...]) -> int | None:
    """Where in a name the word stands that nobody else of a household has: 0 first, -1 last, None when the form does not tell. It does when
    it asks for given and family names apart, in questions called so."""
    if len(paths) < 2:
        return None
    first, last = (fold(path.rpartition("/")[2]) for path in (paths[0], paths[-1]))
    if _OWN_NAMES.search(first) or (_FAMILY_NAMES.search(last) and not _FAMILY_NAMES.search(first)):
        return 0
    return -1 if _OWN_NAMES.search(last) or _FAMILY_NAMES.search(first) else None


def _usually_implied(fields: tuple[tuple[str, Kind], ...]) -> list[tuple[str, str]]:
    places = [path for path, kind in fields if kind.name == "place"]
    posts = [path for path, kind in fields if kind.name == "post"]
    return [*combinations(places, 2), *product(places, posts)]


def _column(path: str, kind: Kind, named: bool) -> Column:
    if kind.name == "sex" and named:
        return Column(path, kind.name, path, _SEX_M, _SEX_U, kind)
    return Column(path, kind.name, path, (kind.m,), (kind.u,), kind, kind.telling, kind.kin)


def _name_levels(one: tuple[Token, ...], other: tuple[Token, ...]) -> tuple[list[int], list[Token]]:
    if len(one) == 2 == len(other):
        return _two_words(one, other)
    if not one or not other:
        return [-1, -1, -1, -1], []
    cells = sorted(
        (
            (compare_tokens(mine, theirs), -abs(near - far), -near - far, near, far)
            for near, mine in enumerate(one[:WORDS])
            for far, theirs in enumerate(other[:WORDS])
        ),
        reverse=True,
    )
    near_used: list[int] = []
    far_used: list[int] = []
    grades: list[Likeness] = []
    for grade, _, _, near, far in cells:
        if near not in near_used and far not in far_used:
            near_used.append(near)
            far_used.append(far)
            grades.append(grade)
    levels = [int(grades[0])]
    levels += [int(grade) + GRADES * (before >= Likeness.TYPO) for before, grade in pairwise(grades)]
    levels += [-1] * (WORDS - len(levels))
    turned = -1
    if len(grades) > 1 and grades[1] >= Likeness.TYPO:
        turned = int((near_used[0] < near_used[1]) != (far_used[0] < far_used[1]))
    return [*levels, turned], [one[near] for near in near_used]


def _two_words(one: tuple[Token, ...], other: tuple[Token, ...]) -> tuple[list[int], list[Token]]:
    """The common case, written out: it is most of the work of scoring."""
    first, second = one
    third, fourth = other
    straight, straight_too = compare_tokens(first, third), compare_tokens(second, fourth)
    turned = 0
    if straight < Likeness.TYPO or straight_too < Likeness.TYPO:
        crossed, crossed_too = compare_tokens(first, fourth), compare_tokens(second, third)
        if crossed + crossed_too > straight + straight_too:
            straight, straight_too, turned = crossed, crossed_too, 1
    if straight < straight_too:
        straight, straight_too, first, second = straight_too, straight, second, first
    agrees = straight >= Likeness.TYPO
    order = turned if straight_too >= Likeness.TYPO else -1
    return [int(straight), int(straight_too) + GRADES * agrees, -1, order], [first, second]
