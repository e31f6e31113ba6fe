"""Who gives way to whom, as a graph: where every way ends, and where it turns in a circle. Pure."""

from collections.abc import Container, Iterable, Mapping

Member = tuple[str, str]
"""(xmlFormId, instanceID) of a submission"""


def past_those_away(said: Mapping[Member, set[Member]], here: Container[Member]) -> dict[Member, set[Member]]:
    """To whom everybody gives way among those here: the next ones on every way, past those who are not."""
    towards = {}
    for start in said:
        found, seen, waiting = set(), {start}, list(said[start])
        while waiting:
            member = waiting.pop()
            if member in here:
                found.add(member)
            elif member not in seen:
                seen.add(member)
                waiting += said.get(member, ())
        if found:
            towards[start] = found
    return towards


def ends(start: Member, towards: Mapping[Member, set[Member]], stays: set[Member]) -> set[Member]:
    """Everyone reached from here who gives way to nobody."""
    ends, seen, waiting = set(), {start}, [start]
    while waiting:
        member = waiting.pop()
        for after in towards[member]:
            if after in stays or after not in towards:
                ends.add(after)
            elif after not in seen:
                seen.add(after)
                waiting.append(after)
    return ends


def together(links: Iterable[tuple[Member, Member]]) -> dict[Member, Member]:
    """For everybody who is linked to anybody, the first by name of all who hang together."""
    beside: dict[Member, set[Member]] = {}
    for one, other in links:
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    first_of: dict[Member, Member] = {}
    for start in sorted(beside):
        waiting = [] if start in first_of else [start]
        while waiting:
            member = waiting.pop()
            if member not in first_of:
                first_of[member] = start
                waiting += beside[member]
    return first_of


def circles(towards: Mapping[Member, set[Member]]) -> list[set[Member]]:
    """Groups whose members reach each other (with whoever stands between two such groups): who is left after taking away, again and
    again, those who reach nobody or whom nobody reaches."""
    left = {member: set(after) for member, after in towards.items()}
    while True:
        reached = set().union(*left.values()) if left else set()
        kept = {
            member: after & left.keys() for member, after in left.items() if after & left.keys() and member in reached
        }
        if kept == left:
            break
        left = kept
    return _connected(left)


def _connected(edges: Mapping[Member, set[Member]]) -> list[set[Member]]:
    both: dict[Member, set[Member]] = {member: set() for member in edges}
    for member, after in edges.items():
        for other in after:
            both[member].add(other)
            both[other].add(member)
    groups, seen = [], set()
    for member in sorted(both):
        if member not in seen:
            group, waiting = {member}, [member]
            while waiting:
                new = both[waiting.pop()] - group
                group |= new
                waiting += new
            seen |= group
            groups.append(group)
    return groups
