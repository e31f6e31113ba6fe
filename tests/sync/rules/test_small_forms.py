"""Forms of a few dozen submissions, as posts are assessed: what is common among them is no sign of one submission."""

import random

from sync.rules.identity.finding import find_pairs
from tests.sync.rules.people import SECRET

ROLES = {"round": "date", "country": "place", "post": "post", "day": "date", "gps": "gps", "who": "enumerator"}


def assessments(posts: int, again: int) -> tuple[list[dict[str, str | None]], set[tuple[int, int]]]:
    """Every post assessed once in one round, some of them a second time within two days; and which two are one."""
    chance = random.Random(5)
    rows: list[dict[str, str | None]] = []
    twice: set[tuple[int, int]] = set()
    for post in range(posts):
        latitude, longitude, day = chance.uniform(12, 16), chance.uniform(0, 12), chance.randint(1, 24)
        for visit in range(2 if post < again else 1):
            gps = f"{latitude + chance.gauss(0, 0.0003):.6f} {longitude + chance.gauss(0, 0.0003):.6f} 300 5"
            asked = {"round": "baseline", "country": ("NE", "ML", "BF")[post % 3], "post": f"P{post:03}", "gps": gps}
            if visit:
                twice.add((len(rows) - 1, len(rows)))
            rows.append({**asked, "day": f"2026-11-{day + visit:02}", "who": chance.choice("abcde")})
    return rows, twice


def test_posts_of_one_round_and_country_are_not_suspected_and_second_visits_come_first() -> None:
    rows, twice = assessments(60, 5)
    found = find_pairs(rows, ROLES, SECRET, review_from=0.001)
    assert found.stopped is None
    likeliest = sorted(found.pairs, key=lambda pair: -pair.bits)
    assert {(pair.one, pair.other) for pair in likeliest[:5]} == twice
    assert [pair for pair in likeliest[5:] if pair.probability >= 0.02] == []
