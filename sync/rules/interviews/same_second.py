"""Interviews of one phone or one enumerator that began in the same second: copies of a saved form begin so."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sync.rules.interviews import Evidence, Interview, Usual

SENTENCES = {
    "fr": "{count} entretiens commencés à la même seconde.",
    "en": "{count} interviews begun in the same second.",
}


# Evidence that somebody explained is shown again when one of these changes.
LOOKS_AT = ("start",)


def examine(interviews: Sequence[Interview], usual: Usual | None = None) -> Iterator[Evidence]:  # noqa: ARG001 - as every rule
    """Groups that share the second of their start, and the phone or the enumerator."""
    found: dict[tuple[int, ...], None] = {}
    for who in ("device", "enumerator"):
        groups: dict[tuple[str, int], list[int]] = defaultdict(list)
        for each in interviews:
            name = getattr(each, who)
            if each.start and name:
                groups[name, int(each.start.timestamp())].append(each.number)
        found.update(dict.fromkeys(tuple(sorted(group)) for group in groups.values() if len(group) > 1))
    for numbers in found:
        yield Evidence("same_second", numbers, 1.0, {"count": float(len(numbers))})
