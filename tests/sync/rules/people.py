"""A small register with known truth, and the engine set up for it."""

from functools import cache

from bench.people.sahel import Records, sahel
from sync.rules.identity.finding import Found, find_pairs
from sync.rules.identity.keys import Keys
from sync.rules.identity.plan import Plan
from sync.rules.identity.scoring import Scorer

SECRET = b"sixteen bytes or more"
ROLES = {"name": "name", "village": "place", "phone": "phone", "age": "age", "sex": "sex"}
PLAN = Plan(ROLES)
KEYS = Keys(PLAN, SECRET)


@cache
def register() -> Records:
    """A thousand people and 30 copies; a seed that no measurement uses."""
    return sahel(5, 1000)


@cache
def found() -> Found:
    """What the engine finds in it, everything shown."""
    return find_pairs(register().rows, ROLES, SECRET, review_from=0.001)


def scorer() -> Scorer:
    """Scores as learnt from the register."""
    return Scorer(PLAN, KEYS, found().model)
