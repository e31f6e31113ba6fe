"""Why evidence about interviews is as it is, said by people on any server, as an algebra like that of decisions: a set of sayings, made in any
order, has one meaning.

A saying is never changed. Who says something again names what they saw before (`supersedes`); what no other names counts. Evidence is explained
while everybody who counts explains it, one of them as it is now: where somebody wants to see it again and another does not know, it is
seen. Submissions are named by the instanceID of their first version, forms by their xmlFormId. Pure.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sync.decisions import LONGEST_REASON, MOST_SUPERSEDED, DecisionFault

Named = tuple[str, str]
"""(xmlFormId, instanceID)"""
Key = tuple[str, Named, Named]
"""(rule, one, the other), the smaller first; one twice where evidence is of one alone"""

_TEXTS = ("uid", "rule", "one_form", "one", "other_form", "other", "mark", "by", "at", "node", "reason")


@dataclass(frozen=True, slots=True)
class Explanation:
    """One saying about evidence of a rule beside two submissions. `mark`: of the evidence as it was seen; `withdrawn`: it is to be shown
    again. `by` and `node` are uids; `at` is ISO 8601 UTC, for people only."""

    uid: str
    rule: str
    one_form: str
    one: str
    other_form: str
    other: str
    mark: str
    by: str
    at: str
    node: str
    withdrawn: bool = False
    reason: str = ""
    supersedes: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.rule, (self.one_form, self.one), (self.other_form, self.other)

    def to_json(self) -> dict[str, Any]:
        """For the wire and the database; `from_json` reads it."""
        texts = {name: getattr(self, name) for name in _TEXTS}
        return {**texts, "withdrawn": self.withdrawn, "supersedes": sorted(self.supersedes)}

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> "Explanation":
        """Raises DecisionFault for what no server of ours would write; unknown keys of newer ones are ignored."""
        texts = {name: read.get(name, "") for name in _TEXTS}
        withdrawn, supersedes = read.get("withdrawn", False), read.get("supersedes") or []
        if not all(isinstance(text, str) for text in texts.values()) or not isinstance(withdrawn, bool):
            raise DecisionFault("a text is no text")
        if not isinstance(supersedes, list | tuple) or not all(isinstance(each, str) for each in supersedes):
            raise DecisionFault("supersedes is no list of texts")
        found = cls(**texts, withdrawn=withdrawn, supersedes=tuple(sorted(set(supersedes))))
        one, other = found.key[1:]
        needed = (found.uid, found.rule, found.by, found.node, found.mark, *one, *other)
        if not all(needed) or other < one or found.uid in found.supersedes:
            raise DecisionFault("something is blank, or in the wrong order")
        if len(found.reason) > LONGEST_REASON or len(found.supersedes) > MOST_SUPERSEDED:
            raise DecisionFault("too long")
        return found


def counting(sayings: Iterable[Explanation]) -> list[Explanation]:
    """Those about one thing that no other names, by uid; all of them where they name each other in a circle."""
    by_uid: dict[str, Explanation] = {}
    for each in sayings:
        known = by_uid.get(each.uid)
        # If two claim one uid, the same one wins everywhere.
        if known is None or repr(each.to_json()) > repr(known.to_json()):
            by_uid[each.uid] = each
    named = {uid for each in by_uid.values() for uid in each.supersedes}
    heads = [each for uid, each in sorted(by_uid.items()) if uid not in named]
    return heads or [each for _, each in sorted(by_uid.items())]


def explained_by(sayings: Iterable[Explanation], mark: str) -> Explanation | None:
    """The saying that explains evidence with this mark; None while it is to be seen."""
    heads = counting(sayings)
    if any(each.withdrawn for each in heads):
        return None
    return next((each for each in reversed(heads) if each.mark == mark), None)
