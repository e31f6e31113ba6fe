"""Where people of one household share a word of their names: as the form's own families show it."""

from collections.abc import Iterable, Sequence
from itertools import repeat

from sync.rules.identity.plan import GRADES, NAME, Features, Plan
from sync.rules.identity.tokens import Likeness, Token, compare_tokens

# Where a word stands that two names share.
FIRST, LAST, ELSEWHERE = range(3)
# When one's own name stands there, the shared one stands at the other end.
OPPOSITE = (LAST, FIRST, ELSEWHERE)
OF_ONE_HOUSEHOLD = frozenset({"household", "phone", "gps"})
# What nobody shares with relatives: who differs in it is somebody else.
OF_ONE_PERSON = frozenset({"age", "date", "person_id", "sex"})
# So many pairs show where kin share a word; where fewer share a household, those of a village are looked at.
ENOUGH = 100
# So many imagined pairs speak for the shipped shares.
TRUST = 30.0


def where(word: Token, one: Features, other: Features) -> int:
    """Where a word that two names share stands: FIRST in both, LAST in both, or ELSEWHERE (a son is called after his father's first name)."""
    mine, theirs = one.name.tokens, other.name.tokens
    ends = ((FIRST, 0), (LAST, -1)) if len(mine) > 1 < len(theirs) else ((LAST, -1), (FIRST, 0))
    for place, at in ends:
        if mine[at] is word and compare_tokens(word, theirs[at]) >= Likeness.TYPO:
            return place
    return ELSEWHERE


def is_slip(plan: Plan, number: int, level: int) -> bool:
    """True for a word of a name that agrees but for a slip of the pen: kin share it all the same."""
    return level >= 0 and plan.columns[number].role == NAME and level % GRADES == Likeness.TYPO


def kin_words(
    plan: Plan,
    submissions: Sequence[Features],
    candidates: Sequence[tuple[int, int]],
    weights: Sequence[float] | None,
    by_chance: Iterable[tuple[int, int]],
    usual: Sequence[float],
) -> tuple[float, ...]:
    """The shares of FIRST, LAST and ELSEWHERE among kin who share one word. They are learnt of pairs that agree on what belongs to a household
    (or, where few do, on the village), differ in what belongs to a person, and share a word oftener than chance does; `usual` before."""
    home = [number for number, (_, kind) in enumerate(plan.fields) if kind.name in OF_ONE_HOUSEHOLD]
    village = [number for number, (_, kind) in enumerate(plan.fields) if kind.name == "place"]
    own = [number for number, (_, kind) in enumerate(plan.fields) if kind.name in OF_ONE_PERSON]
    at_home, near = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    for (one, other), weight in zip(candidates, weights or repeat(1.0), strict=False):
        mine, theirs = submissions[one], submissions[other]
        place = _one_word(mine, theirs)
        if place is not None and (not own or any(_level(plan, field, mine, theirs) == 1 for field in own)):
            for among, fields in ((at_home, home), (near, village)):
                if any(_level(plan, field, mine, theirs) == 0 for field in fields):
                    among[place] += weight
    met = at_home if sum(at_home) >= ENOUGH else near
    strangers = [1.0, 1.0, 1.0]
    for one, other in by_chance:
        place = _one_word(submissions[one], submissions[other])
        if place is not None:
            strangers[place] += 1
    chance = min(each / often for each, often in zip(met, strangers, strict=True))
    beyond = [each - chance * often for each, often in zip(met, strangers, strict=True)]
    total = sum(beyond) + TRUST
    return tuple((each + TRUST * share) / total for each, share in zip(beyond, usual, strict=True))


def _one_word(one: Features, other: Features) -> int | None:
    """Where the one word stands that two names of several have in common; None when there is none or are more."""
    mine, theirs = one.name.tokens, other.name.tokens
    if len(mine) < 2 or len(theirs) < 2:
        return None
    common = {token.name for token in mine} & {token.name for token in theirs}
    if len(common) != 1:
        return None
    return where(next(token for token in mine if token.name in common), one, other)


def _level(plan: Plan, field: int, one: Features, other: Features) -> float:
    """0 when they agree as well as can be, 1 when they differ; between, or without an answer, neither."""
    mine, theirs = one.values[field], other.values[field]
    if mine is None or theirs is None:
        return 0.5
    kind = plan.fields[field][1]
    return kind.level(mine, theirs) / (len(kind.m) - 1)
