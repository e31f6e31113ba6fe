"""What people decided about suspected duplicates, as an algebra: a set of decisions, made on any server in any order, has one meaning.

A decision is never changed. Who decides again names what they saw before them (`supersedes`), so that later is not a matter of clocks:
a decision counts while no other names it. Two that count for one pair and say different things were made apart, on servers
that had not met; that is a question for a person, never for a rule. Nothing is removed from counts while it is open.

Sets merge by union; everything here is a function of the set. Submissions are named by the instanceID of their first version.
"""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

import orjson

from sync.giving_way import Member, circles, ends, past_those_away, together

Verdict = Literal["duplicate", "merge", "distinct", "visit", "event", "unsure", "open"]
VERDICTS: tuple[Verdict, ...] = ("duplicate", "merge", "distinct", "visit", "event", "unsure", "open")
REMOVING = ("duplicate", "merge")
# Settled, unless the evidence changes; "unsure" waits for a second reader, "open" is an undone verdict.
SETTLING = ("duplicate", "merge", "distinct", "visit", "event")
LONGEST_REASON = 1000
MOST_SUPERSEDED = 100
MOST_FIELDS = 2000

_TEXTS = ("uid", "form", "one", "other", "by", "at", "node", "reason", "evidence", "version")

PairKey = tuple[str, str, str]
"""(xmlFormId, one instanceID, the other), the smaller instanceID first"""


class DecisionFault(ValueError):
    """A decision that means nothing; the text says why."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One verdict on one pair. `keep`: the instanceID that stays, for "duplicate" and "merge". `fields` of a merge: path → instanceID
    whose answer is taken, where it is not that of `keep`; `version`: the instanceID of the version that it made. `evidence`: hex of the
    hash of what was compared. `by` and `node` are uids; `at` is ISO 8601 UTC, for people only."""

    uid: str
    form: str
    one: str
    other: str
    verdict: Verdict
    by: str
    at: str
    node: str
    keep: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    evidence: str = ""
    supersedes: tuple[str, ...] = ()
    version: str = ""

    @property
    def pair(self) -> PairKey:
        """What it is about."""
        return self.form, self.one, self.other

    @property
    def says(self) -> tuple[Any, ...]:
        """What must be equal for two decisions to agree."""
        return self.verdict, self.keep, tuple(sorted(self.fields.items()))

    def to_json(self) -> dict[str, Any]:
        """For the wire and the database; `from_json` reads it."""
        return {
            "uid": self.uid,
            "form": self.form,
            "one": self.one,
            "other": self.other,
            "verdict": self.verdict,
            "by": self.by,
            "at": self.at,
            "node": self.node,
            "keep": self.keep,
            "fields": dict(sorted(self.fields.items())),
            "reason": self.reason,
            "evidence": self.evidence,
            "supersedes": sorted(self.supersedes),
            "version": self.version,
        }

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> "Decision":
        """Raises DecisionFault for what no server of ours would write; unknown keys of newer ones are ignored."""
        texts = {name: read.get(name, "") for name in _TEXTS}
        keep, fields, supersedes = read.get("keep"), read.get("fields") or {}, read.get("supersedes") or []
        if not all(isinstance(text, str) for text in texts.values()) or not isinstance(keep, str | None):
            raise DecisionFault("a text is no text")
        if not isinstance(fields, Mapping) or not all(
            isinstance(each, str) for pair in fields.items() for each in pair
        ):
            raise DecisionFault("fields is no mapping of texts")
        if not isinstance(supersedes, list | tuple) or not all(isinstance(each, str) for each in supersedes):
            raise DecisionFault("supersedes is no list of texts")
        if read.get("verdict") not in VERDICTS:
            raise DecisionFault("no such verdict")
        decision = cls(
            **texts,
            verdict=read["verdict"],
            keep=keep,
            fields=dict(fields),
            supersedes=tuple(sorted(set(supersedes))),
        )
        _check(decision)
        return decision


def _check(decision: Decision) -> None:
    sides = (decision.one, decision.other)
    for wrong, why in (
        (not all((decision.uid, decision.form, decision.by, decision.node, *sides)), "something is blank"),
        (not decision.one < decision.other, "the smaller instanceID must come first"),
        (
            (decision.verdict in REMOVING) != (decision.keep in sides),
            "keep must be one of the two, for duplicate and merge only",
        ),
        (decision.verdict not in REMOVING and decision.keep is not None, "keep is for duplicate and merge only"),
        (bool(decision.fields or decision.version) and decision.verdict != "merge", "fields are for merge only"),
        (not set(decision.fields.values()) <= set(sides), "a field must come from one of the two"),
        (len(decision.fields) > MOST_FIELDS or len(decision.supersedes) > MOST_SUPERSEDED, "too long"),
        (len(decision.reason) > LONGEST_REASON, "too long"),
        (decision.uid in decision.supersedes, "it supersedes itself"),
    ):
        if wrong:
            raise DecisionFault(why)


