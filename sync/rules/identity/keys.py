"""Keys to find candidates by: two submissions of one person share at least one, two of different people seldom.

A key is 64 bits of a keyed hash of (kind, values): a stolen index tells no name, phone or village to those who lack the secret, and a
new secret makes all keys new. The narrow families are always used; most contain a place, so that their buckets do not grow with the
country. The wide ones find what was badly misspelled; each is used while the form is small enough for it (`affordable`).
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import combinations

from sync.rules.identity.levels import place_key
from sync.rules.identity.plan import WORDS, Features, Plan

# A key met more often than this is generic ("Ibrahim Moussa" in a whole country): it finds nobody.
GENERIC_FROM = 200
# Candidates per submission that all families together may cost.
BUDGET = 14.0
# The cost is measured on so many submissions, from so many of them.
MEASURED = 30_000
PROBES = 1_000
PLACES = ("place", "post")
EXACT = ("person_id", "phone", "household")

NARROW = frozenset(
    {"exact", "gps", "two words", "word and place", "word and date", "place and date", "two places and age"}
)
# In the order in which they earn their cost.
WIDE = ("date", "openings", "word and age", "opening, place and age", "two places", "place and age", "word", "place")
FAMILIES = (*sorted(NARROW), *WIDE)


class Keys:
    """Makes the keys of one form. `secret` is the installation's (16 to 64 bytes); `scope` separates forms that must not meet."""

    def __init__(self, plan: Plan, secret: bytes, scope: str = "") -> None:
        self.plan = plan
        self._hash = blake2b(scope.encode(), digest_size=8, key=secret[:64])

    def for_plan(self, plan: Plan) -> "Keys":
        """The same secret and scope for another plan of the form."""
        other = object.__new__(Keys)
        other.plan, other._hash = plan, self._hash
        return other

    def of(self, features: Features, families: Iterable[str] = NARROW) -> tuple[int, ...]:
        """The keys of a submission, signed 64-bit numbers; none twice."""
        wanted = frozenset(families)
        return tuple(dict.fromkeys(self.digest(clear) for clear in clear_keys(self.plan, features, wanted)))

    def value(self, kind: str, value: object) -> int:
        """The number that stands for one value in tables of how often values are met."""
        return self.digest(f"={kind}|{value}")

    def digest(self, clear: str) -> int:
        """64 bits, signed, that say nothing without the secret."""
        each = self._hash.copy()
        each.update(clear.encode())
        return int.from_bytes(each.digest(), "big", signed=True)


def affordable(
    plan: Plan, submissions: Sequence[Features], in_all: int | None = None, budget: float = BUDGET
) -> frozenset[str]:
    """The families to use for a form of these submissions (or of `in_all`, of which these are a fair sample): the narrow ones, and wide
    ones while they find few enough candidates."""
    measured = submissions[:: max(1, len(submissions) // MEASURED)]
    step = max(1, round((in_all or len(submissions)) / max(1, len(measured))))
    probes = measured[:: max(1, len(measured) // PROBES)]
    found: list[set[int]] = [set() for _ in probes]
    chosen: set[str] = set()
    for families in (NARROW, *(frozenset({family}) for family in WIDE)):
        reached = _reached(plan, measured, probes, families, max(1, GENERIC_FROM // step))
        more = sum(len(new - known) for new, known in zip(reached, found, strict=True))
        spent = sum(map(len, found)) + more
        if families is NARROW or spent * step <= budget * len(probes):
            chosen |= families
            found = [known | new for new, known in zip(reached, found, strict=True)]
    return frozenset(chosen)


def _reached(
    plan: Plan, submissions: Sequence[Features], probes: Sequence[Features], families: frozenset[str], generic_from: int
) -> list[set[int]]:
    """For each probe, which submissions share a key of these families with it."""
    asked = [set(clear_keys(plan, probe, families)) for probe in probes]
    buckets: dict[str, list[int]] = {key: [] for keys in asked for key in keys}
    for number, features in enumerate(submissions):
        for key in clear_keys(plan, features, families):
            bucket = buckets.get(key)
            if bucket is not None and len(bucket) <= generic_from:
                bucket.append(number)
    return [{number for key in keys if len(buckets[key]) <= generic_from for number in buckets[key]} for keys in asked]


def clear_keys(plan: Plan, features: Features, families: frozenset[str]) -> Iterator[str]:
    """What the keys are made of. In clear: never to be stored."""
    parts = _Parts(plan, features)
    for family in families:
        yield from _MAKERS[family](parts)


class _Parts:
    """What a submission offers to make keys of."""

    def __init__(self, plan: Plan, features: Features) -> None:
        tokens = features.name.tokens[:WORDS]
        self.words = list(dict.fromkeys(token.key for token in tokens))
        self.openings = list(dict.fromkeys(token.sound[:3] for token in tokens))
        self.places: list[str] = []
        self.bands: list[str] = []
        self.dates: list[str] = []
        self.exact: list[str] = []
        self.cells: list[str] = []
        for number, value in enumerate(features.values):
            if value is None:
                continue
            kind = plan.fields[number][1].name
            if kind in EXACT:
                self.exact.append(f"{number}|{value}")
            elif kind in PLACES and all(features.values[finer] is None for finer in plan.implied_by[number]):
                # A larger place than one that is known finds too many.
                self.places.append(f"{number}|{place_key(value)}")
            elif kind == "age":
                # Bands that overlap: ages up to five years apart share one.
                self.bands += [f"{number}|{value // 10}", f"{number}+{(value + 5) // 10}"]
            elif kind == "date":
                self.dates.append(f"{number}|{value}")
            elif kind == "gps":
                self.cells += _cells(number, value)


_MAKERS = {
    "exact": lambda of: (f"e|{value}" for value in of.exact),
    "gps": lambda of: (f"g|{cell}" for cell in of.cells),
    "two words": lambda of: (f"ww|{one}|{other}" for one, other in combinations(sorted(of.words), 2)),
    "word and place": lambda of: (f"wp|{word}|{place}" for word in of.words for place in of.places),
    "word and date": lambda of: (f"wd|{word}|{date}" for word in of.words for date in of.dates),
    "place and date": lambda of: (f"pd|{place}|{date}" for place in of.places for date in of.dates),
    "two places and age": lambda of: (
        f"ppa|{one}|{other}|{band}" for one, other in combinations(of.places, 2) for band in of.bands
    ),
    "date": lambda of: (f"d|{date}" for date in of.dates),
    "openings": lambda of: (f"oo|{one}|{other}" for one, other in combinations(sorted(of.openings), 2)),
    "word and age": lambda of: (f"wa|{word}|{band}" for word in of.words for band in of.bands),
    "opening, place and age": lambda of: (
        f"opa|{opening[:2]}|{place}|{band}" for opening in of.openings for place in of.places for band in of.bands
    ),
    "two places": lambda of: (f"pp|{one}|{other}" for one, other in combinations(of.places, 2)),
    "place and age": lambda of: (f"pa|{place}|{band}" for place in of.places for band in of.bands),
    "word": lambda of: (f"w|{word}" for word in of.words),
    "place": lambda of: (f"p|{place}" for place in of.places),
}


def _cells(number: int, place: tuple[float, float]) -> list[str]:
    """Two grids of about 200 m, one half a cell beside the other."""
    north, east = place[0] * 500, place[1] * 500
    return [
        f"{number}|{north // 1:.0f}:{east // 1:.0f}",
        f"{number}|{(north + 0.5) // 1:.0f}+{(east + 0.5) // 1:.0f}",
    ]
