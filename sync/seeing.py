"""See how interviews were made: each beside the neighbours it needs alone (the same phone at that time, the same second, the same few metres),
so that it costs the same however many there are. A slice of submissions is looked at together, one after the other, form by form; see
`candidates`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from config.clock import now
from config.statements import Among, Insert, Statement, listed, read_json, read_moment, stored_moment
from sync import arrived, seen_facts
from sync.interviews import at_second, place_of, subject_of
from sync.matchers import Matcher
from sync.models_evidence import SeenForm
from sync.neighbours import NOWHERE, AtHand, Place, Question, Seen, stored_beside
from sync.readers import root_of
from sync.rules.interviews import Evidence, Interview, Rule, looked_at, overlapping, rules, usual
from sync.seen_facts import Facts, names_of

_TWO = 2
# Rules that also look at interviews of other forms: there is one phone, and one person at a time.
ACROSS = ("overlapping", "same_second")
_USUAL = Statement("SELECT usual FROM seen_form WHERE project_id = ? AND form_id = ?")
_SINCE = Statement("UPDATE seen_form SET since = since + ? WHERE project_id = ? AND form_id = ?")
_EQUAL = Among("SELECT submission_id, exact_hash FROM dup_feature WHERE project_id = ? AND submission_id IN ?")
_ORIGINS = Among("SELECT id, xml_sha256 FROM receipt WHERE project_id = ? AND id IN ?")
_ROWS = "SELECT submission_id, rule, other_id, strength, facts, mark, found_at, form_id FROM seen_evidence WHERE project_id = ? AND "
_ABOUT = [Among(f"{_ROWS}{side} IN ?") for side in ("submission_id", "other_id")]
_DELETE = Statement(
    "DELETE FROM seen_evidence WHERE project_id = ? AND submission_id = ? AND rule = ? AND other_id = ?"
)
_INSERT = Insert("seen_evidence", "project_id, form_id, submission_id, rule, other_id, strength, facts, mark, found_at")

Key = tuple[int, str, int]
"""(submission, rule, the other)"""
_Sight = tuple[Evidence, tuple[Interview, ...]]


@dataclass(frozen=True, slots=True)
class Told:
    """One row of evidence."""

    strength: float
    facts: dict[str, Any]
    mark: str
    found_at: Any


@dataclass(slots=True)
class Turn:
    """What was seen of a slice of one form: its facts (None: forgotten), as they shall be and as they are."""

    matcher: Matcher
    facts: dict[int, Facts | None]
    known: dict[int, Facts]

    def write(self, connection: Connection) -> None:
        """Write what is other than before."""
        project_id = self.matcher.project_id
        seen_facts.write(connection, self.matcher, self.facts, self.known)
        came = sum(each is not None and each != self.known.get(number) for number, each in self.facts.items())
        if came:
            _SINCE.run(connection, (came, project_id, self.matcher.form_id))


class Together:
    """What is seen of a slice of all its forms: evidence, as it shall be and as it is; who was looked at already."""

    def __init__(self, connection: Connection, project_id: int, submission_ids: Sequence[int]) -> None:
        self.project_id = project_id
        self.at_hand = AtHand()
        self.form_of: dict[int, int] = {}
        self.before = self._read(connection, submission_ids)
        self.evidence = dict(self.before)
        self._usual: dict[int, Mapping[str, Any]] = {}
        # The keys of what names each.
        self.about: dict[int, set[Key]] = {}
        for key in self.before:
            for number in (key[0], key[2]):
                self.about.setdefault(number, set()).add(key)

    def _read(self, connection: Connection, submission_ids: Sequence[int]) -> dict[Key, Told]:
        found = {}
        for about in _ABOUT:
            rows = about.rows(connection, (self.project_id, listed(connection, submission_ids)))
            for one, rule, other, strength, facts, mark, found_at, form_id in rows:
                moment = stored_moment(connection, read_moment(found_at))
                found[one, rule, other] = Told(strength, read_json(facts), mark, moment)
                self.form_of[one] = form_id
        return found

    def usual_of(self, connection: Connection, form_id: int) -> Mapping[str, Any]:
        """What is usual on a form."""
        if form_id not in self._usual:
            known = _USUAL.row(connection, (self.project_id, form_id))
            self._usual[form_id] = {**usual([]), **(read_json(known[0]) if known else {})}
        return self._usual[form_id]

    def apply(self, seen: Seen, found: Mapping[tuple[str, int], tuple[Evidence, str]], moment: Any) -> None:
        """Bring the evidence about a submission to what was found of it at its turn."""
        number = seen.id
        mine = self.about.pop(number, ())
        before = {key: told for key in mine if (told := self.evidence.pop(key, None)) is not None}
        for (rule, other), (evidence, mark) in found.items():
            facts: dict[str, Any] = {name: round(value, 2) for name, value in evidence.facts.items()}
            if rule == "straight_lining" and seen.interview is not None:
                given = seen.interview.grids.items()
                facts["grid"] = next(name for name, answers in given if len(set(answers) - {None}) == 1)
            for key in ((number, rule, other), (other, rule, number)):
                known = before.get(key)
                since = known.found_at if known is not None and known.mark == mark else moment
                self.evidence[key] = Told(evidence.strength, facts, mark, since)
                for each in (number, other):
                    self.about.setdefault(each, set()).add(key)

    def write(self, connection: Connection) -> None:
        """Write what is other than before."""
        old = [key for key, told in self.before.items() if self.evidence.get(key) != told]
        if old:
            _DELETE.run_many(connection, [(self.project_id, *key) for key in old])
        new = [
            (self.project_id, self.form_of[key[0]], *key, told.strength, orjson.dumps(told.facts).decode(), told.mark, told.found_at)
            for key, told in self.evidence.items()
            if self.before.get(key) != told
        ]  # fmt: skip
        if new:
            _INSERT.run_many(connection, new)


def is_ready(session: Session, project_id: int, form_id: int) -> bool:
    """Whether `look` may be called."""
    return _USUAL.row(session.connection(), (project_id, form_id)) is not None


def make_ready(session: Session, project_id: int, form_id: int) -> None:
    """Keep from now on what is usual on a form."""
    if session.get(SeenForm, (project_id, form_id)) is None:
        session.add(SeenForm(project_id=project_id, form_id=form_id, usual={}, measured=0, since=0))
        session.flush()


def look(session: Session, matcher: Matcher, slice_of: Sequence[Seen], together: Together) -> Turn:
    """See a slice of submissions of one form in their order, after those of the forms before it."""
    connection = session.connection()
    plain = together.usual_of(connection, matcher.form_id)
    turn = Turn(matcher, {}, seen_facts.stored(connection, matcher.project_id, [each.id for each in slice_of]))
    names = names_of(matcher)
    asked = {each.id: Question(each, each.interview, names) for each in slice_of if each.interview is not None}
    beside = stored_beside(connection, matcher, list(asked.values()))
    neighbours: dict[int, list[Facts]] = {}
    for each in slice_of:
        question = asked.get(each.id)
        if question is not None:
            neighbours[each.id] = together.at_hand.beside(each.id, beside[each.id])
        turn.facts[each.id] = question.own if question else None
        together.at_hand.add(each.id, turn.facts[each.id])
        together.form_of[each.id] = matcher.form_id
    together.form_of |= {row.id: row.form_id for rows in neighbours.values() for row in rows}
    _leave_out_copies(connection, matcher, asked, neighbours)
    close = {row.id for number, rows in neighbours.items() for row in asked[number].close(rows)}
    places = _places(session, matcher, close)
    rule_by_name = rules()
    sights: dict[int, list[_Sight]] = {}
    for number, question in asked.items():
        found: list[_Sight] = [
            (each, (question.interview,)) for each in _alone(rule_by_name, question.interview, plain)
        ]
        for row in neighbours[number]:
            other = question.beside(row, places.get(row.id, NOWHERE))
            for rule, examine in rule_by_name.items():
                if row.form_id != matcher.form_id and not _bears_across(
                    rule, plain, together.usual_of(connection, row.form_id)
                ):
                    continue
                both = examine([question.mine, other], plain.get(rule))
                found += [(each, (question.interview, other)) for each in both if len(each.interviews) == _TWO]
        sights[number] = found
    origins = _origins(connection, matcher, sights)
    moment = stored_moment(connection, now())
    for each in slice_of:
        together.apply(each, _marked(sights.get(each.id, ()), origins), moment)
    return turn


def _bears_across(rule: str, *usual_of: Mapping[str, Any]) -> bool:
    """Whether a rule says anything of two interviews of these forms: what both are used for side by side is no news."""
    return rule in ACROSS and all(overlapping.bears(each.get("across") or {}) for each in usual_of)


def _places(session: Session, matcher: Matcher, submission_ids: set[int]) -> dict[int, Place]:
    """Exactly where these were, and of whom: from their answers, for none of it is kept."""
    if not submission_ids:
        return {}
    connection = session.connection()
    standing = arrived.standing(connection, matcher.project_id, list(submission_ids))
    answers = arrived.answers_of(connection, matcher.project_id, [each.receipt_id for each in standing.values()])
    found = {}
    for number, each in standing.items():
        if each.version_id is not None and each.receipt_id in answers:
            told = matcher.reader(session, each.version_id).interview(root_of(answers[each.receipt_id]))
            found[number] = (*place_of(told, matcher.plan.roles), subject_of(told, matcher.plan.roles))
    return found


def _leave_out_copies(
    connection: Connection, matcher: Matcher, asked: Mapping[int, Question], neighbours: dict[int, list[Facts]]
) -> None:
    """Leave out of the neighbours of a copy those of equal content, times included."""
    beside = [row.id for number, rows in neighbours.items() if asked[number].seen.copied for row in rows]
    equal = {}
    if beside:
        rows = _EQUAL.rows(connection, (matcher.project_id, listed(connection, beside)))
        equal = {row[0]: bytes(row[1]) for row in rows}
    for number, question in asked.items():
        if question.seen.copied:
            exact = question.seen.exact
            neighbours[number] = [row for row in neighbours[number] if equal.get(row.id) != exact]
        equal[number] = question.seen.exact


def _alone(examines: Mapping[str, Rule], interview: Interview, plain: Mapping[str, Any]) -> Iterator[Evidence]:
    for rule, examine in examines.items():
        seen = [each for each in examine([interview], plain.get(rule)) if each.interviews == (interview.number,)]
        # Of several grids, the longest.
        yield from sorted(seen, key=lambda each: -each.facts.get("questions", 0))[:1]


def _origins(connection: Connection, matcher: Matcher, sights: Mapping[int, Sequence[_Sight]]) -> dict[int, bytes]:
    firsts = {min(each.number for each in both) for seen in sights.values() for _, both in seen}
    rows = _ORIGINS.rows(connection, (matcher.project_id, listed(connection, firsts))) if firsts else ()
    return {row[0]: bytes(row[1]) for row in rows}


def _marked(seen: Iterable[_Sight], origins: Mapping[int, bytes]) -> dict[tuple[str, int], tuple[Evidence, str]]:
    """By rule and the other's number (alone: its own). A mark is hashed with what only servers that hold the submission know, so that it says
    nothing to anybody else, and outlives keys."""
    found = {}
    for evidence, interviews in seen:
        key = origins.get(min(each.number for each in interviews))
        # Without one, the other was erased this moment.
        if key is not None:
            said = looked_at(evidence.rule, *map(_in_seconds, interviews)).encode()
            mark = blake2b(said, digest_size=8, key=key, person=b"mark").hexdigest()
            found[evidence.rule, interviews[-1].number] = (evidence, mark)
    return found


def _in_seconds(each: Interview) -> Interview:
    """As both sides of a pair know it."""
    return Interview(
        number=0,
        start=at_second(int(each.start.timestamp()) if each.start else None),
        end=at_second(int(each.end.timestamp()) if each.end else None),
        active_seconds=each.seconds,
        answered=each.answered,
        place=each.place,
        subject=each.subject,
        grids=each.grids,
    )
