"""Keys to find candidates by: two submissions of one person share at least one, two of different people seldom.

A key is 64 bits of a keyed hash of (kind, values): a stolen index tells no name, phone or village to those who lack the secret, and a
new secret makes all keys new. The narrow families are always used; most contain a place, so that their buckets do not grow with the
country. The wide ones find what was badly misspelled; each is used while the form is small enough for it (`affordable`).

A key that so many would share that it tells little is made narrower by something else that the submission says: a word and a place by how
another word begins, two words by the age. Whether it is so crowded hangs on the key alone, so that all who share it do the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import combinations

from sync.rules.identity.levels import place_key
from sync.rules.identity.plan import WORDS, Features, Plan
from sync.rules.identity.tokens import REMEMBERED

# A key met more often than this is generic ("Ibrahim Moussa" in a whole country): it finds nobody.
GENERIC_FROM = 200
# A key that more are expected to share is made narrower.
CROWDED_FROM = 8.0
# What words and places are counted under, as keys have them.
KEY_OF_WORD = "key"
KEY_OF_PLACE = "place key"
# Of all people so many share a band of ages, roughly.
SHARE_OF_A_BAND = 0.25
# How a word begins, when a slip in its next letter may make another sound of it: Diallo and Dallo, Ouedraogo and Udraogo.
BEGINS = {"j": "d", "w": "a", "y": "a", "C": "s", "N": "n"}
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
        self.crowd: Crowd | None = None

    def among(self, counts: Mapping[int, int], sample: int, in_all: int, hashed_by: "Keys | None" = None) -> "Keys":
        """The same, where crowded keys are made narrower: by `counts` (hashed by these keys, or others) of a sample of so many, in a form of so
        many."""
        other = self.for_plan(self.plan)
        other.crowd = Crowd(hashed_by or self, counts, in_all / max(1, sample), in_all) if sample else None
        return other

    def for_plan(self, plan: Plan) -> "Keys":
        """The same secret and scope for another plan of the form."""
        other = object.__new__(Keys)
        other.plan, other._hash, other.crowd = plan, self._hash, self.crowd
        return other

    def of(self, features: Features, families: Iterable[str] = NARROW) -> tuple[int, ...]:
        """The keys of a submission, signed 64-bit numbers; none twice."""
        wanted = frozenset(families)
        return tuple(dict.fromkeys(self.digest(clear) for clear in clear_keys(self.plan, features, wanted, self.crowd)))

    def value(self, kind: str, value: object) -> int:
        """The number that stands for one value in tables of how often values are met."""
        return self.digest(f"={kind}|{value}")

    def digest(self, clear: str) -> int:
        """64 bits, signed, that say nothing without the secret."""
        each = self._hash.copy()
        each.update(clear.encode())
        return int.from_bytes(each.digest(), "big", signed=True)


class Crowd:
    """How many share a key, as far as the shares of its parts tell."""

    def __init__(self, keys: Keys, counts: Mapping[int, int], scale: float, in_all: int) -> None:
        self._keys, self._counts, self._scale, self._in_all = keys, counts, scale, max(1, in_all)
        self._met: dict[tuple[str, str], float] = {}

    def expects(self, kind: str, value: str, other_kind: str, other_value: str) -> float:
        """So many have both."""
        return self._share(kind, value) * self._share(other_kind, other_value) / self._in_all

    def _share(self, kind: str, value: str) -> float:
        known = self._met.get((kind, value))
        if known is None:
            if len(self._met) >= REMEMBERED:
                self._met.clear()
            known = self._met[kind, value] = self._counts.get(self._keys.value(kind, value), 1) * self._scale
        return known


def affordable(
    plan: Plan,
    submissions: Sequence[Features],
    in_all: int | None = None,
    budget: float = BUDGET,
    crowd: Crowd | None = None,
) -> frozenset[str]:
    """The families to use for a form of these submissions (or of `in_all`, of which these are a fair sample): the narrow ones, and wide
    ones while they find few enough candidates."""
    measured = submissions[:: max(1, len(submissions) // MEASURED)]
    step = max(1, round((in_all or len(submissions)) / max(1, len(measured))))
    probes = measured[:: max(1, len(measured) // PROBES)]
    found: list[set[int]] = [set() for _ in probes]
    chosen: set[str] = set()
    for families in (NARROW, *(frozenset({family}) for family in WIDE)):
        reached = _reached(plan, measured, probes, families, max(1, GENERIC_FROM // step), crowd)
        more = sum(len(new - known) for new, known in zip(reached, found, strict=True))
        spent = sum(map(len, found)) + more
        if families is NARROW or spent * step <= budget * len(probes):
            chosen |= families
            found = [known | new for new, known in zip(reached, found, strict=True)]
    return frozenset(chosen)


def _reached(
    plan: Plan,
    submissions: Sequence[Features],
    probes: Sequence[Features],
    families: frozenset[str],
    generic_from: int,
    crowd: Crowd | None,
) -> list[set[int]]:
    """For each probe, which submissions share a key of these families with it."""
    asked = [set(clear_keys(plan, probe, families, crowd)) for probe in probes]
    buckets: dict[str, list[int]] = {key: [] for keys in asked for key in keys}
    for number, features in enumerate(submissions):
        for key in clear_keys(plan, features, families, crowd):
            bucket = buckets.get(key)
            if bucket is not None and len(bucket) <= generic_from:
                bucket.append(number)
    return [{number for key in keys if len(buckets[key]) <= generic_from for number in buckets[key]} for keys in asked]


def clear_keys(plan: Plan, features: Features, families: frozenset[str], crowd: Crowd | None = None) -> Iterator[str]:
    """What the keys are made of. In clear: never to be stored."""
    parts = _Parts(plan, features, crowd)
    for family in families:
        yield from _MAKERS[family](parts)


def parts_of(plan: Plan, features: Features) -> Iterator[tuple[str, str]]:
    """What to count, by kind, to know which keys are crowded."""
    yield from ((KEY_OF_WORD, key) for key in dict.fromkeys(token.key for token in features.name.tokens[:WORDS]))
    for number, value in enumerate(features.values):
        if value is not None and plan.fields[number][1].name in PLACES:
            yield KEY_OF_PLACE, f"{number}|{place_key(value)}"


class _Parts:
    """What a submission offers to make keys of."""

    def __init__(self, plan: Plan, features: Features, crowd: Crowd | None) -> None:
        self.crowd = crowd
        self.asks_age = any(kind.name == "age" for _, kind in plan.fields)
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

    def two_words(self) -> Iterator[str]:
        """Two words; crowded ones with the age, where it is asked, and then with the beginning of the place."""
        for one, other in combinations(sorted(self.words), 2):
            key = f"ww|{one}|{other}"
            met = self.crowd.expects(KEY_OF_WORD, one, KEY_OF_WORD, other) if self.crowd and self.asks_age else 0.0
            if met <= CROWDED_FROM:
                yield key
            elif met * SHARE_OF_A_BAND <= CROWDED_FROM or not self.places:
                yield from (f"{key}|{band}" for band in self.bands)
            else:
                begins = dict.fromkeys(place[: place.index("|") + 2] for place in self.places)
                yield from (f"{key}|{band}|{each}" for band in self.bands for each in begins)

    def word_and_place(self) -> Iterator[str]:
        """A word and a place; crowded ones with the beginning of another word."""
        for word in self.words:
            for place in self.places:
                key = f"wp|{word}|{place}"
                if self.crowd and self.crowd.expects(KEY_OF_WORD, word, KEY_OF_PLACE, place) > CROWDED_FROM:
                    begins = dict.fromkeys(BEGINS.get(other[:1], other[:1]) for other in self.words if other != word)
                    yield from (f"{key}|{each}" for each in begins or ("",))
                else:
                    yield key


_MAKERS: dict[str, Callable[[_Parts], Iterable[str]]] = {
    "exact": lambda of: (f"e|{value}" for value in of.exact),
    "gps": lambda of: (f"g|{cell}" for cell in of.cells),
    "two words": _Parts.two_words,
    "word and place": _Parts.word_and_place,
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
