"""Two interviews at one time on one phone."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from sync.rules.interviews import Evidence, Interview, Usual

SENTENCES = {
    "fr": "Deux entretiens du même téléphone se chevauchent de {minutes} min.",
    "en": "Two interviews of one phone overlap by {minutes} min.",
}
# Of one interview beside several.
SEVERAL = {
    "fr": "{count} autres entretiens du même téléphone le chevauchent, de {minutes} min au plus.",
    "en": "{count} other interviews of the same phone overlap with it, by {minutes} min at most.",
}
# Opening a form to look at it while another is open is no interview.
LEAST_SECONDS = 120.0
# Where so many interviews of a form overlap with those of others, they are filled side by side: that is how they are used.
USUAL_SHARE = 0.2
LEAST_INTERVIEWS = 10
# Evidence that somebody explained is shown again when one of these changes.
LOOKS_AT = ("start", "end")


def bears(across: Mapping[str, int]) -> bool:
    """Whether overlapping with interviews of other forms says anything. `across`: how many `interviews` there are, how many of them are
    `overlapping` with those of other forms."""
    count = across.get("interviews", 0)
    return count < LEAST_INTERVIEWS or across.get("overlapping", 0) <= USUAL_SHARE * count


def examine(interviews: Sequence[Interview], usual: Usual | None = None) -> Iterator[Evidence]:  # noqa: ARG001 - as every rule
    """Each pair of one device whose times from start to end overlap. Interviews open for more than half a day are left out."""
    by_device: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
    for each in interviews:
        if each.device and each.start and each.end and each.start < each.end:
            start, end = each.start.timestamp(), each.end.timestamp()
            if each.seconds is not None and end - start <= 12 * 3600:
                by_device[each.device].append((start, end, each.number))
    for spans in by_device.values():
        open_spans: list[tuple[float, float, int]] = []
        for start, end, number in sorted(spans):
            open_spans = [span for span in open_spans if span[1] > start]
            for _, other_end, other in open_spans:
                shared = min(end, other_end) - start
                if shared >= LEAST_SECONDS:
                    shorter = min(end - start, other_end - start)
                    pair = (min(number, other), max(number, other))
                    yield Evidence("overlapping", pair, min(1.0, shared / max(shorter, 1.0)), {"minutes": shared / 60})
            open_spans.append((start, end, number))
