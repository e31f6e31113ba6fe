"""Which submissions of a form may be one with those of a slice, and why: candidates by key, equal content, answers that agree too much."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy.orm import Session

from sync.arrived import Arrived
from sync.candidates import LEAST_SAID, Copy, Mine, Neighbourhood, Other, features_of
from sync.matchers import Matcher
from sync.rules.near_copies import NearCopy

# Pairs less likely than about one in fifty are not worth a row.
KEPT_FROM_BITS = -5.5


@dataclass(frozen=True, slots=True)
class Found:
    """Why two submissions may be one: the other's evidence beside it."""

    bits: float | None
    copy: str | None
    evidence: bytes
    near: NearCopy | None = None
    near_evidence: bytes | None = None


Pairs = dict[tuple[int, int], tuple[Mine, Found]]


@dataclass(frozen=True, slots=True)
class Compared:
    """With whom a submission is compared at its turn: `others` in their order, those of them that were before it in the slice as they are now
    (`at_hand`); `copies`, `near`: why, but for candidates by key. `first`: who is kept of all that are equal, times included."""

    mine: Mine
    others: list[int]
    at_hand: Mapping[int, Mine]
    copies: Mapping[int, Copy]
    near: Mapping[int, NearCopy]
    first: tuple[int, str, bytes] | None


def shortlisted(
    of_form: Sequence[Arrived],
    here: Mapping[int, Mine],
    around: Neighbourhood,
    near: Mapping[int, Mapping[int, NearCopy]],
) -> dict[int, Compared]:
    found = {}
    for each in of_form:
        mine = here.get(each.id)
        if mine is not None:
            copies = around.copies(mine)
            firsts = [first for hashes in mine.hashes if (first := around.first(mine, hashes))]
            others = list(dict.fromkeys([*copies, *near[mine.id], *around.shortlist(mine)]))
            at_hand = {other: known for other in others if (known := around.done.get(other)) is not None}
            first = min(firsts, key=lambda each: each[1], default=None)
            found[mine.id] = Compared(mine, others, at_hand, copies, near[mine.id], first)
        around.is_matched(each.id, mine)
    return found


def pairs_of(session: Session, matcher: Matcher, of_form: Sequence[Arrived], compared: Mapping[int, Compared]) -> Pairs:
    """What was found of each, those left out that are not worth a row; of two that found each other, what the later one found."""
    asked = {other for each in compared.values() for other in each.others if other not in each.at_hand}
    stored = features_of(session, matcher, asked)
    pairs: Pairs = {}
    partners: dict[int, set[int]] = {}
    for number in (submission.id for submission in of_form):
        # What those before it found of it as it was.
        for other in partners.pop(number, ()):
            pairs.pop(_pair(number, other), None)
        each = compared.get(number)
        if each is None:
            continue
        for other in each.others:
            theirs = each.at_hand.get(other) or stored.get(other)
            # What is not there any more was erased meanwhile.
            found = _compare(matcher, each, other, theirs) if theirs is not None else None
            if found is not None:
                pairs[_pair(number, other)] = (each.mine, found)
                partners.setdefault(other, set()).add(number)
    return pairs


def _pair(one: int, other: int) -> tuple[int, int]:
    return (one, other) if one < other else (other, one)


def _compare(matcher: Matcher, each: Compared, other: int, theirs: Other) -> Found | None:
    mine, copy, near = each.mine, each.copies.get(other), each.near.get(other)
    if copy is None and mine.answers_hash == theirs.answers_hash and mine.hashes[0].said >= LEAST_SAID:
        # One of too many copies: both have a row with the first of them.
        return None
    bits = None if matcher.stopped else matcher.scorer.bits(mine.features, theirs.features)
    if copy is None and near is None and (bits is None or bits < KEPT_FROM_BITS):
        return None
    return Found(bits, _kind(copy), theirs.evidence, near, theirs.near_evidence if near else None)


def _kind(copy: Copy | None) -> str | None:
    if copy is None:
        return None
    return "exact" if copy.exact else "answers"


def near_json(near: NearCopy, least: float) -> str:
    """How two interviews agree, as a pair keeps it; `least`: the standard of the form."""
    told = {"agreeing": near.agreeing, "compared": near.compared, "rare": near.rare}
    return orjson.dumps({**told, "bits": round(near.bits, 1), "least": round(least, 1)}).decode()
