"""From pairs to groups: all submissions that seem to be of one person, to be decided together."""

from collections.abc import Collection, Iterable

from sync.rules.identity.finding import Pair

JOIN_FROM = 0.5


def groups(
    pairs: Iterable[Pair], apart: Collection[tuple[int, int]] = (), join_from: float = JOIN_FROM
) -> list[list[int]]:
    """Groups of two and more, each sorted, in order of their first member. The likeliest pairs join first; what a person has said to be
    `apart` (pairs, the smaller number first) never ends in one group, whatever leads from one to the other."""
    leader: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    against: dict[int, set[int]] = {}
    for one, other in apart:
        against.setdefault(one, set()).add(other)
        against.setdefault(other, set()).add(one)
    for pair in sorted(pairs, key=lambda each: (-each.bits, each.one, each.other)):
        if pair.probability < join_from:
            break
        ours, theirs = leader.get(pair.one, pair.one), leader.get(pair.other, pair.other)
        if ours == theirs:
            continue
        mine, yours = members.get(ours, [pair.one]), members.get(theirs, [pair.other])
        if any(against.get(each, set()).intersection(yours) for each in mine):
            continue
        first = min(ours, theirs)
        members.pop(max(ours, theirs), None)
        members[first] = mine + yours
        for each in members[first]:
            leader[each] = first
    return sorted(sorted(group) for group in members.values())