def united(*sets: Iterable[Decision]) -> dict[str, Decision]:
    """All decisions of all servers, by uid. If two claim one uid, the same one wins everywhere. Reasons decide nothing: where one
    is erased and the other not, that is the same decision."""
    together: dict[str, Decision] = {}
    for decision in (each for one in sets for each in one):
        known = together.get(decision.uid)
        if known is None or _rank(decision) > _rank(known):
            together[decision.uid] = decision
    return together


def _rank(decision: Decision) -> tuple[bytes, str]:
    return orjson.dumps({**decision.to_json(), "reason": ""}), decision.reason


@dataclass(frozen=True, slots=True)
class Standing:
    """How a pair stands: `heads` are the decisions that count, by uid. One meaning among them is the verdict; several are a `conflict`."""

    heads: tuple[Decision, ...]

    @property
    def conflict(self) -> bool:
        """True when people who did not know of each other said different things."""
        return len({head.says for head in self.heads}) > 1

    @property
    def verdict(self) -> Verdict | None:
        """What was decided; None while there is a conflict or nothing."""
        return self.heads[0].verdict if self.heads and not self.conflict else None

    @property
    def keep(self) -> str | None:
        """The instanceID that stays, when one is to be removed."""
        return self.heads[0].keep if self.verdict in REMOVING else None


def standings(decisions: Iterable[Decision]) -> dict[PairKey, Standing]:
    """How every pair stands."""
    by_pair: dict[PairKey, dict[str, Decision]] = {}
    for decision in united(decisions).values():
        by_pair.setdefault(decision.pair, {})[decision.uid] = decision
    return {pair: Standing(_heads(of_pair)) for pair, of_pair in by_pair.items()}


def _heads(decisions: Mapping[str, Decision]) -> tuple[Decision, ...]:
    named = {uid for decision in decisions.values() for uid in decision.supersedes}
    heads = [decision for uid, decision in sorted(decisions.items()) if uid not in named]
    # Decisions that name each other in a circle were not made by our servers: all count, so a person sees them.
    return tuple(heads or (decision for _, decision in sorted(decisions.items())))


def pair_evidence(*sides: bytes) -> str:
    """Equal while what is compared of both sides is; the order of the sides does not matter."""
    return blake2b(b"".join(sorted(sides)), digest_size=16).hexdigest()


def must_be_asked(standing: Standing | None, evidence: str) -> bool:
    """Whether a suspected pair belongs before a person: undecided, undone, unsure, in conflict, or called distinct on other evidence (or
    on less: parts of it are joined by points)."""
    if standing is None or standing.conflict or standing.verdict not in SETTLING:
        return True
    seen = {part for head in standing.heads for part in head.evidence.split(".")}
    return standing.verdict == "distinct" and not seen.issuperset(evidence.split("."))


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Decisions that cannot all be true: `code` "circle" (each gives way to another) or "apart" (both are duplicates of one, or reports of
    one event, but were called distinct). `members`: (xmlFormId, instanceID) each."""

    code: Literal["circle", "apart"]
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What follows for submissions, named (xmlFormId, instanceID): which is left out in favour of which, which report one event (`event_of`:
    the first of them by name, for each), and what a person must mend."""

    duplicate_of: dict[Member, Member]
    event_of: dict[Member, Member]
    contradictions: tuple[Contradiction, ...]


def resolve(standing: Mapping[PairKey, Standing], here: Container[Member] | None = None) -> Resolution:
    """Follow every pair to the one that stays. Submissions in a circle all stay until a person breaks it: nobody is lost to a mistake.

    `here`: those that can stay; None: all. Who is not (in the trash, erased, on another server) is left out in nobody's stead:
    what gave way to it gives way to whom it would, or stays.
    """
    said: dict[Member, set[Member]] = {}
    for (form, one, other), each in standing.items():
        if each.keep is not None:
            gone = other if each.keep == one else one
            said.setdefault((form, gone), set()).add((form, each.keep))
    towards = said if here is None else past_those_away(said, here)
    groups = circles(towards)
    in_circle = {member for circle in groups for member in circle}
    duplicate_of = {gone: min(ends(gone, towards, in_circle)) for gone in towards if gone not in in_circle}
    event_of = together(
        ((form, one), (form, other)) for (form, one, other), each in standing.items() if each.verdict == "event"
    )
    apart = [
        Contradiction("apart", ((form, one), (form, other)))
        for (form, one, other), each in sorted(standing.items())
        if each.verdict in ("distinct", "visit")
        and (
            duplicate_of.get((form, one), (form, one)) == duplicate_of.get((form, other), (form, other))
            or event_of.get((form, one), (form, one)) == event_of.get((form, other), (form, other))
        )
    ]
    return Resolution(
        duplicate_of,
        event_of,
        (*(Contradiction("circle", tuple(sorted(circle))) for circle in sorted(groups, key=min)), *apart),
    )
