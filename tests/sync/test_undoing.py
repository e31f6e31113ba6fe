"""Whatever was decided and merged, in whatever order: when everything is taken back, everything is as it was, to the byte."""

import random
from itertools import combinations

import pytest

from tests.collector.rest import admin_of
from tests.installation import Installation
from tests.sync.people_form import MAHAMADOU, MAMADOU, THIRD, people_form, send
from tests.sync.test_effects import PEOPLE, WITHOUT, counts, decide, exported, marks, sound
from tests.sync.test_matching_stored import matched


@pytest.mark.parametrize("seed", [3])
def test_everything_is_taken_back_whatever_came_between(post_node: Installation, seed: int) -> None:
    relais, chance = post_node, random.Random(seed)
    relais.publish(people_form())
    names = [
        send(relais, **each) for each in (MAHAMADOU, MAMADOU, THIRD, {**THIRD, "name": "Mamadu Zongo", "note": "d"})
    ]
    matched(relais)
    admin = admin_of(relais)
    before = exported(admin), exported(admin, WITHOUT), counts(relais)
    open_pairs = len(admin.json(f"{PEOPLE}/duplicates"))
    for _ in range(7):
        one, *others = chance.sample(names, chance.randint(2, 3))
        if chance.random() < 0.6:
            fields = {path: chance.choice(others) for path in chance.sample(["/name", "/age", "/note", "/phone"], 2)}
            body = {"keep": one, "others": others, "fields": fields}
            assert admin.call("POST", f"{PEOPLE}/duplicates/merges", json=body).status_code == 200
        else:
            decide(admin, one, others[0], chance.choice(["duplicate", "distinct", "visit", "open", "unsure"]))
        if chance.random() < 0.3:
            matched(relais)
        assert sum(counts(relais).values()) == len(names)
    sound(relais)
    pairs = list(combinations(names, 2))
    chance.shuffle(pairs)
    for one, other in pairs:
        decide(admin, one, other, "open")
    matched(relais)
    assert marks(relais) == dict.fromkeys(names)
    assert (exported(admin), exported(admin, WITHOUT), counts(relais)) == before
    assert len(admin.json(f"{PEOPLE}/duplicates")) == open_pairs
    sound(relais)
