"""An interview by the script: answers are given by question name, all else is the form's doing."""

import random
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tests.respondent.form import XForm
from tests.respondent.own import Filled
from tests.respondent.preload import Device
from tests.respondent.session import Session
from tests.respondent.tree import Node

# Of a question in a repeat: one answer for each instance, None where there is none.
Answer = str | int | float | None | Sequence[str | int | float | None]


@dataclass(frozen=True)
class Interview:
    """`values` by node name as text, a list for what lies in a repeat; nodes that were not relevant are missing.

    `stop` names the question Collect would stop at and why: `constraint`, `required` or `not offered`; None when the
    form can be finalised.
    """

    values: Mapping[str, str | list[str]]
    stop: tuple[str, str] | None
    filled: Filled

    def __getitem__(self, name: str) -> str | list[str]:
        return self.values[name]

    def __contains__(self, name: str) -> bool:
        return name in self.values


def conduct(form: XForm, answers: Mapping[str, Answer], now: datetime) -> Interview:
    """Answer the questions of a new instance in the form's order; answers to questions not asked stay unsaid."""
    session = Session(form, random.Random(1), now, Device())
    _answer_all(session, answers)
    stop = _first_stop(session)
    xml = session.finish(now)
    return Interview(values_of(xml, form), stop, Filled(xml, {}, now))


def _answer_all(session: Session, answers: Mapping[str, Answer]) -> None:
    done: set[int] = set()
    news = True
    while news:  # an answer may open questions above it
        news = False
        for _, node in list(session.questions()):
            if id(node) not in done and node.name in answers and _is_open(session, node):
                done.add(id(node))
                news = True
                session.answer(node, _text(answers[node.name], node))


def _first_stop(session: Session) -> tuple[str, str] | None:
    for control, node in session.questions():
        if not node.is_relevant():
            continue
        if not node.text and session.is_required(node):
            return node.name, "required"
        if not session.satisfies(node):
            chosen = control.name in {"select1", "select", "rank"}
            offered = {value for value, _ in session.choices(control, node)} if chosen else set()
            return node.name, "not offered" if chosen and set(node.text.split()) - offered else "constraint"
    return None


def _is_open(session: Session, node: Node) -> bool:
    return node.is_relevant() and not session.is_readonly(node)


def _text(answer: Answer, node: Node) -> str:
    if isinstance(answer, Sequence) and not isinstance(answer, str):
        inside = next(one for one in node.above() if one.repeat)
        assert inside.parent is not None
        position = inside.parent.named(inside.name).index(inside)
        answer = answer[position] if position < len(answer) else None
    return "" if answer is None else str(answer)


def values_of(xml: bytes, form: XForm) -> dict[str, str | list[str]]:
    """The leaves of an instance by their names."""
    repeats = {path.rpartition("/")[2] for path in form.repeats}
    found: dict[str, list[str]] = {}
    several: set[str] = set()

    def visit(element: ET.Element, repeated: bool) -> None:
        for child in element:
            name = child.tag.rpartition("}")[2]
            inside = repeated or name in repeats
            if len(child):
                visit(child, inside)
            else:
                found.setdefault(name, []).append(child.text or "")
                several.update([name] if inside else [])

    visit(ET.fromstring(xml), False)
    return {name: texts if name in several else texts[0] for name, texts in found.items()}
